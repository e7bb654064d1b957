"""Nothing starts by itself: what runs out only ends, whatever else would let it start (safety 0)."""

from __future__ import annotations

from edge.core.deadlines import next_deadline
from edge.core.effects import SendOperate, SendSelect
from edge.core.events import DeadlinePassed
from tests.unit.edge_core.scene import make_snapshot, prompted_scene


def test_a_prompt_that_nobody_pressed_ends_and_starts_nothing() -> None:
    """Everything else stands in favour: the bank is awake, free and freshly read at that very moment."""
    scene = prompted_scene()
    due = next_deadline(scene.state)
    assert due is not None
    scene.mono_ms = due - 1
    scene.read(make_snapshot())
    scene.mono_ms = due
    scene.send(DeadlinePassed())
    assert scene.bank().prompt is None
    assert scene.bank().request is None
    assert not scene.every(SendSelect)
    assert not scene.every(SendOperate)
