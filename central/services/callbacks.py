"""Callbacks to the marketing system as rows of work: the next ones to send, and how sending them ended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import exists, select
from sqlalchemy.orm import Session, aliased

from central.store.callbacks import CallbackRow
from central.store.claims import DEAD, QUEUED, claim_rows, postpone_row, settle_row

SOURCE = "urn:openaisle:centre"
LEASE = timedelta(minutes=2)
AT_ONCE = 20


@dataclass(frozen=True, slots=True)
class Callback:
    """One message to send: a CloudEvent whose id makes a repeat harmless."""

    id: str
    event: dict[str, Any]


def claim_callbacks(session: Session, worker: str, now: datetime) -> Sequence[Callback]:
    """Take the callbacks that are due; of one subject only the oldest, so that the newest word comes last."""
    older = aliased(CallbackRow)
    waits = exists(
        select(older.id).where(
            older.subject == CallbackRow.subject, older.sequence < CallbackRow.sequence, older.state == QUEUED
        )
    )
    rows = claim_rows(session, CallbackRow, worker, now, lease=LEASE, limit=AT_ONCE, only=~waits)
    return [Callback(row.id, _show(row)) for row in rows]


def settle_callback(session: Session, callback_id: str, worker: str, error: str | None, now: datetime) -> bool:
    """Note that a callback was taken (`error` None) or when it is tried again; False if another worker has it."""
    if error is None:
        return settle_row(session, CallbackRow, callback_id, worker, now)
    row = session.get(CallbackRow, callback_id)
    return row is not None and postpone_row(session, CallbackRow, row, worker, now, error=error)


def list_dead_callbacks(session: Session, limit: int = 100) -> Sequence[CallbackRow]:
    """Return callbacks that were given up, the newest first."""
    query = select(CallbackRow).where(CallbackRow.state == DEAD).order_by(CallbackRow.id.desc()).limit(limit)
    return session.scalars(query).all()


def _show(row: CallbackRow) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": row.id,
        "source": SOURCE,
        "type": row.type,
        "subject": row.subject,
        "time": row.occurred_at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "datacontenttype": "application/json",
        "sequence": f"{row.sequence:010d}",
        "data": row.body,
    }
