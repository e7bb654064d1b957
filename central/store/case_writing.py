"""Brings the tables of a case to what its news says: one way for late news, captured papers and passed gates alike."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from central.domain.case_plans import CasePlan, DocumentPlan, Ground, KnownCase, KnownDocument, StepPlan, plan_case
from central.domain.cases import CaseState, fold_events
from central.domain.documents import DocumentState
from central.domain.step_gates import GateAnswer, GateState
from central.domain.tasks import TaskState
from central.domain.templates import Need
from central.store.callbacks import CallbackRow
from central.store.cases import CaseCustomerRow, CaseRow, StepRow, load_case_events
from central.store.customers import CitationRow, DossierRow, keep_dossier
from central.store.documents import DocumentRow, TaskRow
from central.store.ids import new_id
from central.store.organisation import UnitRow
from central.store.people import PersonRow
from central.store.sweeps import answer_case
from central.store.templates import TemplateRow, find_in_force

GATE_CHANGED = "openaisle.archive.gate_changed"


@dataclass(frozen=True, slots=True)
class GateTurned:
    """A step gate that answers otherwise than before."""

    case_no: str
    step: str
    answer: GateAnswer


def lock_case(session: Session, case_id: str) -> CaseRow:
    """Return a case that nobody else writes until the commit."""
    return session.scalars(select(CaseRow).where(CaseRow.id == case_id).with_for_update()).one()


def rewrite_case(session: Session, case: CaseRow, ground: Ground) -> list[GateTurned]:
    """Fold the news of a locked case and write everything that follows; return the gates that turned, already told."""
    session.flush()
    state = fold_events(load_case_events(session, case.id))
    _write_head(session, case, state, ground)
    documents = {
        (row.step, row.code): row for row in session.scalars(select(DocumentRow).where(DocumentRow.case_id == case.id))
    }
    steps = {row.code: row for row in session.scalars(select(StepRow).where(StepRow.case_id == case.id))}
    known = KnownCase(
        {
            key: KnownDocument(DocumentState(row.state), row.captured_at, row.voided_at is not None)
            for key, row in documents.items()
        },
        {code: GateState(row.gate_state) for code, row in steps.items()},
    )
    template = session.get(TemplateRow, case.template_id) if case.template_id is not None else None
    plan = plan_case(state, template.to_template() if template is not None else None, known, ground)
    # A row is filled in beside queries; it goes out when it is whole.
    with session.no_autoflush:
        _write_steps(session, case, plan, steps, ground.now)
        _write_tasks(session, case, plan, ground.now)
        _write_documents(session, case, plan, documents, ground.now)
    session.flush()
    answer_case(session, case.id, ground.now)
    turned = [GateTurned(case.case_no, each.code, each.gate) for each in plan.steps if each.gate_turned]
    for each in turned:
        tell_gate(session, each, ground.now)
    return turned


def tell_gate(session: Session, turned: GateTurned, now: datetime) -> None:
    """Queue the callback that tells the marketing system what a gate says now."""
    subject = f"{turned.case_no}/{turned.step}"
    newest = session.scalar(select(func.max(CallbackRow.sequence)).where(CallbackRow.subject == subject)) or 0
    body = {"case_no": turned.case_no, "step": turned.step, **show_gate(turned.answer)}
    session.add(
        CallbackRow(
            id=new_id(),
            type=GATE_CHANGED,
            subject=subject,
            sequence=newest + 1,
            body=body,
            occurred_at=now,
            state="queued",
            next_try_at=now,
        )
    )


def show_gate(answer: GateAnswer) -> dict[str, object]:
    """Return a gate's answer as the interface tells it: in codes, and in words of both languages."""
    missing = [
        {
            "document": each.code,
            "name": each.name,
            "name_en": each.name_en,
            "lack": each.lack.value,
            "gate": each.gate,
            "until": each.until.isoformat() if each.until is not None else None,
        }
        for each in answer.missing
    ]
    return {"state": answer.state.value, "missing": missing, "reasons": list(answer.reasons)}


