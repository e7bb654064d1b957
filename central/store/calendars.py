"""The working calendar: days that differ from their weekday, how far they are known, and under which revision."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import ForeignKey, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from central.domain.calendar_seed import found_calendar
from central.domain.calendars import Calendar, DayKind, SpecialDay
from central.store.base import Base, Instant

ONLY_ID = 1
#: Key of `session.info`: the calendar as this session read it.
_KNOWN = "calendar"


class CalendarRow(Base):
    """The one calendar; its revision counts up with every change of a day or of the horizon."""

    __tablename__ = "calendars"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    revision: Mapped[int]
    horizon: Mapped[date]
    changed_at: Mapped[datetime] = mapped_column(Instant)


class CalendarDayRow(Base):
    """A day that is not what its weekday says."""

    __tablename__ = "calendar_days"

    day: Mapped[date] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(12))
    name: Mapped[str] = mapped_column(String(40))
    changed_at: Mapped[datetime] = mapped_column(Instant)
    changed_by: Mapped[str | None] = mapped_column(ForeignKey("people.id"))


def load_calendar(session: Session) -> Calendar:
    """Return the calendar in force; a centre whose calendar nobody has changed uses the published one.

    A session reads its days once for each revision.
    """
    head = session.get(CalendarRow, ONLY_ID)
    if head is None:
        return found_calendar()
    known: Calendar | None = session.info.get(_KNOWN)
    if known is not None and known.revision == head.revision:
        return known
    rows = session.execute(select(CalendarDayRow.day, CalendarDayRow.kind, CalendarDayRow.name))
    special = {day: SpecialDay(DayKind(kind), name) for day, kind, name in rows}
    session.info[_KNOWN] = found = Calendar(head.revision, head.horizon, special)
    return found


def keep_calendar(session: Session, now: datetime) -> int:
    """Write the published calendar down where there is none yet; return how many days that took."""
    if session.get(CalendarRow, ONLY_ID) is not None:
        return 0
    found = found_calendar()
    session.add(CalendarRow(id=ONLY_ID, revision=found.revision, horizon=found.horizon, changed_at=now))
    session.add_all(
        CalendarDayRow(day=day, kind=each.kind.value, name=each.name, changed_at=now)
        for day, each in found.special.items()
    )
    session.flush()
    return len(found.special)


def lock_calendar(session: Session, now: datetime) -> CalendarRow:
    """Return the head of the calendar, which nobody else changes until the commit."""
    keep_calendar(session, now)
    return session.scalars(select(CalendarRow).where(CalendarRow.id == ONLY_ID).with_for_update()).one()
