"""What people say of the paper behind a document; the forms stand on the document's page."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from central.domain.paper_custody import PaperMove
from central.domain.permissions import Action, needs
from central.domain.wording import N_
from central.services.papers import mark_copy, move_paper, verify_copy
from central.store.paper_moves import MovePaper
from central.web.documents import show_document_page
from central.web.render import actor_of, say_in
from central.web.transactions import WriteSession

router = APIRouter(prefix="/documents/{document_id}/paper")

NOTE_LENGTH = 400


@router.post("/original")
@needs(Action.ADD_DOCUMENT)
def mark_original(request: Request, session: WriteSession, document_id: str) -> Response:
    """The paper is the original."""
    mark_copy(session, actor_of(request), document_id, is_copy=False, now=request.app.state.read_clock())
    return _answer(document_id, "paper_marked")


@router.post("/copy")
@needs(Action.ADD_DOCUMENT)
def mark_as_copy(request: Request, session: WriteSession, document_id: str) -> Response:
    """The paper is a copy."""
    mark_copy(session, actor_of(request), document_id, is_copy=True, now=request.app.state.read_clock())
    return _answer(document_id, "paper_marked")


@router.post("/verify")
@needs(Action.VERIFY_COPY)
def verify(request: Request, session: WriteSession, document_id: str) -> Response:
    """The reader compared the copy with its original."""
    verify_copy(session, actor_of(request), document_id, request.app.state.read_clock())
    return _answer(document_id, "copy_verified")


@router.post("/take")
@needs(Action.HOLD_PAPER)
def take(request: Request, session: WriteSession, document_id: str) -> Response:
    """The reader has the paper now."""
    command = MovePaper(document_id, PaperMove.TAKEN)
    move_paper(session, actor_of(request), command, request.app.state.read_clock())
    return _answer(document_id, "paper_moved")


@router.post("/leave", response_class=HTMLResponse)
@needs(Action.HOLD_PAPER)
def leave(
    request: Request,
    session: WriteSession,
    document_id: str,
    move: Annotated[str, Form(max_length=12)] = "",
    paper_note: Annotated[str, Form(max_length=NOTE_LENGTH)] = "",
) -> Response:
    """The paper was given back, or is missing."""
    say, errors = say_in(request), {}
    if move not in {PaperMove.GIVEN_BACK, PaperMove.MISSING}:
        errors["move"] = say(N_("Choose what became of the paper."))
    if not paper_note.strip():
        errors["paper_note"] = say(N_("Say to whom and why it went, or where it was seen last."))
    if errors:
        return show_document_page(request, session, document_id, errors=errors)
    command = MovePaper(document_id, PaperMove(move), paper_note.strip())
    move_paper(session, actor_of(request), command, request.app.state.read_clock())
    return _answer(document_id, "paper_moved")


def _answer(document_id: str, done: str) -> Response:
    return RedirectResponse(f"/documents/{document_id}?done={done}", status_code=303)
