"""Facts on their way to the centre: numbered in an epoch, chained by hash over the very bytes stored and sent.

A record leaves only when it is safe in the centre's backup and older than 90 days (link-protocol 3, 5).
"""

from __future__ import annotations

import json
import secrets
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from edge.core.link import ZERO_HASH, EpochSpan, encode_record, hash_record
from edge.store.database import Database

KEEP_MS = 90 * 24 * 3600 * 1000
# one call deletes no more, so that nobody waits long for the writer
PRUNE_MAX = 1_000


@dataclass(frozen=True, slots=True)
class Fact:
    """A fact about to be numbered."""

    fact_id: str
    kind: str
    body: dict[str, Any]
    at: str
    at_ms: int
    clock_ok: bool
    boot: str
    mono_ms: int


class Outbox:
    """The log of one gateway. Any thread may call it."""

    def __init__(self, database: Database, wall_ms: Callable[[], int]) -> None:
        self._database = database
        self._wall_ms = wall_ms
        database.found(ensure_epoch)

    @property
    def epoch(self) -> str:
        """The epoch that numbers new facts."""
        with self._database.read() as connection:
            return newest_epoch(connection)[0]

    def append(self, connection: sqlite3.Connection, fact: Fact) -> tuple[str, int]:
        """Number and chain one fact inside the caller's transaction; answer its epoch and number."""
        epoch, head, head_hash = newest_epoch(connection)
        seq = head + 1
        line = encode_record(
            epoch=epoch,
            seq=seq,
            prev=head_hash,
            fact_id=fact.fact_id,
            kind=fact.kind,
            at=fact.at,
            clock_ok=fact.clock_ok,
            boot=fact.boot,
            mono_ms=fact.mono_ms,
            body=fact.body,
        )
        insert_record(connection, epoch, seq, fact.at_ms, line)
        return epoch, seq

    def epochs(self) -> list[EpochSpan]:
        """List the epochs on disk, oldest first."""
        with self._database.read() as connection:
            rows = connection.execute("SELECT epoch, through, head FROM epoch ORDER BY number").fetchall()
        return [EpochSpan(*row) for row in rows]

    def read_after(self, epoch: str, seq: int, limit: int) -> list[tuple[int, bytes]]:
        """Read records of an epoch above a number, as they were written."""
        with self._database.read() as connection:
            rows = connection.execute(
                "SELECT seq, line FROM record WHERE epoch = ? AND seq > ? ORDER BY seq LIMIT ?", (epoch, seq, limit)
            ).fetchall()
        return [(number, bytes(line)) for number, line in rows]

    def record_hash(self, epoch: str, seq: int) -> str | None:
        """Hash of a record: zeros for number 0, None if it isn't kept."""
        if seq == 0:
            return ZERO_HASH
        with self._database.read() as connection:
            row = connection.execute("SELECT hash FROM record WHERE epoch = ? AND seq = ?", (epoch, seq)).fetchone()
        return None if row is None else str(row[0])

    def mark_through(self, epoch: str, seq: int) -> None:
        """Note up to where the centre has committed; it may go back."""
        with self._database.write() as connection:
            connection.execute("UPDATE epoch SET through = ? WHERE epoch = ?", (seq, epoch))

    def mark_safe(self, epoch: str, seq: int) -> None:
        """Note up to where the centre's backup holds all, and delete what is safe and older than 90 days."""
        with self._database.write() as connection:
            connection.execute("UPDATE epoch SET safe = ? WHERE epoch = ?", (seq, epoch))
            connection.execute(
                "DELETE FROM record WHERE epoch = ?1 AND seq IN (SELECT seq FROM record WHERE epoch = ?1 AND seq <= ?2"
                " AND at_ms < ?3 ORDER BY seq LIMIT ?4)",
                (epoch, seq, self._wall_ms() - KEEP_MS, PRUNE_MAX),
            )

    def begin_epoch(self, after: int) -> str:
        """Draw a new epoch and record every fact above `after` again in it; the old numbers leave. One commit."""
        epoch = draw_epoch()
        with self._database.write() as connection:
            old, _, _ = newest_epoch(connection)
            rows = connection.execute(
                "SELECT at_ms, line FROM record WHERE epoch = ? AND seq > ? ORDER BY seq", (old, after)
            ).fetchall()
            connection.execute("DELETE FROM record WHERE epoch = ? AND seq > ?", (old, after))
            last = connection.execute("SELECT hash FROM record WHERE epoch = ? AND seq = ?", (old, after)).fetchone()
            connection.execute(
                "UPDATE epoch SET head = ?, head_hash = ?, through = min(through, ?) WHERE epoch = ?",
                (after, last[0] if last else ZERO_HASH, after, old),
            )
            insert_epoch(connection, epoch)
            for seq, (at_ms, line) in enumerate(rows, start=1):
                renumber_record(connection, epoch, seq, at_ms, bytes(line))
                connection.execute(
                    "UPDATE own_move SET epoch = ?, seq = ? WHERE epoch = ? AND seq = ?", (epoch, seq, old, after + seq)
                )
        return epoch

    def open_intents(self) -> list[dict[str, Any]]:
        """Read, for each bank, the newest motion if only its intent stands here: nobody knows what became of it."""
        newest: dict[str, dict[str, Any]] = {}
        with self._database.read() as connection:
            rows = connection.execute(
                "SELECT record.line FROM record JOIN epoch USING (epoch)"
                " WHERE json_extract(CAST(line AS TEXT), '$.kind') = 'motion' ORDER BY epoch.number DESC, seq DESC"
            )
            for (line,) in rows:
                body: dict[str, Any] = json.loads(line)["body"]
                newest.setdefault(body["bank"], body)
        return [body for body in newest.values() if body["phase"] == "intent"]

    def oldest_waiting_ms(self) -> int | None:
        """Wall time of the oldest fact the centre has not committed."""
        with self._database.read() as connection:
            row = connection.execute(
                "SELECT min(record.at_ms) FROM record JOIN epoch USING (epoch) WHERE record.seq > epoch.through"
            ).fetchone()
        return None if row is None or row[0] is None else int(row[0])

    def count_waiting(self) -> int:
        """Count the facts the centre has not committed."""
        with self._database.read() as connection:
            row = connection.execute("SELECT coalesce(sum(head - through), 0) FROM epoch").fetchone()
        return int(row[0])


