"""Tasks of handlers with their papers, sending them, and what waits for review or acceptance."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict
from sqlalchemy.orm import Session

from central.api.fields import After, Limit, PageOut, RowId
from central.api.problems import document_problems
from central.api.transactions import CurrentActor, ReadSession, WriteSession
from central.domain.documents import DocumentState
from central.domain.people import Actor
from central.domain.permissions import Action, needs
from central.domain.search import LONGEST_QUERY
from central.domain.tasks import TaskState
from central.services.tasks import (
    SearchTasks,
    SearchWaiting,
    list_tasks,
    list_waiting_documents,
    send_task,
    show_task,
)

router = APIRouter(prefix="/api/v1", tags=["papers"])

Text = Annotated[
    str, Query(max_length=LONGEST_QUERY, description="Words that must all occur in case number, title or customer")
]
TaskSort = Literal["due", "customer", "case_no", "-due", "-customer", "-case_no"]
PaperSort = Literal["since", "customer", "case_no", "name", "-since", "-customer", "-case_no", "-name"]


class TaskOut(BaseModel):
    """What one finished step asks of its handler; `papers` are the required ones."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    case_no: str
    title: str
    customer: str
    step: str
    step_name: str
    step_name_en: str
    state: TaskState
    band: str
    due_at: datetime | None
    handler: str
    papers: int
    papers_captured: int


class PaperOut(BaseModel):
    """One document in a list; `since` is when it was sent or reviewed."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    name: str
    name_en: str
    need: str
    copies: int
    gate: int
    state: DocumentState
    pages: int
    band: str
    due_at: datetime | None
    case_no: str
    customer: str
    handler: str
    since: datetime | None


class TaskShownOut(BaseModel):
    """One task with its papers; `sendable` documents would be sent now."""

    model_config = ConfigDict(from_attributes=True)

    task: TaskOut
    papers: list[PaperOut]
    may_add: bool
    sendable: int


class SentOut(BaseModel):
    """How many documents were sent."""

    sent: int


@router.get("/tasks", responses=document_problems(401, 403, 422))
@needs(Action.SEE_TASKS)
def get_tasks(
    actor: CurrentActor,
    session: ReadSession,
    *,
    state: TaskState = TaskState.TO_ADD,
    text: Text = "",
    sort: TaskSort = "due",
    after: After = None,
    limit: Limit = 50,
) -> PageOut[TaskOut]:
    """Search tasks in one state, the most urgent first; a minus turns an order round."""
    page = list_tasks(session, actor, SearchTasks(state, text, sort, after, limit))
    return PageOut(items=[TaskOut.model_validate(each) for each in page.items], next_after=page.next_after)


@router.get("/tasks/{task_id}", responses=document_problems(401, 403, 404))
@needs(Action.SEE_TASKS)
def get_task(task_id: RowId, actor: CurrentActor, session: ReadSession) -> TaskShownOut:
    """Show one task with its papers."""
    return TaskShownOut.model_validate(show_task(session, actor, task_id))


@router.post("/tasks/{task_id}/sending", responses=document_problems(401, 403, 404, 409))
@needs(Action.SEND_DOCUMENT)
def post_sending(request: Request, task_id: RowId, actor: CurrentActor, session: WriteSession) -> SentOut:
    """Send every checked document of a task to the collector."""
    return SentOut(sent=send_task(session, actor, task_id, request.app.state.read_clock()))


@router.get("/reviews", responses=document_problems(401, 403, 422))
@needs(Action.REVIEW_DOCUMENT)
def get_reviews(
    actor: CurrentActor,
    session: ReadSession,
    *,
    text: Text = "",
    sort: PaperSort = "since",
    after: After = None,
    limit: Limit = 50,
) -> PageOut[PaperOut]:
    """Search documents that wait for the collector, the longest waiting first; a minus turns an order round."""
    return _list_waiting(session, actor, Action.REVIEW_DOCUMENT, SearchWaiting(text, sort, after, limit))


@router.get("/acceptances", responses=document_problems(401, 403, 422))
@needs(Action.ACCEPT_DOCUMENT)
def get_acceptances(
    actor: CurrentActor,
    session: ReadSession,
    *,
    text: Text = "",
    sort: PaperSort = "since",
    after: After = None,
    limit: Limit = 50,
) -> PageOut[PaperOut]:
    """Search documents whose paper waits for the archivist, the longest waiting first; a minus turns an order round."""
    return _list_waiting(session, actor, Action.ACCEPT_DOCUMENT, SearchWaiting(text, sort, after, limit))


def _list_waiting(session: Session, actor: Actor, action: Action, search: SearchWaiting) -> PageOut[PaperOut]:
    page = list_waiting_documents(session, actor, action, search)
    return PageOut(items=[PaperOut.model_validate(each) for each in page.items], next_after=page.next_after)
