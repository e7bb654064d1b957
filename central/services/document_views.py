"""A document as people see it: its pages with what the checks found, its acts, and what the reader may do with it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from central.domain.documents import DocumentAct, DocumentState, ReturnReason
from central.domain.people import Actor
from central.domain.permissions import Action, find_acting_for, find_scope
from central.domain.refusals import NotFound, Reason, Refusal
from central.domain.templates import Need
from central.store.captures import PagePicture
from central.store.cases import CaseRow
from central.store.clocks import PaperClock, read_clock
from central.store.document_acts import find_document, find_fault, load_acts
from central.store.documents import ContentRow, DocumentActRow, DocumentRow, PageRow, UploadRow
from central.store.people import load_names

#: Which permission an act needs; a return comes from whoever has the document before them.
NEEDED = {
    DocumentAct.CAPTURE: Action.ADD_DOCUMENT,
    DocumentAct.ARRANGE: Action.ADD_DOCUMENT,
    DocumentAct.SELF_CHECK: Action.ADD_DOCUMENT,
    DocumentAct.PASS_REVIEW: Action.REVIEW_DOCUMENT,
    DocumentAct.ACCEPT: Action.ACCEPT_DOCUMENT,
}


@dataclass(frozen=True, slots=True)
class PageSeen:
    """A page that counts."""

    id: str
    number: int
    width_px: int
    height_px: int
    dpi: int | None
    findings: tuple[tuple[str, int], ...]
    overridden_by: str
    overridden_at: datetime | None
    override_note: str
    file_name: str
    damaged: bool


@dataclass(frozen=True, slots=True)
class EarlierPage:
    """A page that counts no more: another one stands for it, or it was taken out."""

    id: str
    number: int
    file_name: str
    retired_at: datetime


@dataclass(frozen=True, slots=True)
class ActSeen:
    """One act with who did it."""

    act: DocumentAct
    person: str
    acting_for: str
    at: datetime
    reason: str
    note: str
    voided: bool


@dataclass(frozen=True, slots=True)
class DocumentShown:
    """One document with everything around it; `may` are the acts open to the reader now."""

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
    #: Why it is due when it is; None for what may follow later or is only welcome.
    clock: PaperClock | None
    handler: str
    pages: tuple[PageSeen, ...]
    earlier: tuple[EarlierPage, ...]
    acts: tuple[ActSeen, ...]
    may: frozenset[DocumentAct]
    #: The reader may do it by their role, but passed another gate of this document.
    banned: bool


def show_document(session: Session, actor: Actor, document_id: str) -> DocumentShown:
    """Return one document within the actor's scope."""
    row = find_document(session, actor, Action.SEE_DOCUMENTS, document_id)
    acts, pages = load_acts(session, row.id), _load_pages(session, row.id)
    people = [row.handler_id, *(each.person_id for each in acts), *(each.acting_for for each in acts)]
    names = load_names(session, [*people, *(page.overridden_by for page, _, _ in pages)])
    case_no = session.scalar(select(CaseRow.case_no).where(CaseRow.id == row.case_id)) or ""
    faults = {act: _find_fault(actor, acts, row, act) for act in _list_allowed(actor, row)}
    return DocumentShown(
        id=row.id,
        task_id=row.task_id,
        case_no=case_no,
        name=row.name,
        name_en=row.name_en,
        need=row.need,
        gate=row.gate,
        copies=row.copies,
        retention=row.retention,
        state=DocumentState(row.state),
        band=row.band,
        due_at=row.due_at,
        owed_until=row.owed_until,
        clock=read_clock(session, "digitise", row.paper_created_at) if row.need == Need.REQUIRED.value else None,
        handler=names.get(row.handler_id or "", ""),
        pages=tuple(_see_page(page, name, state, names) for page, name, state in pages),
        earlier=_load_earlier(session, row.id),
        acts=tuple(_see_act(each, names) for each in acts),
        may=frozenset(act for act, fault in faults.items() if fault is None),
        banned=any(fault is Reason.GATE_BAN for fault in faults.values()),
    )


