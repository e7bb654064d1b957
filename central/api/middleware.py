"""What every answer gets, whoever gives it: a request id from log to header, a count, and headers that harden it."""

from __future__ import annotations

import re
import time

import structlog
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from central.api.problems import answer_refusal
from central.domain.refusals import Reason, Refusal
from central.domain.sessions import FRESH_TOKEN, make_cookie
from central.metrics import Metrics
from central.store.ids import new_id

HEADER = "X-Request-Id"
#: What we take over from a caller or proxy; anything else gets an id of ours.
FOREIGN_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
#: Where papers and files of customers come in: what takes more than a form's worth.
UPLOADS = re.compile(r"(/api/v1)?/(documents/[0-9a-f-]{36}/pages|imports)")


class RequestFrame:
    """ASGI middleware around the whole application."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = time.perf_counter()
        request = Request(scope)
        state = request.app.state
        metrics: Metrics = state.metrics
        offered = request.headers.get(HEADER, "")
        request_id = offered if FOREIGN_ID.fullmatch(offered) else new_id()
        scope["openaisle_request_id"] = request_id

        async def send_framed(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._frame(message, request_id)
                metrics.count("openaisle_central_requests_total", f"{message['status'] // 100}xx")
                metrics.observe("openaisle_central_request_seconds", time.perf_counter() - started)
                fresh = scope.get(FRESH_TOKEN)
                if fresh is not None:
                    # In front: a cookie that the endpoint sets or deletes itself is the later word.
                    cookie = make_cookie(fresh, https=request.app.state.settings.http.https)
                    message["headers"].insert(0, (b"set-cookie", cookie.encode()))
            await send(message)

        limit_bytes = state.upload_limit_bytes if UPLOADS.fullmatch(request.url.path) else state.body_limit_bytes
        declared = request.headers.get("Content-Length", "")
        with structlog.contextvars.bound_contextvars(request_id=request_id):
            if declared.isdigit() and int(declared) > limit_bytes:
                await answer_refusal(request, Refusal(Reason.TOO_LARGE))(scope, receive, send_framed)
            else:
                await self.app(scope, self._limit(receive, limit_bytes), send_framed)

    def _limit(self, receive: Receive, limit_bytes: int) -> Receive:
        """Return a `receive` that ends a body which grows beyond the limit without having said so."""
        taken = 0

        async def receive_limited() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > limit_bytes:
                raise HTTPException(413)
            return message

        return receive_limited

    def _frame(self, message: Message, request_id: str) -> None:
        headers = MutableHeaders(scope=message)
        headers[HEADER] = request_id
        headers.setdefault("X-Content-Type-Options", "nosniff")
        headers.setdefault("Referrer-Policy", "same-origin")
        headers.setdefault("X-Frame-Options", "DENY")
