"""Whose hands a paper is in, and whether it is the original or a copy that somebody compared with it (P17).

A paper is never "somewhere": a person has it, or it went back to the customer, or it is missing since a moment.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class PaperMove(StrEnum):
    """What became of a paper."""

    #: Into the hands of a person of the house.
    TAKEN = "taken"
    #: To the customer, or whoever may have it for them.
    GIVEN_BACK = "given_back"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """Where a paper is by its newest move; no move: nobody has said yet."""

    move: PaperMove | None = None
    holder_id: str | None = None
    since: datetime | None = None


class MoveRefused(StrEnum):
    """Why a move isn't possible."""

    #: It was never on paper.
    NO_PAPER = "no_paper"
    #: It is there already.
    NOTHING_NEW = "nothing_new"
    #: Only who has it gives it away.
    NOT_HOLDER = "not_holder"
    NO_NOTE = "no_note"


def judge_move(medium: str, where: Whereabouts, move: PaperMove, person_id: str, note: str) -> MoveRefused | None:
    """Return why a person may not report this move, None if they may.

    Whoever takes a paper says so themselves: nobody puts it into somebody else's hands.
    """
    if medium != "paper":
        return MoveRefused.NO_PAPER
    if move is PaperMove.TAKEN:
        return MoveRefused.NOTHING_NEW if where.holder_id == person_id else None
    if move is where.move or (move is PaperMove.MISSING and where.move is PaperMove.GIVEN_BACK):
        return MoveRefused.NOTHING_NEW
    if move is PaperMove.GIVEN_BACK and where.holder_id != person_id:
        return MoveRefused.NOT_HOLDER
    return None if note.strip() else MoveRefused.NO_NOTE
