"""`./dev chaos [--victim NAME] [--points N] [--seed S]`: the long campaign; prints one JSON object a victim."""

from __future__ import annotations

import json
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from tests.integration.chaos.campaign import LONG, run_campaign


def chaos(
    victim: Annotated[str | None, typer.Option(help="gateway, broker or centre; all in turn by default")] = None,
    points: Annotated[int | None, typer.Option(min=1, help="kill points; 60, 30 and 30 by default")] = None,
    seed: Annotated[int, typer.Option(help="another seed, other points")] = 1,
) -> None:
    """Kill processes at seeded points of the main job and judge what is left. Exit 1 when anything is wrong."""
    wrong = False
    for name in [victim] if victim else list(LONG):
        started = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="openaisle-chaos-") as folder:
            tally = run_campaign(name, points or LONG[name], Path(folder), seed=seed)
        told = {"victim": name, "seed": seed, "seconds": round(time.monotonic() - started), **asdict(tally)}
        sys.stdout.write(json.dumps(told, ensure_ascii=False) + "\n")
        wrong = wrong or bool(tally.faults())
    raise typer.Exit(1 if wrong else 0)


if __name__ == "__main__":
    typer.run(chaos)
