"""Cases: the news as it came, and what folds from it. Dates of steps are a cache that a test rebuilds and compares."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from central.domain.cases import CaseEvent, CaseEventKind
from central.store.base import ID_LENGTH, Base, Document, Instant
from central.store.customers import NUMBER_LENGTH

SOURCE_LENGTH = 100
EVENT_ID_LENGTH = 80
STEP_LENGTH = 24


class MarketingEventRow(Base):
    """One CloudEvent of the marketing system, as it came: the same (source, event id) again is the same event."""

    __tablename__ = "marketing_events"
    __table_args__ = (UniqueConstraint("source", "event_id"),)

    id: Mapped[str] = mapped_column(String(ID_LENGTH), primary_key=True)
    source: Mapped[str] = mapped_column(String(SOURCE_LENGTH))
    event_id: Mapped[str] = mapped_column(String(EVENT_ID_LENGTH))
    type: Mapped[str] = mapped_column(String(60), index=True)
    subject: Mapped[str] = mapped_column(String(80), index=True)
    occurred_at: Mapped[datetime] = mapped_column(Instant)
    received_at: Mapped[datetime] = mapped_column(Instant, index=True)
    key_id: Mapped[str] = mapped_column(String(40))
    digest: Mapped[str] = mapped_column(String(64))
    body: Mapped[dict[str, Any]] = mapped_column(Document)
    #: taken, or waiting for a thing it speaks of.
    state: Mapped[str] = mapped_column(String(12))


class CaseRow(Base):
    """A case 业务工单. `template_id` is the version it began with; empty while nobody told of its opening."""

    __tablename__ = "cases"
    __table_args__ = (Index(None, "unit_id", "opened_at"), Index(None, "handler_id", "opened_at"))

    id: Mapped[str] = mapped_column(String(ID_LENGTH), primary_key=True)
    case_no: Mapped[str] = mapped_column(String(NUMBER_LENGTH), unique=True)
    business: Mapped[str] = mapped_column(String(24), default="")
    template_id: Mapped[str | None] = mapped_column(ForeignKey("templates.id"))
    limit_pack: Mapped[str] = mapped_column(String(1), default="")
    title: Mapped[str] = mapped_column(String(200), default="")
    attributes: Mapped[dict[str, Any]] = mapped_column(Document, default=dict)
    unit_id: Mapped[str | None] = mapped_column(ForeignKey("units.id"))
    handler_id: Mapped[str | None] = mapped_column(ForeignKey("people.id"))
    opened_at: Mapped[datetime | None] = mapped_column(Instant)
    closed_at: Mapped[datetime | None] = mapped_column(Instant)
    paused: Mapped[bool] = mapped_column(default=False)
    #: Events that contradict the rest: [[event id, reason], ...].
    odd: Mapped[list[Any]] = mapped_column(Document, default=list)
    created_at: Mapped[datetime] = mapped_column(Instant)
    folded_at: Mapped[datetime] = mapped_column(Instant)


class CaseCustomerRow(Base):
    """A customer of a case, in the order told; the first one's dossier holds the paper, the others cite it."""

    __tablename__ = "case_customers"

    case_id: Mapped[str] = mapped_column(ForeignKey("cases.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    customer_no: Mapped[str] = mapped_column(String(NUMBER_LENGTH), index=True)


class CaseEventRow(Base):
    """One piece of news of a case, only ever added."""

    __tablename__ = "case_events"
    __table_args__ = (UniqueConstraint("case_id", "event_id"),)

    id: Mapped[str] = mapped_column(String(ID_LENGTH), primary_key=True)
    case_id: Mapped[str] = mapped_column(ForeignKey("cases.id"))
    #: Source and id of the CloudEvent, since ids are a source's own.
    event_id: Mapped[str] = mapped_column(String(SOURCE_LENGTH + 1 + EVENT_ID_LENGTH))
    kind: Mapped[str] = mapped_column(String(20))
    occurred_at: Mapped[datetime] = mapped_column(Instant)
    received_at: Mapped[datetime] = mapped_column(Instant)
    facts: Mapped[dict[str, Any]] = mapped_column(Document)
    corrects: Mapped[str | None] = mapped_column(String(SOURCE_LENGTH + 1 + EVENT_ID_LENGTH))


class StepRow(Base):
    """A step of a case with its time limit. Dates: a cache of `domain.clocks`, written with the intervals."""

    __tablename__ = "steps"
    __table_args__ = (UniqueConstraint("case_id", "code"), Index(None, "next_check_at"))

    id: Mapped[str] = mapped_column(String(ID_LENGTH), primary_key=True)
    case_id: Mapped[str] = mapped_column(ForeignKey("cases.id"))
    code: Mapped[str] = mapped_column(String(STEP_LENGTH))
    position: Mapped[int]
    unit_id: Mapped[str | None] = mapped_column(ForeignKey("units.id"), index=True)
    handler_id: Mapped[str | None] = mapped_column(ForeignKey("people.id"), index=True)
    started_at: Mapped[datetime] = mapped_column(Instant)
    completed_at: Mapped[datetime | None] = mapped_column(Instant)
    due_at: Mapped[datetime | None] = mapped_column(Instant)
    warn_at: Mapped[datetime | None] = mapped_column(Instant)
    next_check_at: Mapped[datetime | None] = mapped_column(Instant)
    provisional: Mapped[bool] = mapped_column(default=False)
    calendar_revision: Mapped[int] = mapped_column(default=0)
    assessed: Mapped[bool] = mapped_column(default=False)
    #: normal, warning or overdue, as of the last sweep or change.
    band: Mapped[str] = mapped_column(String(8), default="normal")
    #: What the step gate answered last, to tell when it changes: open, open_with_debt or closed.
    gate_state: Mapped[str] = mapped_column(String(16), default="closed")
    gate_changed_at: Mapped[datetime | None] = mapped_column(Instant)


def load_case_events(session: Session, case_id: str) -> list[CaseEvent]:
    """Return all news of a case, in no particular order."""
    rows = session.scalars(select(CaseEventRow).where(CaseEventRow.case_id == case_id))
    return [CaseEvent(row.event_id, CaseEventKind(row.kind), row.occurred_at, row.facts, row.corrects) for row in rows]
