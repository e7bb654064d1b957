"""Urging 催办 (P7): once a limit is over, again and again, a level higher by and by, until what is asked for is done.

An urge belongs to an occurrence: the number of the period that began when it fell due. Its key (subject, kind,
occurrence) makes a second sweep, or one on another machine, add nothing; after an outage only the newest occurrence
is made.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class Level(StrEnum):
    """Whom an urge goes to, from the bottom up; the lower ones hear it too."""

    HANDLER = "handler"
    COLLECTOR = "collector"
    TEAM_LEADER = "team_leader"
    CENTRE_MANAGER = "centre_manager"


ONE_HOUR = timedelta(hours=1)
#: Urging neither waits longer than this nor pauses longer.
PAUSE_MAX = timedelta(days=30)
OCCURRENCES_MAX = 99


@dataclass(frozen=True, slots=True)
class UrgePolicy:
    """From when on it is urged, how often, and after how many occurrences each level is reached."""

    #: From the end of the limit to the first urge.
    after: timedelta = timedelta()
    every: timedelta = timedelta(hours=24)
    #: The first level hears the first occurrence.
    reached_at: tuple[tuple[Level, int], ...] = (
        (Level.HANDLER, 0),
        (Level.COLLECTOR, 1),
        (Level.TEAM_LEADER, 3),
        (Level.CENTRE_MANAGER, 5),
    )

    def __post_init__(self) -> None:
        order = list(Level)
        levels = [order.index(level) for level, _ in self.reached_at]
        numbers = [number for _, number in self.reached_at]
        if not numbers or numbers[0] != 0 or numbers != sorted(numbers) or levels != sorted(set(levels)):
            raise ValueError("levels are reached from the bottom up, the first at occurrence 0")
        if numbers[-1] > OCCURRENCES_MAX:
            raise ValueError(f"every level is reached within {OCCURRENCES_MAX} occurrences")
        if not ONE_HOUR <= self.every <= PAUSE_MAX or not timedelta() <= self.after <= PAUSE_MAX:
            raise ValueError("urging waits for 30 days at most, and comes from hourly to every 30 days")


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One period of urging."""

    number: int
    due_at: datetime
    level: Level
    recipients: Sequence[Level]


def find_occurrence(policy: UrgePolicy, limit_ended_at: datetime, now: datetime) -> Occurrence | None:
    """Return the newest occurrence that has fallen due, None before the first."""
    urged_from = limit_ended_at + policy.after
    if now < urged_from:
        return None
    number = (now - urged_from) // policy.every
    reached = tuple(level for level, first in policy.reached_at if first <= number)
    return Occurrence(number, urged_from + number * policy.every, reached[-1], reached)


def next_occurrence_at(policy: UrgePolicy, limit_ended_at: datetime, now: datetime) -> datetime:
    """Return when the next occurrence falls due."""
    current = find_occurrence(policy, limit_ended_at, now)
    return limit_ended_at + policy.after if current is None else current.due_at + policy.every
