"""Archive rooms and their steel: banks, segments, columns, places."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from central.domain.permissions import Scope
from central.domain.places import Bank, Column, Segment
from central.store.base import CODE_LENGTH, ID_LENGTH, PLACE_KEY_LENGTH, ROOM_ID_LENGTH, Base, Document, Instant
from central.store.scope import within


class RoomRow(Base):
    __tablename__ = "rooms"

    id: Mapped[str] = mapped_column(String(ROOM_ID_LENGTH), primary_key=True)
    #: Two Crockford characters inside every code that this room prints.
    number: Mapped[str] = mapped_column(String(2), unique=True)
    name: Mapped[str] = mapped_column(String(120))
    #: The service centre or department that it serves; none: nobody but its own staff reaches it by a unit.
    unit_id: Mapped[str | None] = mapped_column(ForeignKey("units.id"), index=True)
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


def load_rooms(session: Session, scope: Scope) -> Sequence[RoomRow]:
    """Return the rooms within scope, by id."""
    return session.scalars(select(RoomRow).where(within(scope, RoomRow.id)).order_by(RoomRow.id)).all()


def load_banks(session: Session, room_id: str) -> list[Bank]:
    """Return the banks of a room with their columns and segments."""
    rows = session.scalars(select(BankRow).where(BankRow.room_id == room_id).order_by(BankRow.key)).all()
    ids = [row.id for row in rows]
    columns: dict[str, list[Column]] = {}
    for column in session.scalars(select(ColumnRow).where(ColumnRow.bank_id.in_(ids)).order_by(ColumnRow.no)):
        part = Column(column.no, column.fixed, column.width_mm, tuple(column.faces))
        columns.setdefault(column.bank_id, []).append(part)
    segments: dict[str, list[Segment]] = {}
    for row in session.scalars(select(SegmentRow).where(SegmentRow.bank_id.in_(ids)).order_by(SegmentRow.no)):
        segment = Segment(row.first_column, row.last_column, row.free_aisles, row.free_width_mm)
        segments.setdefault(row.bank_id, []).append(segment)
    return [
        Bank(
            key=row.key,
            name=row.name,
            sections=row.sections,
            tiers=row.tiers,
            slots=row.slots,
            passable_gap_mm=row.passable_gap_mm,
            speed_mm_s=row.speed_mm_s,
            columns=tuple(columns.get(row.id, ())),
            segments=tuple(segments.get(row.id, ())),
        )
        for row in rows
    ]


def count_places(session: Session, room_id: str) -> dict[tuple[str, int, str], int]:
    """Return how many places each column face of a room has, by (bank key, column, face)."""
    query = (
        select(BankRow.key, PlaceRow.column_no, PlaceRow.face, func.count())
        .join(BankRow, BankRow.id == PlaceRow.bank_id)
        .where(PlaceRow.room_id == room_id)
        .group_by(BankRow.key, PlaceRow.column_no, PlaceRow.face)
    )
    return {(bank, column, face): count for bank, column, face, count in session.execute(query)}


def load_face_places(session: Session, room_id: str, bank: str, column_no: int, face: str) -> Sequence[PlaceRow]:
    """Return the places of one column face in order of section, tier, slot."""
    query = (
        select(PlaceRow)
        .join(BankRow, BankRow.id == PlaceRow.bank_id)
        .where(
            PlaceRow.room_id == room_id,
            BankRow.key == bank,
            PlaceRow.column_no == column_no,
            PlaceRow.face == face,
        )
        .order_by(PlaceRow.section, PlaceRow.tier, PlaceRow.slot)
    )
    return session.scalars(query).all()
