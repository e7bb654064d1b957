"""Gateways as people see them: presence, and how far their facts have come."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from central.domain.audit import COMMAND_LINE, AuditAct, AuditEntry
from central.domain.ingest import EpochState
from central.domain.people import Actor
from central.domain.permissions import Action, find_scope
from central.domain.refusals import NotFound, Reason, Refusal
from central.store.audit import add_audit
from central.store.gateways import GatewayRow
from central.store.ingest import CursorRow, decide_epoch, list_cursors
from central.store.rooms import RoomRow
from central.store.scope import within


@dataclass(frozen=True, slots=True)
class EpochSeen:
    """One store of a gateway, and how far the centre has its facts."""

    epoch: str
    state: str
    head: int
    through: int
    safe: int
    fork_at: int | None


@dataclass(frozen=True, slots=True)
class GatewaySeen:
    """The gateway of one room."""

    room_id: str
    room_name: str
    state: str
    state_at: datetime
    version: str | None
    detail: dict[str, Any]
    epochs: tuple[EpochSeen, ...]


def list_gateways(session: Session, actor: Actor) -> tuple[GatewaySeen, ...]:
    """Return the gateways of the actor's rooms."""
    scope = find_scope(actor, Action.SEE_GATEWAYS)
    query = (
        select(GatewayRow, RoomRow.name)
        .join(RoomRow, RoomRow.id == GatewayRow.room_id)
        .where(within(scope, GatewayRow.room_id))
        .order_by(GatewayRow.room_id)
    )
    rows = session.execute(query).all()
    cursors: dict[str, list[CursorRow]] = {}
    for cursor in list_cursors(session, [gateway.room_id for gateway, _ in rows]):
        cursors.setdefault(cursor.room_id, []).append(cursor)
    return tuple(
        GatewaySeen(
            room_id=gateway.room_id,
            room_name=name,
            state=gateway.state,
            state_at=gateway.state_at,
            version=gateway.version,
            detail=gateway.detail,
            epochs=tuple(_to_epoch(cursor) for cursor in cursors.get(gateway.room_id, ())),
        )
        for gateway, name in rows
    )


def admit_epoch(session: Session, actor: Actor | None, room_id: str, epoch: str, now: datetime) -> None:
    """Let a further epoch of a room in; `actor` is None on the machine itself."""
    if actor is not None and not find_scope(actor, Action.ADMIT_EPOCH).covers(room_id):
        raise NotFound
    decided_by = actor.person_id if actor is not None else COMMAND_LINE
    known = decide_epoch(session, room_id, epoch, state=EpochState.ADMITTED, decided_by=decided_by, now=now)
    if not known:
        raise Refusal(Reason.EPOCH_UNKNOWN)
    entry = AuditEntry(AuditAct.EPOCH_ADMITTED, "room", room_id, room_id, after={"epoch": epoch})
    add_audit(session, actor, entry, now)


def _to_epoch(cursor: CursorRow) -> EpochSeen:
    return EpochSeen(cursor.epoch, cursor.state, cursor.head, cursor.through, cursor.safe, cursor.forked_at)
