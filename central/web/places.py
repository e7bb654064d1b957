"""Places, faces and aisles in words."""

from __future__ import annotations

from collections.abc import Mapping

from central.domain.places import parse_place_key
from central.domain.wording import N_
from central.web.render import Say

PLACE = N_(
    "%(bank)s, column %(column)s, face %(face)s, section %(section)s, tier %(tier)s, place %(slot)s",
)
PLACE_IN_FACE = N_("section %(section)s, tier %(tier)s, place %(slot)s")
FACE = N_("column %(column)s, face %(face)s")
AISLE = N_("aisle %(no)s")


def say_place(say: Say, place_key: str, bank_names: Mapping[str, str]) -> str:
    """Return the path of a place as people say it; a key that is none is shown as it is."""
    key = parse_place_key(place_key)
    if key is None:
        return place_key
    return say(
        PLACE,
        bank=bank_names.get(key.bank, key.bank),
        column=key.column,
        face=key.face,
        section=key.section,
        tier=key.tier,
        slot=key.slot,
    )
