"""Operations of a bank: what moves steel only becomes a prompt; the rest never starts motion, and releases nothing from afar."""

from __future__ import annotations

from typing import Any

import pytest

from edge.core.effects import PermitLease, SendAct, SendDeselect, SendOperate, SendSelect, SendStop, SendWake
from edge.core.events import (
    ActAnswered,
    ControllerChanged,
    DetailArrived,
    GatewayStarted,
    OperationAsked,
    StopPressed,
    WireFailed,
)
from edge.core.snapshot import Capability, Operation, ShelfDetail
from edge.core.view import kiosk_view
from tests.unit.edge_core.scene import BOOT, BOX, Scene, make_contacts, make_snapshot, ready_scene

WHOLE: tuple[Operation, ...] = ("close_all", "ventilate", "park", "home")


def ask(scene: Scene, operation: Operation, aisle: int | None = None, **more: Any) -> list[Any]:
    point = more.pop("point_id", "kiosk-A")
    event = OperationAsked(point, "A", operation, aisle, fresh=scene.fresh(), readings=scene.readings(), **more)
    return scene.send(event)


def answer_act(scene: Scene, *reasons: str) -> None:
    act = scene.bank().act
    assert act is not None
    scene.send(ActAnswered("A", act.request_id, reasons, scene.mono_ms))


@pytest.mark.parametrize("afar", [False, True])
@pytest.mark.parametrize(
    ("operation", "closing"),
    [("close_all", (3,)), ("ventilate", (3,)), ("park", (3,)), ("home", tuple(range(1, 12)))],
)
def test_what_moves_a_bank_is_a_prompt_that_names_what_closes(
    operation: Operation, closing: tuple[int, ...], *, afar: bool
) -> None:
    scene = ready_scene()
    ask(scene, operation, afar=afar)
    prompt = scene.bank().prompt
    assert prompt is not None
    assert prompt.closing == closing
    assert scene.answer() == "operation.prompted"
    view = kiosk_view(scene.state, scene.now)["prompt"]
    assert (view["kind"], view["message"]["key"]) == (operation, f"prompt.confirm_{operation}")
    assert view["closing_aisles"] == list(closing)
    scene.press(afar=True)
    assert not scene.every(SendSelect)
    select = scene.only(scene.press(), SendSelect)
    assert (select.operation, select.aisle) == (operation, 0)


@pytest.mark.parametrize("operation", WHOLE)
def test_a_bank_moves_under_permits_and_is_told_done(operation: Operation) -> None:
    scene = ready_scene()
    ask(scene, operation)
    scene.press()
    assert scene.only(scene.answer_select(), SendOperate).operation == operation
    scene.answer_operate()
    scene.mono_ms += 40
    assert scene.only(scene.read(scene.moving(operation=operation)), PermitLease)
    scene.mono_ms += 12_000
    scene.read(scene.moving(state="idle", outcome="done", open_aisles=(11,), contacts=make_contacts(11, (11,))))
    assert scene.answer().startswith("motion.")
    assert scene.bank().request is None
    assert scene.facts("motion")[-1]["operation"] == operation


def test_a_controller_that_does_something_else_is_stopped() -> None:
    scene = ready_scene()
    ask(scene, "ventilate")
    scene.travel()
    effects = scene.read(scene.moving(operation="close_all"))
    assert scene.only(effects, SendStop).reason == "target_differs"


def test_a_bank_whose_positions_are_lost_can_be_homed_and_nothing_else() -> None:
    scene = ready_scene()
    lost = make_snapshot((), state="unknown", faults=("position_lost",), contacts=())
    scene.read(lost)
    ask(scene, "close_all")
    assert scene.answer() == "refused.bank_fault"
    ask(scene, "home")
    prompt = scene.bank().prompt
    assert prompt is not None
    assert prompt.closing == tuple(range(1, 12)), "where nothing is known, everything may close"
    scene.press()
    scene.answer_select()
    scene.answer_operate()
    scene.mono_ms += 40
    effects = scene.read(scene.moving(operation="home", faults=("position_lost",), contacts=()))
    assert not [effect for effect in effects if isinstance(effect, SendStop)]
    effects = scene.read(scene.moving(operation="home", faults=("position_lost", "drive"), contacts=()))
    assert scene.only(effects, SendStop)


