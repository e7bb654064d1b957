"""The sweep on both databases: bands, urges by level, one catch-up after an outage, two sweepers at once."""

from __future__ import annotations

import threading
from collections import Counter
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, delete, func, select, update

from central.domain.calendars import Hours
from central.domain.people import Grant, Role
from central.domain.urges import UrgePolicy, find_occurrence
from central.services.messages import tell_urges
from central.services.sweeps import sweep_due
from central.store.documents import DocumentRow, TaskRow
from central.store.ids import new_id
from central.store.people import AbsenceRow
from central.store.sweeps import answer_case
from central.store.tx import Transactions
from central.store.urges import MessageRow, UrgeRow
from tests.integration.business.timed import HOUR, NOW, House


@pytest.fixture
def house(clean_engine: Engine) -> House:
    return House(Transactions(clean_engine)).found()


def sweep(house: House, now: object = NOW, limit: int = 50) -> int:
    """Sweep in small chunks until nothing is due; return how many urges were made."""
    made = 0
    while True:
        with house.tx.write() as session:
            swept = sweep_due(session, now, limit)  # type: ignore[arg-type]
        made += swept.made
        if swept.checked < limit:
            return made


def show_urges(house: House) -> list[tuple[str, str, str, int]]:
    with house.tx.read() as session:
        rows = session.scalars(select(UrgeRow).order_by(UrgeRow.subject_kind, UrgeRow.kind, UrgeRow.occurrence))
        return [(row.subject_kind, row.kind, row.level, row.occurrence) for row in rows]


def test_every_kind_of_clock_speaks(house: House) -> None:
    with house.tx.write() as session:
        case = house.add_case(session)
        task = house.add_task(session, case, "A", NOW + 5 * HOUR)
        house.add_document(session, task, "LATE", NOW - HOUR)
        house.add_document(session, task, "SOON", NOW + HOUR)
        house.add_step(session, case, "B", NOW - HOUR)
        house.add_step(session, case, "C", NOW - HOUR, assessed=False)
        house.add_contract(session, "HT-1", date(2027, 1, 10))
        house.add_contract(session, "HT-2", date(2028, 1, 10))
    assert sweep(house) == 5
    assert show_urges(house) == [
        # 60 days before its end is 2026-11-11
        ("contract", "contract", "team_leader", date(2026, 11, 11).toordinal()),
        ("document", "scan", "handler", 0),
        ("document", "scan_warning", "handler", 0),
        ("step", "limit", "team_leader", 0),
        ("task", "send_warning", "handler", 0),
    ]
    assert sweep(house) == 0
    with house.tx.read() as session:
        bands = dict(session.execute(select(DocumentRow.code, DocumentRow.band)).all())
        assert bands == {"LATE": "overdue", "SOON": "warning"}
        assert session.scalar(select(TaskRow.band)) == "warning"
        assert session.scalar(select(TaskRow.next_check_at)) == NOW + 5 * HOUR


def test_an_outage_of_days_makes_only_the_newest_occurrence(house: House) -> None:
    with house.tx.write() as session:
        house.add_task(session, house.add_case(session), "A", NOW - 75 * HOUR)
    assert sweep(house) == 1
    assert show_urges(house) == [("task", "send", "team_leader", 3)]
    assert sweep(house, NOW + 20 * HOUR) == 0
    assert sweep(house, NOW + 21 * HOUR) == 1
    assert [number for *_, number in show_urges(house)] == [3, 4]


