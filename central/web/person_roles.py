"""Forms about a person's roles, badges and absences."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from anyio.to_thread import run_sync
from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from sqlalchemy.orm import Session

from central.domain.people import Grant, Role
from central.domain.permissions import Action, needs
from central.domain.refusals import NotFound, Refusal
from central.domain.wording import N_
from central.services.absences import end_absence
from central.services.badges import IssueBadge, end_badge, issue_badge
from central.services.people import PersonShown, show_person
from central.services.roles import GrantRole, grant_role, withdraw_role
from central.store.ids import new_pin
from central.web import forms
from central.web.absences import show_absence_form, take_absence
from central.web.render import actor_of, render, say_in
from central.web.scope_names import ScopeNames, crumbs
from central.web.transactions import ReadSession, WriteSession
from central.web.words import ROLES

router = APIRouter(prefix="/people/{person_id}")

Text = Annotated[str, Form(max_length=400)]
Day = Annotated[str, Form(max_length=20)]


@router.get("/roles/new", response_class=HTMLResponse)
@needs(Action.EDIT_PERSON)
def show_grant(request: Request, session: ReadSession, person_id: str) -> HTMLResponse:
    """The form for a new role."""
    return _show_grant(request, session, show_person(session, actor_of(request), person_id), {})


@router.post("/roles/new", response_class=HTMLResponse)
@needs(Action.EDIT_PERSON)
def grant(
    request: Request,
    session: WriteSession,
    person_id: str,
    *,
    role: Text = "",
    scope: Text = "",
    from_day: Day = "",
    until_day: Day = "",
) -> Response:
    """Give a role, or show the form again with what is wrong."""
    actor, say = actor_of(request), say_in(request)
    person = show_person(session, actor, person_id)
    typed = {"role": role, "scope": scope, "from_day": from_day, "until_day": until_day}
    errors = {}
    if role not in set(Role):
        errors["role"] = say(N_("Choose the role."))
    for name, text in (("from_day", from_day), ("until_day", until_day)):
        if text.strip() and forms.read_day(text) is None:
            errors[name] = say(N_("Enter a date like 2026-11-24."))
    if errors:
        return _show_grant(request, session, person, typed, errors=errors)
    kind, _, held_for = scope.partition(":")
    given = Grant(Role(role), held_for if kind == "room" else None, held_for if kind == "unit" else None)
    command = GrantRole(person_id, given, forms.read_day(from_day), forms.read_last_day(until_day))
    try:
        grant_role(session, actor, command, request.app.state.read_clock())
    except NotFound:
        raise
    except Refusal as refusal:
        return _show_grant(request, session, person, typed, refusal=refusal)
    return _go(person_id, "role_granted")


@router.get("/roles/{role_id}/withdraw", response_class=HTMLResponse)
@needs(Action.EDIT_PERSON)
def show_withdraw(request: Request, session: ReadSession, person_id: str, role_id: str) -> HTMLResponse:
    """Ask for a reason before a role is withdrawn."""
    return _show_withdraw(request, session, person_id, role_id, {})


@router.post("/roles/{role_id}/withdraw", response_class=HTMLResponse)
@needs(Action.EDIT_PERSON)
def withdraw(request: Request, session: WriteSession, person_id: str, role_id: str, why: Text = "") -> Response:
    """Withdraw a role now."""
    if not why.strip():
        errors = {"why": say_in(request)(N_("Say why; it is written into the audit log."))}
        return _show_withdraw(request, session, person_id, role_id, errors)
    now = request.app.state.read_clock()
    withdraw_role(session, actor_of(request), person_id, role_id, why=why.strip(), now=now)
    return _go(person_id, "role_withdrawn")


@router.get("/badges/new", response_class=HTMLResponse)
@needs(Action.EDIT_BADGES)
def show_issue(request: Request, session: ReadSession, person_id: str) -> HTMLResponse:
    """The form for a new badge."""
    return _show_issue(request, session, show_person(session, actor_of(request), person_id), {}, {})


@router.post("/badges/new", response_class=HTMLResponse)
@needs(Action.EDIT_BADGES)
async def issue(request: Request, person_id: str, room_id: Text = "", until_day: Day = "") -> Response:
    """Issue a badge and show its PIN, this once."""
    actor, say, state = actor_of(request), say_in(request), request.app.state
    errors = {}
    if not room_id:
        errors["room_id"] = say(N_("Choose the archive room."))
    if until_day.strip() and forms.read_day(until_day) is None:
        errors["until_day"] = say(N_("Enter a date like 2026-11-24."))
    async with state.tx.read_async() as session:
        person = await run_sync(show_person, session, actor, person_id)
        if errors:
            typed = {"room_id": room_id, "until_day": until_day}
            return await run_sync(_show_issue, request, session, person, typed, errors)
    pin = new_pin()
    # Hashing takes longer than a write may.
    hashed = await run_sync(state.hasher.hash_secret, pin)
    command = IssueBadge(person_id, room_id, hashed, forms.read_last_day(until_day))
    async with state.tx.write_async() as session:
        code = await run_sync(issue_badge, session, actor, command, state.read_clock())
    return render(
        request,
        "secret.html",
        here="people",
        title=say(N_("New badge of %(name)s"), name=person.name),
        lead=say(N_("The gateway of the archive room knows it within seconds, or once it is back.")),
        name=person.name,
        back=f"/people/{person_id}",
        facts=[(say(N_("Badge number")), code), ("PIN", pin)],
    )


@router.get("/badges/{code}/end", response_class=HTMLResponse)
@needs(Action.EDIT_BADGES)
def show_end(request: Request, session: ReadSession, person_id: str, code: str) -> HTMLResponse:
    """Ask why a badge ends."""
    say, person = say_in(request), show_person(session, actor_of(request), person_id)
    form = forms.Form(
        title=say(N_("End badge %(code)s"), code=code),
        lead=say(N_("The gateway refuses it from the next feed on; while it is offline it may still take it.")),
        action=f"/people/{person_id}/badges/{code}/end",
        submit=say(N_("End badge %(code)s"), code=code),
        back=f"/people/{person_id}",
        crumbs=crumbs(say, person),
        danger=True,
    )
    options = (("revoked", say(N_("revoked: it was handed back or is no longer needed"))), ("lost", say(N_("lost"))))
    field = forms.Field("reason", say(N_("Reason")), kind="radio", value="revoked", options=options)
    return forms.show_form(request, form, (field,))


@router.post("/badges/{code}/end")
@needs(Action.EDIT_BADGES)
def end(request: Request, session: WriteSession, person_id: str, code: str, reason: Text = "") -> Response:
    """Revoke a badge or report it lost."""
    now = request.app.state.read_clock()
    end_badge(session, actor_of(request), person_id, code, reason="lost" if reason == "lost" else "revoked", now=now)
    return _go(person_id, "badge_ended")


@router.get("/absences/new", response_class=HTMLResponse)
@needs(Action.EDIT_PERSON)
def show_absence(request: Request, session: ReadSession, person_id: str) -> HTMLResponse:
    """The form for somebody's absence."""
    person = show_person(session, actor_of(request), person_id)
    return show_absence_form(
        request, f"/people/{person_id}", name=person.name, typed={}, way=crumbs(say_in(request), person)
    )


