"""Printed codes: TYPE (2 letters), ROOM (2), SERIAL (6), CHECK (1, ISO 7064 MOD 37,36 over the ten before it).

ROOM and SERIAL are Crockford characters (no I, L, O, U), so a person can read a damaged label aloud.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
#: ISO 7064 counts in the full alphabet, check character included.
ISO_7064_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
CODE_LENGTH = 11
ROOM_LENGTH = 2
SERIAL_LENGTH = 6
SERIAL_LIMIT = len(CROCKFORD) ** SERIAL_LENGTH


class CodeType(StrEnum):
    BOX = "BX"
    PLACE = "PL"
    STAFF = "ST"
    CONFIRM = "CF"
    CONTROL = "CT"


class CodeFault(StrEnum):
    """Why a text is no code, from the outside in."""

    LENGTH = "length"
    TYPE = "type"
    CHARACTER = "character"
    CHECK = "check"


@dataclass(frozen=True, slots=True)
class Code:
    """One printed code, taken apart; `text` is the whole of it."""

    type: CodeType
    room: str
    serial: int
    text: str


def check_character(payload: str) -> str:
    """Return the ISO 7064 MOD 37,36 check character of `payload` (hybrid system, section 9 of the standard)."""
    product = 36
    for character in payload:
        total = (product + ISO_7064_ALPHABET.index(character)) % 36 or 36
        product = total * 2 % 37
    return ISO_7064_ALPHABET[(37 - product) % 36]


def make_code(kind: CodeType, room: str, serial: int) -> str:
    """Return the code of this serial number, issued by the room of this number; ValueError outside the code's range."""
    if len(room) != ROOM_LENGTH or any(character not in CROCKFORD for character in room):
        msg = f"a room number is two of {CROCKFORD}, not {room!r}"
        raise ValueError(msg)
    if not 0 <= serial < SERIAL_LIMIT:
        msg = f"a serial number is 0..{SERIAL_LIMIT - 1}, not {serial}"
        raise ValueError(msg)
    digits = ""
    for _ in range(SERIAL_LENGTH):
        serial, digit = divmod(serial, len(CROCKFORD))
        digits = CROCKFORD[digit] + digits
    payload = kind.value + room + digits
    return payload + check_character(payload)


def parse_code(text: str) -> Code | CodeFault:
    """Take a code apart. Letters count as capitals, a line end drops off; nothing else is forgiven."""
    text = text.strip("\r\n").upper()
    if len(text) != CODE_LENGTH:
        return CodeFault.LENGTH
    if text[:2] not in set(CodeType):
        return CodeFault.TYPE
    room, digits = text[2:4], text[4:10]
    if any(character not in CROCKFORD for character in room + digits):
        return CodeFault.CHARACTER
    if text[10] != check_character(text[:10]):
        return CodeFault.CHECK
    serial = 0
    for digit in digits:
        serial = serial * len(CROCKFORD) + CROCKFORD.index(digit)
    return Code(CodeType(text[:2]), room, serial, text)
