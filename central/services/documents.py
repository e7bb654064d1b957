"""What people do to one document on its way from due to accepted; task states and step gates follow at once."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from central.domain.audit import AuditAct, AuditEntry
from central.domain.documents import DocumentAct, DocumentState, ReturnReason, find_next
from central.domain.people import Actor
from central.domain.permissions import Action
from central.domain.refusals import NotFound, Reason, Refusal
from central.store.audit import add_audit
from central.store.document_acts import HeldDocument, add_act, check_act, follow_acts, hold_document
from central.store.documents import PageRow
from central.store.paper_moves import take_for_acceptance

AUDITED = {
    DocumentAct.SELF_CHECK: AuditAct.DOCUMENT_SELF_CHECKED,
    DocumentAct.PASS_REVIEW: AuditAct.DOCUMENT_REVIEWED,
    DocumentAct.RETURN: AuditAct.DOCUMENT_RETURNED,
    DocumentAct.ACCEPT: AuditAct.DOCUMENT_ACCEPTED,
}
#: From which gate a return comes: the state shows who has the document before them.
RETURNS = {DocumentState.SENT: Action.REVIEW_DOCUMENT, DocumentState.REVIEWED: Action.ACCEPT_DOCUMENT}


@dataclass(frozen=True, slots=True)
class ReturnDocument:
    """Sending a document back, from review or from acceptance, with a reason code and words."""

    document_id: str
    gate: Action
    reason: ReturnReason | None
    note: str = ""


@dataclass(frozen=True, slots=True)
class OverrideFinding:
    """A person looked at a page and says why it may stay."""

    document_id: str
    page_id: str
    note: str


@dataclass(frozen=True, slots=True)
class _Deed:
    act: DocumentAct
    reason: ReturnReason | None = None
    note: str = ""
    after: dict[str, str] = field(default_factory=dict)


def self_check_document(session: Session, actor: Actor, document_id: str, now: datetime) -> None:
    """Pass gate 1: the handler looked through the pages. A finding that nobody overrode keeps it shut."""
    held = hold_document(session, actor, Action.ADD_DOCUMENT, document_id)
    check_act(session, actor, held, DocumentAct.SELF_CHECK)
    pages = session.scalars(
        select(PageRow).where(PageRow.document_id == document_id, PageRow.retired_at.is_(None)).order_by(PageRow.number)
    )
    unclear = [page.number for page in pages if page.findings and page.overridden_at is None]
    if unclear:
        raise Refusal(Reason.FINDINGS_OPEN, details=tuple(f"page {number}" for number in unclear))
    if held.row.is_copy and held.row.copy_verified_by is None:
        raise Refusal(Reason.COPY_UNVERIFIED)
    _do(session, actor, held, _Deed(DocumentAct.SELF_CHECK), now)


def pass_review(session: Session, actor: Actor, document_id: str, now: datetime) -> None:
    """Pass gate 2: the collector found the document right and whole."""
    held = hold_document(session, actor, Action.REVIEW_DOCUMENT, document_id)
    _do(session, actor, held, _Deed(DocumentAct.PASS_REVIEW), now)
    held.row.reviewed_at = now
    session.flush()


def return_document(session: Session, actor: Actor, command: ReturnDocument, now: datetime) -> None:
    """Send a document back to its handler; who returns it passes no gate."""
    held = hold_document(session, actor, command.gate, command.document_id)
    if RETURNS.get(DocumentState(held.row.state)) is not command.gate:
        raise Refusal(Reason.DOCUMENT_STATE)
    if command.reason is ReturnReason.OTHER and not command.note:
        raise Refusal(Reason.INVALID, details=("note",))
    held.row.sent_at = held.row.reviewed_at = None
    _do(session, actor, held, _Deed(DocumentAct.RETURN, command.reason, command.note), now)


def accept_document(session: Session, actor: Actor, document_id: str, now: datetime) -> None:
    """Pass gate 3: the archivist compared picture and paper, and so has the paper in hand."""
    held = hold_document(session, actor, Action.ACCEPT_DOCUMENT, document_id)
    _do(session, actor, held, _Deed(DocumentAct.ACCEPT), now)
    held.row.accepted_at = now
    take_for_acceptance(session, actor, held, now)
    session.flush()


def override_finding(session: Session, actor: Actor, command: OverrideFinding, now: datetime) -> None:
    """Record why a page may stay though the checks found something; only before the handler's own check."""
    held = hold_document(session, actor, Action.ADD_DOCUMENT, command.document_id)
    if held.row.state != DocumentState.SCANNED.value:
        raise Refusal(Reason.DOCUMENT_STATE)
    if not command.note.strip():
        raise Refusal(Reason.INVALID, details=("note",))
    page = session.get(PageRow, command.page_id, populate_existing=True)
    if page is None or page.document_id != held.row.id or page.retired_at is not None:
        raise NotFound
    if not page.findings or page.overridden_at is not None:
        raise Refusal(Reason.DOCUMENT_STATE)
    changed = update(PageRow).where(PageRow.id == page.id)
    session.execute(
        changed.values(overridden_by=actor.person_id, overridden_at=now, override_note=command.note.strip())
    )
    after = {"page": page.number, "findings": [each["finding"] for each in page.findings]}
    entry = AuditEntry(
        AuditAct.FINDING_OVERRIDDEN,
        "document",
        held.row.id,
        held.name,
        command.note.strip(),
        after=after,
        acting_for=held.acting_for,
    )
    add_audit(session, actor, entry, now)


def _do(session: Session, actor: Actor, held: HeldDocument, deed: _Deed, now: datetime) -> None:
    check_act(session, actor, held, deed.act, deed.reason)
    before = held.row.state
    following = find_next(DocumentState(before), deed.act)
    assert following is not None, "judged above"
    held.row.state = following.value
    add_act(session, actor, held, deed.act, now, reason=deed.reason, note=deed.note)
    after = {"state": following.value} | ({"reason": deed.reason.value} if deed.reason is not None else {})
    entry = AuditEntry(
        AUDITED[deed.act],
        "document",
        held.row.id,
        held.name,
        deed.note,
        before={"state": before},
        after=after,
        acting_for=held.acting_for,
    )
    add_audit(session, actor, entry, now)
    follow_acts(session, held.case, now)
