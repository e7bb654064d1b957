"""One document: its pages and acts, files into it as a plain stream, and the acts of the three gates."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any

from anyio.to_thread import run_sync
from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import ClientDisconnect

from central.api.fields import ONE_LINE, ROW_ID, RowId, Strict, Why
from central.api.problems import document_problems
from central.api.transactions import CurrentActor, ReadSession, WriteSession
from central.domain.captures import MEDIA_TYPES
from central.domain.documents import DocumentAct, DocumentState, ReturnReason
from central.domain.permissions import Action, needs
from central.domain.refusals import Reason, Refusal
from central.services.document_views import show_document
from central.services.documents import (
    OverrideFinding,
    ReturnDocument,
    accept_document,
    override_finding,
    pass_review,
    return_document,
    self_check_document,
)
from central.services.page_order import MovePage, TakeOutPage, move_page, take_out
from central.services.uploads import CapturePages

router = APIRouter(prefix="/api/v1/documents/{document_id}", tags=["papers"])

#: The body is read by hand, chunk by chunk into the store: no framework gathers it in memory.
BINARY_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {each: {"schema": {"type": "string", "format": "binary"}} for each in sorted(MEDIA_TYPES)},
    }
}
FileName = Annotated[str, Query(min_length=1, max_length=200, pattern=ONE_LINE)]


class PageOut(BaseModel):
    """A page that counts; `findings` are (what was found, its figure)."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    number: int
    width_px: int
    height_px: int
    dpi: int | None
    findings: list[tuple[str, int]]
    overridden_by: str
    overridden_at: datetime | None
    override_note: str
    file_name: str
    damaged: bool


class ActOut(BaseModel):
    """One act; `voided`: a gate passed before a later capture or return."""

    model_config = ConfigDict(from_attributes=True)

    act: DocumentAct
    person: str
    acting_for: str
    at: datetime
    reason: str
    note: str
    voided: bool


class DocumentOut(BaseModel):
    """One document; `may` are the acts open to the caller now."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    task_id: str
    case_no: str
    name: str
    name_en: str
    need: str
    gate: int
    copies: int
    retention: str
    state: DocumentState
    band: str
    due_at: datetime | None
    owed_until: date | None
    handler: str
    pages: list[PageOut]
    acts: list[ActOut]
    may: list[DocumentAct]
    banned: bool


class CapturedOut(BaseModel):
    """How many of the new pages have findings that a person has to look at."""

    pages_with_findings: int


class ReturnIn(Strict):
    """Why a document goes back; `other` needs words."""

    reason: ReturnReason
    note: Why = ""


class PlaceIn(Strict):
    """The number that a page is to have."""

    number: Annotated[int, Field(ge=1, le=9999)]


class TakeOutIn(Strict):
    """Why a page doesn't belong here."""

    why: Why


class OverrideIn(Strict):
    """Why a page may stay."""

    note: Why


@router.get("", responses=document_problems(401, 403, 404))
@needs(Action.SEE_DOCUMENTS)
def get_document(document_id: RowId, actor: CurrentActor, session: ReadSession) -> DocumentOut:
    """Show one document."""
    return DocumentOut.model_validate(show_document(session, actor, document_id))


@router.post(
    "/pages", status_code=201, openapi_extra=BINARY_BODY, responses=document_problems(401, 403, 404, 409, 413, 422)
)
@needs(Action.ADD_DOCUMENT)
async def post_pages(
    request: Request,
    document_id: RowId,
    actor: CurrentActor,
    name: FileName = "upload",
    *,
    replace: bool = False,
    counted: Annotated[int | None, Query(ge=1, le=9999)] = None,
    page_id: Annotated[str | None, Query(pattern=ROW_ID)] = None,
) -> CapturedOut:
    """Add the pages of one file, which is the body.

    `counted`: pages of the paper, counted by a person; `page_id`: the page for which the new ones stand.
    """
    desk = request.app.state.uploads
    await desk.check(actor, document_id)
    with desk.contents.open_incoming() as incoming:
        try:
            async for chunk in request.stream():
                await run_sync(incoming.write, chunk)
        except ClientDisconnect:
            # Nobody reads the answer; what came so far goes with the block.
            raise Refusal(Reason.INVALID, details=("body: cut off",)) from None
        file = await desk.read(incoming, name, request.is_disconnected)
    found = await desk.write_down(actor, CapturePages(document_id, (file,), replace, counted, page_id))
    return CapturedOut(pages_with_findings=found)


