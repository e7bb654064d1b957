"""A seeded share of `./dev chaos lines`: bad lines move nothing that was not asked for, and are read again at once."""

from __future__ import annotations

import pytest

from tests.integration.wires.bad_lines import NAMES, BadLine
from tests.integration.wires.bad_pty import run_pty


@pytest.mark.parametrize("kind", NAMES)
def test_spoiled_frames_move_nothing(kind: str) -> None:
    """SPEC 2.5, 6.2, 6.10: goals.md, "corrupted serial lines"."""
    tally = BadLine(kind, seed=2026).run(400)
    assert not tally.unwanted, tally
    assert tally.slow <= 1 + len(tally.recoveries_ms) // 50, tally
    assert tally.begun > 0


def test_spoiled_frames_on_a_pty_move_nothing() -> None:
    """The same with the driver's threads and a real terminal."""
    tally = run_pty(25, seed=3)
    assert not tally.unwanted, tally
    assert tally.spoiled >= 25
