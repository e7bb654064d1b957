"""Times as people say them, in both languages."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from central.web.moments import say_ago, say_exactly, say_instant, say_span

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


@pytest.mark.parametrize(
    ("span", "chinese", "english"),
    [
        (timedelta(seconds=20), "1 分钟", "1 minute"),
        (timedelta(minutes=59, seconds=59), "59 分钟", "59 minutes"),
        (timedelta(hours=5, minutes=50), "5 小时", "5 hours"),
        (timedelta(days=1), "1 天", "1 day"),
        (-timedelta(days=14, hours=3), "14 天", "14 days"),
        (timedelta(days=400), "400 天", "400 days"),
    ],
)
def test_deadlines_are_said_in_days_never_in_weeks(span: timedelta, chinese: str, english: str) -> None:
    assert say_span(span, "zh-CN") == chinese
    assert say_span(span, "en") == english


def test_exact_moment_is_local_and_instant_is_utc() -> None:
    assert say_exactly(NOW, ZoneInfo("Asia/Shanghai")) == "2026-11-24 14:03:22"
    assert say_instant(NOW) == "2026-11-24T06:03:22.120Z"
