"""The sweep: looks at everything whose time has come, enters its band, and makes the urges that have fallen due.

Run twice, or on two machines at once, it adds nothing; after an outage it makes only the newest occurrence.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from central.domain.calendars import Calendar
from central.domain.clocks import Band, Unit
from central.domain.sweeps import Check, SubjectKind, check_clock, check_contract, check_debt
from central.domain.tasks import DIGITISE
from central.domain.templates import Need
from central.store.calendars import load_calendar
from central.store.sweeps import add_urges, claim_due, write_checks

#: Rows looked at in one transaction: it holds up other writers for less than 50 ms.
CHUNK = 2_000
#: What ends with a day, not at an instant.
BY_DAY = frozenset({SubjectKind.DOCUMENT, SubjectKind.CONTRACT})
assert DIGITISE.unit is Unit.HOURS, "the warning of a paper is worked out from its end"
_SCAN_WARNS_BEFORE = timedelta(hours=DIGITISE.warn_before)


@dataclass(frozen=True, slots=True)
class Swept:
    """What one chunk came to; `checked` < limit: nothing more waits."""

    checked: int = 0
    made: int = 0


def sweep_due(session: Session, now: datetime, limit: int = CHUNK) -> Swept:
    """Look at up to `limit` tasks, steps, documents and contracts that are due to be looked at."""
    checked = made = 0
    for subject in SubjectKind:
        groups = claim_due(session, subject, now, limit - checked)
        if groups:
            calendar = load_calendar(session) if subject in BY_DAY else None
            checks = [(_check(subject, dates, calendar, now), ids) for dates, ids in groups]
            write_checks(session, subject, checks)
            urges = [(check.urge, ids) for check, ids in checks if check.urge is not None]
            made += add_urges(session, subject, urges, now)
            checked += sum(len(ids) for _, ids in groups)
        if checked >= limit:
            break
    return Swept(checked, made)


def _check(subject: SubjectKind, dates: tuple[Any, ...], calendar: Calendar | None, now: datetime) -> Check:
    """Look at one set of dates."""
    if subject is SubjectKind.CONTRACT:
        assert calendar is not None, "an end is a day of the calendar"
        return check_contract(dates[0], calendar, now)
    due_at = dates[0]
    if subject is SubjectKind.DOCUMENT and dates[1] == Need.OWED and dates[2] is not None:
        assert calendar is not None, "a debt ends with a day of the calendar"
        return check_debt(dates[2], calendar, now)
    if subject is SubjectKind.DOCUMENT:
        warn_at = due_at - _SCAN_WARNS_BEFORE if due_at is not None else None
    else:
        warn_at = dates[1]
    check = check_clock(subject, due_at, warn_at, now)
    if subject is SubjectKind.STEP and not dates[2]:
        # Under no assessment: its band is shown, nobody is urged (P10).
        return Check(check.band, None, None if check.band is Band.OVERDUE else check.next_check_at)
    return check
