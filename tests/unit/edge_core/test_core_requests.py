"""Queue, commands, devices, printing: what waits, what is proposed from afar, what is named."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from edge.core.deadlines import next_deadline
from edge.core.effects import AnswerCommand, PrintLabel, SendSelect, SendStop
from edge.core.events import (
    ClockChanged,
    CommandArrived,
    ControllerChanged,
    DeviceChanged,
    GatewayStarted,
    LinkChanged,
    Lookup,
    OperationAsked,
    OverloadChanged,
    PrintResumed,
    PrintSettled,
    ReprintAsked,
    RequestMoved,
    RequestWithdrawn,
    StopPressed,
    StopReadBack,
)
from edge.core.refusals import REFUSALS
from edge.core.requests import QUEUE_MS
from edge.core.rows import BoxRow
from edge.core.view import kiosk_view
from tests.unit.edge_core.scene import (
    BOX,
    BOX_ROW,
    EMPTY_ROW,
    OTHER_BADGE,
    OTHER_BOX,
    START,
    WANG,
    Scene,
    make_bank,
    make_contacts,
    make_settings,
    make_snapshot,
    prompted_scene,
    ready_scene,
)


def command(scene: Scene, kind: str, payload: dict[str, Any], number: int = 1, **more: Any) -> AnswerCommand:
    box = scene.boxes.get(payload.get("box_code", ""))
    values: dict[str, Any] = {"issued_at": scene.now.wall_at, "ttl_ms": 5_000, **more}
    event = CommandArrived(
        f"c{number}", kind, payload, lookup=Lookup(1, box=box), fresh=scene.fresh(), readings=scene.readings(), **values
    )
    return scene.only(scene.send(event), AnswerCommand)


def queued_scene() -> Scene:
    """Aisle 6 travels for Li Min; Wang Jianguo wants aisle 3 meanwhile."""
    scene = prompted_scene()
    scene.travel()
    scene.read(scene.moving())
    scene.boxes[OTHER_BOX] = BoxRow(OTHER_BOX, "李四", "shelved", place=replace(EMPTY_ROW, box_code=OTHER_BOX))
    scene.scan(OTHER_BADGE, source_id="scan-2")
    sessions = {**scene.state.sessions}
    sessions["scan-2"] = replace(sessions["scan-2"], proven=True)
    scene.state = replace(scene.state, sessions=sessions)
    assert scene.state.sessions["scan-2"].staff_code == WANG.code
    scene.scan(OTHER_BOX, source_id="scan-2")
    return scene


def test_a_second_request_waits_visibly_and_becomes_a_prompt_that_needs_its_own_press() -> None:
    scene = queued_scene()
    assert scene.answer("scan-2") == "scan.queued"
    assert [wish.target.aisle for wish in scene.bank().queue] == [3]
    view = kiosk_view(scene.state, scene.now)
    assert view["queue"][0]["staff_name"] == "王建国"
    scene.arrive()
    prompt = scene.bank().prompt
    assert prompt is not None
    assert prompt.closing == (6,)
    assert scene.bank().queue == ()
    assert len(scene.every(SendSelect)) == 1


def test_a_queued_request_can_be_withdrawn_and_runs_out() -> None:
    scene = queued_scene()
    scene.send(RequestWithdrawn("kiosk-A", scene.bank().queue[0].id))
    assert scene.bank().queue == ()
    again = ready_scene()
    again.read(make_snapshot(occupied=(3,)))
    again.scan(BOX)
    waiting = again.bank().queue[0]
    assert next_deadline(again.state) == waiting.expires_mono_ms == waiting.asked_mono_ms + QUEUE_MS
    again.wait(QUEUE_MS - 1)
    assert again.bank().queue == (waiting,)
    again.wait(1)
    assert again.bank().queue == ()
    assert not again.every(SendSelect)


def test_what_waited_has_30_s_of_its_own_once_it_is_shown() -> None:
    scene = ready_scene()
    scene.read(make_snapshot(occupied=(3,)))
    scene.scan(BOX)
    scene.wait(200_000)
    scene.read(make_snapshot())
    prompt = scene.bank().prompt
    assert prompt is not None
    assert prompt.wish.expires_mono_ms == scene.mono_ms + 30_000
    assert not scene.every(SendSelect)
    scene.wait(30_000)
    assert scene.bank().prompt is None


def test_the_queue_is_put_in_another_order() -> None:
    scene = ready_scene()
    scene.read(make_snapshot(occupied=(3,)))
    for aisle in (6, 7, 8):
        scene.send(OperationAsked("kiosk-A", "A", "open_aisle", aisle, fresh=scene.fresh()))
    first, second, third = scene.bank().queue
    scene.send(RequestMoved("kiosk-A", third.id, 0))
    assert scene.bank().queue == (third, first, second)
    scene.send(RequestMoved("kiosk-A", third.id, 99))
    assert scene.bank().queue == (first, second, third)
    scene.send(RequestMoved("kiosk-A", "gone", 0))
    assert [(view["place"], view["aisle"]) for view in kiosk_view(scene.state, scene.now)["queue"]] == [
        (0, 6), (1, 7), (2, 8),
    ]  # fmt: skip
    scene.read(make_snapshot())
    prompt = scene.bank().prompt
    assert prompt is not None
    assert prompt.wish.target.aisle == 6
    assert not scene.every(SendSelect)


@pytest.mark.parametrize("event", [StopPressed("kiosk-A"), ControllerChanged("A", "rebooted", 7)])
def test_stop_and_restart_of_the_controller_empty_the_queue(event: Any) -> None:
    scene = queued_scene()
    scene.send(event)
    assert scene.bank().queue == ()


def test_a_restart_of_the_gateway_empties_prompt_queue_and_sessions() -> None:
    scene = queued_scene()
    scene.send(GatewayStarted("boot-2", "test", scene.settings, fresh=scene.fresh()))
    assert scene.bank().queue == ()
    assert scene.bank().prompt is None
    assert scene.state.sessions == {}


def test_a_waiting_obstacle_queues_and_its_end_only_prompts() -> None:
    scene = ready_scene()
    scene.read(make_snapshot(occupied=(3,)))
    scene.scan(BOX)
    assert scene.bank().queue[0].reason == "refused.seen_occupied"
    scene.mono_ms += 100
    scene.read(make_snapshot())
    assert scene.bank().prompt is not None
    assert not scene.every(SendSelect)


@pytest.mark.parametrize(
    ("snapshot", "key"),
    [
        ({"safety": ("emergency_stop",)}, "refused.emergency_stop"),
        ({"safety": ("edge",)}, "refused.edge"),
        ({"safety": ("maintenance",)}, "refused.maintenance"),
        ({"safety": ("fire",)}, "refused.fire"),
        ({"safety": ("panel",)}, "refused.local"),
        ({"faults": ("jam",)}, "refused.bank_fault"),
        ({"state": "fault"}, "refused.bank_fault"),
        ({"state": "unknown"}, "refused.position_unknown"),
    ],
)
def test_what_must_be_dealt_with_on_the_spot_refuses_at_once(snapshot: dict[str, Any], key: str) -> None:
    scene = ready_scene()
    scene.read(make_snapshot(**snapshot))
    scene.scan(BOX)
    assert scene.answer() == key
    assert scene.bank().prompt is None
    assert scene.bank().queue == ()


def test_an_old_reading_is_no_state_to_act_on() -> None:
    scene = ready_scene()
    scene.mono_ms += 1_501
    scene.scan(BOX)
    assert scene.answer() == "refused.stale"


def test_the_refusal_table_says_what_makes_each_row_go_away_and_where() -> None:
    keys = [row.key for row in REFUSALS]
    assert len(set(keys)) == len(keys)
    assert all(
        row.gone_when and row.where in {"room", "aisle", "mouth", "panel", "gateway", "none"} for row in REFUSALS
    )
    assert all(row.metric == row.key.removeprefix("refused.") for row in REFUSALS)


def test_a_bus_that_renews_no_more_leases_makes_the_next_bank_wait() -> None:
    scene = Scene(replace(make_settings(make_bank("A"), make_bank("B")), moving_limit=(("bus1", 1),)))
    scene.go_online()
    scene.go_online(bank="B")
    scene.sign_on()
    scene.scan(BOX)
    scene.travel()
    scene.read(scene.moving())
    scene.read(make_snapshot(), "B")
    answer = command(scene, "propose_aisle", {"bank": "B", "aisle": 5})
    assert (answer.result, answer.reason) == ("queued", "bus_full")


def test_commands_only_become_prompts() -> None:
    scene = ready_scene()
    assert command(scene, "ping", {}).result == "done"
    assert command(scene, "propose_aisle", {"box_code": BOX}, 2).result == "prompted"
    assert scene.bank().prompt is not None
    assert command(scene, "propose_aisle", {"bank": "A", "aisle": 9}, 3).result == "queued"
    assert command(scene, "propose_aisle", {"bank": "A", "aisle": 99}, 4).reason == "no_aisle"
    assert command(scene, "propose_aisle", {"bank": "Z", "aisle": 1}, 5).reason == "unknown_bank"
    assert command(scene, "propose_aisle", {"bank": "A", "aisle": 3}, 6).reason == "already_open"
    assert command(scene, "propose_aisle", {}, 7).reason == "malformed"
    assert command(scene, "operate", {}, 8).reason == "unknown_command"
    assert not scene.every(SendSelect)


def test_a_proposal_never_opens_by_itself_even_if_nothing_narrows() -> None:
    scene = ready_scene(make_settings(make_bank(free_aisles=2)))
    scene.read(make_snapshot((), contacts=make_contacts(11, ())))
    assert command(scene, "propose_aisle", {"bank": "A", "aisle": 5}).result == "prompted"
    assert not scene.every(SendSelect)


def test_the_same_command_is_answered_again_and_not_done_again() -> None:
    scene = ready_scene()
    first = command(scene, "print_label", {"box_code": BOX})
    again = command(scene, "print_label", {"box_code": BOX})
    assert (first.result, again.result) == ("queued", "queued")
    assert len(scene.every(PrintLabel)) == 1
    from_journal = command(scene, "print_label", {"box_code": BOX}, 9, earlier=("queued", None))
    assert from_journal.result == "queued"
    assert len(scene.every(PrintLabel)) == 1


def test_commands_die_with_their_time_by_a_clock_that_is_right() -> None:
    scene = ready_scene()
    late = START - timedelta(seconds=6) + timedelta(milliseconds=scene.mono_ms - 1_000_000)
    assert command(scene, "ping", {}, 1, issued_at=late, ttl_ms=60_000).reason == "expired"
    early = scene.now.wall_at + timedelta(seconds=6)
    assert command(scene, "ping", {}, 2, issued_at=early).reason == "expired"


def test_labels_are_printed_again_only_by_a_person() -> None:
    scene = ready_scene()
    scene.boxes[OTHER_BOX] = BoxRow(OTHER_BOX, "新盒", "nowhere")
    command(scene, "print_label", {"box_code": OTHER_BOX})
    job = scene.state.jobs[0].id
    scene.send(DeviceChanged("zpl-1", "out_of_labels"))
    scene.send(PrintSettled(job, "failed", "out_of_labels", scene.fresh()))
    keys = [state["key"] for state in kiosk_view(scene.state, scene.now)["states"]]
    assert "printer_out_of_labels" in keys
    scene.send(DeviceChanged("zpl-1", "online"))
    assert len(scene.every(PrintLabel)) == 1
    scene.send(PrintResumed("kiosk-A"))
    assert len(scene.every(PrintLabel)) == 2
    scene.send(PrintSettled(job, "done", "", scene.fresh()))
    assert [fact["outcome"] for fact in scene.facts("print_settled")] == ["failed", "done"]
    assert scene.facts("movement") == [{"box_code": OTHER_BOX, "action": "labelled"}]
    scene.send(ReprintAsked("kiosk-A", job))
    assert scene.every(PrintLabel)[-1].label["copy_no"] == 1


def test_a_label_open_at_a_restart_is_unknown() -> None:
    scene = ready_scene()
    command(scene, "print_label", {"box_code": BOX})
    scene.send(GatewayStarted("boot-2", "test", scene.settings, fresh=scene.fresh()))
    assert scene.state.jobs[0].state == "unknown"
    assert len(scene.every(PrintLabel)) == 1
    keys = [state["key"] for state in kiosk_view(scene.state, scene.now)["states"]]
    assert "print_unknown" in keys


@pytest.mark.parametrize(
    ("event", "key"),
    [
        (ControllerChanged("A", "silent"), "controller_silent"),
        (ControllerChanged("A", "geometry_mismatch"), "geometry_mismatch"),
        (ControllerChanged("A", "rebooted", 9), "doubted"),
        (DeviceChanged("scan-1", "unplugged"), "device_unplugged"),
        (DeviceChanged("zpl-1", "out_of_labels"), "printer_out_of_labels"),
        (DeviceChanged("zpl-1", "unplugged"), "printer_unplugged"),
        (ClockChanged(steady=False, step_ms=3_600_000), "clock_stepped"),
        (LinkChanged("forked"), "link_refused"),
        (LinkChanged("offline"), "link_down"),
        (LinkChanged("waiting_centre"), "centre_silent"),
        (OverloadChanged(active=True), "overloaded"),
        (StopPressed("kiosk-A"), "stop_sent"),
    ],
)
def test_every_trouble_is_a_named_state(event: Any, key: str) -> None:
    scene = ready_scene()
    scene.send(event)
    assert key in [state["key"] for state in kiosk_view(scene.state, scene.now)["states"]]


def test_overload_stops_leases_and_motion() -> None:
    scene = prompted_scene()
    scene.travel()
    effects = scene.send(OverloadChanged(active=True))
    assert scene.only(effects, SendStop).reason == "overloaded"
    assert not scene.read(scene.moving())
    scene.send(StopReadBack("A", standstill=True))
    scene.send(OverloadChanged(active=False))
    assert not scene.state.overloaded


def test_events_of_banks_nobody_described_are_ignored() -> None:
    scene = ready_scene()
    assert scene.read(make_snapshot(), "Z") == []
    assert scene.state.banks.keys() == {"A"}


def test_a_stop_for_a_bank_nobody_described_stops_every_bank() -> None:
    scene = ready_scene()
    assert scene.only(scene.send(StopPressed("kiosk-A", "Z")), SendStop).bank == "A"


def test_an_idle_session_ends_unless_a_box_is_in_hand() -> None:
    scene = ready_scene()
    scene.wait(30 * 60_000)
    assert scene.state.sessions == {}
    holding = ready_scene()
    session = holding.state.sessions["kiosk-A"]
    holding.state = replace(holding.state, sessions={"kiosk-A": replace(session, in_hand=(BOX,))})
    holding.wait(30 * 60_000)
    assert holding.state.sessions


def test_the_box_of_a_proposal_must_stand_on_a_shelf() -> None:
    scene = ready_scene()
    scene.boxes[BOX] = replace(BOX_ROW, state="in_hand", place=None)
    assert command(scene, "propose_aisle", {"box_code": BOX}).reason == "not_shelved"
