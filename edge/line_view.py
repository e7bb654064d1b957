"""A bus as a technician sees it: frames in plain words, registers by name, counts. Shapes only; drivers fill them.

`words` are code words of the protocol ("moving", "estop_open"); one with a number before it ("3 left") is said of that
column or place. Pages translate them; an unknown one is shown as it is.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Direction = Literal["sent", "heard"]


@dataclass(frozen=True, slots=True)
class RegisterReading:
    """One register by its name in the map: a number with its unit, words, or both."""

    address: int
    name: str
    index: int  # occurrence, from 1; 0 for a register that stands alone
    value: str  # "" where only words say it
    unit: str
    words: tuple[str, ...]
    raw: tuple[int, ...]
    age_ms: int = 0
    block: str = ""


@dataclass(frozen=True, slots=True)
class FrameView:
    """One frame, or bytes that were none; `round_trip_ms` of an answer counts from the end of its request's writing."""

    number: int
    mono_ms: float
    wall_ms: int
    direction: Direction
    unit: int
    bank: str
    function: int
    act: str  # read, write, read_write, identify, exception, echo, stray, lost_line, message; "" for a fault
    what: str  # block or topic
    fault: str  # crc, truncated, noise; "" for a whole frame
    registers: tuple[RegisterReading, ...]
    octets: bytes
    round_trip_ms: float | None = None


@dataclass(frozen=True, slots=True)
class RoundTrips:
    """How long answers of one kind took, of the frames still kept."""

    what: str
    count: int
    median_ms: float
    p95_ms: float
    worst_ms: float


@dataclass(frozen=True, slots=True)
class LineCounts:
    """What happened on a bus since the gateway started; `load_permille` is wire time by all of the last minute."""

    bus: str
    sent: int = 0
    answers: int = 0
    timeouts: int = 0
    retries: int = 0
    strays: int = 0
    exceptions: int = 0
    lost_lines: int = 0
    bytes_sent: int = 0
    bytes_heard: int = 0
    load_permille: int = 0
    faults: dict[str, int] = field(default_factory=dict)
