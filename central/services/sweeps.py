"""The sweep: looks at everything whose time has come, enters its band, and makes the urges that have fallen due.

Run twice, or on two machines at once, it adds nothing; after an outage it makes only the newest occurrence.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from sqlalchemy.orm import Session

from central.domain.calendars import ONE_DAY, Calendar
from central.domain.clocks import Band
from central.domain.rules import RuleBook
from central.domain.sweeps import Check, SubjectKind, check_clock, check_contract, check_debt
from central.domain.templates import Need
from central.store.calendars import load_calendar
from central.store.rules import load_rules
from central.store.sweeps import add_urges, claim_due, write_checks

#: Rows looked at in one transaction: it holds up other writers for less than 50 ms.
CHUNK = 2_000


@dataclass(frozen=True, slots=True)
class Swept:
    """What one chunk came to; `checked` < limit: nothing more waits."""

    checked: int = 0
    made: int = 0


@dataclass(frozen=True)
class _Ground:
    """What a look needs beside the row; each is read once per chunk."""

    rules: RuleBook
    session: Session
    now: datetime

    @cached_property
    def calendar(self) -> Calendar:
        """The calendar, for what ends with a day."""
        return load_calendar(self.session)


def sweep_due(session: Session, now: datetime, limit: int = CHUNK) -> Swept:
    """Look at up to `limit` tasks, steps, documents and contracts that are due to be looked at."""
    checked = made = 0
    ground: _Ground | None = None
    for subject in SubjectKind:
        groups = claim_due(session, subject, now, limit - checked)
        if groups:
            ground = ground or _Ground(load_rules(session), session, now)
            checks = [(_check(subject, dates, ground), group) for dates, group in groups]
            urges = [(check.urge, group) for check, group in checks if check.urge is not None]
            made += add_urges(session, subject, urges, now)
            write_checks(session, subject, checks)
            checked += sum(group.count for _, group in groups)
        if checked >= limit:
            break
    return Swept(checked, made)


def _check(subject: SubjectKind, dates: tuple[Any, ...], ground: _Ground) -> Check:
    """Look at one set of dates; whoever is urged, and when, say the rules of the moment at which the limit ends."""
    rules, now = ground.rules, ground.now
    if subject is SubjectKind.CONTRACT:
        return check_contract(dates[0], ground.calendar, now, rules.at(now))
    if subject is SubjectKind.DOCUMENT and dates[2] == Need.OWED and dates[3] is not None:
        ends_at = ground.calendar.start_of(dates[3] + ONE_DAY)
        return check_debt(dates[3], ground.calendar, now, rules.at(ends_at))
    due_at, warn_at = dates[0], dates[1]
    check = check_clock(subject, due_at, warn_at, now, rules.at(due_at))
    if subject is SubjectKind.STEP and not dates[2]:
        # Under no assessment: its band is shown, nobody is urged (P10).
        return Check(check.band, None, None if check.band is Band.OVERDUE else check.next_check_at)
    return check
