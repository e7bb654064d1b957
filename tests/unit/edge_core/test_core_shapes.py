"""Banks of every shape: several segments, a fixed column in the middle, k free aisles, single faces, contacts only.

The steel is moved by a plain model of its own, which knows nothing of the core's sums: what it narrows must have been named.
Left and right are those of SPEC 3.8.
"""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st

from edge.core.bank_view import show_bank
from edge.core.events import Now
from edge.core.geometry import (
    Column,
    Face,
    Geometry,
    Segment,
    aisle_width_mm,
    find_aisle,
    find_home_aisle,
    list_aisles,
    rail_length_mm,
)
from edge.core.occupancy import list_closing, list_widths_mm
from edge.core.room import BankSettings, ClimateBands
from edge.core.snapshot import Contact, Operation, ShelfDetail, ShelfSnapshot
from edge.core.state import Bank, Target
from tests.unit.edge_core.scene import START, make_bank

FACES: tuple[tuple[Face, ...], ...] = (("A",), ("B",), ("A", "B"))
NOW = Now(1_000_000, START)


@dataclass(frozen=True)
class Steel:
    """A bank as it stands: its signed shape and the true width of every gap."""

    bank: BankSettings
    gaps: dict[int, int]

    @property
    def geometry(self) -> Geometry:
        return self.bank.geometry

    def contacts(self) -> tuple[Contact, ...]:
        count = len(self.geometry.columns)
        return tuple(
            Contact(left=n > 1 and self.gaps.get(n - 1, 0) == 0, right=self.gaps.get(n, 0) == 0)
            for n in range(1, count + 1)
        )

    def known(self, *, measured: bool) -> Bank:
        """What a controller would tell of it at rest."""
        nominal = {
            a: aisle_width_mm(s) for s in self.geometry.segments for a in range(s.first_column, s.last_column + 1)
        }
        wide = tuple(a for a, width in self.gaps.items() if width >= nominal[a])
        snapshot = ShelfSnapshot("idle", wide, 1, 5, 1, contacts=self.contacts())
        detail = ShelfDetail(
            quality=("measured" if measured else "contacts",) * len(self.geometry.columns),
            aisle_widths_mm=tuple(self.gaps.get(n) for n in range(1, max(self.gaps) + 1)) if measured else (),
        )
        return Bank("online", snapshot, NOW.mono_ms, detail, widths_valid=measured)


