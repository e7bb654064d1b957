"""What roles are held for, in words: rooms, units, the whole house; and the way to forms about a person."""

from __future__ import annotations

from fastapi import Request
from sqlalchemy.orm import Session

from central.domain.people import Grant
from central.domain.permissions import Action, allows
from central.domain.wording import N_
from central.services.organisation import list_units
from central.services.people import PersonShown
from central.services.rooms import list_rooms
from central.web.render import Say, actor_of
from central.web.words import UNIT_KINDS


class ScopeNames:
    """Names of the rooms and units for which roles are held."""

    def __init__(self, session: Session, request: Request) -> None:
        actor = actor_of(request)
        self.rooms = {room.id: room.name for room in list_rooms(session, actor)}
        sees = allows(actor, Action.SEE_ORGANISATION)
        self.units = {unit.id: unit for unit in list_units(session, actor)} if sees else {}

    def say_scope(self, say: Say, grant: Grant) -> str:
        """Return what a role is held for."""
        if grant.room_id is not None:
            return self.rooms.get(grant.room_id, grant.room_id)
        if grant.unit_id is not None:
            unit = self.units.get(grant.unit_id)
            return unit.name if unit is not None else say(N_("a closed unit"))
        return say(N_("the whole house"))

    def list_choices(self, say: Say) -> tuple[tuple[str, str], ...]:
        """Return what a role can be held for, as choices of a form."""
        rooms = [
            (f"room:{room_id}", say(N_("Archive room: %(name)s"), name=name)) for room_id, name in self.rooms.items()
        ]
        units = [(f"unit:{unit.id}", f"{say(UNIT_KINDS[unit.kind])}: {unit.name}") for unit in self.units.values()]
        return (("", say(N_("the whole house"))), *units, *rooms)

    def list_units(self, say: Say) -> tuple[tuple[str, str], ...]:
        """Return where people work, as choices of a form; indented as the tree."""
        return (
            ("", say(N_("no unit"))),
            *((unit.id, "\u3000" * unit.depth + unit.name) for unit in self.units.values()),
        )


def crumbs(say: Say, person: PersonShown) -> tuple[tuple[str, str], ...]:
    """Return the way to a form about a person."""
    return (("/people", say(N_("People"))), (f"/people/{person.id}", person.name))
