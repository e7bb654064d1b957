"""Roles, badges and absences of a person."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from central.api.fields import ONE_LINE, ROOM_ID, Moment, RowId, StaffCode, Strict, Why
from central.api.people import CreatedOut, GrantIn
from central.api.problems import document_problems
from central.api.transactions import CurrentActor, ReadSession, WriteSession
from central.domain.permissions import Action, needs
from central.services.absences import SetAbsence, end_absence, list_absences, set_absence
from central.services.badges import BadgeEnd, IssueBadge, end_badge, issue_badge, list_badges
from central.services.roles import GrantRole, grant_role, withdraw_role
from central.services.sessions import LOGIN_LENGTH
from central.store.ids import new_pin

router = APIRouter(prefix="/api/v1/people/{person_id}", tags=["people"])


class RoleIn(GrantIn):
    """A role in time; without a beginning from now on, without an end until withdrawn."""

    from_at: Moment | None = None
    until_at: Moment | None = None


class BadgeIn(Strict):
    """A badge for a room, for ever or until a moment."""

    room_id: str = Field(pattern=ROOM_ID)
    valid_until: Moment | None = None


class BadgeEndIn(Strict):
    """Why a badge ends."""

    reason: BadgeEnd


class BadgeOut(BaseModel):
    """A badge of a person."""

    model_config = ConfigDict(from_attributes=True)

    code: str
    room_id: str
    active: bool
    created_at: datetime
    valid_until: datetime | None
    ended_at: datetime | None
    end_reason: str | None


class BadgeIssuedOut(BaseModel):
    """A new badge and its PIN, shown this once."""

    code: str
    pin: str


class AbsenceIn(Strict):
    """A person is away; `deputy_login` names who acts for them, if anybody does."""

    from_at: Moment
    until_at: Moment
    deputy_login: str = Field(default="", max_length=LOGIN_LENGTH, pattern=ONE_LINE)
    reason: Annotated[str, Field(max_length=200, pattern=ONE_LINE)] = ""


class AbsenceOut(BaseModel):
    """Who is away, and who stands in."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    person_id: str
    person_name: str
    deputy_id: str | None
    deputy_name: str | None
    from_at: datetime
    until_at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class Pin:
    """A fresh PIN and its hash."""

    pin: str
    pin_hash: str


def draw_pin(request: Request) -> Pin:
    """Draw and hash before the write begins."""
    pin = new_pin()
    return Pin(pin, request.app.state.hasher.hash_secret(pin))


@router.post("/roles", status_code=201, responses=document_problems(401, 403, 404, 409, 422))
@needs(Action.EDIT_PERSON)
def post_role(
    request: Request, person_id: RowId, role: RoleIn, actor: CurrentActor, session: WriteSession
) -> CreatedOut:
    """Give a role, for some time or until withdrawn."""
    command = GrantRole(person_id, role.to_grant(), role.from_at, role.until_at)
    return CreatedOut(id=grant_role(session, actor, command, request.app.state.read_clock()))


@router.delete("/roles/{role_id}", status_code=204, responses=document_problems(401, 403, 404, 409))
@needs(Action.EDIT_PERSON)
def delete_role(
    request: Request,
    person_id: RowId,
    role_id: RowId,
    *,
    actor: CurrentActor,
    session: WriteSession,
    why: Annotated[Why, Query()] = "",
) -> None:
    """Withdraw a role now."""
    withdraw_role(session, actor, person_id, role_id, why=why, now=request.app.state.read_clock())


@router.get("/badges", responses=document_problems(401, 403, 404))
@needs(Action.SEE_PEOPLE)
def get_badges(person_id: RowId, session: ReadSession, actor: CurrentActor) -> list[BadgeOut]:
    """List a person's badges."""
    return [BadgeOut.model_validate(badge) for badge in list_badges(session, actor, person_id)]


@router.post("/badges", status_code=201, responses=document_problems(401, 403, 404, 409, 422))
@needs(Action.EDIT_BADGES)
def post_badge(
    request: Request,
    person_id: RowId,
    badge: BadgeIn,
    *,
    pin: Annotated[Pin, Depends(draw_pin)],
    actor: CurrentActor,
    session: WriteSession,
) -> BadgeIssuedOut:
    """Issue a badge; its PIN is answered this once, the room's gateway learns its hash."""
    command = IssueBadge(person_id, badge.room_id, pin.pin_hash, badge.valid_until)
    return BadgeIssuedOut(code=issue_badge(session, actor, command, request.app.state.read_clock()), pin=pin.pin)


@router.post("/badges/{code}/end", status_code=204, responses=document_problems(401, 403, 404, 409, 422))
@needs(Action.EDIT_BADGES)
def post_badge_end(
    request: Request, person_id: RowId, code: StaffCode, *, body: BadgeEndIn, actor: CurrentActor, session: WriteSession
) -> None:
    """Revoke a badge, or report it lost."""
    end_badge(session, actor, person_id, code, reason=body.reason, now=request.app.state.read_clock())


@router.get("/absences", responses=document_problems(401, 404))
@needs(Action.SELF)
def get_absences(request: Request, person_id: RowId, session: ReadSession, actor: CurrentActor) -> list[AbsenceOut]:
    """List present and coming absences, one's own or another's."""
    seen = list_absences(session, actor, person_id, request.app.state.read_clock())
    return [AbsenceOut.model_validate(each) for each in seen]


@router.post("/absences", status_code=201, responses=document_problems(401, 403, 404, 409, 422))
@needs(Action.SELF)
def post_absence(
    request: Request, person_id: RowId, body: AbsenceIn, actor: CurrentActor, session: WriteSession
) -> CreatedOut:
    """Enter an absence, one's own or another's, and who stands in."""
    command = SetAbsence(person_id, body.from_at, body.until_at, body.deputy_login.strip(), body.reason.strip())
    return CreatedOut(id=set_absence(session, actor, command, request.app.state.read_clock()))


@router.delete("/absences/{absence_id}", status_code=204, responses=document_problems(401, 403, 404))
@needs(Action.SELF)
def delete_absence(
    request: Request, person_id: RowId, absence_id: RowId, actor: CurrentActor, session: WriteSession
) -> None:
    """End an absence now, or take a coming one back."""
    end_absence(session, actor, person_id, absence_id, request.app.state.read_clock())
