"""The gateway's clocks: monotonic for safety, wall for people, and whether the wall has jumped."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from edge.core.events import ClockChanged, Now

# the wall may be slewed, not stepped, against the monotonic clock
STEP_MS = 2_000
# after a jump the wall is believed again when it has been steady so long
STEADY_MS = 60_000
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def read_mono_ms() -> int:
    """Milliseconds of the monotonic clock, the same for every driver."""
    return time.monotonic_ns() // 1_000_000


def read_wall_ms() -> int:
    """Milliseconds since 1970 by the wall clock."""
    return time.time_ns() // 1_000_000


class Clock:
    """Reads both clocks and watches one against the other. Read by the executor alone."""

    def __init__(self, mono_ms: Callable[[], int] = read_mono_ms, wall_ms: Callable[[], int] = read_wall_ms) -> None:
        self.mono_ms = mono_ms
        self.wall_ms = wall_ms
        self._offset_ms = wall_ms() - mono_ms()
        self._stepped_at_ms: int | None = None

    def now(self) -> Now:
        """Read the moment."""
        return make_now(self.mono_ms(), self.wall_ms(), clock_ok=self._stepped_at_ms is None)

    def watch(self) -> ClockChanged | None:
        """Compare the clocks; answer a jump, or that the wall has been steady again."""
        mono_ms, wall_ms = self.mono_ms(), self.wall_ms()
        drift_ms = wall_ms - mono_ms - self._offset_ms
        self._offset_ms = wall_ms - mono_ms
        if abs(drift_ms) > STEP_MS:
            self._stepped_at_ms = mono_ms
            return ClockChanged(steady=False, step_ms=drift_ms)
        if self._stepped_at_ms is not None and mono_ms - self._stepped_at_ms >= STEADY_MS:
            self._stepped_at_ms = None
            return ClockChanged(steady=True)
        return None


def make_now(mono_ms: int, wall_ms: int, *, clock_ok: bool) -> Now:
    """Make a moment of whole milliseconds."""
    return Now(mono_ms, EPOCH + timedelta(milliseconds=wall_ms), clock_ok)
