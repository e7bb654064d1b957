"""Hundreds of customers and their business, as a marketing system sees it: cases that walk from step to step.

A case goes on only when the archive's step gate lets it. Everything is drawn from one seed; time is handed in.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from simulators.customers import Customer, invent_customers

SOURCE = "urn:openaisle:simulated-marketing"
PREFIX = "openaisle.marketing."
#: The steps of each kind of business as this marketing system runs them.
STEPS: dict[str, tuple[str, ...]] = {
    "HV-NEW": ("ACCEPT", "SURVEY", "PLAN", "COMPLETION", "SIGN", "ENERGISE", "FILE"),
    "LV-RES": ("ACCEPT", "ENERGISE", "FILE"),
    "LV-COM": ("ACCEPT", "SURVEY", "PLAN", "SIGN", "ENERGISE", "FILE"),
    "RES-INC": ("ACCEPT", "SURVEY", "EXCHANGE", "FILE"),
    "SUSP": ("ACCEPT", "CHECK-PAID", "SEAL", "FILE"),
    "RESUME": ("ACCEPT", "INSPECT", "POWER-ON", "FILE"),
    "TRANSFER": ("ACCEPT", "SETTLE", "RESIGN", "FILE"),
    "RENAME": ("ACCEPT", "VERIFY", "AMEND", "FILE"),
    "CLOSE": ("ACCEPT", "REMOVE", "SETTLE", "FILE"),
    "METER": ("ACCEPT", "INSTALL", "FILE"),
    "PV": ("ACCEPT", "GRID-PLAN", "CONNECT", "FILE"),
    "EVC": ("ACCEPT", "SURVEY", "ENERGISE", "FILE"),
}
#: Steps after which a paper contract is signed.
SIGNING = frozenset({"SIGN", "RESIGN"})


class Stage(StrEnum):
    WORKING = "working"
    #: The step is done here; the archive's gate has the word.
    AT_GATE = "at_gate"
    PAUSED = "paused"
    CLOSED = "closed"


@dataclass(frozen=True)
class Pace:
    """How long things take and how often cases come, in minutes of simulated time."""

    between_cases: float = 40.0
    step_least: float = 60.0
    step_most: float = 2_400.0
    pause_share: float = 0.08
    pause_most: float = 1_440.0
    batch_share: float = 0.03  # a case of several customers


@dataclass
class Case:
    """One case on its way."""

    number: str
    business: str
    customers: tuple[str, ...]
    handler: str
    team: str
    position: int = -1
    stage: Stage = Stage.WORKING
    due_at: datetime | None = None

    @property
    def step(self) -> str:
        """Code of the step at hand."""
        return STEPS[self.business][self.position]

    @property
    def last(self) -> bool:
        """Whether there is no further step."""
        return self.position == len(STEPS[self.business]) - 1


@dataclass
class MarketingOffice:
    """Runs the cases; `work` returns the news of a stretch of time, in the order in which it happened."""

    seed: int
    started_at: datetime
    customers: int = 300
    handlers: tuple[tuple[str, str], ...] = (("handler", ""),)
    pace: Pace = field(default_factory=Pace)
    cases: list[Case] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Draw the customers."""
        self._dice = random.Random(self.seed)  # noqa: S311 - invented business is no secret
        self.known: list[Customer] = invent_customers(self.customers, self.seed)
        self._told: set[str] = set()
        self._next_case_at = self.started_at
        self._numbers = 0
        self._events = 0

    def work(self, until: datetime) -> Iterator[dict[str, Any]]:
        """Yield the CloudEvents of everything that happens up to an instant; cases at a gate stand still."""
        while True:
            waiting = [case for case in self.cases if case.due_at is not None]
            case = min(waiting, key=lambda each: (each.due_at, each.number), default=None)
            if case is not None and case.due_at is not None and case.due_at <= min(until, self._next_case_at):
                yield from self._go_on(case, case.due_at)
            elif self._next_case_at <= until:
                yield from self._open_case(self._next_case_at)
                self._next_case_at += self._draw_minutes(self.pace.between_cases / 4, self.pace.between_cases * 2)
            else:
                return

    def list_at_gate(self) -> list[Case]:
        """Return the cases that wait for the archive."""
        return [case for case in self.cases if case.stage is Stage.AT_GATE]

    def pass_gate(self, case: Case, at: datetime) -> Iterator[dict[str, Any]]:
        """Let a case leave its step: the gate has opened."""
        if case.stage is not Stage.AT_GATE:
            raise ValueError(f"case {case.number} is at no gate")
        if case.last:
            case.stage, case.due_at = Stage.CLOSED, None
            yield self._tell("case_closed", at, case_no=case.number)
        else:
            yield from self._start_step(case, at)

    def _open_case(self, at: datetime) -> Iterator[dict[str, Any]]:
        self._numbers += 1
        count = self._dice.randint(2, 5) if self._dice.random() < self.pace.batch_share else 1
        chosen = self._dice.sample(self.known, count)
        handler, team = self._dice.choice(self.handlers)
        case = Case(
            f"{self.seed:02d}{at:%y%m%d}{self._numbers:06d}",
            self._dice.choice(sorted(STEPS)),
            tuple(each.number for each in chosen),
            handler,
            team,
        )
        self.cases.append(case)
        for each in chosen:
            if each.number not in self._told:
                self._told.add(each.number)
                yield self._tell(
                    "customer_created", at, customer_no=each.number, name=each.name, **_name_people(handler, team)
                )
        yield self._tell(
            "case_opened",
            at,
            case_no=case.number,
            business=case.business,
            customers=list(case.customers),
            title=chosen[0].name,
            attributes={"dual_source": self._dice.random() < 0.2, "agent": self._dice.random() < 0.5},
            **_name_people(handler, team),
        )
        yield from self._start_step(case, at)

    def _start_step(self, case: Case, at: datetime) -> Iterator[dict[str, Any]]:
        case.position, case.stage = case.position + 1, Stage.WORKING
        case.due_at = at + self._draw_minutes(self.pace.step_least, self.pace.step_most)
        yield self._tell(
            "step_started", at, case_no=case.number, step=case.step, **_name_people(case.handler, case.team)
        )

    def _go_on(self, case: Case, at: datetime) -> Iterator[dict[str, Any]]:
        if case.stage is Stage.PAUSED:
            case.stage, case.due_at = Stage.WORKING, at + self._draw_minutes(self.pace.step_least, self.pace.step_most)
            yield self._tell("case_resumed", at, case_no=case.number)
        elif self._dice.random() < self.pace.pause_share:
            case.stage, case.due_at = Stage.PAUSED, at + self._draw_minutes(30, self.pace.pause_most)
            yield self._tell("case_paused", at, case_no=case.number, reason=self._dice.choice(["客户原因", "电网工程"]))
        else:
            case.stage, case.due_at = Stage.AT_GATE, None
            yield self._tell("step_completed", at, case_no=case.number, step=case.step, handler=case.handler)
            if case.step in SIGNING:
                years = self._dice.randint(1, 5)
                yield self._tell(
                    "contract_signed",
                    at,
                    contract_no=f"HT{case.number}",
                    customer_no=case.customers[0],
                    signed_on=f"{at:%Y-%m-%d}",
                    ends_on=f"{at + timedelta(days=365 * years):%Y-%m-%d}",
                )

    def _draw_minutes(self, least: float, most: float) -> timedelta:
        return timedelta(minutes=self._dice.uniform(least, most))

    def _tell(self, kind: str, at: datetime, **data: Any) -> dict[str, Any]:
        self._events += 1
        return {
            "specversion": "1.0",
            "id": f"{self.seed}-{self._events:08d}",
            "source": SOURCE,
            "type": PREFIX + kind,
            "time": at.isoformat(),
            "datacontenttype": "application/json",
            "data": data,
        }


