"""Tries of a PIN, counted on disk before each comparison, so that pulling the plug buys no further try."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from edge.store.database import Database
from edge.store.replica import Replica

TRIES_MAX = 5
LOCKED_MS = 15 * 60_000

Verdict = Literal["ok", "wrong", "locked", "no_pin"]


class Pins:
    """PINs of the room's staff. Any thread may call it; a comparison takes tens of milliseconds."""

    def __init__(self, database: Database, replica: Replica, wall_ms: Callable[[], int]) -> None:
        self._database = database
        self._replica = replica
        self._wall_ms = wall_ms
        self._hasher = PasswordHasher()

    def check_pin(self, staff_code: str, pin: str) -> tuple[Verdict, int]:
        """Compare a PIN; answer verdict and tries left. StoreUnavailableError if the try can't be counted."""
        pin_hash = self._replica.find_pin_hash(staff_code)
        if pin_hash is None:
            return "no_pin", 0
        left = self._count_try(staff_code, pin_hash)
        if left < 0:
            return "locked", 0
        try:
            self._hasher.verify(pin_hash, pin)
        except (VerificationError, InvalidHashError):
            return ("wrong", left) if left else ("locked", 0)
        with self._database.write() as connection:
            connection.execute("DELETE FROM pin_try WHERE staff_code = ?", (staff_code,))
        return "ok", TRIES_MAX

    def _count_try(self, staff_code: str, pin_hash: str) -> int:
        """Count a try on disk; answer how many are left after it, -1 when locked."""
        now_ms = self._wall_ms()
        with self._database.write() as connection:
            row = connection.execute(
                "SELECT failures, last_ms, pin_hash FROM pin_try WHERE staff_code = ?", (staff_code,)
            ).fetchone()
            failures, last_ms = (row[0], row[1]) if row is not None and row[2] == pin_hash else (0, now_ms)
            if failures >= TRIES_MAX:
                # a clock that went back must not lock for ever
                if 0 <= now_ms - last_ms < LOCKED_MS:
                    return -1
                failures = 0
            connection.execute(
                "INSERT OR REPLACE INTO pin_try VALUES (?, ?, ?, ?)", (staff_code, failures + 1, now_ms, pin_hash)
            )
        return int(TRIES_MAX - failures - 1)
