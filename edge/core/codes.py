"""Printed codes: TYPE (2) + ROOM (2) + SERIAL (6) + CHECK (1), Crockford's alphabet, check by ISO 7064 MOD 37,36.

Case and the scanner's line end are forgiven, nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

CodeKind = Literal["BX", "PL", "ST", "CF", "CT"]
KINDS: tuple[CodeKind, ...] = ("BX", "PL", "ST", "CF", "CT")
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford: no I, L, O, U
CHECK_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
LENGTH = 11
END_SESSION = "000001"


@dataclass(frozen=True, slots=True)
class PrintedCode:
    """A well-formed printed code."""

    text: str
    kind: CodeKind
    room: str
    serial: str


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Text that is no code of ours, with the key of the sentence that says so."""

    text: str
    reason: Literal["scan.unknown_code", "scan.wrong_check"]


def check_character(body: str) -> str:
    """Compute the ISO 7064 MOD 37,36 check character of upper-case letters and digits."""
    total = 36
    for character in body:
        total = (total + CHECK_ALPHABET.index(character)) % 36 or 36
        total = (total * 2) % 37
    return CHECK_ALPHABET[(37 - total) % 36]


def parse_code(text: str) -> PrintedCode | Unreadable:
    """Read scanned text as a printed code."""
    cleaned = text.strip("\r\n").upper()
    shown = cleaned[:64]
    if len(cleaned) != LENGTH or cleaned[:2] not in KINDS or any(c not in ALPHABET for c in cleaned[2:10]):
        return Unreadable(shown, "scan.unknown_code")
    if cleaned[10] not in CHECK_ALPHABET:
        return Unreadable(shown, "scan.unknown_code")
    if check_character(cleaned[:10]) != cleaned[10]:
        return Unreadable(shown, "scan.wrong_check")
    kind = next(each for each in KINDS if each == cleaned[:2])
    return PrintedCode(cleaned, kind, cleaned[2:4], cleaned[4:10])


def format_code(kind: CodeKind, room: str, serial: int) -> str:
    """Write a printed code from its parts; the serial in base 32."""
    digits = ""
    for _ in range(6):
        serial, digit = divmod(serial, 32)
        digits = ALPHABET[digit] + digits
    body = f"{kind}{room}{digits}"
    return body + check_character(body)
