"""Archive rooms and their steel: banks, segments, columns, places."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from central.store.base import CODE_LENGTH, ID_LENGTH, PLACE_KEY_LENGTH, ROOM_ID_LENGTH, Base, Document, Instant


class RoomRow(Base):
    __tablename__ = "rooms"

    id: Mapped[str] = mapped_column(String(ROOM_ID_LENGTH), primary_key=True)
    #: Two Crockford characters inside every code that this room prints.
    number: Mapped[str] = mapped_column(String(2), unique=True)
    name: Mapped[str] = mapped_column(String(120))
    created_at: Mapped[datetime] = mapped_column(Instant)


class BankRow(Base):
    __tablename__ = "banks"
    __table_args__ = (
        UniqueConstraint("room_id", "key"),
        CheckConstraint("passable_gap_mm >= 600", name="passable_gap"),
    )

    id: Mapped[str] = mapped_column(String(ID_LENGTH), primary_key=True)
    room_id: Mapped[str] = mapped_column(ForeignKey("rooms.id"))
    key: Mapped[str] = mapped_column(String(8))
    name: Mapped[str] = mapped_column(String(60))
    passable_gap_mm: Mapped[int]
    speed_mm_s: Mapped[int]
    sections: Mapped[int]
    tiers: Mapped[int]
    #: Places on one tier of one section.
    slots: Mapped[int]
    #: Where numbers start and how faces are called; facts of the room, printed for the installer.
    numbering: Mapped[dict[str, Any]] = mapped_column(Document)


class SegmentRow(Base):
    __tablename__ = "segments"
    __table_args__ = (UniqueConstraint("bank_id", "no"),)

    id: Mapped[str] = mapped_column(String(ID_LENGTH), primary_key=True)
    bank_id: Mapped[str] = mapped_column(ForeignKey("banks.id"))
    no: Mapped[int]
    first_column: Mapped[int]
    last_column: Mapped[int]
    free_aisles: Mapped[int]
    free_width_mm: Mapped[int]


class ColumnRow(Base):
    __tablename__ = "columns"
    __table_args__ = (UniqueConstraint("bank_id", "no"),)

    id: Mapped[str] = mapped_column(String(ID_LENGTH), primary_key=True)
    bank_id: Mapped[str] = mapped_column(ForeignKey("banks.id"))
    no: Mapped[int]
    fixed: Mapped[bool]
    width_mm: Mapped[int]
    #: Faces present, as letters: "AB", "B".
    faces: Mapped[str] = mapped_column(String(2))


class PlaceRow(Base):
    __tablename__ = "places"
    __table_args__ = (
        UniqueConstraint("room_id", "key"),
        Index(None, "bank_id", "column_no", "face", "section", "tier", "slot", unique=True),
    )

    id: Mapped[str] = mapped_column(String(ID_LENGTH), primary_key=True)
    room_id: Mapped[str] = mapped_column(ForeignKey("rooms.id"))
    bank_id: Mapped[str] = mapped_column(ForeignKey("banks.id"))
    #: bank-column-face-section-tier-slot, e.g. A-07-A-3-4-12.
    key: Mapped[str] = mapped_column(String(PLACE_KEY_LENGTH))
    code: Mapped[str] = mapped_column(String(CODE_LENGTH), unique=True)
    column_no: Mapped[int]
    face: Mapped[str] = mapped_column(String(1))
    section: Mapped[int]
    tier: Mapped[int]
    slot: Mapped[int]
