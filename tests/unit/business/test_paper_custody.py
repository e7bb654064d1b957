"""Whose hands a paper is in: never two people's, never somebody's who didn't say so."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from central.domain.paper_custody import MoveRefused, PaperMove, Whereabouts, judge_move

AT = datetime(2026, 11, 24, tzinfo=UTC)


def move(where: Whereabouts, kind: PaperMove, person: str, note: str) -> Whereabouts:
    if judge_move("paper", where, kind, person, note) is not None:
        return where
    return Whereabouts(kind, person if kind is PaperMove.TAKEN else None, AT)


@given(st.lists(st.tuples(st.sampled_from(list(PaperMove)), st.sampled_from("abc"), st.sampled_from(("", "x")))))
def test_a_person_has_a_paper_only_by_their_own_word(moves: list[tuple[PaperMove, str, str]]) -> None:
    where = Whereabouts()
    for kind, person, note in moves:
        after = move(where, kind, person, note)
        if after != where:
            assert after.holder_id in (person, None)
            assert (after.holder_id is None) == (kind is not PaperMove.TAKEN)
            assert kind is not PaperMove.GIVEN_BACK or where.holder_id == person
            assert kind is PaperMove.TAKEN or note
        where = after


@pytest.mark.parametrize(
    ("where", "kind", "note", "refused"),
    [
        (Whereabouts(), PaperMove.TAKEN, "", None),
        (Whereabouts(PaperMove.TAKEN, "b"), PaperMove.TAKEN, "", None),
        (Whereabouts(PaperMove.TAKEN, "a"), PaperMove.TAKEN, "", MoveRefused.NOTHING_NEW),
        (Whereabouts(PaperMove.TAKEN, "a"), PaperMove.GIVEN_BACK, "to the customer", None),
        (Whereabouts(PaperMove.TAKEN, "a"), PaperMove.GIVEN_BACK, " ", MoveRefused.NO_NOTE),
        (Whereabouts(PaperMove.TAKEN, "b"), PaperMove.GIVEN_BACK, "x", MoveRefused.NOT_HOLDER),
        (Whereabouts(PaperMove.TAKEN, "b"), PaperMove.MISSING, "x", None),
        (Whereabouts(PaperMove.GIVEN_BACK), PaperMove.MISSING, "x", MoveRefused.NOTHING_NEW),
        (Whereabouts(PaperMove.MISSING), PaperMove.MISSING, "x", MoveRefused.NOTHING_NEW),
        (Whereabouts(PaperMove.MISSING), PaperMove.TAKEN, "", None),
    ],
)
def test_moves_one_by_one(where: Whereabouts, kind: PaperMove, note: str, refused: MoveRefused | None) -> None:
    assert judge_move("paper", where, kind, "a", note) is refused


def test_what_was_never_on_paper_goes_nowhere() -> None:
    assert judge_move("born_digital", Whereabouts(), PaperMove.TAKEN, "a", "") is MoveRefused.NO_PAPER
