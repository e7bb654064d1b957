"""kill -9 at seeded points of the main job: nothing lost, nothing doubled, no motion repeated or continued."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integration.chaos.campaign import SUITE, run_campaign


@pytest.mark.slow
@pytest.mark.broker
@pytest.mark.timeout(900)
@pytest.mark.parametrize("victim", SUITE)
def test_kills_lose_nothing_and_repeat_nothing(victim: str, tmp_path: Path) -> None:
    tally = run_campaign(victim, SUITE[victim], tmp_path)
    assert tally.faults() == []
    assert tally.reached >= tally.points * 0.8
