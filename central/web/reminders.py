"""The figure in the top bar: how many things wait for the reader, counted once for each page."""

from __future__ import annotations

from fastapi import Request
from starlette.concurrency import run_in_threadpool

from central.services.reminders import count_reminders


async def load_reminders(request: Request) -> None:
    """Count for a page that will be shown to somebody; anything else needs no figure."""
    actor = request.state.actor
    request.state.reminders = None
    wants_page = request.method == "GET" and "text/html" in request.headers.get("accept", "")
    if actor is None or actor.must_change or not wants_page:
        return
    state = request.app.state
    async with state.tx.read_async() as session:
        request.state.reminders = await run_in_threadpool(count_reminders, session, actor, state.read_clock())
