"""One segment of the journal as a store of its own, zipped: unpacked in an empty folder it can be replayed anywhere."""

from __future__ import annotations

import sqlite3
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

from edge.store.database import FILE_NAME, SCHEMA, Database

STEPS_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class SegmentRow:
    """One segment as a list shows it."""

    id: int
    started_ms: int
    code_version: str
    size_bytes: int
    steps: int


def list_segment_rows(database: Database) -> list[SegmentRow]:
    """List the segments kept, newest first."""
    with database.read() as connection:
        rows = connection.execute(
            "SELECT id, started_ms, code_version, bytes, first_step FROM segment ORDER BY id DESC"
        ).fetchall()
        last = connection.execute("SELECT coalesce(max(number), 0) FROM step").fetchone()[0]
    ends = [last + 1, *(row[4] for row in rows)]
    return [
        SegmentRow(number, started_ms, version, size, max(0, end - first))
        for (number, started_ms, version, size, first), end in zip(rows, ends, strict=False)
    ]


def export_segment(database: Database, number: int) -> bytes | None:
    """Zip one segment with its steps; None when it isn't kept any more."""
    with tempfile.TemporaryDirectory(prefix="openaisle-") as folder:
        copy = Path(folder) / FILE_NAME
        target = sqlite3.connect(copy, isolation_level=None)
        try:
            target.executescript(SCHEMA)
            if not copy_segment(database, number, target):
                return None
        finally:
            target.close()
        packed = Path(folder) / "segment.zip"
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.write(copy, FILE_NAME)
        return packed.read_bytes()


def copy_segment(database: Database, number: int, target: sqlite3.Connection) -> bool:
    """Copy a segment and its steps into another file; False when it isn't there."""
    with database.read() as connection:
        segment = connection.execute("SELECT * FROM segment WHERE id = ?", (number,)).fetchone()
        if segment is None:
            return False
        names = [each[1] for each in connection.execute("PRAGMA table_info(segment)")]
        first = segment[names.index("first_step")]
        after = connection.execute("SELECT min(first_step) FROM segment WHERE id > ?", (number,)).fetchone()[0]
        target.execute("BEGIN")
        marks = ", ".join("?" * len(segment))
        target.execute(f"INSERT INTO segment VALUES ({marks})", segment)  # noqa: S608 - question marks only
        steps = connection.execute(
            "SELECT * FROM step WHERE number >= ? AND number < ? ORDER BY number",
            (first, after if after is not None else 2**62),
        )
        while rows := steps.fetchmany(STEPS_AT_ONCE):
            marks = ", ".join("?" * len(rows[0]))
            target.executemany(f"INSERT INTO step VALUES ({marks})", rows)  # noqa: S608 - question marks only
        target.execute("COMMIT")
    return True
