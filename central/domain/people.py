"""Who acts: a person with roles in rooms. What a role may do stands in `permissions`."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class Role(StrEnum):
    ARCHIVIST = "archivist"
    ADMIN = "admin"
    TECHNICIAN = "technician"


@dataclass(frozen=True, slots=True)
class Grant:
    """One role in one room, or in every room where `room_id` is None."""

    role: Role
    room_id: str | None


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

    @property
    def roles(self) -> frozenset[Role]:
        """Roles held anywhere."""
        return frozenset(grant.role for grant in self.grants)

    @property
    def room_ids(self) -> frozenset[str] | None:
        """Rooms in which any role is held; None for all."""
        if any(grant.room_id is None for grant in self.grants):
            return None
        return frozenset(grant.room_id for grant in self.grants if grant.room_id is not None)
