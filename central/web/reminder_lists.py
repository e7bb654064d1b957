"""One of the six reminders as a whole: sorted, page by page, taken along."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from itertools import islice
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response
from sqlalchemy.orm import Session

from central.domain.permissions import Action, needs
from central.domain.reminders import ReminderKind
from central.domain.wording import N_
from central.services.exports import Listed, note_export
from central.services.reminders import Reminder, SearchReminders, export_reminders, search_reminders
from central.store.calendars import load_calendar
from central.store.case_names import CaseNames, load_case_names
from central.web.lists import PAGE_ROWS, After, Sort, make_foot, make_heads
from central.web.render import actor_of, language_of, render, say_in
from central.web.table_files import Cell, FileKind, Table, answer_table
from central.web.time_words import BANDS, REMINDERS
from central.web.transactions import ReadSession

router = APIRouter(prefix="/reminders")

DEFAULT_SORT = "due"
FIGURES = frozenset({N_("Days left")})
#: Names of steps are read for so many lines of a file at once.
LINES = 200
_OF_TASKS = (
    ("number", N_("Case")),
    (None, N_("Title")),
    (None, N_("Step")),
    ("handler", N_("Handler")),
    (None, N_("State")),
    ("due", N_("Due")),
)
#: By kind, (sort key or none, text).
HEADS: dict[ReminderKind, tuple[tuple[str | None, str], ...]] = {
    ReminderKind.TO_ADD: _OF_TASKS,
    ReminderKind.TO_SEND: _OF_TASKS,
    ReminderKind.TO_TRANSFER: (
        ("number", N_("Case")),
        (None, N_("Paper")),
        (None, N_("Step")),
        ("handler", N_("Handler")),
    ),
    ReminderKind.TO_SHELVE: (("number", N_("Box")), (None, N_("Title"))),
    ReminderKind.CONTRACT: (
        ("number", N_("Contract")),
        (None, N_("Customer")),
        (None, N_("Customer number")),
        ("handler", N_("Handler")),
        ("due", N_("Ends on")),
        (None, N_("Days left")),
    ),
    ReminderKind.LIMIT: _OF_TASKS,
}


@router.get("/{what}.{kind}")
@needs(Action.SELF)
async def export_list(request: Request, what: ReminderKind, kind: FileKind, sort: Sort = DEFAULT_SORT) -> Response:
    """One of the six reminders, as CSV or for Excel."""
    actor, now = actor_of(request), request.app.state.read_clock()
    table = Table(
        what.value,
        [text for _, text in HEADS[what]],
        lambda session: note_export(session, actor, Listed.REMINDERS, {"kind": what.value}, now),
        lambda session: _list_lines(
            request, session, export_reminders(session, actor, SearchReminders(what, sort), now), what
        ),
    )
    return await answer_table(request, kind, table)


@router.get("/{what}", response_class=HTMLResponse)
@needs(Action.SELF)
def show_list(
    request: Request, session: ReadSession, what: ReminderKind, *, sort: Sort = DEFAULT_SORT, after: After = ""
) -> HTMLResponse:
    """All of one of the six reminders."""
    actor, say, now = actor_of(request), say_in(request), request.app.state.read_clock()
    page = search_reminders(session, actor, SearchReminders(what, sort, after or None, PAGE_ROWS), now)
    path, query = f"/reminders/{what.value}", {"sort": sort if sort != DEFAULT_SORT else ""}
    title, explanation = REMINDERS[what]
    return render(
        request,
        "reminder_list.html",
        here="reminders",
        title=say(title),
        explanation=say(explanation),
        each={
            "kind": what.value,
            "rows": _show_rows(request, session, page.items, what),
            "heads": make_heads(say, path, query, HEADS[what], sort=sort, default=DEFAULT_SORT, numbers=FIGURES),
        },
        foot=make_foot(path, query, after, page.next_after),
    )


def show_reminder(
    row: Reminder, kind: ReminderKind, names: Mapping[str, CaseNames], today: date, now: datetime, *, chinese: bool
) -> dict[str, Any]:
    """Return one thing that waits as lists show it; its step by name."""
    band = None
    if row.due_at is not None:
        late = now >= row.due_at
        soon = row.warn_at is not None and now >= row.warn_at
        band = BANDS["overdue" if late else "warning" if soon else "normal"]
    called = names.get(row.case_id) if row.case_id is not None else None
    href = f"/cases/{row.case_id}" if row.case_id is not None else ""
    return {
        "number": row.number,
        "name": row.name,
        "step": called.name_step(row.step, chinese=chinese) if called is not None else row.step,
        "handler": row.handler,
        "due_at": row.due_at,
        "due_on": row.due_on.isoformat() if row.due_on is not None else "",
        "days_left": (row.due_on - today).days if row.due_on is not None else None,
        "band": band,
        "href": f"/boxes/{row.id}" if kind is ReminderKind.TO_SHELVE else href,
    }


def _show_rows(
    request: Request, session: Session, rows: Sequence[Reminder], what: ReminderKind
) -> list[dict[str, Any]]:
    now, chinese = request.app.state.read_clock(), language_of(request) == "zh-CN"
    today = load_calendar(session).find_day(now)
    names = load_case_names(session, [row.case_id for row in rows])
    return [show_reminder(row, what, names, today, now, chinese=chinese) for row in rows]


def _list_lines(
    request: Request, session: Session, rows: Iterable[Reminder], what: ReminderKind
) -> Iterator[list[Cell]]:
    """Yield the cells of a file, in the order of HEADS."""
    say, waiting = say_in(request), iter(rows)
    while some := list(islice(waiting, LINES)):
        for row, shown in zip(some, _show_rows(request, session, some, what), strict=True):
            cells: list[Cell] = [row.number, row.name]
            if what is not ReminderKind.TO_SHELVE:
                cells += [shown["step"], row.handler]
            if what is ReminderKind.CONTRACT:
                cells += [row.due_on, shown["days_left"]]
            elif len(HEADS[what]) > len(cells):
                cells += [say(shown["band"].text) if shown["band"] is not None else "", row.due_at]
            yield cells
