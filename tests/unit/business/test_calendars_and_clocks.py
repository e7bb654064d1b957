"""Working days and due dates against brute force: minute by minute, day by day."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise

import holidays
import pytest
from hypothesis import given
from hypothesis import strategies as st

from central.domain.calendar_seed import found_calendar, read_published_days
from central.domain.calendars import CHINA, Calendar, DayKind, Hours, SpecialDay, find_delivery
from central.domain.clocks import Band, Interval, Limit, Unit, find_due, join_intervals

CALENDAR = found_calendar(revision=7)
DAYS = st.dates(date(2024, 1, 1), date(2027, 6, 30))
INSTANTS = st.datetimes(datetime(2025, 1, 1), datetime(2026, 11, 30)).map(  # noqa: DTZ001 - the zone follows
    lambda at: at.replace(second=0, microsecond=0, tzinfo=UTC)
)


@st.composite
def draw_calendars(draw: st.DrawFn) -> Calendar:
    """A calendar nobody has published: any day of a year may be anything."""
    first = date(2026, 1, 1)
    days = draw(st.dictionaries(st.integers(0, 364), st.sampled_from(list(DayKind)), max_size=60))
    special = {first + timedelta(days=number): SpecialDay(kind, "节") for number, kind in days.items()}
    return Calendar(1, first + timedelta(days=draw(st.integers(0, 364))), special)


def count_on(calendar: Calendar, day: date, count: int) -> date:
    while count:
        day += timedelta(days=1)
        count -= calendar.judge_day(day) in (DayKind.WORKDAY, DayKind.MADE_UP)
    return day


@given(draw_calendars(), st.dates(date(2025, 6, 1), date(2027, 6, 1)), st.integers(1, 60))
def test_working_days_are_those_that_one_counts_on_ones_fingers(calendar: Calendar, day: date, count: int) -> None:
    found = calendar.add_working_days(day, count)
    assert found == count_on(calendar, day, count)
    assert calendar.count_working_days(day + timedelta(days=1), found + timedelta(days=1)) == count


def test_the_published_year_agrees_with_another_library() -> None:
    """`holidays` knows the rest days but not the weekends that are worked instead: where it speaks, it must agree."""
    others = holidays.country_holidays("CN", years=(2024, 2025, 2026), language="zh_CN")
    for day, special in read_published_days().items():
        if day.year in (2024, 2025, 2026) and special.kind is DayKind.HOLIDAY and day.weekday() < 5:
            assert day in others, f"{day} {special.name}"


def test_spring_festival_2026() -> None:
    """Notice of the State Council for 2026: 15 to 23 February off, 14 and 28 February worked."""
    kinds = {day: CALENDAR.judge_day(date(2026, 2, day)) for day in range(13, 29)}
    assert [day for day, kind in kinds.items() if kind is DayKind.HOLIDAY] == list(range(15, 24))
    assert [day for day, kind in kinds.items() if kind is DayKind.MADE_UP] == [14, 28]


def test_beyond_the_horizon_a_date_is_provisional() -> None:
    start = datetime(2026, 12, 28, 2, tzinfo=UTC)
    near = find_due(CALENDAR, Limit(3, Unit.WORKING_DAYS), [Interval(start)])
    far = find_due(CALENDAR, Limit(5, Unit.WORKING_DAYS), [Interval(start)])
    assert (near.provisional, far.provisional) == (False, True)
    assert CALENDAR.days_left(date(2026, 12, 21)) == 10


@given(
    INSTANTS,
    st.integers(1, 30),
    st.sampled_from([Unit.DAYS, Unit.WORKING_DAYS]),
    st.lists(st.tuples(st.integers(0, 40_000), st.integers(1, 20_000)), max_size=4),
)
def test_due_days_against_a_walk_through_all_days(
    start: datetime, count: int, unit: Unit, stops: list[tuple[int, int]]
) -> None:
    pauses = [
        Interval(start + timedelta(minutes=after), start + timedelta(minutes=after + length)) for after, length in stops
    ]
    running = join_intervals(start, None, pauses)
    due = find_due(CALENDAR, Limit(count, unit, warn_before=count // 3), running)
    # the day on which the clock first ran is the day of the start
    first = running[0].since.astimezone(CHINA).date()
    counted, day, warn_day = 0, first, None
    while counted < count:
        day += timedelta(days=1)
        ends = datetime.combine(day + timedelta(days=1), time(), CHINA).astimezone(UTC)
        stands = any(pause.since < ends < pause.until for pause in pauses if pause.until is not None)
        # a pause that ends with the day has let nothing run in it
        stands = stands or any(pause.since < ends == pause.until for pause in pauses)
        counted += not stands and (unit is Unit.DAYS or CALENDAR.judge_day(day).counts)
        if warn_day is None and counted >= count - count // 3:
            warn_day = day
    assert due.at == CALENDAR.start_of(day + timedelta(days=1))
    assert due.warn_at == CALENDAR.start_of((warn_day or day) + timedelta(days=1))
    explanation = due.explanation
    assert len(explanation.counted) == count
    days_told = len(explanation.counted) + len(explanation.skipped) + len(explanation.paused)
    assert days_told == (day - first).days
    assert explanation.calendar_revision == 7


@given(
    INSTANTS,
    st.integers(1, 100),
    st.lists(st.tuples(st.integers(0, 9_000), st.integers(1, 3_000)), max_size=4),
    st.integers(0, 20_000),
)
def test_due_hours_against_a_walk_through_all_minutes(
    start: datetime, count: int, stops: list[tuple[int, int]], ended_after: int
) -> None:
    pauses = [(after, after + length) for after, length in stops]
    intervals = [Interval(start + timedelta(minutes=a), start + timedelta(minutes=b)) for a, b in pauses]
    ended_at = start + timedelta(minutes=ended_after) if ended_after else None
    running = join_intervals(start, ended_at, intervals)
    ran, minute = 0, 0
    while ran < count * 60 and (ended_at is None or minute < ended_after):
        ran += not any(a <= minute < b for a, b in pauses)
        minute += 1
    if not running:
        assert ran == 0
        return
    due = find_due(CALENDAR, Limit(count, Unit.HOURS), running)
    assert due.at == (start + timedelta(minutes=minute) if ran == count * 60 else None)


@given(
    st.lists(st.tuples(st.integers(0, 500), st.one_of(st.none(), st.integers(1, 200))), max_size=6), st.integers(1, 600)
)
def test_joined_intervals_are_those_minutes_without_pause(stops: list[tuple[int, int | None]], end: int) -> None:
    start = datetime(2026, 11, 24, tzinfo=UTC)

    def at(minute: int) -> datetime:
        return start + timedelta(minutes=minute)

    pauses = [Interval(at(a), None if length is None else at(a + length)) for a, length in stops]
    running = join_intervals(start, at(end), pauses)
    for minute in range(end):
        runs = any(each.since <= at(minute) < (each.until or at(end)) for each in running)
        stands = any(p.since <= at(minute) and (p.until is None or at(minute) < p.until) for p in pauses)
        assert runs is not stands
    for earlier, later in pairwise(running):
        assert earlier.until is not None
        assert earlier.until < later.since


def test_bands_turn_at_their_minute() -> None:
    start = datetime(2026, 11, 24, 1, tzinfo=UTC)
    due = find_due(CALENDAR, Limit(48, Unit.HOURS, warn_before=12), [Interval(start)])
    seen = [due.judge_band(start + timedelta(hours=hours)) for hours in (0, 35, 36, 47, 48)]
    assert seen == [Band.NORMAL, Band.NORMAL, Band.WARNING, Band.WARNING, Band.OVERDUE]
    assert due.next_change(start) == start + timedelta(hours=36)
    assert due.next_change(start + timedelta(hours=48)) is None


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("2026-11-24T10:00", "2026-11-24T10:00"),
        ("2026-11-24T05:00", "2026-11-24T08:30"),
        ("2026-11-24T18:00", "2026-11-25T08:30"),
        ("2026-11-27T20:00", "2026-11-30T08:30"),
        ("2026-09-30T19:00", "2026-10-08T08:30"),
        ("2026-10-10T09:00", "2026-10-10T09:00"),
    ],
)
def test_messages_keep_the_messengers_hours(asked: str, expected: str) -> None:
    def local(text: str) -> datetime:
        return datetime.fromisoformat(text).replace(tzinfo=CHINA)

    assert find_delivery(CALENDAR, Hours(), local(asked)) == local(expected)
