"""A half-duplex RS-485 line on a pty, paced as a real one: eleven bits a byte, silence after every frame.

A pty is instant, a line is not: bytes count as heard when their last bit would have arrived, and answers trickle out
at the set rate. Every stretch of bytes is noted with its start and end on the line's own clock.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol

import structlog

from simulators.faults import FaultPlan, FaultyWire

log = structlog.get_logger(__name__)

BITS_PER_BYTE = 11
SILENT_CHARACTERS = 3.5
PIECE_BYTES = 8  # an answer leaves in pieces of this size, each when its last bit is due
NOTES_KEPT = 4096
IDLE_WAIT_S = 0.2

Hear = Callable[[bytes, bool], list[bytes]]  # bytes as they came, silence behind them -> answers


def wire_ns(count: float, baud: int) -> int:
    """Return the time that so many bytes take on the wire."""
    return round(count * BITS_PER_BYTE * 1_000_000_000 / baud)


@dataclass(frozen=True)
class Stretch:
    """Bytes on the line: who sent how many, from when to when."""

    way: Literal["heard", "sent", "collided"]
    octets: bytes
    start_ns: int
    end_ns: int


class LinePort(Protocol):
    """Where the line's bytes come from: a pty, or the serial side of a serial server."""

    @property
    def name(self) -> str: ...

    @property
    def path(self) -> str: ...

    @property
    def plugged(self) -> bool: ...

    def wait(self, timeout_s: float | None) -> bool: ...

    def read(self, limit: int = 4096) -> bytes: ...

    def write(self, octets: bytes) -> int: ...

    def plug_in(self) -> None: ...

    def unplug(self) -> None: ...

    def close(self) -> None: ...


class PtyLine:
    """One line with a listener behind it, served by a thread of its own."""

    def __init__(self, port: LinePort, hear: Hear, *, baud: int = 19200, faults: FaultPlan | None = None) -> None:
        self.port = port
        self.baud = baud
        self.wire = FaultyWire(faults or FaultPlan())
        self.notes: deque[Stretch] = deque(maxlen=NOTES_KEPT)
        self.heard_bytes = 0
        self.sent_bytes = 0
        self.collisions = 0
        self._hear = hear
        self._free_ns = 0
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"line-{port.name}", daemon=True)

    @property
    def silence_ns(self) -> int:
        """Return how long the line is silent between frames."""
        return wire_ns(SILENT_CHARACTERS, self.baud)

    def start(self) -> None:
        """Begin to listen."""
        self._thread.start()

    def close(self) -> None:
        """Stop and take the port away."""
        self._closing.set()
        if self._thread.is_alive():
            self._thread.join(timeout=2)
        self.port.close()

    def _run(self) -> None:
        while not self._closing.is_set():
            if not self.port.plugged:
                self._closing.wait(IDLE_WAIT_S)
            elif self.port.wait(IDLE_WAIT_S):
                self._listen()

    def _listen(self) -> None:
        """Take one burst until silence; answer what is asked in it."""
        echo = self.wire.echoes()
        while not self._closing.is_set():
            octets = self.port.read()
            if not octets:
                return
            start_ns = max(time.monotonic_ns(), self._free_ns)
            self._free_ns = start_ns + wire_ns(len(octets), self.baud)
            self._sleep_until(self._free_ns)
            self.notes.append(Stretch("heard", octets, start_ns, self._free_ns))
            self.heard_bytes += len(octets)
            if echo:
                self.port.write(octets)
            answers = self._hear(self.wire.disturb(octets), False)
            quiet_ns = self._free_ns + self.silence_ns
            if self.port.wait(max(0.0, (quiet_ns - time.monotonic_ns()) / 1e9)) and not answers:
                continue  # the burst goes on
            self._sleep_until(quiet_ns)
            self._free_ns = quiet_ns
            for answer in answers or self._hear(b"", True):
                self._answer(answer)
            if not self.port.wait(0.0):
                return

    def _answer(self, octets: bytes) -> None:
        if self.wire.swallows():
            return
        delay_ms = self.wire.delay_ms()
        at_ns = max(time.monotonic_ns() + delay_ms * 1_000_000, self._free_ns)
        start_ns = at_ns
        sent = self.wire.disturb(octets)
        for begin in range(0, len(sent), PIECE_BYTES):
            piece = sent[begin : begin + PIECE_BYTES]
            at_ns += wire_ns(len(piece), self.baud)
            self._sleep_until(at_ns)
            self._note_collision()
            self.port.write(piece)
        self.notes.append(Stretch("sent", sent, start_ns, at_ns))
        self.sent_bytes += len(sent)
        self._free_ns = at_ns + self.silence_ns

    def _note_collision(self) -> None:
        """Bytes that arrive while we speak are lost: two speakers, one pair of wires."""
        if self.port.wait(0.0) and (octets := self.port.read()):
            now_ns = time.monotonic_ns()
            self.collisions += 1
            self.notes.append(Stretch("collided", octets, now_ns, now_ns))
            log.warning("line_collision", port=self.port.name, lost_bytes=len(octets))

    @staticmethod
    def _sleep_until(at_ns: int) -> None:
        left_ns = at_ns - time.monotonic_ns()
        if left_ns > 0:
            time.sleep(left_ns / 1e9)