@router.post("/absences/new", response_class=HTMLResponse)
@needs(Action.EDIT_PERSON)
def enter_absence(
    request: Request,
    session: WriteSession,
    person_id: str,
    *,
    from_day: Day = "",
    until_day: Day = "",
    deputy: Text = "",
    reason: Text = "",
) -> Response:
    """Enter somebody's absence and who stands in."""
    person = show_person(session, actor_of(request), person_id)
    typed = {"from_day": from_day, "until_day": until_day, "deputy": deputy, "reason": reason}
    answer = take_absence(request, session, person_id, typed)
    if answer is None:
        return _go(person_id, "absence_set")
    errors, refusal = answer
    way = crumbs(say_in(request), person)
    back = f"/people/{person_id}"
    return show_absence_form(request, back, name=person.name, typed=typed, way=way, errors=errors, refusal=refusal)


@router.post("/absences/{absence_id}/end")
@needs(Action.EDIT_PERSON)
def finish_absence(request: Request, session: WriteSession, person_id: str, absence_id: str) -> Response:
    """End an absence now, or take a coming one back."""
    end_absence(session, actor_of(request), person_id, absence_id, request.app.state.read_clock())
    return _go(person_id, "absence_ended")


def _go(person_id: str, done: str) -> RedirectResponse:
    return RedirectResponse(f"/people/{person_id}?done={done}", status_code=303)


