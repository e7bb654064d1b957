"""People: list, founding one with a log-in, changing, shutting out, one-time passwords."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, Field

from central.api.fields import ONE_LINE, ROOM_ID, ROW_ID, After, Limit, Name, PageOut, RowId, Strict, Why
from central.api.problems import document_problems
from central.api.sessions import GrantOut, SessionSeenOut
from central.api.transactions import CurrentActor, ReadSession, WriteSession
from central.domain.people import Grant, HeldRole, Role
from central.domain.permissions import Action, needs
from central.services.people import (
    CreatePerson,
    SearchPeople,
    activate_person,
    change_person,
    check_password,
    create_person,
    deactivate_person,
    list_people,
    reset_password,
    show_person,
)
from central.services.sessions import PASSWORD_LENGTH, end_sessions, list_sessions
from central.store.ids import new_one_time_password

router = APIRouter(prefix="/api/v1/people", tags=["people"])


class GrantIn(Strict):
    """A role for a room or for a unit, or for the whole house (both null)."""

    role: Role
    room_id: str | None = Field(default=None, pattern=ROOM_ID)
    unit_id: str | None = Field(default=None, pattern=ROW_ID)

    def to_grant(self) -> Grant:
        """Return the grant as the domain knows it."""
        return Grant(self.role, self.room_id, self.unit_id)


class PersonIn(Strict):
    """A new person with a log-in. Without a password a one-time one is drawn and answered; it has to be changed."""

    login: str = Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,59}$")
    name: str = Field(min_length=1, max_length=60, pattern=r"^[^\x00-\x1f\x7f]+$")
    password: str | None = Field(default=None, min_length=1, max_length=PASSWORD_LENGTH)
    unit_id: str | None = Field(default=None, pattern=ROW_ID)
    grants: list[GrantIn] = Field(max_length=50)


class PersonChangeIn(Strict):
    """Name and place of work."""

    name: Name
    unit_id: str | None = Field(default=None, pattern=ROW_ID)


class WhyIn(Strict):
    """Why it is done, for the audit log."""

    why: Why = ""


class PersonRowOut(BaseModel):
    """A person as an administrator sees them."""

    id: str
    login: str | None
    name: str
    active: bool
    unit_name: str | None
    grants: list[GrantOut]


class RoleOut(BaseModel):
    """A role that is held, was held or will be held."""

    id: str
    role: str
    room_id: str | None
    unit_id: str | None
    from_at: datetime
    until_at: datetime | None
    withdrawn_at: datetime | None


class PersonShownOut(BaseModel):
    """One person with their roles."""

    id: str
    login: str | None
    name: str
    active: bool
    unit_id: str | None
    unit_path: list[str]
    roles: list[RoleOut]
    locked_until: datetime | None
    must_change: bool


class CreatedOut(BaseModel):
    """The id of what was made."""

    id: str


class PersonCreatedOut(CreatedOut):
    """The new person, and the one-time password if one was drawn: shown this once."""

    one_time_password: str | None = None


class OneTimeOut(BaseModel):
    """A one-time password: shown this once, good for three days, to be changed at the first log-in."""

    one_time_password: str


class EndedOut(BaseModel):
    """How many sessions ended."""

    ended: int


@dataclass(frozen=True, slots=True)
class Founding:
    """What a request to found a person comes to before the write begins."""

    command: CreatePerson
    drawn: str | None


@dataclass(frozen=True, slots=True)
class OneTime:
    """A fresh one-time password and its hash."""

    password: str
    password_hash: str


def hash_password(request: Request, person: PersonIn) -> Founding:
    """Check and hash before the write begins: the hash alone takes longer than a write may."""
    drawn = new_one_time_password() if person.password is None else None
    password = drawn or person.password or ""
    check_password(person.login, password)
    command = CreatePerson(
        login=person.login,
        name=person.name,
        password_hash=request.app.state.hasher.hash_secret(password),
        grants=frozenset(grant.to_grant() for grant in person.grants),
        unit_id=person.unit_id,
        one_time=True,
    )
    return Founding(command, drawn)


def draw_password(request: Request) -> OneTime:
    """Draw and hash before the write begins."""
    password = new_one_time_password()
    return OneTime(password, request.app.state.hasher.hash_secret(password))


@router.get("", responses=document_problems(401, 403, 422))
@needs(Action.SEE_PEOPLE)
def get_people(
    request: Request,
    session: ReadSession,
    actor: CurrentActor,
    *,
    text: Annotated[str, Query(max_length=60, pattern=ONE_LINE)] = "",
    unit: Annotated[str | None, Query(pattern=ROW_ID)] = None,
    role: Role | None = None,
    after: After = None,
    limit: Limit = 50,
) -> PageOut[PersonRowOut]:
    """List people by name."""
    command = SearchPeople(text.strip(), unit, role, after, limit)
    page = list_people(session, actor, command, request.app.state.read_clock())
    rows = [
        PersonRowOut(
            id=person.id,
            login=person.login,
            name=person.name,
            active=person.active,
            unit_name=person.unit_name,
            grants=[GrantOut.of(grant) for grant in person.grants],
        )
        for person in page.items
    ]
    return PageOut(items=rows, next_after=page.next_after)


@router.post("", status_code=201, responses=document_problems(401, 403, 409, 422))
@needs(Action.CREATE_PERSON)
def post_person(
    request: Request,
    founding: Annotated[Founding, Depends(hash_password)],
    actor: CurrentActor,
    session: WriteSession,
) -> PersonCreatedOut:
    """Found a person with a log-in and roles; the password has to be changed at the first log-in."""
    person_id = create_person(session, actor, founding.command, request.app.state.read_clock())
    return PersonCreatedOut(id=person_id, one_time_password=founding.drawn)


@router.get("/{person_id}", responses=document_problems(401, 403, 404))
@needs(Action.SEE_PEOPLE)
def get_person(person_id: RowId, session: ReadSession, actor: CurrentActor) -> PersonShownOut:
    """Show one person with all their roles."""
    person = show_person(session, actor, person_id)
    return PersonShownOut(
        id=person.id,
        login=person.login,
        name=person.name,
        active=person.active,
        unit_id=person.unit_id,
        unit_path=list(person.unit_path),
        roles=[_to_role(role) for role in person.roles],
        locked_until=person.locked_until,
        must_change=person.must_change,
    )


@router.patch("/{person_id}", status_code=204, responses=document_problems(401, 403, 404, 409, 422))
@needs(Action.EDIT_PERSON)
def patch_person(
    request: Request, person_id: RowId, change: PersonChangeIn, actor: CurrentActor, session: WriteSession
) -> None:
    """Change a person's name and where they work."""
    now = request.app.state.read_clock()
    change_person(session, actor, person_id, name=change.name, unit_id=change.unit_id, now=now)


