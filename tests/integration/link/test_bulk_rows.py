"""The bulk calls of the ingest path, on both databases: statements of many rows and their remainder alike."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, func, select

from central.domain.locations import Action, Location, Movement, State
from central.store import bulk
from central.store.movements import BoxLocationRow, MovementRow, load_locations
from central.store.rooms import RoomRow
from central.store.tx import Transactions

AT = datetime(2026, 11, 24, 3, 33, 7, 42_000, tzinfo=UTC)
EPOCH = "e" * 32


@pytest.fixture
def tx(clean_engine: Engine) -> Transactions:
    tx = Transactions(clean_engine)
    with tx.write() as session:
        session.add(RoomRow(id="r01", number="01", name="库房", created_at=AT))
    return tx


def make_arrived(first: int, count: int) -> list[bulk.ArrivedMovement]:
    found = []
    for seq in range(first, first + count):
        at = AT + timedelta(milliseconds=seq)
        movement = Movement(f"m{seq:06d}", "r01", f"BX{seq:09d}", Action.TAKE_OUT, None, "ST010000019", at, at)
        found.append(bulk.ArrivedMovement(seq, movement, late=False))
    return found


@pytest.mark.parametrize("count", [1, 99, 100, 101, 257])
def test_movements_known_already_are_told_apart_from_new_ones(tx: Transactions, count: int) -> None:
    known, all_ = make_arrived(1, 3), make_arrived(1, count + 3)
    with tx.write() as session:
        assert bulk.append_movements(session, EPOCH, known, AT) == {item.movement.id for item in known}
    again = [item._replace(seq=item.seq + 1_000) for item in all_]
    with tx.write() as session:
        fresh = bulk.append_movements(session, "f" * 32, again, AT)
    assert fresh == {item.movement.id for item in all_[3:]}
    with tx.read() as session:
        assert session.scalar(select(func.count()).select_from(MovementRow)) == count + 3


def test_locations_are_written_over_and_read_back_by_both_ways(tx: Transactions) -> None:
    def shelved(code_no: int, place_key: str) -> Location:
        at = AT + timedelta(microseconds=code_no)
        return Location(State.SHELVED, "r01", place_key, None, AT, None, f"m{code_no}", at)

    first = {f"BX{no:09d}": shelved(no, "A-01-A-1-1-1") for no in range(230)}
    second = {f"BX{no:09d}": shelved(no + 1, "A-02-A-1-1-1") for no in range(115)}
    for locations in (first, second):
        with tx.write() as session:
            bulk.save_locations(session, locations)
    with tx.read() as session:
        assert bulk.load_locations(session, first) == load_locations(session, first) == first | second
        assert session.scalar(select(func.count()).select_from(BoxLocationRow)) == 230
