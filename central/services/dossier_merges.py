"""Merging true duplicates: asked by one, approved by another, done once, taken back whole (P1)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from central.domain.approvals import ApprovalAct, ApprovalState, read_state
from central.domain.audit import AuditAct, AuditEntry
from central.domain.dossiers import MergeChange, plan_merge, plan_undo, read_change
from central.domain.people import Actor
from central.domain.permissions import Action, find_acting_for, find_scope
from central.domain.refusals import NotFound, Reason, Refusal
from central.store import dossiers as store
from central.store.approvals import ApprovalRow, ask_approval, take_approval
from central.store.audit import add_audit
from central.store.case_filing import refile_case
from central.store.cases import CaseCustomerRow
from central.store.customers import MERGED, OPEN, DossierMergeRow, DossierRow
from central.store.ids import new_id
from central.store.people import load_names

LIST_LIMIT = 200


@dataclass(frozen=True, slots=True)
class AskMerge:
    """Which dossier goes into the one of which customer number, and why they are one customer's."""

    from_id: str
    into_no: str
    why: str


@dataclass(frozen=True, slots=True)
class MergeAsked:
    """A merging that was asked for: waiting, approved and to be done, or neither."""

    approval_id: str
    from_no: str
    into_no: str
    from_name: str
    into_name: str
    why: str
    state: ApprovalState
    asked_by_name: str
    asked_at: datetime


@dataclass(frozen=True, slots=True)
class MergeSeen:
    """A merging that was done."""

    id: str
    from_id: str
    into_id: str
    from_no: str
    from_name: str
    into_no: str
    merged_at: datetime
    merged_by_name: str
    undone_at: datetime | None
    undone_by_name: str | None


def ask_merge(session: Session, actor: Actor, command: AskMerge, now: datetime) -> str:
    """Put a merging before a second person; return the approval's id."""
    scope = find_scope(actor, Action.MERGE_DOSSIERS)
    source = store.find_dossier(session, scope, command.from_id)
    target = store.find_dossier_by_number(session, scope, command.into_no)
    if source is None or target is None or not _covers(actor, source) or not _covers(actor, target):
        raise NotFound
    if source.id == target.id:
        raise Refusal(Reason.NOT_MERGEABLE, details=("same",))
    _check_open(source.state, target.state)
    payload = {
        "from_id": source.id,
        "from_no": source.customer_no,
        "from_name": source.name,
        "into_id": target.id,
        "into_no": target.customer_no,
        "into_name": target.name,
    }
    return ask_approval(
        session,
        actor,
        ApprovalAct.MERGE_DOSSIERS,
        subject=(source.id, f"{source.customer_no} → {target.customer_no}"),
        payload=payload,
        now=now,
        why=command.why,
        unit_id=source.unit_id,
        acting_for=find_acting_for(actor, Action.MERGE_DOSSIERS, unit_id=source.unit_id),
    )


def merge_dossiers(session: Session, actor: Actor, approval_id: str, now: datetime) -> str:
    """Do what was approved: everything in the one dossier goes into the other. Return the merging's id."""
    approval = session.get(ApprovalRow, approval_id)
    if approval is None or approval.act != ApprovalAct.MERGE_DOSSIERS.value:
        raise NotFound
    payload: dict[str, Any] = approval.payload
    from_id, into_id = str(payload["from_id"]), str(payload["into_id"])
    rows = store.hold_dossiers(session, (from_id, into_id))
    if any(not _covers(actor, row) for row in rows.values()) or len(rows) < 2:
        raise NotFound
    source, target = rows[from_id], rows[into_id]
    _check_open(source.state, target.state)
    take_approval(
        session,
        actor,
        approval_id,
        act=ApprovalAct.MERGE_DOSSIERS,
        subject_id=from_id,
        payload=payload,
        now=now,
    )
    change = plan_merge(store.load_papers(session, from_id), store.load_papers(session, into_id))
    store.drop_citations(session, from_id, [*change.moved, *change.dropped_from])
    store.drop_citations(session, into_id, change.dropped_into)
    store.add_citations(session, into_id, dict(change.moved))
    store.move_documents(session, change.documents, into_id)
    source.state, source.merged_into = MERGED, into_id
    row = DossierMergeRow(
        id=new_id(),
        from_id=from_id,
        into_id=into_id,
        approval_id=approval_id,
        changed=change.to_body(),
        merged_at=now,
        merged_by=actor.person_id,
    )
    session.add(row)
    _note(session, actor, AuditAct.DOSSIERS_MERGED, row, approval.subject_name, why=approval.why, now=now)
    return row.id


