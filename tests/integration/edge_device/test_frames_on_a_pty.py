"""The record of a real line: our driver and a simulated controller on a pty, seen as a technician sees them."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.drivers.shelf_line import open_line
from edge.drivers.shelf_serial import SerialShelf, ShelfBank
from simulators.bank_plan import plan_bank
from simulators.shelf_device import ShelfDevice
from tests.wait import wait_for

BAUD = 115200


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[SerialShelf]:
    device = ShelfDevice({1: plan_bank()}, baud=BAUD, folder=tmp_path)
    device.start()
    opener = functools.partial(open_line, device.bus_path, baud=BAUD, parity="N", stop_bits=2)
    driver = SerialShelf("bus1", opener, [ShelfBank("A", 1, 0)], baud=BAUD, reopen_wait_s=0.02)
    driver.start(lambda _event: True)
    yield driver
    driver.close()
    device.close()


def test_a_live_exchange_is_told_in_words(shelf: SerialShelf) -> None:
    record = shelf.record
    wait_for(lambda: any(each.block == "motion" for each in record.read_registers("A")), 10, "a motion block")
    readings = {each.name: each for each in record.read_registers("A")}
    assert readings["map_hash"].value
    assert readings["columns"].value == "11"
    assert readings["state"].words[0] in {"idle", "asleep"}
    frames = record.list_frames()
    answered = [frame for frame in frames if frame.direction == "heard" and frame.what == "motion"]
    assert answered
    assert answered[0].bank == "A"
    assert answered[0].round_trip_ms is not None
    sent = [frame for frame in frames if frame.direction == "sent"]
    assert {frame.what for frame in sent} >= {"identity", "motion"}
    counts = record.counts()
    # the driver counts by itself: both must tell the same, but for the exchange that is on the wire
    assert abs(counts.sent - shelf.counters.exchanges) <= 1
    assert counts.answers >= len(answered)
    assert 0 < counts.load_permille < 1000
