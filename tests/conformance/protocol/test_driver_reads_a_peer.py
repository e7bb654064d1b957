"""Our driver at a pymodbus server loaded with the vectors' registers: what it reports must be what the vectors say."""

from __future__ import annotations

import asyncio
import functools
import os
import pty
import threading
import tty
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, TypeVar

import pytest
from pymodbus.server import ModbusSerialServer
from pymodbus.simulator import DataType, SimData, SimDevice

from edge.core import events
from edge.drivers.shelf_line import open_line
from edge.drivers.shelf_serial import SerialShelf, ShelfBank
from firmware_protocol.registers import MAP_HASH
from tests.conformance.protocol.recreate_vectors import recipes
from tests.wait import wait_for

UNIT = 17
T = TypeVar("T")
# The vectors' identity, but with this version's map hash; the vectors' readings, but of that identity's boot.
IDENTITY = [0x0101, MAP_HASH >> 16, MAP_HASH & 0xFFFF, *recipes.IDENTITY_WORDS[3:], *[0] * 4]
MOTION = recipes.changed(recipes.MOTION_WORDS, 13, 0x0304)
RING = [0] * 128
RING[0x0102 % 32 * 4 : 0x0102 % 32 * 4 + 4] = [0x0102, 2, 0x0301, 123]


class PtyPair:
    """Two ptys joined end to end: a serial cable between two processes that both want a device."""

    def __init__(self) -> None:
        self._masters: list[int] = []
        self._slaves: list[int] = []
        self.paths: list[str] = []
        for _ in range(2):
            master, slave = pty.openpty()
            tty.setraw(master)
            tty.setraw(slave)
            self._masters.append(master)
            self._slaves.append(slave)
            self.paths.append(os.ttyname(slave))
        self._closing = False
        for source, target in (self._masters, self._masters[::-1]):
            threading.Thread(target=self._carry, args=(source, target), daemon=True).start()

    def _carry(self, source: int, target: int) -> None:
        while not self._closing:
            try:
                os.write(target, os.read(source, 4096))
            except OSError:
                return

    def close(self) -> None:
        self._closing = True
        for fd in (*self._slaves, *self._masters):
            os.close(fd)


class PeerServer:
    """A pymodbus RTU server in a thread with a loop of its own."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._loop = asyncio.new_event_loop()
        self._server: ModbusSerialServer | None = None
        self._up = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        assert self._up.wait(5)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._serve())
        self._loop.close()

    async def _serve(self) -> None:
        blocks = {0x0000: IDENTITY, 0x0100: MOTION, 0x0200: recipes.DETAIL_WORDS, 0x0400: RING}
        data = [
            SimData(address=address, values=words, datatype=DataType.REGISTERS) for address, words in blocks.items()
        ]
        self._server = ModbusSerialServer(
            SimDevice(id=UNIT, simdata=data), port=self._path, stopbits=2, parity="N", baudrate=19200
        )
        serving = asyncio.ensure_future(self._server.serve_forever())
        self._loop.call_later(0.2, self._up.set)
        await asyncio.wait([serving])

    def close(self) -> None:
        assert self._server is not None
        asyncio.run_coroutine_threadsafe(self._server.shutdown(), self._loop).result(5)
        self._thread.join(5)


@dataclass
class Heard:
    """A sink that keeps everything."""

    events: list[events.Event] = field(default_factory=list)

    def __call__(self, event: events.Event) -> bool:
        self.events.append(event)
        return True

    def first(self, kind: type[T]) -> T | None:
        return next((event for event in self.events if isinstance(event, kind)), None)


@pytest.fixture(scope="module")
def heard() -> Iterator[Heard]:
    cable = PtyPair()
    server = PeerServer(cable.paths[0])
    open_transport = functools.partial(open_line, cable.paths[1], baud=19200, parity="N", stop_bits=2)
    shelf = SerialShelf("peer", open_transport, [ShelfBank("A", UNIT, 0x89ABCDEF)], baud=19200)
    heard = Heard()
    shelf.start(heard)
    wait_for(lambda: heard.first(events.DetailArrived), 10, "a whole DETAIL from the peer")
    yield heard
    shelf.close()
    server.close()
    cable.close()


def take(heard: Heard, kind: type[T]) -> T:
    return wait_for(lambda: heard.first(kind), 5, kind.__name__)


def test_the_peer_is_online(heard: Heard) -> None:
    """SPEC 3.4, 6.1."""
    changed = take(heard, events.ControllerChanged)
    assert (changed.bank, changed.state, changed.boot_id) == ("A", "online", 0x0304)
    assert changed.capabilities == (
        "measures_position", "indicator", "clear_fault", "edges", "indicator_per_place",
    )  # fmt: skip


def test_the_reading_is_the_vectors(heard: Heard) -> None:
    """SPEC 5.3."""
    snapshot: Any = take(heard, events.SnapshotArrived).snapshot
    value = recipes.MOTION_VALUE
    assert (snapshot.state, snapshot.operation, snapshot.outcome) == ("moving", "open_aisle", "running")
    assert list(snapshot.open_aisles) == value["open_aisles"]
    assert snapshot.target_aisle == value["aisle"]
    assert snapshot.progress_permille == value["progress_permille"]
    assert list(snapshot.occupied) == value["occupied"]
    assert list(snapshot.occupancy_unknown) == value["occupancy_unknown"]
    assert [contact.left + 2 * contact.right for contact in snapshot.contacts] == value["contacts"][:11]
    assert (snapshot.sequence, snapshot.ring_head) == (value["sequence"], value["ring_head"])
    assert (snapshot.boot_id, snapshot.last_request_low) == (0x0304, value["last_request_id_low"])
    assert (snapshot.safety, snapshot.faults) == ((), ("sensor",))


def test_the_detail_is_the_vectors(heard: Heard) -> None:
    """SPEC 3.2, 3.7."""
    detail = take(heard, events.DetailArrived).detail
    value = recipes.DETAIL_VALUE
    assert list(detail.positions_mm[:5]) == value["positions_mm"]
    assert detail.quality[:5] == ("measured", "inferred", "measured", "unknown", "inferred")
    assert (detail.temperature_dc, detail.humidity_permille) == (value["temperature_dc"], value["humidity_permille"])
    assert (detail.locked, detail.gateway_locked) == ((3,), (4,))
    assert list(detail.aisle_widths_mm[:4]) == value["aisle_widths_mm"]
