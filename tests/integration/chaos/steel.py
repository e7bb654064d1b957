"""What the steel did, told by the simulated room's own truth: never by the gateway."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from typing import Any

import httpx

LOOK_EVERY_S = 0.04


@dataclass
class Steel:
    """Watches the bank all the time; remembers when it was seen moving."""

    control: str
    sightings: list[tuple[float, bool, int]] = field(default_factory=list)
    _end: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def truth(self) -> dict[str, Any]:
        """What is so at the bank now."""
        told: dict[str, Any] = httpx.get(f"{self.control}/shelf", timeout=10).json()
        return told

    def start(self) -> None:
        """Begin to watch."""
        self._thread = threading.Thread(target=self._watch, name="steel", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End watching."""
        self._end.set()
        if self._thread is not None:
            self._thread.join(10)

    def _watch(self) -> None:
        with httpx.Client(timeout=10) as client:
            while not self._end.wait(LOOK_EVERY_S):
                told = client.get(f"{self.control}/shelf").json()
                self.sightings.append((time.monotonic(), not told["standstill"], len(told["motions"])))

    def moved_between(self, start_s: float, end_s: float) -> list[float]:
        """Instants within the span at which something moved."""
        return [at for at, moving, _ in self.sightings if moving and start_s <= at <= end_s]

    def motions(self) -> list[str]:
        """Request ids of all motions begun so far, one entry a motion; local motion has none."""
        return [str(each["request_id"]) for each in self.truth()["motions"]]
