"""A bus on a virtual clock: our schedule at one end, simulated controllers at the other, and a fate for every answer.

Nothing sleeps: the clock jumps to the next byte, deadline or order.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import pairwise
from struct import unpack
from typing import TypeVar

from firmware_protocol.codes import Operation
from firmware_protocol.fields import Target
from firmware_protocol.messages import OperateRequest, SelectRequest
from firmware_protocol.reports import MotionRead, Report, SelectAnswered
from firmware_protocol.schedule import BusSchedule
from firmware_protocol.session import ControllerSession, SessionSettings
from firmware_protocol.timing import Line
from simulators import shelf_words
from simulators.bank_plan import plan_bank
from simulators.shelf_controller import ShelfController, Station
from simulators.shelf_model import ShelfModel

R = TypeVar("R")

# What becomes of an answer: (delay in ms, bytes) for every time it arrives; none = lost.
Fate = Callable[[bytes, bytes], list[tuple[float, bytes]]]


def arrive(_asked: bytes, answer: bytes) -> list[tuple[float, bytes]]:
    return [(0.0, answer)]


@dataclass
class VirtualBus:
    baud: int = 19200
    units: tuple[int, ...] = (1,)
    fate: Fate = arrive
    hears: Callable[[bytes], bool] = lambda _octets: True
    geometry_hash: int | None = None
    dates_by_request: bool = False
    recalls_ring: bool = False
    now_ms: float = 1000.0
    sent: list[tuple[float, bytes]] = field(default_factory=list)
    reports: list[tuple[float, int, Report]] = field(default_factory=list)
    permits: dict[int, list[float]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.line = Line(self.baud)
        self.controllers = {
            unit: ShelfController(ShelfModel(plan_bank(), seed=unit), unit, lambda: int(self.now_ms))
            for unit in self.units
        }
        self.station = Station(list(self.controllers.values()))
        self._pending: list[tuple[float, int, str, bytes]] = []
        self._count = 0
        self.tokens: dict[int, int] = {}
        self.permitting = True
        self.schedule = BusSchedule(self.line, [self.make_session(unit) for unit in self.units])

    def make_session(self, unit: int) -> ControllerSession:
        with self.controllers[unit].at_now() as model:
            told = shelf_words.identify(model, "test").geometry_hash
        expected = told if self.geometry_hash is None else self.geometry_hash
        settings = SessionSettings(
            expected,
            watch_period_ms=self.line.watch_period_ms,
            recalls_ring=self.recalls_ring,
            dates_by_request=self.dates_by_request,
        )
        return ControllerSession(unit, settings)

    # ------------------------------------------------------------ the clock

    def run(self, ms: float) -> None:
        """Let this much time pass."""
        until = self.now_ms + ms
        while True:
            self._deliver()
            octets = self.schedule.step(self.now_ms)
            if octets is not None:
                self._send(octets)
            self._collect()
            moments = [until, max(self.schedule.next_step_ms(self.now_ms), self.now_ms + 0.01)]
            if self._pending:
                moments.append(self._pending[0][0])
            self.now_ms = max(self.now_ms, min(moments))
            if self.now_ms >= until:
                self._deliver()
                self._collect()
                return

    def run_until(self, is_so: Callable[[], object], within_ms: float) -> None:
        """Let time pass until this is so."""
        until = self.now_ms + within_ms
        while not is_so():
            assert self.now_ms < until, f"not so within {within_ms} ms; last reports: {self.reports[-5:]}"
            self.run(1.0)

    def _later(self, at_ms: float, what: str, octets: bytes) -> None:
        self._count += 1
        heapq.heappush(self._pending, (at_ms, self._count, what, octets))

    def _send(self, octets: bytes) -> None:
        self.sent.append((self.now_ms, octets))
        if self.hears(octets):
            self._later(self.now_ms + self.line.wire_ms(len(octets)), "asked", octets)

    def _deliver(self) -> None:
        while self._pending and self._pending[0][0] <= self.now_ms:
            _, _, what, octets = heapq.heappop(self._pending)
            if what == "told":
                self.schedule.receive(octets, self.now_ms)
                continue
            for answer in self.station.hear(octets, True):
                for delay_ms, arriving in self.fate(octets, answer):
                    at_ms = self.now_ms + delay_ms
                    for begin in range(0, len(arriving), 8):  # in pieces, as from a real adapter
                        piece = arriving[begin : begin + 8]
                        at_ms += self.line.sending_ms(len(piece))
                        self._later(at_ms, "told", piece)

    def _collect(self) -> None:
        for unit, report in self.schedule.take_reports():
            self.reports.append((self.now_ms, unit, report))
            if isinstance(report, SelectAnswered) and report.answer.token:
                self.tokens[unit] = report.answer.token
            if isinstance(report, MotionRead) and self.permitting and unit in self.tokens:
                self.permit(unit, report.at_ms + 250)

    # ------------------------------------------------------------ a core in three lines

    def permit(self, unit: int, until_ms: float) -> None:
        self.permits.setdefault(unit, []).append(self.now_ms)
        self.schedule.sessions[unit].permit_lease(self.tokens[unit], until_ms, self.now_ms)

    def select(
        self, aisle: int = 3, request_id: int = 0x1122334455667788, unit: int = 1, within_ms: float = 1000
    ) -> None:
        target = Target(Operation.OPEN, aisle)
        self.schedule.order_select(unit, SelectRequest(request_id, target), self.now_ms + within_ms)

    def operate(self, unit: int = 1, within_ms: float = 300) -> None:
        answered = self.last(SelectAnswered, unit)
        request = OperateRequest(
            answered.request_id, answered.answer.token, answered.answer.target, answered.answer.ring_head
        )
        self.schedule.sessions[unit].order_operate(request, self.now_ms + within_ms)

    def open_aisle(self, aisle: int = 3, request_id: int = 0x1122334455667788, unit: int = 1) -> None:
        """Select and operate without a hitch."""
        self.select(aisle, request_id, unit)
        self.run_until(lambda: self.told(SelectAnswered, unit, request_id=request_id), 1000)
        self.operate(unit)

    # ------------------------------------------------------------ what was said

    def told(self, kind: type[R], unit: int = 1, **fields: object) -> list[R]:
        found = [report for _, told, report in self.reports if told == unit and isinstance(report, kind)]
        return [report for report in found if all(getattr(report, name) == value for name, value in fields.items())]

    def last(self, kind: type[R], unit: int = 1) -> R:
        return self.told(kind, unit)[-1]

    def writes(self, address: int, unit: int | None = None) -> list[tuple[float, bytes]]:
        """Requests that write at this address, with their times."""
        return [
            (at, octets)
            for at, octets in self.sent
            if written_address(octets) == address and (unit is None or octets[0] == unit)
        ]

    def reads(self, address: int, unit: int = 1) -> list[float]:
        """Times of plain reads that begin at this address."""
        return [
            at
            for at, octets in self.sent
            if octets[0] == unit and octets[1] == 3 and unpack(">H", octets[2:4])[0] == address
        ]


def written_address(octets: bytes) -> int | None:
    """Where a request writes, read plainly from its bytes."""
    if octets[1] in {0x06, 0x10}:
        return int.from_bytes(octets[2:4], "big")
    return int.from_bytes(octets[6:8], "big") if octets[1] == 0x17 else None


def online(bus: VirtualBus) -> VirtualBus:
    """Let everybody be found and read once."""
    bus.run_until(lambda: all(bus.told(MotionRead, unit) for unit in bus.units), 2000)
    return bus


def gaps(times: Iterable[float]) -> list[float]:
    """Distances between moments."""
    ordered = list(times)
    return [after - before for before, after in pairwise(ordered)]
