"""Rules of log-in sessions: expiry, lock-out with back-off, derived tokens. Nothing here reads a clock or draws."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta

COOKIE = "openaisle_session"
#: Browsers keep a __Host- cookie to https and this host; on plain loopback they would drop it.
HTTPS_COOKIE = "__Host-openaisle_session"

#: Key of the request scope: a token that takes the place of the one in the cookie.
FRESH_TOKEN = "openaisle_fresh_token"  # noqa: S105 - the key, not a secret

#: Tries without delay before the first lock.
FREE_TRIES = 5
FIRST_LOCK_S = 30
#: A lock never lasts longer, or a stranger could shut a person out for good.
LONGEST_LOCK_S = 900
#: How often a live session's `seen_at` is written at most.
SEEN_STEP = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class SessionTimes:
    """When a session ends: unused for `idle`, and after `absolute` in any case."""

    idle: timedelta = timedelta(minutes=30)
    absolute: timedelta = timedelta(hours=12)


def cookie_name(*, https: bool) -> str:
    """Return the name of the session cookie."""
    return HTTPS_COOKIE if https else COOKIE


def make_cookie(token: str, *, https: bool) -> str:
    """Return the Set-Cookie line of a session token."""
    secure = "; Secure" if https else ""
    return f"{cookie_name(https=https)}={token}; HttpOnly; Path=/; SameSite=lax{secure}"


def hash_token(token: str) -> str:
    """Return what the store keeps of a token; it has 256 random bits, so a plain hash can't be guessed back."""
    return hashlib.sha256(token.encode()).hexdigest()


def derive_csrf_token(token: str) -> str:
    """Return the CSRF token of a session, computable only by who holds the session token."""
    return hmac.new(token.encode(), b"openaisle csrf", hashlib.sha256).hexdigest()


def matches_csrf_token(token: str, offered: str | None) -> bool:
    """Compare in constant time."""
    return offered is not None and hmac.compare_digest(derive_csrf_token(token).encode(), offered.encode())


def is_live(times: SessionTimes, *, seen_at: datetime, expires_at: datetime, now: datetime) -> bool:
    """Return whether a session still opens doors; the end points are outside."""
    return now < expires_at and now < seen_at + times.idle


def lock_seconds(failed_tries: int) -> int:
    """Return how long log-in stays shut after this many failures in a row: doubling from the sixth on, capped."""
    excess = failed_tries - FREE_TRIES
    if excess < 0:
        return 0
    doubled: int = FIRST_LOCK_S << min(excess, 10)
    return min(doubled, LONGEST_LOCK_S)
