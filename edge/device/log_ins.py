"""Who is logged in: random tokens, kept by their hash in memory only, so that a restart ends them all."""

from __future__ import annotations

import hashlib
import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass

from edge.core.shown import AnswerView

IDLE_MS = 30 * 60_000
LONGEST_MS = 8 * 60 * 60_000
LOG_INS_MOST = 32


@dataclass(slots=True)
class LogIn:
    """One technician in one browser."""

    name: str
    csrf: str
    opened_ms: int
    seen_ms: int
    answer: AnswerView | None = None  # of the room to this person's last request, told once


class LogIns:
    """Opens, finds and ends log-ins. Any thread may ask."""

    def __init__(self, mono_ms: Callable[[], int]) -> None:
        self._mono_ms = mono_ms
        self._lock = threading.Lock()
        self._open: dict[str, LogIn] = {}

    def open(self, name: str) -> str:
        """Log a name in and give the token; one too many ends the one that has been still the longest."""
        token = secrets.token_urlsafe(32)
        now_ms = self._mono_ms()
        with self._lock:
            self._drop_old(now_ms)
            while len(self._open) >= LOG_INS_MOST:
                del self._open[min(self._open, key=lambda key: self._open[key].seen_ms)]
            self._open[_digest(token)] = LogIn(name, secrets.token_urlsafe(24), now_ms, now_ms)
        return token

    def find(self, token: str, *, touch: bool = True) -> LogIn | None:
        """Find the log-in of a token; a stream that only listens does not keep it alive."""
        now_ms = self._mono_ms()
        with self._lock:
            self._drop_old(now_ms)
            found = self._open.get(_digest(token))
            if found is not None and touch:
                found.seen_ms = now_ms
            return found

    def close(self, token: str) -> None:
        """End a log-in."""
        with self._lock:
            self._open.pop(_digest(token), None)

    def _drop_old(self, now_ms: int) -> None:
        old = [
            key
            for key, each in self._open.items()
            if now_ms - each.seen_ms > IDLE_MS or now_ms - each.opened_ms > LONGEST_MS
        ]
        for key in old:
            del self._open[key]


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()
