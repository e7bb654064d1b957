"""Times as people say them, in both languages."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from central.web.moments import say_ago, say_exactly, say_instant

NOW = datetime(2026, 11, 24, 6, 3, 22, 120_000, tzinfo=UTC)


@pytest.mark.parametrize(
    ("before", "chinese", "english"),
    [
        (timedelta(seconds=10), "刚刚", "just now"),
        (timedelta(minutes=5), "5 分钟前", "5 minutes ago"),
        (timedelta(hours=2), "2 小时前", "2 hours ago"),
        (timedelta(days=3), "3 天前", "3 days ago"),
        (-timedelta(hours=5), "5 小时后", "in 5 hours"),
    ],
)
def test_ago(before: timedelta, chinese: str, english: str) -> None:
    assert say_ago(NOW - before, NOW, "zh-CN") == chinese
    assert say_ago(NOW - before, NOW, "en") == english


def test_exact_moment_is_local_and_instant_is_utc() -> None:
    assert say_exactly(NOW, ZoneInfo("Asia/Shanghai")) == "2026-11-24 14:03:22"
    assert say_instant(NOW) == "2026-11-24T06:03:22.120Z"
