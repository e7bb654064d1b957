"""What every answer gets, whoever gives it: a request id from log to header, a count, and headers that harden it."""

from __future__ import annotations

import re
import time

import structlog
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from central.metrics import Metrics
from central.store.ids import new_id

HEADER = "X-Request-Id"
#: What we take over from a caller or proxy; anything else gets an id of ours.
FOREIGN_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")


class RequestFrame:
    """ASGI middleware around the whole application."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self.app = app
        self.metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = time.perf_counter()
        offered = dict(scope["headers"]).get(HEADER.lower().encode(), b"").decode("latin-1")
        request_id = offered if FOREIGN_ID.fullmatch(offered) else new_id()
        scope["openaisle_request_id"] = request_id

        async def send_framed(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._frame(message, request_id, started)
            await send(message)

        with structlog.contextvars.bound_contextvars(request_id=request_id):
            await self.app(scope, receive, send_framed)

    def _frame(self, message: Message, request_id: str, started: float) -> None:
        headers = MutableHeaders(scope=message)
        headers[HEADER] = request_id
        headers.setdefault("X-Content-Type-Options", "nosniff")
        headers.setdefault("Referrer-Policy", "same-origin")
        headers.setdefault("X-Frame-Options", "DENY")
        self.metrics.count("openaisle_central_requests_total", f"{message['status'] // 100}xx")
        self.metrics.observe("openaisle_central_request_seconds", time.perf_counter() - started)
