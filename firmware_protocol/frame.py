"""RTU frames on a shared line: where one begins, where it ends, whether it is whole. Knows lengths, no meaning.

A frame's length follows from its function code and CRC; silence only ends what can't be completed, because USB
adapters and terminals stretch and swallow silences. A peer's bytes never raise: what is no frame is a FrameFault.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

from firmware_protocol.crc import crc16

MAX_FRAME_BYTES = 256
# A fault keeps the head of what was heard: enough for a log line, bounded whatever the peer sends.
MAX_SAMPLE_BYTES = 32

READ_HOLDING = 0x03
READ_INPUT = 0x04
WRITE_ONE = 0x06
WRITE_MANY = 0x10
READ_WRITE = 0x17
DEVICE_ID = 0x2B
EXCEPTION_BIT = 0x80
FUNCTIONS = (READ_HOLDING, READ_INPUT, WRITE_ONE, WRITE_MANY, READ_WRITE, DEVICE_ID)
MAX_UNIT = 247
BROADCAST_UNIT = 0


class Role(Enum):
    """Who speaks: the gateway asks, a controller answers."""

    REQUEST = "request"
    RESPONSE = "response"


class FaultKind(Enum):
    """Why bytes were no frame."""

    CRC = "crc"
    TRUNCATED = "truncated"
    NOISE = "noise"


class Frame(NamedTuple):
    """One whole frame; `body` lies between the function code and the CRC."""

    unit: int
    function: int
    body: bytes
    role: Role


@dataclass(frozen=True, slots=True)
class FrameFault:
    """Bytes that were no frame: how many, and the first of them."""

    kind: FaultKind
    length: int
    sample: bytes


_INCOMPLETE = 0
_IMPOSSIBLE = -1
_COUNTED_RESPONSES = frozenset({READ_HOLDING, READ_INPUT, READ_WRITE})
_FIXED_REQUESTS = {READ_HOLDING: 8, READ_INPUT: 8, WRITE_ONE: 8, DEVICE_ID: 7}
_READS, _READ_BYTES = frozenset({READ_HOLDING, READ_INPUT}), 8
_FIXED_RESPONSES = {WRITE_ONE: 8, WRITE_MANY: 8} | {function | EXCEPTION_BIT: 5 for function in FUNCTIONS}


def _measure_request(octets: bytes, at: int, function: int) -> int:
    fixed = _FIXED_REQUESTS.get(function)
    if fixed is not None:
        return fixed
    if function == WRITE_MANY:
        count_at, header = at + 6, 9
    elif function == READ_WRITE:
        count_at, header = at + 10, 13
    else:
        return _IMPOSSIBLE
    if len(octets) <= count_at:
        return _INCOMPLETE
    count = octets[count_at]
    if count & 1 or not count or header + count > MAX_FRAME_BYTES:
        return _IMPOSSIBLE
    # The count of bytes must agree with the count of registers two bytes before it: garbage seldom does.
    return header + count if int.from_bytes(octets[count_at - 2 : count_at], "big") * 2 == count else _IMPOSSIBLE


def _measure_response(octets: bytes, at: int, function: int) -> int:
    if function in _COUNTED_RESPONSES:
        if len(octets) <= at + 2:
            return _INCOMPLETE
        count = octets[at + 2]
        return 5 + count if count and not count & 1 and count <= MAX_FRAME_BYTES - 5 else _IMPOSSIBLE
    if function == DEVICE_ID:
        return _measure_identification(octets, at)
    return _FIXED_RESPONSES.get(function, _IMPOSSIBLE)


def _measure_identification(octets: bytes, at: int) -> int:
    """Walk the objects of a 43/14 answer: each is id, length, text."""
    if len(octets) < at + 8:
        return _INCOMPLETE
    end = at + 8
    for _ in range(octets[at + 7]):
        if end + 2 - at > MAX_FRAME_BYTES - 2:
            return _IMPOSSIBLE
        if len(octets) < end + 2:
            return _INCOMPLETE
        end += 2 + octets[end + 1]
    total = end + 2 - at
    return total if total <= MAX_FRAME_BYTES else _IMPOSSIBLE


_MEASURES = {Role.REQUEST: _measure_request, Role.RESPONSE: _measure_response}


class FrameReader:
    """Turns a stream of bytes into frames and faults; keeps at most one unfinished frame (256 bytes).

    A gateway hears responses, a controller hears everything its neighbours say too. Where a frame could be either
    (function 06 is its own echo) it counts as the first role given.
    """

    def __init__(self, *roles: Role) -> None:
        """Listen for frames of these roles; without any, for requests and responses."""
        self._roles = roles or (Role.REQUEST, Role.RESPONSE)
        self._takes_answers = self._roles[0] is Role.RESPONSE
        self._measures = tuple((role, _MEASURES[role]) for role in self._roles)
        self._pending = b""

    @property
    def pending_bytes(self) -> int:
        """How many bytes wait for the rest of their frame."""
        return len(self._pending)

    def feed(self, octets: bytes, silence: bool) -> list[Frame | FrameFault]:
        """Take bytes as they came; `silence` says that the line has gone quiet behind them. Never raises."""
        if self._pending:
            heard = self._pending + octets
        else:
            whole = self._take_whole(octets)
            if whole is not None:
                return [whole]
            heard = octets
        found: list[Frame | FrameFault] = []
        at = lost_from = 0
        while at < len(heard):
            verdict = self._match(heard, at)
            if isinstance(verdict, int):
                if verdict == _INCOMPLETE and not silence:
                    break
                at += 1
                continue
            frame, length = verdict
            if lost_from < at:
                found.append(self._describe_fault(heard, lost_from, at))
            found.append(frame)
            at += length
            lost_from = at
        if lost_from < at:
            found.append(self._describe_fault(heard, lost_from, at))
        self._pending = heard[at:]
        return found

    def _take_whole(self, octets: bytes) -> Frame | None:
        """Take the most frequent cases at once: a whole answer with registers, or, at a controller, a whole read."""
        length = len(octets)
        if self._takes_answers:
            if not 5 < length <= MAX_FRAME_BYTES or octets[2] + 5 != length or octets[2] & 1:
                return None
            functions, role = _COUNTED_RESPONSES, Role.RESPONSE
        elif length == _READ_BYTES:
            functions, role = _READS, Role.REQUEST
        else:
            return None
        if octets[1] in functions and octets[0] <= MAX_UNIT and crc16(octets) == 0:
            return Frame(octets[0], octets[1], octets[2:-2], role)
        return None

    def _match(self, heard: bytes, at: int) -> tuple[Frame, int] | int:
        """Find a whole frame at this place, else say whether more bytes could complete one."""
        left = len(heard) - at
        if left < 2:
            return _INCOMPLETE if heard[at] <= MAX_UNIT else _IMPOSSIBLE
        unit, function = heard[at], heard[at + 1]
        if unit > MAX_UNIT:
            return _IMPOSSIBLE
        outlook = _IMPOSSIBLE
        for role, measure in self._measures:
            length = measure(heard, at, function)
            if length == _IMPOSSIBLE:
                continue
            if length == _INCOMPLETE or length > left:
                outlook = _INCOMPLETE
                continue
            octets = heard if length == len(heard) else heard[at : at + length]
            if crc16(octets) == 0:
                return Frame(unit, function, octets[2:-2], role), length
        return outlook

    def _describe_fault(self, heard: bytes, start: int, end: int) -> FrameFault:
        kind = FaultKind.NOISE
        if end - start >= 2 and heard[start] <= MAX_UNIT:
            lengths = [_MEASURES[role](heard, start, heard[start + 1]) for role in self._roles]
            if any(0 < length <= end - start for length in lengths):
                kind = FaultKind.CRC
            elif any(length >= _INCOMPLETE for length in lengths):
                kind = FaultKind.TRUNCATED
        return FrameFault(kind, end - start, heard[start : min(end, start + MAX_SAMPLE_BYTES)])
