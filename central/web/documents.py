"""The page of one document: its pages, its way so far, and what the reader may do with it."""

from __future__ import annotations

from typing import Annotated, Any, NamedTuple

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from sqlalchemy.orm import Session

from central.domain.documents import DocumentAct, DocumentState, ReturnReason
from central.domain.permissions import Action, needs
from central.domain.refusals import Reason, Refusal
from central.domain.wording import N_, word_refusal
from central.services.document_places import show_place
from central.services.document_views import DocumentShown, PageSeen, show_document
from central.services.documents import (
    OverrideFinding,
    ReturnDocument,
    accept_document,
    override_finding,
    pass_review,
    return_document,
    self_check_document,
)
from central.services.papers import show_paper
from central.web.clock_words import word_clock
from central.web.render import Say, actor_of, language_of, render, say_in
from central.web.transactions import ReadSession, WriteSession
from central.web.troubles import put_into_words
from central.web.words import (
    BANDS,
    DOCUMENT_ACTS,
    DOCUMENT_NEEDS,
    DOCUMENT_STATES,
    DONE_NOTES,
    FILE_FAULTS,
    FINDINGS,
    PAPER_MOVES,
    RETURN_REASONS,
)

router = APIRouter(prefix="/documents/{document_id}")

NOTE_LENGTH = 400


class ReturnForm(NamedTuple):
    """What was chosen and typed when a document goes back."""

    document_id: str
    gate: Action
    reason: str
    note: str


@router.get("", response_class=HTMLResponse)
@needs(Action.SEE_DOCUMENTS)
def show(request: Request, session: ReadSession, document_id: str, done: str = "") -> HTMLResponse:
    """One document."""
    return show_document_page(request, session, document_id, done=done)


@router.post("/self-check", response_class=HTMLResponse)
@needs(Action.ADD_DOCUMENT)
def self_check(request: Request, session: WriteSession, document_id: str) -> Response:
    """Pass gate 1; back to the task, where the next paper waits."""
    try:
        self_check_document(session, actor_of(request), document_id, request.app.state.read_clock())
    except Refusal as refusal:
        if refusal.reason not in {Reason.FINDINGS_OPEN, Reason.COPY_UNVERIFIED}:
            raise
        return show_document_page(request, session, document_id, refusal=refusal)
    task_id = show_document(session, actor_of(request), document_id).task_id
    return RedirectResponse(f"/tasks/{task_id}?done=self_checked", status_code=303)


@router.post("/override", response_class=HTMLResponse)
@needs(Action.ADD_DOCUMENT)
def override(
    request: Request,
    session: WriteSession,
    document_id: str,
    page_id: Annotated[str, Form(max_length=36)] = "",
    note: Annotated[str, Form(max_length=NOTE_LENGTH)] = "",
) -> Response:
    """Say why a page may stay."""
    if not note.strip():
        error = say_in(request)(N_("Say why the page may stay."))
        return show_document_page(request, session, document_id, errors={f"note-{page_id}": error})
    command = OverrideFinding(document_id, page_id, note.strip())
    override_finding(session, actor_of(request), command, request.app.state.read_clock())
    return RedirectResponse(f"/documents/{document_id}?done=overridden", status_code=303)


@router.post("/pass")
@needs(Action.REVIEW_DOCUMENT)
def pass_gate(request: Request, session: WriteSession, document_id: str) -> Response:
    """Pass gate 2."""
    pass_review(session, actor_of(request), document_id, request.app.state.read_clock())
    return RedirectResponse("/reviews?done=reviewed", status_code=303)


@router.post("/return-from-review", response_class=HTMLResponse)
@needs(Action.REVIEW_DOCUMENT)
def return_from_review(
    request: Request,
    session: WriteSession,
    document_id: str,
    reason: Annotated[str, Form(max_length=20)] = "",
    note: Annotated[str, Form(max_length=NOTE_LENGTH)] = "",
) -> Response:
    """Send back from gate 2."""
    return _return(request, session, ReturnForm(document_id, Action.REVIEW_DOCUMENT, reason, note.strip()))


@router.post("/accept")
@needs(Action.ACCEPT_DOCUMENT)
def accept(request: Request, session: WriteSession, document_id: str) -> Response:
    """Pass gate 3."""
    accept_document(session, actor_of(request), document_id, request.app.state.read_clock())
    return RedirectResponse("/acceptances?done=accepted", status_code=303)


@router.post("/return-from-acceptance", response_class=HTMLResponse)
@needs(Action.ACCEPT_DOCUMENT)
def return_from_acceptance(
    request: Request,
    session: WriteSession,
    document_id: str,
    reason: Annotated[str, Form(max_length=20)] = "",
    note: Annotated[str, Form(max_length=NOTE_LENGTH)] = "",
) -> Response:
    """Send back from gate 3."""
    return _return(request, session, ReturnForm(document_id, Action.ACCEPT_DOCUMENT, reason, note.strip()))


