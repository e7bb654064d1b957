"""A clock is a list of intervals in which time ran. When something is due is derived from them, and explains itself.

Nothing here is stored as truth: `due_at`, `warn_at` and `next_check_at` of a row are a cache of these functions.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from itertools import pairwise

from central.domain.calendars import ONE_DAY, Calendar, DayKind

#: No limit of this trade is longer; a fold that runs into it is broken.
DAYS_MAX = 4_000


class Unit(StrEnum):
    """In what a limit is counted."""

    #: Clock hours, day and night, holidays too.
    HOURS = "hours"
    #: Whole days of the calendar after the day of the start.
    DAYS = "days"
    #: Working days after the day of the start.
    WORKING_DAYS = "working_days"


class Band(StrEnum):
    NORMAL = "normal"
    WARNING = "warning"
    OVERDUE = "overdue"


@dataclass(frozen=True, slots=True)
class Limit:
    """How long something may take, and how long before the end it warns, in the same unit."""

    count: int
    unit: Unit
    warn_before: int = 0

    def __post_init__(self) -> None:
        if not 1 <= self.count <= DAYS_MAX or not 0 <= self.warn_before <= self.count:
            raise ValueError(f"no limit: {self.count} {self.unit}, warning {self.warn_before} before")


@dataclass(frozen=True, slots=True)
class Interval:
    """Time ran in [since, until); `until` None: it runs still."""

    since: datetime
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a due date is what it is: the days counted, those left out, and what the calendar knew."""

    started_at: datetime
    counted: tuple[date, ...] = ()
    skipped: tuple[tuple[date, DayKind, str], ...] = ()
    made_up: tuple[date, ...] = ()
    paused: tuple[date, ...] = ()
    paused_minutes: int = 0
    calendar_revision: int = 0


@dataclass(frozen=True, slots=True)
class Due:
    """`at` None: the clock stands, so nothing is due until it runs again; `left` counts what remains then.

    `provisional`: a day beyond the calendar's horizon had to be guessed.
    """

    at: datetime | None
    warn_at: datetime | None
    left: int
    provisional: bool
    explanation: Explanation

    def judge_band(self, now: datetime) -> Band:
        """Return the band at an instant; a standing clock that hasn't run out is normal."""
        if self.at is not None and now >= self.at:
            return Band.OVERDUE
        if self.warn_at is not None and now >= self.warn_at:
            return Band.WARNING
        return Band.NORMAL

    def next_change(self, now: datetime) -> datetime | None:
        """Return when the band changes next by time alone."""
        return min((at for at in (self.warn_at, self.at) if at is not None and at > now), default=None)


def join_intervals(started_at: datetime, ended_at: datetime | None, pauses: Iterable[Interval]) -> tuple[Interval, ...]:
    """Return when the clock ran between start and end, with the pauses cut out; pauses may overlap and repeat."""
    running: list[Interval] = []
    since = started_at
    for pause in sorted(pauses, key=lambda each: each.since):
        if ended_at is not None and pause.since >= ended_at:
            break
        if pause.until is not None and pause.until <= since:
            continue
        if pause.since > since:
            running.append(Interval(since, pause.since))
        if pause.until is None or (ended_at is not None and pause.until >= ended_at):
            return tuple(running)
        since = max(since, pause.until)
    if ended_at is None or ended_at > since:
        running.append(Interval(since, ended_at))
    return tuple(running)


def find_due(calendar: Calendar, limit: Limit, running: Sequence[Interval]) -> Due:
    """Return when a clock that ran in these intervals (in order, not touching) has used up its limit.

    A closed last interval means that the clock stands: if the limit isn't used up by then, `at` is None.
    """
    if not running:
        raise ValueError("a clock that never ran has no due date")
    if limit.unit is Unit.HOURS:
        return _due_in_hours(calendar, limit, running)
    return _due_in_days(calendar, limit, running)


def _due_in_hours(calendar: Calendar, limit: Limit, running: Sequence[Interval]) -> Due:
    budget, warn_budget = timedelta(hours=limit.count), timedelta(hours=limit.count - limit.warn_before)
    used = timedelta()
    at = warn_at = None
    paused = sum(
        ((later.since - earlier.until) for earlier, later in pairwise(running) if earlier.until),
        timedelta(),
    )
    for interval in running:
        length = None if interval.until is None else interval.until - interval.since
        if warn_at is None and (length is None or used + length >= warn_budget):
            warn_at = interval.since + (warn_budget - used)
        if length is None or used + length >= budget:
            at = interval.since + (budget - used)
            used = budget
            break
        used += length
    explanation = Explanation(
        running[0].since, paused_minutes=int(paused.total_seconds()) // 60, calendar_revision=calendar.revision
    )
    return Due(at, warn_at, -((used - budget) // timedelta(hours=1)), provisional=False, explanation=explanation)


def _due_in_days(calendar: Calendar, limit: Limit, running: Sequence[Interval]) -> Due:
    """Count the days after the start's at whose end the clock ran: a pause's first day doesn't count, its last does."""
    counted: list[date] = []
    skipped: list[tuple[date, DayKind, str]] = []
    made_up: list[date] = []
    paused: list[date] = []
    provisional = False
    end_of_known = running[-1].until
    day = calendar.find_day(running[0].since)
    at = warn_at = None
    position = 0
    for _ in range(DAYS_MAX * 3):
        day += ONE_DAY
        closes = calendar.start_of(day + ONE_DAY)
        if end_of_known is not None and closes > end_of_known:
            break
        while (until := running[position].until) is not None and until < closes:
            position += 1
        kind = calendar.judge_day(day)
        provisional = provisional or calendar.is_provisional(day)
        if running[position].since >= closes:
            paused.append(day)
        elif limit.unit is Unit.WORKING_DAYS and not kind.counts:
            skipped.append((day, kind, calendar.name_day(day)))
        else:
            counted.append(day)
            if kind is DayKind.MADE_UP:
                made_up.append(day)
        if warn_at is None and len(counted) >= limit.count - limit.warn_before:
            warn_at = closes
        if len(counted) == limit.count:
            at = closes
            break
    explanation = Explanation(
        running[0].since,
        tuple(counted),
        tuple(skipped),
        tuple(made_up),
        tuple(paused),
        calendar_revision=calendar.revision,
    )
    return Due(at, warn_at, limit.count - len(counted), provisional, explanation)