def _name_people(handler: str, team: str) -> dict[str, str]:
    return {"handler": handler, **({"team": team} if team else {})}


@dataclass(frozen=True)
class CourierFaults:
    """How badly news travels; shares of events, all zero until somebody asks."""

    twice: float = 0.0
    late: float = 0.0
    nonsense: float = 0.0
    late_batches_most: int = 5

    def __post_init__(self) -> None:
        """Refuse shares outside 0..1."""
        for name in ("twice", "late", "nonsense"):
            if not 0.0 <= getattr(self, name) <= 1.0:
                raise ValueError(f"{name} is a share between 0 and 1")


class Courier:
    """Carries events to be sent in batches: some twice, some late and so out of order, some turned into nonsense."""

    def __init__(self, faults: CourierFaults, seed: int) -> None:
        self._faults = faults
        self._dice = random.Random(seed)  # noqa: S311 - faults are no secret
        self._late: list[tuple[int, dict[str, Any]]] = []
        self._batch = 0
        self.counts = {"twice": 0, "late": 0, "nonsense": 0}

    def pack(self, events: list[dict[str, Any]], *, last: bool = False) -> list[dict[str, Any]]:
        """Return what goes out now; with `last`, everything that was held back too."""
        self._batch += 1
        out: list[dict[str, Any]] = []
        for event in events:
            if self._happens("late", self._faults.late):
                self._late.append((self._batch + self._dice.randint(1, self._faults.late_batches_most), event))
            else:
                out.append(event)
            if self._happens("twice", self._faults.twice):
                out.append(event)
            if self._happens("nonsense", self._faults.nonsense):
                out.append(self._spoil(event))
        due = [event for number, event in self._late if last or number <= self._batch]
        self._late = [] if last else [each for each in self._late if each[0] > self._batch]
        return out + due

    def _happens(self, name: str, share: float) -> bool:
        happens = share > 0 and self._dice.random() < share
        self.counts[name] += happens
        return happens

    def _spoil(self, event: dict[str, Any]) -> dict[str, Any]:
        spoilt = {**event, "id": event["id"] + "-x"}
        way = self._dice.randrange(4)
        if way == 0:
            spoilt["type"] = PREFIX + "step_skipped"
        elif way == 1:
            spoilt["time"] = "yesterday"
        elif way == 2:
            spoilt["data"] = {**event["data"], "surprise": 1}
        else:
            del spoilt["specversion"]
        return spoilt
