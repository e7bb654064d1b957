"""Scans that no cover sheet placed: what waits, where its pages go, what is discarded."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from central.api.fields import After, Limit, PageOut, RowId, RowKey, Strict, Why
from central.api.problems import document_problems
from central.api.transactions import CurrentActor, ReadSession, WriteSession
from central.domain.permissions import Action, needs
from central.domain.search import LONGEST_QUERY
from central.services.unassigned_scans import (
    DiscardPages,
    PlacePages,
    SearchScans,
    discard_pages,
    list_discarded,
    list_scans,
    place_pages,
    show_scan,
    take_pages_back,
)

router = APIRouter(prefix="/api/v1/scans", tags=["papers"])

Text = Annotated[str, Query(max_length=LONGEST_QUERY, description="Words that must all occur in the name of the file")]
Sort = Literal["since", "name", "team", "-since", "-name", "-team"]
PageIds = Annotated[tuple[RowKey, ...], Field(min_length=1, max_length=2000)]


class ScanOut(BaseModel):
    """A scan of which `pages` wait, of `pages_all` in its file."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    name: str
    team: str
    uploaded_at: datetime
    pages: int
    pages_all: int


class ScanPageOut(BaseModel):
    """A page that waits, numbered as in its file; `findings` are (what was found, its figure)."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    number: int
    width_px: int
    height_px: int
    dpi: int | None
    findings: list[tuple[str, int]]
    damaged: bool


class ScanShownOut(BaseModel):
    """One scan with the pages that wait."""

    model_config = ConfigDict(from_attributes=True)

    scan: ScanOut
    pages: list[ScanPageOut]


class DiscardedOut(BaseModel):
    """A scan of which `pages` were discarded, the last of them at this moment, by whom and why."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    name: str
    team: str
    discarded_at: datetime
    pages: int
    pages_all: int
    person: str
    why: str


class PlaceIn(Strict):
    """Pages of the scan, and the document to which they belong."""

    page_ids: PageIds
    document_id: RowKey


class DiscardIn(Strict):
    """Pages of the scan that belong nowhere, and why."""

    page_ids: PageIds
    why: Why


@router.get("", responses=document_problems(401, 403, 422))
@needs(Action.SORT_SCANS)
def get_scans(
    actor: CurrentActor,
    session: ReadSession,
    *,
    text: Text = "",
    sort: Sort = "since",
    after: After = None,
    limit: Limit = 50,
) -> PageOut[ScanOut]:
    """Search the scans that wait, the longest waiting first; a minus turns an order round."""
    page = list_scans(session, actor, SearchScans(text, sort, after, limit))
    return PageOut(items=[ScanOut.model_validate(each) for each in page.items], next_after=page.next_after)


@router.get("/discarded", responses=document_problems(401, 403))
@needs(Action.SORT_SCANS)
def get_discarded(request: Request, actor: CurrentActor, session: ReadSession) -> list[DiscardedOut]:
    """List scans of which pages were discarded within 30 days, the latest first."""
    found = list_discarded(session, actor, request.app.state.read_clock())
    return [DiscardedOut.model_validate(each) for each in found]


@router.get("/{scan_id}", responses=document_problems(401, 403, 404))
@needs(Action.SORT_SCANS)
def get_scan(scan_id: RowId, actor: CurrentActor, session: ReadSession) -> ScanShownOut:
    """Show one scan that waits."""
    return ScanShownOut.model_validate(show_scan(session, actor, scan_id))


@router.post("/{scan_id}/place", status_code=204, responses=document_problems(401, 403, 404, 409, 422))
@needs(Action.PLACE_SCAN)
def post_place(request: Request, scan_id: RowId, place: PlaceIn, actor: CurrentActor, session: WriteSession) -> None:
    """Let pages become the next pages of a document."""
    command = PlacePages(scan_id, place.page_ids, place.document_id)
    place_pages(session, actor, command, request.app.state.read_clock())


@router.post("/{scan_id}/discard", status_code=204, responses=document_problems(401, 403, 404, 409, 422))
@needs(Action.SORT_SCANS)
def post_discard(
    request: Request, scan_id: RowId, discard: DiscardIn, actor: CurrentActor, session: WriteSession
) -> None:
    """Take pages out of what waits."""
    command = DiscardPages(scan_id, discard.page_ids, discard.why)
    discard_pages(session, actor, command, request.app.state.read_clock())


@router.post("/{scan_id}/take-back", status_code=204, responses=document_problems(401, 403, 404, 409))
@needs(Action.SORT_SCANS)
def post_take_back(request: Request, scan_id: RowId, actor: CurrentActor, session: WriteSession) -> None:
    """Let the discarded pages of a scan wait again."""
    take_pages_back(session, actor, scan_id, request.app.state.read_clock())
