"""What stands beside the map: all columns, one face with its tiers and boxes, or one aisle. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from central.domain.places import Bank, parse_place_key
from central.domain.refusals import NotFound
from central.domain.wording import N_
from central.services.rooms import FaceSeen, PlaceSeen, RoomMap
from central.web.places import AISLE, FACE, PLACE_IN_FACE
from central.web.render import Say, address
from central.web.words import Word

#: The same keys as `aisleState` of static/map.js, which keeps the list in step with the drawing.
AISLE_WORDS = {
    "open": Word("normal", "open", N_("open")),
    "closed": Word("offline", "still", N_("closed")),
    "between": Word("offline", "still", N_("a gap")),
    "opening": Word("moving", "move", N_("opening")),
    "closing": Word("stop", "move", N_("closing")),
    "unknown": Word("unknown", "question", N_("not known")),
}


@dataclass(frozen=True, slots=True)
class Chosen:
    """What of the map is chosen, as it stands in the address."""

    path: str
    bank: str
    column: int | None
    face: str
    aisle: int | None
    section: int | None
    tier: int | None
    kept: Mapping[str, str]
    hits: tuple[str, ...]

    def link(self, **changes: object) -> str:
        """Return the address of this map with other things chosen; layer and search stay unless changed."""
        return address(self.path, {**changes, **{key: value for key, value in self.kept.items() if key not in changes}})


def find_aisle_state(view: Mapping[str, Any] | None, no: int) -> str:
    """Return how an aisle stands by the newest report: a key of AISLE_WORDS."""
    aisles = view["aisles"] if view and not view.get("stale") else []
    aisle = next((each for each in aisles if each["no"] == no), None)
    if view is None or aisle is None or view["state"] in {"unknown", "offline"}:
        return "unknown"
    if view["state"] in {"moving", "settling"}:
        if view.get("target_aisle") == no:
            return "opening"
        if no in view.get("closing_aisles", ()):
            return "closing"
    if aisle["open"]:
        return "open"
    return "between" if aisle.get("gap") == "between" else "closed"


def show_columns(say: Say, room: RoomMap, bank: Bank, chosen: Chosen, view: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the list view of a bank: each column with its faces and the aisle behind it."""
    faces = {(face.column, face.face): face for face in room.faces if face.bank == bank.key}
    hit_keys = [key for key in (parse_place_key(text) for text in chosen.hits) if key and key.bank == bank.key]
    rows = []
    for column in bank.columns:
        cells: list[dict[str, Any] | None] = []
        for name in ("A", "B"):
            face = faces.get((column.no, name))
            if face is None:
                cells.append(None)
                continue
            hits = sum(1 for key in hit_keys if (key.column, key.face) == (column.no, name))
            cells.append(_show_face_link(say, chosen, face) | {"hits": hits})
        aisle = None
        if column.no in bank.aisles:
            word = AISLE_WORDS[find_aisle_state(view, column.no)]
            aisle = {"href": chosen.link(bank=bank.key, aisle=column.no), "no": column.no, "word": word}
        title = N_("column %(no)s (fixed)") if column.fixed else N_("column %(no)s")
        rows.append({"title": say(title, no=column.no), "faces": cells, "aisle": aisle})
    return rows


def show_aisle(say: Say, room: RoomMap, chosen: Chosen, view: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return one aisle: how it stands, and which faces are reached from it."""
    bank = _find_bank(room, chosen.bank)
    no = chosen.aisle or 0
    if no not in bank.aisles:
        raise NotFound
    sides = {(no, "B"), (no + 1, "A")}
    faces = [face for face in room.faces if face.bank == bank.key and (face.column, face.face) in sides]
    return {
        "title": f"{bank.name} {say(AISLE, no=no)}",
        "word": AISLE_WORDS[find_aisle_state(view, no)],
        "key": f"{bank.key}-{no}",
        "propose_href": f"{chosen.path}/banks/{bank.key}/aisles/{no}/propose",
        "faces": [_show_face_link(say, chosen, face) for face in faces],
    }


def show_face(say: Say, room: RoomMap, chosen: Chosen, places: Sequence[PlaceSeen]) -> dict[str, Any]:
    """Return one face as seen from its aisle: boxes by section and tier, and the boxes of the chosen tier or of all."""
    bank = _find_bank(room, chosen.bank)
    wanted = (bank.key, chosen.column, chosen.face)
    seen = next((face for face in room.faces if (face.bank, face.column, face.face) == wanted), None)
    if seen is None:
        raise NotFound
    hits = set(chosen.hits)
    listed = [
        place
        for place in places
        if place.boxes and chosen.section in {None, place.section} and chosen.tier in {None, place.tier}
    ]
    narrowed = chosen.section is not None and chosen.tier is not None
    where = N_("section %(section)s, tier %(tier)s")
    return {
        "title": f"{bank.name} {say(FACE, column=seen.column, face=seen.face)}",
        "used_text": say(N_("%(used)s of %(places)s places in use"), used=seen.boxes, places=seen.places),
        "sections": list(range(1, bank.sections + 1)),
        "rows": [
            {
                "tier": tier,
                "cells": [
                    _show_cell(say, chosen, places, section=section, tier=tier, hits=hits) for section in _count(bank)
                ],
            }
            for tier in range(bank.tiers, 0, -1)
        ]
        if places
        else [],
        "list_title": say(where, section=chosen.section, tier=chosen.tier) if narrowed else say(N_("All boxes here")),
        "boxes": [
            {
                "place": say(PLACE_IN_FACE, section=place.section, tier=place.tier, slot=place.slot),
                "id": box.id,
                "title": box.title,
                "hit": place.key in hits,
            }
            for place in listed
            for box in place.boxes
        ],
    }


def _count(bank: Bank) -> range:
    return range(1, bank.sections + 1)


def _show_cell(
    say: Say, chosen: Chosen, places: Sequence[PlaceSeen], *, section: int, tier: int, hits: set[str]
) -> dict[str, Any]:
    inside = [place for place in places if (place.section, place.tier) == (section, tier)]
    used = sum(1 for place in inside if place.boxes)
    here = {"bank": chosen.bank, "column": chosen.column, "face": chosen.face, "section": section, "tier": tier}
    title = say(
        N_("section %(section)s, tier %(tier)s: %(used)s of %(places)s places in use"),
        section=section,
        tier=tier,
        used=used,
        places=len(inside),
    )
    return {
        "places": len(inside),
        "used": used,
        "href": chosen.link(**here),
        "hit": any(place.key in hits for place in inside),
        "chosen": (chosen.section, chosen.tier) == (section, tier),
        "title": title,
    }


def _show_face_link(say: Say, chosen: Chosen, face: FaceSeen) -> dict[str, Any]:
    title = say(FACE, column=face.column, face=face.face)
    href = chosen.link(bank=face.bank, column=face.column, face=face.face)
    return {"title": title, "href": href, "used": face.boxes, "places": face.places}


def _find_bank(room: RoomMap, key: str) -> Bank:
    bank = next((bank for bank in room.banks if bank.key == key), None)
    if bank is None:
        raise NotFound
    return bank
