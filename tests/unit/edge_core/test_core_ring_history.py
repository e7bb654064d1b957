"""What the event ring tells of the time before a start: for the record and for doubt, never a press, a stop or motion."""

from __future__ import annotations

from typing import Any

import pytest

from edge.core.effects import RecallRing, RecordFact, SendOperate, SendSelect, SendStop
from edge.core.events import GatewayStarted, RingEventsRead, RingHistoryRead
from edge.core.snapshot import RingEntry
from tests.unit.edge_core.scene import BOOT, BOX, Scene, make_settings, make_snapshot

MOVES = (SendSelect, SendOperate, SendStop)


def prompted_scene() -> Scene:
    scene = Scene()
    scene.go_online()
    scene.sign_on()
    scene.scan(BOX)
    assert scene.bank().prompt is not None
    return scene


def tell(scene: Scene, *entries: RingEntry, head: int, lost: int = 0) -> list[Any]:
    return scene.send(RingHistoryRead("A", entries, head, scene.mono_ms, lost))


def test_an_old_press_confirms_no_prompt_and_leaves_it_standing() -> None:
    scene = prompted_scene()
    scene.mono_ms += 500
    prompt = scene.bank().prompt
    effects = tell(scene, RingEntry(4, "button_pressed", 1, 0), RingEntry(5, "button_released", 1, 0), head=5)
    assert effects == []
    assert scene.bank().prompt == prompt
    live = (RingEntry(6, "button_pressed", 1, 0), RingEntry(7, "button_released", 1, 0))
    scene.send(RingEventsRead("A", live, 7, scene.mono_ms, fresh=scene.fresh(), readings=scene.readings()))
    assert scene.every(SendSelect), "the same press would have confirmed it"


@pytest.mark.parametrize("kind", ["edge", "door", "beam", "fire", "handle_moved", "panel_motion", "power"])
def test_history_neither_prompts_nor_moves_nor_stops_anything(kind: Any) -> None:
    scene = prompted_scene()
    scene.press()
    before = scene.bank()
    effects = tell(scene, RingEntry(4, kind, 3, 60_000), head=5)
    assert not [effect for effect in effects if not isinstance(effect, RecordFact)]
    after = scene.bank()
    assert (after.request, after.prompt, after.queue, after.ring_head) == (
        before.request,
        before.prompt,
        before.queue,
        before.ring_head,
    )


def test_it_is_recorded_as_earlier_and_a_gap_with_its_number() -> None:
    scene = Scene()
    scene.go_online()
    tell(scene, RingEntry(40, "handle_moved", 3, 90_000), RingEntry(41, "beam", 3, 80_000), head=41, lost=12)
    told = [fact for fact in scene.facts("shelf_event") if fact["event"].startswith("earlier_")]
    assert told == [
        {"bank": "A", "event": "earlier_handle_moved", "arg": 3, "ring_seq": 40},
        {"bank": "A", "event": "earlier_lost", "arg": 12},
    ]


@pytest.mark.parametrize(
    ("entries", "lost", "doubted"),
    [((), 1, True), ((RingEntry(4, "power"),), 0, True), ((RingEntry(4, "door", 1),), 0, False)],
)
def test_what_may_have_moved_the_columns_leaves_their_place_in_doubt(
    entries: tuple[RingEntry, ...], lost: int, doubted: bool
) -> None:
    scene = Scene()
    scene.go_online()
    tell(scene, *entries, head=5, lost=lost)
    assert scene.bank().doubted is doubted


def test_a_smoke_that_was_told_while_nobody_looked_stands() -> None:
    scene = Scene()
    scene.go_online()
    tell(scene, RingEntry(3, "water"), RingEntry(4, "smoke"), RingEntry(5, "water_over"), head=5)
    assert scene.bank().hazards == ("smoke",)


def start(scene: Scene) -> RecallRing:
    effects = scene.send(GatewayStarted("boot-2", "2", make_settings(), scene.fresh()))
    return scene.only(effects, RecallRing)


def test_a_start_goes_on_behind_what_was_told_last() -> None:
    scene = Scene()
    assert start(scene) == RecallRing("A", None, 0)
    scene.go_online(make_snapshot(ring_head=5))
    assert start(scene) == RecallRing("A", BOOT, 5), "of the first look nothing is missing"
    scene.go_online(make_snapshot(ring_head=9))
    assert start(scene) == RecallRing("A", BOOT, 5), "a head that was seen is not yet told"
    scene.go_online(make_snapshot(ring_head=9))
    tell(scene, RingEntry(6, "door", 1), RingEntry(7, "door", 0), head=7)
    assert start(scene) == RecallRing("A", BOOT, 7)
    scene.go_online(make_snapshot(ring_head=9))
    scene.send(RingEventsRead("A", (RingEntry(8, "door", 1), RingEntry(9, "door", 0)), 9, scene.mono_ms))
    assert start(scene) == RecallRing("A", BOOT, 9)
