"""The paper behind a document: original or copy, who compared it, whose hands it is in."""

from __future__ import annotations

from datetime import datetime

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict

from central.api.fields import RowId, Strict, Why
from central.api.problems import document_problems
from central.api.transactions import CurrentActor, ReadSession, WriteSession
from central.domain.paper_custody import PaperMove
from central.domain.permissions import Action, needs
from central.services.papers import mark_copy, move_paper, show_paper, verify_copy
from central.store.paper_moves import MovePaper

router = APIRouter(prefix="/api/v1/documents/{document_id}/paper", tags=["papers"])


class MoveOut(BaseModel):
    """One move of the paper; `holder` is empty once it has left the house or is missing."""

    model_config = ConfigDict(from_attributes=True)

    move: PaperMove
    holder: str
    person: str
    at: datetime
    note: str


class PaperOut(BaseModel):
    """The paper; `moves` with the newest first, none when nobody has said where it is."""

    model_config = ConfigDict(from_attributes=True)

    on_paper: bool
    is_copy: bool
    verified_by: str
    verified_at: datetime | None
    moves: list[MoveOut]


class MarkIn(Strict):
    """Whether the paper is a copy."""

    is_copy: bool


class MoveIn(Strict):
    """Where the paper went; `taken`: the caller has it; anything else needs words."""

    move: PaperMove
    note: Why = ""


@router.get("", responses=document_problems(401, 403, 404))
@needs(Action.SEE_DOCUMENTS)
def get_paper(document_id: RowId, actor: CurrentActor, session: ReadSession) -> PaperOut:
    """Show what is known of the paper."""
    return PaperOut.model_validate(show_paper(session, actor, document_id))


@router.post("/mark", status_code=204, responses=document_problems(401, 403, 404, 409, 422))
@needs(Action.ADD_DOCUMENT)
def post_mark(request: Request, document_id: RowId, mark: MarkIn, actor: CurrentActor, session: WriteSession) -> None:
    """Say whether the paper is a copy or the original."""
    mark_copy(session, actor, document_id, is_copy=mark.is_copy, now=request.app.state.read_clock())


@router.post("/verification", status_code=204, responses=document_problems(401, 403, 404, 409))
@needs(Action.VERIFY_COPY)
def post_verification(request: Request, document_id: RowId, actor: CurrentActor, session: WriteSession) -> None:
    """Say that the copy agrees with its original, which the caller compared."""
    verify_copy(session, actor, document_id, request.app.state.read_clock())


@router.post("/moves", status_code=204, responses=document_problems(401, 403, 404, 409, 422))
@needs(Action.HOLD_PAPER)
def post_move(request: Request, document_id: RowId, move: MoveIn, actor: CurrentActor, session: WriteSession) -> None:
    """Say where the paper went."""
    command = MovePaper(document_id, move.move, move.note)
    move_paper(session, actor, command, request.app.state.read_clock())
