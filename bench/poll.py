"""16-register reads per second on a paced pty by the gateway's driver, against what the line can carry.

Theory per read: 8 + 37 bytes of 11 bits and 3.5 characters of silence after each of the two frames.
"""

from __future__ import annotations

import functools
import subprocess
import sys
import threading
import time
from typing import Any, Final

from bench.poll_peer import GEOMETRY
from edge.core.events import Event, SnapshotArrived
from edge.drivers.shelf_line import open_line
from edge.drivers.shelf_serial import SerialShelf, ShelfBank
from firmware_protocol.timing import Line

GOALS: Final = {9600: 0.95, 19200: 0.95, 115200: 0.90}
SECONDS: Final = 5.0
PARTS: Final = (0.25, 0.5, 1.0)


def run(scale: float) -> dict[str, Any]:
    """Measure each baud rate for three stretches; `ratio` is that of the rate furthest below its goal."""
    found = {baud: [measure(baud, max(0.5, SECONDS * scale * part)) for part in PARTS] for baud in GOALS}
    worst = min(GOALS, key=lambda baud: found[baud][-1]["ratio"] / GOALS[baud])
    last = found[worst][-1]
    return {
        "value": last["reads_per_s"],
        "limit_or_peer": last["theory_per_s"],
        "ratio": last["ratio"],
        "goal": GOALS[worst],
        "ok": all(found[baud][-1]["ratio"] >= goal for baud, goal in GOALS.items()),
        "n": sum(stretch["reads"] for stretches in found.values() for stretch in stretches),
        "versions": {},
        "unit": "reads of 16 registers per second",
        "baud": worst,
        "goals": {str(baud): goal for baud, goal in GOALS.items()},
        "rates": {str(baud): stretches for baud, stretches in found.items()},
    }


class Counter:
    """Counts readings; waits for a number of them."""

    def __init__(self) -> None:
        self.heard_s: list[float] = []
        self._more = threading.Condition()

    def __call__(self, event: Event) -> bool:
        if isinstance(event, SnapshotArrived):
            with self._more:
                self.heard_s.append(time.monotonic())
                self._more.notify_all()
        return True

    def wait_more(self, count: int, timeout_s: float) -> None:
        """Wait until so many more have come; TimeoutError if they don't."""
        until = len(self.heard_s) + count
        with self._more:
            if not self._more.wait_for(lambda: len(self.heard_s) >= until, timeout_s):
                raise TimeoutError(f"{len(self.heard_s)} readings in {timeout_s} s")


def measure(baud: int, seconds: float) -> dict[str, float]:
    """Poll without a pause for this long."""
    theory_per_s = 1000 / Line(baud).wire_ms(8, 37)
    with subprocess.Popen(
        [sys.executable, "-m", "bench.poll_peer", str(baud)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as peer:
        assert peer.stdout is not None
        assert peer.stdin is not None
        path = peer.stdout.readline().strip()
        counter = Counter()
        shelf = SerialShelf(
            "bench",
            functools.partial(open_line, path, baud=baud, parity="N", stop_bits=2),
            [ShelfBank("A", 1, GEOMETRY, idle_poll_ms=0.0)],
            baud=baud,
        )
        shelf.start(counter)
        try:
            counter.wait_more(5, 10.0)
            first = len(counter.heard_s) - 1
            counter.wait_more(max(4, round(seconds * theory_per_s)), seconds * 20 + 5)
            heard_s = counter.heard_s[first:]
            reads, took_s = len(heard_s) - 1, heard_s[-1] - heard_s[0]  # from reading to reading
        finally:
            shelf.close()
            peer.stdin.close()
    return {
        "reads": reads,
        "reads_per_s": round(reads / took_s, 2),
        "theory_per_s": round(theory_per_s, 2),
        "ratio": round(reads / took_s / theory_per_s, 4),
        "timeouts": shelf.counters.timeouts,
    }
