"""In which orders lists of tasks and of waiting papers are read; their queries join the case."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, func, select, type_coerce
from sqlalchemy.orm import InstrumentedAttribute

from central.store.base import Instant
from central.store.case_lists import NEVER
from central.store.cases import CaseCustomerRow, CaseRow
from central.store.customers import CustomerRow
from central.store.documents import DocumentRow, TaskRow
from central.store.keyset import Order

#: The first customer as lists show it: by name, by number where no news told the name.
_FIRST_CUSTOMER: Final = func.coalesce(
    select(func.coalesce(func.nullif(CustomerRow.name, ""), CaseCustomerRow.customer_no))
    .select_from(CaseCustomerRow)
    .outerjoin(CustomerRow, CustomerRow.customer_no == CaseCustomerRow.customer_no)
    .where(CaseCustomerRow.case_id == CaseRow.id, CaseCustomerRow.position == 0)
    .scalar_subquery(),
    "",
)


def _at(instant: InstrumentedAttribute[datetime | None]) -> ColumnElement[Any]:
    return type_coerce(func.coalesce(instant, NEVER), Instant)


TASK_ORDERS: Final = {
    "due": Order(_at(TaskRow.due_at), TaskRow.id.expression),
    "customer": Order(_FIRST_CUSTOMER, TaskRow.id.expression),
    "case_no": Order(CaseRow.case_no.expression, TaskRow.id.expression),
}


def list_paper_orders(since: InstrumentedAttribute[datetime | None]) -> dict[str, Order]:
    """Return the orders of papers that wait since then."""
    row_id = DocumentRow.id.expression
    return {
        "since": Order(_at(since), row_id),
        "customer": Order(_FIRST_CUSTOMER, row_id),
        "case_no": Order(CaseRow.case_no.expression, row_id),
        "name": Order(DocumentRow.name.expression, row_id),
    }
