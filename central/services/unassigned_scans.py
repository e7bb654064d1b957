"""Scans that no cover sheet placed: a person of the team looks at them and says to which document they belong."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, Select, and_, func, select
from sqlalchemy.orm import Session

from central.domain.audit import AuditAct, AuditEntry
from central.domain.paging import LONGEST_PAGE, Page, walk_pages
from central.domain.people import Actor
from central.domain.permissions import Action, find_acting_for, find_scope
from central.domain.refusals import NotFound, Reason, Refusal
from central.domain.search import make_pattern, split_query
from central.store.audit import AuditRow, add_audit
from central.store.captures import Captured, PagePicture, ReadFile, add_upload, begin_capture, end_capture, mark_alike
from central.store.document_acts import hold_document
from central.store.documents import ContentRow, PageRow, UploadRow
from central.store.keyset import Order, find_order, read_page
from central.store.organisation import UnitRow
from central.store.scope import within_case

UNASSIGNED, TAKEN, DROPPED = "unassigned", "taken", "dropped"
#: Discarded pages can be taken back at any time; the list shows those of these days.
DISCARDED_FOR = timedelta(days=30)
DISCARDED_MOST = 50
_ORDERS: Final = {
    "since": Order(UploadRow.uploaded_at.expression, UploadRow.id.expression),
    "name": Order(UploadRow.name.expression, UploadRow.id.expression),
    "team": Order(UnitRow.name.expression, UploadRow.id.expression),
}


@dataclass(frozen=True, slots=True)
class SearchScans:
    """Which scans are looked for, by words in the name of the file."""

    text: str = ""
    sort: str = "since"
    after: str | None = None
    limit: int = 50


@dataclass(frozen=True, slots=True)
class ScanSeen:
    """A scan in the list; `pages` wait, of `pages_all` in the file."""

    id: str
    name: str
    team: str
    uploaded_at: datetime
    pages: int
    pages_all: int


@dataclass(frozen=True, slots=True)
class ScanPage:
    """A page that waits, numbered as in its file."""

    id: str
    number: int
    width_px: int
    height_px: int
    dpi: int | None
    findings: tuple[tuple[str, int], ...]
    damaged: bool


@dataclass(frozen=True, slots=True)
class ScanShown:
    """One scan with the pages that wait."""

    scan: ScanSeen
    pages: tuple[ScanPage, ...]


@dataclass(frozen=True, slots=True)
class ScanDiscarded:
    """A scan of which `pages` were discarded, the last of them at this moment, by whom and why."""

    id: str
    name: str
    team: str
    discarded_at: datetime
    pages: int
    pages_all: int
    person: str
    why: str


@dataclass(frozen=True, slots=True)
class PlacePages:
    """Pages of a scan that belong to a document."""

    scan_id: str
    page_ids: tuple[str, ...]
    document_id: str


@dataclass(frozen=True, slots=True)
class DiscardPages:
    """Pages of a scan that belong nowhere, and why."""

    scan_id: str
    page_ids: tuple[str, ...]
    why: str


def keep_unassigned(session: Session, unit_id: str, file: ReadFile, now: datetime) -> str | None:
    """Keep a scan for a person of the team; None when it waits already (the job died before it removed the file)."""
    waits = select(UploadRow.id).where(
        UploadRow.state == UNASSIGNED, UploadRow.unit_id == unit_id, UploadRow.sha256 == file.content.sha256
    )
    if session.scalar(waits.limit(1)) is not None:
        return None
    upload = UploadRow(unit_id=unit_id, way="scanner", state=UNASSIGNED)
    pages = list(add_upload(session, upload, file, now))
    after = {"pages": len(pages), "sha256": file.content.sha256}
    add_audit(session, None, AuditEntry(AuditAct.SCAN_UNASSIGNED, "scan", upload.id, upload.name, after=after), now)
    return upload.id


def list_scans(session: Session, actor: Actor, search: SearchScans) -> Page[ScanSeen]:
    """Return the scans that wait within the actor's scope, the longest waiting first unless sorted."""
    conditions = [UploadRow.name.ilike(make_pattern(word), escape="\\") for word in split_query(search.text)]
    query, order = _select_scans(actor).where(*conditions), find_order(_ORDERS, search.sort)
    rows, next_after = read_page(session, query, order, search.after, search.limit)
    return Page(tuple(_see_scan(row, team, waiting) for row, team, waiting, *_ in rows), next_after)


def export_scans(session: Session, actor: Actor, search: SearchScans) -> Iterator[ScanSeen]:
    """Yield all scans that wait and are looked for."""
    return walk_pages(lambda after: list_scans(session, actor, replace(search, after=after, limit=LONGEST_PAGE)))


