"""How often bank views leave for the pages: five a second while they change, else every ten seconds."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass
from typing import Any, Final

PACE_MS: Final = 200
REPEAT_MS: Final = 10_000
VIEW_BYTES_MAX: Final = 65_536


@dataclass(slots=True)
class _Shown:
    meaning: str = ""
    sent_ms: int = -REPEAT_MS
    newest: bytes = b""
    waiting: bytes | None = None


class ViewPacer:
    """Keeps the newest view of each bank until it may leave. Used by two threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._banks: dict[str, _Shown] = {}

    def offer(self, bank_id: str, view: dict[str, Any], now_ms: int) -> bool:
        """Take a view; True if it wants to leave. One that says nothing new waits for its repetition."""
        payload = json.dumps(view, ensure_ascii=False, separators=(",", ":")).encode()
        if len(payload) > VIEW_BYTES_MAX:
            return False
        meaning = json.dumps({**view, "as_of": None}, sort_keys=True)
        with self._lock:
            shown = self._banks.setdefault(bank_id, _Shown())
            if meaning == shown.meaning and shown.waiting is None and now_ms - shown.sent_ms < REPEAT_MS:
                return False
            shown.meaning, shown.newest, shown.waiting = meaning, payload, payload
            return True

    def renew(self) -> None:
        """Let every bank's newest view leave again: the broker may have forgotten it."""
        with self._lock:
            for shown in self._banks.values():
                shown.waiting = shown.newest

    def take_due(self, now_ms: int) -> list[tuple[str, bytes]]:
        """Return the views that leave now."""
        due: list[tuple[str, bytes]] = []
        with self._lock:
            for bank_id, shown in self._banks.items():
                if shown.waiting is not None and now_ms - shown.sent_ms >= PACE_MS:
                    due.append((bank_id, shown.waiting))
                    shown.waiting, shown.sent_ms = None, now_ms
        return due

    def next_deadline(self) -> int | None:
        with self._lock:
            waiting = [shown.sent_ms + PACE_MS for shown in self._banks.values() if shown.waiting is not None]
        return min(waiting, default=None)
