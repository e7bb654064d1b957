"""Sensors that should have seen, scans that may open alone, and the air of the room."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from edge.core.effects import SendSelect, SendStop
from edge.core.events import (
    ClockChanged,
    ControllerChanged,
    DetailArrived,
    GatewayStarted,
    Now,
    OperationAsked,
    RingEventsRead,
)
from edge.core.room import ClimateBands, ScanAlone, Sensor, SensorKind
from edge.core.snapshot import RingEntry, ShelfDetail
from edge.core.state import put_bank
from edge.core.view import kiosk_view
from tests.unit.edge_core.scene import (
    BOX,
    OTHER_PLACE,
    PLACE,
    START,
    Scene,
    make_bank,
    make_settings,
    make_snapshot,
    ready_scene,
)

ALL = tuple(range(1, 12))
DUE = START + timedelta(days=100)


def sensor(kind: SensorKind, sensor_id: str = "s1", **more: Any) -> Sensor:
    values: dict[str, Any] = {"aisles": ALL, "tested_on": "2026-10-01", "test_due_at": DUE}
    return Sensor(sensor_id, kind, "地面光电", **{**values, **more})


def entry(**more: Any) -> ScanAlone:
    values: dict[str, Any] = {
        "names": ("王建国", "李敏"), "document": "RA-2026-7", "signed_on": "2026-10-01", "expires_at": DUE,
    }  # fmt: skip
    return ScanAlone(**{**values, **more})


def room(*sensors: Sensor, **more: Any) -> Scene:
    return ready_scene(make_settings(make_bank(sensors=sensors, **more)))


def states(scene: Scene) -> list[str]:
    return [view["key"] for view in kiosk_view(scene.state, scene.now)["states"]]


# -- a sensor that should have seen -------------------------------------------------------------------------------


def stand_unseen(scene: Scene, place: str = OTHER_PLACE, kind: Any = "trigger") -> None:
    """Somebody scans a place in aisle 3 (tier 2); for two seconds the sensors say nothing."""
    scene.scan(place, kind=kind)
    for _ in range(4):
        scene.mono_ms += 500
        scene.read(make_snapshot())


@pytest.mark.parametrize("kind", ["foot_beam", "pir", "entry_beams"])
def test_a_sensor_that_saw_nobody_where_somebody_scanned_is_faulty(kind: SensorKind) -> None:
    scene = room(sensor(kind))
    stand_unseen(scene)
    shown = kiosk_view(scene.state, scene.now)["banks"][0]["sensors"][0]
    assert shown["state"] == "faulty"
    assert "sensor_faulty" in states(scene)
    assert scene.facts("shelf_event")[-1]["event"] == "sensor_blind_s1"
    assert 3 in scene.bank().presumed
    facts = len(scene.facts("shelf_event"))
    stand_unseen(scene)
    assert len(scene.facts("shelf_event")) == facts, "marked once"


@pytest.mark.parametrize(
    ("spec", "place", "kind"),
    [
        (sensor("edge"), OTHER_PLACE, "trigger"),  # feels only what it touches
        (sensor("foot_beam", sees_up_to_tier=1), OTHER_PLACE, "trigger"),  # the person stood on a ladder
        (sensor("foot_beam", aisles=(6,)), OTHER_PLACE, "trigger"),  # watches another aisle
        (sensor("pir"), OTHER_PLACE, "camera"),  # a label held before a camera is no person inside
        (sensor("pir"), BOX, "trigger"),  # nor is a box
    ],
)
def test_a_sensor_owes_no_sight_beyond_what_it_declares(spec: Sensor, place: str, kind: Any) -> None:
    scene = room(spec)
    stand_unseen(scene, place, kind)
    assert scene.bank().faulty == ()


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_sighting_shortly_before_or_after_the_scan_is_enough(when: str) -> None:
    scene = room(sensor("foot_beam"))
    if when == "before":
        scene.read(make_snapshot(occupied=(3,)))
    scene.scan(OTHER_PLACE)
    scene.mono_ms += 700
    if when == "after":
        scene.read(make_snapshot(occupied=(3,)))
    scene.mono_ms += 3_000
    scene.read(make_snapshot())
    assert scene.bank().faulty == ()


def test_a_sensor_that_says_it_does_not_know_or_a_silent_controller_is_not_blamed() -> None:
    unsure = room(sensor("foot_beam"))
    unsure.scan(OTHER_PLACE)
    unsure.mono_ms += 2_000
    unsure.read(make_snapshot(occupancy_unknown=(3,)))
    assert unsure.bank().faulty == ()
    silent = room(sensor("foot_beam"))
    silent.scan(OTHER_PLACE)
    silent.send(ControllerChanged("A", "silent"))
    silent.mono_ms += 5_000
    silent.go_online()
    silent.mono_ms += 5_000
    silent.read(make_snapshot())
    assert silent.bank().faulty == ()


def test_only_a_newer_proof_test_takes_the_mark_away() -> None:
    scene = room(sensor("foot_beam"))
    stand_unseen(scene)
    scene.send(GatewayStarted("boot-2", "test", scene.settings, fresh=scene.fresh()))
    assert [mark.sensor for mark in scene.bank().faulty] == ["s1"]
    proven = make_settings(make_bank(sensors=(sensor("foot_beam", tested_on="2026-11-25"),)))
    scene.send(GatewayStarted("boot-3", "test", proven, fresh=scene.fresh()))
    assert scene.bank().faulty == ()


def test_a_proof_test_that_ran_out_is_shown() -> None:
    scene = room(sensor("foot_beam", test_due_at=START))
    assert kiosk_view(scene.state, scene.now)["banks"][0]["sensors"][0]["state"] == "overdue"
    assert "sensor_overdue" in states(scene)


# -- a scan alone ---------------------------------------------------------------------------------------------------


def look(scene: Scene) -> Scene:
    """Somebody has looked into aisle 3 since it was opened: nobody is presumed there any more."""
    scene.state = put_bank(scene.state, "A", replace(scene.bank(), presumed=()))
    return scene


def watched(**more: Any) -> Scene:
    values: dict[str, Any] = {"scan_alone": entry()}
    return look(room(sensor("foot_beam"), sensor("entry_beams", "s2"), **{**values, **more}))


def test_the_owners_entry_lets_a_scan_close_an_aisle() -> None:
    scene = watched()
    assert scene.facts("gateway_state")[1] == {
        "state": "scan_alone", "detail": "A: RA-2026-7, 王建国, 李敏, 2027-03-04",
    }  # fmt: skip
    assert "scan_alone" in states(scene)
    view = kiosk_view(scene.state, scene.now)["banks"][0]["scan_alone"]
    assert view is not None
    assert view["active"]
    assert view["document"] == "RA-2026-7"
    select = scene.only(scene.scan(BOX), SendSelect)
    assert select.aisle == 6
    shown = {aisle["no"]: aisle["occupancy"] for aisle in kiosk_view(scene.state, scene.now)["banks"][0]["aisles"]}
    assert shown[3] == "unknown", "nobody looked, so nobody says that it is clear"
    assert "opened_by_scan_alone" in [fact["event"] for fact in scene.facts("shelf_event")]


def presume(scene: Scene) -> None:
    scene.scan(OTHER_PLACE)
    scene.state = replace(scene.state, sessions={k: replace(s, place=None) for k, s in scene.state.sessions.items()})


@pytest.mark.parametrize(
    ("more", "prepare"),
    [
        ({"scan_alone": None}, None),
        ({"scan_alone": entry(expires_at=START)}, None),
        ({"scan_opens": False}, None),  # an adapter without proven STOP and read-back
        ({"sensors": ()}, None),
        ({"sensors": (sensor("edge"),)}, None),  # feels only at contact
        ({"sensors": (sensor("foot_beam", aisles=(6,)),)}, None),
        ({"sensors": (sensor("foot_beam", test_due_at=START),)}, None),
        ({"sensors": (sensor("foot_beam", test_due_at=None),)}, None),
        ({}, presume),
        ({}, lambda s: s.read(make_snapshot(occupancy_unknown=(3,)))),
        ({}, lambda s: s.send(ClockChanged(steady=False, step_ms=9_000))),
        ({}, lambda s: s.send(RingEventsRead("A", (RingEntry(6, "handle_moved"),), 6, s.mono_ms))),
        ({}, stand_unseen),
    ],
)
def test_whatever_speaks_against_it_asks_for_the_press(more: dict[str, Any], prepare: Any) -> None:
    bank = make_bank(**{"scan_alone": entry(), "sensors": (sensor("foot_beam"),), **more})
    scene = look(ready_scene(make_settings(bank)))
    if prepare is not None:
        prepare(scene)
        scene.state = replace(
            scene.state, sessions={k: replace(s, place=None) for k, s in scene.state.sessions.items()}
        )  # fmt: skip
    scene.scan(BOX)
    assert not scene.every(SendSelect)
    assert scene.bank().prompt is not None


def test_a_scan_alone_that_nobody_pulled_a_trigger_for_asks_for_the_press() -> None:
    for kind in ("camera", "serial", "typed"):
        scene = watched()
        scene.scan(BOX, kind=kind)
        assert not scene.every(SendSelect)


def test_seen_occupied_refuses_a_scan_alone_too_and_stops_what_it_began() -> None:
    scene = watched()
    scene.read(make_snapshot(occupied=(3,)))
    scene.scan(BOX)
    assert not scene.every(SendSelect)
    moving = watched()
    moving.scan(BOX)
    moving.answer_select()
    moving.answer_operate()
    moving.mono_ms += 40
    assert moving.only(moving.read(moving.moving(occupied=(3,))), SendStop)


def test_an_entry_that_ran_out_is_told_and_opens_nothing() -> None:
    scene = watched(scan_alone=entry(expires_at=START + timedelta(seconds=60)))
    scene.mono_ms += 61_000
    scene.read(make_snapshot())
    assert "scan_alone_ended" in states(scene)
    scene.scan(BOX)
    assert not scene.every(SendSelect)
    scene.send(GatewayStarted("boot-2", "test", scene.settings, fresh=scene.fresh()))
    assert scene.facts("gateway_state")[-1]["state"] == "scan_alone_ended"


# -- climate and dangers ----------------------------------------------------------------------------------------------


def measure(scene: Scene, temperature_dc: int | None, humidity_permille: int | None) -> tuple[str, ...]:
    detail = ShelfDetail(temperature_dc=temperature_dc, humidity_permille=humidity_permille)
    scene.send(DetailArrived("A", detail, scene.mono_ms))
    return scene.bank().alarms


def test_an_alarm_begins_at_the_edge_of_its_band_and_ends_some_way_inside() -> None:
    scene = ready_scene()
    assert measure(scene, 240, 600) == ()
    assert measure(scene, 241, 600) == ("hot",)
    assert measure(scene, 236, 601) == ("hot", "humid")
    assert measure(scene, None, 581) == ("hot", "humid")
    assert measure(scene, 235, 580) == ()
    assert measure(scene, 139, 449) == ("cold", "dry")
    assert measure(scene, 144, 469) == ("cold", "dry")
    assert measure(scene, 145, 470) == ()
    events = [(fact["event"], fact["arg"]) for fact in scene.facts("shelf_event") if "climate" in fact["event"]]
    assert events == [
        ("climate_hot", 241), ("climate_humid", 601), ("climate_hot_over", 235), ("climate_humid_over", 580),
        ("climate_cold", 139), ("climate_dry", 449), ("climate_cold_over", 145), ("climate_dry_over", 470),
    ]  # fmt: skip


def test_bands_are_the_rooms_own_and_alarms_are_shown() -> None:
    settings = replace(make_settings(), climate=ClimateBands(temperature_max_dc=180))
    scene = ready_scene(settings)
    measure(scene, 190, 500)
    assert "climate_hot" in states(scene)
    view = kiosk_view(scene.state, scene.now)["banks"][0]["climate"]
    assert view == {
        "temperature_dc": 190, "humidity_permille": 500, "out": ["hot"],
        "temperature_band_dc": [140, 180], "humidity_band_permille": [450, 600],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("told", "inputs", "shown"),
    [((), None, None), ((), (), None), (("door_contact",), (), False), (("door_contact",), ("door_open",), True)],
)
def test_a_door_is_shown_where_its_contact_tells_of_it(told: Any, inputs: Any, shown: bool | None) -> None:
    scene = ready_scene()
    scene.send(ControllerChanged("A", "online", capabilities=told))
    scene.send(DetailArrived("A", ShelfDetail(room_inputs=inputs), scene.mono_ms))
    assert kiosk_view(scene.state, scene.now)["banks"][0]["door_open"] is shown


@pytest.mark.parametrize("hazard", ["fire", "smoke", "water"])
def test_dangers_stop_are_shown_and_end_with_their_own_event(hazard: Any) -> None:
    scene = ready_scene()
    scene.scan(BOX)
    scene.travel()
    effects = scene.send(RingEventsRead("A", (RingEntry(6, hazard),), 6, scene.mono_ms))
    assert scene.only(effects, SendStop)
    assert f"hazard_{hazard}" in states(scene)
    assert kiosk_view(scene.state, scene.now)["banks"][0]["hazards"] == [hazard]
    over: Any = f"{hazard}_over"
    scene.send(RingEventsRead("A", (RingEntry(7, over),), 7, scene.mono_ms))
    assert kiosk_view(scene.state, scene.now)["banks"][0]["hazards"] == []
    assert [fact["event"] for fact in scene.facts("shelf_event")][-1] == f"{hazard}_over"


@pytest.mark.parametrize("hazard", ["smoke", "water"])
def test_a_contact_of_the_room_counts_as_long_as_it_is_read(hazard: Any) -> None:
    scene = ready_scene()
    scene.send(ControllerChanged("A", "online", capabilities=("smoke_input", "water_input")))
    scene.scan(BOX)
    scene.travel()
    scene.send(DetailArrived("A", ShelfDetail(room_inputs=(hazard,)), scene.mono_ms))
    assert scene.only(scene.read(scene.moving()), SendStop).reason == hazard
    still = ready_scene()
    still.send(ControllerChanged("A", "online", capabilities=("smoke_input", "water_input")))
    still.send(RingEventsRead("A", (RingEntry(6, hazard),), 6, still.mono_ms))
    still.send(DetailArrived("A", ShelfDetail(room_inputs=(hazard, "door_open")), still.mono_ms))
    assert still.bank().hazards == (hazard,)
    still.send(DetailArrived("A", ShelfDetail(room_inputs=("door_open",)), still.mono_ms))
    assert still.bank().hazards == (), "its end may be missed in the ring, but not here"


def test_a_fire_is_not_cleared_at_the_screen() -> None:
    scene = ready_scene()
    scene.send(RingEventsRead("A", (RingEntry(6, "fire"), RingEntry(7, "smoke")), 7, scene.mono_ms))
    scene.send(OperationAsked("kiosk-A", "A", "clear_fault", fresh=scene.fresh(), readings=scene.readings()))
    assert scene.bank().hazards == ("fire",)
    scene.send(ControllerChanged("A", "online", capabilities=("fire_input",)))
    scene.send(DetailArrived("A", ShelfDetail(), scene.mono_ms))
    assert scene.bank().hazards == (), "the input itself says that it is over"


def test_faults_and_an_open_door_are_named() -> None:
    scene = ready_scene()
    scene.read(make_snapshot(faults=("overload",)))
    scene.send(DetailArrived("A", ShelfDetail(room_inputs=("door_open",)), scene.mono_ms))
    assert {"bank_fault", "door_open"} <= set(states(scene))


def test_a_place_of_the_other_aisle_is_no_sighting_owed_by_this_one() -> None:
    scene = room(sensor("foot_beam", aisles=(3,)))
    stand_unseen(scene, PLACE)
    assert scene.bank().faulty == ()
    now = Now(scene.mono_ms, datetime(2026, 11, 24, tzinfo=UTC))
    assert kiosk_view(scene.state, now)["banks"][0]["sensors"][0]["state"] == "ok"
