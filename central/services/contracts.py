"""Contracts whose end comes near (P19): counted for the reminder, listed for whoever renews them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from sqlalchemy.orm import Session

from central.domain.paging import LONGEST_PAGE, Page, walk_pages
from central.domain.people import Actor
from central.domain.permissions import Action, find_scope
from central.store import contracts as store
from central.store.calendars import load_calendar
from central.store.keyset import find_order, read_page

#: Days before its end at which a contract is announced, the widest first.
SPANS_DAYS: Final = (90, 60, 30)


@dataclass(frozen=True, slots=True)
class EndingContract:
    """A contract that ends soon; `days_left` below zero: it has run out and nobody told of its renewal."""

    contract_no: str
    signed_on: date
    ends_on: date
    days_left: int
    #: The narrowest span that it lies in: 90, 60 or 30; 0 when it has run out.
    span_days: int
    customer_no: str
    customer_name: str
    dossier_id: str | None
    unit_name: str | None
    handler_name: str | None


def list_ending_contracts(
    session: Session,
    actor: Actor,
    now: datetime,
    *,
    within_days: int = SPANS_DAYS[0],
    sort: str = "ends_on",
    after: str | None = None,
    limit: int = 50,
) -> Page[EndingContract]:
    """Return contracts in the actor's reach that end within so many days, the earliest first unless sorted."""
    today = load_calendar(session).find_day(now)
    query = store.select_ending(find_scope(actor, Action.SEE_DOSSIERS), today + timedelta(days=within_days))
    rows, next_after = read_page(session, query, find_order(store.CONTRACT_ORDERS, sort), after, limit)
    return Page(tuple(_see(row, today) for row in rows), next_after)


def export_ending_contracts(
    session: Session, actor: Actor, now: datetime, *, within_days: int, sort: str
) -> Iterator[EndingContract]:
    """Yield all contracts in the actor's reach that end within so many days."""
    return walk_pages(
        lambda after: list_ending_contracts(
            session, actor, now, within_days=within_days, sort=sort, after=after, limit=LONGEST_PAGE
        )
    )


def count_ending_contracts(session: Session, actor: Actor, now: datetime) -> dict[int, int]:
    """Return how many contracts in the actor's reach end within each span of days, those run out among them."""
    today = load_calendar(session).find_day(now)
    scope = find_scope(actor, Action.SEE_DOSSIERS)
    return {days: store.count_ending(session, scope, today + timedelta(days=days)) for days in SPANS_DAYS}


def find_span(days_left: int) -> int:
    """Return the narrowest span of days that an end lies in; 0 when it is past."""
    if days_left < 0:
        return 0
    return min((days for days in SPANS_DAYS if days_left <= days), default=SPANS_DAYS[0])


def _see(line: store.Line, today: date) -> EndingContract:
    left = (line.ends_on - today).days
    return EndingContract(
        contract_no=line.contract_no,
        signed_on=line.signed_on,
        ends_on=line.ends_on,
        days_left=left,
        span_days=find_span(left),
        customer_no=line.customer_no,
        customer_name=line.customer_name,
        dossier_id=line.dossier_id,
        unit_name=line.unit_name,
        handler_name=line.handler_name,
    )
