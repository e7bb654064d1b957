"""Log-in of machines: a bearer token for a login name and password. People log in through the pages."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from central.api.problems import answer_refusal, document_problems
from central.api.transactions import CurrentActor, WriteSession
from central.domain.people import Actor
from central.domain.permissions import Action, needs
from central.domain.refusals import Refusal
from central.services.sessions import LOGIN_LENGTH, PASSWORD_LENGTH, LogIn, log_in, log_out, verify_password

router = APIRouter(prefix="/api/v1/sessions", tags=["sessions"])


class Credentials(BaseModel):
    """Login name and password."""

    model_config = ConfigDict(extra="forbid")

    login: str = Field(min_length=1, max_length=LOGIN_LENGTH, pattern=r"^[^\x00-\x1f]+$")
    password: str = Field(min_length=1, max_length=PASSWORD_LENGTH)


class GrantOut(BaseModel):
    """A role in a room, or in all of them (null)."""

    role: str
    room_id: str | None


class PersonOut(BaseModel):
    """Who is logged in."""

    id: str
    login: str
    name: str
    language: str
    grants: list[GrantOut]


class SessionOut(BaseModel):
    """A new session; the token is shown this once."""

    token: str
    expires_at: datetime
    person: PersonOut


def check_credentials(request: Request, credentials: Credentials) -> LogIn:
    """Compare the password before the write begins: the hash alone takes longer than a write may."""
    state = request.app.state
    with state.tx.read() as session:
        verified = verify_password(session, state.hasher, credentials.login, credentials.password)
    return LogIn(credentials.login, verified, "bearer")


@router.post("", status_code=201, response_model=SessionOut, responses=document_problems(401, 403, 429))
@needs(Action.PUBLIC)
def open_session(
    request: Request, attempt: Annotated[LogIn, Depends(check_credentials)], session: WriteSession
) -> SessionOut | Response:
    """Log in and get a bearer token."""
    state = request.app.state
    outcome = log_in(session, attempt, state.session_times, state.read_clock())
    if isinstance(outcome, Refusal):
        # Returned, not raised: the failed try has to be committed.
        state.metrics.count("openaisle_central_logins_total", outcome.reason.value)
        return answer_refusal(request, outcome)
    state.metrics.count("openaisle_central_logins_total", "logged_in")
    return SessionOut(token=outcome.token, expires_at=outcome.expires_at, person=_to_person(outcome.actor))


@router.get("/current", responses=document_problems(401))
@needs(Action.SELF)
def show_session(actor: CurrentActor) -> PersonOut:
    """Say who is logged in."""
    return _to_person(actor)


@router.delete("/current", status_code=204, responses=document_problems(401, 403))
@needs(Action.SELF)
def close_session(request: Request, actor: CurrentActor, session: WriteSession) -> None:
    """Log out."""
    log_out(session, actor, request.app.state.read_clock())


def _to_person(actor: Actor) -> PersonOut:
    grants = sorted(actor.grants, key=lambda grant: (grant.role, grant.room_id or ""))
    return PersonOut(
        id=actor.person_id,
        login=actor.login,
        name=actor.name,
        language=actor.language,
        grants=[GrantOut(role=grant.role, room_id=grant.room_id) for grant in grants],
    )
