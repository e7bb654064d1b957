"""The rows whose time has come, read by column in bounded chunks, and what a look at them changes."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    CursorResult,
    Insert,
    Integer,
    Select,
    String,
    Table,
    Update,
    bindparam,
    cast,
    func,
    literal,
    literal_column,
    or_,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Session

from central.domain.documents import UNSCANNED
from central.domain.sweeps import Check, SubjectKind, Urge
from central.domain.tasks import TaskState
from central.store.base import ID_LENGTH
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
#: Of an id, what ids drawn together share; the rest is a number.
BASE_LENGTH = 24
OPEN_TASKS = (TaskState.TO_ADD.value, TaskState.TO_SEND.value)
#: From so many rows with equal dates on, one statement writes them all.
SHARED_LEAST = 8

Dates = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """Rows with equal dates, as a JSON array of what the database finds them by fastest; nobody else reads it."""

    keys: str
    count: int


def claim_due(session: Session, subject: SubjectKind, now: datetime, limit: int) -> list[tuple[Dates, Group]]:
    """Return up to `limit` rows that are to be looked at, the longest due first, grouped by their dates (`READ`).

    With working days very many rows share their dates. Rows that another sweep has in hand are left to it.
    """
    claim = _prepare(_name_dialect(session), subject).claim
    return [
        (tuple(dates), Group(keys, count))
        for keys, count, *dates in session.execute(claim, {"until": now, "most": limit})
    ]


def write_checks(session: Session, subject: SubjectKind, checks: Iterable[tuple[Check, Group]]) -> None:
    """Write band and next look of each row."""
    prepared = _prepare(_name_dialect(session), subject)
    single = []
    for check, group in checks:
        values = {"new_next_check_at": check.next_check_at, "new_band": check.band.value}
        if subject is SubjectKind.CONTRACT:
            del values["new_band"]
        if group.count >= SHARED_LEAST:
            session.execute(prepared.write_shared, values | {"keys": group.keys})
        else:
            single += [values | {"row_key": key} for key in json.loads(group.keys)]
    if single:
        session.connection().execute(prepared.write_single, single)


def add_urges(session: Session, subject: SubjectKind, urges: Iterable[tuple[Urge, Group]], now: datetime) -> int:
    """Add occurrences for the subjects in these groups; return how many were new: a known one stays as it is."""
    prepared = _prepare(_name_dialect(session), subject)
    single: list[dict[str, Any]] = []
    added = 0
    for urge, group in urges:
        values = {
            "new_kind": urge.kind.value,
            "new_level": urge.level.value,
            "new_occurrence": urge.occurrence,
            "new_due_at": urge.due_at,
            "new_made_at": now,
        }
        if group.count >= SHARED_LEAST:
            # ids of one group share their beginning and are numbered on: drawing each would cost more than writing it
            result = session.execute(prepared.add_shared, values | {"keys": group.keys, "base": new_id()[:BASE_LENGTH]})
            assert isinstance(result, CursorResult)
            added += result.rowcount
        else:
            single += [values | {"row_key": key, "row_id": new_id()} for key in json.loads(group.keys)]
    if single:
        added += session.connection().execute(prepared.add_single, single).rowcount
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


@dataclass(frozen=True, slots=True)
class _Prepared:
    """Statements over one table in one dialect, built once: building them costs as much as running them."""

    claim: Select[*tuple[Any, ...]]
    write_shared: Update
    write_single: Update
    add_shared: Insert
    add_single: Insert


@cache
def _prepare(dialect: str, subject: SubjectKind) -> _Prepared:
    table: Table = SWEPT[subject].__table__
    # SQLite finds a row by its number at half the cost of its id; that number holds within a transaction.
    key = literal_column(f"{table.name}.rowid", Integer) if dialect == "sqlite" else table.c.id
    due = (
        select(key.label("key"), *(table.c[name] for name in READ[subject]))
        .where(table.c.next_check_at <= bindparam("until", type_=table.c.next_check_at.type))
        .order_by(table.c.next_check_at)
        .limit(bindparam("most", type_=Integer))
        .with_for_update(skip_locked=True)
        .cte("due")
    )
    dates = [due.c[name] for name in READ[subject]]
    keys = func.json_group_array(due.c.key) if dialect == "sqlite" else cast(func.jsonb_agg(due.c.key), String)
    names = ("next_check_at",) if subject is SubjectKind.CONTRACT else ("next_check_at", "band")
    new = {name: bindparam(f"new_{name}", type_=table.c[name].type) for name in names}
    shared, single = key.in_(select(_unfold(dialect))), key == bindparam("row_key", type_=key.type)
    if dialect == "sqlite":
        number: ColumnElement[str] = func.printf("%012x", key)
    else:
        number = func.lpad(func.to_hex(func.row_number().over(order_by=table.c.id)), ID_LENGTH - BASE_LENGTH, "0")
    return _Prepared(
        select(keys, func.count(), *dates).group_by(*dates),
        update(table).where(shared).values(new),
        update(table).where(single).values(new),
        _insert_urges(dialect, subject, bindparam("base", type_=String) + number, shared),
        _insert_urges(dialect, subject, bindparam("row_id", type_=String), single),
    )


def _insert_urges(dialect: str, subject: SubjectKind, id_: ColumnElement[str], which: ColumnElement[bool]) -> Insert:
    """Return the statement that adds one occurrence for each of these rows that has not got it yet."""
    urges: Table = UrgeRow.__table__  # type: ignore[assignment]
    table: Table = SWEPT[subject].__table__
    names = ("kind", "level", "occurrence", "due_at", "made_at")
    values = [bindparam(f"new_{name}", type_=urges.c[name].type) for name in names]
    rows = select(id_, table.c.id, literal(subject.value), *values).select_from(table).where(which)
    insert = (sqlite if dialect == "sqlite" else postgresql).insert(urges)
    # Of the same key only: anything else that collides is an error.
    statement: Insert = insert.from_select(["id", "subject_id", "subject_kind", *names], rows).on_conflict_do_nothing(
        index_elements=["subject_kind", "subject_id", "kind", "level", "occurrence"]
    )
    return statement.execution_options(preserve_rowcount=True)


def _unfold(dialect: str) -> ColumnElement[str]:
    """Return a column of the keys of a group, handed over as one value."""
    text = bindparam("keys", type_=String)
    unfolded = func.json_each(text) if dialect == "sqlite" else func.jsonb_array_elements_text(cast(text, JSONB))
    value: ColumnElement[str] = unfolded.table_valued("value").c.value
    return value


def _name_dialect(session: Session) -> str:
    return session.get_bind().dialect.name


def _answer(session: Session, *which: Any, now: datetime) -> None:
    answered = update(UrgeRow).where(UrgeRow.answered_at.is_(None), *which).values(answered_at=now)
    session.execute(answered.execution_options(synchronize_session=False))
