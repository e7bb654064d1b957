"""What went over a bus, both ways, kept for technicians: the last thousand frames, counts, newest registers. Bounded.

The bus thread notes bytes as they pass and pays microseconds; words are made of them only when somebody looks.
It frames and pairs by itself, with both roles: so it also sees echoes and other masters, which a session must not.
"""

from __future__ import annotations

import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import median

from edge.drivers.line_words import Spoken, describe_frame, list_readings, name_request
from edge.line_view import FrameView, LineCounts, RegisterReading, RoundTrips
from firmware_protocol.frame import (
    BROADCAST_UNIT,
    EXCEPTION_BIT,
    READ_HOLDING,
    READ_INPUT,
    READ_WRITE,
    FaultKind,
    Frame,
    FrameFault,
    FrameReader,
    Role,
)
from firmware_protocol.timing import Line

FRAMES_KEPT = 1000
IMAGES_KEPT = 512  # spans read of one bus; a session reads a few dozen
LOAD_WINDOW_MS = 60_000.0
LOAD_STEP_MS = 1_000.0
HEARD_MOST_BYTES = 4096  # between two requests; a babbling line is cut here
ANSWERABLE = frozenset({READ_HOLDING, READ_INPUT, READ_WRITE})


@dataclass(slots=True)
class _Asked:
    """The request on the wire."""

    spoken: Spoken
    octets: bytes
    end_ms: float
    answered: bool = False


