"""The rows whose time has come, read by column in bounded chunks, and what a look at them changes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, Select, Table, bindparam, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from central.domain.documents import DocumentState
from central.domain.sweeps import Check, SubjectKind, Urge
from central.domain.tasks import TaskState
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
    SubjectKind.DOCUMENT: ("due_at",),
    SubjectKind.CONTRACT: ("ends_on",),
}
OPEN_TASKS = (TaskState.TO_ADD.value, TaskState.TO_SEND.value)
#: Ids in one statement that gives many rows the same values.
IDS_AT_ONCE = 500


def claim_due(session: Session, subject: SubjectKind, now: datetime, limit: int) -> Sequence[Row[*tuple[Any, ...]]]:
    """Return id and dates (`READ`) of up to `limit` rows that are to be looked at, the longest due first.

    Rows that another sweep has in hand are left to it.
    """
    row = SWEPT[subject]
    query: Select[*tuple[Any, ...]] = select(row.id, *(getattr(row, name) for name in READ[subject]))
    query = query.where(row.next_check_at <= now).order_by(row.next_check_at).limit(limit)
    return session.execute(query.with_for_update(skip_locked=True)).all()


def write_checks(session: Session, subject: SubjectKind, checks: Mapping[str, Check]) -> None:
    """Write band and next look of each row; rows with the same values share a statement."""
    if not checks:
        return
    table: Table = SWEPT[subject].__table__
    shared: dict[tuple[str, datetime | None], list[str]] = defaultdict(list)
    for row_id, check in checks.items():
        shared[check.band.value, check.next_check_at].append(row_id)
    by_id = update(table).where(table.c.id == bindparam("row_id"))
    by_ids = update(table).where(table.c.id.in_(bindparam("row_ids", expanding=True)))
    single = []
    for (band, next_check_at), ids in shared.items():
        values = {"next_check_at": next_check_at}
        if subject is not SubjectKind.CONTRACT:
            values["band"] = band  # type: ignore[assignment]
        if len(ids) == 1:
            single.append({"row_id": ids[0], "set_next": next_check_at, "set_band": band})
            continue
        for start in range(0, len(ids), IDS_AT_ONCE):
            session.execute(by_ids.values(values), {"row_ids": ids[start : start + IDS_AT_ONCE]})
    if single:
        named: dict[str, Any] = {"next_check_at": bindparam("set_next")}
        if subject is not SubjectKind.CONTRACT:
            named["band"] = bindparam("set_band")
        session.connection().execute(by_id.values(named), single)


def add_urges(session: Session, subject: SubjectKind, urges: Iterable[tuple[str, Urge]], now: datetime) -> int:
    """Add occurrences by (subject id, urge) and return how many were new: one that is known stays as it is."""
    rows = [
        {
            "id": new_id(),
            "subject_kind": subject.value,
            "subject_id": subject_id,
            "kind": urge.kind.value,
            "level": urge.level.value,
            "occurrence": urge.occurrence,
            "due_at": urge.due_at,
            "made_at": now,
        }
        for subject_id, urge in urges
    ]
    if not rows:
        return 0
    dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    statement = dialect.insert(UrgeRow.__table__).on_conflict_do_nothing().returning(UrgeRow.__table__.c.id)
    return len(session.connection().execute(statement, rows).all())


def answer_case(session: Session, case_id: str, now: datetime) -> None:
    """Note that what was urged for in a case is done, as far as it is: such urges stop."""
    done = {
        SubjectKind.TASK: select(TaskRow.id).where(TaskRow.case_id == case_id, TaskRow.state.not_in(OPEN_TASKS)),
        SubjectKind.STEP: select(StepRow.id)
        .join(CaseRow, CaseRow.id == StepRow.case_id)
        .where(StepRow.case_id == case_id, or_(StepRow.completed_at.is_not(None), CaseRow.closed_at.is_not(None))),
        SubjectKind.DOCUMENT: select(DocumentRow.id).where(
            DocumentRow.case_id == case_id,
            or_(DocumentRow.state != DocumentState.DUE.value, DocumentRow.voided_at.is_not(None)),
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


def _answer(session: Session, *which: Any, now: datetime) -> None:
    answered = update(UrgeRow).where(UrgeRow.answered_at.is_(None), *which).values(answered_at=now)
    session.execute(answered.execution_options(synchronize_session=False))
