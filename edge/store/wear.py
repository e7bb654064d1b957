"""What wears out: cycles and motor current by column, opening times by aisle, one row a day, kept for two years.

A day's row holds count, sum, least and most, so that a trend of years stays a few thousand rows. Totals are kept apart
and never dropped. Losing the last minute of it in a power cut is no harm: nothing is decided by it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from edge.store.database import Database

WearKind = Literal["cycles", "opening_ms", "current_ma"]
DAYS_KEPT = 730
DAY_MS = 24 * 3600 * 1000
NUMBERS_MOST = 64  # columns or aisles of a bank
SCHEMA = (
    (
        "CREATE TABLE IF NOT EXISTS wear_day (bank TEXT NOT NULL, kind TEXT NOT NULL, number INTEGER NOT NULL,"
        " day INTEGER NOT NULL, count INTEGER NOT NULL, total INTEGER NOT NULL, least INTEGER NOT NULL,"
        " most INTEGER NOT NULL, PRIMARY KEY (bank, kind, number, day)) WITHOUT ROWID"
    ),
    (
        "CREATE TABLE IF NOT EXISTS wear_total (bank TEXT NOT NULL, kind TEXT NOT NULL, number INTEGER NOT NULL,"
        " count INTEGER NOT NULL, total INTEGER NOT NULL, first_count INTEGER NOT NULL, first_total INTEGER NOT NULL,"
        " since_ms INTEGER NOT NULL, PRIMARY KEY (bank, kind, number)) WITHOUT ROWID"
    ),
)
# the first so many openings of an aisle say what is usual for it
FIRST = 20


@dataclass(frozen=True, slots=True)
class WearSample:
    """One thing that happened: a cycle (value 1), an opening and how long it took, a reading of a current."""

    bank: str
    kind: WearKind
    number: int
    value: int
    at_ms: int


@dataclass(frozen=True, slots=True)
class WearDay:
    """All samples of one day."""

    number: int
    day: int  # days since 1970
    count: int
    total: int
    least: int
    most: int


@dataclass(frozen=True, slots=True)
class WearTotal:
    """All samples ever; `first_*` of the first twenty, against which drift is told."""

    number: int
    count: int
    total: int
    first_count: int
    first_total: int
    since_ms: int


class WearBook:
    """The wear of all banks. Any thread may call it."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._laid = False

    def add(self, samples: Sequence[WearSample]) -> None:
        """Add samples in one commit, and drop days that are too old; StoreUnavailableError if the disk won't."""
        good = [each for each in samples if 1 <= each.number <= NUMBERS_MOST]
        if not good:
            return
        with self._database.write() as connection:
            self._lay(connection)
            for sample in good:
                add_sample(connection, sample)
            oldest = max(each.at_ms for each in good) // DAY_MS - DAYS_KEPT
            connection.execute("DELETE FROM wear_day WHERE day < ?", (oldest,))

    def list_days(self, bank: str, kind: WearKind, days: int = 90) -> list[WearDay]:
        """List the newest days of a bank, oldest first."""
        self._found()
        with self._database.read() as connection:
            newest = connection.execute("SELECT max(day) FROM wear_day WHERE bank = ?", (bank,)).fetchone()[0]
            rows = connection.execute(
                "SELECT number, day, count, total, least, most FROM wear_day"
                " WHERE bank = ? AND kind = ? AND day > ? ORDER BY day, number",
                (bank, kind, (newest or 0) - days),
            ).fetchall()
        return [WearDay(*row) for row in rows]

    def list_totals(self, bank: str, kind: WearKind) -> list[WearTotal]:
        """List what is known of each column or aisle of a bank since the gateway was new."""
        self._found()
        with self._database.read() as connection:
            rows = connection.execute(
                "SELECT number, count, total, first_count, first_total, since_ms FROM wear_total"
                " WHERE bank = ? AND kind = ? ORDER BY number",
                (bank, kind),
            ).fetchall()
        return [WearTotal(*row) for row in rows]

    def _found(self) -> None:
        if not self._laid:
            with self._database.write() as connection:
                self._lay(connection)

    def _lay(self, connection: sqlite3.Connection) -> None:
        if not self._laid:
            for statement in SCHEMA:
                connection.execute(statement)
            self._laid = True


def add_sample(connection: sqlite3.Connection, sample: WearSample) -> None:
    """Add one sample to its day and to its total."""
    key = (sample.bank, sample.kind, sample.number)
    value = sample.value
    connection.execute(
        "INSERT INTO wear_day VALUES (?, ?, ?, ?, 1, ?, ?, ?) ON CONFLICT (bank, kind, number, day) DO UPDATE SET"
        " count = count + 1, total = total + excluded.total, least = min(least, excluded.least),"
        " most = max(most, excluded.most)",
        (*key, sample.at_ms // DAY_MS, value, value, value),
    )
    connection.execute(
        "INSERT INTO wear_total VALUES (?, ?, ?, 1, ?, 1, ?, ?) ON CONFLICT (bank, kind, number) DO UPDATE SET"
        " count = count + 1, total = total + excluded.total,"
        " first_total = first_total + CASE WHEN first_count < ? THEN excluded.total ELSE 0 END,"
        " first_count = min(?, first_count + 1)",
        (*key, value, value, sample.at_ms, FIRST, FIRST),
    )
