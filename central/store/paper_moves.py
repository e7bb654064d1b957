"""Moves of papers as rows: where a paper is by its newest move, adding one, and who has it after gate 3."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from central.domain.audit import AuditAct, AuditEntry
from central.domain.paper_custody import PaperMove, Whereabouts, judge_move
from central.domain.people import Actor
from central.store.audit import add_audit
from central.store.document_acts import HeldDocument
from central.store.documents import PaperMoveRow
from central.store.ids import new_id


@dataclass(frozen=True, slots=True)
class MovePaper:
    """A report of where a paper went; away from the house or missing only with words."""

    document_id: str
    move: PaperMove
    note: str = ""


def take_for_acceptance(session: Session, actor: Actor, held: HeldDocument, now: datetime) -> None:
    """Who compared a paper with its picture has it in hand."""
    where = find_whereabouts(load_moves(session, held.row.id))
    if judge_move(held.row.medium, where, PaperMove.TAKEN, actor.person_id, "") is None:
        add_move(session, actor, held, MovePaper(held.row.id, PaperMove.TAKEN), now)


def add_move(session: Session, actor: Actor, held: HeldDocument, command: MovePaper, now: datetime) -> None:
    """Add a move that was judged."""
    taken = command.move is PaperMove.TAKEN
    session.add(
        PaperMoveRow(
            id=new_id(),
            document_id=held.row.id,
            kind=command.move.value,
            holder_id=actor.person_id if taken else None,
            person_id=actor.person_id,
            acting_for=held.acting_for,
            at=now,
            note=command.note.strip(),
        )
    )
    session.flush()
    entry = word_entry(held, AuditAct.PAPER_MOVED, {"move": command.move.value}, command.note.strip())
    add_audit(session, actor, entry, now)


def find_whereabouts(moves: list[PaperMoveRow]) -> Whereabouts:
    """Return where a paper is by its moves, the newest first."""
    if not moves:
        return Whereabouts()
    return Whereabouts(PaperMove(moves[0].kind), moves[0].holder_id, moves[0].at)


def load_moves(session: Session, document_id: str) -> list[PaperMoveRow]:
    query = select(PaperMoveRow).where(PaperMoveRow.document_id == document_id)
    return list(session.scalars(query.order_by(PaperMoveRow.at.desc(), PaperMoveRow.id.desc())))


def word_entry(held: HeldDocument, act: AuditAct, after: dict[str, object], why: str = "") -> AuditEntry:
    return AuditEntry(act, "document", held.row.id, held.name, why, after=after, acting_for=held.acting_for)
