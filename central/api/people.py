"""People: list, and founding one with a log-in."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, ConfigDict, Field

from central.api.fields import After, Limit, PageOut
from central.api.problems import document_problems
from central.api.sessions import GrantOut
from central.api.transactions import CurrentActor, ReadSession, WriteSession
from central.domain.people import Grant, Role
from central.domain.permissions import Action, needs
from central.services.people import CreatePerson, check_password, create_person, list_people
from central.services.sessions import PASSWORD_LENGTH

router = APIRouter(prefix="/api/v1/people", tags=["people"])


class GrantIn(BaseModel):
    """A role in a room, or in all of them (null)."""

    model_config = ConfigDict(extra="forbid")

    role: Role
    room_id: str | None = Field(default=None, pattern=r"^[a-z0-9]{1,16}$")


class PersonIn(BaseModel):
    """A new person with a log-in."""

    model_config = ConfigDict(extra="forbid")

    login: str = Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,59}$")
    name: str = Field(min_length=1, max_length=60, pattern=r"^[^\x00-\x1f\x7f]+$")
    password: str = Field(min_length=1, max_length=PASSWORD_LENGTH)
    grants: list[GrantIn] = Field(min_length=1, max_length=50)


class PersonRowOut(BaseModel):
    """A person as an administrator sees them."""

    id: str
    login: str | None
    name: str
    active: bool
    grants: list[GrantOut]


class CreatedOut(BaseModel):
    """The id of what was made."""

    id: str


def hash_password(request: Request, person: PersonIn) -> CreatePerson:
    """Check and hash before the write begins: the hash alone takes longer than a write may."""
    check_password(person.login, person.password)
    return CreatePerson(
        login=person.login,
        name=person.name,
        password_hash=request.app.state.hasher.hash_secret(person.password),
        grants=frozenset(Grant(grant.role, grant.room_id) for grant in person.grants),
    )


@router.get("", responses=document_problems(401, 403, 422))
@needs(Action.SEE_PEOPLE)
def get_people(
    session: ReadSession, actor: CurrentActor, after: After = None, limit: Limit = 50
) -> PageOut[PersonRowOut]:
    """List people by name."""
    page = list_people(session, actor, after, limit)
    rows = [
        PersonRowOut(
            id=person.id,
            login=person.login,
            name=person.name,
            active=person.active,
            grants=[GrantOut(role=grant.role, room_id=grant.room_id) for grant in person.grants],
        )
        for person in page.items
    ]
    return PageOut(items=rows, next_after=page.next_after)


@router.post("", status_code=201, responses=document_problems(401, 403, 409, 422))
@needs(Action.CREATE_PERSON)
def post_person(
    request: Request,
    command: Annotated[CreatePerson, Depends(hash_password)],
    actor: CurrentActor,
    session: WriteSession,
) -> CreatedOut:
    """Found a person with a log-in and roles."""
    return CreatedOut(id=create_person(session, actor, command, request.app.state.read_clock()))
