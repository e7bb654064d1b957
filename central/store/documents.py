"""Tasks, the documents they ask for, their pages, and the bytes of the pages under their SHA-256."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from central.store.base import ID_LENGTH, Base, Document, Instant
from central.store.cases import STEP_LENGTH

SHA256_LENGTH = 64
LIKENESS_LENGTH = 64


class TaskRow(Base):
    """What one completed step asks of its handler (P5). Dates: a cache of `domain.clocks`."""

    __tablename__ = "tasks"
    __table_args__ = (
        UniqueConstraint("case_id", "step"),
        Index(None, "next_check_at"),
        Index(None, "handler_id", "state"),
        Index(None, "unit_id", "state"),
    )

    id: Mapped[str] = mapped_column(String(ID_LENGTH), primary_key=True)
    case_id: Mapped[str] = mapped_column(ForeignKey("cases.id"))
    step: Mapped[str] = mapped_column(String(STEP_LENGTH))
    unit_id: Mapped[str | None] = mapped_column(ForeignKey("units.id"))
    handler_id: Mapped[str | None] = mapped_column(ForeignKey("people.id"))
    #: to_add, to_send, sent, done or void.
    state: Mapped[str] = mapped_column(String(8))
    created_at: Mapped[datetime] = mapped_column(Instant)
    step_ended_at: Mapped[datetime] = mapped_column(Instant)
    due_at: Mapped[datetime | None] = mapped_column(Instant)
    warn_at: Mapped[datetime | None] = mapped_column(Instant)
    next_check_at: Mapped[datetime | None] = mapped_column(Instant)
    calendar_revision: Mapped[int] = mapped_column(default=0)
    band: Mapped[str] = mapped_column(String(8), default="normal")
    sent_at: Mapped[datetime | None] = mapped_column(Instant)
    done_at: Mapped[datetime | None] = mapped_column(Instant)


class DocumentRow(Base):
    """One document of one step of one case (counted in 件)."""

    __tablename__ = "documents"
    __table_args__ = (
        UniqueConstraint("case_id", "step", "code"),
        Index(None, "handler_id", "state"),
        Index(None, "unit_id", "state"),
        Index(None, "next_check_at"),
    )

    id: Mapped[str] = mapped_column(String(ID_LENGTH), primary_key=True)
    task_id: Mapped[str] = mapped_column(ForeignKey("tasks.id"), index=True)
    case_id: Mapped[str] = mapped_column(ForeignKey("cases.id"))
    step: Mapped[str] = mapped_column(String(STEP_LENGTH))
    code: Mapped[str] = mapped_column(String(24))
    name: Mapped[str] = mapped_column(String(60))
    name_en: Mapped[str] = mapped_column(String(60))
    medium: Mapped[str] = mapped_column(String(16))
    need: Mapped[str] = mapped_column(String(10))
    #: The review gate that the step gate demands.
    gate: Mapped[int]
    retention: Mapped[str] = mapped_column(String(10))
    copies: Mapped[int] = mapped_column(default=1)
    #: A DocumentState of the domain.
    state: Mapped[str] = mapped_column(String(16), default="due")
    #: The template asks for it no longer: kept with its pages, in nobody's way.
    voided_at: Mapped[datetime | None] = mapped_column(Instant)
    unit_id: Mapped[str | None] = mapped_column(ForeignKey("units.id"))
    handler_id: Mapped[str | None] = mapped_column(ForeignKey("people.id"))
    dossier_id: Mapped[str | None] = mapped_column(ForeignKey("dossiers.id"), index=True)
    paper_created_at: Mapped[datetime] = mapped_column(Instant)
    #: Nobody said when the paper came into being: the step's end stands for it (P2).
    created_assumed: Mapped[bool] = mapped_column(default=True)
    owed_until: Mapped[date | None]
    #: The paper itself (P17): original or copy, who verified the copy, how many pages it has.
    is_copy: Mapped[bool] = mapped_column(default=False)
    copy_verified_by: Mapped[str | None] = mapped_column(ForeignKey("people.id"))
    copy_verified_at: Mapped[datetime | None] = mapped_column(Instant)
    pages: Mapped[int] = mapped_column(default=0)
    captured_at: Mapped[datetime | None] = mapped_column(Instant)
    sent_at: Mapped[datetime | None] = mapped_column(Instant)
    reviewed_at: Mapped[datetime | None] = mapped_column(Instant)
    accepted_at: Mapped[datetime | None] = mapped_column(Instant)
    due_at: Mapped[datetime | None] = mapped_column(Instant)
    warn_at: Mapped[datetime | None] = mapped_column(Instant)
    next_check_at: Mapped[datetime | None] = mapped_column(Instant)
    band: Mapped[str] = mapped_column(String(8), default="normal")


class DocumentActRow(Base):
    """What was done to a document, only ever added. `voided`: a gate passed before a later capture or return."""

    __tablename__ = "document_acts"
    __table_args__ = (Index(None, "document_id", "at"),)

    id: Mapped[str] = mapped_column(String(ID_LENGTH), primary_key=True)
    document_id: Mapped[str] = mapped_column(ForeignKey("documents.id"))
    act: Mapped[str] = mapped_column(String(16))
    gate: Mapped[int | None]
    voided: Mapped[bool] = mapped_column(default=False)
    person_id: Mapped[str] = mapped_column(ForeignKey("people.id"))
    acting_for: Mapped[str | None] = mapped_column(ForeignKey("people.id"))
    at: Mapped[datetime] = mapped_column(Instant)
    reason: Mapped[str | None] = mapped_column(String(20))
    note: Mapped[str] = mapped_column(String(500), default="")


class PaperMoveRow(Base):
    """Whose hands a paper came into, only ever added; the newest row says where it is (P17)."""

    __tablename__ = "paper_moves"
    __table_args__ = (Index(None, "document_id", "at"),)

    id: Mapped[str] = mapped_column(String(ID_LENGTH), primary_key=True)
    document_id: Mapped[str] = mapped_column(ForeignKey("documents.id"))
    #: A PaperMove of the domain.
    kind: Mapped[str] = mapped_column(String(12))
    #: Who has it from now on; nobody here when it was given back or is missing.
    holder_id: Mapped[str | None] = mapped_column(ForeignKey("people.id"))
    person_id: Mapped[str] = mapped_column(ForeignKey("people.id"))
    acting_for: Mapped[str | None] = mapped_column(ForeignKey("people.id"))
    at: Mapped[datetime] = mapped_column(Instant)
    note: Mapped[str] = mapped_column(String(400), default="")


class ContentRow(Base):
    """Bytes written once under their SHA-256; checked on a schedule, quarantined when wrong."""

    __tablename__ = "contents"

    sha256: Mapped[str] = mapped_column(String(SHA256_LENGTH), primary_key=True)
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    media_type: Mapped[str] = mapped_column(String(40))
    stored_at: Mapped[datetime] = mapped_column(Instant)
    #: good, wrong or missing.
    state: Mapped[str] = mapped_column(String(8), default="good", index=True)
    checked_at: Mapped[datetime | None] = mapped_column(Instant)
    next_check_at: Mapped[datetime] = mapped_column(Instant, index=True)


class UploadRow(Base):
    """One file as it came in: from whom, by which way, and what became of it."""

    __tablename__ = "uploads"
    __table_args__ = (Index(None, "state", "unit_id", "uploaded_at"),)

    id: Mapped[str] = mapped_column(String(ID_LENGTH), primary_key=True)
    document_id: Mapped[str | None] = mapped_column(ForeignKey("documents.id"), index=True)
    unit_id: Mapped[str | None] = mapped_column(ForeignKey("units.id"), index=True)
    name: Mapped[str] = mapped_column(String(200))
    sha256: Mapped[str] = mapped_column(ForeignKey("contents.sha256"), index=True)
    #: browser or scanner.
    way: Mapped[str] = mapped_column(String(8))
    #: taken, unassigned (no cover sheet could be read) or dropped.
    state: Mapped[str] = mapped_column(String(12))
    pages: Mapped[int]
    uploaded_at: Mapped[datetime] = mapped_column(Instant)
    uploaded_by: Mapped[str | None] = mapped_column(ForeignKey("people.id"))


class PageRow(Base):
    """One page of a document: which page of which upload, its picture, and what the checks at capture found."""

    __tablename__ = "pages"
    __table_args__ = (Index(None, "document_id", "number"),)

    id: Mapped[str] = mapped_column(String(ID_LENGTH), primary_key=True)
    document_id: Mapped[str | None] = mapped_column(ForeignKey("documents.id"))
    upload_id: Mapped[str] = mapped_column(ForeignKey("uploads.id"), index=True)
    number: Mapped[int]
    source_page: Mapped[int]
    image_sha256: Mapped[str] = mapped_column(ForeignKey("contents.sha256"), index=True)
    width_px: Mapped[int]
    height_px: Mapped[int]
    dpi: Mapped[int | None]
    #: What the page looks like in few bits: two scans of one paper differ in few of them.
    likeness: Mapped[str | None] = mapped_column(String(LIKENESS_LENGTH))
    findings: Mapped[list[Any]] = mapped_column(Document, default=list)
    overridden_by: Mapped[str | None] = mapped_column(ForeignKey("people.id"))
    overridden_at: Mapped[datetime | None] = mapped_column(Instant)
    override_note: Mapped[str] = mapped_column(Text, default="")
    retired_at: Mapped[datetime | None] = mapped_column(Instant)