def measure_waiting(session: Session) -> tuple[int, datetime | None]:
    """Return how many scans wait in all teams, and since when the oldest does."""
    query = select(func.count(), func.min(UploadRow.uploaded_at)).where(UploadRow.state == UNASSIGNED)
    count, oldest = session.execute(query).one()
    return count, oldest


def show_scan(session: Session, actor: Actor, scan_id: str) -> ScanShown:
    """Return one scan that waits, with its pages."""
    found = session.execute(_select_scans(actor).where(UploadRow.id == scan_id)).one_or_none()
    if found is None:
        raise NotFound
    query = (
        select(PageRow, ContentRow.state)
        .join(ContentRow, ContentRow.sha256 == PageRow.image_sha256)
        .where(_waits(scan_id))
        .order_by(PageRow.number)
    )
    pages = tuple(_see_page(page, state) for page, state in session.execute(query))
    row, team, waiting = found
    return ScanShown(_see_scan(row, team, waiting), pages)


def find_scan_page(session: Session, actor: Actor, scan_id: str, page_id: str) -> PagePicture:
    """Return where the picture of a waiting page lies."""
    scan = show_scan(session, actor, scan_id)
    page = next((each for each in scan.pages if each.id == page_id), None)
    if page is None:
        raise NotFound
    if page.damaged:
        raise Refusal(Reason.CONTENT_WRONG)
    return PagePicture(session.get_one(PageRow, page_id).image_sha256, page.number, scan.scan.name)


def place_pages(session: Session, actor: Actor, command: PlacePages, now: datetime) -> None:
    """Let pages of a scan become the next pages of a document, whose handler checks them then."""
    held = hold_document(session, actor, Action.PLACE_SCAN, command.document_id)
    upload, pages = _hold_pages(session, actor, command.scan_id, command.page_ids)
    before = begin_capture(session, actor, held, now)
    for page in pages:
        held.row.pages += 1
        page.document_id, page.number = held.row.id, held.row.pages
    mark_alike(session, held.row, pages)
    files = [{"name": upload.name, "sha256": upload.sha256}]
    end_capture(session, actor, held, Captured(before, files), now)
    numbers = {"pages": [page.source_page for page in pages], "document": held.row.id}
    _settle_scan(session, upload)
    entry = AuditEntry(AuditAct.SCAN_PLACED, "scan", upload.id, upload.name, after=numbers, acting_for=held.acting_for)
    add_audit(session, actor, entry, now)


def discard_pages(session: Session, actor: Actor, command: DiscardPages, now: datetime) -> None:
    """Take pages out of what waits, with a reason; their bytes stay in the store and the act in the audit log."""
    if not command.why.strip():
        raise Refusal(Reason.INVALID, details=("why",))
    upload, pages = _hold_pages(session, actor, command.scan_id, command.page_ids)
    for page in pages:
        page.retired_at = now
    _settle_scan(session, upload)
    entry = AuditEntry(
        AuditAct.SCAN_DISCARDED,
        "scan",
        upload.id,
        upload.name,
        command.why.strip(),
        after={"pages": [page.source_page for page in pages]},
        acting_for=find_acting_for(actor, Action.SORT_SCANS, unit_id=upload.unit_id),
    )
    add_audit(session, actor, entry, now)


def list_discarded(session: Session, actor: Actor, now: datetime) -> tuple[ScanDiscarded, ...]:
    """Return scans within the actor's scope of which pages were discarded lately, the latest first."""
    scope = find_scope(actor, Action.SORT_SCANS)
    discarded = (
        select(PageRow.upload_id, func.max(PageRow.retired_at).label("at"), func.count().label("pages"))
        .where(PageRow.document_id.is_(None), PageRow.retired_at >= now - DISCARDED_FOR)
        .group_by(PageRow.upload_id)
        .subquery()
    )
    query = (
        select(UploadRow, UnitRow.name, discarded.c.at, discarded.c.pages)
        .join(UnitRow, UnitRow.id == UploadRow.unit_id)
        .join(discarded, discarded.c.upload_id == UploadRow.id)
        .where(within_case(scope, UploadRow.unit_id, UploadRow.uploaded_by))
        .order_by(discarded.c.at.desc(), UploadRow.id)
        .limit(DISCARDED_MOST)
    )
    found = session.execute(query).all()
    said = _load_reasons(session, [row.id for row, *_ in found])
    return tuple(
        ScanDiscarded(row.id, row.name, team, at, pages, row.pages, *said.get(row.id, ("", "")))
        for row, team, at, pages in found
    )


