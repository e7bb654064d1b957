"""Work that stands in rows: claimed by one statement, leased, tried again with growing pauses, dead ones kept in sight.

A worker that dies keeps its rows until the lease ends; then another takes them. So whatever is done for a row must
bear being done twice: its id goes with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol, TypeVar

from sqlalchemy import ColumnElement, func, or_, select, true, update
from sqlalchemy.orm import InstrumentedAttribute, Session
from sqlalchemy.sql.dml import ReturningUpdate

QUEUED, SENT, DEAD = "queued", "sent", "dead"
FIRST_PAUSE = timedelta(seconds=10)
LONGEST_PAUSE = timedelta(hours=1)
ATTEMPTS_MAX = 24
ERROR_LENGTH = 300


class Claimable(Protocol):
    """A row of work: see `CallbackRow` and `DeliveryRow`."""

    id: Any
    state: Any
    attempts: Any
    next_try_at: Any
    leased_until: Any
    leased_by: Any
    sent_at: Any
    last_error: Any


Row = TypeVar("Row", bound=Claimable)


def claim_rows(
    session: Session,
    kind: type[Row],
    worker: str,
    now: datetime,
    *,
    lease: timedelta,
    limit: int,
    only: ColumnElement[bool] | None = None,
) -> Sequence[Row]:
    """Take up to `limit` rows that are due and that nobody holds, the oldest first; `only` narrows further."""
    due = (
        select(kind.id)
        .where(
            kind.state == QUEUED,
            kind.next_try_at <= now,
            or_(kind.leased_until.is_(None), kind.leased_until <= now),
            only if only is not None else true(),
        )
        .order_by(kind.next_try_at, kind.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .cte("due")
    )
    claimed = (
        update(kind)
        .where(kind.id.in_(select(due.c.id)))
        .values(leased_by=worker, leased_until=now + lease, attempts=kind.attempts + 1)
        .returning(kind)
        .execution_options(synchronize_session=False, populate_existing=True)
    )
    return sorted(session.scalars(claimed), key=lambda row: (row.next_try_at, row.id))


def settle_row(session: Session, kind: type[Row], row_id: str, worker: str, now: datetime) -> bool:
    """Note that a claimed row is done; False if the claim was lost meanwhile."""
    return _release(session, kind, row_id, worker, state=SENT, sent_at=now, last_error=None)


def postpone_row(session: Session, kind: type[Row], row: Row, worker: str, now: datetime, *, error: str) -> bool:
    """Note that a claimed row failed and when it is tried next; after many attempts it is dead until a person acts."""
    values: dict[str, Any] = {"last_error": error[:ERROR_LENGTH]}
    if row.attempts >= ATTEMPTS_MAX:
        values["state"] = DEAD
    else:
        values["next_try_at"] = now + find_pause(row.attempts)
    return _release(session, kind, row.id, worker, **values)


def revive_row(session: Session, kind: type[Row], row_id: str, now: datetime) -> bool:
    """Queue a dead row again, by a person's wish."""
    revived = update(kind).where(kind.id == row_id, kind.state == DEAD)
    return _changed(session, revived.values(state=QUEUED, attempts=0, next_try_at=now).returning(kind.id))


def count_rows(session: Session, kind: type[Row]) -> dict[str, int]:
    """Return how many rows are in each state, for metrics."""
    state: InstrumentedAttribute[str] = kind.state
    return dict(session.execute(select(state, func.count()).group_by(state)).all())


def find_pause(attempts: int) -> timedelta:
    """Return how long to wait after this many attempts: doubled each time, capped."""
    doubled: timedelta = FIRST_PAUSE * 2 ** min(attempts - 1, 20)
    return min(LONGEST_PAUSE, doubled)


def _release(session: Session, kind: type[Row], row_id: str, worker: str, **values: Any) -> bool:
    released = update(kind).where(kind.id == row_id, kind.leased_by == worker)
    return _changed(session, released.values(leased_by=None, leased_until=None, **values).returning(kind.id))


def _changed(session: Session, statement: ReturningUpdate[Any]) -> bool:
    return session.scalar(statement.execution_options(synchronize_session=False)) is not None
