"""The geometry hash: gateway and controller prove to each other that they speak of the same steel. Nothing else.

SPEC 3.4 states the byte string; a change of any number in it is a change of installation and needs a new commissioning.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from struct import pack
from zlib import crc32


class StopKind(IntEnum):
    """What a segment ends at."""

    FIXED_COLUMN = 0
    END_STOP = 1
    WALL = 2


@dataclass(frozen=True, slots=True)
class ColumnShape:
    """One column; `faces` holds "A", "B" or both."""

    number: int
    fixed: bool
    faces: str
    width_mm: int


@dataclass(frozen=True, slots=True)
class AisleShape:
    """One aisle between two columns; 0 stands for a stop that is no column."""

    number: int
    left_column: int
    right_column: int


@dataclass(frozen=True, slots=True)
class SegmentShape:
    """Aisles first..last between two stops share `free_width_mm` as `free_aisles` open aisles."""

    left_stop: StopKind
    right_stop: StopKind
    first_aisle: int
    last_aisle: int
    free_aisles: int
    free_width_mm: int


@dataclass(frozen=True, slots=True)
class BankShape:
    """All that the hash covers."""

    columns: Sequence[ColumnShape]
    aisles: Sequence[AisleShape]
    segments: Sequence[SegmentShape]
    sections: int
    tiers: int
    passable_gap_mm: int


def geometry_bytes(bank: BankShape) -> bytes:
    """Build the byte string of SPEC 3.4, big-endian."""
    parts = [b"OAG1", pack(">BBBBBH", len(bank.columns), len(bank.aisles), len(bank.segments), bank.sections,
                           bank.tiers, bank.passable_gap_mm)]  # fmt: skip
    for column in bank.columns:
        flags = (1 if column.fixed else 0) | (2 if "A" in column.faces else 0) | (4 if "B" in column.faces else 0)
        parts.append(pack(">BBH", column.number, flags, column.width_mm))
    parts.extend(pack(">BBB", aisle.number, aisle.left_column, aisle.right_column) for aisle in bank.aisles)
    parts.extend(
        pack(">BBBBBH", segment.left_stop, segment.right_stop, segment.first_aisle, segment.last_aisle,
             segment.free_aisles, segment.free_width_mm)
        for segment in bank.segments
    )  # fmt: skip
    return b"".join(parts)


def geometry_hash(bank: BankShape) -> int:
    """CRC-32 of the geometry bytes."""
    return crc32(geometry_bytes(bank))


def list_aisle_shapes(columns: Sequence[ColumnShape], last_aisle: int) -> tuple[AisleShape, ...]:
    """List the aisles of a bank numbered the usual way: aisle n lies right of column n, the last before a stop."""
    numbers = {column.number for column in columns}
    return tuple(AisleShape(n, n, n + 1 if n + 1 in numbers else 0) for n in range(1, last_aisle + 1))
