"""One case as a whole: its steps with gates and clocks that explain themselves, its documents, news and customers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from central.domain.case_plans import Ground, find_due_of_step, find_limit_pack
from central.domain.cases import CaseState, Pause, Standing, StepState, fold_events, judge_standing
from central.domain.clocks import Band, Due
from central.domain.conditions import holds
from central.domain.documents import DocumentState
from central.domain.people import Actor
from central.domain.permissions import Action, find_scope
from central.domain.refusals import NotFound
from central.domain.step_gates import GateAnswer, answer_gate
from central.domain.templates import LimitPart, StepPart, Template, choose_limit
from central.store.calendars import load_calendar
from central.store.case_lists import load_person_names, load_unit_names
from central.store.cases import CaseCustomerRow, CaseEventRow, CaseRow, load_case_events
from central.store.customers import CustomerRow, DossierRow
from central.store.documents import DocumentRow
from central.store.rules import load_rules
from central.store.scope import within_case
from central.store.templates import TemplateRow, read_version


@dataclass(frozen=True, slots=True)
class StepSeen:
    """One step; `state` None: there is no news of it yet. `due` None: no limit, or the clock never ran."""

    code: str
    name: str
    name_en: str
    state: StepState | None
    handler: str
    limit: LimitPart | None
    due: Due | None
    band: Band
    gate: GateAnswer | None


@dataclass(frozen=True, slots=True)
class DocumentSeen:
    """One document that a completed step asks for."""

    id: str
    task_id: str
    step: str
    code: str
    name: str
    name_en: str
    state: DocumentState
    need: str
    medium: str
    gate: int
    copies: int
    paper_created_at: datetime
    created_assumed: bool
    owed_until: date | None
    due_at: datetime | None
    overdue: bool


@dataclass(frozen=True, slots=True)
class NewsSeen:
    """One piece of news. `odd`: how it contradicts the rest; `corrected`: a later one took its place."""

    event_id: str
    kind: str
    occurred_at: datetime
    received_at: datetime
    facts: Mapping[str, Any]
    odd: str
    corrected: bool


@dataclass(frozen=True, slots=True)
class CustomerSeen:
    """A customer of the case; the first one's dossier holds the paper. `dossier_id` None: not in sight."""

    number: str
    name: str
    dossier_id: str | None


@dataclass(frozen=True, slots=True)
class CaseSeen:
    """Everything of one case."""

    id: str
    case_no: str
    title: str
    business: str
    business_name: str
    business_name_en: str
    template_id: str | None
    template_version: int | None
    limit_pack: str
    attributes: Mapping[str, Any]
    standing: Standing
    opened_at: datetime | None
    closed_at: datetime | None
    unit: str
    handler: str
    told_handler: str
    customers: tuple[CustomerSeen, ...]
    pauses: tuple[Pause, ...]
    steps: tuple[StepSeen, ...]
    documents: tuple[DocumentSeen, ...]
    news: tuple[NewsSeen, ...]


def show_case(session: Session, actor: Actor, case_id: str, now: datetime) -> CaseSeen:
    """Return a case in scope as it stands at this moment, folded anew."""
    row = _find_case(session, actor, CaseRow.id == case_id)
    events = load_case_events(session, row.id)
    state, ground = fold_events(events), Ground(load_rules(session), load_calendar(session), now)
    documents = _load_documents(session, row.id)
    version = session.get(TemplateRow, row.template_id) if row.template_id is not None else None
    template = read_version(session, version.id) if version is not None else None
    told = [step.handler for step in state.steps]
    people = load_person_names(session, [row.handler_id])
    return CaseSeen(
        id=row.id,
        case_no=row.case_no,
        title=row.title,
        business=row.business,
        business_name=template.name if template is not None else row.business,
        business_name_en=template.name_en if template is not None else row.business,
        template_id=row.template_id,
        template_version=version.version if version is not None else None,
        limit_pack=find_limit_pack(state, ground.rules),
        attributes=dict(state.attributes),
        standing=judge_standing(state.opened_at, state.closed_at, paused=state.paused),
        opened_at=state.opened_at,
        closed_at=state.closed_at,
        unit=load_unit_names(session, [row.unit_id]).get(row.unit_id, ""),
        handler=people.get(row.handler_id, ""),
        told_handler=state.handler or next((each for each in told if each), ""),
        customers=_see_customers(session, actor, row.id),
        pauses=state.pauses,
        steps=tuple(_see_steps(template, state, documents, ground)),
        documents=tuple(_see_document(each, now) for each in _sort(documents, template)),
        news=tuple(_see_news(session, row.id, state)),
    )


def find_case_id(session: Session, actor: Actor, case_no: str) -> str:
    """Return the id of the case in scope with this number."""
    return _find_case(session, actor, CaseRow.case_no == case_no).id


