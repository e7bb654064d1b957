"""The hops of the main job with their milliseconds, told as they happen."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Hop:
    """One thing that was seen to happen, and how long it took."""

    name: str
    taken_ms: float
    since_start_ms: float
    detail: str


@dataclass
class Timeline:
    """Collects hops; each is measured from the one before it unless told otherwise."""

    say: Callable[[str], object]
    hops: list[Hop] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Start the clock."""
        self._started = self._last = time.monotonic()

    def head(self, words: str) -> None:
        """Say what comes next, and measure from here."""
        self.say(f"\n{words}")
        self._last = time.monotonic()

    def mark(self, name: str, detail: str = "") -> None:
        """Note that something has happened now."""
        now = time.monotonic()
        hop = Hop(name, (now - self._last) * 1000, (now - self._started) * 1000, detail)
        self._last = now
        self.hops.append(hop)
        self.say(f"  {hop.taken_ms:9.1f} ms  {name}{f'  ({detail})' if detail else ''}")

    def total_ms(self) -> float:
        """Return the time from the first to the last hop."""
        return self.hops[-1].since_start_ms if self.hops else 0.0
