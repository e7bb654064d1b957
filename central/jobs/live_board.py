"""What rooms look like now: bank views and presence as gateways publish them. For pages, never for a decision."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

#: A view older than this, or of a gateway that is not online, is stale.
STALE_AFTER = timedelta(seconds=30)
ROOMS_MAX = 10_000
BANKS_MAX = 64


@dataclass(frozen=True, slots=True)
class Presence:
    """What a gateway last said of itself."""

    state: str
    at: datetime
    version: str


class LiveBoard:
    """Latest view per (room, bank) and presence per room; readers wait for the next change."""

    def __init__(self, read_clock: Callable[[], datetime]) -> None:
        self._read_clock = read_clock
        self._changed = threading.Condition()
        self._banks: dict[str, dict[str, tuple[datetime, Mapping[str, Any]]]] = {}
        self._presence: dict[str, Presence] = {}
        self._version = 0

    def show_bank(self, room_id: str, bank_id: str, view: Mapping[str, Any]) -> None:
        """Put a view on the board."""
        with self._changed:
            banks = self._banks.setdefault(room_id, {}) if len(self._banks) < ROOMS_MAX else self._banks.get(room_id)
            if banks is None or (bank_id not in banks and len(banks) >= BANKS_MAX):
                return
            banks[bank_id] = (self._read_clock(), view)
            self._tell()

    def note_presence(self, room_id: str, presence: Presence) -> None:
        with self._changed:
            if len(self._presence) < ROOMS_MAX or room_id in self._presence:
                self._presence[room_id] = presence
                self._tell()

    @property
    def version(self) -> int:
        with self._changed:
            return self._version

    def snapshot(self) -> dict[str, Any]:
        """Return everything: {"version", "rooms": {room: {"presence", "banks": {bank: view}}}}."""
        with self._changed:
            now = self._read_clock()
            rooms = {room: self._room(room, now) for room in sorted({*self._banks, *self._presence})}
            return {"version": self._version, "rooms": rooms}

    def find_bank(self, room_id: str, bank_id: str) -> dict[str, Any] | None:
        """Return one bank's view, None before the gateway first showed it."""
        with self._changed:
            found = self._banks.get(room_id, {}).get(bank_id)
            return self._view(room_id, found, self._read_clock()) if found is not None else None

    def wait(self, version: int, timeout_s: float) -> dict[str, Any]:
        """Return a snapshot newer than `version`, or the same again after `timeout_s`; blocks."""
        with self._changed:
            self._changed.wait_for(lambda: self._version != version, timeout_s)
        return self.snapshot()

    def _tell(self) -> None:
        self._version += 1
        self._changed.notify_all()

    def _room(self, room_id: str, now: datetime) -> dict[str, Any]:
        presence = self._presence.get(room_id)
        banks = self._banks.get(room_id, {})
        return {
            "presence": {"state": presence.state, "at": presence.at.isoformat(), "version": presence.version}
            if presence is not None
            else {"state": "never", "at": None, "version": ""},
            "banks": {bank: self._view(room_id, found, now) for bank, found in banks.items()},
        }

    def _view(self, room_id: str, found: tuple[datetime, Mapping[str, Any]], now: datetime) -> dict[str, Any]:
        heard_at, view = found
        presence = self._presence.get(room_id)
        online = presence is not None and presence.state == "online"
        return {**view, "stale": bool(view.get("stale")) or not online or now - heard_at > STALE_AFTER}
