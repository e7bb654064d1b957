"""Simulated time against real time: one bank with beams and edges, 60 acts an hour, every check on, faults and all.

The clock jumps to the next due event; exchanges that can bring nothing new are reckoned, at rest and under way.
`every_poll` tells what hours cost with every exchange on the line. By CPU time the figure minds other work less.
"""

from __future__ import annotations

import time
from typing import Any, Final

from simulators.world.habits import read_habits
from simulators.world.run import World

GOAL: Final = 5_000.0
HOURS: Final = 4.0
PARTS: Final = (0.25, 0.5, 1.0)
KIND: Final = "beams_and_edges"
SHAPE: Final = "one_bank"


def run(scale: float) -> dict[str, Any]:
    """Live through three stretches; `value` is the x real time of the longest, by the clock on the wall."""
    sizes = [measure(max(0.05, HOURS * scale * part)) for part in PARTS]
    last = sizes[-1]
    patient = measure(max(0.02, HOURS * scale / 8), every_poll=True)
    return {
        "value": last["x_real_time"],
        "limit_or_peer": GOAL,
        "ratio": round(last["x_real_time"] / GOAL, 3),
        "goal": 1.0,
        "ok": last["x_real_time"] >= GOAL and not any(size["violations"] for size in sizes),
        "n": last["exchanges"],
        "versions": {},
        "unit": "simulated seconds per second",
        "us_per_exchange": last["us_per_exchange"],
        "every_poll": patient,
        "sizes": sizes,
    }


def measure(hours: float, *, every_poll: bool = False) -> dict[str, Any]:
    """Let one room live for so many hours."""
    world = World(1, read_habits(), hours=hours, kind=KIND, shape=SHAPE, every_poll=every_poll)
    began_s, busy_s = time.perf_counter(), time.process_time()
    report = world.run()
    wall_s, cpu_s = time.perf_counter() - began_s, time.process_time() - busy_s
    return {
        "hours": round(hours, 3),
        "acts": report.counts["acts"],
        "motions": report.motions,
        "exchanges": report.polls,
        "reckoned": report.spared,
        "violations": len(report.violations),
        "x_real_time": round(hours * 3600 / wall_s, 1),
        "x_cpu_time": round(hours * 3600 / cpu_s, 1),
        "us_per_exchange": round(1e6 * cpu_s / (report.polls + report.spared), 1),
    }
