"""How an aisle stands in the list beside the map: what a report says, and nothing it doesn't say."""

from __future__ import annotations

from typing import Any

import pytest

from central.web.panel import AISLE_WORDS, find_aisle_state


def report(state: str = "idle", *, stale: bool = False, **aisle: Any) -> dict[str, Any]:
    """A report in which aisle 3 opens and aisle 7 closes if anything moves."""
    shape = {"no": aisle.pop("no", 5), "open": False, **aisle}
    return {"state": state, "stale": stale, "aisles": [shape], "target_aisle": 3, "closing_aisles": [7]}


@pytest.mark.parametrize(
    ("view", "no", "expected"),
    [
        (None, 5, "unknown"),
        (report(stale=True, open=True), 5, "unknown"),
        (report("offline", open=True), 5, "unknown"),
        (report("unknown", open=True), 5, "unknown"),
        (report(), 6, "unknown"),
        (report(open=True, gap="open"), 5, "open"),
        (report(gap="closed"), 5, "closed"),
        (report(gap="between"), 5, "between"),
        (report(), 5, "closed"),
        (report("moving", no=3), 3, "opening"),
        (report("settling", no=7, open=True), 7, "closing"),
        (report("moving", gap="between"), 5, "between"),
    ],
)
def test_an_aisle_stands_as_reported(view: dict[str, Any] | None, no: int, expected: str) -> None:
    assert find_aisle_state(view, no) == expected
    assert expected in AISLE_WORDS
