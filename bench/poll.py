"""16-register reads per second on a paced pty by the gateway's driver, against what the line can carry.

Theory per read: 8 + 37 bytes of 11 bits and 3.5 characters of silence after each of the two frames. Then the same on
two buses with four banks each, at once, as one gateway has them.
"""

from __future__ import annotations

import contextlib
import functools
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
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
    eight = {baud: measure_buses(baud, max(0.5, SECONDS * scale / 2)) for baud in GOALS}
    return {
        "value": last["reads_per_s"],
        "limit_or_peer": last["theory_per_s"],
        "ratio": last["ratio"],
        "goal": GOALS[worst],
        "ok": all(min(found[baud][-1]["ratio"], eight[baud]["ratio"]) >= goal for baud, goal in GOALS.items()),
        "n": sum(stretch["reads"] for stretches in found.values() for stretch in stretches),
        "versions": {},
        "unit": "reads of 16 registers per second",
        "baud": worst,
        "goals": {str(baud): goal for baud, goal in GOALS.items()},
        "rates": {str(baud): stretches for baud, stretches in found.items()},
        "eight_banks": {str(baud): stretch for baud, stretch in eight.items()},
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
    """Poll one bank without a pause for this long."""
    with run_bus(baud, 1) as (counter, shelf):
        return summarise(baud, count_reads(counter, baud, seconds), shelf.counters.timeouts)


def measure_buses(baud: int, seconds: float) -> dict[str, float]:
    """Poll four banks on each of two buses; the slower bus counts."""
    with run_bus(baud, 4) as first, run_bus(baud, 4) as second, ThreadPoolExecutor(2) as pool:
        counted = list(pool.map(lambda bus: count_reads(bus[0], baud, seconds), (first, second)))
        found = [
            summarise(baud, reads, shelf.counters.timeouts)
            for reads, (_, shelf) in zip(counted, (first, second), strict=True)
        ]
    return min(found, key=lambda stretch: stretch["ratio"])


@contextlib.contextmanager
def run_bus(baud: int, banks: int) -> Iterator[tuple[Counter, SerialShelf]]:
    """Run a peer that answers for all units, and the driver that asks it."""
    command = [sys.executable, "-m", "bench.poll_peer", str(baud)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as peer:
        assert peer.stdout is not None
        assert peer.stdin is not None
        path = peer.stdout.readline().strip()
        counter = Counter()
        shelf = SerialShelf(
            "bench",
            functools.partial(open_line, path, baud=baud, parity="N", stop_bits=2),
            [ShelfBank(chr(64 + unit), unit, GEOMETRY, idle_poll_ms=0.0) for unit in range(1, banks + 1)],
            baud=baud,
        )
        shelf.start(counter)
        try:
            counter.wait_more(5 * banks, 20.0)
            yield counter, shelf
        finally:
            shelf.close()
            peer.stdin.close()


def count_reads(counter: Counter, baud: int, seconds: float) -> tuple[int, float]:
    """Return how many readings came, and in which time, from reading to reading."""
    first = len(counter.heard_s) - 1
    counter.wait_more(max(4, round(seconds * 1000 / Line(baud).wire_ms(8, 37))), seconds * 20 + 5)
    heard_s = counter.heard_s[first:]
    return len(heard_s) - 1, heard_s[-1] - heard_s[0]


def summarise(baud: int, counted: tuple[int, float], timeouts: int) -> dict[str, float]:
    """Put a stretch's figures together."""
    reads, took_s = counted
    theory_per_s = 1000 / Line(baud).wire_ms(8, 37)
    return {
        "reads": reads,
        "reads_per_s": round(reads / took_s, 2),
        "theory_per_s": round(theory_per_s, 2),
        "ratio": round(reads / took_s / theory_per_s, 4),
        "timeouts": timeouts,
    }
