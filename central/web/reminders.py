"""The reminders of a person: the figure in the top bar, live, and the page with the lists and one's messages."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import AsyncIterator, Callable
from typing import Any, Protocol

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from fastapi.sse import EventSourceResponse, ServerSentEvent
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool

from central.domain.messages import word_note
from central.domain.permissions import Action, needs
from central.services.channels import MessageSeen, list_messages, read_messages
from central.services.reminders import count_all_reminders, count_decisions, count_reminders, list_reminders
from central.store.calendars import load_calendar
from central.store.case_names import load_case_names
from central.web.lists import make_heads
from central.web.live import STREAM_S, Fan
from central.web.reminder_lists import DEFAULT_SORT, FIGURES, HEADS, show_reminder
from central.web.render import Say, actor_of, language_of, render, say_in
from central.web.time_words import CHANNELS, DELIVERY_STATES, REMINDERS, TIME_NOTES
from central.web.transactions import ReadSession, WriteSession

router = APIRouter()

#: Things of each list that stand on the page; the figure beside it counts all.
LIST_ROWS = 20
MESSAGE_ROWS = 30
#: Commits come in bursts; a stream counts again at most so often, and at least so often for other processes' commits.
RECOUNT_S = 2.0
RECOUNT_AT_LEAST_S = 30.0


class CommitBoard:
    """Counts commits of this process, so that streams know when a figure may have changed."""

    def __init__(self, listen: Callable[[Callable[[Session], None]], None]) -> None:
        self._version = 0
        self._changed = threading.Condition()
        listen(self._note_commit)

    def snapshot(self) -> dict[str, Any]:
        """Return how many commits there were."""
        return {"version": self._version}

    def wait(self, version: int, timeout_s: float) -> dict[str, Any]:
        """Return at the first commit after `version`, or after the time."""
        with self._changed:
            self._changed.wait_for(lambda: self._version != version, timeout_s)
        return self.snapshot()

    def _note_commit(self, _session: Session) -> None:
        with self._changed:
            self._version += 1
            self._changed.notify_all()


class Commits(Protocol):
    """Where commits can be listened to."""

    def after_commit(self, listener: Callable[[Session], None]) -> None: ...


def make_fan(tx: Commits) -> Fan:
    """Return the reader of commits that all streams of this process share."""
    return Fan(CommitBoard(tx.after_commit))


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


@router.get("/reminders", response_class=HTMLResponse)
@needs(Action.SELF)
def show_reminders(request: Request, session: ReadSession, done: str = "") -> HTMLResponse:
    """What waits for me, by kind, then my messages."""
    actor, say, now = actor_of(request), say_in(request), request.app.state.read_clock()
    calendar = load_calendar(session)
    messages = list_messages(session, actor, MESSAGE_ROWS)
    today = calendar.find_day(now)
    lists = list_reminders(session, actor, now, LIST_ROWS)
    names = load_case_names(session, [row.case_id for each in lists for row in each.first])
    chinese = language_of(request) == "zh-CN"
    return render(
        request,
        "reminders.html",
        here="reminders",
        done=TIME_NOTES.get(done),
        lists=[
            {
                "kind": each.kind.value,
                "title": say(REMINDERS[each.kind][0]),
                "explanation": say(REMINDERS[each.kind][1]),
                "count": each.count,
                "heads": make_heads(
                    say,
                    f"/reminders/{each.kind.value}",
                    {},
                    HEADS[each.kind],
                    sort=DEFAULT_SORT,
                    default=DEFAULT_SORT,
                    numbers=FIGURES,
                ),
                "whole_href": f"/reminders/{each.kind.value}",
                "rows": [show_reminder(row, each.kind, names, today, now, chinese=chinese) for row in each.first],
            }
            for each in lists
        ],
        decisions=count_decisions(session, actor, now),
        messages=[
            _show_message(say, each, word_note(each.kind, each.facts, calendar, say, chinese=chinese))
            for each in messages
        ],
        unread=sum(not each.read for each in messages),
        calendar_days_left=calendar.days_left(today),
        calendar_horizon=calendar.horizon.isoformat(),
    )


@router.post("/reminders/messages/read")
@needs(Action.SELF)
def read_own_messages(request: Request, session: WriteSession) -> Response:
    """Mark my messages as read."""
    read_messages(session, actor_of(request), request.app.state.read_clock())
    return RedirectResponse("/reminders?done=read#messages", status_code=303)


@router.get("/reminders/live", response_class=EventSourceResponse)
@needs(Action.SELF)
async def stream_reminders(request: Request) -> AsyncIterator[ServerSentEvent]:
    """My figures whenever they have changed, and a beat when nothing did. Each count has a session of its own."""
    actor, state = actor_of(request), request.app.state
    fan: Fan = state.reminder_fan
    ends_at = time.monotonic() + STREAM_S
    version, counted_at, sent = -1, 0.0, ""
    while time.monotonic() < ends_at:
        snapshot = await fan.next_after(version)
        waited_s = time.monotonic() - counted_at
        if snapshot["version"] == version and waited_s < RECOUNT_AT_LEAST_S:
            yield ServerSentEvent(event="beat", raw_data="{}")
            continue
        if waited_s < RECOUNT_S:
            await asyncio.sleep(RECOUNT_S - waited_s)
            snapshot = fan.board.snapshot()
        version, counted_at = snapshot["version"], time.monotonic()
        async with state.tx.read_async() as session:
            counts = await run_in_threadpool(count_all_reminders, session, actor, state.read_clock())
        text = json.dumps(
            {"total": counts.total, "kinds": {kind.value: count for kind, count in counts.kinds.items()}},
            separators=(",", ":"),
        )
        if text != sent:
            sent = text
            yield ServerSentEvent(event="reminders", raw_data=text)


def _show_message(say: Say, message: MessageSeen, text: str) -> dict[str, Any]:
    return {
        "text": text,
        "href": message.href,
        "made_at": message.made_at,
        "read": message.read,
        "answered_at": message.answered_at,
        "ways": [(say(CHANNELS[channel]), DELIVERY_STATES[state]) for channel, state in message.ways],
    }
