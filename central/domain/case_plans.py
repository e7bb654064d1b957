"""What a case's tables must say, given its news: steps with dates, tasks, documents, and which gates have turned.

Pure and idempotent: planning twice changes nothing, and late or corrected news is reconciled, never fired again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from central.domain.calendars import ONE_DAY, Calendar
from central.domain.cases import CaseState, StepState, find_running
from central.domain.clocks import Band, Due, Interval, Limit, find_due
from central.domain.documents import UNSCANNED, DocumentState
from central.domain.rules import RuleBook
from central.domain.step_gates import GateAnswer, GateState, answer_gate
from central.domain.tasks import PaperFact, TaskState, judge_task
from central.domain.templates import DocumentPart, Need, StepPart, Template, choose_limit, list_due_documents


@dataclass(frozen=True, slots=True)
class Ground:
    """What a plan is made on: rules, calendar, and the moment."""

    rules: RuleBook
    calendar: Calendar
    now: datetime


@dataclass(frozen=True, slots=True)
class KnownDocument:
    """A document that the tables hold already."""

    state: DocumentState
    captured_at: datetime | None = None
    voided: bool = False


@dataclass(frozen=True, slots=True)
class KnownCase:
    """What the tables hold already; documents by (step, code), the last answer of each gate by step."""

    documents: Mapping[tuple[str, str], KnownDocument] = field(default_factory=dict)
    gates: Mapping[str, GateState] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Dates:
    """The cache of a clock: what a sweep reads instead of counting again."""

    due_at: datetime | None = None
    warn_at: datetime | None = None
    next_check_at: datetime | None = None
    band: Band = Band.NORMAL
    provisional: bool = False
    calendar_revision: int = 0


@dataclass(frozen=True, slots=True)
class StepPlan:
    code: str
    position: int
    state: StepState
    dates: Dates
    assessed: bool
    gate: GateAnswer
    #: The gate answers otherwise than the tables say: the marketing system is told.
    gate_turned: bool


@dataclass(frozen=True, slots=True)
class DocumentPlan:
    step: str
    part: DocumentPart
    paper_created_at: datetime
    created_assumed: bool
    owed_until: date | None
    dates: Dates


@dataclass(frozen=True, slots=True)
class TaskPlan:
    step: str
    handler: str | None
    step_ended_at: datetime
    state: TaskState
    dates: Dates


@dataclass(frozen=True, slots=True)
class CasePlan:
    """The whole of it. `voided`: documents that nothing asks for any more; they keep their pages."""

    steps: tuple[StepPlan, ...] = ()
    tasks: tuple[TaskPlan, ...] = ()
    documents: tuple[DocumentPlan, ...] = ()
    voided: frozenset[tuple[str, str]] = frozenset()


def plan_case(case: CaseState, template: Template | None, known: KnownCase, ground: Ground) -> CasePlan:
    """Return what follows from a case's news; a case that nobody opened has steps, but asks for nothing yet."""
    steps: list[StepPlan] = []
    tasks: list[TaskPlan] = []
    documents: list[DocumentPlan] = []
    for position, told in enumerate(case.steps):
        part = template.find_step(told.code) if template is not None else None
        part = part or StepPart(told.code, told.code, told.code)
        asked = _plan_documents(part, told, case, known, ground)
        documents += asked
        if asked:
            tasks.append(_plan_task(told, asked, known, ground))
        steps.append(_plan_step(position, part, told, case, known, ground))
    kept = {(each.step, each.part.code) for each in documents}
    voided = frozenset(key for key, each in known.documents.items() if key not in kept and not each.voided)
    return CasePlan(tuple(steps), tuple(tasks), tuple(documents), voided)


def find_due_of_step(case: CaseState, step: StepState, limit: Limit, calendar: Calendar) -> Due | None:
    """Return when a step is due by its limit, None when its clock never ran."""
    running = find_running(case, step)
    return find_due(calendar, limit, running) if running else None


def find_limit_pack(case: CaseState, rules: RuleBook) -> str:
    """Return which pack of step limits counts for a case: the one it names, else the one set when it was opened."""
    return case.limit_pack or rules.at(case.opened_at).limit_pack


