"""Brings the tables of a case to what its news says: one way for late news, captured papers and passed gates alike.

A write holds the gate of all writers: what a case needs is read in a few whole sets, and only what changed is written.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from central.domain.case_plans import CasePlan, Ground, KnownCase, KnownDocument, plan_case
from central.domain.cases import CaseState, fold_events
from central.domain.documents import DocumentState
from central.domain.step_gates import GateAnswer, GateState
from central.store.callbacks import CallbackRow
from central.store.case_filing import cite_documents, file_documents, keep_case_customers
from central.store.case_rows import write_documents, write_steps, write_tasks
from central.store.cases import CaseRow, StepRow, load_case_events
from central.store.documents import DocumentRow, TaskRow
from central.store.ids import new_id
from central.store.organisation import UnitRow
from central.store.people import PersonRow
from central.store.sweeps import answer_case
from central.store.templates import find_in_force, read_version

GATE_CHANGED = "openaisle.archive.gate_changed"


@dataclass(frozen=True, slots=True)
class GateTurned:
    """A step gate that answers otherwise than before."""

    case_no: str
    step: str
    answer: GateAnswer


@dataclass(frozen=True, slots=True)
class Staff:
    """Those whom a case's news name by log-in name: their ids, and where they work."""

    ids: Mapping[str, str]
    units: Mapping[str, str | None]

    def find(self, login: str | None) -> str | None:
        """Return who bears a log-in name; None if nobody is known by it."""
        return self.ids.get(login) if login is not None else None


def lock_case(session: Session, case_id: str) -> CaseRow:
    """Return a case that nobody else writes until the commit."""
    return session.scalars(select(CaseRow).where(CaseRow.id == case_id).with_for_update()).one()


def rewrite_case(session: Session, case: CaseRow, ground: Ground) -> list[GateTurned]:
    """Fold the news of a locked case and write everything that follows; return the gates that turned, already told."""
    session.flush()
    state = fold_events(load_case_events(session, case.id))
    staff = _load_staff(session, state)
    moved = _write_head(session, case, state, staff, ground)
    documents = {
        (row.step, row.code): row for row in session.scalars(select(DocumentRow).where(DocumentRow.case_id == case.id))
    }
    steps = {row.code: row for row in session.scalars(select(StepRow).where(StepRow.case_id == case.id))}
    tasks = {row.step: row for row in session.scalars(select(TaskRow).where(TaskRow.case_id == case.id))}
    plan = plan_case(
        state,
        read_version(session, case.template_id) if case.template_id is not None else None,
        _show_known(documents, steps),
        ground,
    )
    # A row is filled in beside queries; it goes out when it is whole.
    with session.no_autoflush:
        write_steps(session, case, plan, steps, staff.find, ground.now)
        write_tasks(session, case, plan, tasks, staff.find, ground.now)
        new = write_documents(session, case, plan, documents, tasks, ground.now)
        # Papers stay where they were filed, unless the case has other customers now.
        file_documents(session, case, _list_asked(plan, documents) if moved else new, ground.now)
        cite_documents(session, [documents[key].id for key in plan.voided], (), ground.now)
    session.flush()
    answer_case(session, case.id, ground.now)
    turned = [GateTurned(case.case_no, each.code, each.gate) for each in plan.steps if each.gate_turned]
    tell_gates(session, turned, ground.now)
    return turned


def tell_gates(session: Session, turned: Sequence[GateTurned], now: datetime) -> None:
    """Queue the callbacks that tell the marketing system what these gates say now."""
    if not turned:
        return
    subjects = [f"{each.case_no}/{each.step}" for each in turned]
    told = select(CallbackRow.subject, func.max(CallbackRow.sequence)).where(CallbackRow.subject.in_(subjects))
    newest = dict(session.execute(told.group_by(CallbackRow.subject)).all())
    for subject, each in zip(subjects, turned, strict=True):
        body = {"case_no": each.case_no, "step": each.step, **show_gate(each.answer)}
        session.add(
            CallbackRow(
                id=new_id(),
                type=GATE_CHANGED,
                subject=subject,
                sequence=newest.get(subject, 0) + 1,
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


def _load_staff(session: Session, state: CaseState) -> Staff:
    logins = {login for login in (state.handler, *(step.handler for step in state.steps)) if login is not None}
    if not logins:
        return Staff({}, {})
    query = select(PersonRow.login, PersonRow.id, PersonRow.unit_id).where(PersonRow.login.in_(sorted(logins)))
    found = session.execute(query).all()
    return Staff({str(each.login): each.id for each in found}, {each.id: each.unit_id for each in found})


def _write_head(session: Session, case: CaseRow, state: CaseState, staff: Staff, ground: Ground) -> bool:
    """Write the case itself and its customers; return whether they are others now."""
    case.opened_at, case.closed_at, case.paused = state.opened_at, state.closed_at, state.paused
    case.odd = [list(each) for each in state.odd]
    case.folded_at = ground.now
    case.handler_id = staff.find(state.handler)
    case.unit_id = _find_unit(session, state.team) or (staff.units[case.handler_id] if case.handler_id else None)
    if state.opened_at is None:
        return False
    if case.business != state.business or case.template_id is None:
        found = find_in_force(session, state.business, ground.calendar.find_day(state.opened_at))
        case.template_id = found.id if found is not None else None
    case.business, case.attributes = state.business, dict(state.attributes)
    case.title, case.limit_pack = state.title, state.limit_pack
    return keep_case_customers(session, case, state.customers, ground.now)


def _list_asked(plan: CasePlan, rows: Mapping[tuple[str, str], DocumentRow]) -> list[DocumentRow]:
    return [rows[each.step, each.part.code] for each in plan.documents]


def _show_known(documents: Mapping[tuple[str, str], DocumentRow], steps: Mapping[str, StepRow]) -> KnownCase:
    return KnownCase(
        {
            key: KnownDocument(DocumentState(row.state), row.captured_at, row.voided_at is not None)
            for key, row in documents.items()
        },
        {code: GateState(row.gate_state) for code, row in steps.items()},
    )


def find_handler(session: Session, login: str | None) -> str | None:
    """Return the person whom the marketing system names by log-in name, None if nobody is known by it."""
    if login is None:
        return None
    return session.scalar(select(PersonRow.id).where(PersonRow.login == login))


def find_team(session: Session, name: str | None, handler_id: str | None) -> str | None:
    """Return the unit that the marketing system names, else the one in which the handler works."""
    found = _find_unit(session, name)
    if found is not None or handler_id is None:
        return found
    return session.scalar(select(PersonRow.unit_id).where(PersonRow.id == handler_id))


def _find_unit(session: Session, name: str | None) -> str | None:
    if name is None:
        return None
    return session.scalar(select(UnitRow.id).where(UnitRow.name == name, UnitRow.closed_at.is_(None)).limit(1))