def show_document_page(
    request: Request,
    session: Session,
    document_id: str,
    *,
    done: str = "",
    errors: dict[str, str] | None = None,
    refusal: Refusal | None = None,
    note: str = "",
) -> HTMLResponse:
    """Answer with the page; with errors or a refusal under the status that says the same to machines."""
    say = say_in(request)
    shown = show_document(session, actor_of(request), document_id)
    place, chinese = show_place(session, actor_of(request), document_id), language_of(request) == "zh-CN"
    shown_paper = show_paper(session, actor_of(request), document_id)
    pages = [_show_page(say, each) for each in shown.pages]
    return render(
        request,
        "paper.html",
        status=word_refusal(refusal.reason).status if refusal is not None else 422 if errors else 200,
        here=_find_menu(shown),
        done=DONE_NOTES.get(done),
        errors=errors or {},
        problem=put_into_words(request, refusal) if refusal is not None else None,
        faults=list_faults(request, refusal),
        document=shown,
        name=shown.name if chinese else shown.name_en,
        word=DOCUMENT_STATES[shown.state.value],
        need=DOCUMENT_NEEDS[shown.need],
        band=BANDS[shown.band],
        clock=word_clock(say, shown.clock) if shown.clock is not None else None,
        pages=pages,
        unclear=sum(1 for each in pages if each["open"]),
        acts=[
            {
                "text": DOCUMENT_ACTS[each.act.value],
                "by": each.person,
                "acting_for": each.acting_for,
                "at": each.at,
                "reason": RETURN_REASONS.get(each.reason, ""),
                "note": each.note,
                "past": each.voided,
            }
            for each in reversed(shown.acts)
        ],
        may={act.value for act in shown.may},
        returned=_find_return(shown),
        return_path="return-from-review" if shown.state is DocumentState.SENT else "return-from-acceptance",
        earlier=shown.earlier,
        place=place,
        nearby=[
            (each.id, each.name if chinese else each.name_en) if each is not None else None
            for each in (place.before, place.after)
        ],
        paper=shown_paper,
        paper_moves=[{"word": PAPER_MOVES[each.move.value], "seen": each} for each in shown_paper.moves],
        reasons=[(code, say(text)) for code, text in RETURN_REASONS.items()],
        note=note,
    )


def list_faults(request: Request, refusal: Refusal | None) -> list[str]:
    """Return which files were refused, and why, in words."""
    if refusal is None or refusal.reason is not Reason.BAD_FILE:
        return []
    say = say_in(request)
    parted = [each.rpartition(": ") for each in refusal.details]
    return [f"{name}: {say(FILE_FAULTS[fault])}" for name, _, fault in parted]


def _return(request: Request, session: Session, form: ReturnForm) -> Response:
    say, errors = say_in(request), {}
    if form.reason not in set(ReturnReason):
        errors["reason"] = say(N_("Choose why it goes back."))
    elif form.reason == ReturnReason.OTHER and not form.note:
        errors["note"] = say(N_("Say in words what is wrong."))
    if errors:
        return show_document_page(request, session, form.document_id, errors=errors, note=form.note)
    command = ReturnDocument(form.document_id, form.gate, ReturnReason(form.reason), form.note)
    return_document(session, actor_of(request), command, request.app.state.read_clock())
    back = "/reviews" if form.gate is Action.REVIEW_DOCUMENT else "/acceptances"
    return RedirectResponse(f"{back}?done=returned", status_code=303)


def _show_page(say: Say, page: PageSeen) -> dict[str, Any]:
    return {
        "id": page.id,
        "number": page.number,
        "width": page.width_px,
        "height": page.height_px,
        "dpi": page.dpi,
        "file": page.file_name,
        "findings": [say(FINDINGS[finding]) for finding, _ in page.findings],
        "open": bool(page.findings) and page.overridden_at is None,
        "overridden_by": page.overridden_by,
        "overridden_at": page.overridden_at,
        "override_note": page.override_note,
        "damaged": page.damaged,
    }


def _find_return(shown: DocumentShown) -> dict[str, Any] | None:
    """Return why the document came back, as long as it lies with its handler for that."""
    if shown.state is not DocumentState.RETURNED:
        return None
    last = next((act for act in reversed(shown.acts) if act.act is DocumentAct.RETURN), None)
    return {"reason": RETURN_REASONS[last.reason], "note": last.note, "by": last.person} if last is not None else None


def _find_menu(shown: DocumentShown) -> str:
    if DocumentAct.PASS_REVIEW in shown.may:
        return "reviews"
    return "acceptances" if DocumentAct.ACCEPT in shown.may else "tasks"
