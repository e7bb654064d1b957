"""The commissioning check-list on disk: which aisle was opened, which labels were scanned inside it, who looked."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

from edge.store.database import Database

AisleState = Literal["waiting", "asked", "open", "done"]
LABELS_MOST = 8  # of one aisle: two faces, and a few that were wrong
SCHEMA = (
    (
        "CREATE TABLE IF NOT EXISTS checklist (bank TEXT PRIMARY KEY, by TEXT NOT NULL, begun_ms INTEGER NOT NULL,"
        " ended_ms INTEGER) WITHOUT ROWID"
    ),
    (
        "CREATE TABLE IF NOT EXISTS checklist_aisle (bank TEXT NOT NULL, aisle INTEGER NOT NULL, state TEXT NOT NULL,"
        " by TEXT NOT NULL, at_ms INTEGER NOT NULL, PRIMARY KEY (bank, aisle)) WITHOUT ROWID"
    ),
    (
        "CREATE TABLE IF NOT EXISTS checklist_label (bank TEXT NOT NULL, aisle INTEGER NOT NULL, code TEXT NOT NULL,"
        " face TEXT NOT NULL, fits INTEGER NOT NULL, said TEXT NOT NULL, at_ms INTEGER NOT NULL,"
        " PRIMARY KEY (bank, aisle, code)) WITHOUT ROWID"
    ),
)


@dataclass(frozen=True, slots=True)
class ScannedLabel:
    """A label read while an aisle stood open; `said` is where the room's records have it, "" when they know it not."""

    code: str
    face: str
    fits: bool
    said: str
    at_ms: int


@dataclass(frozen=True, slots=True)
class CheckedAisle:
    """How far one aisle has come."""

    aisle: int
    state: AisleState
    by: str
    at_ms: int
    labels: tuple[ScannedLabel, ...] = ()


@dataclass(frozen=True, slots=True)
class Checklist:
    """The check-list of one bank, as it stands."""

    bank: str
    by: str
    begun_ms: int
    ended_ms: int | None
    aisles: tuple[CheckedAisle, ...]


class Checklists:
    """The newest check-list of each bank. Any thread may call it."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._laid = False

    def begin(self, bank: str, aisles: tuple[int, ...], by: str, at_ms: int) -> None:
        """Begin a bank anew; what was noted before goes."""
        with self._writing() as connection:
            for table in ("checklist", "checklist_aisle", "checklist_label"):
                connection.execute(f"DELETE FROM {table} WHERE bank = ?", (bank,))  # noqa: S608 - names of ours
            connection.execute("INSERT INTO checklist VALUES (?, ?, ?, NULL)", (bank, by, at_ms))
            rows = [(bank, aisle, "waiting", by, at_ms) for aisle in aisles]
            connection.executemany("INSERT INTO checklist_aisle VALUES (?, ?, ?, ?, ?)", rows)

    def mark(self, bank: str, aisle: int, state: AisleState, by: str, at_ms: int) -> None:
        """Note how far an aisle has come."""
        with self._writing() as connection:
            connection.execute(
                "UPDATE checklist_aisle SET state = ?, by = ?, at_ms = ? WHERE bank = ? AND aisle = ?",
                (state, by, at_ms, bank, aisle),
            )

    def add_label(self, bank: str, aisle: int, label: ScannedLabel) -> None:
        """Note a label read in an aisle; the same again counts once."""
        with self._writing() as connection:
            known = connection.execute(
                "SELECT count(*) FROM checklist_label WHERE bank = ? AND aisle = ?", (bank, aisle)
            ).fetchone()[0]
            if known < LABELS_MOST:
                connection.execute(
                    "INSERT OR REPLACE INTO checklist_label VALUES (?, ?, ?, ?, ?, ?, ?)",
                    (bank, aisle, label.code, label.face, int(label.fits), label.said, label.at_ms),
                )

    def forget_labels(self, bank: str, aisle: int) -> None:
        """Drop the labels of one aisle, to read them again."""
        with self._writing() as connection:
            connection.execute("DELETE FROM checklist_label WHERE bank = ? AND aisle = ?", (bank, aisle))

    def end(self, bank: str, at_ms: int) -> None:
        """Close the check-list of a bank."""
        with self._writing() as connection:
            connection.execute("UPDATE checklist SET ended_ms = ? WHERE bank = ?", (at_ms, bank))

    def find(self, bank: str) -> Checklist | None:
        """Read the check-list of a bank, None when none was ever begun."""
        if not self._laid:
            with self._writing():
                pass
        with self._database.read() as connection:
            head = connection.execute("SELECT by, begun_ms, ended_ms FROM checklist WHERE bank = ?", (bank,)).fetchone()
            if head is None:
                return None
            aisles = connection.execute(
                "SELECT aisle, state, by, at_ms FROM checklist_aisle WHERE bank = ? ORDER BY aisle", (bank,)
            ).fetchall()
            labels = connection.execute(
                "SELECT aisle, code, face, fits, said, at_ms FROM checklist_label WHERE bank = ? ORDER BY at_ms",
                (bank,),
            ).fetchall()
        found: dict[int, list[ScannedLabel]] = {}
        for aisle, code, face, fits, said, at_ms in labels:
            found.setdefault(aisle, []).append(ScannedLabel(code, face, bool(fits), said, at_ms))
        rows = tuple(CheckedAisle(no, state, by, at, tuple(found.get(no, ()))) for no, state, by, at in aisles)
        return Checklist(bank, head[0], head[1], head[2], rows)

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._database.write() as connection:
            if not self._laid:
                for statement in SCHEMA:
                    connection.execute(statement)
                self._laid = True
            yield connection
