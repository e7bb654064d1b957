"""Undo of one of the last acts: it reverses a record; for a motion it only prepares a new prompt."""

from __future__ import annotations

from dataclasses import replace

from edge.core.answers import Step, give_answer
from edge.core.events import Now, UndoAsked
from edge.core.facts import record_undo
from edge.core.outcomes import format_at, push_act
from edge.core.room import find_station
from edge.core.state import Act, State


def undo_act(state: State, event: UndoAsked, now: Now) -> Step:
    """Reverse a movement of the list, if it is still the newest of its box and its former place is free."""
    act = next((act for act in state.acts if act.id == event.act_id), None)
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
