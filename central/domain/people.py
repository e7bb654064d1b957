"""Who acts: a person with roles, each for something and for some time. What a role may do stands in `permissions`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Role(StrEnum):
    HANDLER = "handler"
    COLLECTOR = "collector"
    ARCHIVIST = "archivist"
    TEAM_LEADER = "team_leader"
    CENTRE_MANAGER = "centre_manager"
    DEPARTMENT = "department"
    ADMIN = "admin"
    TECHNICIAN = "technician"


#: Roles held for a team, for a service centre, for archive rooms; the others are held for the whole house.
TEAM_ROLES = frozenset({Role.HANDLER, Role.COLLECTOR, Role.TEAM_LEADER})
CENTRE_ROLES = frozenset({Role.CENTRE_MANAGER})
ROOM_ROLES = frozenset({Role.ARCHIVIST, Role.TECHNICIAN, Role.ADMIN})
#: What a deputy never takes over by somebody's absence: it is given by name, or not at all.
UNDEPUTED_ROLES = frozenset({Role.ADMIN})


@dataclass(frozen=True, slots=True)
class Grant:
    """One role for a room or a unit; for neither: for the whole house.

    `deputy_for` names the absent person whose role this is. `unit_ids` and `room_ids` are what the grant reaches down
    the tree: a team reaches itself, a service centre its teams and rooms, a room the service centre that it serves.
    """

    role: Role
    room_id: str | None = None
    unit_id: str | None = None
    deputy_for: str | None = None
    unit_ids: frozenset[str] = field(default=frozenset(), compare=False)
    room_ids: frozenset[str] = field(default=frozenset(), compare=False)

    @property
    def whole(self) -> bool:
        """Whether it is held for the whole house."""
        return self.room_id is None and self.unit_id is None


@dataclass(frozen=True, slots=True)
class HeldRole:
    """A grant in time: in force from `from_at` until before `until_at` (None: until withdrawn)."""

    id: str
    person_id: str
    grant: Grant
    from_at: datetime
    until_at: datetime | None = None
    withdrawn_at: datetime | None = None

    def holds_at(self, now: datetime) -> bool:
        """Return whether it is in force."""
        ended = self.until_at is not None and now >= self.until_at
        return self.from_at <= now and not ended and (self.withdrawn_at is None or now < self.withdrawn_at)


@dataclass(frozen=True, slots=True)
class Absence:
    """Somebody is away, and who acts for them meanwhile."""

    person_id: str
    deputy_id: str | None
    from_at: datetime
    until_at: datetime

    def lasts_at(self, now: datetime) -> bool:
        """Return whether the person is away."""
        return self.from_at <= now < self.until_at


def combine_grants(
    person_id: str, held: Iterable[HeldRole], absences: Iterable[Absence], now: datetime
) -> frozenset[Grant]:
    """Return what a person may act by now: own roles in force, and those of absent people who named them.

    Only a role that the absent person holds themselves passes on: deputies of deputies would blur who answers for what.
    """
    held = tuple(held)
    own = {each.grant for each in held if each.person_id == person_id and each.holds_at(now)}
    away = {each.person_id for each in absences if each.deputy_id == person_id and each.lasts_at(now)}
    lent = {
        Grant(each.grant.role, each.grant.room_id, each.grant.unit_id, each.person_id)
        for each in held
        if each.person_id in away - {person_id} and each.holds_at(now) and each.grant.role not in UNDEPUTED_ROLES
    }
    return frozenset(own | lent)


def check_grant(grant: Grant, unit_kind: str | None) -> str | None:
    """Return what is wrong with the thing that a role is to be held for; `unit_kind` is the kind of its unit."""
    if grant.role in TEAM_ROLES:
        return None if unit_kind == "team" and grant.room_id is None else "team"
    if grant.role in CENTRE_ROLES:
        return None if unit_kind == "centre" and grant.room_id is None else "centre"
    if grant.unit_id is not None:
        return "room" if grant.role in ROOM_ROLES else "whole"
    return "whole" if grant.room_id is not None and grant.role not in ROOM_ROLES else None


def describe_grant(grant: Grant) -> str:
    """Return a grant as the audit log holds it."""
    return f"{grant.role.value}@{grant.room_id or grant.unit_id or '*'}"


def name_rights(grants: Iterable[Grant]) -> str:
    """Return one text that changes when the rights do: sessions opened under other rights get a new token."""
    keys = sorted(f"{g.role}/{g.room_id or ''}/{g.unit_id or ''}/{g.deputy_for or ''}" for g in grants)
    return " ".join(keys)


@dataclass(frozen=True, slots=True)
class Actor:
    """A person in a live session; `session_id` and `csrf_token` are empty for the command line."""

    person_id: str
    login: str
    name: str
    grants: frozenset[Grant]
    language: str = "zh-CN"
    session_id: str = ""
    csrf_token: str = field(default="", repr=False)
    #: Network address from which the request came.
    address: str = ""
    #: The password is a one-time one: nothing else works before it is changed.
    must_change: bool = False

    @property
    def roles(self) -> frozenset[Role]:
        """Roles held anywhere."""
        return frozenset(grant.role for grant in self.grants)
