"""Who may do what, where: one hand-written table. What isn't in it is refused."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TypeVar

from central.domain.people import Actor, Role


class Action(StrEnum):
    #: Open to everyone, also without a session: log-in, health, metrics on loopback, static files.
    PUBLIC = "public"
    #: Open to every live session, also to one whose one-time password has to be changed first.
    OWN_ACCESS = "own_access"
    #: Open to every live session: own sessions, own absence, what waits for oneself.
    SELF = "self"
    # rooms and boxes
    SEE_ROOMS = "see_rooms"
    SEE_BOXES = "see_boxes"
    EXPORT_BOXES = "export_boxes"
    PRINT_LABEL = "print_label"
    PROPOSE_AISLE = "propose_aisle"
    SEE_GATEWAYS = "see_gateways"
    ADMIT_EPOCH = "admit_epoch"
    IMPORT_ROOM = "import_room"
    # people and organisation
    SEE_PEOPLE = "see_people"
    CREATE_PERSON = "create_person"
    EDIT_PERSON = "edit_person"
    EDIT_BADGES = "edit_badges"
    SEE_ORGANISATION = "see_organisation"
    EDIT_ORGANISATION = "edit_organisation"
    SEE_AUDIT = "see_audit"
    # dossiers, cases, papers
    SEE_DOSSIERS = "see_dossiers"
    MERGE_DOSSIERS = "merge_dossiers"
    APPROVE_MERGE = "approve_merge"
    IMPORT_CUSTOMERS = "import_customers"
    SEE_CASES = "see_cases"
    SEE_TASKS = "see_tasks"
    SEE_DOCUMENTS = "see_documents"
    SEE_ID_NUMBERS = "see_id_numbers"
    ADD_DOCUMENT = "add_document"
    SEND_DOCUMENT = "send_document"
    #: See scans of a team that no cover sheet placed, and discard them: whose they are nobody knows yet.
    SORT_SCANS = "sort_scans"
    #: Let such a scan become pages of a document.
    PLACE_SCAN = "place_scan"
    #: Say that a copy agrees with its original.
    VERIFY_COPY = "verify_copy"
    #: Say whose hands a paper is in.
    HOLD_PAPER = "hold_paper"
    REVIEW_DOCUMENT = "review_document"
    ACCEPT_DOCUMENT = "accept_document"
    # rules
    SEE_TEMPLATES = "see_templates"
    EDIT_TEMPLATE = "edit_template"
    APPROVE_TEMPLATE = "approve_template"
    SEE_CALENDAR = "see_calendar"
    EDIT_CALENDAR = "edit_calendar"
    SEE_RULES = "see_rules"
    EDIT_RULES = "edit_rules"
    SEE_MESSAGES = "see_messages"
    EDIT_MESSAGES = "edit_messages"
    SEE_API = "see_api"


class Reach(StrEnum):
    """How far a permission goes."""

    #: Cases of which the person is the handler, or the absent one for whom they act.
    OWN_CASES = "own_cases"
    #: The team that the role is held for.
    OWN_TEAM = "own_team"
    #: The service centre that the role is held for, or that its archive room serves; teams below included.
    OWN_CENTRE = "own_centre"
    #: Archive rooms that the role is held for, or that serve its unit.
    OWN_ROOMS = "own_rooms"
    #: Everything, but only for a role held for the whole house.
    ALL = "all"
    #: What belongs to no unit, such as templates: for the role, whatever it is held for.
    SHARED = "shared"


_OWN_PAPERS = {
    Role.HANDLER: Reach.OWN_CASES,
    Role.COLLECTOR: Reach.OWN_TEAM,
    Role.ARCHIVIST: Reach.OWN_CENTRE,
    Role.TEAM_LEADER: Reach.OWN_TEAM,
    Role.CENTRE_MANAGER: Reach.OWN_CENTRE,
    Role.DEPARTMENT: Reach.ALL,
}

#: A central admin sees people, rooms and devices but no holdings and no papers; a technician sees devices only;
#: the department sees all, and changes only rules.
TABLE: dict[Action, dict[Role, Reach]] = {
    Action.SEE_ROOMS: {
        Role.ARCHIVIST: Reach.OWN_ROOMS,
        Role.CENTRE_MANAGER: Reach.OWN_ROOMS,
        Role.DEPARTMENT: Reach.ALL,
        Role.ADMIN: Reach.OWN_ROOMS,
        Role.TECHNICIAN: Reach.OWN_ROOMS,
    },
    Action.SEE_BOXES: {
        Role.ARCHIVIST: Reach.OWN_ROOMS,
        Role.CENTRE_MANAGER: Reach.OWN_ROOMS,
        Role.DEPARTMENT: Reach.ALL,
    },
    Action.EXPORT_BOXES: {Role.ARCHIVIST: Reach.OWN_ROOMS, Role.DEPARTMENT: Reach.ALL},
    Action.PRINT_LABEL: {Role.ARCHIVIST: Reach.OWN_ROOMS},
    Action.PROPOSE_AISLE: {Role.ARCHIVIST: Reach.OWN_ROOMS},
    Action.SEE_GATEWAYS: {
        Role.ARCHIVIST: Reach.OWN_ROOMS,
        Role.ADMIN: Reach.OWN_ROOMS,
        Role.TECHNICIAN: Reach.OWN_ROOMS,
    },
    Action.ADMIT_EPOCH: {Role.ADMIN: Reach.OWN_ROOMS},
    Action.IMPORT_ROOM: {Role.ADMIN: Reach.ALL},
    Action.SEE_PEOPLE: {Role.ADMIN: Reach.ALL},
    Action.CREATE_PERSON: {Role.ADMIN: Reach.ALL},
    Action.EDIT_PERSON: {Role.ADMIN: Reach.ALL},
    Action.EDIT_BADGES: {Role.ADMIN: Reach.ALL},
    Action.SEE_ORGANISATION: {Role.ADMIN: Reach.ALL, Role.DEPARTMENT: Reach.ALL},
    Action.EDIT_ORGANISATION: {Role.ADMIN: Reach.ALL},
    Action.SEE_AUDIT: {Role.ADMIN: Reach.ALL, Role.DEPARTMENT: Reach.ALL},
    Action.SEE_DOSSIERS: _OWN_PAPERS,
    Action.MERGE_DOSSIERS: {Role.ARCHIVIST: Reach.OWN_CENTRE},
    Action.APPROVE_MERGE: {
        Role.ARCHIVIST: Reach.OWN_CENTRE,
        Role.CENTRE_MANAGER: Reach.OWN_CENTRE,
        Role.DEPARTMENT: Reach.ALL,
    },
    Action.IMPORT_CUSTOMERS: {Role.DEPARTMENT: Reach.ALL},
    Action.SEE_CASES: _OWN_PAPERS,
    Action.SEE_TASKS: _OWN_PAPERS,
    Action.SEE_DOCUMENTS: _OWN_PAPERS,
    Action.SEE_ID_NUMBERS: {
        Role.HANDLER: Reach.OWN_CASES,
        Role.COLLECTOR: Reach.OWN_TEAM,
        Role.ARCHIVIST: Reach.OWN_CENTRE,
    },
    Action.ADD_DOCUMENT: {Role.HANDLER: Reach.OWN_CASES},
    Action.SEND_DOCUMENT: {Role.HANDLER: Reach.OWN_CASES},
    Action.SORT_SCANS: {Role.HANDLER: Reach.OWN_TEAM, Role.COLLECTOR: Reach.OWN_TEAM},
    Action.PLACE_SCAN: {Role.HANDLER: Reach.OWN_CASES, Role.COLLECTOR: Reach.OWN_TEAM},
    Action.VERIFY_COPY: {Role.HANDLER: Reach.OWN_CASES, Role.COLLECTOR: Reach.OWN_TEAM},
    Action.HOLD_PAPER: {
        Role.HANDLER: Reach.OWN_CASES,
        Role.COLLECTOR: Reach.OWN_TEAM,
        Role.ARCHIVIST: Reach.OWN_CENTRE,
    },
    Action.REVIEW_DOCUMENT: {Role.COLLECTOR: Reach.OWN_TEAM},
    Action.ACCEPT_DOCUMENT: {Role.ARCHIVIST: Reach.OWN_CENTRE},
    Action.SEE_TEMPLATES: dict.fromkeys(_OWN_PAPERS, Reach.SHARED),
    Action.EDIT_TEMPLATE: {Role.DEPARTMENT: Reach.ALL},
    Action.APPROVE_TEMPLATE: {Role.DEPARTMENT: Reach.ALL},
    Action.SEE_CALENDAR: dict.fromkeys((*_OWN_PAPERS, Role.ADMIN), Reach.SHARED),
    Action.EDIT_CALENDAR: {Role.ADMIN: Reach.ALL, Role.DEPARTMENT: Reach.ALL},
    Action.SEE_RULES: dict.fromkeys((*_OWN_PAPERS, Role.ADMIN), Reach.SHARED),
    Action.EDIT_RULES: {Role.ADMIN: Reach.ALL, Role.DEPARTMENT: Reach.ALL},
    Action.SEE_MESSAGES: {Role.ADMIN: Reach.ALL, Role.DEPARTMENT: Reach.ALL},
    Action.EDIT_MESSAGES: {Role.ADMIN: Reach.ALL},
    Action.SEE_API: dict.fromkeys(Role, Reach.SHARED),
}
#: What any live session may do.
OPEN_TO_ALL = frozenset({Action.PUBLIC, Action.OWN_ACCESS, Action.SELF})


@dataclass(frozen=True, slots=True)
class Scope:
    """Where an action is allowed: rooms, units, people's own cases; `room_ids` None means everything."""

    room_ids: frozenset[str] | None
    unit_ids: frozenset[str] = frozenset()
    person_ids: frozenset[str] = frozenset()

    @property
    def everything(self) -> bool:
        """Whether nothing lies outside."""
        return self.room_ids is None

    @property
    def empty(self) -> bool:
        """Whether it reaches nothing at all."""
        return self.room_ids is not None and not (self.room_ids or self.unit_ids or self.person_ids)

    def covers(self, room_id: str) -> bool:
        """Return whether the room lies within."""
        return self.room_ids is None or room_id in self.room_ids

    def covers_case(self, unit_id: str | None, person_ids: Collection[str | None] = ()) -> bool:
        """Return whether a thing of this unit, handled by these people, lies within."""
        return self.room_ids is None or unit_id in self.unit_ids or not self.person_ids.isdisjoint(person_ids)


