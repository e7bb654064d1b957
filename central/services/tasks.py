"""Tasks: what waits for a handler, the paper list of one task, and sending what was scanned and checked (P5, P7)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import ColumnElement, and_, case, func, select, true
from sqlalchemy.orm import Session

from central.domain.audit import AuditAct, AuditEntry
from central.domain.documents import DocumentAct, DocumentState, find_next
from central.domain.paging import LONGEST_PAGE, Page, walk_pages
from central.domain.people import Actor
from central.domain.permissions import Action, find_acting_for, find_scope
from central.domain.refusals import NotFound, Reason, Refusal
from central.domain.search import split_query
from central.domain.tasks import TaskState
from central.store.audit import add_audit
from central.store.case_lists import match_case
from central.store.case_names import load_case_names
from central.store.case_writing import lock_case
from central.store.cases import CaseCustomerRow, CaseRow
from central.store.clocks import PaperClock, read_clock
from central.store.customers import CustomerRow
from central.store.document_acts import HeldDocument, add_act, check_act, follow_acts
from central.store.documents import DocumentRow, TaskRow
from central.store.keyset import find_order, read_page
from central.store.paper_lists import TASK_ORDERS, list_paper_orders
from central.store.people import load_names
from central.store.scope import within_case

FOUND_MOST = 30
#: States in which a document takes pages.
OPEN_STATES = tuple(state.value for state in DocumentState if find_next(state, DocumentAct.CAPTURE) is not None)


@dataclass(frozen=True, slots=True)
class SearchTasks:
    """Which tasks are looked for: in one state, with words that occur in case number, title or customer."""

    state: TaskState
    text: str = ""
    sort: str = "due"
    after: str | None = None
    limit: int = 50


@dataclass(frozen=True, slots=True)
class SearchWaiting:
    """Which waiting papers are looked for, by words in case number, title or customer."""

    text: str = ""
    sort: str = "since"
    after: str | None = None
    limit: int = 50


@dataclass(frozen=True, slots=True)
class TaskSeen:
    """A task in a list."""

    id: str
    case_no: str
    title: str
    customer: str
    step: str
    step_name: str
    step_name_en: str
    state: TaskState
    band: str
    due_at: datetime | None
    handler: str
    papers: int
    papers_captured: int


@dataclass(frozen=True, slots=True)
class PaperSeen:
    """A document in a task's paper list, or in a list of what waits for somebody."""

    id: str
    name: str
    name_en: str
    need: str
    copies: int
    gate: int
    state: DocumentState
    pages: int
    band: str
    due_at: datetime | None
    case_no: str = ""
    customer: str = ""
    handler: str = ""
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class TaskShown:
    """One task with its paper list; `sendable`: how many documents would be sent now."""

    task: TaskSeen
    clock: PaperClock
    papers: tuple[PaperSeen, ...]
    may_add: bool
    sendable: int


def list_tasks(session: Session, actor: Actor, search: SearchTasks) -> Page[TaskSeen]:
    """Return one page of the tasks in one state within the actor's scope, the most urgent first unless sorted."""
    scope = find_scope(actor, Action.SEE_TASKS)
    query = (
        select(TaskRow)
        .join(CaseRow, CaseRow.id == TaskRow.case_id)
        .where(
            TaskRow.state == search.state.value,
            within_case(scope, TaskRow.unit_id, TaskRow.handler_id),
            _match_words(search.text),
        )
    )
    order = find_order(TASK_ORDERS, search.sort)
    rows, next_after = read_page(session, query, order, search.after, search.limit)
    return Page(_see_tasks(session, [row[0] for row in rows]), next_after)


def export_tasks(session: Session, actor: Actor, search: SearchTasks) -> Iterator[TaskSeen]:
    """Yield everything that is found."""
    return walk_pages(lambda after: list_tasks(session, actor, replace(search, after=after, limit=LONGEST_PAGE)))


def count_tasks(session: Session, actor: Actor) -> dict[TaskState, int]:
    """Return how many tasks are in each state within the actor's scope."""
    scope = find_scope(actor, Action.SEE_TASKS)
    query = select(TaskRow.state, func.count()).where(within_case(scope, TaskRow.unit_id, TaskRow.handler_id))
    return {TaskState(state): count for state, count in session.execute(query.group_by(TaskRow.state))}


