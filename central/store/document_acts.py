"""Acts on documents as rows: a document in scope with its case locked, who passed which gate, adding an act."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from central.domain.case_plans import Ground
from central.domain.documents import GATES, DocumentAct, DocumentState, PassedGate, ReturnReason, WayRefused, judge_act
from central.domain.people import Actor
from central.domain.permissions import Action, find_acting_for, find_scope
from central.domain.refusals import NotFound, Reason, Refusal
from central.domain.review_gates import Gate, GatePass, may_pass
from central.store.calendars import load_calendar
from central.store.case_writing import lock_case, rewrite_case
from central.store.cases import CaseRow
from central.store.documents import DocumentActRow, DocumentRow
from central.store.ids import new_id
from central.store.rules import load_rules
from central.store.scope import within_case

REFUSED = {
    WayRefused.WRONG_STATE: Reason.DOCUMENT_STATE,
    WayRefused.NO_PAGES: Reason.NO_PAGES,
    WayRefused.SAME_PERSON: Reason.GATE_BAN,
    WayRefused.NO_REASON: Reason.INVALID,
}


@dataclass(frozen=True, slots=True)
class HeldDocument:
    """A document whose case nobody else writes, and for whom the actor acts on it."""

    case: CaseRow
    row: DocumentRow
    acting_for: str | None

    @property
    def name(self) -> str:
        """How people call it."""
        return f"{self.case.case_no} {self.row.name}"


def find_document(session: Session, actor: Actor, action: Action, document_id: str) -> DocumentRow:
    """Return a document within the actor's scope that still counts; raise NotFound otherwise."""
    query = select(DocumentRow).where(
        DocumentRow.id == document_id,
        DocumentRow.voided_at.is_(None),
        within_case(find_scope(actor, action), DocumentRow.unit_id, DocumentRow.handler_id),
    )
    row = session.scalar(query.execution_options(populate_existing=True))
    if row is None:
        raise NotFound
    return row


def hold_document(session: Session, actor: Actor, action: Action, document_id: str) -> HeldDocument:
    """Lock the case of a document within scope, then read the document as it stands behind the lock."""
    case = lock_case(session, find_document(session, actor, action, document_id).case_id)
    row = find_document(session, actor, action, document_id)
    people = [row.handler_id] if row.handler_id is not None else []
    return HeldDocument(case, row, find_acting_for(actor, action, unit_id=row.unit_id, person_ids=people))


def load_acts(session: Session, document_id: str) -> list[DocumentActRow]:
    """Return what was done to a document, the oldest first."""
    query = select(DocumentActRow).where(DocumentActRow.document_id == document_id)
    return list(session.scalars(query.order_by(DocumentActRow.at, DocumentActRow.id)))


def find_fault(
    acts: Iterable[DocumentActRow],
    row: DocumentRow,
    act: DocumentAct,
    candidate: tuple[str, str | None],
    reason: ReturnReason | None = None,
) -> Reason | None:
    """Return why this person, acting for that one, may not do this to the document; None if they may."""
    person_id, acting_for = candidate
    passes = [each for each in acts if each.gate is not None]
    passed = [PassedGate(each.gate, each.person_id, each.at) for each in passes if each.gate and not each.voided]
    fault = judge_act(DocumentState(row.state), act, person_id, passed, pages=row.pages, reason=reason)
    if fault is None and act in GATES:
        history = [GatePass(Gate(each.gate), each.person_id, each.acting_for) for each in passes if each.gate]
        if may_pass(history, GatePass(Gate(GATES[act]), person_id, acting_for)) is not None:
            return Reason.GATE_BAN
    return REFUSED[fault] if fault is not None else None


def check_act(
    session: Session, actor: Actor, held: HeldDocument, act: DocumentAct, reason: ReturnReason | None = None
) -> None:
    """Refuse what the domain refuses."""
    acts = load_acts(session, held.row.id)
    fault = find_fault(acts, held.row, act, (actor.person_id, held.acting_for), reason)
    if fault is not None:
        raise Refusal(fault)


def add_act(
    session: Session,
    actor: Actor,
    held: HeldDocument,
    act: DocumentAct,
    now: datetime,
    *,
    reason: ReturnReason | None = None,
    note: str = "",
) -> None:
    """Write down an act; changed pages or a return void the gates passed before."""
    if act in (DocumentAct.CAPTURE, DocumentAct.ARRANGE, DocumentAct.RETURN):
        passed = update(DocumentActRow).where(
            DocumentActRow.document_id == held.row.id, DocumentActRow.gate.is_not(None)
        )
        session.execute(passed.values(voided=True))
    session.add(
        DocumentActRow(
            id=new_id(),
            document_id=held.row.id,
            act=act.value,
            gate=GATES.get(act),
            person_id=actor.person_id,
            acting_for=held.acting_for,
            at=now,
            reason=reason.value if reason is not None else None,
            note=note,
        )
    )
    session.flush()


def follow_acts(session: Session, case: CaseRow, now: datetime) -> None:
    """Let task states and step gates follow what was done to documents of a locked case."""
    rewrite_case(session, case, Ground(load_rules(session), load_calendar(session), now))
