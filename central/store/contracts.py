"""Contracts as their ends come near: what the reminder counts and its page lists."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, func, literal, select, tuple_
from sqlalchemy.orm import Session

from central.domain.permissions import Scope
from central.store.customers import ContractRow, CustomerRow, DossierRow
from central.store.organisation import UnitRow
from central.store.people import PersonRow
from central.store.scope import within_case

Line = Row[*tuple[Any, ...]]


def ends_by(last_day: date) -> ColumnElement[bool]:
    """Return the condition of contracts whose end must be announced by a day: not ended, not renewing themselves."""
    return and_(ContractRow.ended_on.is_(None), ContractRow.renews_itself.is_(False), ContractRow.ends_on <= last_day)


def select_ending(scope: Scope, last_day: date) -> Select[*tuple[Any, ...]]:
    """Return the query of contracts in scope that end by a day, the earliest first."""
    return (
        select(
            ContractRow.id,
            ContractRow.contract_no,
            ContractRow.signed_on,
            ContractRow.ends_on,
            CustomerRow.customer_no,
            CustomerRow.name.label("customer_name"),
            DossierRow.id.label("dossier_id"),
            UnitRow.name.label("unit_name"),
            PersonRow.name.label("handler_name"),
        )
        .join(CustomerRow, CustomerRow.id == ContractRow.customer_id)
        .outerjoin(DossierRow, DossierRow.customer_id == CustomerRow.id)
        .outerjoin(UnitRow, UnitRow.id == ContractRow.unit_id)
        .outerjoin(PersonRow, PersonRow.id == ContractRow.handler_id)
        .where(ends_by(last_day), within_case(scope, ContractRow.unit_id, ContractRow.handler_id))
        .order_by(ContractRow.ends_on, ContractRow.contract_no)
    )


def load_ending(
    session: Session, scope: Scope, last_day: date, after: tuple[date, str] | None, limit: int
) -> Sequence[Line]:
    """Return contracts in scope that end by a day, from the key of the page before on."""
    query = select_ending(scope, last_day)
    if after is not None:
        key = tuple_(literal(after[0]), literal(after[1]))
        query = query.where(tuple_(ContractRow.ends_on, ContractRow.contract_no) > key)
    return session.execute(query.limit(limit)).all()


def count_ending(session: Session, scope: Scope, last_day: date) -> int:
    """Return how many contracts in scope end by a day."""
    query = select(func.count()).select_from(ContractRow).where(ends_by(last_day))
    return session.scalar(query.where(within_case(scope, ContractRow.unit_id, ContractRow.handler_id))) or 0
