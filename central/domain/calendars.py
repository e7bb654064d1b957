"""The working calendar: which days count, how far ahead that is known, and when a messenger may speak.

Days are of the calendar's own zone. China keeps one offset all year, so a day there always has 1,440 minutes.
All spans are half-open: a day ends where the next begins, and no minute belongs to both.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, timezone
from enum import StrEnum
from functools import cached_property

CHINA = timezone(timedelta(hours=8), "Asia/Shanghai")
ONE_DAY = timedelta(days=1)
SATURDAY = 5


class DayKind(StrEnum):
    """Why a day counts or doesn't."""

    WORKDAY = "workday"
    #: A Saturday or Sunday that is worked in exchange for a holiday (调休).
    MADE_UP = "made_up"
    WEEKEND = "weekend"
    HOLIDAY = "holiday"

    @property
    def counts(self) -> bool:
        """Whether it is a working day."""
        return self in (DayKind.WORKDAY, DayKind.MADE_UP)


@dataclass(frozen=True, slots=True)
class SpecialDay:
    """A day that is not what its weekday says; `name` is the holiday's."""

    kind: DayKind
    name: str = ""


@dataclass(frozen=True)
class Calendar:
    """Special days up to and including `horizon`; beyond it weekdays alone decide and every date is provisional."""

    revision: int
    horizon: date
    special: Mapping[date, SpecialDay] = field(default_factory=dict)
    zone: timezone = CHINA

    def judge_day(self, day: date) -> DayKind:
        """Return what kind of day it is, as far as is known."""
        found = self.special.get(day)
        if found is not None:
            return found.kind
        return DayKind.WEEKEND if day.weekday() >= SATURDAY else DayKind.WORKDAY

    def name_day(self, day: date) -> str:
        """Return the holiday's name, or nothing."""
        found = self.special.get(day)
        return found.name if found is not None else ""

    def find_day(self, at: datetime) -> date:
        """Return the calendar's day of an instant."""
        return at.astimezone(self.zone).date()

    def start_of(self, day: date) -> datetime:
        """Return the instant in UTC at which a day begins."""
        return datetime.combine(day, time.min, self.zone).astimezone(UTC)

    def is_provisional(self, day: date) -> bool:
        """Return whether nobody has published yet what the day will be."""
        return day > self.horizon

    def days_left(self, today: date) -> int:
        """Return how many days ahead are known; negative when the calendar has run out."""
        return (self.horizon - today).days

    def walk_days(self, first: date) -> Iterator[tuple[date, DayKind]]:
        """Yield this day and every later one, without end."""
        day = first
        while True:
            yield day, self.judge_day(day)
            day += ONE_DAY

    def add_working_days(self, day: date, count: int) -> date:
        """Return the `count`-th working day after `day`; `count` >= 1."""
        if count < 1:
            raise ValueError(f"a working day after another is at least the first, not {count}")
        known = self._known_working_days
        start = bisect_right(known, day)
        if known and day >= known[0] - ONE_DAY and start + count <= len(known):
            return known[start + count - 1]
        for each, kind in self.walk_days(day + ONE_DAY):
            count -= kind.counts
            if count == 0:
                return each
        raise AssertionError("days never end")

    def count_working_days(self, first: date, until: date) -> int:
        """Return how many working days lie in [first, until)."""
        known = self._known_working_days
        if known and first >= known[0] and until <= self.horizon + ONE_DAY:
            return max(0, bisect_left(known, until) - bisect_left(known, first))
        total, day = 0, first
        while day < until:
            total += self.judge_day(day).counts
            day += ONE_DAY
        return total

    @cached_property
    def _known_working_days(self) -> list[date]:
        """Working days of the years that the special days speak of, in order."""
        if not self.special:
            return []
        day, found = date(min(self.special).year, 1, 1), []
        while day <= self.horizon:
            if self.judge_day(day).counts:
                found.append(day)
            day += ONE_DAY
        return found


@dataclass(frozen=True, slots=True)
class Hours:
    """Hours of a day in which messages may go out: [opens, closes) in the calendar's zone, on working days only."""

    opens: time = time(8, 30)
    closes: time = time(18, 0)
    working_days_only: bool = True

    def __post_init__(self) -> None:
        if self.opens >= self.closes:
            raise ValueError("hours must open before they close")


def find_delivery(calendar: Calendar, hours: Hours, at: datetime) -> datetime:
    """Return the first instant from `at` on at which a message may go out (the messenger's calendar)."""
    local = at.astimezone(calendar.zone)
    for day, kind in calendar.walk_days(local.date()):
        if hours.working_days_only and not kind.counts:
            continue
        opens = datetime.combine(day, hours.opens, calendar.zone)
        closes = datetime.combine(day, hours.closes, calendar.zone)
        if local < closes:
            return max(local, opens).astimezone(UTC)
    raise AssertionError("days never end")
