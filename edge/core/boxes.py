"""What may become of a box: asked for, taken out, put away, moved. Each movement is one fact."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal

from edge.core.answers import Step, give_answer, tell_place
from edge.core.confirmations import open_by_scan
from edge.core.effects import Effect, SetIndicator
from edge.core.events import Now
from edge.core.facts import record_movement
from edge.core.geometry import find_aisle
from edge.core.occupancy import list_closing, presume_occupied
from edge.core.outcomes import format_at, push_act
from edge.core.requests import REQUEST_MS, ask_aisle, dismiss_prompt
from edge.core.room import find_bank_settings, find_point
from edge.core.rows import BoxRow, PlaceRow
from edge.core.sensors import may_scan_narrow
from edge.core.sessions import Scan, refuse_scan
from edge.core.state import Act, Session, State, Target, Wish, put_bank, put_session

Movement = Literal["take_out", "put_away", "move"]


def make_wish(scan: Scan, box: BoxRow, place: PlaceRow, staff_code: str | None, now: Now) -> Wish:
    """Word the wish to open the aisle of a box."""
    target = Target("open_aisle", find_aisle(place.column, place.face), place, box.code, box.title)
    return Wish(
        id=scan.fresh.ids[1],
        bank=place.bank,
        target=target,
        origin=scan.origin,
        station=scan.station,
        staff_code=staff_code,
        asked_mono_ms=now.mono_ms,
        expires_mono_ms=now.mono_ms + REQUEST_MS,
    )


def find_pending(state: State, box: BoxRow, place: PlaceRow) -> str | None:
    """Find the sentence for a box that is asked for already."""
    bank = state.banks.get(place.bank)
    if bank is None:
        return None
    if bank.prompt is not None and bank.prompt.wish.target.box_code == box.code:
        return "scan.waiting_press"
    if bank.request is not None and bank.request.wish.target.box_code == box.code:
        return "scan.under_way"
    if any(wish.target.box_code == box.code for wish in bank.queue):
        return "scan.in_queue"
    return None


def request_box(state: State, scan: Scan, box: BoxRow, session: Session, now: Now) -> Step:
    """Ask for the aisle of a shelved box; by the scan alone only if no gap narrows below the passable gap."""
    place = box.place
    assert place is not None
    pending = find_pending(state, box, place)
    if pending is not None:
        return give_answer(state, now, scan.source_id, "look", pending, title=box.title)
    wish = make_wish(scan, box, place, session.staff_code, now)
    state = replace_prompt(state, scan.station, place.bank)
    state, effects, asked = ask_aisle(state, wish, now, scan.readings)
    if asked.result == "refused":
        state, told = refuse_scan(state, now, scan, asked.key, **(asked.params or {}))
        return state, effects + told
    state = put_session(state, replace(session, wanted=box))
    params: dict[str, Any] = {"aisle": wish.target.aisle, "title": box.title}
    if asked.result == "open":
        return show_open(state, scan, place, effects, now)
    if asked.result == "queued":
        params["reason"] = {"key": asked.key, "params": asked.params or {}}
        state, told = give_answer(state, now, scan.source_id, "look", "scan.queued", **params)
    elif may_open_by_scan(state, wish, scan, now):
        state = dismiss_prompt(state, wish.id)
        return open_by_scan(state, wish, scan, now)
    else:
        key = "scan.prompted" if asked.closing else "scan.prompted_open"
        state, told = give_answer(state, now, scan.source_id, "look", key, closing=list(asked.closing), **params)
    return state, effects + told


def replace_prompt(state: State, station: str, bank_id: str) -> State:
    """Let a new scan of the same person take the place of the prompt they have not pressed."""
    bank = state.banks.get(bank_id)
    if bank is None or bank.prompt is None or bank.prompt.wish.station != station:
        return state
    return put_bank(state, bank_id, replace(bank, prompt=None))


def may_open_by_scan(state: State, wish: Wish, scan: Scan, now: Now) -> bool:
    """Tell whether the scan alone may open: read in sight of the bank, bank awake, and nobody need look."""
    settings = find_bank_settings(state.settings, wish.bank)
    bank = state.banks[wish.bank]
    awake = bank.prompt is not None and bank.prompt.shown_mono_ms != 0
    return (
        settings is not None
        and settings.scan_opens
        and scan.origin == "scan"
        and find_point(state.settings, wish.bank, scan.station) is not None
        and awake
        and may_open_unseen(state, wish, scan, now)
    )


def may_open_unseen(state: State, wish: Wish, scan: Scan, now: Now) -> bool:
    """Tell whether nobody need look: no gap narrows, or the owner's entry stands and the hand pulled a trigger."""
    settings = find_bank_settings(state.settings, wish.bank)
    bank = state.banks[wish.bank]
    assert settings is not None
    closing = list_closing(settings, bank, wish.target)
    steady = state.clock_steady
    return not closing or (scan.triggered and may_scan_narrow(settings, bank, closing, now, steady=steady))


