"""Pages of a document put into another order, or taken out; the forms stand beside each page."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from central.domain.permissions import Action, needs
from central.domain.wording import N_
from central.services.page_order import MovePage, TakeOutPage, move_page, take_out
from central.web.documents import show_document_page
from central.web.render import actor_of, say_in
from central.web.transactions import WriteSession

router = APIRouter(prefix="/documents/{document_id}/pages/{page_id}")

WHY_LENGTH = 400


@router.post("/move", response_class=HTMLResponse)
@needs(Action.ADD_DOCUMENT)
def move(
    request: Request,
    session: WriteSession,
    document_id: str,
    page_id: str,
    number: Annotated[str, Form(max_length=4)] = "",
) -> Response:
    """Give a page another number."""
    if not number.isdecimal() or not number.isascii():
        error = say_in(request)(N_("Enter the number that the page is to have."))
        return show_document_page(request, session, document_id, errors={f"number-{page_id}": error})
    command = MovePage(document_id, page_id, int(number))
    move_page(session, actor_of(request), command, request.app.state.read_clock())
    return RedirectResponse(f"/documents/{document_id}?done=arranged", status_code=303)


@router.post("/take-out", response_class=HTMLResponse)
@needs(Action.ADD_DOCUMENT)
def take_page_out(
    request: Request,
    session: WriteSession,
    document_id: str,
    page_id: str,
    why: Annotated[str, Form(max_length=WHY_LENGTH)] = "",
) -> Response:
    """Take a page out of what counts."""
    if not why.strip():
        error = say_in(request)(N_("Say why the page is taken out."))
        return show_document_page(request, session, document_id, errors={f"why-{page_id}": error})
    command = TakeOutPage(document_id, page_id, why.strip())
    take_out(session, actor_of(request), command, request.app.state.read_clock())
    return RedirectResponse(f"/documents/{document_id}?done=arranged", status_code=303)
