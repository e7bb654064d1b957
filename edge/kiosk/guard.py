"""Who may speak to the kiosk: this machine's own page, in small requests; and the headers that keep that page tame.

A plain ASGI wrapper, so that nothing of a refused request is parsed.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import urlsplit

import structlog
from prometheus_client import Counter

log = structlog.get_logger(__name__)

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

BODY_LIMIT_BYTES = 4096  # the longest form has three short fields
SAFE_METHODS = frozenset({"GET", "HEAD"})
PAGE_HEADERS = [
    (b"content-security-policy", b"default-src 'self'; frame-ancestors 'none'; form-action 'self'; base-uri 'none'"),
    (b"referrer-policy", b"same-origin"),
    (b"x-content-type-options", b"nosniff"),
    (b"cross-origin-opener-policy", b"same-origin"),
]


class Guard:
    """Refuses what doesn't come from this machine, or comes from another site's page, or is too big."""

    def __init__(self, app: App, refusals: Counter | None = None) -> None:
        self._app = app
        self._refusals = refusals

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer 4xx by itself."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        refusal = judge_request(scope)
        if refusal is not None:
            status, reason = refusal
            log.warning("kiosk_request_refused", reason=reason, path=scope["path"][:80], method=scope["method"])
            if self._refusals is not None:
                self._refusals.labels(reason=reason).inc()
            await answer_refusal(send, status, reason)
            return

        async def send_with_headers(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", []), *PAGE_HEADERS]
            await send(message)

        await self._app(scope, bounded(receive), send_with_headers)


def judge_request(scope: Scope) -> tuple[int, str] | None:
    """Status and reason of a refusal; None for a request that may pass."""
    headers = dict(scope["headers"])
    client = scope.get("client")
    if client is None or not is_loopback(client[0]):
        return 403, "not_in_the_room"
    host = headers.get(b"host", b"").decode("latin-1")
    if not is_loopback(urlsplit(f"//{host}").hostname or ""):
        return 403, "wrong_host"
    if scope["method"] in SAFE_METHODS:
        return None
    origin = headers.get(b"origin", b"").decode("latin-1")
    if origin != f"{scope['scheme']}://{host}":
        return 403, "wrong_origin"
    return judge_length(headers.get(b"content-length"))


def judge_length(length: bytes | None) -> tuple[int, str] | None:
    """Refuse a body of unknown or great length."""
    if length is None:
        return 411, "no_length"
    return (413, "too_big") if not length.isdigit() or int(length) > BODY_LIMIT_BYTES else None


def bounded(receive: Receive) -> Receive:
    """Cut a body that is longer than it said."""
    seen = 0

    async def receive_bounded() -> MutableMapping[str, Any]:
        nonlocal seen
        message = await receive()
        if message["type"] == "http.request":
            seen += len(message.get("body", b""))
            if seen > BODY_LIMIT_BYTES:
                return {"type": "http.disconnect"}
        return message

    return receive_bounded


async def answer_refusal(send: Send, status: int, reason: str) -> None:
    """Answer with a status and its reason as JSON."""
    body = b'{"refused": "%s"}' % reason.encode("ascii")
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body)), *PAGE_HEADERS]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def is_loopback(host: str) -> bool:
    """Tell whether a host name or address means this very machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
