"""Captures as rows: a file that came in, its pages, their order and numbers, and what a document becomes by them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from central.domain.audit import AuditAct, AuditEntry
from central.domain.captures import Finding, PageFinding, PageMeasures, check_page, find_alike
from central.domain.documents import DocumentAct, DocumentState, find_next
from central.domain.people import Actor
from central.domain.refusals import NotFound
from central.store.audit import add_audit
from central.store.contents import KeptContent
from central.store.document_acts import HeldDocument, add_act, check_act, follow_acts
from central.store.documents import ContentRow, DocumentRow, PageRow, UploadRow
from central.store.ids import new_id

PICTURE_TYPE = "image/jpeg"
NAME_LENGTH = 200
#: A content is read again soon after it came, then by the rhythm of the settings.
FIRST_CHECK = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class ReadPage:
    """One page of a file: its picture in the store, and what was measured."""

    picture: KeptContent
    measures: PageMeasures


@dataclass(frozen=True, slots=True)
class ReadFile:
    """One file that is in the store and became pages."""

    name: str
    content: KeptContent
    media_type: str
    pages: tuple[ReadPage, ...]
    #: Which page of the file the first of them is.
    first: int = 1


@dataclass(frozen=True, slots=True)
class Captured:
    """What a document was before a capture, and from which files its new pages came."""

    before: dict[str, object]
    files: list[dict[str, str]]


@dataclass(frozen=True, slots=True)
class PagePicture:
    """Where the picture of a page lies, and how people call the page."""

    sha256: str
    number: int
    document_name: str


def begin_capture(
    session: Session, actor: Actor, held: HeldDocument, now: datetime, *, replace: bool = False
) -> dict[str, object]:
    """Refuse what can't be added to, retire what new pages stand for; return what the document was before."""
    check_act(session, actor, held, DocumentAct.CAPTURE)
    before: dict[str, object] = {"state": held.row.state, "pages": held.row.pages}
    if replace or held.row.state == DocumentState.RETURNED.value:
        _retire_pages(session, held.row, now)
    return before


def end_capture(session: Session, actor: Actor, held: HeldDocument, captured: Captured, now: datetime) -> None:
    """Bring the document to its next state, and write down from which files its pages came."""
    following = find_next(DocumentState(held.row.state), DocumentAct.CAPTURE)
    assert following is not None, "judged when it began"
    held.row.state = following.value
    held.row.captured_at = held.row.captured_at or now
    add_act(session, actor, held, DocumentAct.CAPTURE, now)
    after = {"state": following.value, "pages": held.row.pages, "files": captured.files}
    entry = AuditEntry(
        AuditAct.DOCUMENT_CAPTURED,
        "document",
        held.row.id,
        held.name,
        before=captured.before,
        after=after,
        acting_for=held.acting_for,
    )
    add_audit(session, actor, entry, now)
    follow_acts(session, held.case, now)


def keep_content(session: Session, content: KeptContent, media_type: str, now: datetime) -> None:
    """Have a row for bytes that are on the disk; what was wrong or missing is good again."""
    row = session.get(ContentRow, content.sha256)
    if row is None:
        row = ContentRow(sha256=content.sha256, size_bytes=content.size_bytes, media_type=media_type, stored_at=now)
        row.state, row.next_check_at = "good", now + FIRST_CHECK
        session.add(row)
        session.flush()
    elif row.state != "good":
        row.state, row.next_check_at = "good", now + FIRST_CHECK


def _retire_pages(session: Session, row: DocumentRow, now: datetime) -> None:
    live = update(PageRow).where(PageRow.document_id == row.id, PageRow.retired_at.is_(None))
    session.execute(live.values(retired_at=now))
    row.pages = 0
    # The paper may be another one now: who compared the one before has not seen it.
    row.copy_verified_by = row.copy_verified_at = None


def take_out_page(session: Session, row: DocumentRow, page_id: str, now: datetime) -> PageRow:
    """Retire one page, which stays on record; the pages behind it move up."""
    page = session.get(PageRow, page_id, populate_existing=True)
    if page is None or page.document_id != row.id or page.retired_at is not None:
        raise NotFound
    page.retired_at = now
    # The paper may be another one now: who compared the one before has not seen it.
    row.copy_verified_by = row.copy_verified_at = None
    number_pages(session, row, [], 1)
    return page


def number_pages(session: Session, row: DocumentRow, moved: Sequence[str], first: int) -> None:
    """Number the pages that count anew from 1, with the moved ones from `first` on and in their order."""
    session.flush()
    live = select(PageRow).where(PageRow.document_id == row.id, PageRow.retired_at.is_(None))
    pages = {page.id: page for page in session.scalars(live.order_by(PageRow.number, PageRow.id))}
    rest = [page_id for page_id in pages if page_id not in moved]
    for number, page_id in enumerate([*rest[: first - 1], *moved, *rest[first - 1 :]], 1):
        pages[page_id].number = number
    row.pages = len(pages)


def mark_alike(session: Session, row: DocumentRow, added: Sequence[PageRow]) -> None:
    """Add a finding to each new page that looks like another page of the same case."""
    fresh = {page.id for page in added}
    query = (
        select(PageRow.id, PageRow.likeness)
        .join(DocumentRow, DocumentRow.id == PageRow.document_id)
        .where(DocumentRow.case_id == row.case_id, PageRow.retired_at.is_(None), PageRow.likeness.is_not(None))
    )
    others = [likeness for page_id, likeness in session.execute(query) if likeness and page_id not in fresh]
    for page in added:
        bits = find_alike(page.likeness or "", others)
        if bits is not None and not any(each["finding"] == Finding.DUPLICATE for each in page.findings):
            page.findings = [*page.findings, PageFinding(Finding.ALIKE, bits).to_body()]
        if page.likeness:
            others.append(page.likeness)


def add_upload(session: Session, upload: UploadRow, file: ReadFile, now: datetime) -> Iterator[PageRow]:
    """Add the rows of one file that came in and of its pages, numbered as in the file."""
    known = session.scalar(select(func.count()).where(UploadRow.sha256 == file.content.sha256)) or 0
    keep_content(session, file.content, file.media_type, now)
    upload.id, upload.name, upload.sha256 = new_id(), file.name[:NAME_LENGTH], file.content.sha256
    upload.pages, upload.uploaded_at = len(file.pages), now
    session.add(upload)
    session.flush()
    for number, page in enumerate(file.pages, file.first):
        keep_content(session, page.picture, PICTURE_TYPE, now)
        findings = [each.to_body() for each in check_page(page.measures)]
        if known:
            findings.append(PageFinding(Finding.DUPLICATE, known).to_body())
        added = PageRow(
            id=new_id(),
            upload_id=upload.id,
            number=number,
            source_page=number,
            image_sha256=page.picture.sha256,
            width_px=page.measures.width_px,
            height_px=page.measures.height_px,
            dpi=page.measures.dpi,
            likeness=page.measures.likeness or None,
            findings=findings,
        )
        session.add(added)
        yield added
