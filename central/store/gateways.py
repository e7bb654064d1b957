"""Gateways as the centre sees them: presence and version. How far their facts have come stands in `ingest`."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, Session, mapped_column

from central.store.base import Base, Document, Instant


class GatewayRow(Base):
    __tablename__ = "gateways"

    room_id: Mapped[str] = mapped_column(ForeignKey("rooms.id"), primary_key=True)
    #: never, online, offline.
    state: Mapped[str] = mapped_column(String(16))
    state_at: Mapped[datetime] = mapped_column(Instant)
    version: Mapped[str | None] = mapped_column(String(40))
    detail: Mapped[dict[str, Any]] = mapped_column(Document)


def note_presence(
    session: Session, room_id: str, *, state: str, at: datetime, version: str | None, detail: dict[str, Any]
) -> bool:
    """Keep what a gateway says of itself; False when the room is unknown. An older report changes nothing."""
    row = session.get(GatewayRow, room_id)
    if row is None:
        return False
    if row.state == "never" or at >= row.state_at:
        row.state, row.state_at, row.detail = state, at, detail
        row.version = version or row.version
    return True
