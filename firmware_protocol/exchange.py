"""One request on the wire and the answer it waits for. Built by a session, carried out by the bus schedule."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, IntEnum

from firmware_protocol.frame import BROADCAST_UNIT, EXCEPTION_BIT, WRITE_MANY, WRITE_ONE, Frame, Role


class Haste(IntEnum):
    """What goes first on a bus; lower is more urgent (SPEC 6.5)."""

    STOP = 0
    LEASE = 1
    OPERATE = 2
    SELECT = 3
    OUTCOME = 4
    ORDER = 5
    WATCH = 6  # MOTION of a bank that moves or is being stopped
    MOTION = 7
    RING = 8
    DETAIL = 9
    PROBE = 10


class Kind(Enum):
    """What an exchange is about."""

    STOP = "stop"
    LEASE = "lease"
    OPERATE = "operate"
    SELECT = "select"
    SELECT_WRITE = "select_write"
    SELECT_READ = "select_read"
    OUTCOME = "outcome"
    DESELECT = "deselect"
    INDICATOR = "indicator"
    ACT = "act"
    MOTION = "motion"
    RING = "ring"
    DETAIL = "detail"
    IDENTITY = "identity"


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request's bytes and the shape of its answer; `reply_bytes` counts the whole answer frame."""

    kind: Kind
    octets: bytes
    reply_bytes: int

    @property
    def unit(self) -> int:
        """Who is asked; 0 = everybody, and nobody answers."""
        return self.octets[0]

    @property
    def function(self) -> int:
        """Function code of the request."""
        return self.octets[1]

    @property
    def is_broadcast(self) -> bool:
        """Whether nobody will answer."""
        return self.unit == BROADCAST_UNIT

    @property
    def shape(self) -> tuple[int, int]:
        """What tells answers of two exchanges with one unit apart: function and length (SPEC 6.10)."""
        return self.function, self.reply_bytes

    def is_answered_by(self, frame: Frame) -> bool:
        """Whether this frame can be the answer: unit, function, length, and for writes the echo."""
        if frame.unit != self.unit:
            return False
        if frame.function == self.function | EXCEPTION_BIT:
            return True
        if frame.function != self.function or len(frame.body) + 4 != self.reply_bytes:
            return False
        if self.function in {WRITE_ONE, WRITE_MANY}:
            return frame.body == self.octets[2:6]
        return frame.role is Role.RESPONSE
