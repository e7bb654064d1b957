"""The newest MOTION of one controller, how old it really is, and answers that may still come late (SPEC 6.10)."""

from __future__ import annotations

from firmware_protocol.blocks import MotionSnapshot
from firmware_protocol.exchange import Exchange
from firmware_protocol.fields import is_newer
from firmware_protocol.timing import SEQUENCE_STEP_MS

# An answer later than this is taken to be lost.
GHOST_MS = 1000.0


class Ghosts:
    """Exchanges that were given up though their answer may still be on its way."""

    def __init__(self) -> None:
        """Start with nothing given up."""
        self._sent_ms: dict[tuple[int, int], float] = {}

    def add(self, exchange: Exchange, sent_ms: float) -> None:
        """Remember the oldest exchange of each shape."""
        if not exchange.is_broadcast:
            self._sent_ms.setdefault(exchange.shape, sent_ms)

    def find(self, shape: tuple[int, int], now_ms: float) -> float | None:
        """Return when the exchange of this shape went out whose answer may still come."""
        if not self._sent_ms:
            return None
        sent_ms = self._sent_ms.get(shape)
        if sent_ms is not None and now_ms - sent_ms > GHOST_MS:
            del self._sent_ms[shape]
            return None
        return sent_ms

    def lay(self, shape: tuple[int, int]) -> None:
        """Forget a ghost whose answer has come."""
        self._sent_ms.pop(shape, None)


class MotionWatch:
    """Accepts only readings newer than the last, and says since when each is true."""

    def __init__(self) -> None:
        """Start blind."""
        self.snapshot: MotionSnapshot | None = None
        self._dated: tuple[float, int] | None = None

    def forget(self) -> None:
        """Become blind again, after a silence or another boot."""
        self.snapshot = self._dated = None

    def date(self, sequence: int, asked_ms: float, ghost_ms: float | None) -> float:
        """Return the earliest moment at which this image can have been made."""
        if ghost_ms is None:
            self._dated = asked_ms, sequence
            return asked_ms
        if self._dated is None:
            return ghost_ms
        # The controller's clock tells what our own can't: so many steps lie between this image and a dated one.
        steps = (sequence - self._dated[1]) & 0xFFFF
        return min(asked_ms, max(ghost_ms, self._dated[0] + (steps - 1) * SEQUENCE_STEP_MS))

    def take(self, snapshot: MotionSnapshot) -> bool:
        """Keep a snapshot if it is news."""
        if self.snapshot is not None and not is_newer(snapshot.sequence, self.snapshot.sequence):
            return False
        self.snapshot = snapshot
        return True