@pytest.mark.parametrize("operation", WHOLE)
def test_what_the_controller_can_not_do_is_refused_in_words(operation: Operation) -> None:
    scene = ready_scene()
    scene.send(ControllerChanged("A", "online", BOOT, capabilities=("wake", "light")))
    ask(scene, operation)
    assert scene.answer() == "refused.not_offered"
    assert scene.bank().prompt is None
    shown = {
        each["operation"]: each["offered"] for each in kiosk_view(scene.state, scene.now)["banks"][0]["operations"]
    }
    assert not shown[operation]
    assert shown["light_on"]
    assert shown["open_aisle"]


def test_sleep_is_offered_only_where_it_was_told() -> None:
    scene = ready_scene()
    ask(scene, "sleep")
    assert scene.answer() == "refused.not_offered"
    told: tuple[Capability, ...] = ("sleep",)
    scene.send(ControllerChanged("A", "online", BOOT, capabilities=told))
    assert scene.only(ask(scene, "sleep"), SendAct).operation == "sleep"


@pytest.mark.parametrize("operation", ["unlock", "light_off", "clear_fault"])
def test_nothing_is_released_from_afar(operation: Operation) -> None:
    scene = ready_scene()
    ask(scene, "lock", 3)
    answer_act(scene)
    before = len(scene.every(SendAct))
    ask(scene, operation, 3 if operation == "unlock" else None, afar=True)
    assert scene.answer() == "refused.afar"
    assert len(scene.every(SendAct)) == before
    assert scene.bank().locks == (3,)


@pytest.mark.parametrize("operation", ["lock", "unlock", "light_on", "light_off", "clear_fault", "wake", "deselect"])
def test_acts_never_start_motion(operation: Operation) -> None:
    scene = ready_scene()
    ask(scene, operation, None)
    assert not scene.every(SendSelect)
    assert not scene.every(SendOperate)


def test_a_lock_holds_against_whatever_the_controller_says() -> None:
    scene = ready_scene()
    act = scene.only(ask(scene, "lock", 3, afar=True), SendAct)
    assert (act.operation, act.aisle) == ("lock", 3)
    answer_act(scene, "not_supported")
    assert scene.answer() == "operation.refused"
    assert scene.bank().locks == (3,)
    scene.scan(BOX)
    assert scene.answer() == "scan.queued"
    assert scene.state.answers["kiosk-A"].params["reason"]["key"] == "refused.locked"
    aisle = next(each for each in kiosk_view(scene.state, scene.now)["banks"][0]["aisles"] if each["no"] == 3)
    assert (aisle["locked"], aisle["lock"]) == (True, "gateway")


def test_a_lock_set_while_its_aisle_closes_stops_the_motion() -> None:
    scene = ready_scene()
    scene.scan(BOX)
    scene.travel()
    scene.read(scene.moving())
    effects = ask(scene, "lock", 3)
    assert scene.only(effects, SendStop).reason == "locked"
    elsewhere = ready_scene()
    elsewhere.scan(BOX)
    elsewhere.travel()
    assert not [effect for effect in ask(elsewhere, "lock", 9) if isinstance(effect, SendStop)]


def test_a_lock_set_between_press_and_operate_kills_the_confirmation() -> None:
    scene = ready_scene()
    scene.scan(BOX)
    scene.mono_ms += 10
    scene.press()
    assert scene.only(ask(scene, "lock", 3), SendDeselect)
    assert scene.bank().request is None
    assert not scene.every(SendOperate)


def test_a_lock_of_the_detail_block_counts_at_the_last_look() -> None:
    scene = ready_scene()
    scene.scan(BOX)
    scene.mono_ms += 10
    scene.press()
    scene.send(DetailArrived("A", ShelfDetail(gateway_locked=(3,)), scene.mono_ms))
    effects = scene.answer_select()
    assert scene.only(effects, SendDeselect)
    assert not scene.every(SendOperate)


def test_unlocking_needs_a_look_and_a_press_and_releases_only_what_was_set_over_the_wire() -> None:
    scene = ready_scene()
    ask(scene, "unlock", 3)
    assert scene.answer() == "operation.not_locked"
    scene.send(DetailArrived("A", ShelfDetail(locked=(3,)), scene.mono_ms))
    ask(scene, "unlock", 3)
    assert scene.answer() == "refused.lock_inside"
    ask(scene, "unlock", None)
    assert scene.answer() == "refused.lock_inside"
    scene.send(DetailArrived("A", ShelfDetail(), scene.mono_ms))
    ask(scene, "lock", 3)
    answer_act(scene)
    assert not [effect for effect in ask(scene, "unlock", 3) if isinstance(effect, SendAct)]
    view = kiosk_view(scene.state, scene.now)["prompt"]
    assert (view["kind"], view["message"]["key"]) == ("unlock", "prompt.confirm_unlock")
    scene.press(afar=True)
    assert scene.bank().locks == (3,)
    act = scene.only(scene.press(), SendAct)
    assert (act.operation, act.aisle) == ("unlock", 3)
    assert scene.bank().locks == ()
    assert scene.bank().prompt is None
    answer_act(scene, "local")
    assert scene.answer() == "refused.lock_inside"
    assert not scene.every(SendSelect)


