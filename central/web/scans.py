"""Pages of scans that no cover sheet placed: the list, one scan with its pictures, placing and discarding."""

from __future__ import annotations

from typing import Annotated, Any

from anyio.to_thread import run_sync
from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from sqlalchemy.orm import Session

from central.domain.permissions import Action, needs
from central.domain.refusals import NotFound
from central.domain.wording import N_
from central.services.exports import Listed, note_export
from central.services.tasks import search_documents
from central.services.unassigned_scans import (
    DiscardPages,
    PlacePages,
    ScanPage,
    SearchScans,
    discard_pages,
    export_scans,
    find_scan_page,
    list_discarded,
    list_scans,
    place_pages,
    show_scan,
    take_pages_back,
)
from central.web.lists import PAGE_ROWS, After, Sort, make_foot, make_heads
from central.web.pictures import answer_picture
from central.web.render import Say, actor_of, address, render, say_in
from central.web.table_files import FileKind, Table, answer_table
from central.web.tasks import word_paper
from central.web.transactions import ReadSession, WriteSession
from central.web.words import DONE_NOTES, FINDINGS

router = APIRouter(prefix="/scans")
#: The list as a file stands beside the list, not below it.
files = APIRouter()

DEFAULT_SORT = "since"
#: (sort key or none, text)
HEADS = (
    ("name", N_("File")),
    ("team", N_("Team")),
    (None, N_("Pages that wait")),
    ("since", N_("Waits since")),
)

WHY_LENGTH = 400
TEXT_LENGTH = 80
Text = Annotated[str, Query(alias="q", max_length=TEXT_LENGTH)]
PageIds = Annotated[list[Annotated[str, Form(max_length=36)]], Form()]


@router.get("", response_class=HTMLResponse)
@needs(Action.SORT_SCANS)
def show_list(
    request: Request,
    session: ReadSession,
    *,
    text: Text = "",
    sort: Sort = DEFAULT_SORT,
    after: After = "",
    done: str = "",
) -> HTMLResponse:
    """Scans that wait, the longest waiting first, and those of which pages were discarded lately."""
    actor = actor_of(request)
    page = list_scans(session, actor, SearchScans(text, sort, after or None, PAGE_ROWS))
    query = {"q": text, "sort": sort if sort != DEFAULT_SORT else ""}
    return render(
        request,
        "scans.html",
        here="scans",
        done=DONE_NOTES.get(done),
        scans=page.items,
        discarded=list_discarded(session, actor, request.app.state.read_clock()),
        text=text,
        sort=query["sort"],
        clear_href=address("/scans", query | {"q": ""}),
        heads=make_heads(
            say_in(request),
            "/scans",
            query,
            HEADS,
            sort=sort,
            default=DEFAULT_SORT,
            numbers={N_("Pages that wait")},
        ),
        foot=make_foot("/scans", query, after, page.next_after),
    )


@files.get("/scans.{kind}")
@needs(Action.SORT_SCANS)
async def export_list(request: Request, kind: FileKind, *, text: Text = "", sort: Sort = DEFAULT_SORT) -> Response:
    """Scans that wait, as CSV or for Excel."""
    actor, now = actor_of(request), request.app.state.read_clock()
    table = Table(
        "scans",
        [head for _, head in HEADS],
        lambda session: note_export(session, actor, Listed.SCANS, {"q": text}, now),
        lambda session: (
            (each.name, each.team, each.pages, each.uploaded_at)
            for each in export_scans(session, actor, SearchScans(text, sort))
        ),
    )
    return await answer_table(request, kind, table)


@router.get("/{scan_id}", response_class=HTMLResponse)
@needs(Action.SORT_SCANS)
def show_one(
    request: Request,
    session: ReadSession,
    scan_id: str,
    text: Text = "",
    done: str = "",
) -> HTMLResponse:
    """One scan: its pages that wait, and a search for the document they belong to."""
    return _show_scan(request, session, scan_id, text=text, done=done)


@router.get("/{scan_id}/pages/{page_id}/picture")
@needs(Action.SORT_SCANS)
async def show_picture(request: Request, scan_id: str, page_id: str) -> Response:
    """The picture of a waiting page; the view is written down before it leaves."""
    async with request.app.state.tx.read_async() as session:
        page = await run_sync(find_scan_page, session, actor_of(request), scan_id, page_id)
    return await answer_picture(request, page, "scan", scan_id)


