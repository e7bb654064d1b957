"""Pages of the working calendar: a year at a glance, how far it is known, one day changed, the horizon moved on."""

from __future__ import annotations

from calendar import Calendar as Weeks
from datetime import date
from typing import Annotated, Any

from babel.dates import format_date, get_day_names, get_month_names
from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from central.domain.calendars import Calendar, DayKind
from central.domain.permissions import Action, allows, needs
from central.domain.refusals import NotFound, Reason, Refusal
from central.domain.wording import N_
from central.services.calendars import (
    FIRST_YEAR,
    LAST_YEAR,
    CalendarSeen,
    ChangeDay,
    change_day,
    list_kinds,
    move_horizon,
    show_calendar,
)
from central.web.case_words import DAY_KINDS
from central.web.forms import Field, show_form
from central.web.forms import Form as FormShape
from central.web.language import find_locale
from central.web.render import actor_of, address, language_of, render, say_in
from central.web.template_pages import read_date
from central.web.transactions import ReadSession, WriteSession
from central.web.words import DONE_NOTES

router = APIRouter()

#: From so many days on somebody has to enter the next year's notice.
SHORT_DAYS = 60
Day = Annotated[str, Form(max_length=20)]


@router.get("/calendar", response_class=HTMLResponse)
@needs(Action.SEE_CALENDAR)
def show_year(
    request: Request,
    session: ReadSession,
    year: Annotated[int | None, Query(ge=FIRST_YEAR, le=LAST_YEAR)] = None,
    done: str = "",
) -> HTMLResponse:
    """A year: every day with its kind, and the days that are not what their weekday says as a list."""
    actor = actor_of(request)
    seen = show_calendar(session, actor, request.app.state.read_clock())
    calendar, chosen = seen.calendar, year or seen.today.year
    locale = find_locale(language_of(request))
    months = get_month_names("wide", "stand-alone", locale)
    days = get_day_names("narrow", "stand-alone", locale)
    years = sorted({*range(seen.today.year - 2, calendar.horizon.year + 2), chosen})
    return render(
        request,
        "calendar.html",
        here="rules",
        done=DONE_NOTES.get(done),
        seen=seen,
        calendar=calendar,
        short=seen.days_left < SHORT_DAYS,
        year=chosen,
        years=[(each, address("/calendar", {"year": each})) for each in years if FIRST_YEAR <= each <= LAST_YEAR],
        weekdays=[days[number] for number in range(7)],
        months=[(months[month], list_weeks(calendar, chosen, month)) for month in range(1, 13)],
        special=[
            (day, format_date(day, "EEEE", locale=locale), DAY_KINDS[each.kind], each.name)
            for day, each in sorted(calendar.special.items())
            if day.year == chosen
        ],
        counted=calendar.count_working_days(date(chosen, 1, 1), date(chosen + 1, 1, 1)),
        kinds=DAY_KINDS,
        provisional=calendar.is_provisional(date(chosen, 12, 31)),
        may_edit=allows(actor, Action.EDIT_CALENDAR),
    )


@router.get("/calendar/days/{day}", response_class=HTMLResponse)
@needs(Action.EDIT_CALENDAR)
def day_form(request: Request, session: ReadSession, day: str) -> HTMLResponse:
    """The form that says what a day is."""
    found, calendar = _read(day), show_calendar(session, actor_of(request), request.app.state.read_clock()).calendar
    return _show_day(request, found, (calendar.judge_day(found), calendar.name_day(found), ""), {})


@router.post("/calendar/days/{day}", response_class=HTMLResponse)
@needs(Action.EDIT_CALENDAR)
def save_day(
    request: Request,
    session: WriteSession,
    day: str,
    *,
    kind: Annotated[str, Form(max_length=12)] = "",
    name: Annotated[str, Form(max_length=40)] = "",
    why: Annotated[str, Form(max_length=400)] = "",
) -> Response:
    """Change the day; the reason must be said."""
    found, say, errors = _read(day), say_in(request), {}
    if kind not in list_kinds(found):
        errors["kind"] = say(N_("Choose what the day is."))
    if not why.strip():
        errors["why"] = say(N_("Say why the calendar changes, for example the number of the notice."))
    if errors:
        return _show_day(request, found, (kind, name, why), errors)
    command = ChangeDay(found, DayKind(kind), name.strip(), why.strip())
    change_day(session, actor_of(request), command, request.app.state.read_clock())
    return RedirectResponse(f"/calendar?year={found.year}&done=calendar_changed", status_code=303)


