"""`./dev world`: many rooms, many hours, careless people. The last line is the sum; exit 1 says that it is not good."""

from __future__ import annotations

import json
import logging
import sys
import tempfile
from pathlib import Path
from typing import Annotated

import structlog
import typer

from simulators.world.habits import Habits, read_habits
from simulators.world.hazards import list_absent
from simulators.world.run import Report, World, describe_report
from simulators.world.shrinking import Case, shrink, tell_story

FAILURES_MAX = 3
ON_DISK_EVERY = 25  # so many seeds: one of them with the real store in SQLite


def world(
    seeds: Annotated[int, typer.Option(min=1, help="how many histories")] = 20,
    hours: Annotated[float, typer.Option(min=0.01, help="hours of each")] = 5.0,
    rooms: Annotated[int, typer.Option(min=1, help="rooms of each, with one centre")] = 1,
    first_seed: Annotated[int, typer.Option(help="the first seed; ranges can be summed")] = 1,
    *,
    every_poll: Annotated[bool, typer.Option(help="poll also while nothing can happen: slower, same verdicts")] = False,
) -> None:
    """Run the world. Exit 1 on any breach of the law, and on any hazard that never occurred."""
    # disks that fill and gateways that die are daily bread here: only stories and the sum are told
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    habits = read_habits()
    total, broken = Report(), 0
    for seed in range(first_seed, first_seed + seeds):
        report = live(seed, habits, hours, rooms, every_poll=every_poll)
        total.add(report)
        if report.violations and broken < FAILURES_MAX:
            broken += 1
            small = shrink(Case(seed, hours, rooms, habits))
            sys.stdout.write(tell_story(small) + "\n\n")
    absent = list_absent(total.counts)
    for breach in total.violations[:20]:
        sys.stdout.write(breach + "\n")
    if absent:
        sys.stdout.write(f"hazards that never occurred: {', '.join(absent)}\n")
    sys.stdout.write(json.dumps(describe_report(total, habits.digest), ensure_ascii=False) + "\n")
    raise typer.Exit(1 if total.violations or absent else 0)


def live(seed: int, habits: Habits, hours: float, rooms: int, *, every_poll: bool) -> Report:
    """Live one seed; every so many on a real disk."""
    with tempfile.TemporaryDirectory(prefix="openaisle-world-") as folder:
        disk = Path(folder) if seed % ON_DISK_EVERY == 0 else None
        return World(seed, habits, hours=hours, rooms=rooms, folder=disk, every_poll=every_poll).run()


if __name__ == "__main__":
    typer.run(world)
