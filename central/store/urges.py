"""Urges, messages to people, and their way out by each channel."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from central.store.base import ID_LENGTH, Base, Document, Instant


class UrgeRow(Base):
    """One occurrence of urging or of a band entered: its key makes a second sweep add nothing."""

    __tablename__ = "urges"
    __table_args__ = (
        UniqueConstraint("subject_kind", "subject_id", "kind", "level", "occurrence"),
        Index(None, "told_at", "id"),
    )

    id: Mapped[str] = mapped_column(String(ID_LENGTH), primary_key=True)
    #: task, step, document or contract.
    subject_kind: Mapped[str] = mapped_column(String(12))
    subject_id: Mapped[str] = mapped_column(String(ID_LENGTH))
    kind: Mapped[str] = mapped_column(String(20))
    level: Mapped[str] = mapped_column(String(16))
    occurrence: Mapped[int]
    due_at: Mapped[datetime] = mapped_column(Instant)
    made_at: Mapped[datetime] = mapped_column(Instant)
    #: Its messages are made; until then it waits for them.
    told_at: Mapped[datetime | None] = mapped_column(Instant)
    #: What was asked for is done.
    answered_at: Mapped[datetime | None] = mapped_column(Instant)


class MessageRow(Base):
    """A message to one person. Words are made from kind and facts in the reader's language."""

    __tablename__ = "messages"
    __table_args__ = (UniqueConstraint("urge_id", "person_id"), Index(None, "person_id", "made_at"))

    id: Mapped[str] = mapped_column(String(ID_LENGTH), primary_key=True)
    person_id: Mapped[str] = mapped_column(ForeignKey("people.id"))
    urge_id: Mapped[str | None] = mapped_column(ForeignKey("urges.id"))
    kind: Mapped[str] = mapped_column(String(20))
    facts: Mapped[dict[str, Any]] = mapped_column(Document)
    href: Mapped[str] = mapped_column(String(200), default="")
    made_at: Mapped[datetime] = mapped_column(Instant)
    read_at: Mapped[datetime | None] = mapped_column(Instant)


class DeliveryRow(Base):
    """One message's way out by one channel: claimed, leased, retried, dead ones visible."""

    __tablename__ = "deliveries"
    __table_args__ = (UniqueConstraint("message_id", "channel"), Index(None, "state", "next_try_at"))

    id: Mapped[str] = mapped_column(String(ID_LENGTH), primary_key=True)
    message_id: Mapped[str] = mapped_column(ForeignKey("messages.id"))
    #: mail, webhook, wecom, dingtalk or feishu.
    channel: Mapped[str] = mapped_column(String(12))
    #: queued, sent or dead.
    state: Mapped[str] = mapped_column(String(8))
    attempts: Mapped[int] = mapped_column(default=0)
    next_try_at: Mapped[datetime] = mapped_column(Instant)
    leased_until: Mapped[datetime | None] = mapped_column(Instant)
    leased_by: Mapped[str | None] = mapped_column(String(ID_LENGTH))
    sent_at: Mapped[datetime | None] = mapped_column(Instant)
    last_error: Mapped[str | None] = mapped_column(String(300))


class ChannelRow(Base):
    """What a person wants to hear by a channel, and where. Secrets of channels stand in files, not here."""

    __tablename__ = "channels"

    person_id: Mapped[str] = mapped_column(ForeignKey("people.id"), primary_key=True)
    channel: Mapped[str] = mapped_column(String(12), primary_key=True)
    address: Mapped[str] = mapped_column(String(200), default="")
    kinds: Mapped[list[Any]] = mapped_column(Document, default=list)
    #: Everything of a day in one message instead of each at once.
    digest: Mapped[bool] = mapped_column(default=False)
    active: Mapped[bool] = mapped_column(default=True)
    changed_at: Mapped[datetime] = mapped_column(Instant)
