"""People, their roles in scope, and the badges that they carry in a room."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import ForeignKey, String, UniqueConstraint, literal, select, tuple_
from sqlalchemy.orm import Mapped, Session, mapped_column

from central.domain.people import Grant, Role
from central.store.base import CODE_LENGTH, ID_LENGTH, Base, Instant
from central.store.ids import new_id


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


def find_person_by_login(session: Session, login: str, *, lock: bool = False) -> PersonRow | None:
    """Return the person with this login name; locked, nobody else counts their tries meanwhile."""
    query = select(PersonRow).where(PersonRow.login == login)
    return session.scalar(query.with_for_update() if lock else query)


def load_grants(session: Session, person_id: str) -> frozenset[Grant]:
    """Return the roles of a person with their rooms; names that this version doesn't know give nothing."""
    rows = session.execute(select(RoleRow.role, RoleRow.room_id).where(RoleRow.person_id == person_id))
    return frozenset(Grant(Role(role), room_id) for role, room_id in rows if role in set(Role))


def add_grants(session: Session, person_id: str, grants: Iterable[Grant]) -> None:
    """Give a person these roles on top of the ones held."""
    known = load_grants(session, person_id)
    for grant in sorted(set(grants) - known, key=lambda g: (g.role, g.room_id or "")):
        session.add(RoleRow(id=new_id(), person_id=person_id, role=grant.role.value, room_id=grant.room_id))


def load_people(session: Session, after: tuple[str, str] | None, limit: int) -> Sequence[PersonRow]:
    """Return people by name."""
    query = select(PersonRow).order_by(PersonRow.name, PersonRow.id).limit(limit)
    if after is not None:
        query = query.where(tuple_(PersonRow.name, PersonRow.id) > tuple_(*(literal(value) for value in after)))
    return session.scalars(query).all()


def load_known_badges(session: Session, codes: Iterable[str]) -> dict[str, BadgeRow]:
    """Return the badges among these codes that exist."""
    return {row.code: row for row in session.scalars(select(BadgeRow).where(BadgeRow.code.in_(list(codes))))}


def load_known_logins(session: Session, logins: Iterable[str]) -> dict[str, PersonRow]:
    """Return the people among these login names who exist."""
    rows = session.scalars(select(PersonRow).where(PersonRow.login.in_(list(logins))))
    return {row.login: row for row in rows if row.login is not None}
