"""The gateway's one SQLite file: WAL, synchronous FULL, one writer at a time; and names for what may be wrong with it.

The only place of the gateway that commits. The file is opened at first use, and tried again at every later use while
the disk does not let it be opened: a gateway that starts on a full disk is there, and waits.
"""

from __future__ import annotations

import errno
import os
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

FILE_NAME = "gateway.sqlite3"
# somebody outside holds the file; our own threads take turns by a lock
BUSY_TIMEOUT_MS = 50
# with less room than this the file can't be opened, whatever error the disk answers with
ROOM_BYTES = 64 * 1024

Condition = Literal["full", "locked", "failed"]

# a step that holds a reading of an event ring; an index finds these few among millions
RING_STEP = 'substr(event, 1, 10) = CAST(\'{"!":"Ring\' AS BLOB)'

SCHEMA = f"""
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS segment (
    id INTEGER PRIMARY KEY, started_ms INTEGER NOT NULL, code_version TEXT NOT NULL, first_step INTEGER NOT NULL,
    follows INTEGER NOT NULL, bytes INTEGER NOT NULL, checkpoint BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS step (
    number INTEGER PRIMARY KEY, mono_ms INTEGER NOT NULL, wall TEXT NOT NULL, clock_ok INTEGER NOT NULL,
    event BLOB NOT NULL, effects BLOB NOT NULL);
DROP INDEX IF EXISTS step_of_ring;
CREATE INDEX IF NOT EXISTS step_of_rings ON step (number) WHERE {RING_STEP};
CREATE TABLE IF NOT EXISTS command (
    id TEXT PRIMARY KEY, result TEXT NOT NULL, reason TEXT, at_ms INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS epoch (
    number INTEGER PRIMARY KEY, epoch TEXT NOT NULL UNIQUE, head INTEGER NOT NULL, head_hash TEXT NOT NULL,
    through INTEGER NOT NULL, safe INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS record (
    epoch TEXT NOT NULL, seq INTEGER NOT NULL, at_ms INTEGER NOT NULL, hash TEXT NOT NULL, line BLOB NOT NULL,
    PRIMARY KEY (epoch, seq)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS feed_row (
    kind TEXT NOT NULL, key TEXT NOT NULL, revision INTEGER NOT NULL, body TEXT NOT NULL, part TEXT NOT NULL,
    up_epoch TEXT, as_of_up INTEGER NOT NULL, PRIMARY KEY (kind, key)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS shadow_row (
    kind TEXT NOT NULL, key TEXT NOT NULL, revision INTEGER NOT NULL, body TEXT NOT NULL, part TEXT NOT NULL,
    up_epoch TEXT, as_of_up INTEGER NOT NULL, PRIMARY KEY (kind, key)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS place_by_code ON feed_row (json_extract(body, '$.code')) WHERE kind = 'place';
CREATE TABLE IF NOT EXISTS own_move (
    box_code TEXT PRIMARY KEY, epoch TEXT NOT NULL, seq INTEGER NOT NULL, movement_id TEXT NOT NULL,
    state TEXT NOT NULL, place_key TEXT, holder_code TEXT,
    before_state TEXT NOT NULL, before_place TEXT, before_holder TEXT) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS standing (
    box_code TEXT PRIMARY KEY, state TEXT NOT NULL, place_key TEXT, holder_code TEXT) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS standing_by_place ON standing (place_key) WHERE place_key IS NOT NULL;
CREATE TABLE IF NOT EXISTS pin_try (
    staff_code TEXT PRIMARY KEY, failures INTEGER NOT NULL, last_ms INTEGER NOT NULL, pin_hash TEXT NOT NULL
    ) WITHOUT ROWID;
"""


class StoreUnavailableError(sqlite3.OperationalError):
    """The disk can't take what must be kept; `condition` names why."""

    def __init__(self, condition: Condition, detail: str) -> None:
        super().__init__(detail)
        self.condition = condition