def _write_head(session: Session, case: CaseRow, state: CaseState, ground: Ground) -> None:
    case.opened_at, case.closed_at, case.paused = state.opened_at, state.closed_at, state.paused
    case.odd = [list(each) for each in state.odd]
    case.folded_at = ground.now
    case.handler_id = find_handler(session, state.handler)
    case.unit_id = find_team(session, state.team, case.handler_id)
    if state.opened_at is None:
        return
    if case.business != state.business or case.template_id is None:
        found = find_in_force(session, state.business, ground.calendar.find_day(state.opened_at))
        case.template_id = found.id if found is not None else None
    case.business, case.attributes = state.business, dict(state.attributes)
    case.title, case.limit_pack = state.title, state.limit_pack
    _write_customers(session, case, state.customers, ground.now)


def _write_customers(session: Session, case: CaseRow, numbers: tuple[str, ...], now: datetime) -> None:
    """Keep the customers in the order told, each with a dossier of its own (P1)."""
    rows = {
        row.position: row for row in session.scalars(select(CaseCustomerRow).where(CaseCustomerRow.case_id == case.id))
    }
    for position, number in enumerate(numbers):
        keep_dossier(session, number, unit_id=case.unit_id, handler_id=case.handler_id, now=now)
        row = rows.pop(position, None)
        if row is None:
            session.add(CaseCustomerRow(case_id=case.id, position=position, customer_no=number))
        elif row.customer_no != number:
            row.customer_no = number
    for row in rows.values():
        session.delete(row)
    session.flush()


def _write_steps(session: Session, case: CaseRow, plan: CasePlan, rows: dict[str, StepRow], now: datetime) -> None:
    for each in plan.steps:
        row = rows.pop(each.code, None)
        if row is None:
            row = StepRow(id=new_id(), case_id=case.id, code=each.code)
            session.add(row)
        _write_step(session, case, each, row, now)
    for row in rows.values():
        session.delete(row)


def _write_step(session: Session, case: CaseRow, plan: StepPlan, row: StepRow, now: datetime) -> None:
    row.position, row.started_at, row.completed_at = plan.position, plan.state.started_at, plan.state.completed_at
    row.handler_id = find_handler(session, plan.state.handler) or case.handler_id
    row.unit_id = case.unit_id
    dates = plan.dates
    row.due_at, row.warn_at, row.next_check_at = dates.due_at, dates.warn_at, dates.next_check_at
    row.provisional, row.calendar_revision, row.assessed = dates.provisional, dates.calendar_revision, plan.assessed
    row.band = dates.band.value
    if plan.gate_turned or row.gate_state is None:
        row.gate_state, row.gate_changed_at = plan.gate.state.value, now if plan.gate_turned else None


def _write_tasks(session: Session, case: CaseRow, plan: CasePlan, now: datetime) -> None:
    rows = {row.step: row for row in session.scalars(select(TaskRow).where(TaskRow.case_id == case.id))}
    for each in plan.tasks:
        row = rows.pop(each.step, None)
        if row is None:
            row = TaskRow(id=new_id(), case_id=case.id, step=each.step, created_at=now)
            session.add(row)
        row.unit_id, row.step_ended_at = case.unit_id, each.step_ended_at
        row.handler_id = find_handler(session, each.handler) or case.handler_id
        if each.state in (TaskState.SENT, TaskState.DONE):
            row.sent_at = row.sent_at or now
        else:
            row.sent_at = None
        row.done_at = (row.done_at or now) if each.state is TaskState.DONE else None
        row.state, row.band = each.state.value, each.dates.band.value
        row.due_at, row.warn_at, row.next_check_at = each.dates.due_at, each.dates.warn_at, each.dates.next_check_at
        row.calendar_revision = each.dates.calendar_revision
    for row in rows.values():
        row.state, row.next_check_at = TaskState.VOID.value, None
    session.flush()


