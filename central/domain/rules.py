"""What the centre has set about time: the limits of P2 and P7, who is urged from when on, contracts' announcements.

Rules are versioned data. A version counts for what begins from its moment on, so a limit never changes under somebody
who is running against it, and dates that were counted stay what they are.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Annotated, Any

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass as checked

from central.domain.clocks import DAYS_MAX, Limit, Unit
from central.domain.refusals import Reason, Refusal
from central.domain.urges import OCCURRENCES_MAX, ONE_HOUR, PAUSE_MAX, Level, UrgePolicy

#: No contract of this trade runs longer than this.
ANNOUNCED_DAYS_MAX = 366
ANNOUNCED_TIMES_MAX = 6
#: Of one field that can't be read, so many faults are named.
FAULT_LIMIT = 20


def check_contract_days(days: tuple[int, ...]) -> tuple[int, ...]:
    """Return the days before a contract's end on which it is announced, if they can be."""
    if not 1 <= len(days) <= ANNOUNCED_TIMES_MAX or list(days) != sorted(set(days), reverse=True):
        raise ValueError(f"from 1 to {ANNOUNCED_TIMES_MAX} different days, the earliest announcement first")
    if days[-1] < 1 or days[0] > ANNOUNCED_DAYS_MAX:
        raise ValueError(f"from 1 to {ANNOUNCED_DAYS_MAX} days before the end")
    return days


def to_hours(span: timedelta) -> int:
    """Return a span as whole hours, in which rules are set."""
    return span // ONE_HOUR


#: Of a new centre: by the clock, day and night.
TWO_DAYS = Limit(48, Unit.HOURS, warn_before=12)
PAPER_URGING = UrgePolicy()
LIMIT_URGING = UrgePolicy(reached_at=((Level.HANDLER, 0), (Level.TEAM_LEADER, 0), (Level.CENTRE_MANAGER, 3)))


@dataclass(frozen=True, slots=True)
class Rules:
    """One version. The defaults are those of a new centre."""

    #: P2: from the paper's creation to its pages.
    digitise: Limit = TWO_DAYS
    #: P7: from the end of the step to the collector.
    send: Limit = TWO_DAYS
    #: Who is urged for papers, owed ones too, once their limit is over.
    urging: UrgePolicy = PAPER_URGING
    #: Likewise for a step; its time limit is the team leader's matter from the first hour on (P10).
    limit_urging: UrgePolicy = LIMIT_URGING
    #: Days before a contract's end on which it is announced, the earliest first (P19).
    contract_days: tuple[int, ...] = (90, 60, 30)
    #: The pack of step limits where a case names none.
    limit_pack: str = "C"

    def __post_init__(self) -> None:
        check_contract_days(self.contract_days)


@dataclass(frozen=True, slots=True)
class DatedRules:
    """A version and the moment from which on it counts; `version` 0 was in force before anybody set anything."""

    version: int
    effective_at: datetime
    rules: Rules


@dataclass(frozen=True, slots=True)
class RuleBook:
    """All versions, the earliest first; of two for one moment the later version counts."""

    versions: Sequence[DatedRules] = ()

    def at(self, moment: datetime | None) -> Rules:
        """Return the rules for what began at this moment, None: for what has not begun."""
        found = self.find(moment)
        return found.rules if found is not None else Rules()

    def find(self, moment: datetime | None) -> DatedRules | None:
        """Return the version that counts for what began at this moment, None: those of a new centre."""
        if moment is None or not self.versions:
            return None
        place = bisect_right(self.versions, moment, key=_begins)
        return self.versions[place - 1] if place else None


@dataclass(frozen=True, slots=True)
class RuleChange:
    """One figure that a version sets otherwise than the one before it; names as in the data."""

    name: str
    before: Any
    after: Any


STRICT = ConfigDict(extra="forbid")
HoursUpTo30Days = Annotated[int, Field(strict=True, ge=0, le=to_hours(PAUSE_MAX))]


