"""The organisation: units in their tree, and which unit an archive room serves."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from central.domain.audit import AuditAct, AuditEntry
from central.domain.organisation import Unit, UnitKind, may_lie_under
from central.domain.people import Actor
from central.domain.permissions import Action, allows
from central.domain.refusals import NotFound, Reason, Refusal
from central.store.audit import add_audit
from central.store.ids import new_id
from central.store.organisation import UnitRow, find_open_unit, load_units
from central.store.people import PersonRow, RoleRow, count_people_by_unit
from central.store.rooms import RoomRow


@dataclass(frozen=True, slots=True)
class UnitSeen:
    """A unit in the tree, in order from the top; `depth` 0 is the top."""

    id: str
    kind: UnitKind
    name: str
    parent_id: str | None
    depth: int
    people: int
    room_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RoomServed:
    """An archive room and the unit that it serves."""

    id: str
    number: str
    name: str
    unit_id: str | None


@dataclass(frozen=True, slots=True)
class UnitDraft:
    """A new unit, or what an old one shall be from now on."""

    kind: UnitKind
    name: str
    parent_id: str | None


def list_units(session: Session, actor: Actor) -> tuple[UnitSeen, ...]:
    """Return the open units, each after the one it lies under."""
    _check(actor, Action.SEE_ORGANISATION)
    rows = load_units(session)
    people = count_people_by_unit(session)
    rooms: dict[str, list[str]] = {}
    for room in session.scalars(select(RoomRow).where(RoomRow.unit_id.is_not(None)).order_by(RoomRow.id)):
        rooms.setdefault(room.unit_id or "", []).append(room.id)
    known = {row.id for row in rows}
    children: dict[str | None, list[UnitRow]] = {}
    for row in rows:
        children.setdefault(row.parent_id if row.parent_id in known else None, []).append(row)
    found: list[UnitSeen] = []

    def descend(parent_id: str | None, depth: int) -> None:
        for row in children.get(parent_id, ()):
            kind = UnitKind(row.kind)
            served = tuple(rooms.get(row.id, ()))
            found.append(UnitSeen(row.id, kind, row.name, row.parent_id, depth, people.get(row.id, 0), served))
            descend(row.id, depth + 1)

    descend(None, 0)
    return tuple(found)


def list_served_rooms(session: Session, actor: Actor) -> tuple[RoomServed, ...]:
    """Return every archive room with its unit."""
    _check(actor, Action.SEE_ORGANISATION)
    rows = session.scalars(select(RoomRow).order_by(RoomRow.id))
    return tuple(RoomServed(row.id, row.number, row.name, row.unit_id) for row in rows)


def create_unit(session: Session, actor: Actor, draft: UnitDraft, now: datetime) -> str:
    """Found a unit and return its id."""
    _check(actor, Action.EDIT_ORGANISATION)
    _check_place(session, draft)
    row = UnitRow(id=new_id(), kind=draft.kind.value, name=draft.name, parent_id=draft.parent_id, created_at=now)
    session.add(row)
    session.flush()
    add_audit(session, actor, AuditEntry(AuditAct.UNIT_CREATED, "unit", row.id, row.name, after=_describe(row)), now)
    return row.id


def change_unit(
    session: Session, actor: Actor, unit_id: str, *, name: str, parent_id: str | None, now: datetime
) -> None:
    """Rename a unit or put it under another one."""
    _check(actor, Action.EDIT_ORGANISATION)
    row = find_open_unit(session, unit_id)
    if row is None:
        raise NotFound
    _check_place(session, UnitDraft(UnitKind(row.kind), name, parent_id), moved=unit_id)
    before = _describe(row)
    row.name, row.parent_id = name, parent_id
    session.flush()
    if before != _describe(row):
        entry = AuditEntry(AuditAct.UNIT_CHANGED, "unit", row.id, name, before=before, after=_describe(row))
        add_audit(session, actor, entry, now)


def close_unit(session: Session, actor: Actor, unit_id: str, now: datetime) -> None:
    """Close a unit to which nothing belongs any more; its history stays."""
    _check(actor, Action.EDIT_ORGANISATION)
    row = find_open_unit(session, unit_id)
    if row is None:
        raise NotFound
    if _is_used(session, unit_id, now):
        raise Refusal(Reason.UNIT_IN_USE)
    row.closed_at = now
    add_audit(session, actor, AuditEntry(AuditAct.UNIT_CLOSED, "unit", row.id, row.name, before=_describe(row)), now)


def assign_room(session: Session, actor: Actor, room_id: str, unit_id: str | None, now: datetime) -> None:
    """Say which service centre or department an archive room serves; None: none."""
    _check(actor, Action.EDIT_ORGANISATION)
    room = session.get(RoomRow, room_id)
    unit = find_open_unit(session, unit_id) if unit_id is not None else None
    if room is None or (unit is None and unit_id is not None):
        raise NotFound
    if unit is not None and unit.kind == UnitKind.TEAM:
        raise Refusal(Reason.UNIT_PLACE)
    if room.unit_id != unit_id:
        before, after = {"unit_id": room.unit_id}, {"unit_id": unit_id}
        room.unit_id = unit_id
        entry = AuditEntry(AuditAct.ROOM_ASSIGNED, "room", room.id, room.name, before=before, after=after)
        add_audit(session, actor, entry, now)


def _check(actor: Actor, action: Action) -> None:
    if not allows(actor, action):
        raise Refusal(Reason.NOT_ALLOWED)


def _check_place(session: Session, draft: UnitDraft, moved: str | None = None) -> None:
    parent: Unit | None = None
    if draft.parent_id is not None:
        row = find_open_unit(session, draft.parent_id)
        if row is None:
            raise NotFound
        parent = row.to_unit()
    # Kinds rank strictly, so a unit that fits its parent by kind can't come to lie under itself.
    if not may_lie_under(draft.kind, parent) or (moved is not None and draft.parent_id == moved):
        raise Refusal(Reason.UNIT_PLACE)


def _is_used(session: Session, unit_id: str, now: datetime) -> bool:
    # Roles that begin later count too. Written without NOT: of an open end SQL would know neither yes nor no.
    lasts = RoleRow.withdrawn_at.is_(None) & (RoleRow.until_at.is_(None) | (RoleRow.until_at > now))
    queries = (
        select(UnitRow.id).where(UnitRow.parent_id == unit_id, UnitRow.closed_at.is_(None)),
        select(PersonRow.id).where(PersonRow.unit_id == unit_id, PersonRow.active),
        select(RoleRow.id).where(RoleRow.unit_id == unit_id, lasts),
        select(RoomRow.id).where(RoomRow.unit_id == unit_id),
    )
    return any(session.scalar(query.limit(1)) is not None for query in queries)


def _describe(row: UnitRow) -> dict[str, str | None]:
    return {"kind": row.kind, "name": row.name, "parent_id": row.parent_id}