@router.post("/pages/{page_id}/override", status_code=204, responses=document_problems(401, 403, 404, 409, 422))
@needs(Action.ADD_DOCUMENT)
def post_override(
    request: Request,
    document_id: RowId,
    page_id: RowId,
    override: OverrideIn,
    *,
    actor: CurrentActor,
    session: WriteSession,
) -> None:
    """Say why a page with findings may stay."""
    command = OverrideFinding(document_id, page_id, override.note)
    override_finding(session, actor, command, request.app.state.read_clock())


@router.post("/pages/{page_id}/move", status_code=204, responses=document_problems(401, 403, 404, 409, 422))
@needs(Action.ADD_DOCUMENT)
def post_page_move(
    request: Request, document_id: RowId, page_id: RowId, place: PlaceIn, *, actor: CurrentActor, session: WriteSession
) -> None:
    """Give a page another number; the others close up."""
    move_page(session, actor, MovePage(document_id, page_id, place.number), request.app.state.read_clock())


@router.post("/pages/{page_id}/take-out", status_code=204, responses=document_problems(401, 403, 404, 409, 422))
@needs(Action.ADD_DOCUMENT)
def post_page_take_out(
    request: Request, document_id: RowId, page_id: RowId, why: TakeOutIn, *, actor: CurrentActor, session: WriteSession
) -> None:
    """Take a page out of what counts; it stays on record."""
    take_out(session, actor, TakeOutPage(document_id, page_id, why.why), request.app.state.read_clock())


@router.post("/self-check", status_code=204, responses=document_problems(401, 403, 404, 409))
@needs(Action.ADD_DOCUMENT)
def post_self_check(request: Request, document_id: RowId, actor: CurrentActor, session: WriteSession) -> None:
    """Pass gate 1: the handler looked through all pages."""
    self_check_document(session, actor, document_id, request.app.state.read_clock())


@router.post("/review", status_code=204, responses=document_problems(401, 403, 404, 409))
@needs(Action.REVIEW_DOCUMENT)
def post_review(request: Request, document_id: RowId, actor: CurrentActor, session: WriteSession) -> None:
    """Pass gate 2."""
    pass_review(session, actor, document_id, request.app.state.read_clock())


@router.post("/review/return", status_code=204, responses=document_problems(401, 403, 404, 409, 422))
@needs(Action.REVIEW_DOCUMENT)
def post_review_return(
    request: Request, document_id: RowId, back: ReturnIn, actor: CurrentActor, session: WriteSession
) -> None:
    """Send back from gate 2."""
    command = ReturnDocument(document_id, Action.REVIEW_DOCUMENT, back.reason, back.note)
    return_document(session, actor, command, request.app.state.read_clock())


@router.post("/acceptance", status_code=204, responses=document_problems(401, 403, 404, 409))
@needs(Action.ACCEPT_DOCUMENT)
def post_acceptance(request: Request, document_id: RowId, actor: CurrentActor, session: WriteSession) -> None:
    """Pass gate 3: paper and picture agree."""
    accept_document(session, actor, document_id, request.app.state.read_clock())


@router.post("/acceptance/return", status_code=204, responses=document_problems(401, 403, 404, 409, 422))
@needs(Action.ACCEPT_DOCUMENT)
def post_acceptance_return(
    request: Request, document_id: RowId, back: ReturnIn, actor: CurrentActor, session: WriteSession
) -> None:
    """Send back from gate 3."""
    command = ReturnDocument(document_id, Action.ACCEPT_DOCUMENT, back.reason, back.note)
    return_document(session, actor, command, request.app.state.read_clock())
