"""A serial line on the virtual clock: the gateway's bus schedule at one end, simulated controllers at the other.

Real bytes, paced at the baud rate, through a wire that spoils them by its plan.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable

from firmware_protocol.timing import Line
from simulators.faults import FaultyWire
from simulators.shelf_controller import Station
from simulators.world.gateway import SteppedShelf

ANSWER_MS = 1.0  # a controller's own time


class VirtualLine:
    """One bus. `told` hears every request that leaves, with its moment."""

    def __init__(self, line: Line, station: Station, wire: FaultyWire, told: Callable[[bytes], None]) -> None:
        self.line = line
        self.wire = wire
        self.shelf: SteppedShelf | None = None
        self.exchanges = 0
        self._station = station
        self._told = told
        self._pending: list[tuple[float, int, bool, bytes]] = []
        self._count = 0
        self._is_waiting = False
        self._step_due_ms: float | None = None

    def connect(self, shelf: SteppedShelf | None) -> None:
        """Let a gateway take the line, or nobody; what was on the way to the one before is lost."""
        self.shelf = shelf
        self._is_waiting = True
        self._pending = [each for each in self._pending if each[2]]

    @property
    def is_quiet(self) -> bool:
        """Whether nothing is on the way and nobody waits for an answer."""
        return not self._pending and not self._is_waiting

    def next_ms(self, now_ms: float) -> float:
        """When something happens next on the line."""
        moment = self._pending[0][0] if self._pending else float("inf")
        shelf = self.shelf
        if shelf is None:
            return moment
        if shelf.is_stirred:
            return now_ms
        if shelf.has_news:
            shelf.has_news, self._step_due_ms = False, None
        if self._step_due_ms is None:
            self._step_due_ms = max(shelf.next_step_ms(now_ms), now_ms + 0.01)
        return min(moment, self._step_due_ms)

    def run(self, now_ms: float) -> None:
        """Deliver what has arrived, and let the gateway write what it has to."""
        while self._pending and self._pending[0][0] <= now_ms:
            _, _, is_request, octets = heapq.heappop(self._pending)
            if is_request:
                self._answer(octets, now_ms)
            elif self.shelf is not None:
                self._is_waiting = False
                self._step_due_ms = None
                self.shelf.receive(octets, now_ms)
                self.shelf.push_reports()
        shelf = self.shelf
        if shelf is None or not (shelf.is_stirred or (self._step_due_ms is not None and self._step_due_ms <= now_ms)):
            return
        self._step_due_ms = None
        shelf.is_stirred = False
        octets_out = shelf.step(now_ms)
        if octets_out is not None:
            self._send(octets_out, now_ms)
        shelf.push_reports()

    def _later(self, at_ms: float, is_request: bool, octets: bytes) -> None:
        self._count += 1
        heapq.heappush(self._pending, (at_ms, self._count, is_request, octets))

    def _send(self, octets: bytes, now_ms: float) -> None:
        self.exchanges += 1
        self._is_waiting = True
        self._told(octets)
        if self.wire.echoes():
            self._later(now_ms + self.line.sending_ms(len(octets)), False, octets)
        heard = self.wire.disturb(octets)
        if heard:
            self._later(now_ms + self.line.wire_ms(len(octets)), True, heard)

    def _answer(self, octets: bytes, now_ms: float) -> None:
        for answer in self._station.hear(octets, True):
            if self.wire.swallows():
                continue
            arriving = self.wire.disturb(answer)
            if arriving:
                at_ms = now_ms + ANSWER_MS + self.line.sending_ms(len(answer)) + self.wire.delay_ms()
                self._later(at_ms, False, arriving)
