"""Where a box is, derived from its movements alone. Order of arrival must not matter: the fold goes by time, then id.

A box is never "somewhere": each state names a place, a person, or since when nobody knows.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple


class Action(StrEnum):
    REGISTERED = "registered"
    LABELLED = "labelled"
    PUT_AWAY = "put_away"
    TAKE_OUT = "take_out"
    MOVE = "move"
    UNDO = "undo"


class State(StrEnum):
    NOWHERE = "nowhere"
    LABELLED = "labelled"
    SHELVED = "shelved"
    IN_HAND = "in_hand"
    UNKNOWN = "unknown"


class Conflict(StrEnum):
    """What a person has to look into; the newest fact stands all the same."""

    #: Shelved at another place without having been taken out: two labels of one code, or a movement nobody scanned.
    SEEN_TWICE = "seen_twice"
    #: Taken out while another person had it in hand.
    TAKEN_TWICE = "taken_twice"
    #: Put away with no place named.
    NO_PLACE = "no_place"


class Movement(NamedTuple):
    """One fact about one box; `order_at` is `occurred_at`, held between the room's last fact and the arrival.

    A tuple, as is `Location`, since thousands a second are made.
    """

    id: str
    room_id: str
    box_code: str
    action: Action
    place_key: str | None
    staff_code: str | None
    occurred_at: datetime
    order_at: datetime
    #: The movement that an undo takes back.
    undo_of: str | None = None
    source: str = "gateway"

    @property
    def order(self) -> tuple[datetime, str]:
        """Place of this movement in the history of its box."""
        return (self.order_at, self.id)


class Location(NamedTuple):
    """State of a box after the movement `movement_id`, whose place in history is `order_at`."""

    state: State
    room_id: str
    place_key: str | None
    holder_code: str | None
    since: datetime
    conflict: Conflict | None
    movement_id: str
    order_at: datetime


@dataclass(frozen=True, slots=True)
class HistoryNeeded:
    """The movement came late or undoes another: only the whole history of the box gives the answer."""

    movement: Movement


def apply_movement(location: Location | None, movement: Movement) -> Location | HistoryNeeded:
    """Return where the box is after `movement`, or that its history has to be folded anew."""
    if movement.action is Action.UNDO:
        return HistoryNeeded(movement)
    if location is not None:
        if movement.id == location.movement_id:
            return location
        if movement.order < (location.order_at, location.movement_id):
            return HistoryNeeded(movement)
    return _step(location, movement)


def fold_movements(movements: Iterable[Movement]) -> Location | None:
    """Return where the box of these movements is; repeats and undone ones drop out, order of arrival doesn't matter."""
    by_id = {movement.id: movement for movement in movements}
    undone: set[str] = set()
    # From the newest back, so that an undo which was itself undone takes nothing back.
    for movement in sorted(by_id.values(), key=lambda m: m.order, reverse=True):
        if movement.action is not Action.UNDO or movement.id in undone or movement.undo_of is None:
            continue
        target = by_id.get(movement.undo_of)
        # A mistaken clock may put an undo before its target; then it can't have meant it.
        if target is not None and target.order < movement.order:
            undone.add(target.id)
    location: Location | None = None
    for movement in sorted(by_id.values(), key=lambda m: m.order):
        if movement.id in undone or movement.action is Action.UNDO:
            continue
        location = _step(location, movement)
    return _at_latest(location, by_id.values())


def _at_latest(location: Location | None, movements: Iterable[Movement]) -> Location | None:
    """Move the mark of the last fact to the newest of all, so that a later incremental step compares with that."""
    newest = max(movements, key=lambda m: m.order, default=None)
    if newest is None:
        return None
    if location is None:
        return Location(State.NOWHERE, newest.room_id, None, None, newest.occurred_at, None, newest.id, newest.order_at)
    return location._replace(movement_id=newest.id, order_at=newest.order_at)


def _step(location: Location | None, movement: Movement) -> Location:
    state, place_key, holder_code = _outcome(location, movement)
    since = movement.occurred_at
    if (
        location is not None
        and location.state is state
        and state is not State.NOWHERE
        and (location.place_key, location.holder_code) == (place_key, holder_code)
    ):
        since = location.since
    return Location(
        state,
        movement.room_id,
        place_key,
        holder_code,
        since,
        _find_conflict(location, movement),
        movement.id,
        movement.order_at,
    )


def _outcome(location: Location | None, movement: Movement) -> tuple[State, str | None, str | None]:
    match movement.action:
        case Action.TAKE_OUT:
            return (State.IN_HAND, None, movement.staff_code) if movement.staff_code else (State.UNKNOWN, None, None)
        case Action.PUT_AWAY | Action.MOVE:
            return (State.SHELVED, movement.place_key, None) if movement.place_key else (State.UNKNOWN, None, None)
        case Action.REGISTERED if movement.place_key:
            return State.SHELVED, movement.place_key, None
        case Action.LABELLED if location is None or location.state is State.NOWHERE:
            return State.LABELLED, None, None
        case _:
            # A further label moves nothing.
            if location is None:
                return State.NOWHERE, None, None
            return location.state, location.place_key, location.holder_code


def _find_conflict(location: Location | None, movement: Movement) -> Conflict | None:
    if movement.action in {Action.PUT_AWAY, Action.MOVE} and movement.place_key is None:
        return Conflict.NO_PLACE
    if location is None:
        return None
    if movement.action is Action.PUT_AWAY and location.state is State.SHELVED:
        return Conflict.SEEN_TWICE if location.place_key != movement.place_key else location.conflict
    if movement.action is Action.TAKE_OUT and location.state is State.IN_HAND:
        return Conflict.TAKEN_TWICE if location.holder_code != movement.staff_code else location.conflict
    if movement.action in {Action.LABELLED, Action.REGISTERED}:
        return location.conflict
    return None
