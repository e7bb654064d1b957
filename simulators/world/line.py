"""A serial line on the virtual clock: the gateway's bus schedule at one end, simulated controllers at the other.

Real bytes, paced at the baud rate, through a wire that spoils them by its plan.
"""

from __future__ import annotations

import heapq
import random
from typing import Protocol

from firmware_protocol.timing import Line
from simulators.faults import FaultyWire
from simulators.shelf_controller import Station
from simulators.world.gateway import SteppedShelf

ANSWER_MS = 1.0  # a controller's own time
WHOLE_MS = 50.0  # a longer answer comes in pieces, as on a wire: its first byte must be heard within the time-out
PIECE_MS = 12.0
BABBLE_EVERY_MS = 1.5  # less than a line's silence: nobody else gets a word in
LEAST_MS = 0.01  # from one step of the schedule to the next
NEVER_MS = float("inf")

Carried = bytes | tuple[str, bytes]  # bytes of a line; on a broker the leaf of a topic, and a payload


class LineWatcher(Protocol):
    """Who hears every request that leaves and every answer that arrives."""

    def note_frame(self, octets: bytes) -> None: ...

    def note_answer(self, octets: bytes) -> None: ...


class VirtualLine:
    """One bus."""

    can_leap = True

    def __init__(self, line: Line, station: Station, wire: FaultyWire, watcher: LineWatcher) -> None:
        self.line = line
        self.wire = wire
        self.shelf: SteppedShelf | None = None
        self.exchanges = 0
        self.spared = 0  # exchanges that were reckoned, not spoken
        self.babbles_until_ms = 0.0
        self._station = station
        self._character_ms = line.character_ms
        self._ask_ms = tuple(line.wire_ms(count) for count in range(64))  # by the length of a request
        self._watcher = watcher
        self._pending: list[tuple[float, int, bool, Carried]] = []
        self._count = 0
        self._is_waiting = False
        self.step_due_ms: float | None = None  # as the schedule wants it
        self._babble_due_ms = NEVER_MS

    def connect(self, shelf: SteppedShelf | None) -> None:
        """Let a gateway take the line, or nobody; what was on the way to the one before is lost."""
        self.shelf = shelf
        self._is_waiting = True
        self.step_due_ms = None
        self._pending = [each for each in self._pending if each[2]]

    def babble(self, from_ms: float, until_ms: float) -> None:
        """Let something talk on the line without a pause."""
        self._babble_due_ms, self.babbles_until_ms = from_ms, until_ms

    @property
    def is_calm(self) -> bool:
        """Whether the line spoils nothing and nothing talks on it; an exchange may be on its way."""
        return self.wire.is_good and self._babble_due_ms == NEVER_MS

    @property
    def is_quiet(self) -> bool:
        """Whether nothing is on the way and nobody waits for an answer."""
        return not self._pending and not self._is_waiting

    def next_ms(self, now_ms: float) -> float:
        """When something happens next on the line."""
        moment = self._pending[0][0] if self._pending else NEVER_MS
        shelf = self.shelf
        if shelf is None:
            return moment
        if shelf.is_stirred:
            return now_ms
        if shelf.has_news:
            shelf.has_news, self.step_due_ms = False, None
        due_ms = self.step_due_ms
        if due_ms is None:
            due_ms = self.step_due_ms = max(shelf.next_step_ms(now_ms), now_ms + LEAST_MS)
        moment = min(moment, self._babble_due_ms)
        return min(moment, due_ms)

    def run(self, now_ms: float, dice: random.Random) -> None:
        """Deliver what has arrived, and let the gateway write what it has to."""
        shelf = self.shelf
        if self._babble_due_ms <= now_ms:
            self._talk(now_ms, dice)
        has_heard = False
        while self._pending and self._pending[0][0] <= now_ms:
            _, _, is_request, octets = heapq.heappop(self._pending)
            if is_request:
                self._answer(octets, now_ms)
            elif shelf is not None:
                has_heard = True
                self._hear(octets, now_ms)
        if shelf is None:
            return
        if has_heard:
            self._is_waiting = False
            self.step_due_ms = None
            shelf.push_reports()
            if not shelf.is_stirred:
                return
        if shelf.is_stirred or (self.step_due_ms is not None and self.step_due_ms <= now_ms):
            self.step_due_ms = None
            shelf.is_stirred = False
            octets = shelf.step(now_ms) or b""
            if octets:
                self._send(octets, now_ms)
            shelf.push_reports()

    def _hear(self, octets: Carried, now_ms: float) -> None:
        assert self.shelf is not None
        assert isinstance(octets, bytes)
        self._watcher.note_answer(octets)
        self.shelf.receive(octets, now_ms)

    def _talk(self, now_ms: float, dice: random.Random) -> None:
        if now_ms > self.babbles_until_ms or self.shelf is None:
            self._babble_due_ms = NEVER_MS
            return
        self._babble_due_ms = now_ms + BABBLE_EVERY_MS
        self.step_due_ms = None
        self.shelf.receive(dice.randbytes(1), now_ms)

    def _later(self, at_ms: float, is_request: bool, octets: Carried) -> None:
        self._count += 1
        heapq.heappush(self._pending, (at_ms, self._count, is_request, octets))

    def _send(self, octets: bytes, now_ms: float) -> None:
        self.exchanges += 1
        self._is_waiting = True
        self._watcher.note_frame(octets)
        if not self.wire.is_good:
            if self.wire.echoes():
                self._later(now_ms + self.line.sending_ms(len(octets)), False, octets)
            octets = self.wire.disturb(octets)
        if octets:
            count = len(octets)
            way_ms = self._ask_ms[count] if count < len(self._ask_ms) else self.line.wire_ms(count)
            self._later(now_ms + way_ms, True, octets)

    def _answer(self, octets: Carried, now_ms: float) -> None:
        assert isinstance(octets, bytes)
        for answer in self._station.hear(octets, True):
            arriving, from_ms = answer, now_ms + ANSWER_MS
            if not self.wire.is_good:
                if self.wire.swallows():
                    continue
                arriving, from_ms = self.wire.disturb(answer), from_ms + self.wire.delay_ms()
            self._bring(arriving, from_ms)

    def _bring(self, octets: bytes, from_ms: float) -> None:
        """Let an answer arrive: at its last byte, or piece by piece if it is long."""
        character_ms, piece = self._character_ms, len(octets)
        if not octets:
            return  # cut off before its first byte
        if piece * character_ms <= WHOLE_MS:
            self._later(from_ms + piece * character_ms, False, octets)
            return
        piece = int(PIECE_MS / character_ms)
        for at in range(0, len(octets), piece or 1):
            arrived = octets[at : at + piece]
            self._later(from_ms + (at + len(arrived)) * character_ms, False, arrived)