def _find_case(session: Session, actor: Actor, condition: Any) -> CaseRow:
    scope = find_scope(actor, Action.SEE_CASES)
    row = session.scalar(select(CaseRow).where(condition, within_case(scope, CaseRow.unit_id, CaseRow.handler_id)))
    if row is None:
        raise NotFound
    return row


def _load_documents(session: Session, case_id: str) -> Sequence[DocumentRow]:
    return session.scalars(
        select(DocumentRow).where(DocumentRow.case_id == case_id, DocumentRow.voided_at.is_(None))
    ).all()


def _sort(rows: Sequence[DocumentRow], template: Template | None) -> list[DocumentRow]:
    """Order documents as the template names them."""
    parts = [(step.code, part.code) for step in template.steps for part in step.documents] if template else []
    places = {key: number for number, key in enumerate(parts)}
    return sorted(rows, key=lambda row: (places.get((row.step, row.code), len(places)), row.step, row.code))


def _see_steps(
    template: Template | None, state: CaseState, documents: Sequence[DocumentRow], ground: Ground
) -> list[StepSeen]:
    """Return the steps with news in the order told, then those that the template still holds."""
    parts = {part.code: part for part in template.steps} if template is not None else {}
    told = [(parts.get(step.code) or StepPart(step.code, step.code, step.code), step) for step in state.steps]
    seen = [_see_step(part, step, state, documents, ground) for part, step in told]
    known = {step.code for step in state.steps}
    ahead = [part for part in parts.values() if part.code not in known and holds(part.when, state.attributes)]
    seen += [StepSeen(part.code, part.name, part.name_en, None, "", None, None, Band.NORMAL, None) for part in ahead]
    return seen


def _see_step(
    part: StepPart, step: StepState, state: CaseState, documents: Sequence[DocumentRow], ground: Ground
) -> StepSeen:
    calendar = ground.calendar
    states = {row.code: DocumentState(row.state) for row in documents if row.step == step.code}
    limit = choose_limit(part, find_limit_pack(state, ground.rules), state.attributes)
    due = find_due_of_step(state, step, limit.to_limit(), calendar) if limit is not None else None
    ended_at = step.completed_at or state.closed_at
    return StepSeen(
        code=step.code,
        name=part.name,
        name_en=part.name_en,
        state=step,
        handler=step.handler or "",
        limit=limit,
        due=due,
        band=due.judge_band(ended_at or ground.now) if due is not None else Band.NORMAL,
        gate=answer_gate(part, state, states, calendar, calendar.find_day(ground.now)),
    )


def _see_document(row: DocumentRow, now: datetime) -> DocumentSeen:
    return DocumentSeen(
        id=row.id,
        task_id=row.task_id,
        step=row.step,
        code=row.code,
        name=row.name,
        name_en=row.name_en,
        state=DocumentState(row.state),
        need=row.need,
        medium=row.medium,
        gate=row.gate,
        copies=row.copies,
        paper_created_at=row.paper_created_at,
        created_assumed=row.created_assumed,
        owed_until=row.owed_until,
        due_at=row.due_at,
        overdue=row.due_at is not None and row.captured_at is None and row.due_at <= now and row.need == "required",
    )


def _see_news(session: Session, case_id: str, state: CaseState) -> list[NewsSeen]:
    rows = session.scalars(select(CaseEventRow).where(CaseEventRow.case_id == case_id)).all()
    odd, corrected = dict(state.odd), {row.corrects for row in rows}
    rows = sorted(rows, key=lambda row: (row.occurred_at, row.event_id), reverse=True)
    return [
        NewsSeen(
            row.event_id.partition("#")[2] or row.event_id,
            row.kind,
            row.occurred_at,
            row.received_at,
            row.facts,
            odd.get(row.event_id, ""),
            row.event_id in corrected,
        )
        for row in rows
    ]


def _see_customers(session: Session, actor: Actor, case_id: str) -> tuple[CustomerSeen, ...]:
    scope = find_scope(actor, Action.SEE_DOSSIERS)
    query = (
        select(CaseCustomerRow.customer_no, CustomerRow.name, DossierRow.id)
        .outerjoin(CustomerRow, CustomerRow.customer_no == CaseCustomerRow.customer_no)
        .outerjoin(
            DossierRow,
            (DossierRow.customer_id == CustomerRow.id) & within_case(scope, DossierRow.unit_id, DossierRow.handler_id),
        )
        .where(CaseCustomerRow.case_id == case_id)
        .order_by(CaseCustomerRow.position)
    )
    return tuple(CustomerSeen(number, name or "", dossier) for number, name, dossier in session.execute(query))
