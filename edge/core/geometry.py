"""What stands on the rails of a bank: columns, segments, aisles, and which gaps an opening would narrow.

Aisle n lies right of column n: it holds column n's face B and column n+1's face A; the last one ends at the stop.
Only shape stands here; who may be inside an aisle is `occupancy`'s business.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Face = Literal["A", "B"]


@dataclass(frozen=True, slots=True)
class Column:
    """One column, counted from the fixed one."""

    no: int
    width_mm: int
    faces: tuple[Face, ...]
    fixed: bool = False


@dataclass(frozen=True, slots=True)
class Segment:
    """Columns between two stops; the gaps right of them always sum to the free width."""

    first_column: int
    last_column: int
    free_width_mm: int
    free_aisles: int = 1
    home_aisle: int | None = None  # aisle that holds the free width when all is closed; None: the last


@dataclass(frozen=True, slots=True)
class Geometry:
    """The steel of one bank."""

    columns: tuple[Column, ...]
    segments: tuple[Segment, ...]
    sections: int
    tiers: int
    slots: int
    passable_gap_mm: int = 700


def list_aisles(geometry: Geometry) -> tuple[int, ...]:
    """List all aisle numbers of the bank; none lies right of a fixed last column."""
    return tuple(no for segment in geometry.segments for no in list_segment_aisles(segment))


def list_segment_aisles(segment: Segment) -> range:
    """List the aisles between two stops."""
    return range(segment.first_column, segment.last_column + 1)


def find_aisle(column: int, face: str) -> int:
    """Find the aisle that the given face looks into; 0 when a face A has no aisle before it."""
    return column if face == "B" else column - 1


def find_segment(geometry: Geometry, aisle: int) -> Segment | None:
    """Find the segment in which the aisle lies, None when there is no such aisle."""
    for segment in geometry.segments:
        if segment.first_column <= aisle <= segment.last_column:
            return segment
    return None


def find_home_aisle(segment: Segment) -> int:
    """Find the aisle that takes the free width when the segment is closed up."""
    return segment.last_column if segment.home_aisle is None else segment.home_aisle


def aisle_width_mm(segment: Segment) -> int:
    """Compute the width of one aisle of the segment when it is open."""
    return segment.free_width_mm // segment.free_aisles


def list_narrowing(geometry: Geometry, widths_mm: Mapping[int, int | None], target: int) -> tuple[int, ...]:
    """List the aisles that opening `target` would narrow below the passable gap.

    Conservative on purpose: the whole need may be taken from any one gap, and a gap of unknown width (None) counts
    as one that narrows. A gap known to be closed can't narrow any more.
    """
    segment = find_segment(geometry, target)
    if segment is None:
        return ()
    need = aisle_width_mm(segment) - (widths_mm.get(target) or 0)
    if need <= 0:
        return ()
    narrowing = []
    for aisle in list_segment_aisles(segment):
        width = widths_mm.get(aisle)
        if aisle != target and (width is None or (width > 0 and width - need < geometry.passable_gap_mm)):
            narrowing.append(aisle)
    return tuple(narrowing)


def list_evened(geometry: Geometry, widths_mm: Mapping[int, int | None]) -> tuple[int, ...]:
    """List the aisles that spreading each free width evenly would narrow below the passable gap."""
    narrowing: list[int] = []
    for segment in geometry.segments:
        aisles = list_segment_aisles(segment)
        even_mm = segment.free_width_mm // len(aisles)
        if even_mm < geometry.passable_gap_mm:
            narrowing += [aisle for aisle in aisles if (width := widths_mm.get(aisle)) is None or width > even_mm]
    return tuple(narrowing)


def list_gathered(geometry: Geometry, widths_mm: Mapping[int, int | None]) -> tuple[int, ...]:
    """List the aisles that gathering each free width in its home aisle would narrow.

    Closing up may shift any gap of the segment into the home gap, whatever its width.
    """
    narrowing: list[int] = []
    for segment in geometry.segments:
        home = find_home_aisle(segment)
        narrowing += [no for no in list_segment_aisles(segment) if no != home and widths_mm.get(no) != 0]
    return tuple(narrowing)


def list_gaps(geometry: Geometry, widths_mm: Mapping[int, int | None]) -> tuple[int, ...]:
    """List every aisle that isn't known to be closed: where the columns will end up, nobody says."""
    return tuple(no for no in list_aisles(geometry) if widths_mm.get(no) != 0)


def rail_length_mm(geometry: Geometry) -> int:
    """Sum the rails: all columns and all free widths."""
    return sum(c.width_mm for c in geometry.columns) + sum(s.free_width_mm for s in geometry.segments)
