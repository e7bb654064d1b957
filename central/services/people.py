"""People of the centre: who there is, founding new ones, changing and deactivating them, one-time passwords."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from central.domain.audit import AuditAct, AuditEntry
from central.domain.organisation import UnitTree
from central.domain.paging import LONGEST_PAGE, Page, make_cursor, read_cursor
from central.domain.people import Actor, Grant, HeldRole, Role, describe_grant
from central.domain.permissions import Action, allows
from central.domain.refusals import NotFound, Reason, Refusal
from central.store.audit import add_audit
from central.store.badges import publish_badges
from central.store.grants import check_held_for
from central.store.ids import new_id
from central.store.organisation import find_open_unit, load_tree
from central.store.people import (
    PersonRow,
    add_grants,
    find_person,
    find_person_by_login,
    load_badges,
    load_held_roles,
    load_people,
)
from central.store.sessions import close_sessions

PASSWORD_LEAST = 10
#: A one-time password that nobody used by then opens nothing any more.
ONE_TIME_LIFE = timedelta(days=3)


@dataclass(frozen=True, slots=True)
class CreatePerson:
    """A new person with a log-in; the password comes hashed. `one_time`: somebody else knows it."""

    login: str
    name: str
    password_hash: str
    grants: frozenset[Grant]
    unit_id: str | None = None
    one_time: bool = False


@dataclass(frozen=True, slots=True)
class SearchPeople:
    """Whom to look for; `unit_id` includes what lies below it."""

    text: str = ""
    unit_id: str | None = None
    role: Role | None = None
    after: str | None = None
    limit: int = 50


@dataclass(frozen=True, slots=True)
class PersonSeen:
    """A person as an administrator sees them in a list; `grants` are the own roles in force."""

    id: str
    login: str | None
    name: str
    active: bool
    grants: tuple[Grant, ...]
    unit_name: str | None = None


@dataclass(frozen=True, slots=True)
class PersonShown:
    """One person with every role that they hold, held, or will hold."""

    id: str
    login: str | None
    name: str
    active: bool
    unit_id: str | None
    unit_path: tuple[str, ...]
    roles: tuple[HeldRole, ...]
    locked_until: datetime | None
    must_change: bool
    created_at: datetime


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
    if command.unit_id is not None and find_open_unit(session, command.unit_id) is None:
        raise Refusal(Reason.INVALID, details=(f"unit_id: {command.unit_id}",))
    for grant in command.grants:
        check_held_for(session, grant)
    person = PersonRow(
        id=new_id(),
        login=command.login,
        name=command.name,
        unit_id=command.unit_id,
        password_hash=command.password_hash,
        must_change_by=now + ONE_TIME_LIFE if command.one_time else None,
        created_at=now,
    )
    session.add(person)
    session.flush()
    add_grants(session, person.id, command.grants, now, actor.person_id if actor is not None else None)
    after = {
        "login": command.login,
        "name": command.name,
        "unit_id": command.unit_id,
        "roles": sorted(describe_grant(grant) for grant in command.grants),
    }
    add_audit(session, actor, AuditEntry(AuditAct.PERSON_CREATED, "person", person.id, person.name, after=after), now)
    return person.id


def list_people(session: Session, actor: Actor, command: SearchPeople, now: datetime) -> Page[PersonSeen]:
    """Return people by name."""
    if not allows(actor, Action.SEE_PEOPLE):
        raise Refusal(Reason.NOT_ALLOWED)
    limit = min(command.limit, LONGEST_PAGE)
    values = read_cursor(command.after, 2) if command.after else None
    tree = load_tree(session)
    rows = load_people(
        session,
        (values[0], values[1]) if values else None,
        limit + 1,
        text=command.text,
        unit_ids=tree.list_below(command.unit_id) if command.unit_id is not None else None,
        role=command.role,
        now=now,
    )
    held: dict[str, list[Grant]] = {}
    for role in load_held_roles(session, [row.id for row in rows]):
        if role.holds_at(now):
            held.setdefault(role.person_id, []).append(role.grant)
    people = tuple(
        PersonSeen(
            id=row.id,
            login=row.login,
            name=row.name,
            active=row.active,
            grants=tuple(sorted(held.get(row.id, ()), key=lambda g: (g.role, g.room_id or "", g.unit_id or ""))),
            unit_name=tree.units[row.unit_id].name if row.unit_id in tree.units else None,
        )
        for row in rows[:limit]
    )
    return Page(people, make_cursor(people[-1].name, people[-1].id) if len(rows) > limit else None)


def show_person(session: Session, actor: Actor, person_id: str) -> PersonShown:
    """Return one person."""
    if not allows(actor, Action.SEE_PEOPLE):
        raise Refusal(Reason.NOT_ALLOWED)
    row = find_person(session, person_id)
    return PersonShown(
        id=row.id,
        login=row.login,
        name=row.name,
        active=row.active,
        unit_id=row.unit_id,
        unit_path=_name_path(load_tree(session), row.unit_id),
        roles=tuple(load_held_roles(session, [row.id], ended=True)),
        locked_until=row.locked_until,
        must_change=row.must_change_by is not None,
        created_at=row.created_at,
    )


def change_person(
    session: Session, actor: Actor, person_id: str, *, name: str, unit_id: str | None, now: datetime
) -> None:
    """Change a person's name or where they work; badges of theirs show the new name in their rooms."""
    person = _find_editable(session, actor, person_id)
    if unit_id is not None and unit_id != person.unit_id and find_open_unit(session, unit_id) is None:
        raise NotFound
    before = {"name": person.name, "unit_id": person.unit_id}
    person.name, person.unit_id = name, unit_id
    after = {"name": name, "unit_id": unit_id}
    if before != after:
        entry = AuditEntry(AuditAct.PERSON_CHANGED, "person", person.id, name, before=before, after=after)
        add_audit(session, actor, entry, now)
        publish_badges(session, person)