def draw_epoch() -> str:
    """Draw 128 random bits."""
    return secrets.token_hex(16)


def ensure_epoch(connection: sqlite3.Connection) -> None:
    """Begin the first epoch of a new store."""
    if connection.execute("SELECT 1 FROM epoch").fetchone() is None:
        insert_epoch(connection, draw_epoch())


def newest_epoch(connection: sqlite3.Connection) -> tuple[str, int, str]:
    """Read the epoch in use with its head and the head's hash."""
    row = connection.execute("SELECT epoch, head, head_hash FROM epoch ORDER BY number DESC LIMIT 1").fetchone()
    return str(row[0]), int(row[1]), str(row[2])


def insert_epoch(connection: sqlite3.Connection, epoch: str) -> None:
    """Begin an epoch at nothing."""
    connection.execute(
        "INSERT INTO epoch (epoch, head, head_hash, through, safe) VALUES (?, 0, ?, 0, 0)", (epoch, ZERO_HASH)
    )


def insert_record(connection: sqlite3.Connection, epoch: str, seq: int, at_ms: int, line: bytes) -> None:
    """Store a record and make it the head of its epoch."""
    digest = hash_record(line)
    connection.execute(
        "INSERT INTO record (epoch, seq, at_ms, hash, line) VALUES (?, ?, ?, ?, ?)", (epoch, seq, at_ms, digest, line)
    )
    connection.execute("UPDATE epoch SET head = ?, head_hash = ? WHERE epoch = ?", (seq, digest, epoch))


def renumber_record(connection: sqlite3.Connection, epoch: str, seq: int, at_ms: int, line: bytes) -> None:
    """Record a fact again in a new epoch: same id, kind, time and body, new number and chain."""
    old = json.loads(line)
    _, _, head_hash = newest_epoch(connection)
    again = encode_record(
        epoch=epoch,
        seq=seq,
        prev=head_hash,
        fact_id=old["id"],
        kind=old["kind"],
        at=old["at"],
        clock_ok=old["clock_ok"],
        boot=old["boot"],
        mono_ms=old["mono_ms"],
        body=old["body"],
    )
    insert_record(connection, epoch, seq, at_ms, again)
