"""Locations in the store: a cache that always equals what history says, on both databases."""

from __future__ import annotations

from datetime import timedelta
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, delete, select

from central.domain.locations import Action, Movement, State, fold_movements
from central.store.movements import (
    BoxLocationRow,
    MovementRow,
    add_movements,
    advance_locations,
    load_history,
    load_locations,
    rebuild_locations,
)
from central.store.rooms import RoomRow
from central.store.tx import Transactions
from tests.integration.central.centre import START
from tests.integration.central.room_files import box_code, place_key

BOXES = [box_code(no) for no in range(1, 4)]


@pytest.fixture
def tx(clean_engine: Engine) -> Transactions:
    tx = Transactions(clean_engine)
    with tx.write() as session:
        session.add(RoomRow(id="r01", number="01", name="库房", created_at=START))
    return tx


def move(no: int, box: str, action: Action, undo: int | None = None) -> Movement:
    at = START + timedelta(seconds=no)
    undo_of = None if undo is None else f"m{undo:04d}"
    return Movement(f"m{no:04d}", "r01", box, action, place_key(no % 30), f"ST{no % 2}", at, at, undo_of)


def record(tx: Transactions, *movements: Movement) -> None:
    with tx.write() as session:
        add_movements(session, movements, START)
        advance_locations(session, movements)


def read_cache(tx: Transactions) -> dict[str, tuple[object, ...]]:
    with tx.read() as session:
        rows = session.execute(select(BoxLocationRow.__table__)).all()
    return {row.box_code: tuple(row) for row in rows}


def test_late_facts_and_undo_change_only_what_history_says(tx: Transactions) -> None:
    record(tx, move(5, BOXES[0], Action.PUT_AWAY), move(6, BOXES[1], Action.TAKE_OUT))
    record(tx, move(3, BOXES[0], Action.TAKE_OUT))
    with tx.read() as session:
        locations = load_locations(session, BOXES)
        assert locations[BOXES[0]].place_key == place_key(5)
        assert locations[BOXES[1]].state is State.IN_HAND
        assert BOXES[2] not in locations
    record(tx, move(7, BOXES[0], Action.UNDO, undo=5))
    with tx.read() as session:
        assert load_locations(session, BOXES)[BOXES[0]].holder_code == "ST1"
        assert [m.id for m in load_history(session, BOXES)[BOXES[0]]] == ["m0003", "m0005", "m0007"]


def test_only_changed_locations_are_reported(tx: Transactions) -> None:
    with tx.write() as session:
        movements = [move(1, BOXES[0], Action.PUT_AWAY), move(2, BOXES[1], Action.PUT_AWAY)]
        add_movements(session, movements, START)
        assert set(advance_locations(session, movements)) == set(BOXES[:2])
        assert advance_locations(session, movements) == {}


def test_a_lost_cache_is_rebuilt_from_history_alone(tx: Transactions) -> None:
    record(tx, *(move(no, BOXES[no % 3], Action.PUT_AWAY if no % 2 else Action.TAKE_OUT) for no in range(40)))
    before = read_cache(tx)
    with tx.write() as session:
        session.execute(delete(BoxLocationRow))
    with tx.write() as session:
        assert rebuild_locations(session) == 3
    assert read_cache(tx) == before


@st.composite
def days(draw: st.DrawFn) -> list[Movement]:
    numbers = draw(st.lists(st.integers(0, 60), min_size=1, max_size=15, unique=True))
    return [
        move(no, draw(st.sampled_from(BOXES)), draw(st.sampled_from(Action)), draw(st.sampled_from([None, *numbers])))
        for no in numbers
    ]


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(days(), st.integers(0, 2**32), st.integers(1, 6))
def test_any_arrival_in_any_batches_equals_a_rebuild(
    tx: Transactions, day: list[Movement], seed: int, size: int
) -> None:
    with tx.write() as session:
        session.execute(delete(MovementRow))
        session.execute(delete(BoxLocationRow))
    arrivals = list(day)
    Random(seed).shuffle(arrivals)
    for start in range(0, len(arrivals), size):
        record(tx, *arrivals[start : start + size])
    cached = read_cache(tx)
    with tx.write() as session:
        rebuild_locations(session)
        for code, location in load_locations(session, BOXES).items():
            assert location == fold_movements(m for m in day if m.box_code == code)
    assert read_cache(tx) == cached