class LineRecord:
    """The record of one bus. `note_*` is called by the bus thread alone; everything else by any thread."""

    def __init__(
        self, bus_id: str, baud: int, banks: Mapping[int, str], wall_ms: Callable[[], int] | None = None
    ) -> None:
        self._bus_id = bus_id
        self._line = Line(baud)
        self._banks = dict(banks)
        self._wall_ms = wall_ms or (lambda: time.time_ns() // 1_000_000)
        self._lock = threading.Lock()
        self._frames: deque[Spoken] = deque(maxlen=FRAMES_KEPT)
        self._number = 0
        self._asked: _Asked | None = None
        self._unheard: bytes = b""  # last request, if nobody answered it
        self._reader = FrameReader(Role.RESPONSE, Role.REQUEST)
        self._heard_bytes = 0
        self._images: dict[tuple[int, int, int], tuple[tuple[int, ...], float]] = {}
        self._counts: Counter[str] = Counter()
        self._faults: Counter[str] = Counter()
        self._load: deque[tuple[float, float]] = deque(maxlen=int(LOAD_WINDOW_MS / LOAD_STEP_MS) + 1)
        self._first_ms: float | None = None
        self._last_ms = 0.0

    @property
    def bus_id(self) -> str:
        """Id of the bus."""
        return self._bus_id

    @property
    def banks(self) -> tuple[str, ...]:
        """Ids of the banks on it."""
        return tuple(self._banks.values())

    def rename(self, bus_id: str) -> None:
        """Call this line otherwise: several lines of one broker share a bus."""
        self._bus_id = bus_id

    # ------------------------------------------------------------ the bus thread

    def note_sent(self, octets: bytes, now_ms: float) -> None:
        """Keep a request that has just been written."""
        with self._lock:
            self._settle(now_ms)
            self._counts["sent"] += 1
            self._counts["bytes_sent"] += len(octets)
            if self._unheard == octets:
                self._counts["retries"] += 1
            self._unheard = b""
            end_ms = now_ms + self._line.sending_ms(len(octets))
            spoken = self._keep(Spoken(direction="sent", octets=octets, mono_ms=now_ms), now_ms)
            self._add_load(len(octets), now_ms)
            self._asked = _Asked(spoken, octets, end_ms, answered=octets[0] == BROADCAST_UNIT)

    def note_heard(self, octets: bytes, now_ms: float) -> None:
        """Keep bytes that have come, torn apart as they may be."""
        with self._lock:
            self._counts["bytes_heard"] += len(octets)
            self._add_load(len(octets), now_ms)
            self._heard_bytes += len(octets)
            cut = self._heard_bytes > HEARD_MOST_BYTES
            self._heard_bytes = 0 if cut else self._heard_bytes
            self._take(self._reader.feed(octets, cut), now_ms)

    def note_lost(self, now_ms: float) -> None:
        """Keep that the line was lost."""
        with self._lock:
            self._settle(now_ms)
            self._asked = None
            self._unheard = b""
            self._counts["lost_lines"] += 1
            self._keep(Spoken(direction="heard", octets=b"", mono_ms=now_ms, act="lost_line"), now_ms)

    def _settle(self, now_ms: float) -> None:
        """End what was being heard, and call a request without an answer timed out."""
        self._take(self._reader.feed(b"", True), now_ms)
        self._heard_bytes = 0
        asked, self._asked = self._asked, None
        if asked is not None and not asked.answered:
            self._counts["timeouts"] += 1
            self._unheard = asked.octets

    def _take(self, found: list[Frame | FrameFault], now_ms: float) -> None:
        for item in found:
            if isinstance(item, FrameFault):
                kind = self._name_fault(item)
                self._faults[kind] += 1
                self._keep(Spoken("heard", item.sample, now_ms, fault=kind, length=item.length), now_ms)
            else:
                self._take_frame(item, now_ms)

    def _name_fault(self, fault: FrameFault) -> str:
        """Name what was wrong; the beginning of the answer that is waited for is torn, whatever else it could be."""
        asked = self._asked
        if asked is not None and asked.octets[1] in ANSWERABLE and fault.sample[:2] == asked.octets[:2]:
            whole = 5 + 2 * int.from_bytes(asked.octets[4:6], "big")
            if self._heard_bytes < whole:
                return FaultKind.TRUNCATED.value
        return fault.kind.value

    def _take_frame(self, frame: Frame, now_ms: float) -> None:
        asked = self._asked
        spoken = Spoken("heard", b"", now_ms, frame=frame)
        if asked is None or asked.answered or not self._is_answer(asked.octets, frame):
            echoed = asked is not None and frame.function == asked.octets[1] and frame.body == asked.octets[2:-2]
            spoken.act = "echo" if echoed else "stray"
            self._counts["strays"] += 1
        else:
            asked.answered = True
            spoken.request = asked.octets
            spoken.round_trip_ms = max(0.0, now_ms - asked.end_ms)
            self._counts["answers"] += 1
            if frame.function & EXCEPTION_BIT:
                self._counts["exceptions"] += 1
            elif frame.function in ANSWERABLE:
                self._keep_image(asked.octets, frame, now_ms)
        self._keep(spoken, now_ms)

    @staticmethod
    def _is_answer(request: bytes, frame: Frame) -> bool:
        """Tell whether a frame can answer this request; a write's answer looks like its request's head."""
        if frame.unit != request[0] or frame.function & 0x7F != request[1]:
            return False
        if frame.function in ANSWERABLE:
            at = 4
            return frame.role is Role.RESPONSE and frame.body[0] == 2 * int.from_bytes(request[at : at + 2], "big")
        return frame.role is Role.RESPONSE

    def _keep_image(self, request: bytes, frame: Frame, now_ms: float) -> None:
        key = (frame.unit, int.from_bytes(request[2:4], "big"), frame.body[0] // 2)
        if key not in self._images and len(self._images) >= IMAGES_KEPT:
            return
        body = frame.body
        words = tuple(int.from_bytes(body[at : at + 2], "big") for at in range(1, len(body) - 1, 2))
        self._images[key] = (words, now_ms)

    def _keep(self, spoken: Spoken, now_ms: float) -> Spoken:
        self._number += 1
        spoken.number = self._number
        spoken.wall_ms = self._wall_ms()
        self._frames.append(spoken)
        self._first_ms = now_ms if self._first_ms is None else self._first_ms
        self._last_ms = now_ms
        return spoken

    def _add_load(self, count: int, now_ms: float) -> None:
        busy_ms = self._line.sending_ms(count)
        if self._load and now_ms - self._load[-1][0] < LOAD_STEP_MS:
            began_ms, before_ms = self._load[-1]
            self._load[-1] = (began_ms, before_ms + busy_ms)
        else:
            self._load.append((now_ms, busy_ms))

    # ------------------------------------------------------------ whoever looks

    def counts(self) -> LineCounts:
        """Tell what happened so far."""
        with self._lock:
            busy_ms = sum(busy for began, busy in self._load if self._last_ms - began <= LOAD_WINDOW_MS)
            first_ms = self._last_ms if self._first_ms is None else self._first_ms
            window_ms = max(LOAD_STEP_MS, min(LOAD_WINDOW_MS, self._last_ms - first_ms))
            return LineCounts(
                bus=self._bus_id,
                load_permille=min(1000, round(busy_ms * 1000 / window_ms)),
                faults=dict(self._faults),
                **self._counts,
            )

    def list_frames(self, most: int = FRAMES_KEPT) -> list[FrameView]:
        """List the newest frames kept, newest last, in words."""
        with self._lock:
            kept = list(self._frames)[-most:]
        return [describe_frame(spoken, self._banks) for spoken in kept]

    def read_registers(self, bank: str) -> list[RegisterReading]:
        """Name the newest reading of every register that was read of a bank, in the map's order."""
        unit = next((unit for unit, each in self._banks.items() if each == bank), None)
        now_ms = time.monotonic_ns() / 1e6
        with self._lock:
            images = [(key[1], words, at_ms) for key, (words, at_ms) in self._images.items() if key[0] == unit]
        newest: dict[int, tuple[int, float]] = {}
        for address, words, at_ms in images:
            for offset, word in enumerate(words):
                if address + offset not in newest or newest[address + offset][1] <= at_ms:
                    newest[address + offset] = (word, at_ms)
        return list_readings(newest, now_ms)

    def list_round_trips(self, bank: str) -> list[RoundTrips]:
        """Sum up how long answers of a bank took, by what was asked."""
        with self._lock:
            kept = [each for each in self._frames if each.round_trip_ms is not None]
        times: dict[str, list[float]] = {}
        for each in kept:
            if each.frame is not None and self._banks.get(each.frame.unit) == bank:
                times.setdefault(name_request(each.request), []).append(each.round_trip_ms or 0.0)
        return [
            RoundTrips(what, len(found), median(found), sorted(found)[int(len(found) * 0.95)], max(found))
            for what, found in sorted(times.items())
        ]
