"""Expiry, back-off and derived tokens of log-in sessions."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from central.domain.sessions import (
    LONGEST_LOCK_S,
    SessionTimes,
    cookie_name,
    derive_csrf_token,
    hash_token,
    is_live,
    lock_seconds,
    matches_csrf_token,
)

NOW = datetime(2026, 11, 24, 8, tzinfo=UTC)
TIMES = SessionTimes(idle=timedelta(minutes=30), absolute=timedelta(hours=12))


@pytest.mark.parametrize(
    ("idle_s", "left_s", "live"),
    [(0, 1, True), (1799, 1, True), (1800, 1, False), (0, 0, False), (1799, 0, False)],
)
def test_a_session_ends_unused_or_in_any_case(idle_s: int, left_s: int, live: bool) -> None:
    seen_at, expires_at = NOW - timedelta(seconds=idle_s), NOW + timedelta(seconds=left_s)
    assert is_live(TIMES, seen_at=seen_at, expires_at=expires_at, now=NOW) is live


def test_log_in_slows_down_and_never_shuts_for_good() -> None:
    assert [lock_seconds(tries) for tries in range(4, 11)] == [0, 30, 60, 120, 240, 480, 900]
    assert lock_seconds(10_000) == LONGEST_LOCK_S


def test_the_csrf_token_follows_from_the_session_token_only() -> None:
    token = "a" * 43
    assert matches_csrf_token(token, derive_csrf_token(token))
    assert not matches_csrf_token(token, derive_csrf_token("b" * 43))
    assert not matches_csrf_token(token, None)
    assert not matches_csrf_token(token, "记号")
    assert token not in derive_csrf_token(token)


def test_the_store_keeps_a_plain_sha256() -> None:
    # printf abc | sha256sum
    assert hash_token("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_the_host_prefix_needs_https() -> None:
    assert cookie_name(https=True).startswith("__Host-")
    assert not cookie_name(https=False).startswith("__")
