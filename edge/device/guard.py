"""What may reach the device page at all: TLS, a name of ours, small forms from our own pages; and tame headers.

A plain ASGI wrapper, so that nothing of a refused request is parsed.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import urlsplit

import structlog

log = structlog.get_logger(__name__)

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

BODY_MOST_BYTES = 4096
TARGET_MOST_BYTES = 1024
SAFE_METHODS = frozenset({"GET", "HEAD"})
HEADERS = [
    (
        b"content-security-policy",
        (
            b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
            b"form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
        ),
    ),
    (b"referrer-policy", b"same-origin"),
    (b"x-content-type-options", b"nosniff"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), microphone=(), geolocation=()"),
    (b"cache-control", b"no-store"),
    (b"strict-transport-security", b"max-age=31536000"),
]


class Guard:
    """Refuses what is not over TLS, not for this gateway, from another site's page, or too big."""

    def __init__(self, app: App, names: tuple[str, ...]) -> None:
        self._app = app
        self._names = frozenset(name.lower() for name in names)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer 4xx by itself."""
        if scope["type"] != "http":
            await send({"type": "websocket.close"})
            return
        refusal = self._judge(scope)
        if refusal is not None:
            status, reason = refusal
            log.warning("device_request_refused", reason=reason, path=scope["path"][:80], method=scope["method"][:16])
            await answer_refusal(send, status, reason)
            return

        async def send_with_headers(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", []), *HEADERS]
            await send(message)

        await self._app(scope, bounded(receive), send_with_headers)

    def _judge(self, scope: Scope) -> tuple[int, str] | None:
        headers = dict(scope["headers"])
        if scope["scheme"] != "https":
            return 403, "no_tls"
        if len(scope.get("raw_path") or b"") + len(scope["query_string"]) > TARGET_MOST_BYTES:
            return 414, "too_long"
        host = headers.get(b"host", b"").decode("latin-1")
        if not self._is_ours(host):
            return 421, "wrong_host"
        return None if scope["method"] in SAFE_METHODS else judge_press(scope["method"], headers, host)

    def _is_ours(self, host: str) -> bool:
        try:
            return (urlsplit(f"//{host}").hostname or "").lower() in self._names
        except ValueError:
            return False


def judge_press(method: str, headers: dict[bytes, bytes], host: str) -> tuple[int, str] | None:
    """Refuse what changes something and doesn't come from a page of ours."""
    if method != "POST":
        return 405, "wrong_method"
    if headers.get(b"origin", b"").decode("latin-1") != f"https://{host}":
        return 403, "wrong_origin"
    return judge_length(headers.get(b"content-length"))


def judge_length(length: bytes | None) -> tuple[int, str] | None:
    """Refuse a body of unknown or great length."""
    if length is None:
        return 411, "no_length"
    return (413, "too_big") if not length.isdigit() or int(length) > BODY_MOST_BYTES else None


def bounded(receive: Receive) -> Receive:
    """Cut a body that is longer than it said."""
    seen = 0

    async def receive_bounded() -> MutableMapping[str, Any]:
        nonlocal seen
        message = await receive()
        if message["type"] == "http.request":
            seen += len(message.get("body", b""))
            if seen > BODY_MOST_BYTES:
                return {"type": "http.disconnect"}
        return message

    return receive_bounded


async def answer_refusal(send: Send, status: int, reason: str) -> None:
    """Answer with a status and its reason as JSON."""
    body = b'{"refused": "%s"}' % reason.encode("ascii")
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body)), *HEADERS]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
