"""From a scan to an open aisle, and every way it must end before."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from edge.core.effects import (
    PermitLease,
    ReadOutcome,
    SendDeselect,
    SendOperate,
    SendSelect,
    SendStop,
    SetIndicator,
)
from edge.core.events import (
    OutcomeRead,
    RingEventsRead,
    SnapshotArrived,
    StopPressed,
    StopReadBack,
    WireFailed,
)
from edge.core.snapshot import RingEntry
from tests.unit.edge_core.scene import (
    BOX,
    PLACE,
    PLACE_ROW,
    Scene,
    make_contacts,
    make_snapshot,
    prompted_scene,
)


def outcome(scene: Scene) -> tuple[str, str]:
    last = [fact for fact in scene.facts("motion") if fact["phase"] == "outcome"][-1]
    return last["outcome"], last.get("reason", "")


def test_the_whole_way() -> None:
    scene = prompted_scene()
    prompt = scene.bank().prompt
    assert prompt is not None
    assert prompt.closing == (3,)
    assert scene.answer() == "scan.prompted"
    assert not scene.every(SendSelect)

    select = scene.only(scene.press(), SendSelect)
    assert (select.aisle, select.face, select.section, select.tier) == (6, "A", 3, 4)
    assert scene.bank().prompt is None

    operate = scene.only(scene.answer_select(token=77), SendOperate)
    assert (operate.token, operate.ring_head, operate.request_id) == (77, 5, select.request_id)
    assert operate.deadline_mono_ms <= scene.mono_ms + 300

    scene.answer_operate()
    scene.mono_ms += 40
    permit = scene.only(scene.read(scene.moving(state="warning")), PermitLease)
    assert (permit.token, permit.until_mono_ms) == (77, scene.mono_ms + 250)

    light = scene.only(scene.arrive(), SetIndicator)
    assert (light.aisle, light.face, light.section, light.tier) == (6, "A", 3, 4)
    phases = [(fact["phase"], fact.get("outcome")) for fact in scene.facts("motion")]
    assert phases == [("intent", None), ("outcome", "done")]
    assert scene.bank().request is None


def test_intent_stands_before_select() -> None:
    scene = prompted_scene()
    effects = scene.press()
    kinds = [type(effect).__name__ for effect in effects]
    assert kinds.index("RecordFact") < kinds.index("SendSelect")


def test_one_select_per_prompt() -> None:
    scene = prompted_scene()
    prompt = scene.bank().prompt
    assert prompt is not None
    scene.press(prompt.wish.id)
    scene.press(prompt.wish.id)
    scene.press(prompt.wish.id)
    assert len(scene.every(SendSelect)) == 1
    assert scene.answer() == "scan.no_prompt"


def test_a_press_from_afar_or_out_of_sight_starts_nothing() -> None:
    scene = prompted_scene()
    scene.press(afar=True)
    assert scene.answer() == "refused.afar"
    scene.press(point_id="kiosk-B")
    scene.press(point_id="card-A")  # a card's point is not a screen
    assert not scene.every(SendSelect)
    assert scene.bank().prompt is not None


def test_a_prompt_runs_out_with_its_request() -> None:
    scene = prompted_scene()
    prompt = scene.bank().prompt
    assert prompt is not None
    scene.wait(30_000)
    assert scene.bank().prompt is None
    scene.press(prompt.wish.id)
    assert not scene.every(SendSelect)


def test_a_confirmation_lives_15_s_to_select_and_30_s_from_the_scan() -> None:
    scene = prompted_scene()
    scanned = scene.mono_ms - 1
    scene.read(make_snapshot())
    select = scene.only(scene.press(), SendSelect)
    assert select.deadline_mono_ms == scene.mono_ms + 15_000
    late = prompted_scene()
    late.mono_ms += 20_000
    late.read(make_snapshot())
    select = late.only(late.press(), SendSelect)
    assert select.deadline_mono_ms == scanned + 30_000


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"ring_head": 6}, "changed"),
        ({"occupied": (3,)}, "seen_occupied"),
        ({"aisle": 5}, "echo_differs"),
        ({"contacts": make_contacts(11, (4,))}, "changed"),
        ({"read_mono_ms": 1}, "stale"),
    ],
)
def test_operate_leaves_only_if_the_last_look_finds_nothing_changed(change: dict[str, Any], reason: str) -> None:
    scene = prompted_scene()
    scene.press()
    effects = scene.answer_select(**change)
    assert not scene.every(SendOperate)
    assert scene.only(effects, SendDeselect).bank == "A"
    assert outcome(scene) == ("refused", reason)


def test_300_ms_is_fresh_and_301_is_not() -> None:
    for age, leaves in ((300, True), (301, False)):
        scene = prompted_scene()
        scene.press()
        scene.answer_select(read_mono_ms=scene.mono_ms + 30 - age)
        assert bool(scene.every(SendOperate)) is leaves


def test_reasons_of_the_controller_are_told() -> None:
    scene = prompted_scene()
    scene.press()
    scene.answer_select(reasons=("occupied",), token=0)
    assert outcome(scene) == ("refused", "occupied")
    assert scene.answer() == "motion.refused"
    again = prompted_scene()
    again.press()
    again.answer_select()
    again.answer_operate(("ring_moved",))
    assert outcome(again) == ("refused", "ring_moved")


def test_a_place_scanned_after_the_press_kills_the_confirmation() -> None:
    scene = prompted_scene()
    scene.press()
    effects = scene.scan(PLACE)
    assert scene.only(effects, SendDeselect)
    assert outcome(scene) == ("refused", "changed")
    assert not scene.every(SendOperate)
    assert scene.bank().presumed == (3, 6)


def test_a_place_scanned_before_operate_is_acknowledged_calls_it_back() -> None:
    scene = prompted_scene()
    scene.press()
    scene.answer_select()
    assert scene.every(SendOperate)
    effects = scene.scan(PLACE)  # in the very aisle that is to open: still a place scan of that bank
    assert scene.only(effects, SendStop).reason == "place_scanned"
    assert not [effect for effect in effects if isinstance(effect, PermitLease)]


@pytest.mark.parametrize("kind", ["door", "beam", "trip", "button_pressed", "occupancy", "other"])
def test_any_ring_event_after_the_press_kills_the_confirmation(kind: Any) -> None:
    scene = prompted_scene()
    scene.press()
    scene.send(RingEventsRead("A", (RingEntry(6, kind, 3),), 6, scene.mono_ms, fresh=scene.fresh()))
    assert outcome(scene) == ("refused", "changed")
    assert not scene.every(SendOperate)


def test_seen_occupied_refuses_a_press_until_the_sensor_is_free() -> None:
    scene = prompted_scene()
    scene.read(make_snapshot(occupied=(3,)))
    scene.press()
    assert scene.answer() == "refused.seen_occupied"
    assert not scene.every(SendSelect)
    scene.read(make_snapshot())
    scene.press()
    assert len(scene.every(SendSelect)) == 1


def test_presumed_occupied_is_answered_by_a_look_and_a_press() -> None:
    scene = prompted_scene()
    assert scene.bank().presumed == (3,)  # open at the start: nobody has looked
    scene.travel()
    scene.arrive()
    assert scene.bank().presumed == ()


def test_permits_come_only_from_fresh_readings_of_our_act() -> None:
    scene = prompted_scene()
    scene.travel()
    reading = scene.moving()
    assert scene.only(scene.read(reading), PermitLease).until_mono_ms == scene.mono_ms + 250
    stale_ms = scene.mono_ms
    scene.mono_ms += 250
    assert not scene.send(SnapshotArrived("A", replace(reading, sequence=2), stale_ms))
    assert not scene.wait(0)


def test_a_reading_older_than_the_answer_to_operate_tells_nothing() -> None:
    scene = prompted_scene()
    scene.press()
    scene.answer_select()
    before = scene.mono_ms
    scene.answer_operate()
    effects = scene.send(SnapshotArrived("A", scene.moving(state="idle", outcome="done"), before))
    assert effects == []
    assert scene.bank().request is not None


def test_somebody_seen_in_the_closing_aisle_stops_the_motion() -> None:
    scene = prompted_scene()
    scene.travel()
    effects = scene.read(scene.moving(occupied=(3,)))
    assert scene.only(effects, SendStop).reason == "seen_occupied"
    assert not [effect for effect in effects if isinstance(effect, PermitLease)]
    assert not scene.read(scene.moving())
    scene.send(StopReadBack("A", standstill=True))
    request = scene.bank().request
    assert request is not None
    scene.send(OutcomeRead("A", request.request_id, "failed", scene.mono_ms))
    assert outcome(scene) == ("failed", "seen_occupied")


def test_a_place_scanned_in_the_closing_aisle_stops_the_motion() -> None:
    scene = prompted_scene()
    scene.travel()
    inside = replace(PLACE_ROW, column=3, face="B", box_code=None)
    scene.places[PLACE] = inside
    effects = scene.scan(PLACE)
    assert scene.only(effects, SendStop).reason == "place_scanned"


def test_travel_time_and_a_fifth_ends_the_permit() -> None:
    scene = prompted_scene()
    scene.travel()
    request = scene.bank().request
    assert request is not None
    assert request.deadline_mono_ms == scene.mono_ms - 40 + 3_000 + 36_000
    scene.mono_ms = request.deadline_mono_ms - 100
    permit = scene.only(scene.read(scene.moving()), PermitLease)
    assert permit.until_mono_ms == request.deadline_mono_ms
    assert scene.only(scene.wait(100), SendStop).reason == "travel_time"


def test_stop_not_read_back_in_time_sounds_the_alarm_and_blocks() -> None:
    scene = prompted_scene()
    scene.travel()
    scene.send(StopPressed("kiosk-A"))
    assert scene.bank().stop is not None
    scene.wait(999)
    assert scene.bank().stop is not None
    assert not scene.bank().stop.alarm  # type: ignore[union-attr]
    scene.wait(1)
    stop = scene.bank().stop
    assert stop is not None
    assert stop.alarm
    assert outcome(scene) == ("unknown", "stop_unconfirmed")
    scene.mono_ms += 3_000
    scene.read(make_snapshot())
    scene.scan(BOX)
    assert scene.answer() == "refused.stopping"
    scene.send(StopReadBack("A", standstill=True))
    assert scene.bank().stop is None


def test_stop_empties_prompt_and_queue_without_log_in() -> None:
    scene = Scene()
    scene.go_online()
    scene.sign_on()
    scene.scan(BOX)
    effects = scene.send(StopPressed("nobody"))
    assert scene.only(effects, SendStop).bank == "A"
    assert scene.bank().prompt is None
    assert scene.bank().queue == ()


def test_after_a_time_out_the_outcome_is_read_and_nothing_is_sent_again() -> None:
    scene = prompted_scene()
    select = scene.only(scene.press(), SendSelect)
    effects = scene.send(WireFailed("A", select.request_id, "select", "time_out"))
    assert scene.only(effects, ReadOutcome).request_id == select.request_id
    effects = scene.send(OutcomeRead("A", select.request_id, None, scene.mono_ms))
    assert outcome(scene) == ("failed", "time_out")
    assert scene.only(effects, SendDeselect)
    assert len(scene.every(SendSelect)) == 1
    assert not scene.every(SendStop)


def test_an_operate_without_answer_goes_on_only_if_the_controller_says_it_runs() -> None:
    scene = prompted_scene()
    scene.press()
    operate = scene.only(scene.answer_select(), SendOperate)
    scene.send(WireFailed("A", operate.request_id, "operate", "time_out"))
    assert not scene.read(scene.moving())  # no permit while the outcome is being read
    scene.mono_ms += 10
    scene.send(OutcomeRead("A", operate.request_id, "running", scene.mono_ms))
    scene.mono_ms += 10
    assert scene.only(scene.read(scene.moving()), PermitLease).token == 77
    assert len(scene.every(SendOperate)) == 1


def test_an_outcome_that_cannot_be_read_is_unknown_and_stop_goes_out() -> None:
    scene = prompted_scene()
    scene.press()
    operate = scene.only(scene.answer_select(), SendOperate)
    scene.send(WireFailed("A", operate.request_id, "operate", "time_out"))
    effects = scene.wait(1_500)
    assert scene.only(effects, SendStop)
    assert outcome(scene)[0] == "unknown"
    low = operate.request_id & 0xFFFF
    assert not scene.read(make_snapshot(state="moving", outcome="running", last_request_low=low))


def test_an_order_dropped_as_late_ends_without_reading() -> None:
    scene = prompted_scene()
    select = scene.only(scene.press(), SendSelect)
    scene.send(WireFailed("A", select.request_id, "select", "late"))
    assert outcome(scene) == ("failed", "late")
    assert not scene.every(ReadOutcome)
