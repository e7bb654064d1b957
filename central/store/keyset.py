"""Lists in an order, page by page: one begins after the (key, id) at which the one before ended, whatever came or went.

Both databases compare the pair as they sort it, so that equal keys neither repeat a row nor lose one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Date, Row, Select, literal, tuple_
from sqlalchemy.orm import Session

from central.domain.paging import LONGEST_PAGE, make_cursor, read_cursor
from central.domain.refusals import Reason, Refusal
from central.store.base import Instant

Line = Row[*tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Order:
    """By what a list is sorted: `key`, which is never null, then the row's own id. `falling`: the greatest first."""

    key: ColumnElement[Any]
    row_id: ColumnElement[str]
    falling: bool = False


def find_order(orders: Mapping[str, Order], sort: str) -> Order:
    """Return the order of this name; a minus before the name turns it round."""
    order = orders.get(sort.removeprefix("-"))
    if order is None:
        raise Refusal(Reason.INVALID, details=(f"sort: {', '.join(orders)}",))
    return replace(order, falling=not order.falling) if sort.startswith("-") else order


def read_page(
    session: Session, query: Select[*tuple[Any, ...]], order: Order, after: str | None, limit: int
) -> tuple[Sequence[Line], str | None]:
    """Return one page of a query, each row with key and id at its end, and the cursor of the next page."""
    limit = max(1, min(limit, LONGEST_PAGE))
    query = query.add_columns(order.key.label("order_key"), order.row_id.label("order_id"))
    if after is not None:
        key, row_id = read_cursor(after, 2)
        place = tuple_(order.key, order.row_id)
        mark = tuple_(literal(_read_key(order.key, key), order.key.type), literal(row_id))
        query = query.where(place < mark if order.falling else place > mark)
    columns = (order.key, order.row_id)
    sorting = [column.desc() if order.falling else column.asc() for column in columns]
    rows = session.execute(query.order_by(None).order_by(*sorting).limit(limit + 1)).all()
    if len(rows) <= limit:
        return rows, None
    last = rows[limit - 1]
    return rows[:limit], make_cursor(_write_key(last.order_key), last.order_id)


def _write_key(value: Any) -> str:
    return value.isoformat() if isinstance(value, date | datetime) else str(value)


def _read_key(key: ColumnElement[Any], text: str) -> Any:
    """Return a key from a cursor as the kind of value that it is sorted by."""
    try:
        if isinstance(key.type, Instant):
            at = datetime.fromisoformat(text)
        elif isinstance(key.type, Date):
            return date.fromisoformat(text)
        else:
            return text
    except ValueError:
        raise Refusal(Reason.BAD_CURSOR) from None
    if at.tzinfo is None:
        raise Refusal(Reason.BAD_CURSOR)
    return at
