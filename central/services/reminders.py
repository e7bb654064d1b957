"""What waits for a person: the six reminders and decisions, counted for the top bar of every page and listed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, and_, false, func, null, or_, select, true, type_coerce
from sqlalchemy.orm import InstrumentedAttribute, Session

from central.domain.approvals import DECIDES, ApprovalState
from central.domain.documents import DocumentState
from central.domain.locations import State
from central.domain.paging import LONGEST_PAGE, Page, walk_pages
from central.domain.people import Actor
from central.domain.permissions import Scope, find_scope
from central.domain.refusals import NotFound
from central.domain.reminders import ReminderKind, find_reminded_scope
from central.domain.tasks import TaskState
from central.domain.templates import Medium
from central.store.approvals import ApprovalRow
from central.store.base import Instant
from central.store.boxes import BoxRow
from central.store.calendars import load_calendar
from central.store.case_lists import NEVER
from central.store.cases import CaseRow, StepRow
from central.store.customers import ContractRow, CustomerRow
from central.store.documents import DocumentRow, TaskRow
from central.store.keyset import Order, find_order, read_page
from central.store.movements import BoxLocationRow
from central.store.people import PersonRow
from central.store.rules import load_rules
from central.store.scope import within, within_case


@dataclass(frozen=True, slots=True)
class Reminder:
    """One thing that waits. `due_on`: the day on which a contract ends; its `step` is the customer number."""

    id: str
    number: str
    name: str
    step: str = ""
    handler: str | None = None
    due_at: datetime | None = None
    warn_at: datetime | None = None
    due_on: date | None = None
    case_id: str | None = None


@dataclass(frozen=True, slots=True)
class ReminderList:
    """One of the six, with the first of its things, the most urgent first."""

    kind: ReminderKind
    count: int
    first: Sequence[Reminder]


@dataclass(frozen=True, slots=True)
class SearchReminders:
    """One of the six as a whole, in an order: by what is due first, by number, by handler."""

    kind: ReminderKind
    sort: str = "due"
    after: str | None = None
    limit: int = 50


@dataclass(frozen=True, slots=True)
class ReminderCounts:
    """How much waits, by kind as far as it concerns the person, and decisions beside."""

    kinds: dict[ReminderKind, int]
    approvals: int

    @property
    def total(self) -> int:
        """The figure in the top bar."""
        return sum(self.kinds.values()) + self.approvals


def count_all_reminders(session: Session, actor: Actor, now: datetime) -> ReminderCounts:
    """Return how much waits for this person, by kind; a kind that is none of theirs is left out."""
    kinds = {}
    for kind, query in _list_queries(actor, now, lambda: _find_last_announced(session, now)):
        counted = query.with_only_columns(func.count(), maintain_column_froms=True).order_by(None)
        kinds[kind] = session.scalar(counted) or 0
    return ReminderCounts(kinds, count_decisions(session, actor, now))


def count_reminders(session: Session, actor: Actor, now: datetime) -> int:
    """Return how many things wait for this person: the six reminders and decisions."""
    return count_all_reminders(session, actor, now).total


def list_reminders(session: Session, actor: Actor, now: datetime, limit: int) -> list[ReminderList]:
    """Return the lists that concern this person, also the empty ones, each with up to `limit` things."""
    counts = count_all_reminders(session, actor, now).kinds
    return [
        ReminderList(kind, counts[kind], [Reminder(*row) for row in session.execute(query.limit(limit))])
        for kind, query in _list_queries(actor, now, lambda: _find_last_announced(session, now))
    ]


def search_reminders(session: Session, actor: Actor, search: SearchReminders, now: datetime) -> Page[Reminder]:
    """Return one page of one of the six; NotFound for whom it doesn't concern."""
    scope = find_reminded_scope(actor, search.kind)
    if scope.empty:
        raise NotFound
    query = _QUERIES[search.kind](scope, now, lambda: _find_last_announced(session, now))
    order = find_order(_ORDERS[search.kind], search.sort)
    rows, next_after = read_page(session, query, order, search.after, search.limit)
    # What it was sorted by stands at the end of each row.
    return Page(tuple(Reminder(*row[:-2]) for row in rows), next_after)


