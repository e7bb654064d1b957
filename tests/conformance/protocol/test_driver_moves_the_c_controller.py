"""The gateway's driver and the C controller on a pty: the whole way of a motion, STOP read back, a power cut noticed."""

from __future__ import annotations

import functools
from collections.abc import Iterator

import pytest

from edge.core import effects, events
from edge.drivers.shelf_line import open_line
from edge.drivers.shelf_serial import SerialShelf, ShelfBank
from firmware_protocol.geometry import geometry_hash
from simulators.bank_plan import plan_bank
from simulators.shelf_words import shape_bank
from tests.conformance.protocol.c_bank import PtyBank
from tests.unit.protocol.test_shelf_driver import Sink, now_ms
from tests.wait import wait_for

ID = 0x1122334455667788
# Both ends reckon the hash by themselves (SPEC 3.4).
GEOMETRY = geometry_hash(shape_bank(plan_bank(3, speed_mm_s=200)))


@pytest.fixture
def bank() -> Iterator[PtyBank]:
    bank = PtyBank(moving=3, speed=200)
    bank.wake()
    yield bank
    bank.close()


@pytest.fixture
def sink() -> Sink:
    return Sink()


@pytest.fixture
def shelf(bank: PtyBank, sink: Sink) -> Iterator[SerialShelf]:
    open_transport = functools.partial(open_line, bank.bus_path, baud=115200, parity="N", stop_bits=2)
    shelf = SerialShelf("bus", open_transport, [ShelfBank("A", 17, GEOMETRY)], baud=115200)
    shelf.start(sink)
    wait_for(lambda: [e for e in sink.all(events.ControllerChanged) if e.state == "online"], 10, "controller online")
    yield shelf
    shelf.close()


def begin(shelf: SerialShelf, sink: Sink) -> int:
    """Select and operate aisle 2; answer the token."""
    shelf.submit(effects.SendSelect("A", ID, "open_aisle", 2, "B", 2, 5, now_ms() + 2000))
    answer = sink.wait(events.SelectAnswered).answer
    assert answer.reasons == ()
    shelf.submit(effects.SendOperate("A", ID, answer.token, "open_aisle", 2, answer.ring_head, now_ms() + 2000))
    assert sink.wait(events.OperateAnswered).reasons == ()
    return answer.token


def sees(shelf: SerialShelf, sink: Sink, token: int, state: str) -> bool:
    """Permit the next renewal as a core does at every reading, and tell whether the bank is in that state."""
    shelf.submit(effects.PermitLease("A", token, now_ms() + 250))
    readings = sink.all(events.SnapshotArrived)
    return bool(readings) and readings[-1].snapshot.state == state


def test_the_driver_opens_an_aisle(shelf: SerialShelf, sink: Sink) -> None:
    token = begin(shelf, sink)
    wait_for(lambda: sees(shelf, sink, token, "moving"), 10, "motion")
    wait_for(lambda: sees(shelf, sink, token, "idle"), 20, "arrival")
    shelf.submit(effects.ReadOutcome("A", ID))
    assert sink.wait(events.OutcomeRead).outcome == "done"
    assert sink.all(events.SnapshotArrived)[-1].snapshot.open_aisles == (2,)
    # A renewal sent while the bank settled may come too late; the request itself never failed.
    assert [failed for failed in sink.all(events.WireFailed) if failed.request_id == ID] == []


def test_stop_is_read_back_and_a_new_boot_noticed(bank: PtyBank, shelf: SerialShelf, sink: Sink) -> None:
    token = begin(shelf, sink)
    wait_for(lambda: sees(shelf, sink, token, "moving"), 10, "motion")
    shelf.submit(effects.SendStop("A", "pressed"))
    assert sink.wait(events.StopReadBack).standstill
    bank.do("power 0")
    bank.do("power 1")
    wait_for(lambda: [e for e in sink.all(events.ControllerChanged) if e.state == "rebooted"], 10, "another boot id")
    wait_for(lambda: sink.all(events.SnapshotArrived)[-1].snapshot.state == "unknown", 10, "positions unknown")
