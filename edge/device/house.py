"""Everything the device page may read of a running gateway, and the one thing it may ask of it: a prompt."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from zoneinfo import ZoneInfo

from edge.core.events import OperationAsked
from edge.core.room import RoomSettings
from edge.core.shown import AnswerView, KioskView
from edge.core.snapshot import Operation
from edge.core.state import State
from edge.device.commissioning import Commissioning
from edge.device.flight import FlightRecorder
from edge.device.watch import DeviceWatch
from edge.ports import LabelPrinter, LineWatch, Sink
from edge.store.wear import WearBook

POINT: Final = "device"  # no confirmation point: nobody here sees an aisle
# what may be asked for from afar: each of them becomes a question for a person in sight, or is refused
ASKED: Final = ("open_aisle", "close_all", "ventilate", "park", "home")
ANSWER_LIMIT_S = 3.0
LABEL_LIMIT_S = 20.0


@dataclass(frozen=True, slots=True)
class DeviceRow:
    """A scanner, camera or printer as the installer named it."""

    id: str
    name: str
    kind: str  # scanner | camera | printer
    address: str


@dataclass(frozen=True)
class House:
    """One gateway as its technician sees it. `post` is kept private: proposals alone go through it."""

    version: str
    zone: ZoneInfo
    room: RoomSettings
    sheets: Mapping[str, Mapping[str, Any]]  # commissioning sums by bank
    devices: Sequence[DeviceRow]
    lines: Sequence[LineWatch]
    printer: LabelPrinter | None
    watch: DeviceWatch
    wear: WearBook
    commissioning: Commissioning
    flight: FlightRecorder
    read_state: Callable[[], State]
    wait_view: Callable[[int, float], tuple[int, KioskView | None]]
    read_picture: Callable[[str, int], bytes | None]  # camera id, width in pixels -> JPEG
    read_health: Callable[[], tuple[bool, dict[str, Any]]]
    expected_map_hash: int
    wall_ms: Callable[[], int]
    mono_ms: Callable[[], int]
    _post: Sink
    _turn: threading.Lock = field(default_factory=threading.Lock)

    def propose(self, bank: str, operation: Operation, aisle: int | None) -> AnswerView | None:
        """Ask for an operation from afar and give the room's answer: at most a prompt for whoever stands there."""
        assert operation in ASKED, operation
        with self._turn:
            number, view = self.wait_view(-1, 0)
            before = newest_answer(view)
            if not self._post(OperationAsked(POINT, bank, operation, aisle, afar=True)):
                return None
            ends_at = time.monotonic() + ANSWER_LIMIT_S
            while time.monotonic() < ends_at:
                number, view = self.wait_view(number, max(0.0, ends_at - time.monotonic()))
                answer = newest_answer(view)
                if answer is not None and (before is None or answer["number"] > before["number"]):
                    return answer
            return None

    def print_label(self, label: dict[str, Any]) -> tuple[str, str]:
        """Have a label printed that belongs to no box, and wait for the printer's word."""
        if self.printer is None:
            return "failed", "no_printer"
        job_id = f"device-{uuid.uuid4()}"
        self.printer.print_label(job_id, label)
        return self.watch.await_settled(job_id, LABEL_LIMIT_S) or ("unknown", "no_answer")

    def read_view(self) -> KioskView | None:
        """Read the newest view."""
        return self.wait_view(-1, 0)[1]

    def find_line(self, bus: str) -> LineWatch | None:
        """Find a bus by its id."""
        return next((line for line in self.lines if line.bus_id == bus), None)

    def find_line_of(self, bank: str) -> LineWatch | None:
        """Find the bus of a bank."""
        return next((line for line in self.lines if bank in line.banks), None)


def newest_answer(view: KioskView | None) -> AnswerView | None:
    """Find the last sentence that the core gave to this page."""
    mine = [answer for answer in view["answers"] if answer["station"] == POINT] if view else []
    return max(mine, key=lambda answer: answer["number"], default=None)