def show_open(state: State, scan: Scan, place: PlaceRow, effects: list[Effect], now: Now) -> Step:
    """Light the place in an aisle that stands open already."""
    aisle = find_aisle(place.column, place.face)
    bank = replace(state.banks[place.bank], indicator=place)
    state = put_bank(state, place.bank, bank)
    shown = tell_place(state, place)
    state, told = give_answer(state, now, scan.source_id, "ok", "scan.aisle_open", aisle=aisle, place=shown)
    light = SetIndicator(place.bank, aisle, place.face, place.section, place.tier)
    return state, [*effects, light, *told]


def take_box(state: State, scan: Scan, box: BoxRow, session: Session, now: Now) -> Step:
    """Record that the box went from its place into the person's hand."""
    place = box.place
    assert place is not None
    aisle = find_aisle(place.column, place.face)
    movement = record_movement(scan.fresh.ids[2], "take_out", box.code, session, place.key)
    state = put_session(state, replace(session, wanted=None, in_hand=(*session.in_hand, box.code)))
    bank = replace(presume_occupied(state.banks[place.bank], aisle), indicator=None)
    state = put_bank(state, place.bank, bank)
    params = {"name": session.staff_name, "title": box.title}
    state = push_act(state, describe_act(scan, "take_out", box, params, now))
    state, told = give_answer(state, now, scan.source_id, "ok", "scan.taken", title=box.title)
    return state, [movement, SetIndicator(place.bank, 0, "", 0, 0), *told]


def put_box(state: State, scan: Scan, box: BoxRow, session: Session, now: Now) -> Step:
    """Record that the box stands at the place scanned before it."""
    place = scan.lookup.place if scan.lookup.place is not None else session.place
    assert place is not None
    shown = tell_place(state, place)
    if box.state == "on_loan":
        return refuse_scan(state, now, scan, "scan.box_on_loan", title=box.title)
    if box.state == "shelved" and box.place is not None and box.place.key == place.key:
        state = put_session(state, replace(session, place=None))
        return give_answer(state, now, scan.source_id, "look", "scan.already_there", title=box.title, place=shown)
    if place.box_code is not None and place.box_code != box.code:
        return refuse_scan(state, now, scan, "scan.place_occupied", place=shown, code=place.box_code)
    moved = box.state == "shelved"
    action: Movement = "move" if moved else "put_away"
    movement = record_movement(scan.fresh.ids[2], action, box.code, session, place.key)
    in_hand = tuple(code for code in session.in_hand if code != box.code)
    state = put_session(state, replace(session, place=None, in_hand=in_hand))
    if place.bank in state.banks:
        aisle = find_aisle(place.column, place.face)
        state = put_bank(state, place.bank, presume_occupied(state.banks[place.bank], aisle))
    params = {"name": session.staff_name, "title": box.title, "place": shown}
    state = push_act(state, describe_act(scan, action, box, params, now))
    key = "scan.moved" if moved else "scan.put"
    state, told = give_answer(state, now, scan.source_id, "ok", key, title=box.title, place=shown)
    return state, [movement, *told]


def describe_act(scan: Scan, action: Movement, box: BoxRow, params: dict[str, Any], now: Now) -> Act:
    """Describe a movement for the list of last acts, with what undoing it needs."""
    return Act(
        id=scan.fresh.ids[2],
        kind=action,
        at=format_at(now),
        key=f"act.{action}",
        params=params,
        box_code=box.code,
        before_place=box.place.key if box.place is not None and box.state == "shelved" else None,
        before_holder=box.holder_code,
    )
