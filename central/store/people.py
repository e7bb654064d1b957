"""People, their roles in scope and time, who stands in for whom, and the badges that they carry in a room."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, ForeignKey, Index, String, and_, func, literal, or_, select, tuple_
from sqlalchemy.orm import Mapped, Session, mapped_column

from central.domain.people import Grant, HeldRole, Role
from central.domain.refusals import NotFound
from central.store.base import CODE_LENGTH, ID_LENGTH, Base, Instant
from central.store.ids import new_id


class PersonRow(Base):
    __tablename__ = "people"
    __table_args__ = (Index(None, "name", "id"),)

    id: Mapped[str] = mapped_column(String(ID_LENGTH), primary_key=True)
    name: Mapped[str] = mapped_column(String(80))
    #: Empty for staff who only carry a badge.
    login: Mapped[str | None] = mapped_column(String(60), unique=True)
    #: Where the person works; what they may do comes from roles alone.
    unit_id: Mapped[str | None] = mapped_column(ForeignKey("units.id"), index=True)
    password_hash: Mapped[str | None] = mapped_column(String(200))
    #: The password is a one-time one, good until then; nothing else works before it is changed.
    must_change_by: Mapped[datetime | None] = mapped_column(Instant)
    language: Mapped[str] = mapped_column(String(8), default="zh-CN")
    active: Mapped[bool] = mapped_column(default=True)
    failed_tries: Mapped[int] = mapped_column(default=0)
    locked_until: Mapped[datetime | None] = mapped_column(Instant)
    created_at: Mapped[datetime] = mapped_column(Instant)


class RoleRow(Base):
    """One role of one person, for a room, for a unit or, with neither, for the whole house; kept when it has ended."""

    __tablename__ = "person_roles"

    id: Mapped[str] = mapped_column(String(ID_LENGTH), primary_key=True)
    person_id: Mapped[str] = mapped_column(ForeignKey("people.id"), index=True)
    role: Mapped[str] = mapped_column(String(24))
    room_id: Mapped[str | None] = mapped_column(ForeignKey("rooms.id"), index=True)
    unit_id: Mapped[str | None] = mapped_column(ForeignKey("units.id"), index=True)
    from_at: Mapped[datetime] = mapped_column(Instant)
    until_at: Mapped[datetime | None] = mapped_column(Instant)
    granted_by: Mapped[str | None] = mapped_column(ForeignKey("people.id"))
    withdrawn_at: Mapped[datetime | None] = mapped_column(Instant)
    withdrawn_by: Mapped[str | None] = mapped_column(ForeignKey("people.id"))

    def to_held(self) -> HeldRole:
        """Return the role as the domain knows it."""
        grant = Grant(Role(self.role), self.room_id, self.unit_id)
        return HeldRole(self.id, self.person_id, grant, self.from_at, self.until_at, self.withdrawn_at)


class AbsenceRow(Base):
    """Somebody is away from, until; the deputy acts in their roles meanwhile."""

    __tablename__ = "absences"

    id: Mapped[str] = mapped_column(String(ID_LENGTH), primary_key=True)
    person_id: Mapped[str] = mapped_column(ForeignKey("people.id"), index=True)
    deputy_id: Mapped[str | None] = mapped_column(ForeignKey("people.id"), index=True)
    from_at: Mapped[datetime] = mapped_column(Instant)
    until_at: Mapped[datetime] = mapped_column(Instant)
    reason: Mapped[str] = mapped_column(String(200), default="")
    entered_by: Mapped[str | None] = mapped_column(ForeignKey("people.id"))
    entered_at: Mapped[datetime] = mapped_column(Instant)


class BadgeRow(Base):
    """A staff badge of one room; its gateway holds code and PIN hash, to work without the centre."""

    __tablename__ = "badges"

    code: Mapped[str] = mapped_column(String(CODE_LENGTH), primary_key=True)
    person_id: Mapped[str] = mapped_column(ForeignKey("people.id"), index=True)
    room_id: Mapped[str] = mapped_column(ForeignKey("rooms.id"), index=True)
    pin_hash: Mapped[str] = mapped_column(String(200))
    active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime] = mapped_column(Instant)
    #: The gateway itself stops taking it from then on.
    valid_until: Mapped[datetime | None] = mapped_column(Instant)
    ended_at: Mapped[datetime | None] = mapped_column(Instant)
    #: revoked, lost.
    end_reason: Mapped[str | None] = mapped_column(String(12))


def find_person(session: Session, person_id: str) -> PersonRow:
    """Return a person, NotFound without one."""
    row = session.get(PersonRow, person_id)
    if row is None:
        raise NotFound
    return row


def find_person_by_login(session: Session, login: str, *, lock: bool = False) -> PersonRow | None:
    """Return the person with this login name; locked, nobody else counts their tries meanwhile."""
    query = select(PersonRow).where(PersonRow.login == login)
    return session.scalar(query.with_for_update() if lock else query)


def load_held_roles(session: Session, person_ids: Iterable[str], *, ended: bool = False) -> list[HeldRole]:
    """Return the roles of people; names that this version doesn't know give nothing."""
    # Columns, not rows: every request asks this.
    query = select(
        RoleRow.id,
        RoleRow.person_id,
        RoleRow.role,
        RoleRow.room_id,
        RoleRow.unit_id,
        RoleRow.from_at,
        RoleRow.until_at,
        RoleRow.withdrawn_at,
    ).where(RoleRow.person_id.in_(sorted(person_ids)))
    if not ended:
        query = query.where(RoleRow.withdrawn_at.is_(None))
    found = session.execute(query.order_by(RoleRow.from_at, RoleRow.id))
    return [
        HeldRole(id_, person_id, Grant(Role(role), room_id, unit_id), from_at, until_at, withdrawn_at)
        for id_, person_id, role, room_id, unit_id, from_at, until_at, withdrawn_at in found
        if role in set(Role)
    ]


