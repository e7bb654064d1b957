"""Short histories of simulated rooms: nothing that may never happen happens, whatever people do and whatever breaks."""

from __future__ import annotations

import pytest

from simulators.world.habits import read_habits
from simulators.world.run import Report, World
from simulators.world.shrinking import Case, tell_story

HOURS = 0.05
SEEDS = 200
CHUNK = 25


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