def find_page(session: Session, actor: Actor, document_id: str, page_id: str) -> PagePicture:
    """Return where the picture of a page lies; damaged ones are shown to nobody."""
    row = find_document(session, actor, Action.SEE_DOCUMENTS, document_id)
    page = session.get(PageRow, page_id)
    if page is None or page.document_id != row.id:
        raise NotFound
    content = session.get_one(ContentRow, page.image_sha256)
    if content.state != "good":
        raise Refusal(Reason.CONTENT_WRONG)
    case_no = session.scalar(select(CaseRow.case_no).where(CaseRow.id == row.case_id)) or ""
    return PagePicture(page.image_sha256, page.number, f"{case_no} {row.name}")


def _list_allowed(actor: Actor, row: DocumentRow) -> dict[DocumentAct, Action]:
    needed = dict(NEEDED)
    if row.state == DocumentState.SENT.value:
        needed[DocumentAct.RETURN] = Action.REVIEW_DOCUMENT
    elif row.state == DocumentState.REVIEWED.value:
        needed[DocumentAct.RETURN] = Action.ACCEPT_DOCUMENT
    return {
        act: action
        for act, action in needed.items()
        if find_scope(actor, action).covers_case(row.unit_id, [row.handler_id])
    }


def _find_fault(actor: Actor, acts: list[DocumentActRow], row: DocumentRow, act: DocumentAct) -> Reason | None:
    people = [row.handler_id] if row.handler_id is not None else []
    action = _list_allowed(actor, row)[act]
    acting_for = find_acting_for(actor, action, unit_id=row.unit_id, person_ids=people)
    reason = ReturnReason.OTHER if act is DocumentAct.RETURN else None
    return find_fault(acts, row, act, (actor.person_id, acting_for), reason)


def _load_pages(session: Session, document_id: str) -> list[tuple[PageRow, str, str]]:
    query = (
        select(PageRow, UploadRow.name, ContentRow.state)
        .join(UploadRow, UploadRow.id == PageRow.upload_id)
        .join(ContentRow, ContentRow.sha256 == PageRow.image_sha256)
        .where(PageRow.document_id == document_id, PageRow.retired_at.is_(None))
        .order_by(PageRow.number)
    )
    return [(page, name, state) for page, name, state in session.execute(query)]


def _load_earlier(session: Session, document_id: str) -> tuple[EarlierPage, ...]:
    query = (
        select(PageRow.id, PageRow.number, UploadRow.name, PageRow.retired_at)
        .join(UploadRow, UploadRow.id == PageRow.upload_id)
        .where(PageRow.document_id == document_id, PageRow.retired_at.is_not(None))
        .order_by(PageRow.retired_at.desc(), PageRow.number)
    )
    rows = session.execute(query)
    return tuple(EarlierPage(page_id, number, name, at) for page_id, number, name, at in rows if at is not None)


def _see_page(page: PageRow, file_name: str, state: str, names: dict[str, str]) -> PageSeen:
    return PageSeen(
        id=page.id,
        number=page.number,
        width_px=page.width_px,
        height_px=page.height_px,
        dpi=page.dpi,
        findings=tuple((each["finding"], each["value"]) for each in page.findings),
        overridden_by=names.get(page.overridden_by or "", ""),
        overridden_at=page.overridden_at,
        override_note=page.override_note,
        file_name=file_name,
        damaged=state != "good",
    )


def _see_act(row: DocumentActRow, names: dict[str, str]) -> ActSeen:
    return ActSeen(
        act=DocumentAct(row.act),
        person=names.get(row.person_id, ""),
        acting_for=names.get(row.acting_for or "", ""),
        at=row.at,
        reason=row.reason or "",
        note=row.note,
        voided=row.voided,
    )
