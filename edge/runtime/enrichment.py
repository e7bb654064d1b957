"""What the runtime adds to an event before it is decided: look-ups, newest readings, fresh ids.

After this an event is complete: replay needs neither replica nor randomness.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable
from dataclasses import fields, replace
from typing import Any, get_args

import uuid_utils

from edge.core.codes import PrintedCode, parse_code
from edge.core.events import (
    BadgeTyped,
    CodeRead,
    CodeTyped,
    CommandArrived,
    Event,
    Fresh,
    Lookup,
    Reading,
    UndoAsked,
)
from edge.core.room import find_station
from edge.core.state import State
from edge.store.replica import Replica

IDS = 4


def draw_fresh() -> Fresh:
    """Draw the ids of one event. Request id 0 means none on the wire, so it is never drawn."""
    return Fresh(secrets.randbits(64) or 1, tuple(str(uuid_utils.uuid7()) for _ in range(IDS)))


EVENT_FIELDS = {kind: frozenset(field.name for field in fields(kind)) for kind in get_args(Event)}


def complete_event(
    event: Event,
    state: State,
    replica: Replica,
    readings: Iterable[Reading],
    find_command: Callable[[str], tuple[str, str | None] | None],
) -> Event:
    """Add what the core may not fetch by itself."""
    known = EVENT_FIELDS[type(event)]
    added: dict[str, Any] = {}
    if "fresh" in known:
        added["fresh"] = draw_fresh()
    if "readings" in known:
        added["readings"] = tuple(readings)
    if "lookup" in known:
        added["lookup"] = look_up(event, state, replica)
    if isinstance(event, CommandArrived):
        added["earlier"] = find_command(event.command_id)
    return replace(event, **added) if added else event


def look_up(event: Event, state: State, replica: Replica) -> Lookup | None:
    """Look up what the event names."""
    if isinstance(event, (CodeRead, CodeTyped, BadgeTyped)):
        return look_up_code(event, state, replica)
    if isinstance(event, UndoAsked):
        return look_up_act(event, state, replica)
    if isinstance(event, CommandArrived):
        code = event.payload.get("box_code")
        return Lookup(replica.revision(), box=replica.find_box(code)) if isinstance(code, str) else None
    return None


def look_up_code(event: CodeRead | CodeTyped | BadgeTyped, state: State, replica: Replica) -> Lookup | None:
    """Look up a scanned code; with a box comes the place that its person scanned before."""
    code = parse_code(event.text)
    if not isinstance(code, PrintedCode):
        return None
    revision = replica.revision()
    if code.kind == "ST":
        return Lookup(revision, staff=replica.find_staff(code.text, online=state.link == "online"))
    if code.kind == "PL":
        return Lookup(revision, place=replica.find_place(code.text))
    if code.kind != "BX":
        return Lookup(revision)
    source_id = event.source_id if isinstance(event, CodeRead) else event.point_id
    session = state.sessions.get(find_station(state.settings, source_id))
    place = replica.find_place_by_key(session.place.key) if session is not None and session.place is not None else None
    return Lookup(revision, box=replica.find_box(code.text), place=place)


def look_up_act(event: UndoAsked, state: State, replica: Replica) -> Lookup | None:
    """Look up the box of an act and the place it came from."""
    act = next((act for act in state.acts if act.id == event.act_id), None)
    if act is None or act.box_code is None:
        return None
    place = replica.find_place_by_key(act.before_place) if act.before_place is not None else None
    return Lookup(replica.revision(), box=replica.find_box(act.box_code), place=place)
