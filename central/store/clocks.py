"""The clocks of papers counted anew, so that a page can say why something is due when it is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy.orm import Session

from central.domain.clocks import Due, Interval, Limit, find_due
from central.domain.rules import Rules
from central.store.calendars import load_calendar
from central.store.rules import load_rules

#: Names of the rules of time that are limits of papers.
LimitName = Literal["digitise", "send"]


@dataclass(frozen=True, slots=True)
class PaperClock:
    """A limit of papers, by which version of the rules (0: those of a new centre), and what it comes to."""

    name: LimitName
    limit: Limit
    version: int
    due: Due


def read_clock(session: Session, name: LimitName, since: datetime) -> PaperClock:
    """Count a limit from a moment on, by the rules of that moment."""
    version = load_rules(session).find(since)
    rules = version.rules if version is not None else Rules()
    limit = rules.digitise if name == "digitise" else rules.send
    due = find_due(load_calendar(session), limit, [Interval(since)])
    return PaperClock(name, limit, version.version if version is not None else 0, due)
