"""People of the centre: who there is, and founding new ones."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from central.domain.paging import LONGEST_PAGE, Page, make_cursor, read_cursor
from central.domain.people import Actor, Grant
from central.domain.permissions import Action, allows
from central.domain.refusals import Reason, Refusal
from central.store.ids import new_id
from central.store.people import PersonRow, add_grants, find_person_by_login, load_grants, load_people
from central.store.rooms import RoomRow

PASSWORD_LEAST = 10


@dataclass(frozen=True, slots=True)
class CreatePerson:
    """A new person with a log-in; the password comes hashed."""

    login: str
    name: str
    password_hash: str
    grants: frozenset[Grant]


@dataclass(frozen=True, slots=True)
class PersonSeen:
    """A person as an administrator sees them."""

    id: str
    login: str | None
    name: str
    active: bool
    grants: tuple[Grant, ...]


def check_password(login: str, password: str) -> None:
    """Refuse a password that is short or contains the login name."""
    if len(password) < PASSWORD_LEAST or (login and login.casefold() in password.casefold()):
        raise Refusal(Reason.WEAK_PASSWORD, length=PASSWORD_LEAST)


def create_person(session: Session, actor: Actor | None, command: CreatePerson, now: datetime) -> str:
    """Found a person and return their id; `actor` is None on the command line of the machine itself."""
    if actor is not None and not allows(actor, Action.CREATE_PERSON):
        raise Refusal(Reason.NOT_ALLOWED)
    if find_person_by_login(session, command.login) is not None:
        raise Refusal(Reason.LOGIN_TAKEN)
    rooms = {grant.room_id for grant in command.grants if grant.room_id is not None}
    known = set(session.scalars(select(RoomRow.id).where(RoomRow.id.in_(rooms))))
    if rooms - known:
        raise Refusal(Reason.INVALID, details=tuple(f"rooms: {room_id}" for room_id in sorted(rooms - known)))
    person = PersonRow(
        id=new_id(),
        login=command.login,
        name=command.name,
        password_hash=command.password_hash,
        created_at=now,
    )
    session.add(person)
    session.flush()
    add_grants(session, person.id, command.grants)
    return person.id


def list_people(session: Session, actor: Actor, after: str | None = None, limit: int = 50) -> Page[PersonSeen]:
    """Return people by name."""
    if not allows(actor, Action.SEE_PEOPLE):
        raise Refusal(Reason.NOT_ALLOWED)
    limit = min(limit, LONGEST_PAGE)
    values = read_cursor(after, 2) if after else None
    rows = load_people(session, (values[0], values[1]) if values else None, limit + 1)
    people = tuple(
        PersonSeen(
            row.id,
            row.login,
            row.name,
            row.active,
            tuple(sorted(load_grants(session, row.id), key=lambda g: (g.role, g.room_id or ""))),
        )
        for row in rows[:limit]
    )
    return Page(people, make_cursor(people[-1].name, people[-1].id) if len(rows) > limit else None)
