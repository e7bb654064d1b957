"""The step gate 节点卡控 (P8): may the case leave this step? Open, open with a debt, or closed, and what is missing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from central.domain.calendars import Calendar
from central.domain.cases import CaseState
from central.domain.documents import PASSED, DocumentState
from central.domain.templates import DocumentPart, Need, StepPart, list_due_documents


class GateState(StrEnum):
    OPEN = "open"
    #: Open, but something is owed until a date (容缺).
    OPEN_WITH_DEBT = "open_with_debt"
    CLOSED = "closed"


class Lack(StrEnum):
    """What is wrong with one document of the step."""

    #: There is no picture of it yet.
    NOT_CAPTURED = "not_captured"
    RETURNED = "returned"
    #: It waits for the review gate that the template demands.
    NOT_PASSED = "not_passed"
    OWED = "owed"
    OWED_OVERDUE = "owed_overdue"


@dataclass(frozen=True, slots=True)
class Missing:
    """One document that stands in the way, or is owed until a day."""

    code: str
    name: str
    name_en: str
    lack: Lack
    gate: int
    until: date | None = None


@dataclass(frozen=True, slots=True)
class GateAnswer:
    """The answer for one step of one case; `reasons` other than documents: `case_not_opened`."""

    state: GateState
    missing: tuple[Missing, ...] = ()
    reasons: tuple[str, ...] = ()


def answer_gate(
    step: StepPart,
    case: CaseState,
    documents: Mapping[str, DocumentState],
    calendar: Calendar,
    today: date,
) -> GateAnswer:
    """Return whether the case may leave the step; `documents` are its documents of this step by code.

    A document that nobody has captured is due, whether there is a row for it or not. What is owed is owed from the
    day on which the step was completed, or from today while it goes on.
    """
    if case.opened_at is None:
        return GateAnswer(GateState.CLOSED, reasons=("case_not_opened",))
    told = case.find_step(step.code)
    since = today if told is None or told.completed_at is None else calendar.find_day(told.completed_at)
    parts = list_due_documents(step, case.attributes)
    missing = [found for part in parts if (found := _find_lack(part, documents, since, today)) is not None]
    return GateAnswer(_sum_up(missing), tuple(missing))


def _find_lack(part: DocumentPart, documents: Mapping[str, DocumentState], since: date, today: date) -> Missing | None:
    state = documents.get(part.code, DocumentState.DUE)
    if part.need is Need.WELCOME or PASSED[state] >= part.gate:
        return None
    lack, until = Lack.NOT_PASSED, None
    if state is DocumentState.DUE:
        lack = Lack.NOT_CAPTURED
    elif state is DocumentState.RETURNED:
        lack = Lack.RETURNED
    if part.need is Need.OWED:
        until = since + timedelta(days=part.owed_days)
        lack = Lack.OWED if today <= until else Lack.OWED_OVERDUE
    return Missing(part.code, part.name, part.name_en, lack, part.gate, until)


def _sum_up(missing: Sequence[Missing]) -> GateState:
    if any(each.lack is not Lack.OWED for each in missing):
        return GateState.CLOSED
    return GateState.OPEN_WITH_DEBT if missing else GateState.OPEN
