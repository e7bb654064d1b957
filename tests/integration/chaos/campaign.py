"""A campaign: one victim, many seeded kill points, one tally."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.integration.chaos.kill_points import Place, draw_points
from tests.integration.chaos.rounds import Rounds, Tally

SUITE = {"gateway": 20, "broker": 5, "centre": 5}
LONG = {"gateway": 60, "broker": 30, "centre": 30}

# How many calls of each kind one job makes on this victim's busiest thread, roughly: the stretch the points are spread over.
WAY: dict[str, dict[Place, int]] = {
    "gateway": {"disk": 50, "wire": 230},
    "broker": {"socket": 150},
    "centre": {"disk": 16},
}


def run_campaign(victim: str, points: int, folder: Path, *, seed: int = 1) -> Tally:
    """Kill the victim at each point in turn, the others living on; judge at the end."""
    rounds = Rounds(folder)
    try:
        rounds.start()
        for number, point in enumerate(draw_points(seed, points, WAY[victim]), 1):
            if victim == "gateway":
                rounds.kill_gateway(point)
            else:
                rounds.kill_beside({"broker": rounds.stage.broker, "centre": rounds.stage.centre}[victim], point)
            sys.stderr.write(f"{victim} {number}/{points} at {point}: reached {rounds.tally.reached}\n")
        return rounds.settle()
    finally:
        rounds.close()