@st.composite
def shapes(draw: st.DrawFn) -> Steel:
    """One to three segments on one set of rails; a fixed column at each stop but, perhaps, the last."""
    columns: list[Column] = []
    segments: list[Segment] = []
    for _ in range(draw(st.integers(1, 3))):
        first, count = len(columns) + 1, draw(st.integers(1, 6))
        last = first + count - 1
        free = draw(st.integers(1, min(2, count)))
        home = draw(st.none() | st.integers(first, last))
        segments.append(Segment(first, last, free * draw(st.sampled_from([700, 800, 1_000])), free, home))
        for number in range(first, last + 1):
            faces = draw(st.sampled_from(FACES))
            columns.append(Column(number, draw(st.integers(300, 700)), faces, fixed=number == first))
    if draw(st.booleans()):
        columns.append(Column(len(columns) + 1, 350, ("A",), fixed=True))
    gaps: dict[int, int] = {}
    for segment in segments:
        aisles = range(segment.first_column, segment.last_column + 1)
        left = segment.free_width_mm
        for aisle in draw(st.permutations(aisles)):
            gaps[aisle] = draw(st.sampled_from([0, left, left // 2, min(left, aisle_width_mm(segment))]))
            left -= gaps[aisle]
        gaps[segment.last_column] += left
    geometry = Geometry(tuple(columns), tuple(segments), 4, 6, 17, draw(st.sampled_from([600, 700])))
    numbered = draw(st.sampled_from(["left", "right"]))
    bank = make_bank()
    shaped = BankSettings(
        "A", "1区", "bus1", geometry, bank.points, positions="contacts", numbered_from="right"
    )  # fmt: skip
    return Steel(shaped if numbered == "right" else BankSettings("A", "1区", "bus1", geometry, bank.points), gaps)


def move(steel: Steel, operation: Operation, aisle: int, order: list[int]) -> dict[int, int]:
    """Where the gaps end up; `order` says from which gaps a controller takes the width it needs."""
    after = dict(steel.gaps)
    for segment in steel.geometry.segments:
        aisles = range(segment.first_column, segment.last_column + 1)
        if operation == "open_aisle":
            if aisle not in aisles:
                continue
            need = max(0, aisle_width_mm(segment) - after[aisle])
            for giver in (each for each in order if each in aisles and each != aisle):
                given_mm = min(need, after[giver])
                after[giver] -= given_mm
                after[aisle] += given_mm
                need -= given_mm
        elif operation == "close_all":
            after.update(dict.fromkeys(aisles, 0))
            after[find_home_aisle(segment)] = segment.free_width_mm
        elif operation == "ventilate":
            after.update(dict.fromkeys(aisles, segment.free_width_mm // len(aisles)))
        else:  # a controller's own place for the night, or its way of finding itself
            after.update(dict.fromkeys(aisles, 0))
            after[next(each for each in order if each in aisles)] = segment.free_width_mm
    return after


@settings(max_examples=100, deadline=None)
@given(steel=shapes(), measured=st.booleans(), data=st.data())
def test_whatever_narrows_below_the_passable_gap_was_named(steel: Steel, measured: bool, data: st.DataObject) -> None:
    aisles = list_aisles(steel.geometry)
    operation: Operation = data.draw(st.sampled_from(["open_aisle", "close_all", "ventilate", "park", "home"]))
    aisle = data.draw(st.sampled_from(aisles)) if operation == "open_aisle" else 0
    named = list_closing(steel.bank, steel.known(measured=measured), Target(operation, aisle))
    after = move(steel, operation, aisle, data.draw(st.permutations(aisles)))
    passable = steel.geometry.passable_gap_mm
    narrowed = [no for no in aisles if after[no] < steel.gaps[no] and after[no] < passable <= steel.gaps[no]]
    assert set(narrowed) <= set(named)
    assert set(named) <= set(aisles)
    assert aisle not in named


@settings(max_examples=100, deadline=None)
@given(steel=shapes(), measured=st.booleans())
def test_what_is_said_of_a_width_is_true(steel: Steel, measured: bool) -> None:
    widths = list_widths_mm(steel.bank, steel.known(measured=measured))
    nominal = {a: aisle_width_mm(s) for s in steel.geometry.segments for a in range(s.first_column, s.last_column + 1)}
    assert set(widths) == set(steel.gaps)
    for aisle, width in widths.items():
        told_open = steel.gaps[aisle] >= nominal[aisle]
        assert width is None or width == steel.gaps[aisle] or (told_open and width <= steel.gaps[aisle])


@settings(max_examples=60, deadline=None)
@given(steel=shapes())
def test_every_shape_can_be_drawn_and_contacts_invent_no_travel(steel: Steel) -> None:
    known = steel.known(measured=False)
    view = show_bank(steel.bank, known, NOW, bands=ClimateBands())
    assert [aisle["no"] for aisle in view["aisles"]] == list(list_aisles(steel.geometry))
    assert view["rail_mm"] == rail_length_mm(steel.geometry)
    assert view["home_aisles"] == [find_home_aisle(segment) for segment in steel.geometry.segments]
    assert all(column["quality"] != "measured" or column["fixed"] for column in view["columns"])
    for aisle in view["aisles"]:
        assert aisle["gap"] in {"open", "closed", "between"}
        assert (aisle["gap"] == "closed") <= (steel.gaps[aisle["no"]] == 0)
    positions = [column["x_mm"] for column in view["columns"]]
    assert positions == sorted(positions)


@given(steel=shapes())
@settings(max_examples=30, deadline=None)
def test_each_face_looks_into_an_aisle_beside_its_column_or_into_none(steel: Steel) -> None:
    aisles = list_aisles(steel.geometry)
    for column in steel.geometry.columns:
        for face in column.faces:
            aisle = find_aisle(column.no, face)
            assert aisle in {column.no - 1, column.no}
            assert aisle in aisles or column.no in {1, len(steel.geometry.columns)} or column.fixed
