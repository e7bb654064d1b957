"""The rows whose time has come, read by column in bounded chunks, and what a look at them changes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, CursorResult, Table, bindparam, func, literal, or_, select, true, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from central.domain.documents import UNSCANNED
from central.domain.sweeps import Check, SubjectKind, Urge
from central.domain.tasks import TaskState
from central.store.base import ID_LENGTH, Document
from central.store.cases import CaseRow, StepRow
from central.store.customers import ContractRow
from central.store.documents import DocumentRow, TaskRow
from central.store.ids import new_id
from central.store.urges import UrgeRow

#: Every row here has an id and a `next_check_at`.
SWEPT: dict[SubjectKind, Any] = {
    SubjectKind.TASK: TaskRow,
    SubjectKind.STEP: StepRow,
    SubjectKind.DOCUMENT: DocumentRow,
    SubjectKind.CONTRACT: ContractRow,
}
#: What a look needs to know.
READ = {
    SubjectKind.TASK: ("due_at", "warn_at"),
    SubjectKind.STEP: ("due_at", "warn_at", "assessed"),
    SubjectKind.DOCUMENT: ("due_at", "warn_at", "need", "owed_until"),
    SubjectKind.CONTRACT: ("ends_on",),
}
OPEN_TASKS = (TaskState.TO_ADD.value, TaskState.TO_SEND.value)
#: From so many rows with equal dates on, one statement writes them all.
SHARED_LEAST = 8

Dates = tuple[Any, ...]


def claim_due(session: Session, subject: SubjectKind, now: datetime, limit: int) -> list[tuple[Dates, list[str]]]:
    """Return up to `limit` rows that are to be looked at, the longest due first, as ids by equal dates (`READ`).

    With working days very many rows share their dates. Rows that another sweep has in hand are left to it.
    """
    row = SWEPT[subject]
    due = (
        select(row.id, *(getattr(row, name) for name in READ[subject]))
        .where(row.next_check_at <= now)
        .order_by(row.next_check_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .cte("due")
    )
    dates = [due.c[name] for name in READ[subject]]
    grouped = select(func.aggregate_strings(due.c.id, ","), *dates).group_by(*dates)
    return [(tuple(found), ids.split(",")) for ids, *found in session.execute(grouped)]


def write_checks(session: Session, subject: SubjectKind, checks: Iterable[tuple[Check, Sequence[str]]]) -> None:
    """Write band and next look of each row."""
    table: Table = SWEPT[subject].__table__
    names = ("next_check_at",) if subject is SubjectKind.CONTRACT else ("next_check_at", "band")
    single = []
    for check, ids in checks:
        values: dict[str, Any] = {"next_check_at": check.next_check_at, "band": check.band.value}
        if len(ids) < SHARED_LEAST:
            single += [{"row_id": each} | {f"new_{name}": values[name] for name in names} for each in ids]
            continue
        every = update(table).where(table.c.id.in_(select(_unfold(session, ids))))
        session.execute(every.values({name: values[name] for name in names}))
    if single:
        one = update(table).where(table.c.id == bindparam("row_id"))
        session.connection().execute(one.values({name: bindparam(f"new_{name}") for name in names}), single)


def add_urges(
    session: Session, subject: SubjectKind, urges: Iterable[tuple[Urge, Sequence[str]]], now: datetime
) -> int:
    """Add occurrences for the subjects of these ids; return how many were new: one that is known stays as it is."""
    table: Table = UrgeRow.__table__  # type: ignore[assignment]
    dialect: Any = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    single = []
    added = 0
    for urge, ids in urges:
        values = {
            "subject_kind": subject.value,
            "kind": urge.kind.value,
            "level": urge.level.value,
            "occurrence": urge.occurrence,
            "due_at": urge.due_at,
            "made_at": now,
        }
        if len(ids) < SHARED_LEAST:
            single += [values | {"id": new_id(), "subject_id": each} for each in ids]
            continue
        pair = _unfold(session, [f"{new_id()} {each}" for each in ids])
        # "where true" keeps SQLite from reading ON CONFLICT as a join
        rows = select(
            func.substr(pair, 1, ID_LENGTH),
            func.substr(pair, ID_LENGTH + 2),
            *(literal(value, table.c[name].type) for name, value in values.items()),
        ).where(true())
        statement = dialect.insert(table).from_select(["id", "subject_id", *values], rows).on_conflict_do_nothing()
        result = session.execute(statement)
        assert isinstance(result, CursorResult)
        added += result.rowcount
    if single:
        statement = dialect.insert(table).on_conflict_do_nothing().returning(table.c.id)
        added += len(session.connection().execute(statement, single).all())
    return added


def answer_case(session: Session, case_id: str, now: datetime) -> None:
    """Note that what was urged for in a case is done, as far as it is: such urges stop."""
    done = {
        SubjectKind.TASK: select(TaskRow.id).where(TaskRow.case_id == case_id, TaskRow.state.not_in(OPEN_TASKS)),
        SubjectKind.STEP: select(StepRow.id)
        .join(CaseRow, CaseRow.id == StepRow.case_id)
        .where(StepRow.case_id == case_id, or_(StepRow.completed_at.is_not(None), CaseRow.closed_at.is_not(None))),
        SubjectKind.DOCUMENT: select(DocumentRow.id).where(
            DocumentRow.case_id == case_id,
            or_(DocumentRow.state.not_in(UNSCANNED), DocumentRow.voided_at.is_not(None)),
        ),
    }
    for subject, ids in done.items():
        _answer(session, UrgeRow.subject_kind == subject.value, UrgeRow.subject_id.in_(ids), now=now)


def answer_subjects(session: Session, subject: SubjectKind, ids: Iterable[str], now: datetime) -> None:
    """Note that what was urged for is done or no longer wanted."""
    _answer(session, UrgeRow.subject_kind == subject.value, UrgeRow.subject_id.in_(sorted(ids)), now=now)


def measure_lag(session: Session, now: datetime) -> timedelta:
    """Return for how long the row has waited that is longest due."""
    oldest = [session.scalar(select(func.min(row.next_check_at))) for row in SWEPT.values()]
    waits = [now - at for at in oldest if at is not None and at < now]
    return max(waits, default=timedelta())


def _unfold(session: Session, texts: Sequence[str]) -> ColumnElement[str]:
    """Return a column with these texts, handed over as one value."""
    unfold = func.json_each if session.get_bind().dialect.name == "sqlite" else func.jsonb_array_elements_text
    value: ColumnElement[str] = unfold(bindparam(None, list(texts), Document)).table_valued("value").c.value
    return value


def _answer(session: Session, *which: Any, now: datetime) -> None:
    answered = update(UrgeRow).where(UrgeRow.answered_at.is_(None), *which).values(answered_at=now)
    session.execute(answered.execution_options(synchronize_session=False))
