"""The room file: one JSON document that founds an archive room. Checked as a whole, each fault named by its row."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import field
from typing import Annotated, Any

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass as checked

from central.domain.codes import CROCKFORD, Code, CodeFault, CodeType, parse_code
from central.domain.people import Role
from central.domain.places import Bank, Column, PlaceKey, Segment, parse_place_key
from central.domain.refusals import Reason, Refusal

#: More faults than these help nobody.
FAULT_LIMIT = 50
STRICT = ConfigDict(extra="forbid", strict=True, str_strip_whitespace=True)
PLAIN_TEXT = r"^[^\x00-\x1f\x7f]*$"

Millimetres = Annotated[int, Field(ge=1, le=100_000)]
Small = Annotated[int, Field(ge=1, le=999)]
Name = Annotated[str, Field(min_length=1, max_length=60, pattern=PLAIN_TEXT)]
Key = Annotated[str, Field(pattern=r"^[A-Za-z0-9]{1,8}$")]


@checked(frozen=True, config=STRICT)
class RoomPart:
    id: Annotated[str, Field(pattern=r"^[a-z0-9]{1,16}$")]
    number: Annotated[str, Field(pattern=f"^[{CROCKFORD}]{{2}}$")]
    name: Name


@checked(frozen=True, config=STRICT)
class ColumnPart:
    no: Annotated[int, Field(ge=1, le=99)]
    width_mm: Millimetres
    faces: list[Annotated[str, Field(pattern="^[AB]$")]]
    fixed: bool = False


@checked(frozen=True, config=STRICT)
class SegmentPart:
    first_column: Small
    last_column: Small
    free_width_mm: Millimetres
    free_aisles: Small = 1


@checked(frozen=True, config=STRICT)
class BankPart:
    id: Key
    name: Name
    sections: Small
    tiers: Small
    slots: Small
    columns: list[ColumnPart]
    segments: list[SegmentPart]
    passable_gap_mm: Annotated[int, Field(ge=600, le=5000)] = 700
    speed_mm_s: Annotated[int, Field(ge=1, le=500)] = 80
    numbering: dict[str, Any] = field(default_factory=dict)

    def to_bank(self) -> Bank:
        """Return the bank as the rest of the domain knows it."""
        return Bank(
            key=self.id,
            name=self.name,
            sections=self.sections,
            tiers=self.tiers,
            slots=self.slots,
            passable_gap_mm=self.passable_gap_mm,
            speed_mm_s=self.speed_mm_s,
            columns=tuple(Column(c.no, c.fixed, c.width_mm, tuple(c.faces)) for c in self.columns),
            segments=tuple(
                Segment(s.first_column, s.last_column, s.free_aisles, s.free_width_mm) for s in self.segments
            ),
        )


@checked(frozen=True, config=STRICT)
class PlacePart:
    key: str
    code: str


@checked(frozen=True, config=STRICT)
class BoxPart:
    code: str
    title: Annotated[str, Field(min_length=1, max_length=200, pattern=PLAIN_TEXT)]
    customer_no: Annotated[str, Field(max_length=40, pattern=PLAIN_TEXT)]
    customer_name: Annotated[str, Field(max_length=120, pattern=PLAIN_TEXT)]
    place_key: str | None = None


@checked(frozen=True, config=STRICT)
class StaffPart:
    code: str
    name: Name
    pin: Annotated[str, Field(pattern="^[0-9]{4,12}$")] = field(repr=False)


@checked(frozen=True, config=STRICT)
class UserPart:
    login: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,59}$")]
    password: Annotated[str, Field(min_length=8, max_length=128)] = field(repr=False)
    roles: list[str]
    name: Name | None = None
    rooms: list[str] | None = None


@checked(frozen=True, config=STRICT)
class RoomSeed:
    """A checked room file."""

    room: RoomPart
    banks: list[BankPart]
    places: list[PlacePart]
    boxes: list[BoxPart]
    staff: list[StaffPart] = field(default_factory=list)
    users: list[UserPart] = field(default_factory=list)


SEED = TypeAdapter(RoomSeed)


def parse_seed(document: str | bytes) -> RoomSeed:
    """Return the checked room file; refuse it with the named rows when anything in it is wrong."""
    try:
        seed = SEED.validate_json(document)
    except ValidationError as error:
        rows = tuple(
            f"{'.'.join(str(part) for part in fault['loc']) or 'file'}: {fault['msg']}"
            for fault in error.errors(include_url=False, include_input=False, include_context=False)
        )
        raise Refusal(Reason.BAD_SEED, details=rows[:FAULT_LIMIT]) from None
    faults = tuple(_find_faults(seed))
    if faults:
        raise Refusal(Reason.BAD_SEED, details=faults[:FAULT_LIMIT])
    return seed


def _find_faults(seed: RoomSeed) -> Iterator[str]:
    banks = {bank.id: bank.to_bank() for bank in seed.banks}
    yield from _find_repeats("banks", "id", [bank.id for bank in seed.banks])
    for bank in banks.values():
        yield from _find_bank_faults(bank)
    yield from _find_place_faults(seed, banks)
    yield from _find_box_faults(seed)
    yield from _find_repeats("staff", "code", [staff.code for staff in seed.staff])
    for no, staff in enumerate(seed.staff):
        yield from _find_code_fault(f"staff.{no}.code", staff.code, CodeType.STAFF, seed.room.number)
    yield from _find_repeats("users", "login", [user.login for user in seed.users])
    for no, user in enumerate(seed.users):
        unknown = sorted(set(user.roles) - set(Role))
        if unknown or not user.roles:
            yield f"users.{no}.roles: {', '.join(unknown) or 'none'} is no role"
        if user.rooms is not None and set(user.rooms) != {seed.room.id}:
            yield f"users.{no}.rooms: this file is about room {seed.room.id} only"


def _find_bank_faults(bank: Bank) -> Iterator[str]:
    numbers = [column.no for column in bank.columns]
    if numbers != list(range(1, len(numbers) + 1)):
        yield f"banks.{bank.key}.columns: numbers must run from 1 without a gap"
    expected = 1
    for segment in bank.segments:
        # A fixed column in the middle ends one segment and begins the next.
        if segment.first_column not in {expected, expected - 1} or segment.last_column < segment.first_column:
            yield f"banks.{bank.key}.segments: columns {segment.first_column}-{segment.last_column} don't join up"
        expected = segment.last_column + 1
    if expected != len(numbers) + 1:
        yield f"banks.{bank.key}.segments: must cover all {len(numbers)} columns"


def _find_place_faults(seed: RoomSeed, banks: dict[str, Bank]) -> Iterator[str]:
    yield from _find_repeats("places", "key", [place.key for place in seed.places])
    yield from _find_repeats("places", "code", [place.code for place in seed.places])
    for no, place in enumerate(seed.places):
        key = parse_place_key(place.key)
        if key is None:
            yield f"places.{no}.key: {place.key!r} is no place key (bank-column-face-section-tier-slot)"
        elif not _lies_in(banks, key):
            yield f"places.{no}.key: {place.key} lies outside the banks of this file"
        yield from _find_code_fault(f"places.{no}.code", place.code, CodeType.PLACE, seed.room.number)


def _lies_in(banks: dict[str, Bank], key: PlaceKey) -> bool:
    bank = banks.get(key.bank)
    return bank is not None and bank.contains(key)


def _find_box_faults(seed: RoomSeed) -> Iterator[str]:
    known = {place.key for place in seed.places}
    yield from _find_repeats("boxes", "code", [box.code for box in seed.boxes])
    yield from _find_repeats("boxes", "place_key", [box.place_key for box in seed.boxes if box.place_key is not None])
    for no, box in enumerate(seed.boxes):
        yield from _find_code_fault(f"boxes.{no}.code", box.code, CodeType.BOX, seed.room.number)
        if box.place_key is not None and box.place_key not in known:
            yield f"boxes.{no}.place_key: {box.place_key!r} is not among the places of this file"


def _find_code_fault(row: str, text: str, kind: CodeType, room: str) -> Iterator[str]:
    code = parse_code(text)
    if isinstance(code, CodeFault):
        yield f"{row}: {text!r} is no printed code ({code.value})"
    elif not _is_own(code, text, kind, room):
        yield f"{row}: {text} is not a {kind.value} code of room number {room}"


def _is_own(code: Code, text: str, kind: CodeType, room: str) -> bool:
    return code.text == text and code.type is kind and code.room == room


def _find_repeats(part: str, name: str, values: list[str]) -> Iterator[str]:
    for value, count in Counter(values).items():
        if count > 1:
            yield f"{part}: {name} {value} occurs {count} times"