def test_the_whole_bank_is_locked_and_unlocked() -> None:
    scene = ready_scene()
    assert scene.only(ask(scene, "lock"), SendAct).aisle == 0
    answer_act(scene)
    assert scene.bank().locks == tuple(range(1, 12))
    ask(scene, "unlock")
    assert scene.only(scene.press(), SendAct).aisle == 0
    assert scene.bank().locks == ()


def test_locks_outlive_the_gateway_and_the_controller() -> None:
    scene = ready_scene()
    ask(scene, "lock", 3)
    scene.send(GatewayStarted("boot-2", "test", scene.settings, fresh=scene.fresh()))
    assert scene.bank().locks == (3,)
    scene.send(ControllerChanged("A", "rebooted", 7))
    assert scene.bank().locks == (3,)


def test_an_act_without_an_answer_is_unknown_and_not_sent_again() -> None:
    scene = ready_scene()
    ask(scene, "light_on", 3)
    scene.wait(2_000)
    assert scene.answer() == "operation.unknown"
    assert scene.bank().act is None
    ask(scene, "light_on", 3)
    act = scene.bank().act
    assert act is not None
    scene.send(WireFailed("A", act.request_id, "act", "time_out"))
    assert scene.answer() == "operation.unknown"
    assert len(scene.every(SendAct)) == 2


def test_a_fault_is_not_cleared_under_a_motion_and_clearing_starts_none() -> None:
    scene = ready_scene()
    scene.scan(BOX)
    scene.travel()
    ask(scene, "clear_fault")
    assert scene.answer() == "refused.busy"
    still = ready_scene()
    still.read(make_snapshot(faults=("drive",)))
    still.scan(BOX)
    assert still.answer() == "refused.bank_fault"
    assert still.only(ask(still, "clear_fault"), SendAct).operation == "clear_fault"
    answer_act(still)
    still.read(make_snapshot())
    assert still.bank().prompt is None, "what was refused is asked anew by a person"
    assert not still.every(SendSelect)


def test_waking_moves_nothing_and_letting_go_ends_a_selection() -> None:
    scene = ready_scene()
    ask(scene, "wake")
    assert scene.answer() == "operation.awake"
    scene.read(make_snapshot(state="asleep"))
    assert scene.only(ask(scene, "wake", afar=True), SendWake)
    scene.read(make_snapshot())
    scene.scan(BOX)
    scene.mono_ms += 10
    scene.press()
    assert scene.only(ask(scene, "deselect"), SendDeselect)
    assert scene.bank().request is None
    assert not scene.every(SendOperate)


def test_an_operation_asked_for_while_the_bank_is_busy_waits_and_is_pressed_for() -> None:
    scene = ready_scene()
    scene.scan(BOX)
    scene.travel()
    ask(scene, "park")
    assert scene.answer() == "operation.queued"
    queued = kiosk_view(scene.state, scene.now)["queue"][0]
    assert (queued["operation"], queued["aisle"]) == ("park", 0)
    scene.arrive()
    prompt = scene.bank().prompt
    assert prompt is not None
    assert prompt.wish.target.operation == "park"
    assert len(scene.every(SendSelect)) == 1
    scene.send(StopPressed("kiosk-A"))
    assert scene.bank().prompt is None


def test_an_operation_for_the_wrong_thing_is_refused() -> None:
    scene = ready_scene()
    ask(scene, "open_aisle")
    assert scene.answer() == "refused.no_aisle"
    ask(scene, "park", 3)
    assert scene.answer() == "refused.no_aisle"
    unknown: Any = "open_sesame"
    ask(scene, unknown)
    assert scene.answer() == "refused.not_offered"
    scene.send(ControllerChanged("A", "silent"))
    ask(scene, "light_on")
    assert scene.answer() == "refused.controller_silent"
