"""The WEAR block: what a technician follows over months, per column and aisle (SPEC 5.16). Both directions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from firmware_protocol import registers as map_
from firmware_protocol.fields import MessageFault, join_words, split_u32

UNKNOWN_CYCLES, UNKNOWN = 0xFFFFFFFF, 0xFFFF
_CURRENT_AT = 2 * map_.MAX_COLUMNS
_OPENING_AT = _CURRENT_AT + map_.MAX_COLUMNS


@dataclass(frozen=True, slots=True)
class Wear:
    """Journeys, mean motor current of the last journey, time of the last opening; None = not counted, not measured."""

    column_cycles: tuple[int | None, ...]
    motor_current_ma: tuple[int | None, ...]
    opening_time_ms: tuple[int | None, ...]

    def to_registers(self) -> tuple[int, ...]:
        """Return the whole WEAR block."""
        cycles = [UNKNOWN_CYCLES if n is None else n for n in self.column_cycles]
        cycles += [UNKNOWN_CYCLES] * (map_.MAX_COLUMNS - len(cycles))
        current = [UNKNOWN if ma is None else ma for ma in self.motor_current_ma]
        opening = [UNKNOWN if ms is None else min(ms // 10, UNKNOWN - 1) for ms in self.opening_time_ms]
        return (
            *(word for count in cycles for word in split_u32(count)),
            *current, *[UNKNOWN] * (map_.MAX_COLUMNS - len(current)),
            *opening, *[UNKNOWN] * (map_.MAX_AISLES - len(opening)),
        )  # fmt: skip

    @classmethod
    def from_registers(cls, words: Sequence[int], columns: int, aisles: int) -> Self | MessageFault:
        """Decode the whole block for a bank of so many columns and aisles."""
        if len(words) != map_.WEAR.count:
            return MessageFault("wear_length", len(words))
        cycles = [join_words(words[2 * at : 2 * at + 2]) for at in range(columns)]
        return cls(
            tuple(None if count == UNKNOWN_CYCLES else count for count in cycles),
            tuple(None if ma == UNKNOWN else ma for ma in words[_CURRENT_AT : _CURRENT_AT + columns]),
            tuple(None if ms == UNKNOWN else ms * 10 for ms in words[_OPENING_AT : _OPENING_AT + aisles]),
        )
