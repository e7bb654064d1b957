"""Who may do what, where: one hand-written table. What isn't in it is refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from central.domain.people import Actor, Role


class Action(StrEnum):
    #: Open to everyone, also without a session: log-in, health, metrics on loopback, static files.
    PUBLIC = "public"
    #: Open to every live session: own log-out, own name.
    SELF = "self"
    SEE_ROOMS = "see_rooms"
    SEE_BOXES = "see_boxes"
    EXPORT_BOXES = "export_boxes"
    PRINT_LABEL = "print_label"
    PROPOSE_AISLE = "propose_aisle"
    SEE_GATEWAYS = "see_gateways"
    ADMIT_EPOCH = "admit_epoch"
    IMPORT_ROOM = "import_room"
    SEE_PEOPLE = "see_people"
    CREATE_PERSON = "create_person"
    SEE_API = "see_api"


class Reach(StrEnum):
    """How far a permission goes."""

    #: Rooms in which the person holds the role.
    OWN_ROOMS = "own_rooms"
    #: The whole centre; given only by a role held without a room.
    CENTRE = "centre"


#: A central admin sees people, rooms and devices but no holdings; a technician sees devices only.
TABLE: dict[Action, dict[Role, Reach]] = {
    Action.SEE_ROOMS: {
        Role.ARCHIVIST: Reach.OWN_ROOMS,
        Role.ADMIN: Reach.OWN_ROOMS,
        Role.TECHNICIAN: Reach.OWN_ROOMS,
    },
    Action.SEE_BOXES: {Role.ARCHIVIST: Reach.OWN_ROOMS},
    Action.EXPORT_BOXES: {Role.ARCHIVIST: Reach.OWN_ROOMS},
    Action.PRINT_LABEL: {Role.ARCHIVIST: Reach.OWN_ROOMS},
    Action.PROPOSE_AISLE: {Role.ARCHIVIST: Reach.OWN_ROOMS},
    Action.SEE_GATEWAYS: {
        Role.ARCHIVIST: Reach.OWN_ROOMS,
        Role.ADMIN: Reach.OWN_ROOMS,
        Role.TECHNICIAN: Reach.OWN_ROOMS,
    },
    Action.ADMIT_EPOCH: {Role.ADMIN: Reach.OWN_ROOMS},
    Action.IMPORT_ROOM: {Role.ADMIN: Reach.CENTRE},
    Action.SEE_PEOPLE: {Role.ADMIN: Reach.CENTRE},
    Action.CREATE_PERSON: {Role.ADMIN: Reach.CENTRE},
    Action.SEE_API: {Role.ARCHIVIST: Reach.OWN_ROOMS, Role.ADMIN: Reach.OWN_ROOMS, Role.TECHNICIAN: Reach.OWN_ROOMS},
}


@dataclass(frozen=True, slots=True)
class Scope:
    """Rooms in which an action is allowed; None means all of them."""

    room_ids: frozenset[str] | None

    def covers(self, room_id: str) -> bool:
        """Return whether the room lies within."""
        return self.room_ids is None or room_id in self.room_ids

    @property
    def empty(self) -> bool:
        """Whether it reaches nothing at all."""
        return self.room_ids is not None and not self.room_ids


def find_scope(actor: Actor, action: Action) -> Scope:
    """Return in which rooms `actor` may do `action`, the union over the roles held."""
    if action in {Action.PUBLIC, Action.SELF}:
        return Scope(None)
    reaches = TABLE[action]
    room_ids: set[str] = set()
    for grant in actor.grants:
        if grant.role not in reaches:
            continue
        if grant.room_id is None:
            return Scope(None)
        if reaches[grant.role] is Reach.OWN_ROOMS:
            room_ids.add(grant.room_id)
    return Scope(frozenset(room_ids))


def allows(actor: Actor | None, action: Action) -> bool:
    """Return whether `actor` may do `action` anywhere; nobody (None) may only do what is public."""
    if action is Action.PUBLIC:
        return True
    return actor is not None and not find_scope(actor, action).empty


Endpoint = TypeVar("Endpoint", bound=Callable[..., object])

NEEDS = "openaisle_needs"


def needs(action: Action) -> Callable[[Endpoint], Endpoint]:
    """Mark an endpoint with the action it performs; the guard refuses endpoints without a mark."""

    def mark(endpoint: Endpoint) -> Endpoint:
        setattr(endpoint, NEEDS, action)
        return endpoint

    return mark


def find_need(endpoint: object) -> Action | None:
    """Return the action that an endpoint was marked with."""
    return getattr(endpoint, NEEDS, None)
