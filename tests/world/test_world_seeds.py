"""Short histories of simulated rooms: nothing that may never happen happens, whatever people do and whatever breaks."""

from __future__ import annotations

import pytest

from simulators.world.habits import read_habits
from simulators.world.run import Report, World
from simulators.world.shrinking import Case, tell_story

HOURS = 0.05
SEEDS = 200
CHUNK = 25


# Found by the world, each with the habits that made it likely: a button's press told after a later scan of a place
# (seeds 7 and 134), and the age of a press in the ring that left out the answer's way over the line (seed 310).
NOISY = {
    "pace.acts_per_hour": 240.0,
    "faults.line_burst": 400.0,
    "line.silence_per_frame": 0.25,
    "line.late_per_frame": 0.2,
    "line.cut_per_frame": 0.1,
    "people.second_press": 0.2,
    "people.second_scan": 0.5,
    "people.by_button": 0.6,
    "acts.stop": 10.0,
}
REGRESSIONS = ((7, "beams_and_edges"), (134, "beams_and_edges"), (310, "edges_only"))


def live(seed: int, hours: float = HOURS) -> Report:
    return World(seed, read_habits(), hours=hours).run()


@pytest.mark.slow
@pytest.mark.parametrize("first", range(1, SEEDS + 1, CHUNK))
def test_no_law_is_broken_in_two_hundred_short_histories(first: int) -> None:
    for seed in range(first, first + CHUNK):
        report = live(seed)
        assert not report.violations, tell_story(Case(seed, HOURS, 1, read_habits()))


def test_one_seed_is_one_history() -> None:
    first, again = live(7, 0.1), live(7, 0.1)
    assert (first.counts, first.motions, first.polls) == (again.counts, again.motions, again.polls)
    assert first.counts["acts"] > 0


@pytest.mark.parametrize(("seed", "kind"), REGRESSIONS)
def test_histories_that_once_broke_a_law(seed: int, kind: str) -> None:
    report = World(seed, read_habits().with_rates(NOISY), hours=0.1, kind=kind).run()
    assert not report.violations
    assert report.motions
