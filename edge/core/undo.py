"""Undo of one of the last acts: it reverses a record; for a motion it only prepares a new prompt."""

from __future__ import annotations

from dataclasses import replace

from edge.core.answers import Step, give_answer
from edge.core.effects import Sound
from edge.core.events import Now, UndoAsked
from edge.core.facts import record_undo
from edge.core.outcomes import format_at, push_act
from edge.core.requests import REQUEST_MS, ask_aisle
from edge.core.room import find_station
from edge.core.state import Act, State, Target, Wish


def undo_act(state: State, event: UndoAsked, now: Now) -> Step:
    """Reverse a movement of the list, if it is still the newest of its box and its former place is free."""
    act = next((act for act in state.acts if act.id == event.act_id), None)
    if act is not None and act.before_aisle is not None and not act.undone:
        return propose_back(state, event, act, now)
    if act is None or act.undone or act.kind in {"undo", "motion"} or event.fresh is None or act.box_code is None:
        return give_answer(state, now, event.point_id, "no", "undo.unknown")
    if state.store != "ok":
        return give_answer(state, now, event.point_id, "no", "refused.store", disk=state.store)
    box = event.lookup.box if event.lookup else None
    if box is None or box.movement_id != act.id:
        return give_answer(state, now, event.point_id, "no", "undo.not_newest")
    former = event.lookup.place if event.lookup else None
    if former is not None and former.key == act.before_place and former.box_code not in {None, act.box_code}:
        return give_answer(state, now, event.point_id, "no", "undo.place_taken")
    session = state.sessions.get(find_station(state.settings, event.point_id))
    fact = record_undo(event.fresh.ids[0], act.box_code, act.id, session)
    state = forget_hand(replace(state, acts=tuple(mark_undone(each, act.id) for each in state.acts)), act)
    title = str(act.params.get("title", act.box_code))
    made = Act(event.fresh.ids[0], "undo", format_at(now), "act.undo", {"title": title}, box_code=act.box_code)
    state, told = give_answer(push_act(state, made), now, event.point_id, "ok", "undo.done", title=title)
    return state, [fact, *told]


def propose_back(state: State, event: UndoAsked, act: Act, now: Now) -> Step:
    """Propose to open the aisle that stood open before a motion: a prompt like any other, with a press of its own."""
    if event.fresh is None or act.bank is None or act.before_aisle is None:
        return give_answer(state, now, event.point_id, "no", "undo.unknown")
    station = find_station(state.settings, event.point_id)
    session = state.sessions.get(station)
    wish = Wish(
        id=event.fresh.ids[1],
        bank=act.bank,
        target=Target("open_aisle", act.before_aisle),
        origin="undo",
        station=station,
        staff_code=session.staff_code if session else None,
        asked_mono_ms=now.mono_ms,
        expires_mono_ms=now.mono_ms + REQUEST_MS,
    )
    state, effects, asked = ask_aisle(state, wish, now, event.readings)
    sound: Sound = "no" if asked.result == "refused" else "look"
    key, params = PROPOSED.get(asked.result, asked.key), asked.params or {}
    said = {**params, "aisle": act.before_aisle, "closing": list(asked.closing)}
    state, told = give_answer(state, now, event.point_id, sound, key, **said)
    return state, effects + told


PROPOSED = {"prompted": "scan.prompted_open", "open": "motion.done"}


def mark_undone(act: Act, act_id: str) -> Act:
    """Mark the act that was reversed."""
    return replace(act, undone=True) if act.id == act_id else act


def forget_hand(state: State, act: Act) -> State:
    """Take a box back out of the hands it was recorded into, or give it back to them."""
    sessions = {
        station: replace(session, in_hand=tuple(code for code in session.in_hand if code != act.box_code))
        for station, session in state.sessions.items()
    }
    return replace(state, sessions=sessions)