def reset_password(session: Session, actor: Actor, person_id: str, password_hash: str, now: datetime) -> None:
    """Give a person a one-time password; all their sessions end, and a lock on the log-in is lifted."""
    person = _find_editable(session, actor, person_id)
    if person.login is None:
        raise Refusal(Reason.NO_LOGIN)
    if not person.active:
        raise Refusal(Reason.PERSON_INACTIVE)
    person.password_hash, person.must_change_by = password_hash, now + ONE_TIME_LIFE
    person.failed_tries, person.locked_until = 0, None
    ended = close_sessions(session, person.id, now)
    entry = AuditEntry(AuditAct.PASSWORD_RESET, "person", person.id, person.name, after={"sessions": ended})
    add_audit(session, actor, entry, now)


def deactivate_person(session: Session, actor: Actor, person_id: str, why: str, now: datetime) -> None:
    """Shut a person out: sessions and badges end at once, roles rest."""
    person = _find_editable(session, actor, person_id)
    if not person.active:
        return
    person.active = False
    ended = close_sessions(session, person.id, now)
    badges = [badge for badge in load_badges(session, person.id) if badge.active]
    for badge in badges:
        badge.active, badge.ended_at, badge.end_reason = False, now, "revoked"
    after = {"sessions": ended, "badges": [badge.code for badge in badges]}
    entry = AuditEntry(AuditAct.PERSON_DEACTIVATED, "person", person.id, person.name, why, after=after)
    add_audit(session, actor, entry, now)
    publish_badges(session, person)


def activate_person(session: Session, actor: Actor, person_id: str, now: datetime) -> None:
    """Let a person in again; badges that ended stay ended."""
    person = _find_editable(session, actor, person_id)
    if person.active:
        return
    person.active = True
    add_audit(session, actor, AuditEntry(AuditAct.PERSON_ACTIVATED, "person", person.id, person.name), now)


def _find_editable(session: Session, actor: Actor, person_id: str) -> PersonRow:
    if not allows(actor, Action.EDIT_PERSON):
        raise Refusal(Reason.NOT_ALLOWED)
    person = find_person(session, person_id)
    if person_id == actor.person_id:
        raise Refusal(Reason.OWN_RIGHTS)
    return person


def _name_path(tree: UnitTree, unit_id: str | None) -> tuple[str, ...]:
    return tuple(unit.name for unit in tree.list_path(unit_id)) if unit_id is not None else ()
