"""Places, banks and aisles as numbers: keys, what a bank contains, which aisle opens a face."""

from __future__ import annotations

import re
from dataclasses import dataclass

PLACE_KEY = re.compile(r"([A-Za-z0-9]{1,8})-(\d{2,3})-([AB])-(\d{1,2})-(\d{1,2})-(\d{1,3})")
FACES = ("A", "B")


@dataclass(frozen=True, slots=True, order=True)
class PlaceKey:
    """Bank, column, face, section, tier and slot of one place."""

    bank: str
    column: int
    face: str
    section: int
    tier: int
    slot: int

    def __str__(self) -> str:
        return f"{self.bank}-{self.column:02d}-{self.face}-{self.section}-{self.tier}-{self.slot}"


def parse_place_key(text: str) -> PlaceKey | None:
    """Take a key apart; None when it isn't one, or not in its only spelling."""
    match = PLACE_KEY.fullmatch(text)
    if match is None:
        return None
    bank, column, face, section, tier, slot = match.groups()
    key = PlaceKey(bank, int(column), face, int(section), int(tier), int(slot))
    return key if str(key) == text else None


@dataclass(frozen=True, slots=True)
class Column:
    """One column; the fixed ones hold the ends, or the middle, of a segment."""

    no: int
    fixed: bool
    width_mm: int
    faces: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Segment:
    """Columns between two stops; their gaps always sum to `free_width_mm`, shared by `free_aisles` open aisles."""

    first_column: int
    last_column: int
    free_aisles: int
    free_width_mm: int


@dataclass(frozen=True, slots=True)
class Bank:
    """The steel of one bank."""

    key: str
    name: str
    sections: int
    tiers: int
    slots: int
    passable_gap_mm: int
    speed_mm_s: int
    columns: tuple[Column, ...]
    segments: tuple[Segment, ...]

    @property
    def rail_mm(self) -> int:
        """Length of the rails that columns and free width take up."""
        return sum(column.width_mm for column in self.columns) + sum(s.free_width_mm for s in self.segments)

    @property
    def aisles(self) -> tuple[int, ...]:
        """Numbers of the aisles; aisle n lies right of column n, the last one before the end stop."""
        return tuple(
            no
            for segment in self.segments
            for no in range(segment.first_column, segment.last_column + 1)
            if _face_beside(self, no)
        )

    def contains(self, key: PlaceKey) -> bool:
        """Return whether the bank has such a place."""
        column = next((column for column in self.columns if column.no == key.column), None)
        return (
            key.bank == self.key
            and column is not None
            and key.face in column.faces
            and 1 <= key.section <= self.sections
            and 1 <= key.tier <= self.tiers
            and 1 <= key.slot <= self.slots
        )


def find_aisle(key: PlaceKey) -> int:
    """Return the aisle from which a place is reached: face B looks right, face A left."""
    return key.column if key.face == "B" else key.column - 1


def _face_beside(bank: Bank, aisle: int) -> bool:
    """Return whether any face looks into the gap right of column `aisle`."""
    faces = {column.no: column.faces for column in bank.columns}
    return "B" in faces.get(aisle, ()) or "A" in faces.get(aisle + 1, ())
