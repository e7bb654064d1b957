"""Special days of China as `chinesecalendar` knows them; its last published year is the horizon."""

from __future__ import annotations

from datetime import date
from functools import cache

from chinese_calendar import constants

from central.domain.calendars import SATURDAY, Calendar, DayKind, SpecialDay


def read_published_days() -> dict[date, SpecialDay]:
    """Return the days of the State Council's notices that differ from their weekday, with the holiday's name."""
    days: dict[date, SpecialDay] = {}
    for day, name in constants.holidays.items():
        days[day] = SpecialDay(DayKind.HOLIDAY, _name(name))
    for day, name in constants.workdays.items():
        if day.weekday() >= SATURDAY:
            days[day] = SpecialDay(DayKind.MADE_UP, _name(name))
    return days


@cache
def found_calendar(revision: int = 1) -> Calendar:
    """Return the calendar that a new centre begins with; it is read by everybody and changed by nobody."""
    days = read_published_days()
    return Calendar(revision, date(max(days).year, 12, 31), days)


def _name(name: str) -> str:
    found = next((each for each in constants.Holiday if name in {each.value, each.name}), None)
    return found.chinese if found is not None else str(name)
