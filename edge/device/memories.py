"""What is remembered of one reading and of one entry of an event ring. Shapes only."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SeenCode:
    """One reading of a scanner or camera, and what the room's records know of it."""

    source_id: str
    kind: str
    text: str
    wall_ms: int
    known_as: str  # box, place, staff; "" for none
    place: tuple[str, int, str] | None = None  # bank, column, face


@dataclass(frozen=True, slots=True)
class SeenRing:
    """One entry of an event ring with the wall time it speaks of."""

    sequence: int
    kind: str
    argument: int
    wall_ms: int
    earlier: bool = False  # told before this gateway began, known from its journal
