"""Customers and their dossiers: a customer number owns exactly one dossier (P1), however many volumes it fills."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, LargeBinary, Select, String, Text, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, Session, mapped_column

from central.store.base import ID_LENGTH, Base, Document, Instant
from central.store.ids import new_id

NUMBER_LENGTH = 40
ACTIVE = "active"
OPEN = "open"
MERGED = "merged"


class CustomerRow(Base):
    """A customer as the marketing system tells it. `merged_into`: this number is one of another customer's."""

    __tablename__ = "customers"
    __table_args__ = (Index(None, "unit_id", "customer_no"),)

    id: Mapped[str] = mapped_column(String(ID_LENGTH), primary_key=True)
    customer_no: Mapped[str] = mapped_column(String(NUMBER_LENGTH), unique=True)
    name: Mapped[str] = mapped_column(String(120))
    address: Mapped[str] = mapped_column(String(200), default="")
    meter_no: Mapped[str] = mapped_column(String(NUMBER_LENGTH), default="", index=True)
    #: Shown by `central.domain.masking` only.
    id_number: Mapped[str] = mapped_column(String(NUMBER_LENGTH), default="")
    attributes: Mapped[dict[str, Any]] = mapped_column(Document, default=dict)
    unit_id: Mapped[str | None] = mapped_column(ForeignKey("units.id"))
    handler_id: Mapped[str | None] = mapped_column(ForeignKey("people.id"), index=True)
    #: active, closed or merged.
    state: Mapped[str] = mapped_column(String(12), default="active")
    merged_into: Mapped[str | None] = mapped_column(ForeignKey("customers.id"), index=True)
    #: When and by which news each field was told last: news in any order gives the same customer.
    told: Mapped[dict[str, Any]] = mapped_column(Document, default=dict)
    created_at: Mapped[datetime] = mapped_column(Instant)
    import_id: Mapped[str | None] = mapped_column(String(ID_LENGTH), index=True)


class DossierRow(Base):
    """The one dossier of a customer. Merging true duplicates is an act of two people that can be taken back."""

    __tablename__ = "dossiers"
    __table_args__ = (Index(None, "unit_id", "dossier_no"),)

    id: Mapped[str] = mapped_column(String(ID_LENGTH), primary_key=True)
    customer_id: Mapped[str] = mapped_column(ForeignKey("customers.id"), unique=True)
    #: Given once, never derived from a place.
    dossier_no: Mapped[str] = mapped_column(String(NUMBER_LENGTH), unique=True)
    unit_id: Mapped[str | None] = mapped_column(ForeignKey("units.id"))
    handler_id: Mapped[str | None] = mapped_column(ForeignKey("people.id"), index=True)
    #: open or merged.
    state: Mapped[str] = mapped_column(String(12), default="open")
    merged_into: Mapped[str | None] = mapped_column(ForeignKey("dossiers.id"), index=True)
    opened_at: Mapped[datetime] = mapped_column(Instant)


class DossierMergeRow(Base):
    """One merging of dossiers with what it changed, so that it can be taken back."""

    __tablename__ = "dossier_merges"

    id: Mapped[str] = mapped_column(String(ID_LENGTH), primary_key=True)
    from_id: Mapped[str] = mapped_column(ForeignKey("dossiers.id"), index=True)
    into_id: Mapped[str] = mapped_column(ForeignKey("dossiers.id"), index=True)
    approval_id: Mapped[str] = mapped_column(String(ID_LENGTH))
    changed: Mapped[dict[str, Any]] = mapped_column(Document)
    merged_at: Mapped[datetime] = mapped_column(Instant)
    merged_by: Mapped[str] = mapped_column(ForeignKey("people.id"))
    undone_at: Mapped[datetime | None] = mapped_column(Instant)
    undone_by: Mapped[str | None] = mapped_column(ForeignKey("people.id"))


class CitationRow(Base):
    """互见: a paper filed once is cited from the dossiers of the case's other customers."""

    __tablename__ = "citations"

    dossier_id: Mapped[str] = mapped_column(ForeignKey("dossiers.id"), primary_key=True)
    document_id: Mapped[str] = mapped_column(ForeignKey("documents.id"), primary_key=True, index=True)
    created_at: Mapped[datetime] = mapped_column(Instant)


class ContractRow(Base):
    """A supply contract, as far as its end must be announced in good time (P19)."""

    __tablename__ = "contracts"
    __table_args__ = (Index(None, "ends_on"),)

    id: Mapped[str] = mapped_column(String(ID_LENGTH), primary_key=True)
    contract_no: Mapped[str] = mapped_column(String(NUMBER_LENGTH), unique=True)
    customer_id: Mapped[str] = mapped_column(ForeignKey("customers.id"), index=True)
    unit_id: Mapped[str | None] = mapped_column(ForeignKey("units.id"))
    handler_id: Mapped[str | None] = mapped_column(ForeignKey("people.id"))
    signed_on: Mapped[date]
    ends_on: Mapped[date | None]
    #: Renews itself: nothing is announced.
    renews_itself: Mapped[bool] = mapped_column(default=False)
    ended_on: Mapped[date | None]
    told_at: Mapped[datetime] = mapped_column(Instant)
    next_check_at: Mapped[datetime | None] = mapped_column(Instant, index=True)


