"""Where a box is: a fold of its history in which order of arrival, repeats and undone acts don't matter."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from central.domain.locations import (
    Action,
    Conflict,
    HistoryNeeded,
    Location,
    Movement,
    State,
    apply_movement,
    fold_movements,
)

START = datetime(2026, 11, 24, 8, tzinfo=UTC)
BOX = "BX01000001H"
WANG, LI = "ST01000001A", "ST01000002B"
SHELF, OTHER = "A-07-A-3-4-12", "A-02-B-1-1-1"


def move(
    no: int, action: Action, *, place: str | None = None, staff: str | None = WANG, undo: int | None = None
) -> Movement:
    at = START + timedelta(minutes=no)
    undo_of = None if undo is None else f"m{undo:03d}"
    return Movement(f"m{no:03d}", "r01", BOX, action, place, staff, at, at, undo_of)


def fold(*movements: Movement) -> Location:
    location = fold_movements(movements)
    assert location is not None
    return location


def test_the_way_of_a_box() -> None:
    labelled = move(1, Action.LABELLED)
    shelved = move(2, Action.PUT_AWAY, place=SHELF)
    taken = move(3, Action.TAKE_OUT)
    assert fold(labelled).state is State.LABELLED
    there = fold(labelled, shelved)
    assert (there.state, there.place_key, there.holder_code) == (State.SHELVED, SHELF, None)
    out = fold(labelled, shelved, taken)
    assert (out.state, out.place_key, out.holder_code, out.since) == (State.IN_HAND, None, WANG, taken.occurred_at)
    back = fold(labelled, shelved, taken, move(4, Action.PUT_AWAY, place=OTHER))
    assert (back.place_key, back.conflict) == (OTHER, None)


def test_undo_takes_back_and_can_be_taken_back() -> None:
    shelved, taken = move(1, Action.PUT_AWAY, place=SHELF), move(2, Action.TAKE_OUT)
    undone = move(3, Action.UNDO, undo=2)
    assert fold(shelved, taken, undone).place_key == SHELF
    assert fold(shelved, taken, undone).since == shelved.occurred_at
    assert fold(shelved, taken, undone, move(4, Action.UNDO, undo=3)).holder_code == WANG
    assert fold(shelved, move(2, Action.UNDO, undo=1)).state is State.NOWHERE


def test_contradictions_are_shown_and_the_newest_fact_stands() -> None:
    twice = fold(move(1, Action.PUT_AWAY, place=SHELF), move(2, Action.PUT_AWAY, place=OTHER))
    assert (twice.place_key, twice.conflict) == (OTHER, Conflict.SEEN_TWICE)
    same = fold(move(1, Action.PUT_AWAY, place=SHELF), move(2, Action.PUT_AWAY, place=SHELF))
    assert (same.since, same.conflict) == (START + timedelta(minutes=1), None)
    both = fold(move(1, Action.TAKE_OUT), move(2, Action.TAKE_OUT, staff=LI))
    assert (both.holder_code, both.conflict) == (LI, Conflict.TAKEN_TWICE)
    assert fold(move(1, Action.MOVE)).conflict is Conflict.NO_PLACE
    assert fold(move(1, Action.TAKE_OUT, staff=None)).state is State.UNKNOWN
    settled = fold(
        move(1, Action.PUT_AWAY, place=SHELF), move(2, Action.PUT_AWAY, place=OTHER), move(3, Action.TAKE_OUT)
    )
    assert settled.conflict is None


def test_a_moved_box_is_no_conflict() -> None:
    moved = fold(move(1, Action.PUT_AWAY, place=SHELF), move(2, Action.MOVE, place=OTHER))
    assert (moved.place_key, moved.conflict) == (OTHER, None)


def test_late_facts_and_undo_ask_for_the_history() -> None:
    location = fold(move(5, Action.PUT_AWAY, place=SHELF))
    assert isinstance(apply_movement(location, move(3, Action.TAKE_OUT)), HistoryNeeded)
    assert isinstance(apply_movement(location, move(6, Action.UNDO, undo=5)), HistoryNeeded)
    assert apply_movement(location, move(5, Action.PUT_AWAY, place=SHELF)) == location
    assert fold_movements([]) is None


@st.composite
def histories(draw: st.DrawFn) -> list[Movement]:
    numbers = draw(st.lists(st.integers(0, 30), min_size=1, max_size=12, unique=True))
    return [
        move(
            no,
            draw(st.sampled_from(Action)),
            place=draw(st.sampled_from([None, SHELF, OTHER])),
            staff=draw(st.sampled_from([None, WANG, LI])),
            undo=draw(st.sampled_from([None, *numbers])),
        )
        for no in numbers
    ]


@given(histories(), st.randoms(use_true_random=False))
def test_any_order_of_arrival_gives_the_same_place(history: list[Movement], random: object) -> None:
    """The incremental way, with its detours through history, ends where the fold of everything ends."""
    arrivals = [*history, *history[: len(history) // 2]]
    random.shuffle(arrivals)  # type: ignore[attr-defined]
    location: Location | None = None
    seen: list[Movement] = []
    for movement in arrivals:
        seen.append(movement)
        outcome = apply_movement(location, movement)
        location = fold_movements(seen) if isinstance(outcome, HistoryNeeded) else outcome
    assert location == fold_movements(history) == fold_movements(reversed(history))


@given(histories())
def test_a_box_is_never_somewhere(history: list[Movement]) -> None:
    location = fold(*history)
    assert (location.place_key is not None) == (location.state is State.SHELVED)
    assert (location.holder_code is not None) == (location.state is State.IN_HAND)
