"""Versions of the rules of time: each kept for ever, since what began under it is counted by it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from central.domain.rules import DatedRules, RuleBook, parse_rules
from central.store.base import Base, Document, Instant


class RuleRow(Base):
    """One version, only ever added."""

    __tablename__ = "rule_versions"

    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    #: What begins from this moment on is counted by it.
    effective_at: Mapped[datetime] = mapped_column(Instant)
    body: Mapped[dict[str, Any]] = mapped_column(Document)
    why: Mapped[str] = mapped_column(String(400))
    created_at: Mapped[datetime] = mapped_column(Instant)
    created_by: Mapped[str | None] = mapped_column(ForeignKey("people.id"))


def list_rule_rows(session: Session) -> Sequence[RuleRow]:
    """Return every version in the order in which they come into force."""
    return session.scalars(select(RuleRow).order_by(RuleRow.effective_at, RuleRow.version)).all()


def load_rules(session: Session) -> RuleBook:
    """Return the rules of all times; a centre in which nobody has set any goes by those of a new one."""
    query = select(RuleRow.version, RuleRow.effective_at, RuleRow.body)
    rows = session.execute(query.order_by(RuleRow.effective_at, RuleRow.version))
    return RuleBook(tuple(DatedRules(version, effective_at, parse_rules(body)) for version, effective_at, body in rows))