class ImportRow(Base):
    """One file of customers: staged, checked as a whole, applied as one batch, reversible as one."""

    __tablename__ = "imports"

    id: Mapped[str] = mapped_column(String(ID_LENGTH), primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))
    name: Mapped[str] = mapped_column(String(200))
    sha256: Mapped[str] = mapped_column(String(64), index=True)
    #: receiving, staging, checked, dropping, canceled, refused, applying, applied, reversing or reversed.
    state: Mapped[str] = mapped_column(String(12))
    rows: Mapped[int] = mapped_column(default=0)
    rows_done: Mapped[int] = mapped_column(default=0)
    rows_faulty: Mapped[int] = mapped_column(default=0)
    rows_known: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime] = mapped_column(Instant)
    created_by: Mapped[str] = mapped_column(ForeignKey("people.id"))
    applied_at: Mapped[datetime | None] = mapped_column(Instant)
    reversed_at: Mapped[datetime | None] = mapped_column(Instant)
    detail: Mapped[str] = mapped_column(Text, default="")


class ImportPieceRow(Base):
    """A piece of a file as it was sent; kept until the file is read, so that whoever reads it may die meanwhile."""

    __tablename__ = "import_pieces"

    import_id: Mapped[str] = mapped_column(ForeignKey("imports.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    data: Mapped[bytes] = mapped_column(LargeBinary)


class ImportLineRow(Base):
    """One staged row of a file, its fault if it has one, and what applying it changed."""

    __tablename__ = "import_lines"

    import_id: Mapped[str] = mapped_column(ForeignKey("imports.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    fields: Mapped[dict[str, Any]] = mapped_column(Document)
    fault: Mapped[str | None] = mapped_column(String(300))
    before: Mapped[dict[str, Any] | None] = mapped_column(Document)


def keep_customer(session: Session, customer_no: str, now: datetime) -> CustomerRow:
    """Return the customer of this number; one that nobody told of yet is kept with its number alone."""
    query = select(CustomerRow).where(CustomerRow.customer_no == customer_no)
    row = session.scalar(query)
    if row is None:
        values = {"id": new_id(), "customer_no": customer_no, "name": "", "state": ACTIVE, "created_at": now}
        _insert_once(session, CustomerRow, [values])
        row = session.scalars(query).one()
    return row


def keep_dossier(
    session: Session, customer_no: str, *, unit_id: str | None, handler_id: str | None, now: datetime
) -> DossierRow:
    """Return the one dossier of a customer number, merged ones by where they went; opened if there is none yet."""
    customer = keep_customer(session, customer_no, now)
    query = _hold_against_merging(select(DossierRow).where(DossierRow.customer_id == customer.id))
    row = session.scalar(query)
    if row is None:
        values = {
            "id": new_id(),
            "customer_id": customer.id,
            "dossier_no": customer_no,
            "unit_id": customer.unit_id or unit_id,
            "handler_id": customer.handler_id or handler_id,
            "state": OPEN,
            "opened_at": now,
        }
        _insert_once(session, DossierRow, [values])
        row = session.scalars(query).one()
    while row.merged_into is not None:
        into = select(DossierRow).where(DossierRow.id == row.merged_into)
        row = session.scalars(_hold_against_merging(into)).one()
    return row


def keep_dossiers(
    session: Session, numbers: Sequence[str], *, unit_id: str | None, handler_id: str | None, now: datetime
) -> list[str]:
    """Return the ids of the dossiers of many customer numbers, in their order, as `keep_dossier` finds each of them."""
    customers = _keep_customers(session, numbers, now)
    query = (
        select(DossierRow.customer_id, DossierRow.id, DossierRow.merged_into)
        .where(DossierRow.customer_id.in_([each.id for each in customers.values()]))
        .order_by(DossierRow.id)
        .with_for_update(read=True, key_share=True)
    )
    found = {customer_id: (dossier_id, into) for customer_id, dossier_id, into in session.execute(query)}
    missing = [
        {
            "id": new_id(),
            "customer_id": customer.id,
            "dossier_no": number,
            "unit_id": customer.unit_id or unit_id,
            "handler_id": customer.handler_id or handler_id,
            "state": OPEN,
            "opened_at": now,
        }
        for number, customer in customers.items()
        if customer.id not in found
    ]
    if missing:
        _insert_once(session, DossierRow, missing)
        found = {customer_id: (dossier_id, into) for customer_id, dossier_id, into in session.execute(query)}
    kept = []
    for number in numbers:
        dossier_id, into = found[customers[number].id]
        while into is not None:
            step = select(DossierRow.id, DossierRow.merged_into).where(DossierRow.id == into)
            dossier_id, into = session.execute(step.with_for_update(read=True, key_share=True)).one()
        kept.append(dossier_id)
    return kept


def _keep_customers(session: Session, numbers: Sequence[str], now: datetime) -> dict[str, Any]:
    """Return id, unit and handler of customers by number; all add them in one order, lest they lock each other out."""
    wanted = sorted(set(numbers))
    query = select(CustomerRow.customer_no, CustomerRow.id, CustomerRow.unit_id, CustomerRow.handler_id)
    query = query.where(CustomerRow.customer_no.in_(wanted)).order_by(CustomerRow.customer_no)
    found = {each.customer_no: each for each in session.execute(query)}
    missing = [
        {"id": new_id(), "customer_no": number, "name": "", "state": ACTIVE, "created_at": now}
        for number in wanted
        if number not in found
    ]
    if missing:
        _insert_once(session, CustomerRow, missing)
        found = {each.customer_no: each for each in session.execute(query)}
    return found


def _hold_against_merging(query: Select[DossierRow]) -> Select[DossierRow]:
    """Keep a dossier from being merged away before what is filed into it is committed; other writers don't wait."""
    held = query.with_for_update(read=True, key_share=True)
    return held.execution_options(populate_existing=True)


def _insert_once(session: Session, kind: type[Base], rows: Sequence[dict[str, Any]]) -> None:
    """Insert rows unless somebody else just did: the unique number decides, and nobody's transaction fails."""
    dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    session.flush()
    session.connection().execute(dialect.insert(kind.__table__).on_conflict_do_nothing(), list(rows))