def take_pages_back(session: Session, actor: Actor, scan_id: str, now: datetime) -> None:
    """Let the discarded pages of a scan wait again."""
    upload = _hold_scan(session, actor, scan_id)
    discarded = select(PageRow).where(
        PageRow.upload_id == scan_id, PageRow.document_id.is_(None), PageRow.retired_at.is_not(None)
    )
    pages = list(session.scalars(discarded.order_by(PageRow.source_page).execution_options(populate_existing=True)))
    if not pages:
        raise Refusal(Reason.SCAN_SETTLED)
    for page in pages:
        page.retired_at = None
    upload.state, upload.document_id = UNASSIGNED, None
    entry = AuditEntry(
        AuditAct.SCAN_TAKEN_BACK,
        "scan",
        upload.id,
        upload.name,
        after={"pages": [page.source_page for page in pages]},
        acting_for=find_acting_for(actor, Action.SORT_SCANS, unit_id=upload.unit_id),
    )
    add_audit(session, actor, entry, now)


def _load_reasons(session: Session, scan_ids: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Return who discarded pages of these scans last, and why."""
    query = select(AuditRow.subject_id, AuditRow.person_name, AuditRow.why).where(
        AuditRow.subject_kind == "scan",
        AuditRow.subject_id.in_(scan_ids),
        AuditRow.act == AuditAct.SCAN_DISCARDED.value,
    )
    rows = session.execute(query.order_by(AuditRow.at, AuditRow.id))
    return {scan_id: (person, why) for scan_id, person, why in rows}


def _select_scans(actor: Actor) -> Select[UploadRow, str, int]:
    scope = find_scope(actor, Action.SORT_SCANS)
    waiting = (
        select(PageRow.upload_id, func.count().label("pages"))
        .where(PageRow.document_id.is_(None), PageRow.retired_at.is_(None))
        .group_by(PageRow.upload_id)
        .subquery()
    )
    return (
        select(UploadRow, UnitRow.name, waiting.c.pages)
        .join(UnitRow, UnitRow.id == UploadRow.unit_id)
        .join(waiting, waiting.c.upload_id == UploadRow.id)
        .where(UploadRow.state == UNASSIGNED, within_case(scope, UploadRow.unit_id, UploadRow.uploaded_by))
    )


def _waits(scan_id: str) -> ColumnElement[bool]:
    return and_(PageRow.upload_id == scan_id, PageRow.document_id.is_(None), PageRow.retired_at.is_(None))


def _hold_scan(session: Session, actor: Actor, scan_id: str) -> UploadRow:
    scope = find_scope(actor, Action.SORT_SCANS)
    mine = select(UploadRow).where(
        UploadRow.id == scan_id, within_case(scope, UploadRow.unit_id, UploadRow.uploaded_by)
    )
    upload = session.scalar(mine.with_for_update().execution_options(populate_existing=True))
    if upload is None:
        raise NotFound
    return upload


def _hold_pages(
    session: Session, actor: Actor, scan_id: str, page_ids: Sequence[str]
) -> tuple[UploadRow, list[PageRow]]:
    """Lock a scan within scope; return it with the chosen pages, all of which must still wait."""
    upload = _hold_scan(session, actor, scan_id)
    if not page_ids:
        raise Refusal(Reason.INVALID, details=("pages",))
    chosen = select(PageRow).where(_waits(scan_id), PageRow.id.in_(page_ids)).order_by(PageRow.source_page)
    pages = list(session.scalars(chosen.execution_options(populate_existing=True)))
    if len(pages) != len(set(page_ids)):
        raise Refusal(Reason.SCAN_SETTLED)
    return upload, pages


def _settle_scan(session: Session, upload: UploadRow) -> None:
    """A scan of which nothing waits is taken, or dropped if no page of it was placed."""
    session.flush()
    pages = session.scalars(select(PageRow).where(PageRow.upload_id == upload.id)).all()
    if any(page.document_id is None and page.retired_at is None for page in pages):
        return
    placed = {page.document_id for page in pages if page.document_id is not None}
    upload.state = TAKEN if placed else DROPPED
    upload.document_id = placed.pop() if len(placed) == 1 else None


def _see_scan(row: UploadRow, team: str, waiting: int) -> ScanSeen:
    return ScanSeen(row.id, row.name, team, row.uploaded_at, waiting, row.pages)


def _see_page(row: PageRow, state: str) -> ScanPage:
    return ScanPage(
        id=row.id,
        number=row.source_page,
        width_px=row.width_px,
        height_px=row.height_px,
        dpi=row.dpi,
        findings=tuple((each["finding"], each["value"]) for each in row.findings),
        damaged=state != "good",
    )
