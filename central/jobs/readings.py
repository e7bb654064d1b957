"""Numbers that a scrape asks the database and the link for: never kept, so never stale."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Protocol

import structlog
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from central.domain.ingest import EpochState
from central.domain.messages import DeliveryState
from central.metrics import Readings
from central.services.backups import find_newest
from central.services.contents import count_bad, find_oldest_check
from central.services.unassigned_scans import measure_waiting
from central.store.audit import find_head, measure_pending
from central.store.calendars import load_calendar
from central.store.callbacks import CallbackRow
from central.store.claims import DEAD, QUEUED, SENT, count_rows
from central.store.gateways import GatewayRow
from central.store.ingest import CursorRow, list_cursors
from central.store.movements import BoxLocationRow
from central.store.sweeps import measure_lag
from central.store.tx import Transactions
from central.store.urges import DeliveryRow

log = structlog.get_logger(__name__)


class Link(Protocol):
    """The centre's end of the link, as far as metrics look at it."""

    def status(self) -> dict[str, Any]: ...


def read_metrics(tx: Transactions, link: Link | None, now: datetime) -> dict[str, Readings]:
    """Return the computed metrics by name; without a database only those of the process."""
    readings: dict[str, Readings] = {
        "openaisle_central_writers_waiting": [((), float(tx.gate.waiting if tx.gate is not None else 0))],
    }
    if link is not None:
        status = link.status()
        readings["openaisle_central_link_up"] = [((), float(status["connected"]))]
        counts: dict[str, int] = status["counts"]
        readings["openaisle_central_link_events_total"] = [((kind,), float(n)) for kind, n in sorted(counts.items())]
    try:
        with tx.read() as session:
            return (
                readings
                | _read_database(session)
                | _read_audit(session, now)
                | _read_time(session, now)
                | _read_backup(session)
                | _read_papers(session, now)
            )
    except SQLAlchemyError as error:
        log.warning("metrics_without_database", error=str(error))
        return readings


def _read_database(session: Session) -> dict[str, Readings]:
    gateways = session.execute(select(GatewayRow.room_id, GatewayRow.state).order_by(GatewayRow.room_id)).all()
    cursors: dict[str, list[CursorRow]] = {room_id: [] for room_id, _ in gateways}
    for cursor in list_cursors(session):
        cursors.setdefault(cursor.room_id, []).append(cursor)
    conflicts = dict.fromkeys(cursors, 0) | _count_conflicts(session)
    return {
        "openaisle_central_gateway_up": [((room_id,), float(state == "online")) for room_id, state in gateways],
        "openaisle_central_gateway_behind": [
            ((room_id,), float(sum(max(0, each.head - each.through) for each in own)))
            for room_id, own in cursors.items()
        ],
        "openaisle_central_room_quarantined": [
            ((room_id,), float(sum(_needs_admin(each) for each in own))) for room_id, own in cursors.items()
        ],
        "openaisle_central_box_conflicts": [((room_id,), float(count)) for room_id, count in conflicts.items()],
    }


def _read_backup(session: Session) -> dict[str, Readings]:
    newest = find_newest(session)
    if newest is None:
        return {}
    return {"openaisle_central_backup_age_seconds": [((), (datetime.now(UTC) - newest).total_seconds())]}


def _read_audit(session: Session, now: datetime) -> dict[str, Readings]:
    waiting, oldest = measure_pending(session)
    head = find_head(session)
    lag_s = max(0.0, (now - oldest).total_seconds()) if oldest is not None else 0.0
    return {
        "openaisle_central_audit_waiting": [((), float(waiting))],
        "openaisle_central_audit_lag_seconds": [((), lag_s)],
        "openaisle_central_audit_seq": [((), float(head.seq if head is not None else 0))],
    }


def _read_time(session: Session, now: datetime) -> dict[str, Readings]:
    calendar = load_calendar(session)
    states = dict.fromkeys((state.value for state in DeliveryState), 0) | count_rows(session, DeliveryRow)
    callbacks = dict.fromkeys((QUEUED, SENT, DEAD), 0) | count_rows(session, CallbackRow)
    return {
        "openaisle_central_sweep_lag_seconds": [((), measure_lag(session, now).total_seconds())],
        "openaisle_central_calendar_days_left": [((), float(calendar.days_left(calendar.find_day(now))))],
        "openaisle_central_deliveries": [((state,), float(count)) for state, count in states.items()],
        "openaisle_central_callbacks": [((state,), float(count)) for state, count in callbacks.items()],
    }


def _read_papers(session: Session, now: datetime) -> dict[str, Readings]:
    bad, due = count_bad(session), find_oldest_check(session)
    scans, oldest = measure_waiting(session)
    return {
        "openaisle_central_contents_bad": [((state,), float(count)) for state, count in bad.items()],
        "openaisle_central_contents_unread_seconds": [((), _age_s(due, now))],
        "openaisle_central_scans_waiting": [((), float(scans))],
        "openaisle_central_scans_waiting_seconds": [((), _age_s(oldest, now))],
    }


def _age_s(moment: datetime | None, now: datetime) -> float:
    return max(0.0, (now - moment).total_seconds()) if moment is not None else 0.0


def _needs_admin(cursor: CursorRow) -> bool:
    return cursor.forked_at is not None or cursor.state == EpochState.PENDING


def _count_conflicts(session: Session) -> dict[str, int]:
    query = (
        select(BoxLocationRow.room_id, func.count())
        .where(BoxLocationRow.conflict.is_not(None))
        .group_by(BoxLocationRow.room_id)
    )
    return dict(session.execute(query).all())
