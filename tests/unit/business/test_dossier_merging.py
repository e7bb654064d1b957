"""Merging two dossiers and taking it back, as moves of papers between two sets."""

from __future__ import annotations

from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from central.domain.dossiers import MergeChange, Papers, plan_merge, plan_undo, read_change


@dataclass
class Shelf:
    """A dossier by the plain words of the rule: sets that documents are put into and taken from."""

    filed: set[str] = field(default_factory=set)
    cited: dict[str, str] = field(default_factory=dict)

    def papers(self) -> Papers:
        return Papers(frozenset(self.filed), dict(self.cited))


@st.composite
def two_dossiers(draw: st.DrawFn) -> tuple[Shelf, Shelf]:
    """Each document is filed in one of the two, in another dossier, and cited from where it isn't filed."""
    source, target = Shelf(), Shelf()
    for number in range(draw(st.integers(0, 8))):
        document, home = f"d{number}", draw(st.sampled_from(["source", "target", "other"]))
        for name, shelf in (("source", source), ("target", target)):
            if home == name:
                shelf.filed.add(document)
            elif draw(st.booleans()):
                shelf.cited[document] = f"2026-01-0{draw(st.integers(1, 9))}"
    return source, target


def merge(source: Shelf, target: Shelf, change: MergeChange) -> None:
    source.filed -= set(change.documents)
    target.filed |= set(change.documents)
    for document in (*change.moved, *change.dropped_from):
        del source.cited[document]
    for document in change.dropped_into:
        del target.cited[document]
    target.cited |= change.moved


def undo(source: Shelf, target: Shelf, change: MergeChange) -> None:
    target.filed -= set(change.documents)
    source.filed |= set(change.documents)
    for document in change.moved:
        del target.cited[document]
    source.cited |= {**change.moved, **change.dropped_from}
    target.cited |= change.dropped_into


@given(two_dossiers())
def test_merged_and_taken_back_nothing_has_changed(shelves: tuple[Shelf, Shelf]) -> None:
    source, target = shelves
    before = source.papers(), target.papers()
    every = source.filed | target.filed | set(source.cited) | set(target.cited)
    change = plan_merge(source.papers(), target.papers())
    merge(source, target, change)
    assert source.papers() == Papers()
    assert target.filed | set(target.cited) == every
    assert not target.filed & set(target.cited)
    kept = read_change(change.to_body())
    undo(source, target, plan_undo(kept, source.papers(), target.papers()))
    assert (source.papers(), target.papers()) == before


def test_what_went_elsewhere_since_stays_there() -> None:
    change = plan_merge(Papers(frozenset({"d1", "d2"})), Papers(cited={"d2": "2026-01-01"}))
    back = plan_undo(change, Papers(), Papers(frozenset({"d2"})))
    assert back == MergeChange(documents=("d2",), dropped_into={"d2": "2026-01-01"})
