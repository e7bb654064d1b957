"""Finding boxes, and what is known of one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Row
from sqlalchemy.orm import Session

from central.domain.locations import State
from central.domain.paging import LONGEST_PAGE, Page, make_cursor, read_cursor, walk_pages
from central.domain.people import Actor
from central.domain.permissions import Action, Scope, find_scope
from central.domain.refusals import NotFound, Reason, Refusal
from central.domain.search import split_query
from central.store.boxes import (
    BOX_ORDERS,
    BoxRow,
    count_states,
    find_box,
    find_box_by_code,
    load_history_lines,
    load_latest_lines,
    match_boxes,
    select_boxes,
)
from central.store.keyset import find_order, read_page


@dataclass(frozen=True, slots=True)
class SearchBoxes:
    """What to look for; an empty text finds all. `after` is the cursor of the page before."""

    text: str = ""
    room_id: str | None = None
    state: State | None = None
    conflict: bool = False
    sort: str = "code"
    after: str | None = None
    limit: int = 50


@dataclass(frozen=True, slots=True)
class BoxFound:
    """A box and where it is."""

    id: str
    room_id: str
    code: str
    title: str
    customer_no: str
    customer_name: str
    state: str
    place_key: str | None
    holder_code: str | None
    holder_name: str | None
    since: datetime | None
    conflict: str | None


@dataclass(frozen=True, slots=True)
class MovementSeen:
    """One line of a box's history."""

    id: str
    room_id: str
    action: str
    place_key: str | None
    staff_code: str | None
    staff_name: str | None
    occurred_at: datetime
    recorded_at: datetime
    source: str
    late: bool
    undo_of: str | None


@dataclass(frozen=True, slots=True)
class BoxCounts:
    """How many boxes are in which state; `conflicts` are among them."""

    states: dict[str, int]
    conflicts: int
    total: int


@dataclass(frozen=True, slots=True)
class LatestMovement:
    """A movement with the box that moved."""

    movement: MovementSeen
    box_id: str
    box_code: str
    box_title: str


def count_boxes(session: Session, actor: Actor, room_id: str | None = None) -> BoxCounts:
    """Count the boxes in the actor's rooms, or in one of them."""
    states: dict[str, int] = {}
    conflicts = 0
    for state, conflict, count in count_states(session, find_scope(actor, Action.SEE_BOXES), room_id):
        states[state] = states.get(state, 0) + count
        conflicts += count if conflict is not None else 0
    return BoxCounts(states, conflicts, sum(states.values()))


def list_latest_movements(session: Session, actor: Actor, limit: int = 8) -> tuple[LatestMovement, ...]:
    """Return the newest movements of boxes in the actor's rooms."""
    lines = load_latest_lines(session, find_scope(actor, Action.SEE_BOXES), min(limit, LONGEST_PAGE))
    return tuple(LatestMovement(_to_movement(line), line.box_id, line.box_code, line.box_title) for line in lines)


def search_boxes(session: Session, actor: Actor, command: SearchBoxes) -> Page[BoxFound]:
    """Return boxes in the actor's rooms in which every word occurs: number, customer, title."""
    return _search(session, find_scope(actor, Action.SEE_BOXES), command)


def export_boxes(session: Session, actor: Actor, command: SearchBoxes) -> Iterator[BoxFound]:
    """Yield everything a search finds, page by page."""
    scope = find_scope(actor, Action.EXPORT_BOXES)
    return walk_pages(lambda after: _search(session, scope, replace(command, after=after, limit=LONGEST_PAGE)))


def show_box(session: Session, actor: Actor, box_id: str) -> BoxFound:
    """Return one box; NotFound when it doesn't exist or lies in another's room."""
    row = find_box(session, find_scope(actor, Action.SEE_BOXES), box_id)
    if row is None:
        raise NotFound
    return to_box_found(row)


def show_box_by_code(session: Session, actor: Actor, code: str) -> BoxFound:
    """Return the box that carries a printed code."""
    row = find_box_by_code(session, find_scope(actor, Action.SEE_BOXES), code)
    if row is None:
        raise NotFound
    return to_box_found(row)


def list_customer_boxes(session: Session, actor: Actor, customer_nos: Sequence[str]) -> tuple[BoxFound, ...]:
    """Return the boxes of these customer numbers in the actor's rooms, with where they are now."""
    scope = find_scope(actor, Action.SEE_BOXES)
    query = select_boxes(scope).where(BoxRow.customer_no.in_(customer_nos)).order_by(BoxRow.code).limit(LONGEST_PAGE)
    return tuple(to_box_found(row) for row in session.execute(query))


def list_box_history(
    session: Session, actor: Actor, box_id: str, after: str | None = None, limit: int = 50
) -> Page[MovementSeen]:
    """Return the movements of a box, newest first."""
    box = show_box(session, actor, box_id)
    limit = min(limit, LONGEST_PAGE)
    before = _read_history_cursor(after) if after else None
    lines = load_history_lines(session, box.code, before, limit + 1)
    items = tuple(_to_movement(line) for line in lines[:limit])
    last = lines[limit - 1] if len(lines) > limit else None
    return Page(items, make_cursor(last.order_at.isoformat(), last.id) if last is not None else None)


def to_box_found(row: Row[*tuple[Any, ...]]) -> BoxFound:
    """Return the box of a row of `select_boxes`."""
    return BoxFound(
        id=row.id,
        room_id=row.room_id,
        code=row.code,
        title=row.title,
        customer_no=row.customer_no,
        customer_name=row.customer_name,
        state=row.state,
        place_key=row.place_key,
        holder_code=row.holder_code,
        holder_name=row.holder_name,
        since=row.since,
        conflict=row.conflict,
    )


def _to_movement(line: Row[*tuple[Any, ...]]) -> MovementSeen:
    return MovementSeen(
        id=line.id,
        room_id=line.room_id,
        action=line.action,
        place_key=line.place_key,
        staff_code=line.staff_code,
        staff_name=line.staff_name,
        occurred_at=line.occurred_at,
        recorded_at=line.recorded_at,
        source=line.source,
        late=line.late,
        undo_of=line.undo_of,
    )


def _search(session: Session, scope: Scope, command: SearchBoxes) -> Page[BoxFound]:
    sought = match_boxes(split_query(command.text), command.room_id, command.state, conflict=command.conflict)
    order = find_order(BOX_ORDERS, command.sort)
    rows, next_after = read_page(session, select_boxes(scope).where(sought), order, command.after, command.limit)
    return Page(tuple(to_box_found(row) for row in rows), next_after)


def _read_history_cursor(cursor: str) -> tuple[str, str]:
    at, movement_id = read_cursor(cursor, 2)
    try:
        if datetime.fromisoformat(at).tzinfo is None:
            raise Refusal(Reason.BAD_CURSOR)
    except ValueError:
        raise Refusal(Reason.BAD_CURSOR) from None
    return at, movement_id
