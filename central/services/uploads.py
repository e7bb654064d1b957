"""Pages become part of a document: files that are on the disk and were read, with what the checks at capture found."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from central.domain.captures import Finding, PageFinding
from central.domain.documents import DocumentAct, DocumentState, find_next
from central.domain.people import Actor
from central.domain.permissions import Action
from central.domain.refusals import Reason, Refusal
from central.store.captures import (
    Captured,
    ReadFile,
    add_upload,
    begin_capture,
    end_capture,
    mark_alike,
    number_pages,
    take_out_page,
)
from central.store.document_acts import (
    find_document,
    hold_document,
)
from central.store.documents import DocumentRow, PageRow, UploadRow


@dataclass(frozen=True, slots=True)
class CapturePages:
    """Files for a document; `replace` retires the pages before. `counted`: pages of the paper, counted by a person."""

    document_id: str
    files: tuple[ReadFile, ...]
    replace: bool = False
    counted: int | None = None
    #: The page for which the new ones stand, in its place.
    page_id: str | None = None
    #: browser or scanner.
    way: str = "browser"


def check_capture(session: Session, actor: Actor, document_id: str) -> None:
    """Refuse early, before bytes of a stranger lie on the disk, what `capture_pages` would refuse in the end."""
    row = find_document(session, actor, Action.ADD_DOCUMENT, document_id)
    if find_next(DocumentState(row.state), DocumentAct.CAPTURE) is None:
        raise Refusal(Reason.DOCUMENT_STATE)


def capture_pages(session: Session, actor: Actor, command: CapturePages, now: datetime) -> int:
    """Add pages to a document, which is scanned then and to be checked; return how many pages have findings."""
    held = hold_document(session, actor, Action.ADD_DOCUMENT, command.document_id)
    before = begin_capture(session, actor, held, now, replace=command.replace)
    superseded = take_out_page(session, held.row, command.page_id, now) if command.page_id is not None else None
    rows = list(_add_pages(session, actor, held.row, command, now))
    mark_alike(session, held.row, rows)
    if superseded is not None:
        number_pages(session, held.row, [row.id for row in rows], superseded.number)
    if command.counted is not None and held.row.pages != command.counted and rows:
        rows[-1].findings = [*rows[-1].findings, PageFinding(Finding.PAGE_COUNT, held.row.pages).to_body()]
    files = [{"name": each.name, "sha256": each.content.sha256} for each in command.files]
    end_capture(session, actor, held, Captured(before, files), now)
    return sum(1 for row in rows if row.findings)


def _add_pages(
    session: Session, actor: Actor, row: DocumentRow, command: CapturePages, now: datetime
) -> Iterator[PageRow]:
    for file in command.files:
        upload = UploadRow(document_id=row.id, unit_id=row.unit_id, way=command.way, state="taken")
        upload.uploaded_by = actor.person_id
        for page in add_upload(session, upload, file, now):
            row.pages += 1
            page.document_id, page.number = row.id, row.pages
            yield page
