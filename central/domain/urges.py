"""Urging 催办 (P7): from a moment on, again and again, a level higher each time, until what is asked for is done.

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


@dataclass(frozen=True, slots=True)
class UrgePolicy:
    """After how many occurrences each level is reached; the first level from the first occurrence on."""

    every: timedelta = timedelta(hours=24)
    reached_at: tuple[tuple[Level, int], ...] = (
        (Level.HANDLER, 0),
        (Level.COLLECTOR, 1),
        (Level.TEAM_LEADER, 3),
        (Level.CENTRE_MANAGER, 5),
    )

    def __post_init__(self) -> None:
        numbers = [number for _, number in self.reached_at]
        if self.every < timedelta(hours=1) or not numbers or numbers[0] != 0 or numbers != sorted(numbers):
            raise ValueError("levels are reached in order, the first at occurrence 0, not more often than hourly")


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One period of urging."""

    number: int
    due_at: datetime
    level: Level
    recipients: Sequence[Level]


def find_occurrence(policy: UrgePolicy, urged_from: datetime, now: datetime) -> Occurrence | None:
    """Return the newest occurrence that has fallen due, None before the first."""
    if now < urged_from:
        return None
    number = (now - urged_from) // policy.every
    reached = tuple(level for level, first in policy.reached_at if first <= number)
    return Occurrence(number, urged_from + number * policy.every, reached[-1], reached)


def next_occurrence_at(policy: UrgePolicy, urged_from: datetime, now: datetime) -> datetime:
    """Return when the next occurrence falls due."""
    current = find_occurrence(policy, urged_from, now)
    return urged_from if current is None else current.due_at + policy.every