def show_task(session: Session, actor: Actor, task_id: str) -> TaskShown:
    """Return one task with its papers."""
    row = _find_task(session, actor, Action.SEE_TASKS, task_id)
    adds = find_scope(actor, Action.ADD_DOCUMENT).covers_case(row.unit_id, [row.handler_id])
    sends = find_scope(actor, Action.SEND_DOCUMENT).covers_case(row.unit_id, [row.handler_id])
    papers = _load_papers(session, row.id)
    checked = sum(1 for each in papers if each.state == DocumentState.SELF_CHECKED.value)
    return TaskShown(
        _see_tasks(session, [row])[0],
        read_clock(session, "send", row.step_ended_at),
        tuple(see_paper(each) for each in papers),
        may_add=adds,
        sendable=checked if sends else 0,
    )


def send_task(session: Session, actor: Actor, task_id: str, now: datetime) -> int:
    """Send every checked document of a task to the collector; return how many there were."""
    found = _find_task(session, actor, Action.SEND_DOCUMENT, task_id)
    held_case = lock_case(session, found.case_id)
    task = _find_task(session, actor, Action.SEND_DOCUMENT, task_id)
    people = [task.handler_id] if task.handler_id is not None else []
    acting_for = find_acting_for(actor, Action.SEND_DOCUMENT, unit_id=task.unit_id, person_ids=people)
    papers = [each for each in _load_papers(session, task.id) if each.state == DocumentState.SELF_CHECKED.value]
    if not papers:
        raise Refusal(Reason.NOTHING_TO_SEND)
    for row in papers:
        held = HeldDocument(held_case, row, acting_for)
        check_act(session, actor, held, DocumentAct.SEND)
        following = find_next(DocumentState(row.state), DocumentAct.SEND)
        assert following is not None, "judged above"
        entry = AuditEntry(
            AuditAct.DOCUMENT_SENT,
            "document",
            row.id,
            held.name,
            before={"state": row.state},
            after={"state": following.value},
            acting_for=acting_for,
        )
        row.state, row.sent_at = following.value, now
        add_act(session, actor, held, DocumentAct.SEND, now)
        add_audit(session, actor, entry, now)
    follow_acts(session, held_case, now)
    return len(papers)


#: In what state documents wait for whom, and since when.
_WAITING = {
    Action.REVIEW_DOCUMENT: (DocumentState.SENT, DocumentRow.sent_at),
    Action.ACCEPT_DOCUMENT: (DocumentState.REVIEWED, DocumentRow.reviewed_at),
}


def _list_waiting_conditions(actor: Actor, action: Action) -> tuple[ColumnElement[bool], ...]:
    return (
        DocumentRow.state == _WAITING[action][0].value,
        DocumentRow.voided_at.is_(None),
        within_case(find_scope(actor, action), DocumentRow.unit_id, DocumentRow.handler_id),
    )


def count_waiting_documents(session: Session, actor: Actor, action: Action) -> int:
    """Return how many documents wait for review or for acceptance within the actor's scope."""
    return session.scalar(select(func.count(DocumentRow.id)).where(*_list_waiting_conditions(actor, action))) or 0


def list_waiting_documents(session: Session, actor: Actor, action: Action, search: SearchWaiting) -> Page[PaperSeen]:
    """Return what waits for review or for acceptance within the actor's scope, the longest waiting first."""
    since = _WAITING[action][1]
    query = (
        select(DocumentRow, CaseRow.case_no, since)
        .join(CaseRow, CaseRow.id == DocumentRow.case_id)
        .where(*_list_waiting_conditions(actor, action), _match_words(search.text))
    )
    order = find_order(list_paper_orders(since), search.sort)
    rows, next_after = read_page(session, query, order, search.after, search.limit)
    names = load_names(session, [row[0].handler_id for row in rows])
    customers = load_customer_names(session, [row[0].case_id for row in rows])
    papers = tuple(
        see_paper(
            row,
            case_no=case_no,
            customer=customers.get(row.case_id, ""),
            handler=names.get(row.handler_id or "", ""),
            since=moment,
        )
        for row, case_no, moment, *_ in rows
    )
    return Page(papers, next_after)


def export_waiting_documents(
    session: Session, actor: Actor, action: Action, search: SearchWaiting
) -> Iterator[PaperSeen]:
    """Yield everything that waits and is looked for."""
    return walk_pages(
        lambda after: list_waiting_documents(session, actor, action, replace(search, after=after, limit=LONGEST_PAGE))
    )


def _match_words(text: str) -> ColumnElement[bool]:
    return and_(true(), *(match_case(word) for word in split_query(text)))


