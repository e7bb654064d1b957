"""Contracts as their ends come near: what the reminder counts and its page lists."""

from __future__ import annotations

from datetime import date
from typing import Any, Final

from sqlalchemy import ColumnElement, Row, Select, and_, func, select
from sqlalchemy.orm import Session

from central.domain.permissions import Scope
from central.store.customers import ContractRow, CustomerRow, DossierRow
from central.store.keyset import Order
from central.store.organisation import UnitRow
from central.store.people import PersonRow
from central.store.scope import within_case

Line = Row[*tuple[Any, ...]]

_NUMBER = ContractRow.contract_no.expression
#: By what a list of contracts is sorted.
CONTRACT_ORDERS: Final = {
    "ends_on": Order(ContractRow.ends_on.expression, _NUMBER),
    "contract_no": Order(_NUMBER, _NUMBER),
    "customer_no": Order(CustomerRow.customer_no.expression, _NUMBER),
}


def ends_by(last_day: date) -> ColumnElement[bool]:
    """Return the condition of contracts whose end must be announced by a day: not ended, not renewing themselves."""
    return and_(ContractRow.ended_on.is_(None), ContractRow.renews_itself.is_(False), ContractRow.ends_on <= last_day)


def select_ending(scope: Scope, last_day: date) -> Select[*tuple[Any, ...]]:
    """Return the query of contracts in scope that end by a day."""
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
    )


def count_ending(session: Session, scope: Scope, last_day: date) -> int:
    """Return how many contracts in scope end by a day."""
    query = select(func.count()).select_from(ContractRow).where(ends_by(last_day))
    return session.scalar(query.where(within_case(scope, ContractRow.unit_id, ContractRow.handler_id))) or 0
