"""The small fields that registers are packed with: targets, places, pairs of bits, numbers over several registers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from struct import pack, unpack
from typing import Self

from firmware_protocol.codes import Face, Operation
from firmware_protocol.registers import MAX_AISLES

_OPERATIONS = {int(operation): operation for operation in Operation}
_FACES = {int(face): face for face in Face}


@dataclass(frozen=True, slots=True)
class MessageFault:
    """A whole frame whose registers make no sense: which field, which number."""

    field: str
    value: int


@dataclass(frozen=True, slots=True)
class Target:
    """Operation and aisle (0 where the operation needs none), one register: operation << 8 | aisle."""

    operation: Operation
    aisle: int = 0

    def to_register(self) -> int:
        assert 0 <= self.aisle <= MAX_AISLES, self.aisle
        return self.operation << 8 | self.aisle

    @classmethod
    def from_register(cls, value: int) -> Self | MessageFault:
        operation, aisle = _OPERATIONS.get(value >> 8), value & 0xFF
        if operation is None or aisle > MAX_AISLES:
            return MessageFault("target", value)
        return cls(operation, aisle)


NO_TARGET = Target(Operation.NONE)


@dataclass(frozen=True, slots=True)
class Place:
    """Face, section and tier for the indicator, one register: face << 12 | section << 6 | tier; zeros = none."""

    face: Face = Face.NONE
    section: int = 0
    tier: int = 0

    def to_register(self) -> int:
        assert 0 <= self.section <= 63, self.section
        assert 0 <= self.tier <= 63, self.tier
        return self.face << 12 | self.section << 6 | self.tier

    @classmethod
    def from_register(cls, value: int) -> Self | MessageFault:
        face = _FACES.get(value >> 12)
        return MessageFault("place", value) if face is None else cls(face, value >> 6 & 63, value & 63)


NO_PLACE = Place()


def pack_pairs(pairs: Iterable[int]) -> tuple[int, int, int]:
    """Pack 2 bits a column into three registers, column 1 lowest in the first."""
    words = [0, 0, 0]
    for index, pair in enumerate(pairs):
        words[index >> 3] |= (pair & 3) << (index & 7) * 2
    return words[0], words[1], words[2]


def unpack_pairs(words: Sequence[int], count: int) -> tuple[int, ...]:
    """Return 2 bits of each of the first `count` columns."""
    return tuple(words[index >> 3] >> (index & 7) * 2 & 3 for index in range(count))


def split_u32(value: int) -> tuple[int, int]:
    return value >> 16 & 0xFFFF, value & 0xFFFF


def split_u64(value: int) -> tuple[int, int, int, int]:
    return value >> 48 & 0xFFFF, value >> 32 & 0xFFFF, value >> 16 & 0xFFFF, value & 0xFFFF


def join_words(words: Sequence[int]) -> int:
    value = 0
    for word in words:
        value = value << 16 | word
    return value


def pack_text(text: str, count: int) -> tuple[int, ...]:
    return unpack(f">{count}H", text.encode("ascii", "replace")[: count * 2].ljust(count * 2, b"\0"))


def read_text(words: Sequence[int]) -> str:
    octets = pack(f">{len(words)}H", *words).rstrip(b"\0 ")
    return "".join(chr(octet) if 32 <= octet < 127 else "?" for octet in octets)


@lru_cache(maxsize=1024)
def aisles_of(mask: int) -> tuple[int, ...]:
    """Aisle numbers of a mask, bit 0 = aisle 1."""
    return tuple(index + 1 for index in range(MAX_AISLES) if mask >> index & 1)


def mask_of(aisles: Iterable[int]) -> int:
    """Mask of aisle numbers, bit 0 = aisle 1."""
    mask = 0
    for aisle in aisles:
        mask |= 1 << aisle - 1
    return mask


def is_newer(sequence: int, than: int) -> bool:
    """Serial-number order of 16-bit counters: newer by 1..32767."""
    return 0 < (sequence - than & 0xFFFF) < 0x8000
