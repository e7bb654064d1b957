"""The room of the motion bench: real runtime, store and drivers; simulated banks, a process and a pty for each bus."""

from __future__ import annotations

import contextlib
import functools
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import cycle
from pathlib import Path
from typing import Any

from edge.core.codes import format_code
from edge.core.events import CodeRead, PromptConfirmed, StopPressed
from edge.core.link import FeedRow
from edge.core.room import RoomSettings
from edge.drivers.shelf_line import ShelfTransport, open_line
from edge.drivers.shelf_serial import SerialShelf, ShelfBank
from edge.ports import Shelf
from edge.runtime.clock import read_mono_ms, read_wall_ms
from edge.runtime.gateway import GatewayRuntime
from edge.store import open_store
from firmware_protocol.timing import Line
from tests.integration.edge_core.driven_room import BADGE, CENTRE, PIN, make_room, make_rows
from tests.wait import wait_for

# box n of a bank stands in aisle n + 5
BOXES_A_BANK = 3
FIRST_AISLE = 5


class TimedLine:
    """A line that notes when bytes left and came."""

    def __init__(self, line: ShelfTransport) -> None:
        self._line = line
        self.notes: list[tuple[float, str, bytes]] = []

    def read(self, timeout_s: float) -> bytes:
        octets = self._line.read(timeout_s)
        if octets:
            self.notes.append((time.monotonic_ns() / 1e6, "heard", octets))
        return octets

    def write(self, octets: bytes) -> None:
        self.notes.append((time.monotonic_ns() / 1e6, "sent", octets))
        self._line.write(octets)

    def wake(self) -> None:
        self._line.wake()

    def close(self) -> None:
        self._line.close()


@dataclass(frozen=True)
class Layout:
    """So many buses with so many banks each; bank `2c` is the third of the second bus."""

    buses: int
    banks_a_bus: int
    baud: int

    def banks(self, bus: int) -> list[str]:
        return [f"{bus}{chr(97 + number)}" for number in range(self.banks_a_bus)]

    @property
    def all_banks(self) -> list[str]:
        return [bank for bus in range(1, self.buses + 1) for bank in self.banks(bus)]

    def settings(self) -> RoomSettings:
        """The room as an installer would describe it."""
        room = make_room()
        banks = tuple(replace(room.banks[0], id=bank, name=bank, bus=f"bus{bank[0]}") for bank in self.all_banks)
        most = Line(self.baud).max_moving_banks
        return replace(room, banks=banks, moving_limit=tuple((f"bus{n + 1}", most) for n in range(self.buses)))

    def rows(self) -> list[FeedRow]:
        """The badge of the test room, and some boxes in every bank."""
        rows = make_rows()[:1]
        for index, (bank, number) in enumerate((b, n) for b in self.all_banks for n in range(BOXES_A_BANK)):
            column = FIRST_AISLE + 1 + number
            key = f"{bank}-{column:02d}-A-1-2-1"
            place: dict[str, Any] = {"code": format_code("PL", "01", 5000 + index), "bank": bank, "column": column}
            place |= {"face": "A", "section": 1, "tier": 2, "slot": 1}
            rows.append(FeedRow("place", key, 1, place, None, 0))
            box = box_code(self.all_banks.index(bank), number)
            body = {"code": box, "title": f"盒{index}", "state": "shelved", "place_key": key}
            rows.append(FeedRow("box", box, 1, body, None, 0))
        return rows


def box_code(bank: int, number: int) -> str:
    """Code of a bank's box."""
    return format_code("BX", "01", 1000 + bank * BOXES_A_BANK + number)


