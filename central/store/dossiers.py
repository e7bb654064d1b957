"""Dossiers as they are found and opened: search, contents, boxes' numbers, and what merging moves."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Row,
    Select,
    and_,
    delete,
    false,
    func,
    insert,
    literal,
    or_,
    select,
    true,
    tuple_,
    update,
)
from sqlalchemy.orm import Session

from central.domain.dossiers import Papers
from central.domain.permissions import Scope
from central.domain.search import make_pattern
from central.store.base import Instant
from central.store.cases import CaseCustomerRow, CaseRow, StepRow
from central.store.customers import CitationRow, ContractRow, CustomerRow, DossierMergeRow, DossierRow
from central.store.documents import DocumentRow
from central.store.keyset import Order
from central.store.organisation import UnitRow
from central.store.people import PersonRow
from central.store.scope import within_case

Line = Row[*tuple[Any, ...]]

_NUMBER = DossierRow.dossier_no.expression
#: By what a list of dossiers is sorted.
DOSSIER_ORDERS: Final = {
    "customer_no": Order(CustomerRow.customer_no.expression, _NUMBER),
    "name": Order(CustomerRow.name.expression, _NUMBER),
}
_SOUGHT = (CustomerRow.customer_no, CustomerRow.name, CustomerRow.address, CustomerRow.meter_no)


def within_dossiers(scope: Scope) -> ColumnElement[bool]:
    """Return the condition that a dossier lies in scope: itself, or by a case of its customer or a paper in it."""
    if scope.everything:
        return true()
    if scope.empty:
        return false()
    numbers = (
        select(CaseCustomerRow.customer_no)
        .join(CaseRow, CaseRow.id == CaseCustomerRow.case_id)
        .where(within_case(scope, CaseRow.unit_id, CaseRow.handler_id))
    )
    filed = select(DocumentRow.dossier_id).where(
        within_case(scope, DocumentRow.unit_id, DocumentRow.handler_id), DocumentRow.dossier_id.is_not(None)
    )
    return or_(
        within_case(scope, DossierRow.unit_id, DossierRow.handler_id),
        CustomerRow.customer_no.in_(numbers),
        DossierRow.id.in_(filed),
    )


def select_dossiers(scope: Scope) -> Select[*tuple[Any, ...]]:
    """Return the query of dossiers in scope, each with its customer."""
    return (
        select(
            DossierRow.id,
            DossierRow.dossier_no,
            DossierRow.state,
            DossierRow.merged_into,
            DossierRow.opened_at,
            DossierRow.unit_id,
            DossierRow.handler_id,
            CustomerRow.id.label("customer_id"),
            CustomerRow.customer_no,
            CustomerRow.name,
            CustomerRow.address,
            CustomerRow.meter_no,
            CustomerRow.id_number,
            CustomerRow.merged_into.label("customer_merged_into"),
            UnitRow.name.label("unit_name"),
            PersonRow.name.label("handler_name"),
        )
        .join(CustomerRow, CustomerRow.id == DossierRow.customer_id)
        .outerjoin(UnitRow, UnitRow.id == DossierRow.unit_id)
        .outerjoin(PersonRow, PersonRow.id == DossierRow.handler_id)
        .where(within_dossiers(scope))
    )


def match_dossiers(words: Sequence[str], state: str | None) -> ColumnElement[bool]:
    """Return the condition of a search: every word occurs in number, name, address or meter number."""
    conditions = [
        or_(*(func.lower(column).like(make_pattern(word), escape="\\") for column in _SOUGHT)) for word in words
    ]
    return and_(true(), *conditions, true() if state is None else DossierRow.state == state)


def find_dossier(session: Session, scope: Scope, dossier_id: str) -> Line | None:
    """Return one dossier in scope."""
    return session.execute(select_dossiers(scope).where(DossierRow.id == dossier_id)).one_or_none()


def find_dossier_by_number(session: Session, scope: Scope, customer_no: str) -> Line | None:
    """Return the dossier in scope of a customer number."""
    return session.execute(select_dossiers(scope).where(CustomerRow.customer_no == customer_no)).one_or_none()


def count_dossiers(session: Session, scope: Scope, state: str | None) -> int:
    """Return how many dossiers lie in scope."""
    query = select(func.count()).select_from(DossierRow).join(CustomerRow, CustomerRow.id == DossierRow.customer_id)
    return session.scalar(query.where(within_dossiers(scope), match_dossiers((), state))) or 0


def list_numbers_of(session: Session, dossier_id: str) -> tuple[str, ...]:
    """Return the customer numbers whose papers lie in a dossier: its own, then those of dossiers merged into it."""
    found: list[str] = []
    waiting = [dossier_id]
    while waiting:
        query = (
            select(DossierRow.id, DossierRow.merged_into, CustomerRow.customer_no)
            .join(CustomerRow, CustomerRow.id == DossierRow.customer_id)
            .where(DossierRow.id.in_(waiting) if not found else DossierRow.merged_into.in_(waiting))
        )
        rows = session.execute(query.order_by(CustomerRow.customer_no)).all()
        waiting = [row.id for row in rows]
        found += [row.customer_no for row in rows]
    return tuple(found)


def load_cases_of(session: Session, numbers: Sequence[str], within: ColumnElement[bool]) -> Sequence[Line]:
    """Return the cases of these customers, the newest first, each with the step that was started last."""
    step = (
        select(StepRow.code)
        .where(StepRow.case_id == CaseRow.id)
        .order_by(StepRow.position.desc())
        .limit(1)
        .scalar_subquery()
    )
    query = (
        select(
            CaseRow.id,
            CaseRow.case_no,
            CaseRow.business,
            CaseRow.title,
            CaseRow.opened_at,
            CaseRow.closed_at,
            CaseRow.paused,
            CaseRow.unit_id,
            CaseRow.handler_id,
            step.label("step"),
            PersonRow.name.label("handler_name"),
        )
        .outerjoin(PersonRow, PersonRow.id == CaseRow.handler_id)
        .where(CaseRow.id.in_(select(CaseCustomerRow.case_id).where(CaseCustomerRow.customer_no.in_(numbers))), within)
    )
    return session.execute(query.order_by(CaseRow.opened_at.desc(), CaseRow.case_no)).all()


def load_documents_of(
    session: Session, dossier_id: str, within: ColumnElement[bool], before: tuple[datetime, str] | None, limit: int
) -> Sequence[Line]:
    """Return documents filed in or cited from a dossier, the newest paper first."""
    cited = select(CitationRow.document_id).where(CitationRow.dossier_id == dossier_id)
    query = (
        select(
            DocumentRow.id,
            DocumentRow.code,
            DocumentRow.name,
            DocumentRow.name_en,
            DocumentRow.medium,
            DocumentRow.state,
            DocumentRow.step,
            DocumentRow.pages,
            DocumentRow.paper_created_at,
            DocumentRow.dossier_id,
            DocumentRow.unit_id,
            DocumentRow.handler_id,
            CaseRow.case_no,
            DossierRow.dossier_no,
        )
        .join(CaseRow, CaseRow.id == DocumentRow.case_id)
        .outerjoin(DossierRow, DossierRow.id == DocumentRow.dossier_id)
        .where(or_(DocumentRow.dossier_id == dossier_id, DocumentRow.id.in_(cited)), DocumentRow.voided_at.is_(None))
        .where(within)
        .order_by(DocumentRow.paper_created_at.desc(), DocumentRow.id.desc())
        .limit(limit)
    )
    if before is not None:
        key = tuple_(literal(before[0], Instant), literal(before[1]))
        query = query.where(tuple_(DocumentRow.paper_created_at, DocumentRow.id) < key)
    return session.execute(query).all()


def load_contracts_of(session: Session, numbers: Sequence[str], within: ColumnElement[bool]) -> Sequence[ContractRow]:
    """Return the contracts of these customers, the newest first."""
    query = (
        select(ContractRow)
        .join(CustomerRow, CustomerRow.id == ContractRow.customer_id)
        .where(CustomerRow.customer_no.in_(numbers), within)
    )
    return session.scalars(query.order_by(ContractRow.signed_on.desc(), ContractRow.contract_no)).all()


def hold_dossiers(session: Session, dossier_ids: Iterable[str]) -> dict[str, DossierRow]:
    """Return dossiers that nobody else changes or files into until the commit; always in one order."""
    query = select(DossierRow).where(DossierRow.id.in_(sorted(dossier_ids))).order_by(DossierRow.id)
    held = query.with_for_update().execution_options(populate_existing=True)
    return {row.id: row for row in session.scalars(held)}


def load_papers(session: Session, dossier_id: str) -> Papers:
    """Return what lies in a dossier."""
    filed = session.scalars(select(DocumentRow.id).where(DocumentRow.dossier_id == dossier_id))
    cited = session.execute(
        select(CitationRow.document_id, CitationRow.created_at).where(CitationRow.dossier_id == dossier_id)
    )
    return Papers(frozenset(filed), {document: at.astimezone(UTC).isoformat() for document, at in cited})


def move_documents(session: Session, document_ids: Sequence[str], dossier_id: str) -> None:
    """File documents in another dossier."""
    for start in range(0, len(document_ids), 500):
        some = document_ids[start : start + 500]
        session.execute(update(DocumentRow).where(DocumentRow.id.in_(some)).values(dossier_id=dossier_id))


def add_citations(session: Session, dossier_id: str, cited: dict[str, str]) -> None:
    """Cite documents from a dossier, as of the moments given."""
    rows = [
        {"dossier_id": dossier_id, "document_id": each, "created_at": datetime.fromisoformat(at)}
        for each, at in cited.items()
    ]
    if rows:
        session.execute(insert(CitationRow), rows)


def drop_citations(session: Session, dossier_id: str, document_ids: Iterable[str]) -> None:
    """Cite documents from a dossier no longer."""
    ids = sorted(document_ids)
    for start in range(0, len(ids), 500):
        session.execute(
            delete(CitationRow).where(
                CitationRow.dossier_id == dossier_id, CitationRow.document_id.in_(ids[start : start + 500])
            )
        )


def load_merges(session: Session, scope: Scope, limit: int) -> Sequence[Line]:
    """Return mergings of dossiers in scope, the newest first."""
    query = (
        select(
            DossierMergeRow.id,
            DossierMergeRow.from_id,
            DossierMergeRow.into_id,
            DossierMergeRow.merged_at,
            DossierMergeRow.merged_by,
            DossierMergeRow.undone_at,
            DossierMergeRow.undone_by,
            CustomerRow.customer_no.label("from_no"),
            CustomerRow.name.label("from_name"),
        )
        .join(DossierRow, DossierRow.id == DossierMergeRow.from_id)
        .join(CustomerRow, CustomerRow.id == DossierRow.customer_id)
        .where(within_case(scope, DossierRow.unit_id, DossierRow.handler_id))
    )
    return session.execute(query.order_by(DossierMergeRow.merged_at.desc(), DossierMergeRow.id).limit(limit)).all()
