"""What waits for a second person: the list, the decision, taking one's own question back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from central.domain.approvals import (
    DECIDES,
    ApprovalAct,
    ApprovalFault,
    ApprovalState,
    find_deciding_scope,
    judge_decision,
    read_state,
)
from central.domain.audit import AuditAct, AuditEntry
from central.domain.paging import LONGEST_PAGE, Page, walk_pages
from central.domain.people import Actor
from central.domain.permissions import allows
from central.domain.refusals import NotFound, Reason, Refusal
from central.store.approvals import APPROVAL_ORDERS, ApprovalRow, load_open_approvals, select_own_approvals
from central.store.audit import add_audit
from central.store.keyset import find_order, read_page
from central.store.people import load_names

FAULTS = {
    ApprovalFault.SAME_PERSON: Reason.SAME_PERSON,
    ApprovalFault.NOT_OPEN: Reason.NOT_OPEN,
    ApprovalFault.EXPIRED: Reason.NOT_OPEN,
}


@dataclass(frozen=True, slots=True)
class ApprovalSeen:
    """An act that waits, or what became of it."""

    id: str
    act: ApprovalAct
    subject_id: str
    subject_name: str
    payload: dict[str, Any]
    why: str
    asked_by: str
    asked_by_name: str
    asked_at: datetime
    expires_at: datetime
    state: ApprovalState
    decided_by_name: str | None
    decided_at: datetime | None
    decision_why: str


@dataclass(frozen=True, slots=True)
class SearchOwn:
    """What somebody asked for or decided, in one state or in any."""

    state: ApprovalState | None = None
    sort: str = "asked"
    after: str | None = None
    limit: int = 50


@dataclass(frozen=True, slots=True)
class DecideApproval:
    """A decision, and why; a refusal needs a reason."""

    approval_id: str
    approve: bool
    why: str = ""


def list_waiting(session: Session, actor: Actor, now: datetime) -> tuple[ApprovalSeen, ...]:
    """Return what the actor may decide now."""
    return _see(session, _load_decidable(session, actor, now), now)


def list_own(session: Session, actor: Actor, search: SearchOwn, now: datetime) -> Page[ApprovalSeen]:
    """Return what the actor asked for or decided, the newest first unless sorted."""
    query = select_own_approvals(actor.person_id, search.state, now)
    order = find_order(APPROVAL_ORDERS, search.sort)
    rows, next_after = read_page(session, query, order, search.after, search.limit)
    return Page(_see(session, [row[0] for row in rows], now), next_after)


def export_own(session: Session, actor: Actor, search: SearchOwn, now: datetime) -> Iterator[ApprovalSeen]:
    """Yield all that the actor asked for or decided."""
    return walk_pages(lambda after: list_own(session, actor, replace(search, after=after, limit=LONGEST_PAGE), now))


def find_own(session: Session, actor: Actor, approval_id: str, now: datetime) -> ApprovalSeen | None:
    """Return one approval that the actor asked for or decided."""
    row = session.scalar(select_own_approvals(actor.person_id, None, now).where(ApprovalRow.id == approval_id))
    return _see(session, [row], now)[0] if row is not None else None


def decide_approval(session: Session, actor: Actor, command: DecideApproval, now: datetime) -> None:
    """Approve or refuse; never what one asked for oneself."""
    row = session.get(ApprovalRow, command.approval_id, with_for_update=True)
    if row is None:
        raise NotFound
    approval = row.to_approval()
    fault = judge_decision(approval, actor.person_id, now)
    if fault is ApprovalFault.SAME_PERSON:
        raise Refusal(Reason.SAME_PERSON)
    if not find_deciding_scope(actor, approval).covers_case(approval.unit_id):
        raise NotFound
    if fault is not None:
        raise Refusal(FAULTS[fault])
    state = ApprovalState.APPROVED if command.approve else ApprovalState.REFUSED
    row.state, row.decided_by, row.decided_at, row.decision_why = state.value, actor.person_id, now, command.why
    after = {"state": state.value, "digest": row.payload_digest}
    entry = AuditEntry(AuditAct.APPROVAL_DECIDED, "approval", row.id, row.subject_name, command.why, after=after)
    add_audit(session, actor, entry, now)


def withdraw_approval(session: Session, actor: Actor, approval_id: str, now: datetime) -> None:
    """Take back what one asked for, as long as nobody has decided."""
    row = session.get(ApprovalRow, approval_id, with_for_update=True)
    if row is None or row.asked_by != actor.person_id:
        raise NotFound
    if read_state(ApprovalState(row.state), row.expires_at, now) is not ApprovalState.ASKED:
        raise Refusal(Reason.NOT_OPEN)
    row.state = ApprovalState.WITHDRAWN.value
    add_audit(session, actor, AuditEntry(AuditAct.APPROVAL_WITHDRAWN, "approval", row.id, row.subject_name), now)


def _load_decidable(session: Session, actor: Actor, now: datetime) -> list[ApprovalRow]:
    acts = [act for act, action in DECIDES.items() if allows(actor, action)]
    if not acts:
        return []
    found = []
    for row in load_open_approvals(session, acts, now):
        approval = row.to_approval()
        if judge_decision(approval, actor.person_id, now) is None:
            scope = find_deciding_scope(actor, approval)
            if scope.covers_case(approval.unit_id):
                found.append(row)
    return found


def _see(session: Session, rows: list[ApprovalRow], now: datetime) -> tuple[ApprovalSeen, ...]:
    names = load_names(session, [each for row in rows for each in (row.asked_by, row.decided_by)])
    return tuple(
        ApprovalSeen(
            id=row.id,
            act=ApprovalAct(row.act),
            subject_id=row.subject_id,
            subject_name=row.subject_name,
            payload=row.payload,
            why=row.why,
            asked_by=row.asked_by,
            asked_by_name=names[row.asked_by],
            asked_at=row.asked_at,
            expires_at=row.expires_at,
            state=read_state(ApprovalState(row.state), row.expires_at, now),
            decided_by_name=names.get(row.decided_by) if row.decided_by is not None else None,
            decided_at=row.decided_at,
            decision_why=row.decision_why,
        )
        for row in rows
    )
