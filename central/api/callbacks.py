"""Callbacks to the marketing system: what waits, what went out, what was given up and may be sent again."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict

from central.api.fields import RowId
from central.api.problems import document_problems
from central.api.transactions import CurrentActor, ReadSession, WriteSession
from central.domain.permissions import Action, needs
from central.services.callbacks import list_callbacks, revive_callback

router = APIRouter(prefix="/api/v1/marketing/callbacks", tags=["marketing"])

State = Annotated[Literal["queued", "sent", "dead"] | None, Query(description="Only callbacks in this state")]


class CallbackOut(BaseModel):
    """One callback; `says` is the state of the step gate that it tells, `revivable`: given up and not overtaken."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    subject: str
    says: str
    state: str
    attempts: int
    occurred_at: datetime
    next_try_at: datetime
    sent_at: datetime | None
    last_error: str | None
    revivable: bool


@router.get("", responses=document_problems(401, 403))
@needs(Action.SEE_MESSAGES)
def get_callbacks(
    session: ReadSession, state: State = None, limit: Annotated[int, Query(ge=1, le=500)] = 100
) -> list[CallbackOut]:
    """List callbacks, the newest first."""
    return [CallbackOut.model_validate(each) for each in list_callbacks(session, state, limit)]


@router.post("/{callback_id}/revival", status_code=204, responses=document_problems(401, 403, 404))
@needs(Action.EDIT_MESSAGES)
def post_revival(request: Request, callback_id: RowId, actor: CurrentActor, session: WriteSession) -> None:
    """Send a callback again that was given up. One that a newer callback of its subject overtook is not found."""
    revive_callback(session, actor, callback_id, request.app.state.read_clock())
