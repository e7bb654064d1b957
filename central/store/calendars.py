"""The working calendar: days that differ from their weekday, how far they are known, and under which revision."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import ForeignKey, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from central.domain.calendar_seed import found_calendar
from central.domain.calendars import Calendar, DayKind, SpecialDay
from central.store.base import Base, Instant

ONLY_ID = 1


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
    """Return the calendar in force; a centre whose calendar nobody has changed uses the published one."""
    head = session.get(CalendarRow, ONLY_ID)
    if head is None:
        return found_calendar()
    rows = session.execute(select(CalendarDayRow.day, CalendarDayRow.kind, CalendarDayRow.name))
    return Calendar(head.revision, head.horizon, {day: SpecialDay(DayKind(kind), name) for day, kind, name in rows})
