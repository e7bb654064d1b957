"""Times as people say them: how long ago, with the exact moment beside it. Pure; the clock comes as an argument."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from babel.dates import format_timedelta

from central.web.language import find_locale

#: Below this a moment is "just now": clocks of browser, gateway and centre differ by that much.
JUST_NOW_S = 60
Unit = Literal["day", "hour", "minute"]
_DEADLINE_UNITS: tuple[tuple[Unit, timedelta], ...] = (
    ("day", timedelta(days=1)),
    ("hour", timedelta(hours=1)),
    ("minute", timedelta(minutes=1)),
)
_NEVER = 1e9
_NOW_WORDS = {"zh-CN": "刚刚", "en": "just now"}
# Chinese typography sets a thin gap between figures and characters; Babel leaves it out.
_FIGURE_THEN_HAN = re.compile(r"(\d)([\u4e00-\u9fff])")


def say_ago(moment: datetime, now: datetime, language: str) -> str:
    """Return "2 小时前" or "2 hours ago"; future moments read "2 小时后"."""
    delta = moment - now
    if abs(delta.total_seconds()) < JUST_NOW_S:
        return _NOW_WORDS[language]
    text = format_timedelta(delta, add_direction=True, locale=find_locale(language), threshold=0.9)
    return _FIGURE_THEN_HAN.sub(r"\1 \2", text)


def say_span(span: timedelta, language: str) -> str:
    """Return the length of a span as deadlines say it, "14 天", never in weeks; rounded down, to a minute at least."""
    length: timedelta = abs(span)
    unit: Unit = "minute"
    for each, one in _DEADLINE_UNITS:
        if length >= one:
            length, unit = length // one * one, each
            break
    # Babel takes the greatest unit that is reached; so high a threshold leaves it ours.
    text = format_timedelta(length, granularity=unit, threshold=_NEVER, locale=find_locale(language))
    return _FIGURE_THEN_HAN.sub(r"\1 \2", text)


def say_exactly(moment: datetime, zone: ZoneInfo) -> str:
    """Return the local moment to the second, "2026-11-24 14:03:22"."""
    return moment.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S")


def say_instant(moment: datetime) -> str:
    """Return the UTC instant for machines, to the millisecond."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
