"""Movements of boxes (append-only history) and the locations derived from them (a cache that can be rebuilt)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from central.store.base import CODE_LENGTH, ID_LENGTH, PLACE_KEY_LENGTH, Base, Instant


class MovementRow(Base):
    """One fact about a box; never updated but for `box_id`, once its code becomes known."""

    __tablename__ = "movements"
    __table_args__ = (
        Index(None, "box_code", "occurred_at", "id"),
        Index(None, "box_id", "occurred_at", "id"),
        Index(None, "room_id", "id"),
    )

    id: Mapped[str] = mapped_column(String(ID_LENGTH), primary_key=True)
    room_id: Mapped[str] = mapped_column(ForeignKey("rooms.id"))
    #: Empty while the centre knows no box of that code: a fact is kept all the same.
    box_id: Mapped[str | None] = mapped_column(ForeignKey("boxes.id"))
    box_code: Mapped[str] = mapped_column(String(CODE_LENGTH))
    action: Mapped[str] = mapped_column(String(16))
    place_key: Mapped[str | None] = mapped_column(String(PLACE_KEY_LENGTH))
    staff_code: Mapped[str | None] = mapped_column(String(CODE_LENGTH))
    #: The movement that this one undoes.
    undoes: Mapped[str | None] = mapped_column(String(ID_LENGTH))
    source: Mapped[str] = mapped_column(String(16))
    occurred_at: Mapped[datetime] = mapped_column(Instant)
    recorded_at: Mapped[datetime] = mapped_column(Instant)


class BoxLocationRow(Base):
    __tablename__ = "box_locations"
    __table_args__ = (Index(None, "room_id", "place_key"), Index(None, "room_id", "state"))

    box_id: Mapped[str] = mapped_column(ForeignKey("boxes.id"), primary_key=True)
    room_id: Mapped[str] = mapped_column(ForeignKey("rooms.id"))
    state: Mapped[str] = mapped_column(String(16))
    place_key: Mapped[str | None] = mapped_column(String(PLACE_KEY_LENGTH))
    holder_code: Mapped[str | None] = mapped_column(String(CODE_LENGTH))
    since: Mapped[datetime] = mapped_column(Instant)
    #: What about it needs a person's look, if anything.
    conflict: Mapped[str | None] = mapped_column(String(24))
    movement_id: Mapped[str] = mapped_column(String(ID_LENGTH))
    moved_at: Mapped[datetime] = mapped_column(Instant)