def undo_merge(session: Session, actor: Actor, merge_id: str, why: str, now: datetime) -> None:
    """Take a merging back: each paper goes where it came from, also those that arrived since."""
    row = session.get(DossierMergeRow, merge_id, with_for_update=True)
    if row is None:
        raise NotFound
    rows = store.hold_dossiers(session, (row.from_id, row.into_id))
    source, target = rows[row.from_id], rows[row.into_id]
    if not _covers(actor, source) or not _covers(actor, target):
        raise NotFound
    if row.undone_at is not None:
        raise Refusal(Reason.NOT_MERGEABLE, details=("undone",))
    if target.state != OPEN:
        raise Refusal(Reason.NOT_MERGEABLE, details=("merged_on",))
    kept = read_change(row.changed)
    change = plan_undo(kept, store.load_papers(session, source.id), store.load_papers(session, target.id))
    store.move_documents(session, change.documents, source.id)
    store.drop_citations(session, target.id, change.moved)
    store.add_citations(session, source.id, {**change.moved, **change.dropped_from})
    store.add_citations(session, target.id, dict(change.dropped_into))
    source.state, source.merged_into = OPEN, None
    row.undone_at, row.undone_by = now, actor.person_id
    session.flush()
    _file_what_came_since(session, source, kept, now)
    _note(session, actor, AuditAct.MERGE_UNDONE, row, f"{source.dossier_no} ← {target.dossier_no}", why=why, now=now)


def list_merges(session: Session, actor: Actor) -> tuple[MergeSeen, ...]:
    """Return the mergings in the actor's reach, the newest first."""
    lines = store.load_merges(session, find_scope(actor, Action.MERGE_DOSSIERS), LIST_LIMIT)
    names = load_names(session, [each for line in lines for each in (line.merged_by, line.undone_by)])
    into = {
        row.id: row.dossier_no
        for row in session.scalars(select(DossierRow).where(DossierRow.id.in_([line.into_id for line in lines])))
    }
    return tuple(
        MergeSeen(
            id=line.id,
            from_id=line.from_id,
            into_id=line.into_id,
            from_no=line.from_no,
            from_name=line.from_name,
            into_no=into[line.into_id],
            merged_at=line.merged_at,
            merged_by_name=names[line.merged_by],
            undone_at=line.undone_at,
            undone_by_name=names.get(line.undone_by) if line.undone_by is not None else None,
        )
        for line in lines
    )


def list_asked(session: Session, actor: Actor, now: datetime) -> tuple[MergeAsked, ...]:
    """Return mergings that wait for a decision or, approved, to be done, in the actor's reach."""
    states = (ApprovalState.ASKED.value, ApprovalState.APPROVED.value)
    query = select(ApprovalRow).where(
        ApprovalRow.act == ApprovalAct.MERGE_DOSSIERS.value, ApprovalRow.state.in_(states), ApprovalRow.expires_at > now
    )
    scope = find_scope(actor, Action.MERGE_DOSSIERS)
    rows = [
        row
        for row in session.scalars(query.order_by(ApprovalRow.asked_at, ApprovalRow.id).limit(LIST_LIMIT))
        if scope.covers_case(row.unit_id)
    ]
    names = load_names(session, [row.asked_by for row in rows])
    return tuple(
        MergeAsked(
            approval_id=row.id,
            from_no=row.payload["from_no"],
            into_no=row.payload["into_no"],
            from_name=row.payload["from_name"],
            into_name=row.payload["into_name"],
            why=row.why,
            state=read_state(ApprovalState(row.state), row.expires_at, now),
            asked_by_name=names[row.asked_by],
            asked_at=row.asked_at,
        )
        for row in rows
    )


def _covers(actor: Actor, row: Any) -> bool:
    return find_scope(actor, Action.MERGE_DOSSIERS).covers_case(row.unit_id)


def _check_open(*states: str) -> None:
    if any(state != OPEN for state in states):
        raise Refusal(Reason.NOT_MERGEABLE, details=("merged",))


def _file_what_came_since(session: Session, source: DossierRow, kept: MergeChange, now: datetime) -> None:
    """File papers of the parted customers' cases that the merging itself did not move."""
    numbers = store.list_numbers_of(session, source.id)
    moved = {*kept.documents, *kept.moved, *kept.dropped_from, *kept.dropped_into}
    cases = select(CaseCustomerRow.case_id).where(CaseCustomerRow.customer_no.in_(numbers)).distinct()
    for case_id in session.scalars(cases.order_by(CaseCustomerRow.case_id)).all():
        refile_case(session, case_id, moved, now)


def _note(
    session: Session, actor: Actor, act: AuditAct, row: DossierMergeRow, name: str, *, why: str, now: datetime
) -> None:
    counts = {key: len(value) for key, value in row.changed.items()}
    after = {"from": row.from_id, "into": row.into_id, **counts}
    add_audit(session, actor, AuditEntry(act, "dossier", row.from_id, name, why, after=after), now)