def export_reminders(session: Session, actor: Actor, search: SearchReminders, now: datetime) -> Iterator[Reminder]:
    """Yield all of one of the six."""
    return walk_pages(
        lambda after: search_reminders(session, actor, replace(search, after=after, limit=LONGEST_PAGE), now)
    )


def count_decisions(session: Session, actor: Actor, now: datetime) -> int:
    """Return how many decisions wait for this person."""
    conditions: list[ColumnElement[bool]] = []
    for act, action in DECIDES.items():
        scope = find_scope(actor, action)
        if not scope.empty:
            reached = true() if scope.everything else ApprovalRow.unit_id.in_(sorted(scope.unit_ids))
            conditions.append(and_(ApprovalRow.act == act.value, reached))
    if not conditions:
        return 0
    query = select(func.count()).where(
        ApprovalRow.state == ApprovalState.ASKED.value,
        ApprovalRow.expires_at > now,
        ApprovalRow.asked_by != actor.person_id,
        func.coalesce(ApprovalRow.asked_for, "") != actor.person_id,
        or_(false(), *conditions),
    )
    return session.scalar(query) or 0


Query = Select[*tuple[Any, ...]]


def _find_last_announced(session: Session, now: datetime) -> date:
    """Return the last day of which a contract's end is announced already."""
    days = load_rules(session).at(now).contract_days
    return load_calendar(session).find_day(now) + timedelta(days=days[0])


def _list_queries(actor: Actor, now: datetime, find_last: Callable[[], date]) -> list[tuple[ReminderKind, Query]]:
    """Return the query of each kind that concerns the person."""
    found = []
    for kind in ReminderKind:
        scope = find_reminded_scope(actor, kind)
        if not scope.empty:
            found.append((kind, _QUERIES[kind](scope, now, find_last)))
    return found


def _select_tasks(state: TaskState, scope: Scope) -> Query:
    dates = (TaskRow.due_at, TaskRow.warn_at, null())
    return (
        select(TaskRow.id, CaseRow.case_no, CaseRow.title, TaskRow.step, PersonRow.name, *dates, CaseRow.id)
        .select_from(TaskRow)
        .join(CaseRow, CaseRow.id == TaskRow.case_id)
        .outerjoin(PersonRow, PersonRow.id == TaskRow.handler_id)
        .where(TaskRow.state == state.value, within_case(scope, TaskRow.unit_id, TaskRow.handler_id))
        .order_by(TaskRow.due_at, TaskRow.id)
    )


def _select_transfers(scope: Scope) -> Query:
    dates = (null(), null(), null())
    return (
        select(DocumentRow.id, CaseRow.case_no, DocumentRow.name, DocumentRow.step, PersonRow.name, *dates, CaseRow.id)
        .select_from(DocumentRow)
        .join(CaseRow, CaseRow.id == DocumentRow.case_id)
        .outerjoin(PersonRow, PersonRow.id == DocumentRow.handler_id)
        .where(
            DocumentRow.state == DocumentState.REVIEWED.value,
            DocumentRow.medium == Medium.PAPER.value,
            DocumentRow.voided_at.is_(None),
            within_case(scope, DocumentRow.unit_id, DocumentRow.handler_id),
        )
        .order_by(DocumentRow.reviewed_at, DocumentRow.id)
    )


def _select_boxes(scope: Scope) -> Query:
    nowhere = or_(BoxLocationRow.box_code.is_(None), BoxLocationRow.state == State.NOWHERE.value)
    return (
        select(BoxRow.id, BoxRow.code, BoxRow.title)
        .select_from(BoxRow)
        .outerjoin(BoxLocationRow, BoxLocationRow.box_code == BoxRow.code)
        .where(within(scope, BoxRow.room_id), nowhere)
        .order_by(BoxRow.created_at, BoxRow.id)
    )


