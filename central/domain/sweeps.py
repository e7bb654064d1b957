"""What a sweep finds at a moment: the band of a clock, the urge that has fallen due, and when to look again.

Pure: the sweep hands in cached dates and the rules for what fell due then, and writes what comes back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from central.domain.calendars import ONE_DAY, Calendar
from central.domain.clocks import Band
from central.domain.rules import Rules
from central.domain.urges import Level, UrgePolicy, find_occurrence


class SubjectKind(StrEnum):
    """What an urge is about."""

    TASK = "task"
    STEP = "step"
    DOCUMENT = "document"
    CONTRACT = "contract"


class UrgeKind(StrEnum):
    """What is asked for. A warning comes once, before the end; its urge again and again after it."""

    SEND_WARNING = "send_warning"
    #: Papers of a step are not scanned and sent to the collector (P7).
    SEND = "send"
    SCAN_WARNING = "scan_warning"
    #: A paper is not scanned in time (P2).
    SCAN = "scan"
    #: A paper that was allowed to follow later has not followed (容缺).
    DEBT = "debt"
    LIMIT_WARNING = "limit_warning"
    #: A running step has outlived its limit (P10).
    LIMIT = "limit"
    #: A contract ends soon (P19).
    CONTRACT = "contract"


@dataclass(frozen=True, slots=True)
class Clockwork:
    """How the clock of a subject speaks; `repeats` False: once overdue it says so once."""

    warning: UrgeKind
    overdue: UrgeKind
    repeats: bool


#: A paper's own clock speaks once each time: what urges for it daily is the task of its step.
CLOCKWORKS = {
    SubjectKind.TASK: Clockwork(UrgeKind.SEND_WARNING, UrgeKind.SEND, repeats=True),
    SubjectKind.STEP: Clockwork(UrgeKind.LIMIT_WARNING, UrgeKind.LIMIT, repeats=True),
    SubjectKind.DOCUMENT: Clockwork(UrgeKind.SCAN_WARNING, UrgeKind.SCAN, repeats=False),
}
#: Who hears of what does not escalate.
STEADY = {
    UrgeKind.SEND_WARNING: (Level.HANDLER,),
    UrgeKind.SCAN_WARNING: (Level.HANDLER,),
    UrgeKind.SCAN: (Level.HANDLER,),
    UrgeKind.LIMIT_WARNING: (Level.HANDLER, Level.TEAM_LEADER),
    UrgeKind.CONTRACT: (Level.HANDLER, Level.TEAM_LEADER),
}


@dataclass(frozen=True, slots=True)
class Urge:
    """One occurrence that has fallen due."""

    kind: UrgeKind
    level: Level
    occurrence: int
    due_at: datetime


@dataclass(frozen=True, slots=True)
class Check:
    """What a look at a clock finds; `next_check_at` None: time alone changes nothing any more."""

    band: Band
    urge: Urge | None
    next_check_at: datetime | None


def check_clock(
    subject: SubjectKind, due_at: datetime | None, warn_at: datetime | None, now: datetime, rules: Rules
) -> Check:
    """Return what the clock of something that isn't done says now; of missed occurrences only the newest."""
    work = CLOCKWORKS[subject]
    if due_at is None:
        return _check_standing(work, warn_at, now)
    if now < due_at:
        if warn_at is None or now < warn_at:
            return Check(Band.NORMAL, None, warn_at or due_at)
        return Check(Band.WARNING, Urge(work.warning, STEADY[work.warning][-1], 0, warn_at), due_at)
    policy = find_policy(work.overdue, rules)
    found = find_occurrence(policy, due_at, now)
    if found is None:
        return Check(Band.OVERDUE, None, due_at + policy.after)
    if not work.repeats:
        return Check(Band.OVERDUE, Urge(work.overdue, Level.HANDLER, 0, due_at + policy.after), None)
    urge = Urge(work.overdue, found.level, found.number, found.due_at)
    return Check(Band.OVERDUE, urge, found.due_at + policy.every)


def check_debt(owed_until: date, calendar: Calendar, now: datetime, rules: Rules) -> Check:
    """Return what the day says until which a paper is owed: from the next one on it is urged for daily."""
    ends_at = calendar.start_of(owed_until + ONE_DAY)
    policy = find_policy(UrgeKind.DEBT, rules)
    found = find_occurrence(policy, ends_at, now)
    if found is None:
        return Check(Band.NORMAL, None, ends_at) if now < ends_at else Check(Band.OVERDUE, None, ends_at + policy.after)
    urge = Urge(UrgeKind.DEBT, found.level, found.number, found.due_at)
    return Check(Band.OVERDUE, urge, found.due_at + policy.every)


def check_contract(ends_on: date, calendar: Calendar, now: datetime, rules: Rules) -> Check:
    """Return what a contract's end says now: one announcement for each milestone, named by its day."""
    starts = [calendar.start_of(ends_on - timedelta(days=days)) for days in rules.contract_days]
    reached = [at for at in starts if at <= now]
    next_check_at = min((at for at in starts if at > now), default=None)
    if not reached:
        return Check(Band.NORMAL, None, next_check_at)
    newest = max(reached)
    band = Band.OVERDUE if now >= calendar.start_of(ends_on + timedelta(days=1)) else Band.WARNING
    occurrence = calendar.find_day(newest).toordinal()
    return Check(band, Urge(UrgeKind.CONTRACT, Level.TEAM_LEADER, occurrence, newest), next_check_at)


def find_policy(kind: UrgeKind, rules: Rules) -> UrgePolicy:
    """Return how it is urged for something whose limit is over."""
    return rules.limit_urging if kind is UrgeKind.LIMIT else rules.urging


def list_levels(kind: UrgeKind, occurrence: int, rules: Rules) -> Sequence[Level]:
    """Return everybody who hears of an occurrence, from the bottom up."""
    if kind in STEADY:
        return STEADY[kind]
    return tuple(level for level, first in find_policy(kind, rules).reached_at if first <= occurrence)


def _check_standing(work: Clockwork, warn_at: datetime | None, now: datetime) -> Check:
    """A clock that stands before its end: it may have entered its warning before it stopped."""
    if warn_at is None or now < warn_at:
        return Check(Band.NORMAL, None, warn_at)
    return Check(Band.WARNING, Urge(work.warning, STEADY[work.warning][-1], 0, warn_at), None)
