"""Rules are needed: each one, taken away in both layers, is missed by the world; and with all of them nothing is amiss."""

from __future__ import annotations

import pytest

from edge.core.refusals import REFUSALS
from simulators.world.habits import read_habits
from simulators.world.needed import FINDINGS, is_missed, live_with, live_without, search
from simulators.world.run import Report, World
from simulators.world.switches import ALL_OFF, SAME_AS, SWITCHES, removed


def test_every_switch_has_its_finding() -> None:
    assert set(FINDINGS) == set(SWITCHES)


def test_every_row_of_the_table_has_its_switch() -> None:
    assert {row.key for row in REFUSALS} <= set(SWITCHES) | set(SAME_AS)
    assert set(SAME_AS.values()) <= set(SWITCHES)


@pytest.mark.parametrize("name", FINDINGS)
def test_a_rule_taken_away_in_both_layers_is_missed(name: str) -> None:
    """The same history with the rule in place is clean: it is the rule that makes the difference."""
    finding, habits = FINDINGS[name], read_habits()
    without = live_without(name, finding, habits)
    assert is_missed(finding, without), (without.violations, without.harm, without.counts)
    within = live_with(finding, habits)
    assert not within.violations
    assert not within.harm


def test_a_finding_can_be_searched_anew() -> None:
    """A change of people or habits throws all dice anew; then the seeds above are found by this."""
    assert search("19 warning", read_habits(), range(1, 4)) is not None


@pytest.mark.slow
def test_with_all_rules_off_somebody_is_hurt_within_twenty_room_hours() -> None:
    habits, total = read_habits(), Report()
    for seed in range(1, 41):
        with removed(*ALL_OFF):
            total.add(World(seed, habits, hours=0.5, kind="beams_and_edges", shape="one_bank").run())
        if total.harm:
            break
    assert total.harm
    assert total.hours <= 20
