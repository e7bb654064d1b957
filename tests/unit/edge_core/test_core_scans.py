"""Every scan is answered in words at once; what does not count changes nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from edge.core.codes import format_code
from edge.core.effects import GiveFeedback, RecordFact, SendSelect, SetIndicator
from edge.core.events import (
    BadgeTyped,
    CodeTyped,
    Lookup,
    PinChecked,
    PromptConfirmed,
    PromptDismissed,
    SessionEnded,
    StoreChanged,
    UndoAsked,
)
from edge.core.rows import BoxRow
from edge.core.state import State
from tests.unit.edge_core.scene import (
    BADGE,
    BOX,
    BOX_ROW,
    CARD,
    EMPTY_ROW,
    END,
    LI,
    OTHER_BADGE,
    OTHER_BOX,
    OTHER_PLACE,
    PLACE,
    PLACE_ROW,
    Scene,
    make_contacts,
    make_snapshot,
    prompted_scene,
    ready_scene,
)


def meaning(state: State) -> Any:
    """The state but for what a refused scan may change: the sentence, and the sign of life."""
    sessions = {
        name: replace(session, last_text="", last_mono_ms=0, touched_mono_ms=0)
        for name, session in state.sessions.items()
    }
    return replace(state, answers={}, answer_count=0, sessions=sessions)


def taken_scene() -> Scene:
    """A room in which Li Min holds the box."""
    scene = ready_scene()
    scene.go_online(make_snapshot((6,), contacts=make_contacts(11, (6,))))
    scene.scan(BOX)
    scene.mono_ms += 5_000
    scene.scan(BOX)
    hold(scene)
    scene.mono_ms += 5_000
    return scene


def hold(scene: Scene) -> None:
    """What the replica says after a box was taken out."""
    scene.boxes[BOX] = replace(
        BOX_ROW, state="in_hand", place=None, holder_code=BADGE, holder_name="李敏", movement_id=scene.state.acts[0].id
    )
    scene.places[PLACE] = replace(PLACE_ROW, box_code=None)


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("6901234567892", "scan.unknown_code"),
        ("", "scan.unknown_code"),
        (BOX[:-1] + ("A" if BOX[-1] != "A" else "B"), "scan.wrong_check"),
        (format_code("BX", "02", 100), "scan.other_room"),
        (format_code("BX", "01", 555), "scan.unknown_box"),
        (format_code("PL", "02", 1), "scan.other_room"),
        (format_code("PL", "01", 555), "scan.unknown_place"),
        (format_code("ST", "01", 999), "scan.unknown_badge"),
        (format_code("CT", "01", 9), "scan.unknown_code"),
        (format_code("CF", "01", 77), "scan.card_unknown"),
        (PLACE, "scan.place_occupied"),
    ],
)
def test_what_does_not_count_is_answered_and_changes_nothing(text: str, key: str) -> None:
    scene = ready_scene()
    before = meaning(scene.state)
    effects = scene.scan(text)
    told = scene.only(effects, GiveFeedback)
    assert (told.key, told.sound) == (key, "no")
    after = scene.state
    if text == PLACE:  # somebody is inside, whatever else the scan means
        assert scene.bank().presumed == (3, 6)
        after = replace(after, banks={"A": replace(after.banks["A"], presumed=(3,))})
    assert meaning(after) == before
    if not key.startswith("scan.card"):
        assert scene.facts("scan_refused")[-1]["reason"] == key.removeprefix("scan.")
    assert not scene.facts("movement")


def test_nobody_signed_on_and_no_pin_yet() -> None:
    scene = Scene()
    scene.go_online()
    scene.scan(BOX)
    assert scene.answer() == "scan.no_session"
    scene.scan(BADGE)
    assert scene.answer() == "session.opened"
    scene.scan(BOX)
    assert scene.answer() == "scan.pin_needed"
    assert scene.bank().prompt is None
    assert not scene.facts("session")


def test_badge_and_pin_once() -> None:
    scene = Scene()
    scene.sign_on()
    assert scene.answer() == "session.ready"
    assert [fact["phase"] for fact in scene.facts("session")] == ["opened"]
    scene.scan(BADGE)
    assert scene.answer() == "session.resumed"
    scene.scan(BADGE, source_id="scan-9")
    assert scene.state.sessions["scan-9"].proven


@pytest.mark.parametrize(("verdict", "key"), [("wrong", "session.pin_wrong"), ("locked", "session.pin_locked")])
def test_a_wrong_pin_opens_nothing(verdict: Any, key: str) -> None:
    scene = Scene()
    scene.scan(BADGE)
    scene.send(PinChecked("kiosk-A", BADGE, verdict, 3, scene.fresh()))
    assert scene.answer() == key
    assert not scene.state.sessions["kiosk-A"].proven


def test_a_badge_no_longer_valid_opens_nothing() -> None:
    scene = Scene()
    scene.staff[BADGE] = replace(LI, badge_valid=False)
    scene.scan(BADGE)
    assert scene.answer() == "scan.badge_invalid"
    assert not scene.state.sessions


def test_another_badge_takes_over_only_with_nothing_in_hand() -> None:
    scene = ready_scene()
    scene.scan(OTHER_BADGE)
    assert scene.state.sessions["kiosk-A"].staff_code == OTHER_BADGE
    assert [fact["phase"] for fact in scene.facts("session")] == ["opened", "closed"]
    busy = taken_scene()
    busy.scan(OTHER_BADGE)
    assert busy.answer() == "session.other"
    assert busy.state.sessions["kiosk-A"].staff_code == BADGE


def test_the_end_code_signs_off() -> None:
    scene = ready_scene()
    scene.scan(END)
    assert scene.state.sessions == {}
    scene.scan(END)
    assert scene.answer() == "session.none"


def test_the_same_label_read_twice_is_one_reading() -> None:
    scene = ready_scene()
    scene.scan(BOX)
    prompt = scene.bank().prompt
    scene.mono_ms += 300
    scene.scan(BOX)
    assert scene.answer() == "scan.already"
    assert scene.bank().prompt == prompt
    scene.mono_ms += 5_000
    scene.scan(BOX)
    assert scene.answer() == "scan.waiting_press"
    assert scene.bank().prompt == prompt


def test_box_out_and_back() -> None:
    scene = prompted_scene()
    scene.travel()
    scene.arrive()
    scene.mono_ms += 4_000
    effects = scene.scan(BOX)
    fact = scene.only(effects, RecordFact)
    assert fact.kind == "movement"
    assert fact.fact_id == scene.state.acts[0].id
    assert fact.body == {
        "box_code": BOX,
        "action": "take_out",
        "place_key": "A-07-A-3-4-12",
        "staff_code": BADGE,
        "session_id": scene.state.sessions["kiosk-A"].id,
    }
    assert scene.only(effects, SetIndicator).aisle == 0
    assert scene.bank().presumed == (6,)
    hold(scene)
    scene.mono_ms += 400
    scene.scan(BOX)
    assert scene.answer() == "scan.already"
    scene.mono_ms += 4_000
    scene.scan(BOX)
    assert scene.answer() == "scan.box_in_own_hand"

    scene.scan(PLACE)
    assert scene.answer() == "scan.place_ready"
    fact = scene.only(scene.scan(BOX), RecordFact)
    assert (fact.body["action"], fact.body["place_key"]) == ("put_away", "A-07-A-3-4-12")
    assert scene.state.sessions["kiosk-A"].in_hand == ()
    assert [act.kind for act in scene.state.acts] == ["put_away", "take_out", "motion"]


def test_a_place_where_a_box_is_expected_changes_nothing() -> None:
    scene = taken_scene()
    scene.scan(PLACE)
    before = meaning(scene.state).sessions
    scene.scan(OTHER_PLACE)
    assert scene.answer() == "scan.box_expected"
    assert meaning(scene.state).sessions == before
    scene.mono_ms += 3_000
    scene.scan(PLACE)
    assert scene.answer() == "scan.already"
    scene.send(SessionEnded("kiosk-A", "kiosk-A"))
    assert scene.answer() == "session.placed_cancelled"
    assert scene.state.sessions["kiosk-A"].place is None


def test_a_place_while_the_wanted_box_is_still_to_be_taken() -> None:
    scene = prompted_scene()
    scene.scan(OTHER_PLACE)
    assert scene.answer() == "scan.box_wanted"
    assert scene.bank().presumed == (3,)


def test_a_waiting_place_runs_out() -> None:
    scene = taken_scene()
    scene.scan(PLACE)
    scene.wait(60_000)
    assert scene.state.sessions["kiosk-A"].place is None


def test_a_box_of_others_and_a_box_on_loan() -> None:
    scene = ready_scene()
    scene.boxes[BOX] = replace(BOX_ROW, state="in_hand", place=None, holder_code=OTHER_BADGE, holder_name="王建国")
    scene.scan(BOX)
    assert scene.answer() == "scan.box_out"
    assert scene.state.answers["kiosk-A"].params["holder"] == "王建国"
    scene.mono_ms += 3_000
    scene.boxes[BOX] = replace(BOX_ROW, state="on_loan", place=None)
    scene.scan(BOX)
    assert scene.answer() == "scan.box_on_loan"
    scene.mono_ms += 3_000
    scene.boxes[BOX] = BoxRow(BOX, "新盒", "labelled")
    scene.scan(BOX)
    assert scene.answer() == "scan.box_nowhere"
    assert not scene.facts("movement")


def test_two_boxes_never_stand_in_one_place() -> None:
    scene = taken_scene()
    scene.scan(PLACE)
    scene.boxes[OTHER_BOX] = BoxRow(OTHER_BOX, "另一盒", "labelled")
    scene.places[PLACE] = replace(PLACE_ROW, box_code=BOX)  # somebody was faster
    scene.scan(OTHER_BOX)
    assert scene.answer() == "scan.place_occupied"
    assert [fact["action"] for fact in scene.facts("movement")] == ["take_out"]


def test_a_shelved_box_scanned_after_a_place_is_moved_there() -> None:
    scene = ready_scene()
    scene.scan(OTHER_PLACE)
    fact = scene.only(scene.scan(BOX), RecordFact)
    assert (fact.body["action"], fact.body["place_key"]) == ("move", EMPTY_ROW.key)
    assert scene.bank().presumed == (3,)


def test_an_open_aisle_only_shows_the_place_first() -> None:
    scene = ready_scene()
    scene.read(make_snapshot((6,), contacts=make_contacts(11, (6,))))
    effects = scene.scan(BOX)
    assert scene.answer() == "scan.aisle_open"
    assert scene.only(effects, SetIndicator).tier == 4
    assert not scene.facts("movement")


def test_a_confirm_card_counts_from_a_trigger_only_once_and_after_the_prompt() -> None:
    scene = prompted_scene()
    for kind in ("camera", "serial", "typed"):
        scene.scan(CARD, kind=kind)
        assert scene.answer() == "scan.card_not_trigger"
    scene.send(CodeTyped("kiosk-A", CARD, Lookup(), scene.fresh()))
    assert not scene.every(SendSelect)
    assert len([e for e in scene.scan(CARD) if isinstance(e, SendSelect)]) == 1
    scene.scan(CARD)
    assert scene.answer() == "scan.card_no_prompt"
    assert len(scene.every(SendSelect)) == 1


def test_a_card_read_before_the_prompt_confirms_nothing() -> None:
    scene = ready_scene()
    scene.scan(BOX)
    scene.scan(CARD)  # in the same millisecond: it can't answer the prompt
    assert not scene.every(SendSelect)


def test_a_dismissed_prompt_is_gone() -> None:
    scene = prompted_scene()
    prompt = scene.bank().prompt
    assert prompt is not None
    scene.send(PromptDismissed("kiosk-A", prompt.wish.id))
    scene.send(PromptConfirmed("kiosk-A", prompt.wish.id, fresh=scene.fresh(), readings=scene.readings()))
    assert not scene.every(SendSelect)


def test_a_typed_badge_opens_a_session_at_the_kiosk() -> None:
    scene = Scene()
    scene.send(BadgeTyped("kiosk-A", BADGE, Lookup(1, staff=LI), scene.fresh()))
    assert scene.state.sessions["kiosk-A"].staff_code == BADGE


def test_with_the_disk_full_nothing_is_recorded_or_moved_and_everybody_is_told() -> None:
    scene = prompted_scene()
    scene.send(StoreChanged("full"))
    assert scene.bank().prompt is None
    for text in (BOX, PLACE, BADGE, END):
        scene.mono_ms += 3_000
        effects = scene.scan(text)
        assert scene.answer() == "refused.store"
        assert not [effect for effect in effects if isinstance(effect, RecordFact)]
    scene.scan("nonsense")
    assert scene.answer() == "scan.unknown_code"
    scene.send(StoreChanged("ok"))
    scene.read(make_snapshot())
    scene.scan(BOX)
    assert scene.answer() == "scan.prompted"


def test_undo_reverses_the_record_of_the_newest_movement() -> None:
    scene = taken_scene()
    act = scene.state.acts[0]
    effects = scene.send(
        UndoAsked("kiosk-A", act.id, Lookup(1, box=scene.boxes[BOX], place=scene.places[PLACE]), scene.fresh())
    )
    fact = scene.only(effects, RecordFact)
    assert (fact.body["action"], fact.body["undo_of"], fact.body["box_code"]) == ("undo", act.id, BOX)
    assert scene.state.sessions["kiosk-A"].in_hand == ()
    assert next(each for each in scene.state.acts if each.id == act.id).undone
    scene.send(UndoAsked("kiosk-A", act.id, Lookup(1, box=scene.boxes[BOX]), scene.fresh()))
    assert scene.answer() == "undo.unknown"


def test_undo_refuses_what_is_not_the_newest_or_has_lost_its_place() -> None:
    scene = taken_scene()
    act = scene.state.acts[0]
    later = replace(scene.boxes[BOX], movement_id="another")
    scene.send(UndoAsked("kiosk-A", act.id, Lookup(1, box=later), scene.fresh()))
    assert scene.answer() == "undo.not_newest"
    taken = replace(PLACE_ROW, box_code=OTHER_BOX)
    scene.send(UndoAsked("kiosk-A", act.id, Lookup(1, box=scene.boxes[BOX], place=taken), scene.fresh()))
    assert scene.answer() == "undo.place_taken"
    assert len(scene.facts("movement")) == 1


def test_undo_of_a_motion_is_only_a_new_prompt() -> None:
    scene = prompted_scene()
    scene.travel()
    scene.arrive()
    act = scene.state.acts[0]
    assert (act.kind, act.before_aisle) == ("motion", 3)
    scene.send(UndoAsked("kiosk-A", act.id, None, scene.fresh(), scene.readings()))
    prompt = scene.bank().prompt
    assert prompt is not None
    assert (prompt.wish.target.aisle, prompt.closing) == (3, (6,))
    assert len(scene.every(SendSelect)) == 1
    scene.press()
    assert len(scene.every(SendSelect)) == 2