def _plan_step(  # noqa: PLR0917 - the whole of what a step hangs on
    position: int, part: StepPart, told: StepState, case: CaseState, known: KnownCase, ground: Ground
) -> StepPlan:
    calendar = ground.calendar
    states = {code: each.state for (step, code), each in known.documents.items() if step == told.code}
    gate = answer_gate(part, case, states, calendar, calendar.find_day(ground.now))
    limit = choose_limit(part, find_limit_pack(case, ground.rules), case.attributes)
    due = find_due_of_step(case, told, limit.to_limit(), calendar) if limit is not None else None
    dates = Dates() if due is None else _cache(due, ground, told.completed_at or case.closed_at)
    turned = known.gates.get(told.code, GateState.CLOSED) is not gate.state
    return StepPlan(told.code, position, told, dates, limit is not None and limit.assessed, gate, turned)


def _plan_documents(
    part: StepPart, told: StepState, case: CaseState, known: KnownCase, ground: Ground
) -> list[DocumentPlan]:
    if told.completed_at is None or case.opened_at is None:
        return []
    plans = []
    for each in list_due_documents(part, case.attributes):
        created_at = told.papers.get(each.code)
        since = created_at or told.completed_at
        found = known.documents.get((told.code, each.code))
        due = find_due(ground.calendar, ground.rules.at(since).digitise, [Interval(since)])
        owed_until = None
        if each.need is Need.OWED:
            owed_until = ground.calendar.find_day(told.completed_at) + timedelta(days=each.owed_days)
        if owed_until is not None:
            dates = _cache_debt(due, ground, owed_until, found)
            plans.append(DocumentPlan(told.code, each, since, created_at is None, owed_until, dates))
            continue
        waits = each.need is Need.REQUIRED and (found is None or found.captured_at is None)
        done_at = None if waits else (found.captured_at if found is not None else None) or since
        plans.append(DocumentPlan(told.code, each, since, created_at is None, owed_until, _cache(due, ground, done_at)))
    return plans


def _plan_task(told: StepState, asked: list[DocumentPlan], known: KnownCase, ground: Ground) -> TaskPlan:
    assert told.completed_at is not None, "documents are asked for when a step is completed"
    papers = [PaperFact(_state_of(known, told.code, each.part.code), each.part.need, each.part.gate) for each in asked]
    state = judge_task(papers)
    due = find_due(ground.calendar, ground.rules.at(told.completed_at).send, [Interval(told.completed_at)])
    waits = state in (TaskState.TO_ADD, TaskState.TO_SEND)
    return TaskPlan(
        told.code, told.handler, told.completed_at, state, _cache(due, ground, None if waits else told.completed_at)
    )


def _cache(due: Due, ground: Ground, done_at: datetime | None) -> Dates:
    """Keep the band in which it was done; while it isn't, what has been entered is to be looked at again."""
    if done_at is not None:
        next_check_at = None
    else:
        entered = [at for at in (due.warn_at, due.at) if at is not None and at <= ground.now]
        next_check_at = max(entered, default=None) or due.next_change(ground.now)
    band = due.judge_band(ground.now if done_at is None else done_at)
    return Dates(due.at, due.warn_at, next_check_at, band, due.provisional, ground.calendar.revision)


def _cache_debt(due: Due, ground: Ground, owed_until: date, found: KnownDocument | None) -> Dates:
    """An owed paper is late when its day has passed and it is still not scanned."""
    ends_at = ground.calendar.start_of(owed_until + ONE_DAY)
    waits = found is None or found.state in UNSCANNED
    late = waits and ground.now >= ends_at
    return Dates(
        due.at,
        due.warn_at,
        ends_at if waits else None,
        Band.OVERDUE if late else Band.NORMAL,
        ground.calendar.is_provisional(owed_until),
        ground.calendar.revision,
    )


def _state_of(known: KnownCase, step: str, code: str) -> DocumentState:
    found = known.documents.get((step, code))
    return found.state if found is not None else DocumentState.DUE
