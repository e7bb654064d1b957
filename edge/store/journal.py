"""The recorder: every event with its moment and its effects, in segments that begin with the whole state.

Facts and intents commit at once, together with all events before them; the rest within 200 ms (the runtime's duty).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from edge.core.effects import Effect
from edge.core.events import Event, Now
from edge.core.state import State
from edge.store.database import Database
from edge.store.encoding import EncodingError, decode, encode

SEGMENT_BYTES = 4 * 1024 * 1024
COMMANDS_KEPT_MS = 24 * 3600 * 1000
DAY_MS = 24 * 3600 * 1000


@dataclass(frozen=True, slots=True)
class Step:
    """One event, its moment and what was decided."""

    event: Event
    now: Now
    effects: Sequence[Effect]


@dataclass(frozen=True, slots=True)
class Segment:
    """A run of steps from a known state. `follows`: its state is what the steps before lead to."""

    id: int
    code_version: str
    first_step: int
    follows: bool
    checkpoint: State


class Journal:
    """The journal of one gateway. Only the executor writes it."""

    def __init__(
        self, database: Database, wall_ms: Callable[[], int], *, keep_days: int = 7, limit_mb: int = 512
    ) -> None:
        self._database = database
        self._wall_ms = wall_ms
        self._keep_ms = keep_days * DAY_MS
        self._limit_bytes = limit_mb * 1024 * 1024
        self._segment = 0
        self._segment_bytes = 0
        self._next_step = 1

    @property
    def needs_segment(self) -> bool:
        """Tell whether the next step should begin a new segment."""
        return self._segment == 0 or self._segment_bytes >= SEGMENT_BYTES

    def begin_segment(self, state: State, code_version: str, *, follows: bool) -> None:
        """Begin a segment with the whole state, and drop what is too old or too much. One commit."""
        checkpoint = encode(state)
        with self._database.write() as connection:
            row = connection.execute("SELECT coalesce(max(number), 0) + 1 FROM step").fetchone()
            last = connection.execute("SELECT coalesce(max(first_step), 1) FROM segment").fetchone()
            first = max(int(row[0]), int(last[0]))
            cursor = connection.execute(
                "INSERT INTO segment (started_ms, code_version, first_step, follows, bytes, checkpoint)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                (self._wall_ms(), code_version, first, int(follows), len(checkpoint), checkpoint),
            )
            self._prune(connection)
        self._segment = int(cursor.lastrowid or 0)
        self._segment_bytes = 0
        self._next_step = first

    def write_steps(self, connection: sqlite3.Connection, steps: Sequence[Step]) -> int:
        """Write steps inside the caller's transaction; answer their bytes. `note_written` follows the commit."""
        size = 0
        rows = []
        for offset, step in enumerate(steps):
            event, effects = encode(step.event), encode(tuple(step.effects))
            size += len(event) + len(effects) + 48
            now = step.now
            rows.append(
                (self._next_step + offset, now.mono_ms, now.wall_at.isoformat(), int(now.clock_ok), event, effects)
            )
        connection.executemany("INSERT INTO step VALUES (?, ?, ?, ?, ?, ?)", rows)
        connection.execute("UPDATE segment SET bytes = bytes + ? WHERE id = ?", (size, self._segment))
        return size

    def note_written(self, count: int, size: int) -> None:
        """Go on behind what was committed."""
        self._next_step += count
        self._segment_bytes += size

    def remember_command(self, connection: sqlite3.Connection, answer: tuple[str, str, str | None]) -> None:
        """Keep the answer to a command, inside the caller's transaction."""
        connection.execute("INSERT OR IGNORE INTO command VALUES (?, ?, ?, ?)", (*answer, self._wall_ms()))

    def find_command(self, command_id: str) -> tuple[str, str | None] | None:
        """Find the answer given to a command."""
        with self._database.read() as connection:
            row = connection.execute("SELECT result, reason FROM command WHERE id = ?", (command_id,)).fetchone()
        return None if row is None else (str(row[0]), row[1])

    def _prune(self, connection: sqlite3.Connection) -> None:
        """Drop whole segments, oldest first, and commands long answered; the newest segment stays."""
        now_ms = self._wall_ms()
        rows = connection.execute("SELECT id, started_ms, bytes FROM segment ORDER BY id DESC").fetchall()
        total, kept = 0, rows[0][0]
        for number, started_ms, size in rows:
            total += size
            if total > self._limit_bytes or now_ms - started_ms > self._keep_ms:
                break
            kept = number
        first = connection.execute("SELECT first_step FROM segment WHERE id = ?", (kept,)).fetchone()[0]
        connection.execute("DELETE FROM step WHERE number < ?", (first,))
        connection.execute("DELETE FROM segment WHERE id < ?", (kept,))
        connection.execute("DELETE FROM command WHERE at_ms < ?", (now_ms - COMMANDS_KEPT_MS,))


def list_segments(database: Database) -> list[int]:
    """List the segments, oldest first."""
    with database.read() as connection:
        return [int(row[0]) for row in connection.execute("SELECT id FROM segment ORDER BY id")]


def read_segment(database: Database, number: int) -> Segment:
    """Read one segment with the state it begins at; EncodingError if this code can't read it."""
    with database.read() as connection:
        row = connection.execute(
            "SELECT id, code_version, first_step, follows, checkpoint FROM segment WHERE id = ?", (number,)
        ).fetchone()
    state = decode(row[4])
    if not isinstance(state, State):
        raise EncodingError(f"segment {number} does not begin with a state")
    return Segment(int(row[0]), str(row[1]), int(row[2]), bool(row[3]), state)


def last_segment(database: Database) -> Segment | None:
    """Read the newest segment."""
    with database.read() as connection:
        row = connection.execute("SELECT max(id) FROM segment").fetchone()
    return None if row is None or row[0] is None else read_segment(database, int(row[0]))


def read_steps(database: Database, segment: Segment) -> Iterator[Step]:
    """Read the steps of a segment in order."""
    with database.read() as connection:
        after = connection.execute("SELECT min(first_step) FROM segment WHERE id > ?", (segment.id,)).fetchone()[0]
        rows: list[Any] = connection.execute(
            "SELECT mono_ms, wall, clock_ok, event, effects FROM step WHERE number >= ? AND number < ? ORDER BY number",
            (segment.first_step, after if after is not None else 2**62),
        ).fetchall()
    for mono_ms, wall, clock_ok, event, effects in rows:
        yield Step(decode(event), Now(mono_ms, datetime.fromisoformat(wall), bool(clock_ok)), decode(effects))
