"""In which dossiers the papers of a case lie (P1) and which cite them (互见): by whole sets, however many customers."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import TableValuedAlias, bindparam, delete, func, insert, join, literal, select, true
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from central.store.base import Document
from central.store.cases import CaseCustomerRow, CaseRow
from central.store.customers import CitationRow, keep_dossiers
from central.store.documents import DocumentRow


def list_customer_numbers(session: Session, case_id: str) -> list[str]:
    """Return the customer numbers of a case in the order told."""
    query = select(CaseCustomerRow.customer_no).where(CaseCustomerRow.case_id == case_id)
    return list(session.scalars(query.order_by(CaseCustomerRow.position)))


def keep_case_customers(session: Session, case: CaseRow, numbers: Sequence[str], now: datetime) -> bool:
    """Keep the customers in the order told, each with a dossier of its own (P1); return whether they are others now."""
    known = list_customer_numbers(session, case.id)
    if known == list(numbers):
        return False
    keep_dossiers(session, numbers, unit_id=case.unit_id, handler_id=case.handler_id, now=now)
    table: Any = CaseCustomerRow.__table__
    link = session.connection()
    link.execute(delete(table).where(table.c.case_id == case.id))
    rows = [{"case_id": case.id, "position": at, "customer_no": number} for at, number in enumerate(numbers)]
    link.execute(insert(table), rows)
    return True


def file_documents(session: Session, case: CaseRow, rows: Iterable[DocumentRow], now: datetime) -> None:
    """File documents of a case in the dossier of its first customer; those of the others cite them."""
    filed = list(rows)
    if not filed:
        return
    numbers = list_customer_numbers(session, case.id)
    dossiers = keep_dossiers(session, numbers, unit_id=case.unit_id, handler_id=case.handler_id, now=now)
    for row in filed:
        row.dossier_id = dossiers[0] if dossiers else None
    session.flush()
    cite_documents(session, [row.id for row in filed], {*dossiers} - {*dossiers[:1]}, now)


def refile_case(session: Session, case_id: str, settled: Collection[str], now: datetime) -> None:
    """File the documents of a case where its customers' dossiers are now, but for those settled already."""
    query = select(DocumentRow).where(DocumentRow.case_id == case_id, DocumentRow.voided_at.is_(None))
    rows = session.scalars(query.order_by(DocumentRow.id)).all()
    file_documents(session, session.get_one(CaseRow, case_id), [row for row in rows if row.id not in settled], now)


def cite_documents(session: Session, document_ids: Sequence[str], dossier_ids: Collection[str], now: datetime) -> None:
    """Let exactly these dossiers cite these documents, which are filed elsewhere."""
    if not document_ids:
        return
    table: Any = CitationRow.__table__
    link = session.connection()
    dossiers = sorted(dossier_ids)
    stale = delete(table).where(table.c.document_id.in_(document_ids))
    link.execute(
        stale.where(table.c.dossier_id.not_in(select(_unfold(session, dossiers).c.value))) if dossiers else stale
    )
    if not dossiers:
        return
    citing, cited = _unfold(session, dossiers), _unfold(session, document_ids)
    every = select(citing.c.value, cited.c.value, literal(now, table.c.created_at.type))
    # "where true" keeps SQLite from reading ON CONFLICT as a join
    pairs = every.select_from(join(citing, cited, true())).where(true())
    dialect: Any = sqlite if link.dialect.name == "sqlite" else postgresql
    citations = dialect.insert(table).from_select(["dossier_id", "document_id", "created_at"], pairs)
    link.execute(citations.on_conflict_do_nothing())


def _unfold(session: Session, texts: Sequence[str]) -> TableValuedAlias:
    """Return a table of one column `value` with these texts, handed over as one value."""
    unfold = func.json_each if session.get_bind().dialect.name == "sqlite" else func.jsonb_array_elements_text
    return unfold(bindparam(None, list(texts), Document)).table_valued("value")