@checked(frozen=True, config=STRICT)
class LimitShape:
    """A limit as data."""

    count: Annotated[int, Field(strict=True, ge=1, le=DAYS_MAX)]
    unit: Unit
    warn_before: Annotated[int, Field(strict=True, ge=0, le=DAYS_MAX)]


@checked(frozen=True, config=STRICT)
class UrgingShape:
    """An urge policy as data; `reached_at` says after how many urges a level hears them too."""

    after_hours: HoursUpTo30Days
    every_hours: Annotated[int, Field(strict=True, ge=1, le=to_hours(PAUSE_MAX))]
    reached_at: dict[Level, Annotated[int, Field(strict=True, ge=0, le=OCCURRENCES_MAX)]]


@checked(frozen=True, config=STRICT)
class RulesShape:
    """All rules as data: what the database keeps and the API takes."""

    digitise: LimitShape
    send: LimitShape
    urging: UrgingShape
    limit_urging: UrgingShape
    contract_days: Annotated[list[Annotated[int, Field(strict=True)]], Field(max_length=ANNOUNCED_TIMES_MAX)]
    limit_pack: Annotated[str, Field(pattern="^[A-Z]$")]


_READER = TypeAdapter(RulesShape)


def parse_rules(data: Any) -> Rules:
    """Check data from the database, a form or the API as a whole; every fault is named by its place."""
    try:
        shape = _READER.validate_python(data)
    except ValidationError as error:
        faults = [f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors()[:FAULT_LIMIT]]
        raise Refusal(Reason.BAD_RULES, details=tuple(faults)) from None
    built: dict[str, Any] = {"limit_pack": shape.limit_pack}
    faults = []
    for name, build in _BUILDERS.items():
        try:
            built[name] = build(getattr(shape, name))
        except ValueError as error:
            faults.append(f"{name}: {error}")
    if faults:
        raise Refusal(Reason.BAD_RULES, details=tuple(faults))
    return Rules(**built)


def dump_rules(rules: Rules) -> dict[str, Any]:
    """Return the rules as JSON data that `parse_rules` reads back as the same."""
    return {
        "digitise": _dump_limit(rules.digitise),
        "send": _dump_limit(rules.send),
        "urging": _dump_policy(rules.urging),
        "limit_urging": _dump_policy(rules.limit_urging),
        "contract_days": list(rules.contract_days),
        "limit_pack": rules.limit_pack,
    }


def compare_rules(old: Rules, new: Rules) -> Iterator[RuleChange]:
    """Yield what is set otherwise."""
    before, after = dump_rules(old), dump_rules(new)
    for each in fields(new):
        if before[each.name] != after[each.name]:
            yield RuleChange(each.name, before[each.name], after[each.name])


def _build_limit(shape: LimitShape) -> Limit:
    return Limit(shape.count, shape.unit, shape.warn_before)


def _build_policy(shape: UrgingShape) -> UrgePolicy:
    reached = tuple((level, shape.reached_at[level]) for level in Level if level in shape.reached_at)
    return UrgePolicy(timedelta(hours=shape.after_hours), timedelta(hours=shape.every_hours), reached)


def _build_days(days: list[int]) -> tuple[int, ...]:
    return check_contract_days(tuple(days))


_BUILDERS: dict[str, Callable[[Any], Any]] = {
    "digitise": _build_limit,
    "send": _build_limit,
    "urging": _build_policy,
    "limit_urging": _build_policy,
    "contract_days": _build_days,
}


def _dump_limit(limit: Limit) -> dict[str, Any]:
    return {"count": limit.count, "unit": limit.unit.value, "warn_before": limit.warn_before}


def _dump_policy(policy: UrgePolicy) -> dict[str, Any]:
    return {
        "after_hours": to_hours(policy.after),
        "every_hours": to_hours(policy.every),
        "reached_at": {level.value: first for level, first in policy.reached_at},
    }


def _begins(dated: DatedRules) -> datetime:
    return dated.effective_at
