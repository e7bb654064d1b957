"""Logging in and out, and the choice of language."""

from __future__ import annotations

from typing import Annotated

from anyio.to_thread import run_sync
from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from central.domain.permissions import Action, needs
from central.domain.refusals import NotFound, Refusal
from central.domain.sessions import cookie_name, make_cookie
from central.domain.wording import N_, word_refusal
from central.services.sessions import LogIn, log_in, log_out, verify_password
from central.web.language import COOKIE, LANGUAGES
from central.web.render import actor_of, render, say_in
from central.web.transactions import WriteSession
from central.web.troubles import put_into_words

router = APIRouter()

LANGUAGE_KEPT_S = 365 * 24 * 3600


@router.get("/login", response_class=HTMLResponse)
@needs(Action.PUBLIC)
def show_login(request: Request, next: str = "/") -> Response:  # noqa: A002 - the word in the address
    """The log-in form; who is logged in already goes on."""
    if request.state.actor is not None:
        return RedirectResponse(keep_local(next), status_code=303)
    return render(request, "login.html", next=keep_local(next), login="", errors={}, problem=None)


@router.post("/login", response_class=HTMLResponse)
@needs(Action.PUBLIC)
async def enter(
    request: Request,
    *,
    login: Annotated[str, Form(max_length=200)] = "",
    password: Annotated[str, Form(max_length=400)] = "",
    next: Annotated[str, Form(max_length=2000)] = "/",  # noqa: A002 - the name of the field
) -> Response:
    """Open a session, or show the form again with what is wrong; the password is never shown again."""
    app, say = request.app.state, say_in(request)
    errors = {}
    if not login.strip():
        errors["login"] = say(N_("Enter your log-in name."))
    if not password:
        errors["password"] = say(N_("Enter your password."))
    if errors:
        return render(
            request, "login.html", status=422, next=keep_local(next), login=login, errors=errors, problem=None
        )
    async with app.tx.read_async() as session:
        verified = await run_sync(verify_password, session, app.hasher, login.strip(), password)
    https = app.settings.http.https
    command = LogIn(
        login=login.strip(),
        verified=verified,
        kind="cookie",
        address=request.client.host if request.client is not None else "",
        agent=request.headers.get("user-agent", ""),
        former_token=request.cookies.get(cookie_name(https=https), "")[:128],
    )
    async with app.tx.write_async() as session:
        outcome = await run_sync(log_in, session, command, app.session_times, app.read_clock())
    if isinstance(outcome, Refusal):
        app.metrics.count("openaisle_central_logins_total", outcome.reason.value)
        problem = put_into_words(request, outcome)
        status = word_refusal(outcome.reason).status
        return render(
            request, "login.html", status=status, next=keep_local(next), login=login, errors={}, problem=problem
        )
    app.metrics.count("openaisle_central_logins_total", "logged_in")
    target = "/me/password" if outcome.actor.must_change else keep_local(next)
    response = RedirectResponse(target, status_code=303)
    response.headers.append("set-cookie", make_cookie(outcome.token, https=https))
    return response


@router.post("/logout")
@needs(Action.OWN_ACCESS)
def leave(request: Request, session: WriteSession) -> Response:
    """End the session."""
    log_out(session, actor_of(request), request.app.state.read_clock())
    response = RedirectResponse("/login", status_code=303)
    https = request.app.state.settings.http.https
    response.delete_cookie(cookie_name(https=https), path="/", secure=https, httponly=True, samesite="lax")
    return response


@router.get("/language/{language}")
@needs(Action.PUBLIC)
def choose(language: str, back: str = "/") -> Response:
    """Remember a language in this browser and go back to the page."""
    if language not in LANGUAGES:
        raise NotFound
    response = RedirectResponse(keep_local(back), status_code=303)
    response.set_cookie(COOKIE, language, max_age=LANGUAGE_KEPT_S, httponly=True, samesite="lax", path="/")
    return response


def keep_local(path: str) -> str:
    """Return the path if it stays in this house, else the home page: an address from outside must not lead away."""
    local = path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable() and "\\" not in path
    return path if local else "/"
