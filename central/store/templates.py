"""Templates as versions: what a case began with stays readable for ever."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, String, UniqueConstraint, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from central.domain.templates import Template, parse_template
from central.store.base import ID_LENGTH, Base, Document, Instant


class TemplateRow(Base):
    """One version of one kind of business."""

    __tablename__ = "templates"
    __table_args__ = (UniqueConstraint("business", "version"),)

    id: Mapped[str] = mapped_column(String(ID_LENGTH), primary_key=True)
    business: Mapped[str] = mapped_column(String(24))
    version: Mapped[int]
    name: Mapped[str] = mapped_column(String(60))
    name_en: Mapped[str] = mapped_column(String(60))
    body: Mapped[dict[str, Any]] = mapped_column(Document)
    #: draft, approved or withdrawn; an approved version is in force from its day until a later one is.
    state: Mapped[str] = mapped_column(String(12))
    effective_from: Mapped[date | None]
    created_at: Mapped[datetime] = mapped_column(Instant)
    created_by: Mapped[str | None] = mapped_column(ForeignKey("people.id"))
    approved_at: Mapped[datetime | None] = mapped_column(Instant)
    approval_id: Mapped[str | None] = mapped_column(String(ID_LENGTH))

    def to_template(self) -> Template:
        """Return the template as the domain knows it."""
        return parse_template(self.body)


def find_in_force(session: Session, business: str, day: date) -> TemplateRow | None:
    """Return the version of a kind of business that is in force on a day."""
    query = select(TemplateRow).where(
        TemplateRow.business == business, TemplateRow.state == "approved", TemplateRow.effective_from <= day
    )
    return session.scalar(query.order_by(TemplateRow.effective_from.desc(), TemplateRow.version.desc()).limit(1))


def next_version(session: Session, business: str) -> int:
    """Return the number of the next version, 1 for the first."""
    return (session.scalar(select(func.max(TemplateRow.version)).where(TemplateRow.business == business)) or 0) + 1


def read_version(session: Session, template_id: str) -> Template:
    """Return a version of a template; versions that were approved never change, so each is read once."""
    found = _VERSIONS.get(template_id)
    if found is None:
        row = session.get_one(TemplateRow, template_id)
        found = row.to_template()
        if row.state == "approved":
            _VERSIONS[template_id] = found
    return found


def read_versions(session: Session, template_ids: Iterable[str | None]) -> dict[str | None, Template]:
    """Return versions of templates by id."""
    return {each: read_version(session, each) for each in set(template_ids) if each is not None}


_VERSIONS: dict[str, Template] = {}
