"""Log-in of machines by a bearer token, own sessions, own password. People log in through the pages."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from central.api.fields import RowId, Strict
from central.api.guard import find_address
from central.api.problems import answer_refusal, document_problems
from central.api.transactions import CurrentActor, ReadSession, WriteSession
from central.domain.people import Actor, Grant
from central.domain.permissions import Action, needs
from central.domain.refusals import Reason, Refusal
from central.services.people import PASSWORD_LEAST, check_password
from central.services.sessions import (
    LOGIN_LENGTH,
    PASSWORD_LENGTH,
    ChangePassword,
    LogIn,
    change_password,
    end_session,
    list_sessions,
    log_in,
    log_out,
    verify_password,
)

router = APIRouter(prefix="/api/v1/sessions", tags=["sessions"])


class Credentials(Strict):
    """Login name and password."""

    login: str = Field(min_length=1, max_length=LOGIN_LENGTH, pattern=r"^[^\x00-\x1f]+$")
    password: str = Field(min_length=1, max_length=PASSWORD_LENGTH)


class PasswordIn(Strict):
    """The present password and the one that shall take its place."""

    old: str = Field(min_length=1, max_length=PASSWORD_LENGTH)
    new: str = Field(min_length=1, max_length=PASSWORD_LENGTH)


class GrantOut(BaseModel):
    """A role for a room, for a unit or for the whole house (both null); `deputy_for`: lent by an absent person."""

    role: str
    room_id: str | None
    unit_id: str | None
    deputy_for: str | None

    @classmethod
    def of(cls, grant: Grant) -> GrantOut:
        """Return a grant as callers see it."""
        return cls(role=grant.role, room_id=grant.room_id, unit_id=grant.unit_id, deputy_for=grant.deputy_for)


class PersonOut(BaseModel):
    """Who is logged in."""

    id: str
    login: str
    name: str
    language: str
    must_change: bool
    grants: list[GrantOut]


class SessionOut(BaseModel):
    """A new session; the token is shown this once."""

    token: str
    expires_at: datetime
    person: PersonOut


class TokenOut(BaseModel):
    """The token that takes the place of the former one; shown this once."""

    token: str


class SessionSeenOut(BaseModel):
    """A live session."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    kind: str
    address: str
    agent: str
    created_at: datetime
    seen_at: datetime
    expires_at: datetime
    current: bool


def check_credentials(request: Request, credentials: Credentials) -> LogIn:
    """Compare the password before the write begins: the hash alone takes longer than a write may."""
    state = request.app.state
    with state.tx.read() as session:
        verified = verify_password(session, state.hasher, credentials.login, credentials.password)
    agent = request.headers.get("User-Agent", "")
    return LogIn(credentials.login, verified, "bearer", find_address(request), agent)


def check_change(request: Request, body: PasswordIn) -> ChangePassword:
    """Compare the old password and hash the new one before the write begins."""
    state, actor = request.app.state, request.state.actor
    check_password(actor.login, body.new)
    if body.new == body.old:
        raise Refusal(Reason.WEAK_PASSWORD, length=PASSWORD_LEAST)
    with state.tx.read() as session:
        verified = verify_password(session, state.hasher, actor.login, body.old)
    return ChangePassword(verified, state.hasher.hash_secret(body.new))


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


@router.get("", responses=document_problems(401, 403))
@needs(Action.SELF)
def get_sessions(request: Request, session: ReadSession, actor: CurrentActor) -> list[SessionSeenOut]:
    """List where I am logged in."""
    state = request.app.state
    seen = list_sessions(session, actor, actor.person_id, state.session_times, state.read_clock())
    return [SessionSeenOut.model_validate(each) for each in seen]


@router.get("/current", responses=document_problems(401))
@needs(Action.OWN_ACCESS)
def show_session(actor: CurrentActor) -> PersonOut:
    """Say who is logged in."""
    return _to_person(actor)


@router.delete("/current", status_code=204, responses=document_problems(401, 403))
@needs(Action.OWN_ACCESS)
def close_session(request: Request, actor: CurrentActor, session: WriteSession) -> None:
    """Log out."""
    log_out(session, actor, request.app.state.read_clock())


@router.put("/current/password", response_model=TokenOut, responses=document_problems(401, 403, 422, 429))
@needs(Action.OWN_ACCESS)
def put_password(
    request: Request,
    change: Annotated[ChangePassword, Depends(check_change)],
    actor: CurrentActor,
    session: WriteSession,
) -> TokenOut | Response:
    """Change my password; my other sessions end, and this one goes on under a new token."""
    outcome = change_password(session, actor, change, request.app.state.read_clock())
    if isinstance(outcome, Refusal):
        return answer_refusal(request, outcome)
    return TokenOut(token=outcome)


@router.delete("/{session_id}", status_code=204, responses=document_problems(401, 403, 404))
@needs(Action.SELF)
def delete_session(request: Request, session_id: RowId, actor: CurrentActor, session: WriteSession) -> None:
    """End one session, own or, for an administrator, another's."""
    end_session(session, actor, session_id, request.app.state.read_clock())


def _to_person(actor: Actor) -> PersonOut:
    grants = sorted(actor.grants, key=lambda grant: (grant.role, grant.room_id or "", grant.unit_id or ""))
    return PersonOut(
        id=actor.person_id,
        login=actor.login,
        name=actor.name,
        language=actor.language,
        must_change=actor.must_change,
        grants=[GrantOut.of(grant) for grant in grants],
    )
