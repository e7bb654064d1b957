"""The page of one person, and what an administrator does about them: change, password, deactivation, sessions."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from anyio.to_thread import run_sync
from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from sqlalchemy.orm import Session

from central.domain.people import HeldRole
from central.domain.permissions import Action, allows, needs
from central.domain.wording import N_
from central.services.absences import list_absences
from central.services.badges import list_badges
from central.services.people import (
    PersonShown,
    activate_person,
    change_person,
    deactivate_person,
    reset_password,
    show_person,
)
from central.services.sessions import end_session, end_sessions, list_sessions
from central.store.ids import new_one_time_password
from central.web import forms
from central.web.once import show_one_time
from central.web.render import Say, actor_of, render, say_in
from central.web.scope_names import ScopeNames, crumbs
from central.web.transactions import ReadSession, WriteSession
from central.web.words import BADGE_STATES, DONE_NOTES, PERSON_STATES, ROLE_STATES, ROLES

router = APIRouter(prefix="/people/{person_id}")


@router.get("", response_class=HTMLResponse)
@needs(Action.SEE_PEOPLE)
def show_person_page(request: Request, session: ReadSession, person_id: str, done: str = "") -> HTMLResponse:
    """One person: roles, badges, absences, sessions."""
    actor, say = actor_of(request), say_in(request)
    state = request.app.state
    now = state.read_clock()
    person = show_person(session, actor, person_id)
    names = ScopeNames(session, request)
    edits = allows(actor, Action.EDIT_PERSON)
    badges = list_badges(session, actor, person_id)
    return render(
        request,
        "person.html",
        here="people",
        done=DONE_NOTES.get(done),
        person=person,
        word=PERSON_STATES[person.active],
        locked=person.locked_until is not None and person.locked_until > now,
        roles=[
            show_role(say, role, names, now) for role in sorted(person.roles, key=lambda r: r.from_at, reverse=True)
        ],
        badges=[
            {"badge": badge, "room": names.rooms.get(badge.room_id, badge.room_id), "word": word_badge(badge, now)}
            for badge in badges
        ],
        absences=list_absences(session, actor, person_id, now),
        sessions=list_sessions(session, actor, person_id, state.session_times, now) if edits else (),
        may_edit=edits and person_id != actor.person_id,
        may_badge=allows(actor, Action.EDIT_BADGES) and person.active,
        own=person_id == actor.person_id,
        last_day=forms.show_last_day,
        day=forms.show_day,
    )


@router.get("/edit", response_class=HTMLResponse)
@needs(Action.EDIT_PERSON)
def show_edit(request: Request, session: ReadSession, person_id: str) -> HTMLResponse:
    """The form for name and place of work."""
    person = show_person(session, actor_of(request), person_id)
    return _show_edit(request, session, person, name=person.name, unit_id=person.unit_id or "")


@router.post("/edit", response_class=HTMLResponse)
@needs(Action.EDIT_PERSON)
def edit(
    request: Request,
    session: WriteSession,
    person_id: str,
    name: Annotated[str, Form(max_length=80)] = "",
    unit_id: Annotated[str, Form(max_length=36)] = "",
) -> Response:
    """Change name and place of work."""
    actor, say = actor_of(request), say_in(request)
    person = show_person(session, actor, person_id)
    if not name.strip():
        return _show_edit(
            request, session, person, name=name, unit_id=unit_id, errors={"name": say(N_("Enter the name."))}
        )
    now = request.app.state.read_clock()
    change_person(session, actor, person_id, name=name.strip(), unit_id=unit_id or None, now=now)
    return _go(person_id, "changed")


@router.get("/password", response_class=HTMLResponse)
@needs(Action.EDIT_PERSON)
def show_reset(request: Request, session: ReadSession, person_id: str) -> HTMLResponse:
    """Ask before a password is reset."""
    say, person = say_in(request), show_person(session, actor_of(request), person_id)
    form = forms.Form(
        title=say(N_("Reset the password of %(name)s"), name=person.name),
        lead=say(N_("They get a one-time password, and choose their own at the next log-in.")),
        action=f"/people/{person_id}/password",
        submit=say(N_("Reset the password")),
        back=f"/people/{person_id}",
        crumbs=crumbs(say, person),
        danger=True,
        notes=(
            say(N_("The present password stops working at once, and all their sessions end.")),
            say(N_("The one-time password is good for three days.")),
        ),
    )
    return forms.show_form(request, form, ())


@router.post("/password", response_class=HTMLResponse)
@needs(Action.EDIT_PERSON)
async def reset(request: Request, person_id: str) -> HTMLResponse:
    """Reset the password and show the one-time one, this once."""
    actor, state = actor_of(request), request.app.state
    password = new_one_time_password()
    # Hashing takes longer than a write may.
    hashed = await run_sync(state.hasher.hash_secret, password)
    async with state.tx.write_async() as session:
        person = await run_sync(show_person, session, actor, person_id)
        await run_sync(reset_password, session, actor, person_id, hashed, state.read_clock())
    return show_one_time(request, person_id, name=person.name, login=person.login or "", password=password)


@router.get("/deactivate", response_class=HTMLResponse)
@needs(Action.EDIT_PERSON)
def show_deactivate(request: Request, session: ReadSession, person_id: str) -> HTMLResponse:
    """Ask for the name and a reason before somebody is shut out."""
    return _show_deactivate(request, show_person(session, actor_of(request), person_id))


@router.post("/deactivate", response_class=HTMLResponse)
@needs(Action.EDIT_PERSON)
def deactivate(
    request: Request,
    session: WriteSession,
    person_id: str,
    name: Annotated[str, Form(max_length=80)] = "",
    why: Annotated[str, Form(max_length=400)] = "",
) -> Response:
    """Shut a person out once the right one was named."""
    actor, say = actor_of(request), say_in(request)
    person = show_person(session, actor, person_id)
    errors = {}
    if name.strip() != person.name:
        errors["name"] = say(N_("This isn't the name of the person. Type %(name)s."), name=person.name)
    if not why.strip():
        errors["why"] = say(N_("Say why; it is written into the audit log."))
    if errors:
        return _show_deactivate(request, person, name=name, why=why, errors=errors)
    deactivate_person(session, actor, person_id, why.strip(), request.app.state.read_clock())
    return _go(person_id, "deactivated")


@router.post("/activate")
@needs(Action.EDIT_PERSON)
def activate(request: Request, session: WriteSession, person_id: str) -> Response:
    """Let a person in again."""
    activate_person(session, actor_of(request), person_id, request.app.state.read_clock())
    return _go(person_id, "activated")


@router.post("/sessions/end")
@needs(Action.EDIT_PERSON)
def end_all(request: Request, session: WriteSession, person_id: str) -> Response:
    """End all sessions of a person."""
    end_sessions(session, actor_of(request), person_id, request.app.state.read_clock())
    return _go(person_id, "sessions_ended")


@router.post("/sessions/{session_id}/end")
@needs(Action.EDIT_PERSON)
def end_one(request: Request, session: WriteSession, person_id: str, session_id: str) -> Response:
    """End one session of a person."""
    end_session(session, actor_of(request), session_id, request.app.state.read_clock())
    return _go(person_id, "sessions_ended")


def show_role(say: Say, role: HeldRole, names: ScopeNames, now: datetime) -> dict[str, Any]:
    """Return a role as the page shows it."""
    ended = role.withdrawn_at is not None or (role.until_at is not None and role.until_at <= now)
    state = "ended" if ended else "coming" if role.from_at > now else "in_force"
    return {
        "id": role.id,
        "name": say(ROLES[role.grant.role]),
        "scope": names.say_scope(say, role.grant),
        "from_at": role.from_at,
        "until_at": role.withdrawn_at or role.until_at,
        "withdrawn": role.withdrawn_at is not None,
        "word": ROLE_STATES[state],
        "live": not ended,
    }


def word_badge(badge: Any, now: datetime) -> Any:
    """Return the state of a badge in words."""
    if not badge.active:
        return BADGE_STATES[badge.end_reason or "revoked"]
    return BADGE_STATES["expired" if badge.valid_until is not None and badge.valid_until <= now else "valid"]


def _go(person_id: str, done: str) -> RedirectResponse:
    return RedirectResponse(f"/people/{person_id}?done={done}", status_code=303)


def _show_edit(
    request: Request,
    session: Session,
    person: PersonShown,
    *,
    name: str,
    unit_id: str,
    errors: dict[str, str] | None = None,
) -> HTMLResponse:
    say = say_in(request)
    form = forms.Form(
        title=say(N_("Change %(name)s"), name=person.name),
        lead=say(N_("Name and place of work. What somebody may do comes from their roles.")),
        action=f"/people/{person.id}/edit",
        submit=say(N_("Save")),
        back=f"/people/{person.id}",
        crumbs=crumbs(say, person),
    )
    units = ScopeNames(session, request).list_units(say)
    fields = (
        forms.Field("name", say(N_("Name")), value=name),
        forms.Field("unit_id", say(N_("Works in")), kind="select", value=unit_id, options=units),
    )
    return forms.show_form(request, form, fields, errors=errors)


def _show_deactivate(
    request: Request, person: PersonShown, *, name: str = "", why: str = "", errors: dict[str, str] | None = None
) -> HTMLResponse:
    say = say_in(request)
    form = forms.Form(
        title=say(N_("Deactivate %(name)s"), name=person.name),
        lead=say(N_("They can't log in any more and no gateway takes their badges; everything they did stays.")),
        action=f"/people/{person.id}/deactivate",
        submit=say(N_("Deactivate %(name)s"), name=person.name),
        back=f"/people/{person.id}",
        crumbs=crumbs(say, person),
        danger=True,
        notes=(say(N_("All sessions and badges end at once. Badges stay ended if the person is activated again.")),),
    )
    hint = say(N_("Type %(name)s, so that the right person is meant."), name=person.name)
    fields = (
        forms.Field("name", say(N_("Name of the person")), value=name, hint=hint),
        forms.Field("why", say(N_("Reason")), kind="area", value=why),
    )
    return forms.show_form(request, form, fields, errors=errors)