class Database:
    """One file, one writing connection under a lock, one reading connection per thread."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / FILE_NAME
        self._lock = threading.RLock()
        self._local = threading.local()
        self._readers: list[sqlite3.Connection] = []
        self._writer: sqlite3.Connection | None = None
        self._founders: list[Callable[[sqlite3.Connection], None]] = []
        self._depth = 0

    def found(self, founder: Callable[[sqlite3.Connection], None]) -> None:
        """Let a part of the store lay what it needs, in a transaction when the file is opened."""
        self._founders.append(founder)

    def open(self) -> sqlite3.Connection:
        """Open or make the file and answer the writing connection; StoreUnavailableError if the disk won't let it."""
        with self._lock:
            if self._writer is None:
                try:
                    self._writer = self._open_file()
                except (sqlite3.Error, OSError) as error:
                    raise self._name_open_fault(error) from error
            return self._writer

    def _open_file(self) -> sqlite3.Connection:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        writer = connect(self.path)
        try:
            writer.executescript(SCHEMA)
            writer.execute("BEGIN")
            for founder in self._founders:
                founder(writer)
            writer.execute("COMMIT")
            sync_folder(self.path.parent)
        except BaseException:
            writer.close()
            raise
        return writer

    def _name_open_fault(self, error: sqlite3.Error | OSError) -> StoreUnavailableError:
        fault = name_fault(error)
        if fault.condition == "failed" and is_disk_full(self.path.parent):
            return StoreUnavailableError("full", str(error))
        return fault

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """Run one transaction, on disk when the block is left; StoreUnavailableError if the disk won't take it."""
        with self._lock:
            writer = self.open()
            if self._depth:
                yield writer  # part of the transaction that is open in this thread
                return
            self._depth += 1
            try:
                writer.execute("BEGIN IMMEDIATE")
                yield writer
                writer.execute("COMMIT")
            except sqlite3.Error as error:
                roll_back(writer)
                raise name_fault(error) from error
            except BaseException:
                roll_back(writer)
                raise
            finally:
                self._depth -= 1

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """Read what is committed; never waits for the writer."""
        self.open()
        try:
            yield self._find_reader()
        except sqlite3.Error as error:
            raise name_fault(error) from error

    def _find_reader(self) -> sqlite3.Connection:
        reader: sqlite3.Connection | None = getattr(self._local, "reader", None)
        if reader is None:
            reader = connect(self.path)
            reader.execute("PRAGMA query_only = ON")
            self._local.reader = reader
            with self._lock:
                self._readers.append(reader)
        return reader

    def close(self) -> None:
        """Close all connections; no thread may use the store any more."""
        with self._lock:
            for reader in self._readers:
                reader.close()
            if self._writer is not None:
                self._writer.close()


def roll_back(connection: sqlite3.Connection) -> None:
    """Undo what is open of a transaction."""
    if connection.in_transaction:
        connection.execute("ROLLBACK")


def connect(path: Path) -> sqlite3.Connection:
    """Open the file so that a commit means "on disk"."""
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, cached_statements=256)
    try:
        connection.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA wal_autocheckpoint = 256")
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def sync_folder(folder: Path) -> None:
    """Make the new file's name survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def is_disk_full(folder: Path) -> bool:
    """Tell whether the disk has no room to speak of."""
    try:
        found = os.statvfs(folder)
    except OSError:
        return False
    return found.f_bavail * found.f_frsize < ROOM_BYTES


def name_fault(error: sqlite3.Error | OSError) -> StoreUnavailableError:
    """Name what is wrong with the disk."""
    if isinstance(error, StoreUnavailableError):
        return error
    if isinstance(error, OSError):
        full = error.errno in {errno.ENOSPC, errno.EDQUOT}
        return StoreUnavailableError("full" if full else "failed", str(error))
    code = getattr(error, "sqlite_errorcode", None)
    primary = code & 0xFF if code is not None else None
    # a write that a quota or a full tmpfs cuts short surfaces as an I/O error of writing
    short_write = {sqlite3.SQLITE_IOERR_WRITE, sqlite3.SQLITE_IOERR_SHMSIZE, sqlite3.SQLITE_IOERR_TRUNCATE}
    if primary == sqlite3.SQLITE_FULL or code in short_write:
        return StoreUnavailableError("full", str(error))
    if primary in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
        return StoreUnavailableError("locked", str(error))
    return StoreUnavailableError("failed", str(error))


def read_meta(connection: sqlite3.Connection, name: str) -> str | None:
    """Read one named value."""
    row = connection.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()
    return None if row is None else str(row[0])


def write_meta(connection: sqlite3.Connection, name: str, value: str) -> None:
    """Write one named value."""
    connection.execute("INSERT OR REPLACE INTO meta (name, value) VALUES (?, ?)", (name, value))
