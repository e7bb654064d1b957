"""Files for a document from the browser, and the pictures of its pages back to it."""

from __future__ import annotations

from anyio.to_thread import run_sync
from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response
from starlette.datastructures import FormData, UploadFile

from central.domain.permissions import Action, needs
from central.domain.refusals import Reason, Refusal
from central.domain.wording import N_
from central.services.document_views import find_page
from central.store.contents import OfferedFile
from central.web.documents import show_document_page
from central.web.pictures import answer_picture
from central.web.render import actor_of, say_in

router = APIRouter(prefix="/documents/{document_id}/pages")

SHOWN_AGAIN = frozenset({Reason.BAD_FILE, Reason.INVALID})


@router.post("")
@needs(Action.ADD_DOCUMENT)
async def add_pages(request: Request, document_id: str) -> Response:
    """Take the files of the form. No parameter reads the body: it is read after the guard let the person in."""
    actor, state = actor_of(request), request.app.state
    form = await request.form()
    try:
        files = _list_files(form)
        counted = str(form.get("counted", "")).strip()
        errors = {}
        if not files:
            errors["files"] = say_in(request)(N_("Choose at least one file."))
        if counted and not (counted.isdecimal() and len(counted) < 5 and int(counted) > 0):
            errors["counted"] = say_in(request)(N_("Enter the number of pages in figures, or leave it empty."))
        refusal: Refusal | None = None
        if not errors:
            try:
                await state.uploads.take(
                    actor,
                    document_id,
                    files,
                    replace=form.get("way") == "replace",
                    counted=int(counted) if counted else None,
                    gone=request.is_disconnected,
                    page_id=str(form.get("page_id", ""))[:36] or None,
                )
            except Refusal as fault:
                if fault.reason not in SHOWN_AGAIN:
                    raise
                refusal = fault
            else:
                return RedirectResponse(f"/documents/{document_id}?done=captured", status_code=303)
    finally:
        await form.close()

    async with state.tx.read_async() as session:
        return await run_sync(lambda: show_document_page(request, session, document_id, errors=errors, refusal=refusal))


@router.get("/{page_id}/picture")
@needs(Action.SEE_DOCUMENTS)
async def show_picture(request: Request, document_id: str, page_id: str) -> Response:
    """The picture of one page, with who looks at it laid over; the view is written down before it leaves."""
    async with request.app.state.tx.read_async() as session:
        page = await run_sync(find_page, session, actor_of(request), document_id, page_id)
    return await answer_picture(request, page, "document", document_id)


def _list_files(form: FormData) -> list[OfferedFile]:
    offered = [each for each in form.getlist("files") if isinstance(each, UploadFile) and each.filename]
    return [OfferedFile((each.filename or "")[-200:], each.file) for each in offered]
