"""Pages of work that waits: a handler's tasks with their papers, what waits for collector and archivist."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Annotated, Any

import segno
from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from markupsafe import Markup
from sqlalchemy.orm import Session

from central.domain.captures import write_cover
from central.domain.documents import DocumentState
from central.domain.permissions import Action, allows, needs
from central.domain.tasks import TaskState
from central.domain.wording import N_
from central.services.exports import Listed, note_export
from central.services.tasks import (
    PaperSeen,
    SearchTasks,
    SearchWaiting,
    TaskSeen,
    count_tasks,
    export_tasks,
    export_waiting_documents,
    list_tasks,
    list_waiting_documents,
    send_task,
    show_task,
)
from central.web.clock_words import word_clock
from central.web.lists import PAGE_ROWS, After, Sort, make_foot, make_heads
from central.web.render import Say, actor_of, address, language_of, render, say_in
from central.web.table_files import Cell, FileKind, Table, answer_table
from central.web.transactions import ReadSession, WriteSession
from central.web.words import BANDS, DOCUMENT_NEEDS, DOCUMENT_STATES, DONE_NOTES, TASK_STATES

router = APIRouter()

SHOWN_STATES = (TaskState.TO_ADD, TaskState.TO_SEND, TaskState.SENT, TaskState.DONE)
TASK_SORT, PAPER_SORT = "due", "since"
#: (sort key or none, text)
TASK_HEADS = (
    ("customer", N_("Customer")),
    (None, N_("Step")),
    ("case_no", N_("Case number")),
    (None, N_("Required papers")),
    ("due", N_("Due")),
    (None, N_("Handler")),
)
#: What follows the first three of these in a file, where every column holds one thing.
TASK_COLUMNS = (
    N_("Title"),
    N_("Required papers"),
    N_("Scanned"),
    N_("Due"),
    N_("Time limit"),
    N_("State"),
    N_("Handler"),
)
PAPER_HEADS = (
    ("name", N_("Paper")),
    ("customer", N_("Customer")),
    ("case_no", N_("Case number")),
    (None, N_("Pages")),
    (None, N_("Handler")),
    ("since", N_("Waits since")),
)
#: Which permission lets people see which of the waiting lists.
WAITING_ACTIONS = {Listed.REVIEWS: Action.REVIEW_DOCUMENT, Listed.ACCEPTANCES: Action.ACCEPT_DOCUMENT}

Text = Annotated[str, Query(alias="q", max_length=80)]
State = Annotated[str, Query(max_length=12)]


@router.get("/tasks", response_class=HTMLResponse)
@needs(Action.SEE_TASKS)
def show_tasks(
    request: Request,
    session: ReadSession,
    *,
    state: State = "",
    text: Text = "",
    sort: Sort = TASK_SORT,
    after: After = "",
) -> HTMLResponse:
    """Tasks in one state; without a state those that wait for papers, or if there are none those to be sent."""
    actor, say = actor_of(request), say_in(request)
    counts = count_tasks(session, actor)
    chosen = _choose_state(state, counts)
    page = list_tasks(session, actor, SearchTasks(chosen, text, sort, after or None, PAGE_ROWS))
    query = {"state": chosen.value, "q": text, "sort": sort if sort != TASK_SORT else ""}
    return render(
        request,
        "tasks.html",
        here="tasks",
        title=say(N_("My tasks") if allows(actor, Action.ADD_DOCUMENT) else N_("Tasks")),
        chips=[
            {
                "text": TASK_STATES[each.value].text,
                "count": counts.get(each, 0),
                "href": address("/tasks", query | {"state": each.value}),
                "chosen": each is chosen,
            }
            for each in SHOWN_STATES
        ],
        chosen=chosen.value,
        text=text,
        sort=query["sort"],
        clear_href=address("/tasks", query | {"q": ""}),
        tasks=[word_task(request, each) for each in page.items],
        heads=make_heads(say, "/tasks", query, TASK_HEADS, sort=sort, default=TASK_SORT),
        foot=make_foot("/tasks", query, after, page.next_after),
    )


@router.get("/tasks.{kind}")
@needs(Action.SEE_TASKS)
async def export_task_list(
    request: Request, kind: FileKind, *, state: State = "", text: Text = "", sort: Sort = TASK_SORT
) -> Response:
    """The tasks that a search finds, as CSV or for Excel."""
    actor, say, now = actor_of(request), say_in(request), request.app.state.read_clock()
    chosen = TaskState(state) if state in SHOWN_STATES else TaskState.TO_ADD
    table = Table(
        "tasks",
        (*(head for _, head in TASK_HEADS[:3]), *TASK_COLUMNS),
        lambda session: note_export(session, actor, Listed.TASKS, {"state": chosen.value, "q": text}, now),
        lambda session: (
            _list_task_cells(say, word_task(request, each))
            for each in export_tasks(session, actor, SearchTasks(chosen, text, sort))
        ),
    )
    return await answer_table(request, kind, table)


@router.get("/tasks/{task_id}", response_class=HTMLResponse)
@needs(Action.SEE_TASKS)
def show_one_task(request: Request, session: ReadSession, task_id: str, done: str = "") -> HTMLResponse:
    """One task: its papers, what is missing, and the button that sends them."""
    shown = show_task(session, actor_of(request), task_id)
    return render(
        request,
        "task.html",
        here="tasks",
        done=DONE_NOTES.get(done),
        task=word_task(request, shown.task),
        clock=word_clock(say_in(request), shown.clock),
        papers=[word_paper(request, each) for each in shown.papers],
        may_add=shown.may_add,
        sendable=shown.sendable,
    )


@router.get("/tasks/{task_id}/covers", response_class=HTMLResponse)
@needs(Action.SEE_TASKS)
def show_covers(request: Request, session: ReadSession, task_id: str) -> HTMLResponse:
    """Cover sheets to print: each lies on top of its paper in the scanner's tray, one sheet for each paper to scan."""
    shown = show_task(session, actor_of(request), task_id)
    papers = [
        word_paper(request, each) | {"code": draw_code(write_cover(each.id))}
        for each in shown.papers
        if each.state in (DocumentState.DUE, DocumentState.SCANNED, DocumentState.RETURNED)
    ]
    return render(request, "covers.html", here="tasks", task=word_task(request, shown.task), papers=papers)