def test_an_owed_paper_is_urged_for_from_the_day_after(house: House) -> None:
    with house.tx.write() as session:
        task = house.add_task(session, house.add_case(session), "A", NOW + 999 * HOUR, "sent")
        owed = house.add_document(session, task, "TITLE", NOW - 200 * HOUR)
        owed_until = date(2026, 11, 22)
        session.execute(
            update(DocumentRow)
            .where(DocumentRow.id == owed)
            # the 23rd begins at 16:00 UTC in China
            .values(need="owed", owed_until=owed_until, next_check_at=datetime(2026, 11, 22, 16, tzinfo=UTC))
        )
    assert sweep(house, datetime(2026, 11, 22, 15, 59, tzinfo=UTC)) == 0
    assert sweep(house) == 1
    assert show_urges(house) == [("document", "debt", "collector", 1)]
    with house.tx.write() as session:
        assert tell_urges(session, Hours(), NOW).messages == 2
        assert set(session.scalars(select(MessageRow.facts["due_at"].as_string()))) == {"2026-11-22"}


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    ages=st.lists(st.integers(-20, 300), min_size=1, max_size=12),
    looks=st.lists(st.integers(0, 400), min_size=1, max_size=6),
)
def test_whenever_it_looks_the_newest_occurrence_and_nothing_twice(
    house: House, ages: list[int], looks: list[int]
) -> None:
    """Against the plain statement of the rule: after each look, exactly what was newest at some look is there."""
    with house.tx.write() as session:
        session.execute(delete(UrgeRow))
        session.execute(delete(TaskRow))
        case = house.add_case(session, new_id())
        due = {}
        for number, age in enumerate(ages):
            due_at = NOW - timedelta(hours=age)
            due[house.add_task(session, case, f"S{number}", due_at)] = due_at
    expected = set()
    for hours in sorted(looks):
        now = NOW + timedelta(hours=hours)
        for task_id, due_at in due.items():
            if now >= due_at:
                found = find_occurrence(UrgePolicy(), due_at, now)
                assert found is not None
                expected.add((task_id, "send", found.number))
            elif now >= due_at - 12 * HOUR:
                expected.add((task_id, "send_warning", 0))
        sweep(house, now, limit=5)
        sweep(house, now, limit=3)
    with house.tx.read() as session:
        made = session.execute(select(UrgeRow.subject_id, UrgeRow.kind, UrgeRow.occurrence)).all()
    assert Counter(tuple(row) for row in made) == Counter(expected)


def test_two_sweepers_at_once_make_each_urge_once(house: House) -> None:
    with house.tx.write() as session:
        case = house.add_case(session)
        for number in range(120):
            house.add_task(session, case, f"S{number}", NOW - number * HOUR)
    made: list[int] = []
    begin = threading.Barrier(2)

    def work() -> None:
        begin.wait(10)
        # the other may hold what is due: only a look that finds nothing at the very end is the last
        made.append(sum(sweep(house, NOW, limit=7) for _ in range(3)))

    threads = [threading.Thread(target=work) for _ in range(2)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(30)
    assert sum(made) + sweep(house) == 120
    with house.tx.read() as session:
        assert session.scalar(select(func.count()).select_from(UrgeRow)) == 120


def test_messages_go_to_every_level_reached_and_to_deputies(house: House) -> None:
    with house.tx.write() as session:
        house.add_task(session, house.add_case(session), "A", NOW - 75 * HOUR)
        deputy = house.add_person(session, "deputy", Grant(Role.COLLECTOR, None, house.units["team"]))
        session.flush()
        session.add(
            AbsenceRow(
                id=new_id(),
                person_id=house.people["team_leader"],
                deputy_id=deputy,
                from_at=NOW - HOUR,
                until_at=NOW + HOUR,
                entered_at=NOW,
            )
        )
    sweep(house)
    for messages in (3, 0):
        with house.tx.write() as session:
            assert tell_urges(session, Hours(), NOW).messages == messages
    with house.tx.read() as session:
        told = set(session.scalars(select(MessageRow.person_id)))
    # the deputy stands in for the team leader and is a collector too: one message
    assert told == {house.people[login] for login in ("handler", "collector", "deputy")}


def test_where_nobody_handles_the_next_level_up_hears(house: House) -> None:
    with house.tx.write() as session:
        task = house.add_task(session, house.add_case(session), "A", NOW + HOUR)
        session.execute(update(TaskRow).where(TaskRow.id == task).values(handler_id=None))
    sweep(house)
    with house.tx.write() as session:
        assert tell_urges(session, Hours(), NOW).messages == 1
    with house.tx.read() as session:
        assert session.scalar(select(MessageRow.person_id)) == house.people["collector"]


def test_what_is_done_is_answered_and_no_longer_told(house: House) -> None:
    with house.tx.write() as session:
        case = house.add_case(session)
        done = house.add_task(session, case, "A", NOW - HOUR)
        house.add_task(session, case, "B", NOW - HOUR)
    sweep(house)
    with house.tx.write() as session:
        session.execute(update(TaskRow).where(TaskRow.id == done).values(state="sent", next_check_at=None))
        answer_case(session, case, NOW)
        answered = dict(session.execute(select(UrgeRow.subject_id, UrgeRow.answered_at)).all())
        assert answered[done] == NOW
        assert sum(at is None for at in answered.values()) == 1
        assert tell_urges(session, Hours(), NOW).messages == 1
    assert sweep(house, NOW + 23 * HOUR) == 1
