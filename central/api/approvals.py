"""Acts that need a second person: what waits for me, the decision, taking my own question back."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict

from central.api.fields import RowId, Strict, Why
from central.api.problems import document_problems
from central.api.transactions import CurrentActor, ReadSession, WriteSession
from central.domain.approvals import ApprovalAct, ApprovalState
from central.domain.permissions import Action, needs
from central.services.approvals import (
    DecideApproval,
    SearchOwn,
    decide_approval,
    list_own,
    list_waiting,
    withdraw_approval,
)

router = APIRouter(prefix="/api/v1/approvals", tags=["approvals"])


class ApprovalOut(BaseModel):
    """An act that waits, or what became of it; `payload` is exactly what would be done."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    act: ApprovalAct
    subject_id: str
    subject_name: str
    payload: dict[str, Any]
    why: str
    asked_by: str
    asked_by_name: str
    asked_at: datetime
    expires_at: datetime
    state: ApprovalState
    decided_by_name: str | None
    decided_at: datetime | None
    decision_why: str


class ApprovalsOut(BaseModel):
    """What waits for me, and what I asked for or decided."""

    waiting: list[ApprovalOut]
    own: list[ApprovalOut]


class DecisionIn(Strict):
    """A decision, and why."""

    approve: bool
    why: Why = ""


@router.get("", responses=document_problems(401, 403))
@needs(Action.SELF)
def get_approvals(request: Request, session: ReadSession, actor: CurrentActor) -> ApprovalsOut:
    """List what waits for me, and the last hundred that I asked for or decided."""
    now = request.app.state.read_clock()
    return ApprovalsOut(
        waiting=[ApprovalOut.model_validate(each) for each in list_waiting(session, actor, now)],
        own=[ApprovalOut.model_validate(each) for each in list_own(session, actor, SearchOwn(limit=100), now).items],
    )


@router.post("/{approval_id}/decision", status_code=204, responses=document_problems(401, 403, 404, 409, 422))
@needs(Action.SELF)
def post_decision(
    request: Request, approval_id: RowId, decision: DecisionIn, actor: CurrentActor, session: WriteSession
) -> None:
    """Approve or refuse; never what one asked for oneself."""
    command = DecideApproval(approval_id, decision.approve, decision.why)
    decide_approval(session, actor, command, request.app.state.read_clock())


@router.delete("/{approval_id}", status_code=204, responses=document_problems(401, 403, 404, 409))
@needs(Action.SELF)
def delete_approval(request: Request, approval_id: RowId, actor: CurrentActor, session: WriteSession) -> None:
    """Take back what one asked for, as long as nobody has decided."""
    withdraw_approval(session, actor, approval_id, request.app.state.read_clock())
