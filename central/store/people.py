"""People, their roles in scope, and the badges that they carry in a room."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from central.store.base import CODE_LENGTH, ID_LENGTH, Base, Instant


class PersonRow(Base):
    __tablename__ = "people"

    id: Mapped[str] = mapped_column(String(ID_LENGTH), primary_key=True)
    name: Mapped[str] = mapped_column(String(80))
    #: Empty for staff who only carry a badge.
    login: Mapped[str | None] = mapped_column(String(60), unique=True)
    password_hash: Mapped[str | None] = mapped_column(String(200))
    language: Mapped[str] = mapped_column(String(8), default="zh-CN")
    active: Mapped[bool] = mapped_column(default=True)
    failed_tries: Mapped[int] = mapped_column(default=0)
    locked_until: Mapped[datetime | None] = mapped_column(Instant)
    created_at: Mapped[datetime] = mapped_column(Instant)


class RoleRow(Base):
    """One role of one person, in one room or, with no room, in all."""

    __tablename__ = "person_roles"
    __table_args__ = (UniqueConstraint("person_id", "role", "room_id"),)

    id: Mapped[str] = mapped_column(String(ID_LENGTH), primary_key=True)
    person_id: Mapped[str] = mapped_column(ForeignKey("people.id"))
    role: Mapped[str] = mapped_column(String(24))
    room_id: Mapped[str | None] = mapped_column(ForeignKey("rooms.id"))


class BadgeRow(Base):
    """A staff badge of one room; its gateway holds code and PIN hash, to work without the centre."""

    __tablename__ = "badges"

    code: Mapped[str] = mapped_column(String(CODE_LENGTH), primary_key=True)
    person_id: Mapped[str] = mapped_column(ForeignKey("people.id"), index=True)
    room_id: Mapped[str] = mapped_column(ForeignKey("rooms.id"), index=True)
    pin_hash: Mapped[str] = mapped_column(String(200))
    active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime] = mapped_column(Instant)
