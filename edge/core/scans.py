"""A code was read: what kind it is, whether it counts, and where it goes. Every case is answered in words at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from edge.core.answers import Step, give_answer, tell_place
from edge.core.boxes import put_box, request_box, take_box
from edge.core.codes import END_SESSION, PrintedCode, Unreadable, parse_code
from edge.core.confirmations import confirm_by_card
from edge.core.effects import SendDeselect
from edge.core.events import BadgeTyped, CodeRead, CodeTyped, Now
from edge.core.geometry import find_aisle
from edge.core.occupancy import is_open, presume_occupied
from edge.core.outcomes import finish_request
from edge.core.room import find_bank_settings
from edge.core.rows import PlaceRow
from edge.core.sensors import expect_sight
from edge.core.sessions import Scan, await_box, find_gate, make_scan, refuse_scan, sign_off, sign_on, touch_session
from edge.core.state import Session, State, put_bank, put_session
from edge.core.stops import stop_bank

# the same code again within this time is the same reading
REPEAT_MS = 2_000


def read_code(state: State, event: CodeRead | CodeTyped | BadgeTyped, now: Now) -> Step:
    """Take a code in, whoever read it."""
    scan = make_scan(state, event)
    code = parse_code(event.text)
    if isinstance(code, Unreadable):
        if state.store != "ok":
            return give_answer(state, now, scan.source_id, "no", code.reason, text=code.text)
        return refuse_scan(state, now, scan, code.reason, text=code.text)
    if code.kind == "CF":
        if not isinstance(event, CodeRead):
            return give_answer(state, now, scan.source_id, "no", "scan.card_not_trigger")
        return confirm_by_card(state, event, code.text, now)
    state, effects = presume_inside(state, scan, now)
    if state.store != "ok":
        state, told = give_answer(state, now, scan.source_id, "no", "refused.store", disk=state.store)
    else:
        state, told = HANDLERS[code.kind](state, scan, code, now)
    return state, effects + told


def presume_inside(state: State, scan: Scan, now: Now) -> Step:
    """Presume somebody in the aisle of a scanned place, whatever else the scan means; and act on it."""
    place = scan.lookup.place
    if place is None or scan.text != place.code or place.bank not in state.banks:
        return state, []
    aisle = find_aisle(place.column, place.face)
    bank = presume_occupied(state.banks[place.bank], aisle)
    settings = find_bank_settings(state.settings, place.bank)
    if scan.in_hand and settings is not None:
        bank = expect_sight(settings, bank, aisle, place.tier, now)
    if bank.prompt is not None and bank.prompt.shown_mono_ms != 0:
        # a press that is told later, but was given before this scan, must not count: a button's ring is read slowly
        bank = replace(bank, prompt=replace(bank.prompt, shown_mono_ms=now.mono_ms))
    state = put_bank(state, place.bank, bank)
    request = bank.request
    if request is None:
        return state, []
    if request.stage == "selecting":
        # a place scanned after the press: the confirmation is dead
        state, effects = finish_request(state, place.bank, "refused", "changed", now)
        return state, [SendDeselect(place.bank), *effects]
    # OPERATE may still wait for the line: until it is acknowledged, any place kills what the press confirmed
    if request.stage == "operating" or (request.stage == "moving" and aisle != request.wish.target.aisle):
        return stop_bank(state, place.bank, "place_scanned", now)
    return state, []


def read_goods(state: State, scan: Scan, code: PrintedCode, now: Now) -> Step:
    """Answer the scan of a box or a place: by whom, of this room, and not the same reading twice."""
    gate = find_gate(state, scan.station)
    if gate is not None:
        return refuse_at_gate(state, scan, gate, now)
    known = scan.lookup.box is not None if code.kind == "BX" else scan.lookup.place is not None
    if not known:
        return refuse_stranger(state, scan, code, now)
    if is_repeat(state, scan, now):
        return give_answer(state, now, scan.source_id, "look", "scan.already", code=code.text)
    session = touch_session(state.sessions[scan.station], scan, now)
    state = put_session(state, session)
    return read_box(state, scan, session, now) if code.kind == "BX" else read_place(state, scan, session, now)


def read_box(state: State, scan: Scan, session: Session, now: Now) -> Step:
    """Answer the scan of a box of this room."""
    box = scan.lookup.box
    assert box is not None
    if session.place is not None:
        return put_box(state, scan, box, session, now)
    if box.state == "shelved" and box.place is not None:
        wanted = session.wanted is not None and session.wanted.code == box.code
        bank = state.banks.get(box.place.bank)
        if wanted and bank is not None and is_open(bank, find_aisle(box.place.column, box.place.face)):
            return take_box(state, scan, box, session, now)
        return request_box(state, scan, box, session, now)
    if box.state in {"in_hand", "on_loan"}:
        return answer_absent(state, scan, now)
    return refuse_scan(state, now, scan, "scan.box_nowhere", title=box.title)


def answer_absent(state: State, scan: Scan, now: Now) -> Step:
    """Tell who has a box that is out."""
    box, session = scan.lookup.box, state.sessions[scan.station]
    assert box is not None
    if box.state == "on_loan":
        return refuse_scan(state, now, scan, "scan.box_on_loan", title=box.title)
    if box.holder_code == session.staff_code:
        return give_answer(state, now, scan.source_id, "look", "scan.box_in_own_hand", title=box.title)
    holder = box.holder_name or box.holder_code or "?"
    return refuse_scan(state, now, scan, "scan.box_out", title=box.title, holder=holder)


def read_place(state: State, scan: Scan, session: Session, now: Now) -> Step:
    """Answer the scan of a place: it comes first, its box next."""
    place = scan.lookup.place
    assert place is not None
    if session.place is not None:
        return refuse_other_place(state, scan, session.place, place, now)
    if session.wanted is not None and is_wanted_near(state, scan):
        return refuse_scan(state, now, scan, "scan.box_wanted", title=session.wanted.title)
    shown = tell_place(state, place)
    if place.box_code is not None:
        return refuse_scan(state, now, scan, "scan.place_occupied", place=shown, code=place.box_code)
    state = put_session(state, await_box(session, place, now))
    return give_answer(state, now, scan.source_id, "ok", "scan.place_ready", place=shown)


def is_wanted_near(state: State, scan: Scan) -> bool:
    """Tell whether the box this person asked for is still to be taken out of an open aisle or a live request."""
    wanted = state.sessions[scan.station].wanted
    if wanted is None or wanted.place is None or wanted.place.bank not in state.banks:
        return False
    bank = state.banks[wanted.place.bank]
    asked = bank.request is not None or bank.prompt is not None
    return asked or is_open(bank, find_aisle(wanted.place.column, wanted.place.face))


def refuse_other_place(state: State, scan: Scan, expected: PlaceRow, place: PlaceRow, now: Now) -> Step:
    """Refuse a second place where a box is expected; the first stays."""
    if expected.code == place.code:
        return give_answer(state, now, scan.source_id, "look", "scan.already", code=place.code)
    return refuse_scan(state, now, scan, "scan.box_expected", place=tell_place(state, expected))


def read_badge(state: State, scan: Scan, _code: PrintedCode, now: Now) -> Step:
    """Answer the scan of a badge."""
    return sign_on(state, scan, now)


def read_control(state: State, scan: Scan, code: PrintedCode, now: Now) -> Step:
    """Answer a control code."""
    if code.serial != END_SESSION:
        return refuse_scan(state, now, scan, "scan.unknown_code", text=code.text)
    return sign_off(state, scan.station, scan.source_id, now)


def refuse_at_gate(state: State, scan: Scan, gate: str, now: Now) -> Step:
    """Ask for badge or PIN first."""
    session = state.sessions.get(scan.station)
    return refuse_scan(state, now, scan, gate, name=session.staff_name if session else "")


def refuse_stranger(state: State, scan: Scan, code: PrintedCode, now: Now) -> Step:
    """Tell another room's code from one this room does not know."""
    if code.room != state.settings.number:
        return refuse_scan(state, now, scan, "scan.other_room", code=code.text, room=code.room)
    key = "scan.unknown_box" if code.kind == "BX" else "scan.unknown_place"
    return refuse_scan(state, now, scan, key, code=code.text)


def is_repeat(state: State, scan: Scan, now: Now) -> bool:
    """Tell whether the scanner read the same label twice in one go."""
    session = state.sessions[scan.station]
    return session.last_text == scan.text and now.mono_ms - session.last_mono_ms < REPEAT_MS


HANDLERS: dict[str, Callable[[State, Scan, PrintedCode, Now], Step]] = {
    "BX": read_goods,
    "PL": read_goods,
    "ST": read_badge,
    "CT": read_control,
}
