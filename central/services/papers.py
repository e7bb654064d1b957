"""The paper behind a document: original or copy, who compared a copy with its original, whose hands it is in (P17)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from central.domain.audit import AuditAct
from central.domain.documents import DocumentState
from central.domain.paper_custody import MoveRefused, PaperMove, judge_move
from central.domain.people import Actor
from central.domain.permissions import Action, find_scope
from central.domain.refusals import Reason, Refusal
from central.domain.templates import Medium
from central.store.audit import add_audit
from central.store.document_acts import find_document, hold_document
from central.store.documents import DocumentRow
from central.store.paper_moves import MovePaper, add_move, find_whereabouts, load_moves, word_entry
from central.store.people import load_names

#: The handler still has the document before them.
MARKABLE = frozenset({DocumentState.DUE, DocumentState.SCANNED, DocumentState.RETURNED})
REFUSED = {
    MoveRefused.NO_PAPER: Reason.NO_PAPER,
    MoveRefused.NOTHING_NEW: Reason.PAPER_THERE,
    MoveRefused.NOT_HOLDER: Reason.NOT_HOLDER,
    MoveRefused.NO_NOTE: Reason.INVALID,
}


@dataclass(frozen=True, slots=True)
class MoveSeen:
    """One move of a paper with who reported it."""

    move: PaperMove
    holder: str
    person: str
    at: datetime
    note: str


@dataclass(frozen=True, slots=True)
class PaperShown:
    """The paper behind a document, and what the reader may say of it."""

    on_paper: bool
    is_copy: bool
    verified_by: str
    verified_at: datetime | None
    #: The newest first; none: nobody has said yet.
    moves: tuple[MoveSeen, ...]
    mine: bool
    may_mark: bool
    may_verify: bool
    may_hold: bool


def show_paper(session: Session, actor: Actor, document_id: str) -> PaperShown:
    """Return the paper of a document within the actor's scope."""
    row = find_document(session, actor, Action.SEE_DOCUMENTS, document_id)
    moves = load_moves(session, row.id)
    people = [each for move in moves for each in (move.holder_id, move.person_id)]
    names = load_names(session, [*people, row.copy_verified_by])
    on_paper = row.medium == Medium.PAPER.value
    where = find_whereabouts(moves)
    return PaperShown(
        on_paper=on_paper,
        is_copy=row.is_copy,
        verified_by=names.get(row.copy_verified_by or "", ""),
        verified_at=row.copy_verified_at,
        moves=tuple(
            MoveSeen(
                PaperMove(each.kind),
                names.get(each.holder_id or "", ""),
                names.get(each.person_id, ""),
                each.at,
                each.note,
            )
            for each in moves
        ),
        mine=where.holder_id == actor.person_id,
        may_mark=on_paper and _is_markable(row) and _covers(actor, Action.ADD_DOCUMENT, row),
        may_verify=on_paper and _is_verifiable(row) and _covers(actor, Action.VERIFY_COPY, row),
        may_hold=on_paper and _covers(actor, Action.HOLD_PAPER, row),
    )


def mark_copy(session: Session, actor: Actor, document_id: str, *, is_copy: bool, now: datetime) -> None:
    """Say whether the paper is a copy or the original; only while the handler has the document before them."""
    held = hold_document(session, actor, Action.ADD_DOCUMENT, document_id)
    _refuse_without_paper(held.row)
    if not _is_markable(held.row) or held.row.is_copy == is_copy:
        raise Refusal(Reason.DOCUMENT_STATE)
    held.row.is_copy = is_copy
    held.row.copy_verified_by = held.row.copy_verified_at = None
    add_audit(session, actor, word_entry(held, AuditAct.PAPER_MARKED, {"copy": is_copy}), now)


def verify_copy(session: Session, actor: Actor, document_id: str, now: datetime) -> None:
    """Put the own name to it that the copy agrees with the original (与原件一致); before the first gate."""
    held = hold_document(session, actor, Action.VERIFY_COPY, document_id)
    _refuse_without_paper(held.row)
    if not _is_verifiable(held.row):
        raise Refusal(Reason.DOCUMENT_STATE)
    held.row.copy_verified_by, held.row.copy_verified_at = actor.person_id, now
    add_audit(session, actor, word_entry(held, AuditAct.COPY_VERIFIED, {}), now)


def move_paper(session: Session, actor: Actor, command: MovePaper, now: datetime) -> None:
    """Write down where a paper went; the rows before stay as they are."""
    held = hold_document(session, actor, Action.HOLD_PAPER, command.document_id)
    where = find_whereabouts(load_moves(session, held.row.id))
    fault = judge_move(held.row.medium, where, command.move, actor.person_id, command.note)
    if fault is not None:
        raise Refusal(REFUSED[fault], details=("note",) if fault is MoveRefused.NO_NOTE else ())
    add_move(session, actor, held, command, now)


def _covers(actor: Actor, action: Action, row: DocumentRow) -> bool:
    return find_scope(actor, action).covers_case(row.unit_id, [row.handler_id])


def _is_markable(row: DocumentRow) -> bool:
    return DocumentState(row.state) in MARKABLE


def _is_verifiable(row: DocumentRow) -> bool:
    return row.is_copy and row.copy_verified_by is None and _is_markable(row)


def _refuse_without_paper(row: DocumentRow) -> None:
    if row.medium != Medium.PAPER.value:
        raise Refusal(Reason.NO_PAPER)