def _write_documents(
    session: Session, case: CaseRow, plan: CasePlan, rows: dict[tuple[str, str], DocumentRow], now: datetime
) -> None:
    tasks = {row.step: row for row in session.scalars(select(TaskRow).where(TaskRow.case_id == case.id))}
    numbers = list_customer_numbers(session, case.id)
    dossiers = [
        keep_dossier(session, number, unit_id=case.unit_id, handler_id=case.handler_id, now=now) for number in numbers
    ]
    for each in plan.documents:
        row = rows.get((each.step, each.part.code))
        if row is None:
            row = DocumentRow(id=new_id(), case_id=case.id, step=each.step, code=each.part.code, state="due")
            session.add(row)
        _write_document(row, each)
        task = tasks[each.step]
        row.task_id, row.unit_id, row.handler_id, row.voided_at = task.id, task.unit_id, task.handler_id, None
        row.dossier_id = dossiers[0].id if dossiers else None
        session.flush()
        cite_document(session, row, dossiers[1:], now)
    for key in plan.voided:
        rows[key].voided_at, rows[key].next_check_at = now, None
        cite_document(session, rows[key], (), now)


def refile_case(session: Session, case_id: str, settled: Collection[str], now: datetime) -> None:
    """File the documents of a case where its customers' dossiers are now, but for those settled already."""
    numbers = list_customer_numbers(session, case_id)
    dossiers = [keep_dossier(session, number, unit_id=None, handler_id=None, now=now) for number in numbers]
    query = select(DocumentRow).where(DocumentRow.case_id == case_id, DocumentRow.voided_at.is_(None))
    for row in session.scalars(query.order_by(DocumentRow.id)).all():
        if row.id not in settled:
            row.dossier_id = dossiers[0].id if dossiers else None
            cite_document(session, row, dossiers[1:], now)


def cite_document(session: Session, row: DocumentRow, dossiers: Sequence[DossierRow], now: datetime) -> None:
    """Let exactly these dossiers cite a document that is filed in another (互见)."""
    wanted = {dossier.id for dossier in dossiers} - {row.dossier_id}
    for citation in session.scalars(select(CitationRow).where(CitationRow.document_id == row.id)):
        if citation.dossier_id in wanted:
            wanted.remove(citation.dossier_id)
        else:
            session.delete(citation)
    for dossier_id in sorted(wanted):
        session.add(CitationRow(dossier_id=dossier_id, document_id=row.id, created_at=now))


def _write_document(row: DocumentRow, plan: DocumentPlan) -> None:
    part, dates = plan.part, plan.dates
    row.name, row.name_en, row.medium, row.need = part.name, part.name_en, part.medium.value, part.need.value
    row.gate, row.retention, row.copies = part.gate, part.retention.value, part.copies
    row.paper_created_at, row.created_assumed, row.owed_until = (
        plan.paper_created_at,
        plan.created_assumed,
        plan.owed_until,
    )
    asked = part.need is not Need.WELCOME
    row.due_at, row.warn_at, row.next_check_at = dates.due_at, dates.warn_at, dates.next_check_at if asked else None
    row.band = dates.band.value


def list_customer_numbers(session: Session, case_id: str) -> list[str]:
    """Return the customer numbers of a case in the order told."""
    query = select(CaseCustomerRow.customer_no).where(CaseCustomerRow.case_id == case_id)
    return list(session.scalars(query.order_by(CaseCustomerRow.position)))


def find_handler(session: Session, login: str | None) -> str | None:
    """Return the person whom the marketing system names by log-in name, None if nobody is known by it."""
    if login is None:
        return None
    return session.scalar(select(PersonRow.id).where(PersonRow.login == login))


def find_team(session: Session, name: str | None, handler_id: str | None) -> str | None:
    """Return the unit that the marketing system names, else the one in which the handler works."""
    if name is not None:
        found = session.scalar(select(UnitRow.id).where(UnitRow.name == name, UnitRow.closed_at.is_(None)).limit(1))
        if found is not None:
            return found
    return (
        session.scalar(select(PersonRow.unit_id).where(PersonRow.id == handler_id)) if handler_id is not None else None
    )
