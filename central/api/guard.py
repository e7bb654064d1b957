"""The one door to every endpoint, pages included: who asks, may they, and did they mean it (CSRF).

An endpoint says what it does with `@needs(...)`; one that says nothing is refused.
"""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import urlsplit

import structlog
from fastapi import Request
from starlette.concurrency import run_in_threadpool

from central.domain.people import Actor
from central.domain.permissions import Action, allows, find_need
from central.domain.refusals import Reason, Refusal
from central.domain.sessions import FRESH_TOKEN, cookie_name, derive_csrf_token, matches_csrf_token
from central.services.sessions import Authenticated, authenticate, note_use, rotate_token

log = structlog.get_logger(__name__)

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
CSRF_HEADER = "X-CSRF-Token"
CSRF_FIELD = "csrf_token"
#: Tokens of ours have 43 characters; longer ones aren't worth hashing.
TOKEN_LENGTH = 128
FORM_TYPES = ("application/x-www-form-urlencoded", "multipart/form-data")


async def guard_request(request: Request) -> None:
    """Set `request.state.actor`, or refuse."""
    request.state.actor = None
    need = find_need(request.scope.get("endpoint"))
    if need is None:
        log.error("endpoint_without_need", path=request.url.path)
        raise Refusal(Reason.NOT_ALLOWED)
    token, by_cookie = read_token(request)
    actor = await _find_actor(request, token)
    request.state.actor = actor
    changes = request.method not in SAFE_METHODS
    if changes:
        _check_origin(request, required=by_cookie and actor is not None)
    if need is Action.PUBLIC:
        return
    if actor is None:
        raise Refusal(Reason.NOT_LOGGED_IN)
    if actor.must_change and need is not Action.OWN_ACCESS:
        raise Refusal(Reason.PASSWORD_DUE)
    if not allows(actor, need):
        raise Refusal(Reason.NOT_ALLOWED)
    if changes and by_cookie and not matches_csrf_token(token, await _read_csrf_token(request)):
        raise Refusal(Reason.CSRF)


def read_token(request: Request) -> tuple[str, bool]:
    """Return the session token of a request and whether its cookie carried it; a header wins."""
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() == "bearer":
        return token.strip()[:TOKEN_LENGTH], False
    cookie = request.cookies.get(cookie_name(https=request.app.state.settings.http.https), "")
    return cookie[:TOKEN_LENGTH], True


async def _find_actor(request: Request, token: str) -> Actor | None:
    if not token:
        return None
    state = request.app.state
    now = state.read_clock()

    def look_up() -> Authenticated | None:
        with state.tx.read() as session:
            return authenticate(session, token, state.session_times, now)

    async with state.tx.slots_async():
        found = await run_in_threadpool(look_up)
    if found is None:
        return None
    if found.touch_due:
        async with state.tx.write_async() as session:
            await run_in_threadpool(note_use, session, found.actor, now)
    actor = replace(found.actor, address=find_address(request))
    if found.rotate_due:
        async with state.tx.write_async() as session:
            fresh = await run_in_threadpool(rotate_token, session, found, now)
        if fresh is not None:
            # The frame around the application sets the cookie, whatever the endpoint answers.
            request.scope[FRESH_TOKEN] = fresh
            actor = replace(actor, csrf_token=derive_csrf_token(fresh))
    return actor


def find_address(request: Request) -> str:
    """Return the network address of who asks; behind a proxy on this machine the one that it names."""
    return request.client.host if request.client is not None else ""


def _check_origin(request: Request, *, required: bool) -> None:
    """Refuse what another site's page sent. Machines send no Origin and no cookie; browsers with a cookie send one."""
    origin = request.headers.get("Origin")
    if origin is None and (referer := request.headers.get("Referer")):
        parts = urlsplit(referer)
        origin = f"{parts.scheme}://{parts.netloc}"
    if origin is None:
        if required:
            raise Refusal(Reason.WRONG_ORIGIN)
        return
    settings = request.app.state.settings.http
    scheme = "https" if settings.https else request.url.scheme
    expected = settings.origins or (f"{scheme}://{request.headers.get('Host', '')}",)
    if origin not in expected:
        raise Refusal(Reason.WRONG_ORIGIN)


async def _read_csrf_token(request: Request) -> str | None:
    offered = request.headers.get(CSRF_HEADER)
    if offered is not None:
        return offered
    if request.headers.get("Content-Type", "").startswith(FORM_TYPES):
        field = (await request.form()).get(CSRF_FIELD)
        return field if isinstance(field, str) else None
    return None
