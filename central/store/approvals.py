"""Acts that wait for a second person. The rules stand in `central.domain.approvals`.

`ask_approval` and `take_approval` live here because use cases of several nouns need them in their own transaction.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ForeignKey, Index, Select, String, and_, or_, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from central.domain.approvals import LIFE, Approval, ApprovalAct, ApprovalState, digest_payload, judge_use
from central.domain.audit import AuditAct, AuditEntry
from central.domain.people import Actor
from central.domain.refusals import NotFound, Reason, Refusal
from central.store.audit import add_audit
from central.store.base import ID_LENGTH, Base, Document, Instant
from central.store.ids import new_id
from central.store.keyset import Order


class ApprovalRow(Base):
    __tablename__ = "approvals"
    __table_args__ = (Index(None, "state", "expires_at"), Index(None, "act", "subject_id"))

    id: Mapped[str] = mapped_column(String(ID_LENGTH), primary_key=True)
    act: Mapped[str] = mapped_column(String(24))
    subject_id: Mapped[str] = mapped_column(String(80))
    subject_name: Mapped[str] = mapped_column(String(200))
    #: The unit whose people may decide; none: those who may for the whole house.
    unit_id: Mapped[str | None] = mapped_column(ForeignKey("units.id"))
    payload: Mapped[dict[str, Any]] = mapped_column(Document)
    payload_digest: Mapped[str] = mapped_column(String(64))
    why: Mapped[str] = mapped_column(String(500))
    asked_by: Mapped[str] = mapped_column(ForeignKey("people.id"), index=True)
    asked_for: Mapped[str | None] = mapped_column(ForeignKey("people.id"))
    asked_at: Mapped[datetime] = mapped_column(Instant)
    expires_at: Mapped[datetime] = mapped_column(Instant)
    state: Mapped[str] = mapped_column(String(12))
    decided_by: Mapped[str | None] = mapped_column(ForeignKey("people.id"))
    decided_at: Mapped[datetime | None] = mapped_column(Instant)
    decision_why: Mapped[str] = mapped_column(String(500), default="")

    def to_approval(self) -> Approval:
        """Return what the rules need to know of it."""
        return Approval(
            act=ApprovalAct(self.act),
            subject_id=self.subject_id,
            payload_digest=self.payload_digest,
            asked_by=self.asked_by,
            expires_at=self.expires_at,
            state=ApprovalState(self.state),
            asked_for=self.asked_for,
            unit_id=self.unit_id,
        )


def ask_approval(
    session: Session,
    actor: Actor,
    act: ApprovalAct,
    *,
    subject: tuple[str, str],
    payload: Mapping[str, Any],
    now: datetime,
    why: str,
    unit_id: str | None = None,
    acting_for: str | None = None,
) -> str:
    """Put an act before a second person and return the approval's id; `subject` is (id, name).

    The caller has checked that the actor may ask. `payload` is exactly what will be done, as JSON.
    """
    row = ApprovalRow(
        id=new_id(),
        act=act.value,
        subject_id=subject[0],
        subject_name=subject[1],
        unit_id=unit_id,
        payload=dict(payload),
        payload_digest=digest_payload(payload),
        why=why,
        asked_by=actor.person_id,
        asked_for=acting_for,
        asked_at=now,
        expires_at=now + LIFE,
        state=ApprovalState.ASKED.value,
    )
    session.add(row)
    session.flush()
    after = {"act": act.value, "digest": row.payload_digest, "subject": subject[0]}
    entry = AuditEntry(AuditAct.APPROVAL_ASKED, "approval", row.id, subject[1], why, after=after, acting_for=acting_for)
    add_audit(session, actor, entry, now)
    return row.id


def take_approval(
    session: Session,
    actor: Actor,
    approval_id: str,
    *,
    act: ApprovalAct,
    subject_id: str,
    payload: Mapping[str, Any],
    now: datetime,
) -> ApprovalRow:
    """Use an approval for exactly this act, once; refuse when it doesn't carry it. In the transaction of the act."""
    row = session.get(ApprovalRow, approval_id, with_for_update=True)
    if row is None:
        raise NotFound
    fault = judge_use(row.to_approval(), act, subject_id, payload, now)
    if fault is not None:
        raise Refusal(Reason.NOT_APPROVED, details=(fault.value,))
    row.state = ApprovalState.USED.value
    add_audit(session, actor, AuditEntry(AuditAct.APPROVAL_USED, "approval", row.id, row.subject_name), now)
    return row


def load_open_approvals(session: Session, acts: Iterable[ApprovalAct], now: datetime) -> Sequence[ApprovalRow]:
    """Return what waits for a decision, the oldest first."""
    query = select(ApprovalRow).where(
        ApprovalRow.state == ApprovalState.ASKED.value,
        ApprovalRow.expires_at > now,
        ApprovalRow.act.in_([act.value for act in acts]),
    )
    return session.scalars(query.order_by(ApprovalRow.asked_at, ApprovalRow.id)).all()


_ID = ApprovalRow.id.expression
#: By what a list of approvals is sorted.
APPROVAL_ORDERS: Final = {
    "asked": Order(ApprovalRow.asked_at.expression, _ID, falling=True),
    "subject": Order(ApprovalRow.subject_name.expression, _ID),
}
_OPEN = (ApprovalState.ASKED.value, ApprovalState.APPROVED.value)


def select_own_approvals(person_id: str, state: ApprovalState | None, now: datetime) -> Select[ApprovalRow]:
    """Return the query of what a person asked for or decided, in one state as it counts now."""
    query = select(ApprovalRow).where((ApprovalRow.asked_by == person_id) | (ApprovalRow.decided_by == person_id))
    if state is ApprovalState.EXPIRED:
        passed = and_(ApprovalRow.state.in_(_OPEN), ApprovalRow.expires_at <= now)
        return query.where(or_(ApprovalRow.state == state.value, passed))
    if state is not None:
        query = query.where(ApprovalRow.state == state.value)
        if state.value in _OPEN:
            query = query.where(ApprovalRow.expires_at > now)
    return query