@router.post("/{scan_id}/place", response_class=HTMLResponse)
@needs(Action.PLACE_SCAN)
def place(
    request: Request,
    session: WriteSession,
    scan_id: str,
    *,
    pages: PageIds = [],  # noqa: B006 - never written to
    document_id: Annotated[str, Form(max_length=36)] = "",
    text: Annotated[str, Form(alias="q", max_length=TEXT_LENGTH)] = "",
) -> Response:
    """Let the chosen pages become pages of the chosen document."""
    say, errors = say_in(request), {}
    if not pages:
        errors["pages"] = say(N_("Choose at least one page."))
    if not document_id:
        errors["documents"] = say(N_("Choose the document to which the pages belong."))
    if errors:
        return _show_scan(request, session, scan_id, text=text, errors=errors, chosen=pages)
    command = PlacePages(scan_id, tuple(pages), document_id)
    place_pages(session, actor_of(request), command, request.app.state.read_clock())
    return _go_on(request, session, scan_id, "scan_placed")


@router.post("/{scan_id}/discard", response_class=HTMLResponse)
@needs(Action.SORT_SCANS)
def discard(
    request: Request,
    session: WriteSession,
    scan_id: str,
    *,
    pages: PageIds = [],  # noqa: B006 - never written to
    why: Annotated[str, Form(max_length=WHY_LENGTH)] = "",
    text: Annotated[str, Form(alias="q", max_length=TEXT_LENGTH)] = "",
) -> Response:
    """Take the chosen pages out of what waits."""
    say, errors = say_in(request), {}
    if not pages:
        errors["pages"] = say(N_("Choose at least one page."))
    if not why.strip():
        errors["why"] = say(N_("Say why the pages are discarded."))
    if errors:
        return _show_scan(request, session, scan_id, text=text, errors=errors, chosen=pages, why=why)
    command = DiscardPages(scan_id, tuple(pages), why.strip())
    discard_pages(session, actor_of(request), command, request.app.state.read_clock())
    return _go_on(request, session, scan_id, "scan_discarded")


@router.post("/{scan_id}/take-back")
@needs(Action.SORT_SCANS)
def take_back(request: Request, session: WriteSession, scan_id: str) -> Response:
    """Let the discarded pages of a scan wait again."""
    take_pages_back(session, actor_of(request), scan_id, request.app.state.read_clock())
    return RedirectResponse(f"/scans/{scan_id}?done=scan_taken_back", status_code=303)


def _go_on(request: Request, session: Session, scan_id: str, done: str) -> Response:
    """Back to the scan while pages of it wait, else to the list."""
    session.flush()
    try:
        show_scan(session, actor_of(request), scan_id)
    except NotFound:
        return RedirectResponse(f"/scans?done={done}", status_code=303)
    return RedirectResponse(f"/scans/{scan_id}?done={done}", status_code=303)


def _show_scan(
    request: Request,
    session: Session,
    scan_id: str,
    *,
    text: str,
    done: str = "",
    errors: dict[str, str] | None = None,
    chosen: list[str] | None = None,
    why: str = "",
) -> HTMLResponse:
    actor = actor_of(request)
    shown = show_scan(session, actor, scan_id)
    found = search_documents(session, actor, text)
    return render(
        request,
        "scan.html",
        status=422 if errors else 200,
        here="scans",
        done=DONE_NOTES.get(done),
        errors=errors or {},
        scan=shown.scan,
        pages=[_word_page(say_in(request), each) for each in shown.pages],
        chosen={page.id for page in shown.pages} if chosen is None else set(chosen),
        sought=text,
        papers=[word_paper(request, each) for each in found],
        why=why,
    )


def _word_page(say: Say, page: ScanPage) -> dict[str, Any]:
    return {
        "id": page.id,
        "number": page.number,
        "width": page.width_px,
        "height": page.height_px,
        "dpi": page.dpi,
        "findings": [say(FINDINGS[finding]) for finding, _ in page.findings],
        "damaged": page.damaged,
    }