def search_documents(session: Session, actor: Actor, text: str) -> tuple[PaperSeen, ...]:
    """Return documents that take pages, by case and customer, within the actor's scope; those not scanned yet first."""
    words = text.split()
    if not words:
        return ()
    scope = find_scope(actor, Action.PLACE_SCAN)
    query = (
        select(DocumentRow, CaseRow.case_no)
        .join(CaseRow, CaseRow.id == DocumentRow.case_id)
        .where(
            and_(*(match_case(word) for word in words)),
            DocumentRow.voided_at.is_(None),
            DocumentRow.state.in_(OPEN_STATES),
            within_case(scope, DocumentRow.unit_id, DocumentRow.handler_id),
        )
        .order_by(CaseRow.id.desc(), case((DocumentRow.pages == 0, 0), else_=1), DocumentRow.id)
        .limit(FOUND_MOST)
    )
    rows = session.execute(query).all()
    names = load_names(session, [row.handler_id for row, _ in rows])
    customers = load_customer_names(session, [row.case_id for row, _ in rows])
    return tuple(
        see_paper(
            row, case_no=case_no, customer=customers.get(row.case_id, ""), handler=names.get(row.handler_id or "", "")
        )
        for row, case_no in rows
    )


def see_paper(
    row: DocumentRow,
    *,
    case_no: str = "",
    customer: str = "",
    handler: str = "",
    since: datetime | None = None,
) -> PaperSeen:
    """Return a document as a list shows it."""
    return PaperSeen(
        id=row.id,
        name=row.name,
        name_en=row.name_en,
        need=row.need,
        copies=row.copies,
        gate=row.gate,
        state=DocumentState(row.state),
        pages=row.pages,
        band=row.band,
        due_at=row.due_at,
        case_no=case_no,
        customer=customer,
        handler=handler,
        since=since,
    )


def load_customer_names(session: Session, case_ids: Iterable[str]) -> dict[str, str]:
    """Return the name of the first customer of each case; its number where no news told the name."""
    query = (
        select(CaseCustomerRow.case_id, CaseCustomerRow.customer_no, CustomerRow.name)
        .outerjoin(CustomerRow, CustomerRow.customer_no == CaseCustomerRow.customer_no)
        .where(CaseCustomerRow.position == 0, CaseCustomerRow.case_id.in_(sorted(set(case_ids))))
    )
    return {case_id: name or number for case_id, number, name in session.execute(query)}


def _find_task(session: Session, actor: Actor, action: Action, task_id: str) -> TaskRow:
    query = select(TaskRow).where(
        TaskRow.id == task_id,
        TaskRow.state != TaskState.VOID.value,
        within_case(find_scope(actor, action), TaskRow.unit_id, TaskRow.handler_id),
    )
    row = session.scalar(query.execution_options(populate_existing=True))
    if row is None:
        raise NotFound
    return row


def _load_papers(session: Session, task_id: str) -> list[DocumentRow]:
    query = select(DocumentRow).where(DocumentRow.task_id == task_id, DocumentRow.voided_at.is_(None))
    rows = list(session.scalars(query.execution_options(populate_existing=True)))
    order = {"required": 0, "owed": 1}
    return sorted(rows, key=lambda row: (order.get(row.need, 2), row.id))


def _see_tasks(session: Session, rows: Sequence[TaskRow]) -> tuple[TaskSeen, ...]:
    case_ids = {row.case_id for row in rows}
    cases = {row.id: row for row in session.scalars(select(CaseRow).where(CaseRow.id.in_(sorted(case_ids))))}
    customers, handlers = load_customer_names(session, case_ids), load_names(session, [row.handler_id for row in rows])
    names = load_case_names(session, case_ids)
    counts = _count_papers(session, [row.id for row in rows])
    return tuple(
        TaskSeen(
            id=row.id,
            case_no=cases[row.case_id].case_no,
            title=cases[row.case_id].title,
            customer=customers.get(row.case_id, ""),
            step=row.step,
            step_name=names[row.case_id].name_step(row.step, chinese=True) if row.case_id in names else row.step,
            step_name_en=names[row.case_id].name_step(row.step, chinese=False) if row.case_id in names else row.step,
            state=TaskState(row.state),
            band=row.band,
            due_at=row.due_at,
            handler=handlers.get(row.handler_id or "", ""),
            papers=counts.get(row.id, (0, 0))[0],
            papers_captured=counts.get(row.id, (0, 0))[1],
        )
        for row in rows
    )


def _count_papers(session: Session, task_ids: Iterable[str]) -> dict[str, tuple[int, int]]:
    captured = func.sum(case((DocumentRow.pages > 0, 1), else_=0))
    query = select(DocumentRow.task_id, func.count(), captured).where(
        DocumentRow.task_id.in_(sorted(set(task_ids))), DocumentRow.voided_at.is_(None), DocumentRow.need == "required"
    )
    grouped = session.execute(query.group_by(DocumentRow.task_id))
    return {task_id: (count, int(with_pages or 0)) for task_id, count, with_pages in grouped}
