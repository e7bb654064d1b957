"""The working calendar over the API: read, one day changed, the horizon moved on."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from central.api.problems import document_problems
from central.api.transactions import CurrentActor, ReadSession, WriteSession
from central.domain.calendars import DayKind
from central.domain.permissions import Action, needs
from central.services.calendars import FIRST_YEAR, LAST_YEAR, ChangeDay, change_day, move_horizon, show_calendar

router = APIRouter(prefix="/api/v1/calendar", tags=["calendar"])

Why = Annotated[str, Field(min_length=1, max_length=400, pattern=r"^[^\x00-\x1f\x7f]+$")]


class DayOut(BaseModel):
    """A day that is not what its weekday says."""

    day: date
    kind: DayKind
    name: str


class CalendarOut(BaseModel):
    """A year of the calendar; beyond the horizon every date is provisional."""

    revision: int
    horizon: date
    days_left: int
    days: list[DayOut]


class DayIn(BaseModel):
    """What a day shall be, and why."""

    model_config = ConfigDict(extra="forbid")

    kind: DayKind
    name: str = Field(default="", max_length=40, pattern=r"^[^\x00-\x1f\x7f]*$")
    why: Why


class HorizonIn(BaseModel):
    """Up to which day the holidays are published, and why."""

    model_config = ConfigDict(extra="forbid")

    horizon: date
    why: Why


@router.get("", responses=document_problems(401, 403, 422))
@needs(Action.SEE_CALENDAR)
def get_calendar(
    request: Request,
    session: ReadSession,
    actor: CurrentActor,
    year: Annotated[int | None, Query(ge=FIRST_YEAR, le=LAST_YEAR)] = None,
) -> CalendarOut:
    """Show the special days of a year (without one: of this year), the horizon and the revision."""
    seen = show_calendar(session, actor, request.app.state.read_clock())
    chosen = year or seen.today.year
    days = [
        DayOut(day=day, kind=each.kind, name=each.name)
        for day, each in sorted(seen.calendar.special.items())
        if day.year == chosen
    ]
    calendar = seen.calendar
    return CalendarOut(revision=calendar.revision, horizon=calendar.horizon, days_left=seen.days_left, days=days)


@router.put("/days/{day}", status_code=204, responses=document_problems(401, 403, 422))
@needs(Action.EDIT_CALENDAR)
def put_day(request: Request, session: WriteSession, actor: CurrentActor, day: date, body: DayIn) -> None:
    """Say what a day is; dates of open cases are counted anew."""
    change_day(session, actor, ChangeDay(day, body.kind, body.name, body.why), request.app.state.read_clock())


@router.put("/horizon", status_code=204, responses=document_problems(401, 403, 422))
@needs(Action.EDIT_CALENDAR)
def put_horizon(request: Request, session: WriteSession, actor: CurrentActor, body: HorizonIn) -> None:
    """Move the horizon on; it never moves back."""
    move_horizon(session, actor, body.horizon, body.why, request.app.state.read_clock())
