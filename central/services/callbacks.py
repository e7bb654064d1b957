"""Callbacks to the marketing system as rows of work: the next ones to send, and how sending them ended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import exists, select
from sqlalchemy.orm import Session, aliased

from central.domain.audit import AuditAct, AuditEntry
from central.domain.people import Actor
from central.domain.refusals import NotFound
from central.store.audit import add_audit
from central.store.callbacks import CallbackRow
from central.store.claims import DEAD, QUEUED, claim_rows, postpone_row, revive_row, settle_row

SOURCE = "urn:openaisle:centre"
LEASE = timedelta(minutes=2)
AT_ONCE = 20


@dataclass(frozen=True, slots=True)
class Callback:
    """One message to send: a CloudEvent whose id makes a repeat harmless."""

    id: str
    event: dict[str, Any]


@dataclass(frozen=True, slots=True)
class CallbackSeen:
    """One callback as people see it; `says` is the state of the step gate that it tells."""

    id: str
    subject: str
    says: str
    state: str
    attempts: int
    occurred_at: datetime
    next_try_at: datetime
    sent_at: datetime | None
    last_error: str | None
    #: Given up, and no newer callback of its subject came after it.
    revivable: bool


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


def list_callbacks(session: Session, state: str | None, limit: int) -> list[CallbackSeen]:
    """Return callbacks, the newest first, in one state or in any."""
    newer = aliased(CallbackRow)
    overtaken = exists(
        select(newer.id).where(newer.subject == CallbackRow.subject, newer.sequence > CallbackRow.sequence)
    )
    query = select(CallbackRow, overtaken).order_by(CallbackRow.id.desc()).limit(limit)
    if state is not None:
        query = query.where(CallbackRow.state == state)
    return [_see(row, overtaken=bool(behind)) for row, behind in session.execute(query)]


def revive_callback(session: Session, actor: Actor, callback_id: str, now: datetime) -> None:
    """Queue a callback again that was given up, unless a newer one of its subject exists: that one counts."""
    row = session.get(CallbackRow, callback_id)
    if row is None:
        raise NotFound
    newer = select(CallbackRow.id).where(CallbackRow.subject == row.subject, CallbackRow.sequence > row.sequence)
    attempts, error = row.attempts, row.last_error or ""
    if session.scalar(newer.limit(1)) is not None or not revive_row(session, CallbackRow, callback_id, now):
        raise NotFound
    before = {"attempts": attempts, "last_error": error}
    entry = AuditEntry(AuditAct.CALLBACK_REVIVED, "callback", callback_id, row.subject, before=before)
    add_audit(session, actor, entry, now)


def _see(row: CallbackRow, *, overtaken: bool) -> CallbackSeen:
    return CallbackSeen(
        id=row.id,
        subject=row.subject,
        says=str(row.body.get("state", "")),
        state=row.state,
        attempts=row.attempts,
        occurred_at=row.occurred_at,
        next_try_at=row.next_try_at,
        sent_at=row.sent_at,
        last_error=row.last_error,
        revivable=row.state == DEAD and not overtaken,
    )


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
