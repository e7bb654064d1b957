"""Asking a step gate: may the case leave this step, and if not, what is missing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from central.domain.calendars import Calendar
from central.domain.cases import fold_events
from central.domain.documents import DocumentState
from central.domain.permissions import Scope
from central.domain.refusals import NotFound
from central.domain.step_gates import GateAnswer, answer_gate
from central.domain.templates import StepPart
from central.store.cases import CaseRow, load_case_events
from central.store.documents import DocumentRow
from central.store.scope import within_case
from central.store.templates import read_version

#: What is owed at a gate is owed for plain days: which of them are worked doesn't matter, so no calendar is read.
PLAIN_DAYS = Calendar(0, date.max)


@dataclass(frozen=True, slots=True)
class GateAsked:
    """A gate's answer with what it speaks of."""

    case_no: str
    step: str
    name: str
    name_en: str
    answer: GateAnswer


def ask_gate(session: Session, scope: Scope | None, case_no: str, step: str, now: datetime) -> GateAsked:
    """Return what a gate says at this moment; `scope` None is the marketing system, which may ask for every case."""
    query = select(CaseRow).where(CaseRow.case_no == case_no)
    if scope is not None:
        query = query.where(within_case(scope, CaseRow.unit_id, CaseRow.handler_id))
    case = session.scalar(query)
    if case is None:
        raise NotFound
    template = read_version(session, case.template_id) if case.template_id is not None else None
    part = template.find_step(step) if template is not None else None
    state = fold_events(load_case_events(session, case.id))
    if part is None and state.find_step(step) is None:
        raise NotFound
    part = part or StepPart(step, step, step)
    rows = session.execute(
        select(DocumentRow.code, DocumentRow.state).where(
            DocumentRow.case_id == case.id, DocumentRow.step == step, DocumentRow.voided_at.is_(None)
        )
    )
    states = {code: DocumentState(word) for code, word in rows}
    answer = answer_gate(part, state, states, PLAIN_DAYS, PLAIN_DAYS.find_day(now))
    return GateAsked(case.case_no, step, part.name, part.name_en, answer)
