"""`./dev chaos lines [--frames N] [--pty N] [--seed S]`: the long run on bad lines; one JSON object a kind, 1 if any is bad."""

from __future__ import annotations

import functools
import json
import os
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from typing import Annotated, Any

import structlog
import typer

from tests.integration.wires.bad_lines import NAMES, BadLine, Tally
from tests.integration.wires.bad_pty import run_pty


def run_kind(kind: str, frames: int, seed: int) -> Tally:
    """Spoil so many frames in one way."""
    return BadLine(kind, seed).run(frames)


def describe(tally: Tally, ok: bool) -> dict[str, Any]:
    """Put a kind's figures together."""
    recoveries = sorted(tally.recoveries_ms)
    return {
        "kind": tally.kind,
        "spoiled": tally.spoiled,
        "exchanges": tally.exchanges,
        "timeouts": tally.timeouts,
        "asked": tally.asked,
        "begun": tally.begun,
        "unwanted": sum(tally.unwanted.values()),
        "why": dict(tally.unwanted),
        "good_stretches": len(recoveries),
        "recovery_p50_ms": round(recoveries[len(recoveries) // 2]) if recoveries else 0,
        "recovery_max_ms": round(recoveries[-1]) if recoveries else 0,
        "slower_than_two_polls": tally.slow,
        "fell_silent": tally.fell_silent,
        "found_in_the_good_second": len(tally.found_ms),
        "found_p50_ms": round(sorted(tally.found_ms)[len(tally.found_ms) // 2]) if tally.found_ms else 0,
        "found_max_ms": round(max(tally.found_ms, default=0)),
        "found_slower_than_two_polls": sum(took_ms > 500 for took_ms in tally.found_ms),
        "ok": ok,
    }


def run_all(frames: int, pty: int, seed: int, processes: int) -> Iterator[dict[str, Any]]:
    """Run every kind on the virtual clock, then the pty."""
    if frames:
        with ProcessPoolExecutor(processes) as pool:
            each = functools.partial(run_kind, frames=frames // len(NAMES), seed=seed)
            for tally in pool.map(each, NAMES):
                yield describe(tally, not tally.unwanted)
    if pty:
        tally = run_pty(pty, seed)
        yield describe(tally, not tally.unwanted)


def lines(
    frames: Annotated[int, typer.Option(help="spoiled frames on the virtual clock, all kinds together")] = 1_000_000,
    pty: Annotated[int, typer.Option(help="spoiled frames on a pty, in real time")] = 10_000,
    seed: Annotated[int, typer.Option(help="the same seed, the same faults")] = 1,
    processes: Annotated[int, typer.Option(min=1)] = os.cpu_count() or 1,
) -> None:
    """Spoil frames between gateway and controllers and look for motions nobody asked for."""
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    ok = True
    for told in run_all(frames, pty, seed, processes):
        sys.stdout.write(json.dumps(told) + "\n")
        sys.stdout.flush()
        ok = ok and told["ok"]
    raise typer.Exit(0 if ok else 1)


if __name__ == "__main__":
    typer.run(lines)
