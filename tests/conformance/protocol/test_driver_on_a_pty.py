"""Our driver on a real pty: exclusive, woken, and found again after the cable was out."""

from __future__ import annotations

import functools
from pathlib import Path

import pytest

from edge.core import events
from edge.drivers.shelf_line import open_line
from edge.drivers.shelf_serial import SerialShelf, ShelfBank
from simulators.bank_plan import plan_bank
from simulators.shelf_device import ShelfDevice
from tests.unit.protocol.test_shelf_driver import Sink
from tests.wait import wait_for


def test_an_unplugged_pty_is_found_again(tmp_path: Path) -> None:
    """The same by a real pty whose other end vanishes and comes back under the same name."""
    sink = Sink()
    device = ShelfDevice({1: plan_bank()}, baud=115200, folder=tmp_path)
    device.start()
    open_transport = functools.partial(open_line, device.bus_path, baud=115200, parity="N", stop_bits=2)
    shelf = SerialShelf("bus", open_transport, [ShelfBank("A", 1, 0)], baud=115200, reopen_wait_s=0.02)
    shelf.start(sink)
    try:
        sink.wait(events.SnapshotArrived)
        device.line.port.unplug()
        wait_for(lambda: [e for e in sink.all(events.ControllerChanged) if e.state == "silent"], 5, "silence")
        device.line.port.plug_in()
        seen = len(sink.all(events.SnapshotArrived))
        wait_for(lambda: len(sink.all(events.SnapshotArrived)) > seen, 5, "a reading from the new port")
    finally:
        shelf.close()
        device.close()


def test_the_port_is_taken_exclusively(tmp_path: Path) -> None:
    """One owner per bus."""
    device = ShelfDevice({1: plan_bank()}, baud=115200, folder=tmp_path)
    device.start()
    first = open_line(device.bus_path, baud=115200, parity="N", stop_bits=2)
    try:
        with pytest.raises(OSError, match=r"[Ll]ock|busy"):
            open_line(device.bus_path, baud=115200, parity="N", stop_bits=2)
        first.wake()
        assert first.read(5.0) == b""
    finally:
        first.close()
        first.wake()
        device.close()
