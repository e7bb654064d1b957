"""The one bounded inbox. Each class of event has its policy when it is full; a STOP is never refused and goes first.

Readings: the newest of a bank replaces the one that waits. Scans: refused, and the producer says so where the hand is.
All else (faults, answers, facts): the producer waits up to 100 ms, then the inbox is overloaded.
"""

from __future__ import annotations

import threading
from collections import deque
from time import monotonic

from edge.core.events import BadgeTyped, CodeRead, CodeTyped, DetailArrived, Event, SnapshotArrived, StopPressed

SCANS_MAX = 16
EVENTS_MAX = 512
WAIT_S = 0.1

READINGS = (SnapshotArrived, DetailArrived)
SCANS = (CodeRead, CodeTyped, BadgeTyped)


class Inbox:
    """Events of all threads on their way to the executor."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._filled = threading.Condition(self._lock)
        self._drained = threading.Condition(self._lock)
        self._events: deque[Event] = deque()
        self._scans = 0
        self._waiting: dict[tuple[type, str], Event] = {}
        self.overloaded = False

    def put(self, event: Event) -> bool:
        """Take an event by the policy of its class; False if it was refused."""
        with self._lock:
            if isinstance(event, StopPressed):
                self._events.appendleft(event)
            elif isinstance(event, READINGS):
                self._replace(event)
            elif isinstance(event, SCANS):
                if self._scans >= SCANS_MAX:
                    return False
                self._scans += 1
                self._events.append(event)
            elif self._wait_for_room():
                self._events.append(event)
            else:
                self.overloaded = True
                self._filled.notify()
                return False
            self._filled.notify()
            return True

    def take(self, timeout_s: float) -> Event | None:
        """Take the next event, None when none came in time."""
        with self._lock:
            if not self._events and not self.overloaded:
                self._filled.wait(max(0.0, timeout_s))
            if not self._events:
                return None
            event = self._events.popleft()
            if isinstance(event, READINGS):
                self._waiting.pop((type(event), event.bank), None)
            elif isinstance(event, SCANS):
                self._scans -= 1
            self._drained.notify()
            return event

    def settle_overload(self) -> bool | None:
        """Tell once that the inbox was overloaded (True), and once it has room again (False)."""
        with self._lock:
            if self.overloaded and len(self._events) <= EVENTS_MAX // 2:
                self.overloaded = False
                return False
            return True if self.overloaded else None

    def depth(self) -> int:
        """Count what waits."""
        with self._lock:
            return len(self._events)

    def wake(self) -> None:
        """Let the executor look up."""
        with self._lock:
            self._filled.notify()

    def _replace(self, event: SnapshotArrived | DetailArrived) -> None:
        key = (type(event), event.bank)
        before = self._waiting.get(key)
        if before is not None:
            # identity, not equality: records compare by value
            self._events = deque(each for each in self._events if each is not before)
        self._waiting[key] = event
        self._events.append(event)

    def _wait_for_room(self) -> bool:
        deadline = monotonic() + WAIT_S
        while len(self._events) >= EVENTS_MAX:
            left = deadline - monotonic()
            if left <= 0:
                return False
            self._drained.wait(left)
        return True
