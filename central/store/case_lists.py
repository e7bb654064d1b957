"""Queries over cases: which lie in scope, what a search finds, what is late at this moment."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, exists, func, literal, or_, select, type_coerce
from sqlalchemy.orm import InstrumentedAttribute, Session

from central.domain.cases import Standing
from central.domain.clocks import Band
from central.domain.search import make_pattern
from central.domain.tasks import TaskState
from central.store.base import Instant
from central.store.cases import CaseCustomerRow, CaseRow, StepRow
from central.store.customers import CustomerRow
from central.store.documents import TaskRow
from central.store.keyset import Order
from central.store.organisation import UnitRow
from central.store.people import PersonRow

OPEN_TASKS = (TaskState.TO_ADD.value, TaskState.TO_SEND.value)
#: What stands for "nothing is due" where things are sorted by their due dates: the end.
NEVER: Final = literal(datetime(9999, 1, 1, tzinfo=UTC), Instant)

_FIRST_DUE = (
    select(func.min(StepRow.due_at))
    .where(StepRow.case_id == CaseRow.id, StepRow.completed_at.is_(None), CaseRow.closed_at.is_(None))
    .scalar_subquery()
)
_ID = CaseRow.id.expression
#: By what a list of cases is sorted. Ids are made in order of time.
CASE_ORDERS: Final = {
    "known": Order(_ID, _ID, falling=True),
    "case_no": Order(CaseRow.case_no.expression, _ID),
    "opened": Order(type_coerce(func.coalesce(CaseRow.opened_at, CaseRow.created_at), Instant), _ID, falling=True),
    "due": Order(type_coerce(func.coalesce(_FIRST_DUE, NEVER), Instant), _ID),
}


def match_case(word: str) -> ColumnElement[bool]:
    """Return the condition that a word stands in a case's number or title, or in number or name of a customer."""
    pattern = make_pattern(word)
    customer = (
        exists()
        .where(CaseCustomerRow.case_id == CaseRow.id)
        .where(
            or_(
                CaseCustomerRow.customer_no.ilike(pattern, escape="\\"),
                exists()
                .where(CustomerRow.customer_no == CaseCustomerRow.customer_no)
                .where(CustomerRow.name.ilike(pattern, escape="\\")),
            )
        )
    )
    return or_(
        CaseRow.case_no.ilike(pattern, escape="\\"),
        CaseRow.title.ilike(pattern, escape="\\"),
        customer,
    )


def in_band(band: Band, now: datetime) -> ColumnElement[bool]:
    """Return the condition that the worst of a case's steps at hand is in a band at this moment."""
    overdue, warning = _has_step(StepRow.due_at, now), _has_step(StepRow.warn_at, now)
    if band is Band.OVERDUE:
        return overdue
    return and_(warning if band is Band.WARNING else ~warning, ~overdue)


def stands(standing: Standing) -> ColumnElement[bool]:
    """Return the condition that a case is open, paused, closed, or known only by news of its steps."""
    opened, closed = CaseRow.opened_at.is_not(None), CaseRow.closed_at.is_not(None)
    conditions: dict[Standing, ColumnElement[bool]] = {
        Standing.OPEN: and_(opened, ~closed, ~CaseRow.paused),
        Standing.PAUSED: and_(opened, ~closed, CaseRow.paused),
        Standing.CLOSED: closed,
        Standing.UNOPENED: and_(~opened, ~closed),
    }
    return conditions[standing]


def count_cases(session: Session, condition: ColumnElement[bool], most: int) -> int:
    """Return for how many cases a condition holds, `most` when there are as many or more."""
    found = select(CaseRow.id).where(condition).limit(most).subquery()
    return session.scalar(select(func.count()).select_from(found)) or 0


def find_stale_cases(session: Session, revision: int, after: str, limit: int) -> Sequence[str]:
    """Return ids of cases after `after` whose open steps or tasks were counted by an older calendar."""
    step = (
        exists()
        .where(StepRow.case_id == CaseRow.id, CaseRow.closed_at.is_(None))
        .where(StepRow.calendar_revision > 0, StepRow.calendar_revision < revision)
    )
    task = (
        exists()
        .where(TaskRow.case_id == CaseRow.id, TaskRow.state.in_(OPEN_TASKS))
        .where(TaskRow.calendar_revision > 0, TaskRow.calendar_revision < revision)
    )
    query = select(CaseRow.id).where(CaseRow.id > after, or_(step, task)).order_by(CaseRow.id).limit(limit)
    return session.scalars(query).all()


def load_steps_at_hand(session: Session, case_ids: Sequence[str]) -> dict[str, list[StepRow]]:
    """Return the steps that go on, by case, in their order."""
    query = select(StepRow).where(StepRow.case_id.in_(case_ids), StepRow.completed_at.is_(None))
    found: dict[str, list[StepRow]] = {}
    for row in session.scalars(query.order_by(StepRow.case_id, StepRow.position)):
        found.setdefault(row.case_id, []).append(row)
    return found


def load_customers(session: Session, case_ids: Sequence[str]) -> dict[str, list[tuple[str, str]]]:
    """Return (number, name) of the customers of cases, in the order told."""
    query = (
        select(CaseCustomerRow.case_id, CaseCustomerRow.customer_no, CustomerRow.name)
        .outerjoin(CustomerRow, CustomerRow.customer_no == CaseCustomerRow.customer_no)
        .where(CaseCustomerRow.case_id.in_(case_ids))
        .order_by(CaseCustomerRow.case_id, CaseCustomerRow.position)
    )
    found: dict[str, list[tuple[str, str]]] = {}
    for case_id, number, name in session.execute(query):
        found.setdefault(case_id, []).append((number, name or ""))
    return found


def load_unit_names(session: Session, unit_ids: Sequence[str | None]) -> dict[str | None, str]:
    """Return the names of units by id."""
    return _load_names(session, UnitRow.id, UnitRow.name, unit_ids)


def load_person_names(session: Session, person_ids: Sequence[str | None]) -> dict[str | None, str]:
    """Return the names of people by id."""
    return _load_names(session, PersonRow.id, PersonRow.name, person_ids)


def _load_names(
    session: Session, key: InstrumentedAttribute[Any], name: InstrumentedAttribute[Any], ids: Sequence[str | None]
) -> dict[str | None, str]:
    wanted = sorted({each for each in ids if each is not None})
    rows = session.execute(select(key, name).where(key.in_(wanted))).all() if wanted else []
    return {row[0]: row[1] for row in rows}


def _has_step(instant: InstrumentedAttribute[Any], now: datetime) -> ColumnElement[bool]:
    # What is to be done by then and isn't; what was completed late stays late, but asks for nobody.
    return (
        exists()
        .where(StepRow.case_id == CaseRow.id, StepRow.completed_at.is_(None), instant <= now)
        .where(CaseRow.closed_at.is_(None))
    )
