"""The working calendar: read, changed day by day, its horizon moved on; every change counts its revision up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from central.domain.audit import AuditAct, AuditEntry
from central.domain.calendars import SATURDAY, Calendar, DayKind
from central.domain.case_plans import Ground
from central.domain.people import Actor
from central.domain.permissions import Action, allows
from central.domain.refusals import Reason, Refusal
from central.store.audit import add_audit
from central.store.calendars import CalendarDayRow, CalendarRow, load_calendar, lock_calendar
from central.store.case_lists import find_stale_cases
from central.store.case_writing import lock_case, rewrite_case
from central.store.people import load_names
from central.store.rules import load_rules

#: Days that somebody enters lie in these years.
FIRST_YEAR, LAST_YEAR = 2004, 2100


@dataclass(frozen=True, slots=True)
class CalendarSeen:
    """The calendar with what is left of it, and who changed it last."""

    calendar: Calendar
    today: date
    days_left: int
    changed_at: datetime | None
    changed_by: str


@dataclass(frozen=True, slots=True)
class ChangeDay:
    """What a day shall be; `name` is the holiday's."""

    day: date
    kind: DayKind
    name: str
    why: str


def show_calendar(session: Session, actor: Actor, now: datetime) -> CalendarSeen:
    """Return the calendar in force."""
    _check(actor, Action.SEE_CALENDAR)
    calendar = load_calendar(session)
    today = calendar.find_day(now)
    head = session.scalar(select(CalendarRow))
    newest = session.scalar(
        select(CalendarDayRow.changed_by)
        .where(CalendarDayRow.changed_by.is_not(None))
        .order_by(CalendarDayRow.changed_at.desc())
        .limit(1)
    )
    name = load_names(session, [newest]).get(newest or "", "")
    return CalendarSeen(calendar, today, calendar.days_left(today), head.changed_at if head else None, name)


def list_kinds(day: date) -> tuple[DayKind, ...]:
    """Return what a day can be: what its weekday says first, then what it can be made."""
    if day.weekday() >= SATURDAY:
        return (DayKind.WEEKEND, DayKind.MADE_UP, DayKind.HOLIDAY)
    return (DayKind.WORKDAY, DayKind.HOLIDAY)


def change_day(session: Session, actor: Actor, command: ChangeDay, now: datetime) -> None:
    """Say what a day is; the revision counts up only when that changes something."""
    _check(actor, Action.EDIT_CALENDAR)
    if command.kind not in list_kinds(command.day) or not FIRST_YEAR <= command.day.year <= LAST_YEAR:
        raise Refusal(Reason.INVALID, details=(f"{command.day}: {command.kind}",))
    head = lock_calendar(session, now)
    row = session.get(CalendarDayRow, command.day)
    usual = list_kinds(command.day)[0]
    before = {"kind": row.kind, "name": row.name} if row is not None else {"kind": usual.value, "name": ""}
    after = {"kind": command.kind.value, "name": command.name if command.kind is not usual else ""}
    if before == after:
        return
    if command.kind is usual:
        session.delete(row)
    else:
        row = row or CalendarDayRow(day=command.day)
        row.kind, row.name, row.changed_at, row.changed_by = command.kind.value, command.name, now, actor.person_id
        session.add(row)
    _count_up(head, now)
    act = AuditAct.CALENDAR_DAY_CHANGED
    entry = AuditEntry(act, "calendar", f"{command.day}", f"{command.day}", command.why, before=before, after=after)
    add_audit(session, actor, entry, now)


def move_horizon(session: Session, actor: Actor, horizon: date, why: str, now: datetime) -> None:
    """Say up to which day the holidays are published; the horizon only moves on."""
    _check(actor, Action.EDIT_CALENDAR)
    head = lock_calendar(session, now)
    if horizon <= head.horizon or horizon.year > LAST_YEAR:
        raise Refusal(Reason.BAD_PERIOD)
    before, after = {"horizon": f"{head.horizon}"}, {"horizon": f"{horizon}"}
    head.horizon = horizon
    _count_up(head, now)
    act = AuditAct.CALENDAR_HORIZON_MOVED
    entry = AuditEntry(act, "calendar", f"{horizon}", f"{horizon}", why, before=before, after=after)
    add_audit(session, actor, entry, now)


def find_revision(session: Session) -> int:
    """Return the revision in force, 0 while nobody has written the calendar down."""
    return session.scalar(select(func.max(CalendarRow.revision))) or 0


def list_stale_cases(session: Session, revision: int, after: str, limit: int) -> Sequence[str]:
    """Return ids of cases, in their order after `after`, whose dates were counted by an older calendar."""
    return find_stale_cases(session, revision, after, limit)


def recount_cases(session: Session, case_ids: Sequence[str], now: datetime) -> int:
    """Count the dates of these cases anew by the calendar in force; return how many gates turned by it."""
    ground = Ground(load_rules(session), load_calendar(session), now)
    # In the order of ids, as everybody who locks several cases does.
    return sum(len(rewrite_case(session, lock_case(session, case_id), ground)) for case_id in sorted(case_ids))


def _check(actor: Actor, action: Action) -> None:
    if not allows(actor, action):
        raise Refusal(Reason.NOT_ALLOWED)


def _count_up(head: CalendarRow, now: datetime) -> None:
    head.revision += 1
    head.changed_at = now
