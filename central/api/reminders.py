"""What waits for me: the six reminders and decisions, as figures and as lists."""

from __future__ import annotations

from datetime import date, datetime

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict

from central.api.problems import document_problems
from central.api.transactions import CurrentActor, ReadSession
from central.domain.permissions import Action, needs
from central.domain.reminders import ReminderKind
from central.services.reminders import count_all_reminders, list_reminders

router = APIRouter(prefix="/api/v1/reminders", tags=["reminders"])

ROWS = 100


class ReminderOut(BaseModel):
    """One thing that waits; `number` is that of its case, box or contract; of a contract `step` is the customer."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    number: str
    name: str
    step: str
    handler: str | None
    due_at: datetime | None
    due_on: date | None


class ReminderListOut(BaseModel):
    """One of the six that concern me: how many there are, and the most urgent."""

    model_config = ConfigDict(from_attributes=True)

    kind: ReminderKind
    count: int
    first: list[ReminderOut]


class RemindersOut(BaseModel):
    """All that waits for me."""

    total: int
    decisions: int
    lists: list[ReminderListOut]


@router.get("", responses=document_problems(401, 403))
@needs(Action.SELF)
def show_reminders(request: Request, session: ReadSession, actor: CurrentActor) -> RemindersOut:
    """What waits for me, by kind."""
    now = request.app.state.read_clock()
    counts = count_all_reminders(session, actor, now)
    lists = [ReminderListOut.model_validate(each) for each in list_reminders(session, actor, now, ROWS)]
    return RemindersOut(total=counts.total, decisions=counts.approvals, lists=lists)
