"""Fresh ids and secrets. They are drawn here and handed to the domain, which draws nothing."""

from __future__ import annotations

import secrets

import uuid_utils

TOKEN_BYTES = 32
PIN_DIGITS = 6
#: No 0 and O, 1 and I and L: a one-time password is read aloud or from paper.
CLEAR_CHARACTERS = "23456789ABCDEFGHJKMNPQRSTVWXYZ"


def new_id() -> str:
    """Return a UUIDv7: rows made later sort later."""
    return str(uuid_utils.uuid7())


def new_one_time_password() -> str:
    """Return a password of 58 random bits in three groups, to be used once."""
    groups = ("".join(secrets.choice(CLEAR_CHARACTERS) for _ in range(4)) for _ in range(3))
    return "-".join(groups)


def new_pin() -> str:
    """Return a PIN whose digits aren't all the same."""
    while True:
        pin = "".join(secrets.choice("0123456789") for _ in range(PIN_DIGITS))
        if len(set(pin)) > 1:
            return pin


def new_token() -> str:
    """Return a session token of 256 random bits, safe in a header and a cookie."""
    return secrets.token_urlsafe(TOKEN_BYTES)
