"""Printed codes as the label stock of the demo room carries them: TYPE + ROOM + SERIAL + check (ISO 7064 MOD 37,36)."""

from __future__ import annotations

CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_CHECKED = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def print_code(kind: str, room: str, serial: int) -> str:
    """Return the code with this serial number, written in Crockford's digits."""
    digits = "".join(CROCKFORD[serial >> shift & 31] for shift in range(25, -1, -5))
    body = f"{kind}{room}{digits}"
    return body + check_character(body)


def check_character(body: str) -> str:
    """Return the ISO 7064 MOD 37,36 check character of capitals and digits."""
    remainder = 36
    for character in body:
        remainder = (remainder + _CHECKED.index(character)) % 36 or 36
        remainder = remainder * 2 % 37
    return _CHECKED[(37 - remainder) % 36]
