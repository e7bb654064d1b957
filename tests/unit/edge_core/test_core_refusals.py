"""The table of refusals, walked: each row has a case here, is told in its own words, starts nothing, and can go away."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from edge.core.codes import format_code
from edge.core.effects import SendOperate, SendSelect
from edge.core.events import (
    ActAnswered,
    CommandArrived,
    ControllerChanged,
    DetailArrived,
    OperationAsked,
    OverloadChanged,
    PromptDismissed,
    RingEventsRead,
    StopPressed,
    StopReadBack,
    StoreChanged,
)
from edge.core.press_refusals import PRESS_REFUSALS, PressRefusal
from edge.core.refusals import REFUSALS, Refusal
from edge.core.snapshot import Operation, RingEntry, ShelfDetail
from tests.unit.edge_core.scene import (
    CARD,
    Scene,
    make_bank,
    make_settings,
    make_snapshot,
    ready_scene,
)

Deed = Callable[[Scene], Any]


def ask(scene: Scene, operation: Operation = "open_aisle", aisle: int | None = 6, **more: Any) -> None:
    point = more.pop("point_id", "kiosk-A")
    scene.send(
        OperationAsked(point, "A", operation, aisle, fresh=scene.fresh(), readings=scene.readings(), **more)
    )  # fmt: skip


def told(scene: Scene) -> tuple[str, str]:
    """The sentence given, and the reason within it."""
    answer = scene.state.answers["kiosk-A"]
    return answer.key, answer.params.get("reason", {}).get("key", "")


def show(*signs: str, **more: Any) -> Deed:
    return lambda scene: scene.read(make_snapshot(safety=signs, **more))


def ring(*kinds: Any) -> Deed:
    def read(scene: Scene) -> None:
        head = scene.bank().ring_head
        for kind in kinds:
            head += 1
            scene.send(RingEventsRead("A", (RingEntry(head, kind),), head, scene.mono_ms, fresh=scene.fresh()))

    return read


def free(scene: Scene) -> None:
    scene.read(make_snapshot(ring_head=scene.bank().ring_head))


def recover(scene: Scene) -> None:
    scene.send(ControllerChanged("A", "online", 0xBEEF))
    free(scene)


def be_foreign(scene: Scene) -> None:
    scene.read(make_snapshot(state="moving"))


def brake(scene: Scene) -> None:
    ask(scene)
    scene.travel()
    scene.arrive()
    request_low = scene.bank().ended_low
    scene.read(make_snapshot((6,), state="settling", last_request_low=request_low, ring_head=6))


def fill_bus(scene: Scene) -> None:
    scene.go_online(bank="B")
    scene.send(
        OperationAsked("kiosk-B", "B", "open_aisle", 6, fresh=scene.fresh(), readings=scene.readings())
    )  # fmt: skip
    prompt = scene.bank("B").prompt
    assert prompt is not None
    scene.press(prompt.wish.id, "kiosk-B")
    assert scene.bank("B").request is not None


def free_bus(scene: Scene) -> None:
    scene.state = replace(scene.state, banks={**scene.state.banks, "B": replace(scene.bank("B"), request=None)})


def lock(scene: Scene) -> None:
    ask(scene, "lock", 3)
    act = scene.bank().act
    assert act is not None
    scene.send(ActAnswered("A", act.request_id, (), scene.mono_ms))


def unlock(scene: Scene) -> None:
    ask(scene, "unlock", 3)
    scene.press()


def dismiss(scene: Scene) -> None:
    prompt = scene.bank().prompt
    assert prompt is not None
    scene.send(PromptDismissed("kiosk-A", prompt.wish.id))


def stop_and_stand(scene: Scene) -> None:
    scene.send(StopReadBack("A", standstill=True))


# row -> what brings it about, and what makes it go away
BANK_CASES: dict[str, tuple[Deed, Deed]] = {
    "refused.store": (lambda s: s.send(StoreChanged("full")), lambda s: s.send(StoreChanged("ok"))),
    "refused.overloaded": (
        lambda s: s.send(OverloadChanged(active=True)),
        lambda s: s.send(OverloadChanged(active=False)),
    ),
    "refused.controller_silent": (lambda s: s.send(ControllerChanged("A", "silent")), recover),
    "refused.geometry_mismatch": (lambda s: s.send(ControllerChanged("A", "geometry_mismatch")), recover),
    "refused.stopping": (lambda s: s.send(StopPressed("kiosk-A", "A")), stop_and_stand),
    "refused.fire": (show("fire"), free),
    "refused.smoke": (ring("smoke"), ring("smoke_over")),
    "refused.water": (ring("water"), lambda s: ask(s, "clear_fault", None)),
    "refused.maintenance": (show("maintenance"), free),
    "refused.emergency_stop": (show("emergency_stop"), free),
    "refused.edge": (show("edge"), free),
    "refused.sweep": (show("sweep"), free),
    "refused.beam": (show("beam"), free),
    "refused.aisle_lock": (show("aisle_lock"), free),
    "refused.local": (show("panel"), free),
    "refused.bank_fault": (show(faults=("drive",)), free),
    "refused.position_unknown": (show(state="unknown"), free),
    "refused.stale": (lambda s: s.wait(1_501), free),
    "refused.foreign_motion": (be_foreign, free),
    "refused.busy": (lambda s: ask(s, aisle=9, point_id="kiosk-B"), dismiss),
    "refused.moving": (brake, lambda s: s.read(make_snapshot((6,), ring_head=6))),
    "refused.bus_full": (fill_bus, free_bus),
    "refused.locked": (lock, unlock),
    "refused.seen_occupied": (show(occupied=(3,)), free),
}


def make_room() -> Scene:
    settings = replace(make_settings(make_bank("A"), make_bank("B")), moving_limit=(("bus1", 1),))
    return ready_scene(settings)


@pytest.mark.parametrize("row", REFUSALS, ids=lambda row: row.key)
def test_a_row_refuses_in_its_own_words_and_starts_nothing_when_it_goes(row: Any) -> None:
    bring, lift = BANK_CASES[row.key]
    scene = make_room()
    bring(scene)
    selected = len(scene.every(SendSelect))
    aisle = 8 if row.key == "refused.moving" else 6
    ask(scene, aisle=aisle)
    assert told(scene) == (("operation.queued", row.key) if row.waits else (row.key, ""))
    assert len(scene.bank().queue) == (1 if row.waits else 0)
    lift(scene)
    assert len(scene.every(SendSelect)) == selected, "nothing starts by itself"
    if scene.bank().prompt is None:
        free_now = make_snapshot(ring_head=scene.bank().ring_head)
        scene.read(free_now if row.key != "refused.moving" else make_snapshot((6,), ring_head=6))
        ask(scene, aisle=aisle)
    prompt = scene.bank().prompt
    assert prompt is not None
    assert prompt.wish.target.aisle == aisle
    assert len(scene.every(SendSelect)) == selected


@pytest.mark.parametrize("row", REFUSALS, ids=lambda row: row.key)
def test_a_row_that_appears_while_a_prompt_is_on_show_refuses_the_press(row: Any) -> None:
    if row.key in {"refused.busy", "refused.moving"}:
        return  # these are the prompt's own way
    scene = make_room()
    ask(scene)
    prompt = scene.bank().prompt
    assert prompt is not None
    BANK_CASES[row.key][0](scene)
    before = len(scene.every(SendSelect))
    scene.press(prompt.wish.id)
    assert len(scene.every(SendSelect)) == before
    assert told(scene)[0] in {row.key, "scan.no_prompt", "motion.changed"}


def press_twice(scene: Scene) -> None:
    ask(scene)
    prompt = scene.bank().prompt
    assert prompt is not None
    scene.press()
    scene.press(prompt.wish.id)


def press_late(scene: Scene) -> None:
    ask(scene)
    scene.mono_ms += 30_000
    free(scene)
    scene.press()


def change_after_press(scene: Scene) -> None:
    ask(scene)
    scene.press()
    scene.answer_select(ring_head=9)


def be_refused(scene: Scene) -> None:
    ask(scene)
    scene.press()
    scene.answer_select(reasons=("locked",), token=0)


def fill_queue(scene: Scene) -> None:
    scene.read(make_snapshot(occupied=(3,)))
    for aisle in (1, 2, 4, 5, 6, 7, 8, 9, 10):
        ask(scene, aisle=aisle)


def ask_what_is_not_offered(scene: Scene) -> None:
    scene.send(ControllerChanged("A", "online", 0xBEEF, capabilities=("wake",)))
    ask(scene, "ventilate", None)


def lock_twice(scene: Scene) -> None:
    ask(scene, "lock", 3)
    ask(scene, "lock", 4)


def unlock_from_outside(scene: Scene) -> None:
    scene.send(DetailArrived("A", ShelfDetail(locked=(3,)), scene.mono_ms))
    ask(scene, "unlock", 3)


def take_back_a_motion(scene: Scene) -> None:
    ask(scene)
    scene.travel()
    ask(scene, "deselect", None)


def scan_card_in_sight_of_two(scene: Scene) -> None:
    scene.go_online(bank="B")
    ask(scene)
    scene.send(
        OperationAsked("kiosk-B", "B", "open_aisle", 6, fresh=scene.fresh(), readings=scene.readings())
    )  # fmt: skip
    scene.mono_ms += 10
    scene.scan(CARD)


def darken_over_somebody(scene: Scene) -> None:
    scene.read(make_snapshot(occupied=(3,)))
    ask(scene, "light_off", None)


def read_card(kind: Any, *, prompted: bool = True) -> Deed:
    def read(scene: Scene) -> None:
        if prompted:
            ask(scene)
        scene.mono_ms += 10
        scene.scan(CARD, kind=kind)

    return read


def read_strange_card(scene: Scene) -> None:
    scene.scan(format_code("CF", "01", 99))


def press_at(point_id: str, **more: Any) -> Deed:
    def press(scene: Scene) -> None:
        ask(scene)
        scene.press(None, point_id, **more)

    return press


# row -> what is done; the number of motions it may have begun
PRESS_CASES: dict[str, tuple[Deed, int]] = {
    "refused.afar": (press_at("kiosk-A", afar=True), 0),
    "refused.point": (press_at("card-A"), 0),
    "refused.expired": (press_late, 0),
    "scan.no_prompt": (press_twice, 1),
    "motion.changed": (change_after_press, 1),
    "motion.refused": (be_refused, 1),
    "scan.card_not_trigger": (read_card("camera"), 0),
    "scan.card_no_prompt": (read_card("trigger", prompted=False), 0),
    "scan.card_unknown": (read_strange_card, 0),
    "scan.card_ambiguous": (scan_card_in_sight_of_two, 0),
    "refused.queue_full": (fill_queue, 0),
    "refused.no_aisle": (lambda s: ask(s, aisle=99), 0),
    "refused.not_offered": (ask_what_is_not_offered, 0),
    "refused.act_pending": (lock_twice, 0),
    "refused.lock_inside": (unlock_from_outside, 0),
    "refused.under_way": (take_back_a_motion, 1),
    "refused.lit": (darken_over_somebody, 0),
}


@pytest.mark.parametrize("row", PRESS_REFUSALS, ids=lambda row: row.key)
def test_a_press_is_refused_in_words(row: Any) -> None:
    bring, selects = PRESS_CASES[row.key]
    scene = make_room()
    bring(scene)
    station = "card-A" if row.key == "refused.point" else "kiosk-A"
    assert scene.answer(station) == row.key
    assert len(scene.every(SendSelect)) == selects
    assert len(scene.every(SendOperate)) == (1 if row.key == "refused.under_way" else 0)


def test_each_row_is_one_row_and_says_all_it_must() -> None:
    rows: list[Refusal | PressRefusal] = [*REFUSALS, *PRESS_REFUSALS]
    assert len({row.key for row in rows}) == len(rows)
    assert len({row.metric for row in rows}) == len(rows)
    assert all(row.condition and row.gone_when for row in rows)
    assert {row.where for row in rows} <= {"room", "aisle", "mouth", "panel", "point", "gateway", "none"}
    assert set(BANK_CASES) == {row.key for row in REFUSALS}
    assert set(PRESS_CASES) == {row.key for row in PRESS_REFUSALS}


def test_a_command_is_refused_by_the_same_rows() -> None:
    scene = make_room()
    scene.read(make_snapshot(safety=("edge",)))
    fresh = scene.fresh()
    payload = {"bank": "A", "aisle": 6}
    scene.send(CommandArrived(fresh.ids[0], "propose_aisle", payload, scene.now.wall_at, 5_000, fresh=fresh))
    assert scene.state.commands[-1][1:] == ("refused", "edge")


def test_the_most_urgent_row_is_told() -> None:
    scene = make_room()
    scene.read(make_snapshot(safety=("beam", "fire"), occupied=(3,)))
    ask(scene)
    assert told(scene)[0] == "refused.fire"
