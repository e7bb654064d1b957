"""Pages of work that waits: a handler's tasks with their papers, what waits for collector and archivist."""

from __future__ import annotations

import io
from typing import Annotated, Any

import segno
from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from markupsafe import Markup

from central.domain.captures import write_cover
from central.domain.documents import DocumentState
from central.domain.people import Actor
from central.domain.permissions import Action, allows, needs
from central.domain.rules import Rules, dump_rules
from central.domain.tasks import TaskState
from central.domain.wording import N_
from central.services.tasks import (
    PaperSeen,
    TaskClock,
    TaskSeen,
    count_tasks,
    list_tasks,
    list_waiting_documents,
    send_task,
    show_task,
)
from central.web.case_page import explain
from central.web.render import Say, actor_of, language_of, render, say_in
from central.web.rule_words import say_rule
from central.web.transactions import ReadSession, WriteSession
from central.web.words import BANDS, DOCUMENT_NEEDS, DOCUMENT_STATES, DONE_NOTES, TASK_STATES

router = APIRouter()

SHOWN_STATES = (TaskState.TO_ADD, TaskState.TO_SEND, TaskState.SENT, TaskState.DONE)


@router.get("/tasks", response_class=HTMLResponse)
@needs(Action.SEE_TASKS)
def show_tasks(
    request: Request, session: ReadSession, state: Annotated[str, Query(max_length=12)] = ""
) -> HTMLResponse:
    """Tasks in one state; without a state those that wait for papers, or if there are none those to be sent."""
    actor: Actor = actor_of(request)
    counts = count_tasks(session, actor)
    waiting = TaskState.TO_ADD if counts.get(TaskState.TO_ADD) or not counts.get(TaskState.TO_SEND) else None
    chosen = TaskState(state) if state in SHOWN_STATES else waiting or TaskState.TO_SEND
    return render(
        request,
        "tasks.html",
        here="tasks",
        title=say_in(request)(N_("My tasks") if allows(actor, Action.ADD_DOCUMENT) else N_("Tasks")),
        chips=[
            {
                "text": TASK_STATES[each.value].text,
                "count": counts.get(each, 0),
                "href": f"/tasks?state={each.value}",
                "chosen": each is chosen,
            }
            for each in SHOWN_STATES
        ],
        chosen=chosen.value,
        tasks=[word_task(request, each) for each in list_tasks(session, actor, chosen)],
    )


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
        clock=_word_clock(say_in(request), shown.clock),
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
def show_reviews(request: Request, session: ReadSession, done: str = "") -> HTMLResponse:
    """Documents that wait for the collector."""
    return _show_waiting(request, session, Action.REVIEW_DOCUMENT, done)


@router.get("/acceptances", response_class=HTMLResponse)
@needs(Action.ACCEPT_DOCUMENT)
def show_acceptances(request: Request, session: ReadSession, done: str = "") -> HTMLResponse:
    """Documents whose paper waits for the archivist."""
    return _show_waiting(request, session, Action.ACCEPT_DOCUMENT, done)


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


def _word_clock(say: Say, clock: TaskClock) -> dict[str, Any]:
    """Return in words why the task is due when it is."""
    return {
        "limit": say_rule(say, "send", dump_rules(Rules(send=clock.limit))["send"]),
        "version": clock.version,
        "due": clock.due,
        "why": explain(say, clock.due),
    }


def _show_waiting(request: Request, session: ReadSession, action: Action, done: str) -> HTMLResponse:
    say = say_in(request)
    reviews = action is Action.REVIEW_DOCUMENT
    return render(
        request,
        "waiting.html",
        here="reviews" if reviews else "acceptances",
        done=DONE_NOTES.get(done),
        title=say(N_("Reviews")) if reviews else say(N_("Acceptances")),
        lead=say(N_("Papers that handlers sent, the longest waiting first."))
        if reviews
        else say(N_("Papers that passed the review; compare the paper with its picture.")),
        papers=[word_paper(request, each) for each in list_waiting_documents(session, actor_of(request), action)],
    )
