"""What happens when, in a room: a heap of moments on the virtual clock."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Generator
from functools import partial

Deed = Generator[float, None, None]  # a person's doing; each value is how long, in ms, until it goes on


class Glance(float):
    """A wait after which somebody only looks: nothing in the room needs to be ready for it."""

    __slots__ = ()


class Agenda:
    """Due events in order; those of one moment in the order they were entered."""

    def __init__(self) -> None:
        self.now_ms = 0.0
        self._heap: list[tuple[float, int, Callable[[], None]]] = []
        self._acts: list[float] = []  # moments of those events that may do something
        self._count = 0

    @property
    def next_ms(self) -> float:
        """When the next event is due."""
        return self._heap[0][0] if self._heap else float("inf")

    @property
    def next_act_ms(self) -> float:
        """When the next event is due that may do something."""
        while self._acts and self._acts[0] < self.now_ms:
            heapq.heappop(self._acts)
        return self._acts[0] if self._acts else float("inf")

    def after(self, ms: float, act: Callable[[], None]) -> None:
        """Enter an event so many milliseconds from now."""
        at_ms = self.now_ms + max(0.0, ms)
        self._count += 1
        heapq.heappush(self._heap, (at_ms, self._count, act))
        if not isinstance(ms, Glance):
            heapq.heappush(self._acts, at_ms)

    def announce(self, ms: float) -> None:
        """Say that something may be done so many milliseconds from now, though nothing is entered yet."""
        heapq.heappush(self._acts, self.now_ms + ms)

    def begin(self, deed: Deed) -> None:
        """Let somebody begin to do something."""
        self.after(0.0, partial(self._go_on, deed))

    def _go_on(self, deed: Deed) -> None:
        wait_ms = next(deed, None)
        if wait_ms is not None:
            self.after(wait_ms, partial(self._go_on, deed))

    def run_due(self) -> None:
        """Let everything happen whose moment has come."""
        while self._heap and self._heap[0][0] <= self.now_ms:
            heapq.heappop(self._heap)[2]()

    def clear(self) -> None:
        """Forget everything that was to come."""
        self._heap.clear()
        self._acts.clear()
