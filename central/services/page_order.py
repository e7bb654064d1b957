"""Pages of a document before its review: put into another order, or taken out with a reason; nothing is deleted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from central.domain.audit import AuditAct, AuditEntry
from central.domain.documents import DocumentAct, DocumentState, find_next
from central.domain.people import Actor
from central.domain.permissions import Action
from central.domain.refusals import NotFound, Reason, Refusal
from central.store.audit import add_audit
from central.store.captures import number_pages, take_out_page
from central.store.document_acts import HeldDocument, add_act, check_act, follow_acts, hold_document
from central.store.documents import PageRow


@dataclass(frozen=True, slots=True)
class MovePage:
    """A page and the number it is to have."""

    document_id: str
    page_id: str
    number: int


@dataclass(frozen=True, slots=True)
class TakeOutPage:
    """A page that doesn't belong here, and why."""

    document_id: str
    page_id: str
    why: str


@dataclass(frozen=True, slots=True)
class _Change:
    """The number of a page before and after; none: it doesn't count any more."""

    before: int
    after: int | None
    why: str = ""


def move_page(session: Session, actor: Actor, command: MovePage, now: datetime) -> None:
    """Give a page another number; the others close up."""
    held = hold_document(session, actor, Action.ADD_DOCUMENT, command.document_id)
    check_act(session, actor, held, DocumentAct.ARRANGE)
    page = session.get(PageRow, command.page_id, populate_existing=True)
    if page is None or page.document_id != held.row.id or page.retired_at is not None:
        raise NotFound
    if not 1 <= command.number <= held.row.pages:
        raise Refusal(Reason.INVALID, details=("number",))
    before = page.number
    number_pages(session, held.row, [page.id], command.number)
    _finish(session, actor, held, _Change(before, command.number), now)


def take_out(session: Session, actor: Actor, command: TakeOutPage, now: datetime) -> None:
    """Take a page out of what counts; the last one stays, for a document without pages was never scanned."""
    held = hold_document(session, actor, Action.ADD_DOCUMENT, command.document_id)
    check_act(session, actor, held, DocumentAct.ARRANGE)
    if not command.why.strip():
        raise Refusal(Reason.INVALID, details=("why",))
    if held.row.pages < 2:
        raise Refusal(Reason.LAST_PAGE)
    page = take_out_page(session, held.row, command.page_id, now)
    _finish(session, actor, held, _Change(page.number, None, command.why.strip()), now)


def _finish(session: Session, actor: Actor, held: HeldDocument, change: _Change, now: datetime) -> None:
    following = find_next(DocumentState(held.row.state), DocumentAct.ARRANGE)
    assert following is not None, "judged before"
    entry = AuditEntry(
        AuditAct.PAGES_ARRANGED,
        "document",
        held.row.id,
        held.name,
        change.why,
        before={"state": held.row.state, "page": change.before},
        after={"state": following.value, "page": change.after},
        acting_for=held.acting_for,
    )
    held.row.state = following.value
    add_act(session, actor, held, DocumentAct.ARRANGE, now, note=change.why)
    add_audit(session, actor, entry, now)
    follow_acts(session, held.case, now)