@router.post("/{person_id}/deactivation", status_code=204, responses=document_problems(401, 403, 404, 409))
@needs(Action.EDIT_PERSON)
def post_deactivation(
    request: Request, person_id: RowId, body: WhyIn, actor: CurrentActor, session: WriteSession
) -> None:
    """Shut a person out: sessions and badges end at once."""
    deactivate_person(session, actor, person_id, body.why, request.app.state.read_clock())


@router.post("/{person_id}/activation", status_code=204, responses=document_problems(401, 403, 404, 409))
@needs(Action.EDIT_PERSON)
def post_activation(request: Request, person_id: RowId, actor: CurrentActor, session: WriteSession) -> None:
    """Let a person in again."""
    activate_person(session, actor, person_id, request.app.state.read_clock())


@router.post("/{person_id}/password", responses=document_problems(401, 403, 404, 409))
@needs(Action.EDIT_PERSON)
def post_password(
    request: Request,
    person_id: RowId,
    drawn: Annotated[OneTime, Depends(draw_password)],
    actor: CurrentActor,
    session: WriteSession,
) -> OneTimeOut:
    """Give a person a one-time password; their sessions end."""
    reset_password(session, actor, person_id, drawn.password_hash, request.app.state.read_clock())
    return OneTimeOut(one_time_password=drawn.password)


@router.get("/{person_id}/sessions", responses=document_problems(401, 403, 404))
@needs(Action.EDIT_PERSON)
def get_sessions_of(
    request: Request, person_id: RowId, session: ReadSession, actor: CurrentActor
) -> list[SessionSeenOut]:
    """List where a person is logged in."""
    state = request.app.state
    seen = list_sessions(session, actor, person_id, state.session_times, state.read_clock())
    return [SessionSeenOut.model_validate(each) for each in seen]


@router.delete("/{person_id}/sessions", responses=document_problems(401, 403, 404))
@needs(Action.EDIT_PERSON)
def delete_sessions_of(request: Request, person_id: RowId, actor: CurrentActor, session: WriteSession) -> EndedOut:
    """End all sessions of a person; of one's own all but this one."""
    return EndedOut(ended=end_sessions(session, actor, person_id, request.app.state.read_clock()))


def _to_role(held: HeldRole) -> RoleOut:
    return RoleOut(
        id=held.id,
        role=held.grant.role,
        room_id=held.grant.room_id,
        unit_id=held.grant.unit_id,
        from_at=held.from_at,
        until_at=held.until_at,
        withdrawn_at=held.withdrawn_at,
    )
