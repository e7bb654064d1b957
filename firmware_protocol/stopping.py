"""A STOP on its way: sent every 100 ms, unicast and broadcast in turn, until standstill is read back (SPEC 6.8)."""

from __future__ import annotations

from firmware_protocol.blocks import MotionSnapshot
from firmware_protocol.exchange import Exchange, Kind
from firmware_protocol.frame import BROADCAST_UNIT
from firmware_protocol.pdu import ask_write
from firmware_protocol.registers import STOP

STOP_PERIOD_MS = 100.0


class StopKeeper:
    """Remembers one order to stop; a second order while one runs changes nothing."""

    def __init__(self, confirm_ms: float) -> None:
        """Set the time within which standstill should have been read back."""
        self._confirm_ms = confirm_ms
        self._reason: int | None = None
        self._ordered_ms = 0.0
        self._first_sent_ms: float | None = None
        self._last_sent_ms = 0.0
        self._sends = 0
        self._told_late = False

    @property
    def is_active(self) -> bool:
        """Whether standstill has not been read back yet."""
        return self._reason is not None

    @property
    def is_unsent(self) -> bool:
        """Whether not even the first STOP has gone out."""
        return self.is_active and self._first_sent_ms is None

    @property
    def due_ms(self) -> float | None:
        """When the next STOP is due."""
        if not self.is_active:
            return None
        return self._ordered_ms if self._first_sent_ms is None else self._last_sent_ms + STOP_PERIOD_MS

    def order(self, reason: int, now_ms: float) -> None:
        """Begin to stop."""
        if self.is_active:
            return
        self._reason, self._ordered_ms = reason, now_ms
        self._first_sent_ms, self._sends, self._told_late = None, 0, False

    def is_due(self, now_ms: float) -> bool:
        """Whether a STOP must go out now."""
        due_ms = self.due_ms
        return due_ms is not None and now_ms >= due_ms

    def ask(self, unit: int, now_ms: float) -> Exchange:
        """Build the next STOP: to the unit first, to everybody next."""
        assert self._reason is not None
        if self._first_sent_ms is None:
            self._first_sent_ms = now_ms
        self._last_sent_ms = now_ms
        self._sends += 1
        if self._sends % 2:
            return Exchange(Kind.STOP, ask_write(unit, STOP.address, self._reason), 8)
        return Exchange(Kind.STOP, ask_write(BROADCAST_UNIT, STOP.address, self._reason), 0)

    def see(self, snapshot: MotionSnapshot, sampled_ms: float) -> bool:
        """Tell whether this reading, taken not before `sampled_ms`, proves standstill after STOP; then it is over."""
        sent_ms = self._first_sent_ms if self.is_active else None
        if sent_ms is None or sampled_ms <= sent_ms or not snapshot.is_standing:
            return False
        self._reason = None
        return True

    def find_late(self, now_ms: float) -> bool:
        """Tell once that standstill has not been read back in time."""
        if not self.is_active or self._told_late or now_ms - self._ordered_ms < self._confirm_ms:
            return False
        self._told_late = True
        return True
