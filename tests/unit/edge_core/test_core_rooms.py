"""Rooms with several banks, on one bus and on several: each bank for itself, as many at once as the bus can renew."""

from __future__ import annotations

from dataclasses import replace

from edge.core.effects import PermitLease, SendSelect, SendStop
from edge.core.events import (
    ControllerChanged,
    OperateAnswered,
    OperationAsked,
    RingEventsRead,
    SelectAnswered,
    SnapshotArrived,
    StopPressed,
)
from edge.core.room import RoomSettings
from edge.core.snapshot import RingEntry, SelectAnswer
from edge.core.view import kiosk_view
from tests.unit.edge_core.scene import BOOT, Scene, make_bank, make_contacts, make_settings, make_snapshot

BUSES = {"A": "bus1", "B": "bus1", "C": "bus2", "D": "bus2"}


def make_room(**limits: int) -> RoomSettings:
    banks = [replace(make_bank(bank), bus=bus) for bank, bus in BUSES.items()]
    return replace(make_settings(*banks), moving_limit=tuple(limits.items()))


def make_scene(**limits: int) -> Scene:
    scene = Scene(make_room(**limits))
    for bank in BUSES:
        scene.go_online(bank=bank)
    return scene


def ask(scene: Scene, bank: str, aisle: int = 6) -> None:
    point = f"kiosk-{bank}"
    scene.send(OperationAsked(point, bank, "open_aisle", aisle, fresh=scene.fresh(), readings=scene.readings()))


def set_moving(scene: Scene, bank: str) -> list[PermitLease]:
    """From the wish to the first reading of the motion; answers the permits it was given."""
    ask(scene, bank)
    prompt = scene.bank(bank).prompt
    assert prompt is not None
    scene.press(prompt.wish.id, f"kiosk-{bank}")
    request = scene.bank(bank).request
    assert request is not None
    answer = SelectAnswer("open_aisle", 6, (), 77, 9, 5, contacts=make_contacts(11, (3,)))
    scene.send(SelectAnswered(bank, request.request_id, answer, scene.mono_ms))
    scene.send(OperateAnswered(bank, request.request_id, (), scene.mono_ms))
    scene.mono_ms += 40
    effects = see_moving(scene, bank)
    return [effect for effect in effects if isinstance(effect, PermitLease)]


def see_moving(scene: Scene, bank: str) -> list[object]:
    request = scene.bank(bank).request
    assert request is not None
    low = request.request_id & 0xFFFF
    snapshot = make_snapshot((), state="moving", outcome="running", last_request_low=low, target_aisle=6)
    return list(scene.send(SnapshotArrived(bank, snapshot, scene.mono_ms)))


def refresh(scene: Scene) -> None:
    for bank in BUSES:
        if scene.bank(bank).request is None:
            scene.read(make_snapshot(), bank)


def test_banks_of_several_buses_move_at_once_and_each_permit_is_its_own() -> None:
    scene = make_scene(bus1=1, bus2=2)
    for bank in ("A", "C", "D"):
        refresh(scene)
        permits = set_moving(scene, bank)
        assert [permit.bank for permit in permits] == [bank]
    assert {bank for bank in BUSES if scene.bank(bank).request is not None} == {"A", "C", "D"}


def test_a_full_bus_makes_the_next_bank_wait_and_then_ask_for_its_press() -> None:
    scene = make_scene(bus1=1, bus2=1)
    set_moving(scene, "A")
    refresh(scene)
    ask(scene, "B")
    ask(scene, "C")
    assert [wish.reason for wish in scene.bank("B").queue] == ["refused.bus_full"]
    assert scene.bank("C").prompt is not None, "the other bus has nothing to do with it"
    shown = kiosk_view(scene.state, scene.now)["queue"]
    assert [(view["bank"], view["reason"]["key"]) for view in shown] == [("B", "refused.bus_full")]
    request = scene.bank("A").request
    assert request is not None
    scene.mono_ms += 12_000
    refresh(scene)
    done = make_snapshot(
        (6,), contacts=make_contacts(11, (6,)), outcome="done", last_request_low=request.request_id & 0xFFFF
    )  # fmt: skip
    scene.read(done, "A")
    prompt = scene.bank("B").prompt
    assert prompt is not None
    assert scene.bank("B").queue == ()
    assert len(scene.every(SendSelect)) == 1
    scene.press(prompt.wish.id, "kiosk-A")
    assert len(scene.every(SendSelect)) == 1, "bank B isn't seen from bank A's screen"
    scene.press(prompt.wish.id, "kiosk-B")
    assert scene.every(SendSelect)[-1].bank == "B"


def test_two_prompts_of_one_bus_are_pressed_but_only_as_many_move_as_can_be_renewed() -> None:
    scene = make_scene(bus1=1)
    ask(scene, "A")
    ask(scene, "B")
    prompts = [scene.bank(bank).prompt for bank in ("A", "B")]
    assert all(prompts)
    for bank, prompt in zip(("A", "B"), prompts, strict=True):
        assert prompt is not None
        scene.press(prompt.wish.id, f"kiosk-{bank}")
    assert [select.bank for select in scene.every(SendSelect)] == ["A"]
    assert scene.answer("kiosk-B") == "refused.bus_full"


def test_what_happens_at_one_bank_leaves_the_others_alone() -> None:
    scene = make_scene(bus1=2, bus2=2)
    for bank in ("A", "B", "C"):
        refresh(scene)
        set_moving(scene, bank)
    effects = scene.send(RingEventsRead("B", (RingEntry(6, "edge"),), 6, scene.mono_ms))
    assert [effect.bank for effect in effects if isinstance(effect, SendStop)] == ["B"]
    effects = scene.send(ControllerChanged("A", "rebooted", BOOT + 1))
    assert [effect.bank for effect in effects if isinstance(effect, SendStop)] == ["A"]
    scene.mono_ms += 100
    assert any(isinstance(effect, PermitLease) for effect in see_moving(scene, "C"))


def test_stop_without_a_bank_stops_them_all_and_empties_every_queue() -> None:
    scene = make_scene(bus1=1, bus2=2)
    set_moving(scene, "A")
    refresh(scene)
    ask(scene, "B")
    ask(scene, "C")
    effects = scene.send(StopPressed("kiosk-A"))
    assert {effect.bank for effect in effects if isinstance(effect, SendStop)} == set(BUSES)
    assert all(scene.bank(bank).queue == () and scene.bank(bank).prompt is None for bank in BUSES)