def draw_code(text: str) -> Markup:
    """Return a QR code as a picture within the page, without a style that the page's policy would refuse."""
    out = io.BytesIO()
    segno.make_qr(text, error="q").save(out, kind="svg", xmldecl=False, svgns=False, omitsize=True, border=2)
    return Markup(out.getvalue().decode("ascii"))  # noqa: S704 - our own drawing of our own text


@router.post("/tasks/{task_id}/send")
@needs(Action.SEND_DOCUMENT)
def send(request: Request, session: WriteSession, task_id: str) -> Response:
    """Send what was checked."""
    send_task(session, actor_of(request), task_id, request.app.state.read_clock())
    return RedirectResponse(f"/tasks/{task_id}?done=sent", status_code=303)


@router.get("/reviews", response_class=HTMLResponse)
@needs(Action.REVIEW_DOCUMENT)
def show_reviews(
    request: Request,
    session: ReadSession,
    *,
    text: Text = "",
    sort: Sort = PAPER_SORT,
    after: After = "",
    done: str = "",
) -> HTMLResponse:
    """Documents that wait for the collector."""
    search = SearchWaiting(text, sort, after or None, PAGE_ROWS)
    return _show_waiting(request, session, Listed.REVIEWS, search, done)


@router.get("/reviews.{kind}")
@needs(Action.REVIEW_DOCUMENT)
async def export_reviews(request: Request, kind: FileKind, *, text: Text = "", sort: Sort = PAPER_SORT) -> Response:
    """Documents that wait for the collector, as CSV or for Excel."""
    return await _export_waiting(request, kind, Listed.REVIEWS, SearchWaiting(text, sort))


@router.get("/acceptances", response_class=HTMLResponse)
@needs(Action.ACCEPT_DOCUMENT)
def show_acceptances(
    request: Request,
    session: ReadSession,
    *,
    text: Text = "",
    sort: Sort = PAPER_SORT,
    after: After = "",
    done: str = "",
) -> HTMLResponse:
    """Documents whose paper waits for the archivist."""
    search = SearchWaiting(text, sort, after or None, PAGE_ROWS)
    return _show_waiting(request, session, Listed.ACCEPTANCES, search, done)


