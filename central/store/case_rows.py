"""The rows of a case's steps, tasks and documents, filled in as its plan says; `case_writing` reads and plans."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from sqlalchemy.orm import Session

from central.domain.case_plans import CasePlan, DocumentPlan, StepPlan, TaskPlan
from central.domain.tasks import TaskState
from central.domain.templates import Need
from central.store.cases import CaseRow, StepRow
from central.store.documents import DocumentRow, TaskRow
from central.store.ids import new_id

FindPerson = Callable[[str | None], str | None]


def write_steps(  # noqa: PLR0917 - who writes, what, over what
    session: Session, case: CaseRow, plan: CasePlan, rows: dict[str, StepRow], find_person: FindPerson, now: datetime
) -> None:
    """Write a row for each step with news; a step that the news no longer speaks of goes."""
    kept = set()
    for each in plan.steps:
        row = rows.get(each.code)
        if row is None:
            row = StepRow(id=new_id(), case_id=case.id, code=each.code)
            session.add(row)
        row.handler_id = find_person(each.state.handler) or case.handler_id
        row.unit_id = case.unit_id
        _write_step(each, row, now)
        kept.add(each.code)
    for code, row in rows.items():
        if code not in kept:
            session.delete(row)


def write_tasks(  # noqa: PLR0917 - who writes, what, over what
    session: Session, case: CaseRow, plan: CasePlan, rows: dict[str, TaskRow], find_person: FindPerson, now: datetime
) -> None:
    """Write a row for each task into `rows`; a task that nothing asks for any more is void."""
    kept = set()
    for each in plan.tasks:
        row = rows.get(each.step)
        if row is None:
            row = rows[each.step] = TaskRow(id=new_id(), case_id=case.id, step=each.step, created_at=now)
            session.add(row)
        row.unit_id = case.unit_id
        row.handler_id = find_person(each.handler) or case.handler_id
        _write_task(each, row, now)
        kept.add(each.step)
    for step, row in rows.items():
        if step not in kept:
            row.state, row.next_check_at = TaskState.VOID.value, None
    # Documents refer to them.
    session.flush()


def write_documents(  # noqa: PLR0917 - who writes, what, over what
    session: Session,
    case: CaseRow,
    plan: CasePlan,
    rows: dict[tuple[str, str], DocumentRow],
    tasks: dict[str, TaskRow],
    now: datetime,
) -> list[DocumentRow]:
    """Write a row for each document into `rows`; return those that are asked for now and were not before."""
    new = []
    for each in plan.documents:
        key = (each.step, each.part.code)
        row = rows.get(key)
        if row is None:
            row = rows[key] = DocumentRow(
                id=new_id(), case_id=case.id, step=each.step, code=each.part.code, state="due"
            )
            session.add(row)
            new.append(row)
        elif row.voided_at is not None:
            new.append(row)
        task = tasks[each.step]
        row.task_id, row.unit_id, row.handler_id, row.voided_at = task.id, task.unit_id, task.handler_id, None
        _write_document(row, each)
    for key in plan.voided:
        rows[key].voided_at, rows[key].next_check_at = now, None
    return new


def _write_step(plan: StepPlan, row: StepRow, now: datetime) -> None:
    row.position, row.started_at, row.completed_at = plan.position, plan.state.started_at, plan.state.completed_at
    dates = plan.dates
    row.due_at, row.warn_at, row.next_check_at = dates.due_at, dates.warn_at, dates.next_check_at
    row.provisional, row.calendar_revision, row.assessed = dates.provisional, dates.calendar_revision, plan.assessed
    row.band = dates.band.value
    if plan.gate_turned or row.gate_state is None:
        row.gate_state, row.gate_changed_at = plan.gate.state.value, now if plan.gate_turned else None


def _write_task(plan: TaskPlan, row: TaskRow, now: datetime) -> None:
    row.step_ended_at = plan.step_ended_at
    sent = plan.state in (TaskState.SENT, TaskState.DONE)
    row.sent_at = (row.sent_at or now) if sent else None
    row.done_at = (row.done_at or now) if plan.state is TaskState.DONE else None
    row.state, row.band = plan.state.value, plan.dates.band.value
    row.due_at, row.warn_at, row.next_check_at = plan.dates.due_at, plan.dates.warn_at, plan.dates.next_check_at
    row.calendar_revision = plan.dates.calendar_revision


def _write_document(row: DocumentRow, plan: DocumentPlan) -> None:
    part, dates = plan.part, plan.dates
    row.name, row.name_en, row.medium, row.need = part.name, part.name_en, part.medium.value, part.need.value
    row.gate, row.retention, row.copies = part.gate, part.retention.value, part.copies
    row.paper_created_at, row.created_assumed, row.owed_until = (
        plan.paper_created_at,
        plan.created_assumed,
        plan.owed_until,
    )
    asked = part.need is not Need.WELCOME
    row.due_at, row.warn_at, row.next_check_at = dates.due_at, dates.warn_at, dates.next_check_at if asked else None
    row.band = dates.band.value
