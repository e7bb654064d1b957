"""Fresh ids and secrets. They are drawn here and handed to the domain, which draws nothing."""

from __future__ import annotations

import secrets

import uuid_utils

TOKEN_BYTES = 32


def new_id() -> str:
    """Return a UUIDv7: rows made later sort later."""
    return str(uuid_utils.uuid7())


def new_token() -> str:
    """Return a session token of 256 random bits, safe in a header and a cookie."""
    return secrets.token_urlsafe(TOKEN_BYTES)
