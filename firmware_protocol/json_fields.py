"""One JSON object as the shelf broker carries it: bounded, strict about what it needs, silent about what it doesn't.

Readers raise `JsonError` inside this package only; `json_form` turns it into a MessageFault for the caller (SPEC 7.4).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from enum import IntEnum, IntFlag
from typing import NoReturn, TypeVar

from firmware_protocol.codes import Face, Operation
from firmware_protocol.fields import Place, Target, aisles_of, mask_of
from firmware_protocol.registers import MAX_AISLES

MAX_OCTETS = 8192
_HEX = frozenset("0123456789abcdef")
_Number = TypeVar("_Number", bound=IntEnum)
_Flags = TypeVar("_Flags", bound=IntFlag)


class JsonError(ValueError):
    """Names the field that makes no sense."""


def _refuse_constant(name: str) -> NoReturn:
    raise JsonError(name)


def _refuse_twins(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise JsonError("twice")
    return found


class Fields:
    """An object's fields by name; every reader takes one field and checks kind and range."""

    def __init__(self, values: Mapping[str, object], path: str = "") -> None:
        self._values = values
        self._path = path

    @classmethod
    def parse(cls, octets: bytes) -> Fields:
        """Read one object; JsonError for anything else."""
        if len(octets) > MAX_OCTETS:
            raise JsonError("length")
        try:
            document = json.loads(
                octets.decode("utf-8"), parse_constant=_refuse_constant, object_pairs_hook=_refuse_twins
            )
        except JsonError:
            raise
        except (ValueError, RecursionError) as error:
            raise JsonError("json") from error
        if not isinstance(document, dict):
            raise JsonError("object")
        return cls(document)

    def fault(self, name: str) -> JsonError:
        """Name a field of this object as the one at fault."""
        return JsonError(self._path + name)

    def has(self, name: str) -> bool:
        """Whether the field is there at all."""
        return name in self._values

    def value(self, name: str) -> object:
        """Take a field as it is; a missing one is at fault."""
        if name not in self._values:
            raise self.fault(name)
        return self._values[name]

    def integer(self, name: str, most: int = 0xFFFF, least: int = 0) -> int:
        """Take a whole number in range; true and 1.0 are none."""
        return self._check_integer(name, self.value(name), most, least)

    def _check_integer(self, name: str, value: object, most: int, least: int) -> int:
        if type(value) is not int or not least <= value <= most:
            raise self.fault(name)
        return value

    def optional(self, name: str, most: int = 0xFFFF) -> int | None:
        """Take a whole number, or null for unknown."""
        return None if self.value(name) is None else self.integer(name, most)

    def tenths(self, name: str, most: float, least: float = 0.0) -> float | None:
        """Take a number with one decimal, or null for unknown."""
        value = self.value(name)
        if value is None:
            return None
        if type(value) not in {int, float} or not least <= value <= most:  # type: ignore[operator]
            raise self.fault(name)
        return round(float(value) * 10) / 10  # type: ignore[arg-type]

    def boolean(self, name: str) -> bool:
        """Take true or false."""
        value = self.value(name)
        if not isinstance(value, bool):
            raise self.fault(name)
        return value

    def hexadecimal(self, name: str) -> int:
        """Take a number of 64 bits, written as 16 small hex digits: as a JSON number it would lose its tail."""
        value = self.value(name)
        if not isinstance(value, str) or len(value) != 16 or not _HEX.issuperset(value):
            raise self.fault(name)
        return int(value, 16)

    def text(self, name: str, most: int) -> str:
        """Take printable ASCII of at most so many characters."""
        value = self.value(name)
        if not isinstance(value, str) or len(value) > most or not value.isascii() or not value.isprintable():
            raise self.fault(name)
        return str(value)

    def items(self, name: str, most: int) -> list[object]:
        """Take an array of at most so many items."""
        value = self.value(name)
        if not isinstance(value, list) or len(value) > most:
            raise self.fault(name)
        return value

    def objects(self, name: str, most: int) -> list[Fields]:
        """Take an array of objects."""
        return [self._object(f"{name}[{at}]", item) for at, item in enumerate(self.items(name, most))]

    def _object(self, name: str, value: object) -> Fields:
        if not isinstance(value, dict):
            raise self.fault(name)
        return Fields(value, f"{self._path}{name}.")

    def integers(self, name: str, most: int, count: int) -> tuple[int | None, ...]:
        """Take an array of whole numbers, null for unknown."""
        items = self.items(name, count)
        return tuple(None if item is None else self._check_integer(name, item, most, 0) for item in items)

    def number(self, name: str, kind: type[_Number]) -> _Number:
        """Take the name of a number of SPEC 4."""
        return self._named(name, self.value(name), kind)

    def _named(self, name: str, value: object, kind: type[_Number]) -> _Number:
        found = kind.__members__.get(value) if isinstance(value, str) else None
        if found is None:
            raise self.fault(name)
        return found

    def numbers(self, name: str, kind: type[_Number], count: int) -> tuple[_Number, ...]:
        """Take an array of names of a number of SPEC 4."""
        return tuple(self._named(name, item, kind) for item in self.items(name, count))

    def flags(self, name: str, kind: type[_Flags], *, strict: bool = False) -> _Flags:
        """Take an array of bit names; those of a newer peer are left out unless each must be understood."""
        joined = kind(0)
        for item in self.items(name, 64):
            member = kind.__members__.get(item) if isinstance(item, str) else None
            if member is None and (strict or not isinstance(item, str)):
                raise self.fault(name)
            joined |= member or kind(0)
        return joined

    def aisles(self, name: str) -> int:
        """Take an array of aisle numbers as the mask that the registers hold."""
        numbers = {self._check_integer(name, item, MAX_AISLES, 1) for item in self.items(name, MAX_AISLES)}
        return mask_of(numbers)

    def target(self) -> Target:
        """Take `operation` and `aisle`."""
        return Target(self.number("operation", Operation), self.integer("aisle", MAX_AISLES))

    def place(self) -> Place:
        """Take `face`, `section` and `tier`."""
        return Place(self.number("face", Face), self.integer("section", 63), self.integer("tier", 63))


def name_flags(flags: IntFlag) -> list[str]:
    """Names of the bits that are set."""
    return [str(flag.name) for flag in type(flags) if flag & flags]


def list_aisles(mask: int) -> list[int]:
    """Aisle numbers of a mask."""
    return list(aisles_of(mask))


def show_target(target: Target) -> dict[str, object]:
    """Write `operation` and `aisle`."""
    return {"operation": target.operation.name, "aisle": target.aisle}


def show_place(place: Place) -> dict[str, object]:
    """Write `face`, `section` and `tier`."""
    return {"face": place.face.name, "section": place.section, "tier": place.tier}


def dump(fields: Mapping[str, object] | Iterable[tuple[str, object]]) -> bytes:
    """Write an object as short as it can be."""
    return json.dumps(dict(fields), separators=(",", ":"), ensure_ascii=True, allow_nan=False).encode("ascii")