def _show_grant(
    request: Request,
    session: Session,
    person: PersonShown,
    typed: Mapping[str, str],
    *,
    errors: Mapping[str, str] | None = None,
    refusal: Refusal | None = None,
) -> HTMLResponse:
    say = say_in(request)
    form = forms.Form(
        title=say(N_("Give %(name)s a role"), name=person.name),
        lead=say(
            N_("A role is held for a team, a service centre, an archive room or the whole house, and for some time.")
        ),
        action=f"/people/{person.id}/roles/new",
        submit=say(N_("Give the role")),
        back=f"/people/{person.id}",
        crumbs=crumbs(say, person),
    )
    roles = (("", say(N_("choose a role"))), *((role, say(text)) for role, text in ROLES.items()))
    scopes = ScopeNames(session, request).list_choices(say)
    fields = (
        forms.Field("role", say(N_("Role")), kind="select", value=typed.get("role", ""), options=roles),
        forms.Field(
            "scope",
            say(N_("Held for")),
            kind="select",
            value=typed.get("scope", ""),
            options=scopes,
            hint=say(
                N_("Handlers, collectors, team leaders: a team. Centre managers: a service centre. Archivists: a room.")
            ),
        ),
        forms.Field(
            "from_day",
            say(N_("First day")),
            kind="date",
            value=typed.get("from_day", ""),
            hint=say(N_("Empty: from now on.")),
            required=False,
        ),
        forms.Field(
            "until_day",
            say(N_("Last day")),
            kind="date",
            value=typed.get("until_day", ""),
            hint=say(N_("Empty: until it is withdrawn.")),
            required=False,
        ),
    )
    return forms.show_form(request, form, fields, errors=errors, refusal=refusal)


def _show_withdraw(
    request: Request, session: Session, person_id: str, role_id: str, errors: Mapping[str, str]
) -> HTMLResponse:
    say, person = say_in(request), show_person(session, actor_of(request), person_id)
    role = next((each for each in person.roles if each.id == role_id), None)
    if role is None:
        raise NotFound
    scope = ScopeNames(session, request).say_scope(say, role.grant)
    form = forms.Form(
        title=say(N_("Withdraw a role of %(name)s"), name=person.name),
        lead=f"{say(ROLES[role.grant.role])} · {scope}",
        action=f"/people/{person_id}/roles/{role_id}/withdraw",
        submit=say(N_("Withdraw the role")),
        back=f"/people/{person_id}",
        crumbs=crumbs(say, person),
        danger=True,
        notes=(say(N_("It ends at once, in open sessions too. What was done in it stays.")),),
    )
    return forms.show_form(request, form, (forms.Field("why", say(N_("Reason")), kind="area"),), errors=errors)


def _show_issue(
    request: Request, session: Session, person: PersonShown, typed: Mapping[str, str], errors: Mapping[str, str]
) -> HTMLResponse:
    say = say_in(request)
    form = forms.Form(
        title=say(N_("Issue a badge to %(name)s"), name=person.name),
        lead=say(N_("A badge opens a session at the scanner of one archive room, together with its PIN.")),
        action=f"/people/{person.id}/badges/new",
        submit=say(N_("Issue the badge")),
        back=f"/people/{person.id}",
        crumbs=crumbs(say, person),
    )
    rooms = (("", say(N_("choose an archive room"))), *ScopeNames(session, request).rooms.items())
    fields = (
        forms.Field(
            "room_id", say(N_("Archive room")), kind="select", value=typed.get("room_id", ""), options=tuple(rooms)
        ),
        forms.Field(
            "until_day",
            say(N_("Valid to the end of")),
            kind="date",
            value=typed.get("until_day", ""),
            hint=say(N_("Empty: until it is revoked.")),
            required=False,
        ),
    )
    return forms.show_form(request, form, fields, errors=errors)
