"""Ledger of printed labels: a second label of the same code carries the next copy number."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String, UniqueConstraint, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from central.domain.labels import LabelState, settles
from central.store.base import CODE_LENGTH, ID_LENGTH, Base, Instant
from central.store.boxes import BoxRow


class LabelRow(Base):
    __tablename__ = "labels"
    __table_args__ = (UniqueConstraint("code", "copy_no"),)

    id: Mapped[str] = mapped_column(String(ID_LENGTH), primary_key=True)
    room_id: Mapped[str] = mapped_column(ForeignKey("rooms.id"))
    box_id: Mapped[str] = mapped_column(ForeignKey("boxes.id"), index=True)
    code: Mapped[str] = mapped_column(String(CODE_LENGTH))
    copy_no: Mapped[int]
    #: A LabelState: sent is not done.
    state: Mapped[str] = mapped_column(String(16))
    state_at: Mapped[datetime] = mapped_column(Instant)
    detail: Mapped[str | None] = mapped_column(String(200))
    issued_by: Mapped[str] = mapped_column(ForeignKey("people.id"))
    issued_at: Mapped[datetime] = mapped_column(Instant)


def next_copy_no(session: Session, code: str) -> int:
    """Return the number of the next label of this code, 1 for the first; its box stays locked until the commit."""
    session.execute(select(BoxRow.id).where(BoxRow.code == code).with_for_update())
    return (session.scalar(select(func.max(LabelRow.copy_no)).where(LabelRow.code == code)) or 0) + 1


def settle_label(session: Session, code: str, copy_no: int, state: LabelState, at: datetime) -> bool:
    """Record how the printing of one label ended; False when the ledger knows no such label or knows better."""
    row = session.scalar(select(LabelRow).where(LabelRow.code == code, LabelRow.copy_no == copy_no))
    if row is None or not settles(LabelState(row.state), state):
        return False
    row.state, row.state_at = state.value, at
    return True