def add_grants(
    session: Session, person_id: str, grants: Iterable[Grant], now: datetime, granted_by: str | None = None
) -> None:
    """Give a person these roles from now on, on top of the ones held."""
    known = {held.grant for held in load_held_roles(session, [person_id]) if held.holds_at(now)}
    for grant in sorted(set(grants) - known, key=lambda g: (g.role, g.room_id or "", g.unit_id or "")):
        session.add(
            RoleRow(
                id=new_id(),
                person_id=person_id,
                role=grant.role.value,
                room_id=grant.room_id,
                unit_id=grant.unit_id,
                from_at=now,
                granted_by=granted_by,
            )
        )


def load_people(
    session: Session,
    after: tuple[str, str] | None,
    limit: int,
    *,
    text: str = "",
    unit_ids: frozenset[str] | None = None,
    role: Role | None = None,
    now: datetime | None = None,
) -> Sequence[PersonRow]:
    """Return people by name: with this text in name or login, working in these units, holding this role now."""
    query = select(PersonRow).order_by(PersonRow.name, PersonRow.id).limit(limit)
    if after is not None:
        query = query.where(tuple_(PersonRow.name, PersonRow.id) > tuple_(*(literal(value) for value in after)))
    if text:
        sought = f"%{_escape(text)}%"
        query = query.where(or_(PersonRow.name.ilike(sought, escape="\\"), PersonRow.login.ilike(sought, escape="\\")))
    if unit_ids is not None:
        query = query.where(PersonRow.unit_id.in_(sorted(unit_ids)))
    if role is not None and now is not None:
        query = query.where(
            PersonRow.id.in_(select(RoleRow.person_id).where(RoleRow.role == role.value, holds_at(now)))
        )
    return session.scalars(query).all()


def holds_at(now: datetime) -> ColumnElement[bool]:
    """Return the condition that a role is in force."""
    return and_(
        RoleRow.from_at <= now,
        or_(RoleRow.until_at.is_(None), RoleRow.until_at > now),
        RoleRow.withdrawn_at.is_(None),
    )


def find_people_of(session: Session, role: Role, unit_ids: Iterable[str], now: datetime) -> frozenset[str]:
    """Return who holds a role for one of these units now; for people who are away, those who stand in for them."""
    query = select(RoleRow.person_id).join(PersonRow, PersonRow.id == RoleRow.person_id)
    query = query.where(
        RoleRow.role == role.value, RoleRow.unit_id.in_(sorted(unit_ids)), holds_at(now), PersonRow.active
    )
    found = set(session.scalars(query))
    away = select(AbsenceRow.person_id, AbsenceRow.deputy_id).where(
        AbsenceRow.person_id.in_(found), AbsenceRow.from_at <= now, AbsenceRow.until_at > now
    )
    for person_id, deputy_id in session.execute(away):
        # Nobody stands in: the matter stays with the absent person rather than with nobody.
        if deputy_id is not None:
            found.discard(person_id)
            found.add(deputy_id)
    return frozenset(found)


def load_absences(session: Session, person_id: str, now: datetime) -> list[AbsenceRow]:
    """Return when a person is or will be away, and for whom they stand in, soonest first."""
    query = select(AbsenceRow).where(
        or_(AbsenceRow.person_id == person_id, AbsenceRow.deputy_id == person_id), AbsenceRow.until_at > now
    )
    return list(session.scalars(query.order_by(AbsenceRow.from_at, AbsenceRow.id)))


def load_badges(session: Session, person_id: str) -> list[BadgeRow]:
    """Return a person's badges, the newest first."""
    query = select(BadgeRow).where(BadgeRow.person_id == person_id)
    return list(session.scalars(query.order_by(BadgeRow.created_at.desc(), BadgeRow.code)))


def load_codes_of_room(session: Session, room_id: str) -> list[str]:
    """Return the codes of every badge that a room ever had."""
    return list(session.scalars(select(BadgeRow.code).where(BadgeRow.room_id == room_id)))


def count_people_by_unit(session: Session) -> dict[str, int]:
    """Return how many active people work in each unit."""
    query = select(PersonRow.unit_id, func.count()).where(PersonRow.active, PersonRow.unit_id.is_not(None))
    return {unit_id: count for unit_id, count in session.execute(query.group_by(PersonRow.unit_id)) if unit_id}


def load_names(session: Session, person_ids: Iterable[str | None]) -> dict[str, str]:
    """Return the names of people by id."""
    wanted = sorted({each for each in person_ids if each is not None})
    names = session.execute(select(PersonRow.id, PersonRow.name).where(PersonRow.id.in_(wanted)))
    return {row.id: row.name for row in names}


def load_known_badges(session: Session, codes: Iterable[str]) -> dict[str, BadgeRow]:
    """Return the badges among these codes that exist."""
    return {row.code: row for row in session.scalars(select(BadgeRow).where(BadgeRow.code.in_(list(codes))))}


def load_known_logins(session: Session, logins: Iterable[str]) -> dict[str, PersonRow]:
    """Return the people among these login names who exist."""
    rows = session.scalars(select(PersonRow).where(PersonRow.login.in_(list(logins))))
    return {row.login: row for row in rows if row.login is not None}


def _escape(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
