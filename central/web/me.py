"""What everybody does for themselves: where they are logged in, their password, their absence, their roles."""

from __future__ import annotations

from typing import Annotated

from anyio.to_thread import run_sync
from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from central.domain.permissions import Action, needs
from central.domain.refusals import Refusal
from central.domain.sessions import make_cookie
from central.domain.wording import N_
from central.services.absences import end_absence, list_absences
from central.services.people import PASSWORD_LEAST, check_password
from central.services.sessions import (
    ChangePassword,
    change_password,
    end_session,
    end_sessions,
    list_sessions,
    verify_password,
)
from central.web import forms
from central.web.absences import show_absence_form, take_absence
from central.web.render import actor_of, render, say_in
from central.web.scope_names import ScopeNames
from central.web.transactions import ReadSession, WriteSession
from central.web.troubles import put_into_words
from central.web.words import DONE_NOTES, ROLES

router = APIRouter(prefix="/me")

Text = Annotated[str, Form(max_length=400)]


@router.get("", response_class=HTMLResponse)
@needs(Action.SELF)
def show_me(request: Request, session: ReadSession, done: str = "") -> HTMLResponse:
    """One's own account."""
    actor, say, state = actor_of(request), say_in(request), request.app.state
    now = state.read_clock()
    names = ScopeNames(session, request)
    absences = list_absences(session, actor, actor.person_id, now)
    lenders = {each.person_id: each.person_name for each in absences}
    return render(
        request,
        "me.html",
        here="me",
        done=DONE_NOTES.get(done),
        roles=[
            {
                "name": say(ROLES[grant.role]),
                "scope": names.say_scope(say, grant),
                "lender": lenders.get(grant.deputy_for or ""),
            }
            for grant in sorted(actor.grants, key=lambda each: (each.deputy_for or "", each.role))
        ],
        absences=absences,
        sessions=list_sessions(session, actor, actor.person_id, state.session_times, now),
        day=forms.show_day,
        last_day=forms.show_last_day,
    )


@router.get("/password", response_class=HTMLResponse)
@needs(Action.OWN_ACCESS)
def show_password(request: Request) -> HTMLResponse:
    """The form for a new password."""
    return _show_password(request, {})


@router.post("/password", response_class=HTMLResponse)
@needs(Action.OWN_ACCESS)
async def set_password(
    request: Request,
    *,
    old: Annotated[str, Form(max_length=128)] = "",
    new: Annotated[str, Form(max_length=128)] = "",
    again: Annotated[str, Form(max_length=128)] = "",
) -> Response:
    """Change the password; other sessions end, this one goes on under a new token."""
    actor, state = actor_of(request), request.app.state
    errors = _find_errors(request, actor.login, old, new, again)
    if errors:
        return _show_password(request, errors)
    # Both compare and hash take longer than a write may.
    async with state.tx.read_async() as session:
        verified = await run_sync(verify_password, session, state.hasher, actor.login, old)
    command = ChangePassword(verified, await run_sync(state.hasher.hash_secret, new))
    async with state.tx.write_async() as session:
        outcome = await run_sync(change_password, session, actor, command, state.read_clock())
    if isinstance(outcome, Refusal):
        return _show_password(request, {}, outcome)
    response = RedirectResponse("/" if actor.must_change else "/me?done=password_changed", status_code=303)
    response.headers.append("set-cookie", make_cookie(outcome, https=state.settings.http.https))
    return response


@router.get("/absences/new", response_class=HTMLResponse)
@needs(Action.SELF)
def show_own_absence(request: Request) -> HTMLResponse:
    """The form for one's own absence."""
    return show_absence_form(request, "/me", name=actor_of(request).name, typed={}, way=_way(request))


@router.post("/absences/new", response_class=HTMLResponse)
@needs(Action.SELF)
def enter_own_absence(
    request: Request,
    session: WriteSession,
    *,
    from_day: Text = "",
    until_day: Text = "",
    deputy: Text = "",
    reason: Text = "",
) -> Response:
    """Enter one's own absence and who stands in."""
    actor = actor_of(request)
    typed = {"from_day": from_day, "until_day": until_day, "deputy": deputy, "reason": reason}
    answer = take_absence(request, session, actor.person_id, typed)
    if answer is None:
        return RedirectResponse("/me?done=absence_set", status_code=303)
    errors, refusal = answer
    return show_absence_form(
        request, "/me", name=actor.name, typed=typed, way=_way(request), errors=errors, refusal=refusal
    )


@router.post("/absences/{absence_id}/end")
@needs(Action.SELF)
def end_own_absence(request: Request, session: WriteSession, absence_id: str) -> Response:
    """End one's own absence now, or take a coming one back."""
    actor = actor_of(request)
    end_absence(session, actor, actor.person_id, absence_id, request.app.state.read_clock())
    return RedirectResponse("/me?done=absence_ended", status_code=303)


@router.post("/sessions/end")
@needs(Action.SELF)
def end_others(request: Request, session: WriteSession) -> Response:
    """End all own sessions but this one."""
    actor = actor_of(request)
    end_sessions(session, actor, actor.person_id, request.app.state.read_clock())
    return RedirectResponse("/me?done=sessions_ended", status_code=303)


@router.post("/sessions/{session_id}/end")
@needs(Action.SELF)
def end_own(request: Request, session: WriteSession, session_id: str) -> Response:
    """End one own session."""
    end_session(session, actor_of(request), session_id, request.app.state.read_clock())
    return RedirectResponse("/me?done=sessions_ended", status_code=303)


def _way(request: Request) -> tuple[tuple[str, str], ...]:
    return (("/me", say_in(request)(N_("My account"))),)


def _find_errors(request: Request, login: str, old: str, new: str, again: str) -> dict[str, str]:
    say = say_in(request)
    errors: dict[str, str] = {}
    if not old:
        errors["old"] = say(N_("Enter your present password."))
    try:
        check_password(login, new)
    except Refusal as refusal:
        errors["new"] = put_into_words(request, refusal)["happened"]
    if new and new == old:
        errors["new"] = say(N_("Choose a password that differs from the present one."))
    if new != again:
        errors["again"] = say(N_("Both new passwords have to be the same."))
    return errors


def _show_password(request: Request, errors: dict[str, str], refusal: Refusal | None = None) -> HTMLResponse:
    say, due = say_in(request), actor_of(request).must_change
    lead = (
        N_("You logged in with a one-time password. Choose your own; then you can go on.")
        if due
        else N_("Your other sessions end when you change it.")
    )
    form = forms.Form(
        title=say(N_("Change my password")),
        lead=say(lead),
        action="/me/password",
        submit=say(N_("Change the password")),
        back="" if due else "/me",
        crumbs=() if due else _way(request),
        here="me",
    )
    hint = say(N_("At least %(length)s characters. A short sentence is easiest to remember."), length=PASSWORD_LEAST)
    fields = (
        forms.Field("old", say(N_("Present password")), kind="password", autocomplete="current-password"),
        forms.Field("new", say(N_("New password")), kind="password", hint=hint, autocomplete="new-password"),
        forms.Field("again", say(N_("New password once more")), kind="password", autocomplete="new-password"),
    )
    return forms.show_form(request, form, fields, errors=errors, refusal=refusal)