@router.get("/calendar/horizon", response_class=HTMLResponse)
@needs(Action.EDIT_CALENDAR)
def horizon_form(request: Request, session: ReadSession) -> HTMLResponse:
    """The form that moves the horizon on."""
    seen = show_calendar(session, actor_of(request), request.app.state.read_clock())
    return _show_horizon(request, seen, f"{seen.calendar.horizon.year + 1}-12-31", "", {})


@router.post("/calendar/horizon", response_class=HTMLResponse)
@needs(Action.EDIT_CALENDAR)
def save_horizon(
    request: Request,
    session: WriteSession,
    horizon: Day = "",
    why: Annotated[str, Form(max_length=400)] = "",
) -> Response:
    """Move the horizon on; it never moves back."""
    actor, now, say = actor_of(request), request.app.state.read_clock(), say_in(request)
    day, errors = read_date(horizon), {}
    if day is None:
        errors["horizon"] = say(N_("Enter a day like 2026-12-01."))
    if not why.strip():
        errors["why"] = say(N_("Say why the calendar changes, for example the number of the notice."))
    if day is not None and not errors:
        try:
            move_horizon(session, actor, day, why.strip(), now)
        except Refusal as refusal:
            if refusal.reason is not Reason.BAD_PERIOD:
                raise
            errors["horizon"] = say(N_("The horizon only moves on: choose a later day."))
    if errors:
        return _show_horizon(request, show_calendar(session, actor, now), horizon, why, errors)
    return RedirectResponse("/calendar?done=calendar_changed", status_code=303)


def list_weeks(calendar: Calendar, year: int, month: int) -> list[list[dict[str, Any] | None]]:
    """Return the weeks of a month, Monday first; days of other months are empty."""
    return [
        [
            {
                "day": day,
                "kind": calendar.judge_day(day).value,
                "name": calendar.name_day(day),
                "provisional": calendar.is_provisional(day),
            }
            if day.month == month
            else None
            for day in week
        ]
        for week in Weeks().monthdatescalendar(year, month)
    ]


def _read(text: str) -> date:
    day = read_date(text)
    if day is None or not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise NotFound
    return day


def _show_day(request: Request, day: date, typed: tuple[str, str, str], errors: dict[str, str]) -> HTMLResponse:
    kind, name, why = typed
    say = say_in(request)
    options = tuple((each.value, say(DAY_KINDS[each].text)) for each in list_kinds(day))
    form = FormShape(
        title=f"{day}",
        lead=say(N_("What this day is; dates of open cases are counted anew.")),
        action=f"/calendar/days/{day}",
        submit=say(N_("Save")),
        back=f"/calendar?year={day.year}",
        crumbs=((f"/calendar?year={day.year}", say(N_("Working calendar"))),),
        here="rules",
    )
    fields = (
        Field("kind", say(N_("Kind of day")), "radio", kind, options=options),
        Field("name", say(N_("Holiday")), value=name, hint=say(N_("Its name, if it is one.")), required=False),
        Field("why", say(N_("Why")), "area", why, say(N_("For example the number and date of the notice."))),
    )
    return show_form(request, form, fields, errors=errors)


def _show_horizon(request: Request, seen: CalendarSeen, horizon: str, why: str, errors: dict[str, str]) -> HTMLResponse:
    say, calendar = say_in(request), seen.calendar
    following = calendar.horizon.year + 1
    entered = sum(1 for day in calendar.special if day.year == following)
    note = say(N_("Days entered for %(year)s so far: %(count)s. Enter them all before the horizon moves on."))
    form = FormShape(
        title=say(N_("Extend the calendar")),
        lead=say(N_("Known up to %(day)s. Beyond it every date is provisional."), day=calendar.horizon),
        action="/calendar/horizon",
        submit=say(N_("Extend the calendar")),
        back="/calendar",
        crumbs=(("/calendar", say(N_("Working calendar"))),),
        here="rules",
        notes=(note % {"year": following, "count": entered},),
    )
    fields = (
        Field("horizon", say(N_("Known up to")), "date", horizon, say(N_("The last day of the published notice."))),
        Field("why", say(N_("Why")), "area", why, say(N_("For example the number and date of the notice."))),
    )
    return show_form(request, form, fields, errors=errors)
