"""What the shelf does by itself: reboots, motion of others, buttons, sleep, silence, restarts."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from edge.core.effects import (
    PermitLease,
    ReadOutcome,
    SendOperate,
    SendSelect,
    SendStop,
)
from edge.core.events import (
    CodeTyped,
    ControllerChanged,
    DetailArrived,
    GatewayStarted,
    Lookup,
    OutcomeRead,
    OverloadChanged,
    PinChecked,
    RingEventsRead,
    StoreChanged,
    WireFailed,
)
from edge.core.room import Source
from edge.core.snapshot import RingEntry, ShelfDetail
from edge.core.state import put_bank
from tests.unit.edge_core.scene import (
    BADGE,
    BOX,
    BOX_ROW,
    OTHER_BOX,
    OTHER_PLACE,
    Scene,
    make_bank,
    make_contacts,
    make_settings,
    make_snapshot,
    prompted_scene,
    ready_scene,
)


def outcome(scene: Scene) -> tuple[str, str]:
    last = [fact for fact in scene.facts("motion") if fact["phase"] == "outcome"][-1]
    return last["outcome"], last.get("reason", "")


def test_another_boot_makes_a_live_act_unknown() -> None:
    scene = prompted_scene()
    scene.travel()
    effects = scene.read(scene.moving(boot_id=0x1111))
    assert scene.only(effects, SendStop)
    assert outcome(scene) == ("unknown", "rebooted")
    assert scene.bank().doubted


def test_motion_of_others_voids_our_intent_and_is_not_countered() -> None:
    scene = prompted_scene()
    effects = scene.read(make_snapshot(state="moving"))
    assert scene.bank().prompt is None
    assert not [effect for effect in effects if isinstance(effect, (SendStop, SendSelect))]
    assert scene.facts("shelf_event")[-1]["event"] == "foreign_motion"
    scene.mono_ms += 3_000
    scene.read(make_snapshot(state="moving"))
    scene.scan(BOX)
    assert scene.answer() == "scan.queued"
    scene.mono_ms += 1_000
    scene.read(make_snapshot((5,), contacts=make_contacts(11, (5,))))
    prompt = scene.bank().prompt
    assert prompt is not None
    assert prompt.closing == (5,)
    assert scene.bank().presumed == (5,)
    assert not scene.every(SendSelect)


@pytest.mark.parametrize(("sign", "event"), [("fire", "foreign_motion_fire"), ("panel", "foreign_motion_panel")])
def test_who_moves_the_steel_is_recorded_and_a_fire_park_only_watched(sign: Any, event: str) -> None:
    scene = ready_scene()
    before = len(scene.log)
    scene.read(make_snapshot(state="moving", safety=(sign,)))
    assert event in [fact["event"] for fact in scene.facts("shelf_event")]
    assert not [effect for effect in scene.log[before:] if isinstance(effect, (SendStop, SendSelect))]
    scene.scan(BOX)
    assert not scene.every(SendSelect)


def test_a_panel_that_takes_over_ends_our_act_without_stop() -> None:
    scene = prompted_scene()
    scene.travel()
    effects = scene.send(RingEventsRead("A", (RingEntry(6, "panel_motion", 4),), 6, scene.mono_ms))
    assert not [effect for effect in effects if isinstance(effect, SendStop)]
    assert outcome(scene) == ("unknown", "foreign_motion")


@pytest.mark.parametrize("kind", ["power", "handle_moved", "clutch_released"])
def test_handle_clutch_and_power_leave_nothing_known(kind: Any) -> None:
    scene = prompted_scene()
    scene.travel()
    effects = scene.send(RingEventsRead("A", (RingEntry(6, kind),), 6, scene.mono_ms))
    assert scene.only(effects, SendStop)
    assert outcome(scene)[0] == "unknown"
    assert scene.bank().doubted


def test_lost_ring_entries_count_as_any_entry() -> None:
    scene = prompted_scene()
    scene.send(RingEventsRead("A", (), 99, scene.mono_ms, lost=True, fresh=scene.fresh()))
    assert scene.bank().doubted
    assert scene.bank().prompt is None
    assert scene.facts("shelf_event")[-1]["event"] == "events_lost"


def test_beam_and_occupancy_elsewhere_do_not_stop_a_motion() -> None:
    scene = prompted_scene()
    scene.travel()
    assert not scene.send(RingEventsRead("A", (RingEntry(6, "occupancy", 6),), 6, scene.mono_ms))
    assert scene.send(RingEventsRead("A", (RingEntry(7, "occupancy", 3),), 7, scene.mono_ms))


def test_a_button_at_the_bank_confirms_with_its_own_release() -> None:
    scene = prompted_scene()
    scene.mono_ms += 500
    entries = (RingEntry(6, "button_pressed", 1, age_ms=120), RingEntry(7, "button_released", 1, age_ms=20))
    event = RingEventsRead("A", entries, 7, scene.mono_ms, fresh=scene.fresh(), readings=scene.readings())
    scene.only(scene.send(event), SendSelect)
    operate = scene.only(scene.answer_select(ring_head=7), SendOperate)
    assert operate.ring_head == 7


def test_a_button_pressed_no_longer_after_the_prompt_than_an_answer_takes_confirms_nothing() -> None:
    """The age in the ring doesn't hold the answer's way over the line: the press may be the older of the two."""
    scene = prompted_scene()
    scene.wait(200)
    entries = (RingEntry(6, "button_pressed", 1, age_ms=120), RingEntry(7, "button_released", 1, age_ms=20))
    scene.send(RingEventsRead("A", entries, 7, scene.mono_ms, fresh=scene.fresh(), readings=scene.readings()))
    assert not scene.every(SendSelect)


@pytest.mark.parametrize(("age_ms", "selects"), [(14_800, 1), (15_001, 0)])
def test_a_press_that_the_ring_tells_late_is_as_old_as_it_is(age_ms: int, selects: int) -> None:
    """On a slow line an entry may be read long after its press: the 15 s begin with the press."""
    scene = prompted_scene()
    scene.wait(16_000)
    scene.read(make_snapshot())
    entries = (RingEntry(6, "button_pressed", 1, age_ms), RingEntry(7, "button_released", 1, age_ms - 100))
    event = RingEventsRead("A", entries, 7, scene.mono_ms, fresh=scene.fresh(), readings=scene.readings())
    assert len([effect for effect in scene.send(event) if isinstance(effect, SendSelect)]) == selects
    request = scene.bank().request
    if request is not None:
        assert request.deadline_mono_ms < scene.mono_ms + 200


def test_a_button_pressed_before_a_place_was_scanned_confirms_nothing() -> None:
    """The ring tells of the press after the scan; the press is the older of the two all the same."""
    scene = prompted_scene()
    scene.wait(500)
    scene.scan(OTHER_PLACE)
    scene.wait(160)
    entries = (RingEntry(6, "button_pressed", 1, age_ms=200), RingEntry(7, "button_released", 1, age_ms=190))
    effects = scene.send(RingEventsRead("A", entries, 7, scene.mono_ms, fresh=scene.fresh(), readings=scene.readings()))
    assert not [effect for effect in effects if isinstance(effect, SendSelect)]
    scene.wait(200)
    later = (RingEntry(8, "button_pressed", 1, age_ms=100), RingEntry(9, "button_released", 1, age_ms=20))
    effects = scene.send(RingEventsRead("A", later, 9, scene.mono_ms, fresh=scene.fresh(), readings=scene.readings()))
    assert [effect for effect in effects if isinstance(effect, SendSelect)]


@pytest.mark.parametrize(
    "entries",
    [
        (RingEntry(6, "button_pressed", 2, 100),),  # another button
        (RingEntry(6, "button_pressed", 1, 5_000),),  # pressed before the prompt
        (RingEntry(6, "button_pressed", 1, 100), RingEntry(7, "beam", 3, 50)),  # something else came after
        (RingEntry(6, "button_released", 1, 100),),
    ],
)
def test_other_button_events_confirm_nothing(entries: tuple[RingEntry, ...]) -> None:
    scene = prompted_scene()
    scene.mono_ms += 500
    scene.send(RingEventsRead("A", entries, entries[-1].sequence, scene.mono_ms, fresh=scene.fresh()))
    assert not scene.every(SendSelect)
    assert scene.bank().prompt is not None


def test_a_sleeping_bank_is_woken_and_the_prompt_can_be_pressed_only_when_awake() -> None:
    scene = Scene()
    scene.go_online(make_snapshot(state="asleep"))
    scene.sign_on()
    effects = scene.scan(BOX)
    assert "SendWake" in {type(effect).__name__ for effect in effects}
    scene.press()
    assert not scene.every(SendSelect)
    scene.mono_ms += 2_000
    scene.read(make_snapshot(state="waking"))
    scene.press()
    scene.read(make_snapshot())
    assert not scene.every(SendSelect)
    scene.press()
    assert len(scene.every(SendSelect)) == 1


def test_a_prompt_that_names_other_aisles_than_those_looked_at_needs_a_new_press() -> None:
    scene = prompted_scene()
    prompt = scene.bank().prompt
    assert prompt is not None
    scene.read(make_snapshot((4,), contacts=make_contacts(11, (4,))))
    changed = scene.bank().prompt
    assert changed is not None
    assert changed.closing == (4,)
    scene.press(prompt.wish.id)
    assert not scene.every(SendSelect)
    scene.press(changed.wish.id)
    assert len(scene.every(SendSelect)) == 1


def test_a_restart_reads_and_never_sends_again_nor_renews() -> None:
    scene = prompted_scene()
    scene.travel()
    scene.read(scene.moving())
    request = scene.bank().request
    assert request is not None
    before = len(scene.every(SendSelect)), len(scene.every(SendOperate))
    scene.mono_ms += 5_000
    effects = scene.send(GatewayStarted("boot-2", "test", scene.settings, fresh=scene.fresh()))
    assert scene.only(effects, ReadOutcome).request_id == request.request_id
    assert scene.only(effects, SendStop)
    scene.send(ControllerChanged("A", "online", 0xBEEF))
    moving = make_snapshot(state="moving", outcome="running", last_request_low=request.request_id & 0xFFFF)
    assert not [effect for effect in scene.read(moving) if isinstance(effect, PermitLease)]
    effects = scene.send(OutcomeRead("A", request.request_id, "running", scene.mono_ms))
    assert [type(effect).__name__ for effect in effects] == ["ReadOutcome"]
    scene.send(OutcomeRead("A", request.request_id, "failed", scene.mono_ms))
    assert outcome(scene) == ("failed", "restart")
    assert (len(scene.every(SendSelect)), len(scene.every(SendOperate))) == before


def test_a_controller_silent_after_a_restart_leaves_the_outcome_unknown() -> None:
    scene = prompted_scene()
    scene.travel()
    scene.send(GatewayStarted("boot-2", "test", scene.settings, fresh=scene.fresh()))
    scene.wait(1_000)
    assert scene.bank().stop is not None
    scene.wait(14_000)
    assert outcome(scene) == ("unknown", "restart")


def test_a_controller_that_falls_silent_in_motion_ends_it_unknown_with_stop() -> None:
    scene = prompted_scene()
    scene.travel()
    effects = scene.send(ControllerChanged("A", "silent"))
    assert scene.only(effects, SendStop)
    assert outcome(scene) == ("unknown", "controller_silent")


def test_two_free_aisles_open_by_scan_alone_when_a_wide_gap_can_give() -> None:
    settings = make_settings(make_bank(free_aisles=2))
    scene = ready_scene(settings)
    widths = tuple(1600 if aisle == 3 else 0 for aisle in range(1, 12))
    detail = ShelfDetail((None,) * 11, ("measured",) * 11, widths)
    scene.mono_ms += 1
    scene.send(DetailArrived("A", detail, scene.mono_ms))
    effects = scene.scan(BOX)
    assert scene.only(effects, SendSelect).aisle == 6
    request = scene.bank().request
    assert request is not None
    assert request.closing == ()


@pytest.mark.parametrize(
    "widths",
    [
        pytest.param((0,) * 11, id="the free width is nowhere"),
        pytest.param((0, 800, *(0,) * 9), id="another aisle than the open one"),
        pytest.param((800, 0, 800, *(0,) * 8), id="twice the free width"),
        pytest.param((0, 0, 800), id="too short"),
    ],
)
def test_widths_that_never_stood_so_are_not_believed(widths: tuple[int, ...]) -> None:
    """DETAIL comes in pieces: one from before a motion and one from after it hide the aisle that closes."""
    scene = ready_scene()
    scene.mono_ms += 1
    scene.send(DetailArrived("A", ShelfDetail((None,) * 11, ("measured",) * 11, widths), scene.mono_ms))
    assert not scene.bank().widths_valid
    scene.scan(BOX)
    assert not scene.every(SendSelect)
    prompt = scene.bank().prompt
    assert prompt is not None
    assert prompt.closing == (3,)


def test_a_typed_code_never_opens_by_itself() -> None:
    scene = ready_scene(make_settings(make_bank(free_aisles=2)))
    widths = tuple(1600 if aisle == 3 else 0 for aisle in range(1, 12))
    scene.send(DetailArrived("A", ShelfDetail((), ("measured",) * 11, widths), scene.mono_ms))
    scene.send(CodeTyped("kiosk-A", BOX, Lookup(1, BOX_ROW), scene.fresh(), scene.readings()))
    assert not scene.every(SendSelect)
    assert scene.bank().prompt is not None


def test_scan_alone_opens_only_a_bank_in_sight_of_where_the_scan_was_made() -> None:
    settings = make_settings(make_bank(free_aisles=2))
    far = replace(settings, sources=(Source("scan-1", "办公室扫描枪", "office"),))
    scene = Scene(far)
    scene.go_online()
    scene.scan(BADGE)
    scene.send(PinChecked("office", BADGE, "ok", 5, scene.fresh()))
    widths = tuple(1600 if aisle == 3 else 0 for aisle in range(1, 12))
    scene.mono_ms += 1
    scene.send(DetailArrived("A", ShelfDetail((None,) * 11, ("measured",) * 11, widths), scene.mono_ms))
    scene.scan(BOX)
    assert not scene.every(SendSelect)
    assert scene.bank().prompt is not None
    assert scene.answer("office") == "scan.prompted_open"


def test_another_boot_met_when_the_controller_comes_back_leaves_nothing_known() -> None:
    scene = ready_scene()
    scene.send(GatewayStarted("boot-2", "test", scene.settings, fresh=scene.fresh()))
    scene.send(ControllerChanged("A", "online", 0x1111))
    assert scene.bank().doubted
    scene.read(make_snapshot(boot_id=0x1111))
    assert scene.bank().doubted


@pytest.mark.parametrize("kind", ["edge", "emergency_stop", "trip"])
def test_a_trip_empties_prompt_and_queue(kind: Any) -> None:
    scene = prompted_scene()
    scene.send(RingEventsRead("A", (RingEntry(6, kind, 3),), 6, scene.mono_ms, fresh=scene.fresh()))
    assert scene.bank().prompt is None
    scene = prompted_scene()
    scene.scan(OTHER_BOX)
    wish = scene.bank().prompt
    assert wish is not None
    scene.press()
    queued = replace(scene.bank(), queue=(wish.wish,))
    scene.state = put_bank(scene.state, "A", queued)
    scene.send(RingEventsRead("A", (RingEntry(6, kind, 3),), 6, scene.mono_ms, fresh=scene.fresh()))
    assert scene.bank().queue == ()
    assert scene.bank().prompt is None


@pytest.mark.parametrize(
    "seen", [{"safety": ("edge",)}, {"safety": ("fire",)}, {"state": "stopped"}, {"state": "fault"}]
)
def test_a_trip_seen_only_in_a_reading_empties_them_too(seen: dict[str, Any]) -> None:
    scene = prompted_scene()
    scene.read(make_snapshot(**seen))
    assert scene.bank().prompt is None


def test_an_aisle_that_others_opened_unseen_may_have_somebody_inside() -> None:
    scene = ready_scene()
    scene.mono_ms += 60_000
    scene.read(make_snapshot((8,), contacts=make_contacts(11, (8,))))
    assert 8 in scene.bank().presumed


def test_an_aisle_found_open_after_a_restart_may_have_somebody_inside() -> None:
    scene = prompted_scene()
    scene.travel()
    scene.state = put_bank(scene.state, "A", replace(scene.bank(), presumed=(3,)))
    scene.send(GatewayStarted("boot-2", "test", scene.settings, fresh=scene.fresh()))
    scene.send(ControllerChanged("A", "online", 0xBEEF))
    scene.read(make_snapshot((8,), contacts=make_contacts(11, (8,))))
    assert scene.bank().presumed == (3, 8)


def test_ring_entries_lost_in_motion_stop_it() -> None:
    scene = prompted_scene()
    scene.travel()
    effects = scene.send(RingEventsRead("A", (), 60, scene.mono_ms, lost=True, fresh=scene.fresh()))
    assert scene.only(effects, SendStop).reason == "events_lost"


@pytest.mark.parametrize("fault", [StoreChanged("full"), OverloadChanged(active=True)])
def test_what_halts_motion_halts_an_act_whose_outcome_is_being_read(fault: Any) -> None:
    scene = prompted_scene()
    scene.press()
    scene.answer_select()
    request = scene.bank().request
    assert request is not None
    scene.send(WireFailed("A", request.request_id, "operate", "timed_out"))
    assert scene.only(scene.send(fault), SendStop)
    halted = scene.bank().request
    assert halted is not None
    assert halted.token == 0


def test_the_release_of_the_confirming_button_may_come_before_the_last_look() -> None:
    scene = prompted_scene()
    scene.mono_ms += 500
    press = RingEntry(6, "button_pressed", 1)
    scene.send(RingEventsRead("A", (press,), 6, scene.mono_ms, fresh=scene.fresh(), readings=scene.readings()))
    scene.send(RingEventsRead("A", (RingEntry(7, "button_released", 1),), 7, scene.mono_ms, fresh=scene.fresh()))
    assert scene.only(scene.answer_select(ring_head=7), SendOperate).ring_head == 7