def _select_contracts(scope: Scope, last: date) -> Query:
    columns = (
        ContractRow.id,
        ContractRow.contract_no,
        CustomerRow.name,
        CustomerRow.customer_no,
        PersonRow.name,
        null(),
        null(),
        ContractRow.ends_on,
    )
    return (
        select(*columns)
        .select_from(ContractRow)
        .join(CustomerRow, CustomerRow.id == ContractRow.customer_id)
        .outerjoin(PersonRow, PersonRow.id == ContractRow.handler_id)
        .where(
            ContractRow.ends_on <= last,
            ContractRow.ended_on.is_(None),
            ContractRow.renews_itself.is_(False),
            within_case(scope, ContractRow.unit_id, ContractRow.handler_id),
        )
        .order_by(ContractRow.ends_on, ContractRow.id)
    )


def _select_limits(scope: Scope, now: datetime) -> Query:
    dates = (StepRow.due_at, StepRow.warn_at, null())
    return (
        select(StepRow.id, CaseRow.case_no, CaseRow.title, StepRow.code, PersonRow.name, *dates, CaseRow.id)
        .select_from(StepRow)
        .join(CaseRow, CaseRow.id == StepRow.case_id)
        .outerjoin(PersonRow, PersonRow.id == StepRow.handler_id)
        .where(
            StepRow.assessed,
            StepRow.completed_at.is_(None),
            CaseRow.closed_at.is_(None),
            or_(StepRow.warn_at <= now, StepRow.due_at <= now),
            within_case(scope, StepRow.unit_id, StepRow.handler_id),
        )
        .order_by(StepRow.due_at, StepRow.id)
    )


_QUERIES: dict[ReminderKind, Callable[[Scope, datetime, Callable[[], date]], Query]] = {
    ReminderKind.TO_ADD: lambda scope, _now, _last: _select_tasks(TaskState.TO_ADD, scope),
    ReminderKind.TO_SEND: lambda scope, _now, _last: _select_tasks(TaskState.TO_SEND, scope),
    ReminderKind.TO_TRANSFER: lambda scope, _now, _last: _select_transfers(scope),
    ReminderKind.TO_SHELVE: lambda scope, _now, _last: _select_boxes(scope),
    ReminderKind.CONTRACT: lambda scope, _now, find_last: _select_contracts(scope, find_last()),
    ReminderKind.LIMIT: lambda scope, now, _last: _select_limits(scope, now),
}


def _list_orders(
    due: InstrumentedAttribute[Any], row_id: InstrumentedAttribute[str], number: InstrumentedAttribute[str]
) -> dict[str, Order]:
    """Return the orders of a kind whose things are due at an instant, or wait since then."""
    found = {
        "due": Order(type_coerce(func.coalesce(due, NEVER), Instant), row_id.expression),
        "number": Order(number.expression, row_id.expression),
    }
    if row_id.class_ is not BoxRow:
        found["handler"] = Order(func.coalesce(PersonRow.name, ""), row_id.expression)
    return found


_OF_TASKS: Final = _list_orders(TaskRow.due_at, TaskRow.id, CaseRow.case_no)
_ORDERS: Final = {
    ReminderKind.TO_ADD: _OF_TASKS,
    ReminderKind.TO_SEND: _OF_TASKS,
    ReminderKind.TO_TRANSFER: _list_orders(DocumentRow.reviewed_at, DocumentRow.id, CaseRow.case_no),
    ReminderKind.TO_SHELVE: _list_orders(BoxRow.created_at, BoxRow.id, BoxRow.code),
    ReminderKind.CONTRACT: {
        "due": Order(ContractRow.ends_on.expression, ContractRow.id.expression),
        "number": Order(ContractRow.contract_no.expression, ContractRow.id.expression),
        "handler": Order(func.coalesce(PersonRow.name, ""), ContractRow.id.expression),
    },
    ReminderKind.LIMIT: _list_orders(StepRow.due_at, StepRow.id, CaseRow.case_no),
}
