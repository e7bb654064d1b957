"""Ledger of printed labels: a second label of the same code carries the next copy number."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from central.store.base import CODE_LENGTH, ID_LENGTH, Base, Instant


class LabelRow(Base):
    __tablename__ = "labels"
    __table_args__ = (UniqueConstraint("code", "copy_no"),)

    id: Mapped[str] = mapped_column(String(ID_LENGTH), primary_key=True)
    room_id: Mapped[str] = mapped_column(ForeignKey("rooms.id"))
    box_id: Mapped[str] = mapped_column(ForeignKey("boxes.id"), index=True)
    code: Mapped[str] = mapped_column(String(CODE_LENGTH))
    copy_no: Mapped[int]
    #: queued, done, failed, unknown: sent is not done.
    state: Mapped[str] = mapped_column(String(16))
    state_at: Mapped[datetime] = mapped_column(Instant)
    issued_by: Mapped[str] = mapped_column(ForeignKey("people.id"))
    issued_at: Mapped[datetime] = mapped_column(Instant)
    command_id: Mapped[str | None] = mapped_column(String(ID_LENGTH), unique=True)