@dataclass
class BenchRoom:
    """A running room, and the hand of its archivist."""

    layout: Layout
    runtime: GatewayRuntime
    lines: dict[str, list[TimedLine]]

    def __post_init__(self) -> None:
        banks = enumerate(self.layout.all_banks)
        self._boxes = {bank: cycle([box_code(index, n) for n in range(BOXES_A_BANK)]) for index, bank in banks}

    def bank(self, bank: str) -> Any:
        return self.runtime.state.banks[bank]

    def line(self, bank: str) -> TimedLine:
        return self.lines[bank[0]][-1]

    def said(self) -> str:
        return self.runtime.state.answers["kiosk-a"].key

    def scan(self, text: str) -> None:
        before = self.runtime.state.answer_count
        self.runtime.post(CodeRead("scan-1", "trigger", text, read_mono_ms()))
        wait_for(lambda: self.runtime.state.answer_count > before, 5, f"an answer to {text}")

    def sign_on(self) -> None:
        self.scan(BADGE)
        assert self.runtime.check_pin("kiosk-a", BADGE, PIN) == "ok"
        wait_for(lambda: self.runtime.state.sessions["kiosk-a"].proven, 5, "the PIN's verdict")

    def ask(self, bank: str) -> str:
        """Scan the bank's next box, and return the prompt's id."""
        self.scan(next(self._boxes[bank]))  # another one each time: the same again is "already"
        return str(wait_for(lambda: self.bank(bank).prompt, 5, f"a prompt of {bank}, not {self.said()}").wish.id)

    def press(self, wish_id: str) -> None:
        self.runtime.post(PromptConfirmed("kiosk-a", wish_id))

    def is_decided(self, bank: str) -> bool:
        told = self.bank(bank)
        return told.prompt is None and (told.request is None or told.request.stage == "moving")

    def begin(self, bank: str) -> None:
        """Have a bank begin to move, however many presses that takes."""
        while self.bank(bank).request is None:
            self.press(self.ask(bank))
            wait_for(lambda: self.is_decided(bank), 5, f"OPERATE of {bank} acknowledged, not {self.said()}")
            # a prompt whose text changed under the finger takes no press: look and press again
            wait_for(lambda: self.bank(bank).stop is None, 5, "standstill")

    def stop(self) -> None:
        """Stop everything, and wait until all stands."""
        self.runtime.post(StopPressed("kiosk-a"))
        wait_for(self.is_still, 5, "standstill of all")

    def is_still(self) -> bool:
        return all(self.bank(bank).stop is None and self.bank(bank).request is None for bank in self.layout.all_banks)


@contextlib.contextmanager
def run_room(layout: Layout) -> Iterator[BenchRoom]:
    """Run room and controllers, somebody signed on."""
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="openaisle-bench-"))
        shelves: list[Shelf] = []
        lines: dict[str, list[TimedLine]] = {}
        for bus in range(1, layout.buses + 1):
            told = stack.enter_context(run_device(layout))
            lines[str(bus)] = []
            opener = functools.partial(open_noted, told["path"], layout.baud, lines[str(bus)])
            banks = [ShelfBank(bank, n, told["geometry_hash"]) for n, bank in enumerate(layout.banks(bus), 1)]
            shelves.append(SerialShelf(f"bus{bus}", opener, banks, baud=layout.baud))
        store = open_store(Path(folder), read_wall_ms)
        stack.callback(store.close)
        store.replica.begin_reload(CENTRE)
        store.replica.apply_rows(CENTRE, layout.rows(), 1)
        store.replica.finish_reload()
        runtime = GatewayRuntime(layout.settings(), store, shelves=shelves, scanners={}, code_version="bench")
        runtime.start()
        stack.callback(runtime.close)
        room = BenchRoom(layout, runtime, lines)
        wait_for(lambda: all(room.bank(bank).snapshot is not None for bank in layout.all_banks), 20, "readings")
        room.sign_on()
        yield room


@contextlib.contextmanager
def run_device(layout: Layout) -> Iterator[dict[str, Any]]:
    """Run the controllers of one bus as a process."""
    command = [sys.executable, "-m", "bench.motion_device", str(layout.baud), str(layout.banks_a_bus)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as device:
        assert device.stdout is not None
        assert device.stdin is not None
        yield json.loads(device.stdout.readline())
        device.stdin.close()


def open_noted(path: str, baud: int, lines: list[TimedLine]) -> TimedLine:
    """Open the pty and keep the line for its notes."""
    lines.append(TimedLine(open_line(path, baud=baud, parity="N", stop_bits=2)))
    return lines[-1]
