"""What a room file changes against what the centre knows; pure, and the same every time for the same two."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from typing import NamedTuple

from central.domain.places import parse_place_key
from central.domain.refusals import Reason, Refusal
from central.domain.search import fold_box_text
from central.domain.seeds import BoxPart, PlacePart


class KnownBox(NamedTuple):
    """A box as it stands in the centre."""

    room_id: str
    title: str
    customer_no: str
    customer_name: str


class NewPlace(NamedTuple):
    """A place to be founded."""

    key: str
    code: str
    bank: str
    column_no: int
    face: str
    section: int
    tier: int
    slot: int


class BoxChange(NamedTuple):
    """A box to be founded (`before` None) or whose words are to be changed."""

    code: str
    title: str
    customer_no: str
    customer_name: str
    search_text: str
    place_key: str | None
    before: KnownBox | None


class RoomChanges(NamedTuple):
    """All places and boxes that a file changes, in its order."""

    places: tuple[NewPlace, ...]
    boxes: tuple[BoxChange, ...]

    def digest(self) -> str:
        """Return what tells these changes from any others: staged rows of the same changes may be gone on with."""
        return sha256(repr((self.places, self.boxes)).encode()).hexdigest()


def find_new_places(parts: Sequence[PlacePart], known: Mapping[str, str]) -> tuple[NewPlace, ...]:
    """Return the places that aren't known; `known` is key -> code. A place keeps its code for ever."""
    owners = {code: key for key, code in known.items()}
    found: list[NewPlace] = []
    for part in parts:
        if owners.get(part.code, part.key) != part.key or known.get(part.key, part.code) != part.code:
            raise Refusal(Reason.BAD_SEED, details=(f"places: {part.key} already carries another code",))
        if part.key not in known:
            key = parse_place_key(part.key)
            assert key is not None, "parse_seed let a bad place key through"
            found.append(NewPlace(part.key, part.code, key.bank, key.column, key.face, key.section, key.tier, key.slot))
    return tuple(found)


def find_box_changes(room_id: str, parts: Iterable[BoxPart], known: Mapping[str, KnownBox]) -> tuple[BoxChange, ...]:
    """Return the boxes that are new or whose words changed; a box of another room is refused."""
    found: list[BoxChange] = []
    for part in {part.code: part for part in parts}.values():
        before = known.get(part.code)
        if before is not None and before.room_id != room_id:
            raise Refusal(Reason.BAD_SEED, details=(f"boxes: {part.code} belongs to room {before.room_id}",))
        words = (part.title, part.customer_no, part.customer_name)
        if before is None or before[1:] != words:
            found.append(BoxChange(part.code, *words, fold_box_text(part.code, *words), part.place_key, before))
    return tuple(found)
