"""ID numbers as a role may see them, and the words laid over a page image. Pure."""

from __future__ import annotations

import re
from datetime import datetime
from zoneinfo import ZoneInfo

from central.domain.people import Actor
from central.domain.permissions import Action, find_scope

#: GB 11643: region (6), birth (8), sequence (3), check character; the form before 1999 has 6 of birth and no check.
_MONTH_DAY = r"(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])"
_ID_NUMBER = re.compile(
    rf"(?<![0-9A-Za-z])(?:[1-9]\d{{5}}(?:18|19|20)\d\d{_MONTH_DAY}\d{{3}}[0-9Xx]|[1-9]\d{{5}}\d\d{_MONTH_DAY}\d{{3}})(?![0-9A-Za-z])"
)
#: Characters left readable at either end: enough to tell two customers apart, too little to learn the number.
HEAD_SHOWN = 3
TAIL_SHOWN = 4


def mask_id_number(number: str) -> str:
    """Return an ID number with its middle hidden; a short one is hidden whole."""
    hidden = len(number) - HEAD_SHOWN - TAIL_SHOWN
    if hidden <= 0:
        return "*" * len(number)
    return number[:HEAD_SHOWN] + "*" * hidden + number[-TAIL_SHOWN:]


def mask_id_numbers(text: str) -> str:
    """Return a text with every resident's ID number in it masked; other numbers stay."""
    return _ID_NUMBER.sub(lambda match: mask_id_number(match[0]), text)


def sees_id_number(actor: Actor, *, unit_id: str | None, handler_ids: frozenset[str] = frozenset()) -> bool:
    """Return whether the actor sees ID numbers in a dossier of this unit, handled by these people."""
    return find_scope(actor, Action.SEE_ID_NUMBERS).covers_case(unit_id, handler_ids)


def show_id_number(
    number: str, actor: Actor, *, unit_id: str | None, handler_ids: frozenset[str] = frozenset(), former: bool = False
) -> str:
    """Return an ID number as the actor may see it; that of a former holder of the account is masked for everybody."""
    sees = not former and sees_id_number(actor, unit_id=unit_id, handler_ids=handler_ids)
    return number if sees else mask_id_number(number)


def word_watermark(actor: Actor, at: datetime, zone: ZoneInfo) -> str:
    """Return what is laid over a page image that is viewed or printed: who, when, to the minute."""
    login = f" {actor.login}" if actor.login else ""
    return f"{actor.name}{login} {at.astimezone(zone):%Y-%m-%d %H:%M}"
