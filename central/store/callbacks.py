"""Callbacks to the marketing system: rows written with what they tell, sent afterwards, in order per subject."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from central.store.base import ID_LENGTH, Base, Document, Instant


class CallbackRow(Base):
    """One signed message to the marketing system; its id is the event id there, so a repeat is harmless."""

    __tablename__ = "callbacks"
    __table_args__ = (UniqueConstraint("subject", "sequence"), Index(None, "state", "next_try_at"))

    id: Mapped[str] = mapped_column(String(ID_LENGTH), primary_key=True)
    type: Mapped[str] = mapped_column(String(60))
    #: What it speaks of, e.g. a step of a case; newer callbacks of a subject wait for the older ones.
    subject: Mapped[str] = mapped_column(String(100))
    sequence: Mapped[int]
    body: Mapped[dict[str, Any]] = mapped_column(Document)
    occurred_at: Mapped[datetime] = mapped_column(Instant)
    #: queued, sent or dead.
    state: Mapped[str] = mapped_column(String(8))
    attempts: Mapped[int] = mapped_column(default=0)
    next_try_at: Mapped[datetime] = mapped_column(Instant)
    leased_until: Mapped[datetime | None] = mapped_column(Instant)
    leased_by: Mapped[str | None] = mapped_column(String(ID_LENGTH))
    sent_at: Mapped[datetime | None] = mapped_column(Instant)
    last_error: Mapped[str | None] = mapped_column(String(300))
