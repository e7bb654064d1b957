"""Pages of files of customers: upload, what the file would do, apply, progress, history, taking back."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any

from anyio.to_thread import run_sync
from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from sqlalchemy.orm import Session
from starlette.datastructures import UploadFile

from central.domain.permissions import Action, needs
from central.domain.refusals import Reason, Refusal
from central.domain.wording import N_, word_refusal
from central.services.customer_imports import (
    ImportSeen,
    LineSeen,
    list_faults,
    list_first_lines,
    list_imports,
    show_import,
)
from central.web.dossier_words import IMPORT_FAULTS, IMPORT_FIELDS, IMPORT_STATES, TABLE_FAULTS
from central.web.dossiers import list_tabs
from central.web.render import Say, actor_of, address, render, say_in
from central.web.transactions import ReadSession
from central.web.troubles import put_into_words
from central.web.words import DONE_NOTES

router = APIRouter(prefix="/imports")

#: States in which something is being done: the page looks again by itself.
BUSY = frozenset({"receiving", "staging", "applying", "reversing", "dropping"})
READING = frozenset({"receiving", "staging"})
LOOK_AGAIN_S = 2

After = Annotated[int, Query(ge=0, le=1_000_000)]


@router.get("", response_class=HTMLResponse)
@needs(Action.IMPORT_CUSTOMERS)
def show_imports(request: Request, session: ReadSession) -> HTMLResponse:
    """The form for a file, and what became of earlier ones."""
    return _show_list(request, session)


@router.post("", response_class=HTMLResponse)
@needs(Action.IMPORT_CUSTOMERS)
async def upload(request: Request) -> Response:
    """Keep a file to be read and checked. No parameter reads the body: it is read after the guard let the person in."""
    actor, state, say = actor_of(request), request.app.state, say_in(request)
    error, status = "", 422
    form = await request.form()
    try:
        file = form.get("file")
        if isinstance(file, UploadFile) and file.filename:
            take = partial(state.customer_imports.take_file, actor, file.filename, file.file)
            import_id = await run_sync(take)
            return RedirectResponse(f"/imports/{import_id}", status_code=303)
        error = say(N_("Choose a file."))
    except Refusal as refusal:
        if refusal.reason not in {Reason.BAD_TABLE, Reason.TOO_LARGE}:
            raise
        status = word_refusal(refusal.reason).status
        happened = put_into_words(request, refusal)["happened"]
        error = say(TABLE_FAULTS[refusal.details[0]]) if refusal.details else happened
    finally:
        await form.close()
    async with state.tx.read_async() as session:
        return await run_sync(lambda: _show_list(request, session, error=error, status=status))


@router.get("/{import_id}", response_class=HTMLResponse)
@needs(Action.IMPORT_CUSTOMERS)
def show_import_page(
    request: Request, session: ReadSession, import_id: str, after: After = 0, done: str = ""
) -> HTMLResponse:
    """What the file would do or has done, and its rows with a fault."""
    return _show_one(request, session, import_id, after=after, done=done)


@router.post("/{import_id}/apply")
@needs(Action.IMPORT_CUSTOMERS)
def apply(request: Request, import_id: str) -> Response:
    """Apply the rows without a fault."""
    request.app.state.customer_imports.apply(actor_of(request), import_id)
    return RedirectResponse(f"/imports/{import_id}", status_code=303)


@router.post("/{import_id}/cancel")
@needs(Action.IMPORT_CUSTOMERS)
def cancel(request: Request, import_id: str) -> Response:
    """Stop reading the file, drop it, or stop applying it."""
    request.app.state.customer_imports.cancel(actor_of(request), import_id)
    return RedirectResponse(f"/imports/{import_id}", status_code=303)


@router.post("/{import_id}/reverse", response_class=HTMLResponse)
@needs(Action.IMPORT_CUSTOMERS)
def reverse(request: Request, session: ReadSession, import_id: str) -> Response:
    """Take the file back, or say which customers stand in the way."""
    try:
        request.app.state.customer_imports.reverse(actor_of(request), import_id)
    except Refusal as refusal:
        if refusal.reason is not Reason.IMPORT_IN_USE:
            raise
        return _show_one(request, session, import_id, obstacles=refusal.details)
    return RedirectResponse(f"/imports/{import_id}", status_code=303)


def _show_list(request: Request, session: Session, *, error: str = "", status: int = 200) -> HTMLResponse:
    actor, say = actor_of(request), say_in(request)
    return render(
        request,
        "imports.html",
        status=status,
        here="dossiers",
        tabs=list_tabs(say, actor, "/imports"),
        errors={"file": error} if error else {},
        imports=list_imports(session, actor),
        states=IMPORT_STATES,
    )


def _show_one(
    request: Request,
    session: Session,
    import_id: str,
    *,
    after: int = 0,
    done: str = "",
    obstacles: tuple[str, ...] = (),
) -> HTMLResponse:
    actor, say = actor_of(request), say_in(request)
    found = show_import(session, actor, import_id)
    faults = list_faults(session, actor, import_id, after)
    return render(
        request,
        "import.html",
        status=409 if obstacles else 200,
        here="dossiers",
        done=DONE_NOTES.get(done),
        file=found,
        word=IMPORT_STATES[found.state],
        look_again_s=LOOK_AGAIN_S if found.state in BUSY else None,
        good=found.rows - found.rows_faulty,
        share=found.share_read if found.state in READING else _find_share(found),
        reading=found.state in READING,
        fault=say_in(request)(TABLE_FAULTS[found.fault]) if found.fault else "",
        obstacles=obstacles,
        faults=[{"number": each.number, "why": say_fault(say, each), "fields": each.fields} for each in faults],
        lines=list_first_lines(session, actor, import_id) if found.state == "checked" else (),
        next_href=address(f"/imports/{import_id}", {"after": faults[-1].number})
        if faults and found.rows_faulty > len(faults)
        else None,
    )


def say_fault(say: Say, line: LineSeen) -> str:
    """Return the sentence for what is wrong with a row."""
    if line.fault is None:
        return ""
    field: dict[str, Any] = {"field": say(IMPORT_FIELDS[line.fault.field]), "fact": line.fault.fact}
    return say(IMPORT_FAULTS[line.fault.code], **field)


def _find_share(found: ImportSeen) -> int:
    """Return how many hundredths of the rows are applied."""
    good = found.rows - found.rows_faulty
    return found.rows_done * 100 // good if good else 0
