"""Archive rooms as people see them: lists, the map's fixed part, what stands in a face."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from central.domain.people import Actor
from central.domain.permissions import Action, find_scope
from central.domain.places import Bank, parse_place_key
from central.domain.refusals import NotFound
from central.store.boxes import count_by_place, load_shelved
from central.store.rooms import RoomRow, count_places, load_banks, load_face_places, load_rooms


@dataclass(frozen=True, slots=True)
class RoomSeen:
    """A room in a list."""

    id: str
    number: str
    name: str


@dataclass(frozen=True, slots=True)
class RoomShape:
    """A room and its banks, without what stands in them."""

    room: RoomSeen
    banks: tuple[Bank, ...]


@dataclass(frozen=True, slots=True)
class FaceSeen:
    """How full one column face is."""

    bank: str
    column: int
    face: str
    places: int
    boxes: int


@dataclass(frozen=True, slots=True)
class RoomMap:
    """What of a room doesn't move: banks with their columns, and how full each face is."""

    room: RoomSeen
    banks: tuple[Bank, ...]
    faces: tuple[FaceSeen, ...]


@dataclass(frozen=True, slots=True)
class BoxOnPlace:
    """A box at a place; its words are left out where the reader may not see holdings."""

    id: str
    code: str
    title: str
    customer_name: str


@dataclass(frozen=True, slots=True)
class PlaceSeen:
    """A place and what stands there: nothing, a box, or in conflict more than one."""

    key: str
    code: str
    section: int
    tier: int
    slot: int
    boxes: tuple[BoxOnPlace, ...]


def list_rooms(session: Session, actor: Actor) -> tuple[RoomSeen, ...]:
    """Return the rooms that the actor may see."""
    rows = load_rooms(session, find_scope(actor, Action.SEE_ROOMS))
    return tuple(RoomSeen(row.id, row.number, row.name) for row in rows)


def show_shape(session: Session, actor: Actor, room_id: str) -> RoomShape:
    """Return a room's banks, with no count of what they hold: for lists that only need names."""
    room = _find_room(session, actor, room_id, Action.SEE_ROOMS)
    return RoomShape(RoomSeen(room.id, room.number, room.name), tuple(load_banks(session, room_id)))


def show_room(session: Session, actor: Actor, room_id: str) -> RoomMap:
    """Return the fixed part of a room's map."""
    room = _find_room(session, actor, room_id, Action.SEE_ROOMS)
    filled: dict[tuple[str, int, str], int] = {}
    for text, count in count_by_place(session, room_id).items():
        key = parse_place_key(text)
        if key is not None:
            face = (key.bank, key.column, key.face)
            filled[face] = filled.get(face, 0) + count
    faces = tuple(
        FaceSeen(bank, column, face, places, filled.get((bank, column, face), 0))
        for (bank, column, face), places in sorted(count_places(session, room_id).items())
    )
    return RoomMap(RoomSeen(room.id, room.number, room.name), tuple(load_banks(session, room_id)), faces)


def list_places(
    session: Session, actor: Actor, room_id: str, *, bank: str, column: int, face: str
) -> tuple[PlaceSeen, ...]:
    """Return the places of one column face and the boxes on them."""
    _find_room(session, actor, room_id, Action.SEE_BOXES)
    places = load_face_places(session, room_id, bank, column, face)
    if not places:
        raise NotFound
    boxes: dict[str, list[BoxOnPlace]] = {}
    scope = find_scope(actor, Action.SEE_BOXES)
    for row in load_shelved(session, scope, room_id, [place.key for place in places]):
        boxes.setdefault(row.place_key, []).append(BoxOnPlace(row.id, row.code, row.title, row.customer_name))
    return tuple(
        PlaceSeen(place.key, place.code, place.section, place.tier, place.slot, tuple(boxes.get(place.key, ())))
        for place in places
    )


def _find_room(session: Session, actor: Actor, room_id: str, action: Action) -> RoomRow:
    room = session.get(RoomRow, room_id) if find_scope(actor, action).covers(room_id) else None
    if room is None:
        raise NotFound
    return room