EVERYTHING = Scope(None)


def find_scope(actor: Actor, action: Action) -> Scope:
    """Return where `actor` may do `action`, the union over the roles held."""
    if action in OPEN_TO_ALL:
        return EVERYTHING
    reaches = TABLE[action]
    room_ids: set[str] = set()
    unit_ids: set[str] = set()
    person_ids: set[str] = set()
    for grant in actor.grants:
        reach = reaches.get(grant.role)
        if reach is None:
            continue
        if reach is Reach.OWN_CASES:
            person_ids.add(grant.deputy_for or actor.person_id)
        elif grant.whole or reach is Reach.SHARED:
            return EVERYTHING
        elif reach is Reach.OWN_ROOMS:
            room_ids |= grant.room_ids | ({grant.room_id} if grant.room_id is not None else set())
        elif reach in {Reach.OWN_TEAM, Reach.OWN_CENTRE}:
            unit_ids |= grant.unit_ids
    return Scope(frozenset(room_ids), frozenset(unit_ids), frozenset(person_ids))


def find_acting_for(
    actor: Actor, action: Action, *, unit_id: str | None, person_ids: Collection[str] = ()
) -> str | None:
    """Return for which absent person the actor does this, None when in their own right; own right comes first.

    Call it once the scope covers the thing; the answer belongs into the record of the act and into `GatePass`.
    """
    lent: str | None = None
    for grant in sorted(actor.grants, key=lambda each: each.deputy_for or ""):
        reach = TABLE[action].get(grant.role)
        if reach is None:
            continue
        single = find_scope(replace(actor, grants=frozenset({grant})), action)
        if single.covers_case(unit_id, person_ids):
            if grant.deputy_for is None:
                return None
            lent = lent or grant.deputy_for
    return lent


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
