"""The one stream of a page: its live part as HTML whenever it differs, a beat otherwise, until the log-in ends."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

import anyio
from anyio.to_thread import run_sync
from fastapi.responses import Response, StreamingResponse
from markupsafe import Markup

from edge.device.log_ins import LogIns
from edge.device.parts import PARTS
from edge.device.troubles import BadRequestError, NotFoundError
from edge.device.visits import LOG_IN_COOKIE, Visit
from edge.store.database import StoreUnavailableError

STREAMS_MOST = 8
INTERVAL_S = 1.0


def render_part(visit: Visit, name: str, key: str) -> Markup:
    """Render a live part as it is now."""
    tell, template = PARTS[name]
    values = tell(visit.house, visit.words, key)
    csrf = visit.log_in.csrf if visit.log_in else ""
    return visit.renderer.render(template, visit.words, key=key, csrf=csrf, **values)


class Streams:
    """Hands out streams; each renders in a worker thread of its own kind, so that pages never wait for them."""

    def __init__(self, log_ins: LogIns) -> None:
        self._log_ins = log_ins
        self._open = 0
        self._limiter: anyio.CapacityLimiter | None = None

    @property
    def open_count(self) -> int:
        """Pages that listen now."""
        return self._open

    async def follow(self, visit: Visit) -> Response:
        """Begin a stream of `?of=part:key`."""
        name, _, key = visit.query("of").partition(":")
        if name not in PARTS:
            raise BadRequestError("of")
        if self._open >= STREAMS_MOST:
            return Response("too many pages", status_code=429)
        if self._limiter is None:
            self._limiter = anyio.CapacityLimiter(STREAMS_MOST)
        await run_sync(render_part, visit, name, key, limiter=self._limiter)  # 404 before the stream begins
        return StreamingResponse(self._send(visit, name, key), media_type="text/event-stream")

    async def _send(self, visit: Visit, name: str, key: str) -> AsyncIterator[str]:
        token = visit.request.cookies.get(LOG_IN_COOKIE, "")
        sent = ""
        self._open += 1
        try:
            while self._log_ins.find(token, touch=False) is not None:
                try:
                    html = str(await run_sync(render_part, visit, name, key, limiter=self._limiter))
                except (NotFoundError, StoreUnavailableError):
                    break
                event, data = ("beat", "0") if html == sent else ("part", json.dumps(html, ensure_ascii=False))
                sent = html
                yield f"event: {event}\ndata: {data}\n\n"
                await anyio.sleep(INTERVAL_S)
        finally:
            self._open -= 1