@router.get("/acceptances.{kind}")
@needs(Action.ACCEPT_DOCUMENT)
async def export_acceptances(request: Request, kind: FileKind, *, text: Text = "", sort: Sort = PAPER_SORT) -> Response:
    """Documents whose paper waits for the archivist, as CSV or for Excel."""
    return await _export_waiting(request, kind, Listed.ACCEPTANCES, SearchWaiting(text, sort))


def word_task(request: Request, task: TaskSeen) -> dict[str, Any]:
    """Return a task as pages show it."""
    chinese = language_of(request) == "zh-CN"
    return {
        "id": task.id,
        "case_no": task.case_no,
        "title": task.title,
        "customer": task.customer,
        "step": task.step_name if chinese else task.step_name_en,
        "word": TASK_STATES[task.state.value],
        "band": BANDS[task.band],
        "due_at": task.due_at,
        "handler": task.handler,
        "papers": task.papers,
        "captured": task.papers_captured,
        "waits": task.state in (TaskState.TO_ADD, TaskState.TO_SEND),
    }


def word_paper(request: Request, paper: PaperSeen) -> dict[str, Any]:
    """Return a document as lists show it."""
    return {
        "id": paper.id,
        "name": paper.name if language_of(request) == "zh-CN" else paper.name_en,
        "need": DOCUMENT_NEEDS[paper.need],
        "copies": paper.copies,
        "word": DOCUMENT_STATES[paper.state.value],
        "pages": paper.pages,
        "band": BANDS[paper.band],
        "due_at": paper.due_at,
        "case_no": paper.case_no,
        "customer": paper.customer,
        "handler": paper.handler,
        "since": paper.since,
        "adds": paper.state.value in ("due", "returned"),
        "checks": paper.state.value == "scanned",
    }


def _choose_state(state: str, counts: Mapping[TaskState, int]) -> TaskState:
    if state in SHOWN_STATES:
        return TaskState(state)
    only_sending = not counts.get(TaskState.TO_ADD) and counts.get(TaskState.TO_SEND)
    return TaskState.TO_SEND if only_sending else TaskState.TO_ADD


def _list_task_cells(say: Say, task: dict[str, Any]) -> list[Cell]:
    late = say(task["band"].text) if task["due_at"] and task["waits"] else ""
    names: list[Cell] = [task["customer"], task["step"], task["case_no"], task["title"]]
    return [*names, task["papers"], task["captured"], task["due_at"], late, say(task["word"].text), task["handler"]]


def _show_waiting(request: Request, session: Session, listed: Listed, search: SearchWaiting, done: str) -> HTMLResponse:
    say, path, reviews = say_in(request), f"/{listed.value}", listed is Listed.REVIEWS
    page = list_waiting_documents(session, actor_of(request), WAITING_ACTIONS[listed], search)
    query = {"q": search.text, "sort": search.sort if search.sort != PAPER_SORT else ""}
    return render(
        request,
        "waiting.html",
        here=listed.value,
        done=DONE_NOTES.get(done),
        title=say(N_("Reviews")) if reviews else say(N_("Acceptances")),
        lead=say(N_("Papers that handlers sent, the longest waiting first."))
        if reviews
        else say(N_("Papers that passed the review; compare the paper with its picture.")),
        path=path,
        text=search.text,
        sort=query["sort"],
        clear_href=address(path, query | {"q": ""}),
        papers=[word_paper(request, each) for each in page.items],
        heads=make_heads(say, path, query, PAPER_HEADS, sort=search.sort, default=PAPER_SORT, numbers={N_("Pages")}),
        foot=make_foot(path, query, search.after or "", page.next_after),
    )


async def _export_waiting(request: Request, kind: FileKind, listed: Listed, search: SearchWaiting) -> Response:
    actor, now = actor_of(request), request.app.state.read_clock()
    chinese, action = language_of(request) == "zh-CN", WAITING_ACTIONS[listed]
    table = Table(
        listed.value,
        [head for _, head in PAPER_HEADS],
        lambda session: note_export(session, actor, listed, {"q": search.text}, now),
        lambda session: (
            [each.name if chinese else each.name_en, each.customer, each.case_no, each.pages, each.handler, each.since]
            for each in export_waiting_documents(session, actor, action, search)
        ),
    )
    return await answer_table(request, kind, table)
