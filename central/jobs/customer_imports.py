"""Takes files of customers in and works on them step by step, so that no write holds the gate for long."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import BinaryIO, Final

import structlog
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from central.domain.customer_files import BadTableError, CustomerLine, RowReader, TableFault, read_headings
from central.domain.people import Actor
from central.domain.refusals import Reason, Refusal
from central.services.customer_imports import (
    begin_import,
    cancel_import,
    check_right,
    drop_import,
    find_obstacles,
    finish_staging,
    load_look_ups,
    run_step,
    stage_lines,
    start_applying,
    start_reversal,
)
from central.store.customers import ImportRow
from central.store.gate import GateBusyError
from central.store.table_files import SheetLimits, open_rows
from central.store.tx import Transactions

log = structlog.get_logger(__name__)

POLL_S: Final = 1.0
FILE_MIB: Final = 64
#: Rows of one transaction: on SQLite everyone else waits meanwhile, on PostgreSQL nobody does.
GATED_ROWS: Final = 60
FREE_ROWS: Final = 5_000
#: A file that was being read so long ago is left of a process that died.
LEFT_AFTER: Final = timedelta(hours=1)


class CustomerImports:
    """Stages files in the thread of who sends them; applies and takes back in a thread of its own."""

    def __init__(self, tx: Transactions, read_clock: Callable[[], datetime], limits: SheetLimits | None = None) -> None:
        self._tx = tx
        self._read_clock = read_clock
        self._limits = limits or SheetLimits()
        self._chunk = FREE_ROWS if tx.gate is None else GATED_ROWS
        self._awake = threading.Event()
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to work in a thread of its own."""
        self._thread = threading.Thread(target=self._run, name="customer-imports", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop after the step under way; the next start goes on."""
        self._ended.set()
        self._awake.set()
        if self._thread is not None:
            self._thread.join(10)

    def take_file(self, actor: Actor, name: str, file: BinaryIO) -> str:
        """Read a file whole, check each row and stage it; return the import's id. Refused, nothing is left of it."""
        check_right(actor)
        digest = _hash_file(file)
        with self._tx.read() as session:
            look_ups = load_look_ups(session)
        import_id: str | None = None
        try:
            with open_rows(file, self._limits) as rows:
                headings = read_headings(_first(rows))
                reader = RowReader(headings, look_ups.teams, look_ups.handlers)
                with self._tx.write() as session:
                    import_id = begin_import(session, actor, name, digest, self._read_clock())
                self._stage(import_id, reader, rows)
            with self._tx.write() as session:
                finish_staging(session, import_id, headings)
        except BaseException as error:
            if import_id is not None:
                with self._tx.write() as session:
                    drop_import(session, import_id)
                self._awake.set()
            if isinstance(error, BadTableError):
                raise Refusal(Reason.BAD_TABLE, details=(error.fault.value,)) from error
            raise
        return import_id

    def apply(self, actor: Actor, import_id: str) -> None:
        """Let the rows without a fault be applied."""
        with self._tx.write() as session:
            start_applying(session, actor, import_id)
        self._awake.set()

    def cancel(self, actor: Actor, import_id: str) -> None:
        """Drop a file, or take back what was applied of it so far."""
        with self._tx.write() as session:
            cancel_import(session, actor, import_id)
        self._awake.set()

    def reverse(self, actor: Actor, import_id: str) -> None:
        """Let an applied file be taken back; refuse when some of its customers are in use."""
        with self._tx.read() as session:
            obstacles = find_obstacles(session, actor, import_id)
        if obstacles:
            raise Refusal(Reason.IMPORT_IN_USE, details=obstacles)
        with self._tx.write() as session:
            start_reversal(session, actor, import_id)
        self._awake.set()

    def run_step(self) -> bool:
        """Do one step; return whether there was one."""
        with self._tx.write() as session:
            return run_step(session, self._chunk, self._read_clock()) is not None

    def run_all(self) -> None:
        """Do every step that there is."""
        while self.run_step():
            pass

    def drop_left(self) -> None:
        """Drop files whose reading a process began and did not end."""
        before = self._read_clock() - LEFT_AFTER
        with self._tx.read() as session:
            left = session.scalars(
                select(ImportRow.id).where(ImportRow.state == "staging", ImportRow.created_at < before)
            ).all()
        for import_id in left:
            with self._tx.write() as session:
                drop_import(session, import_id)

    def _stage(self, import_id: str, reader: RowReader, rows: Iterator[list[str]]) -> None:
        count = 0
        for lines in _batch(reader, rows, self._chunk):
            count += len(lines)
            with self._tx.write() as session:
                stage_lines(session, import_id, lines)
        if count == 0:
            raise BadTableError(TableFault.EMPTY)

    def _run(self) -> None:
        while not self._ended.is_set():
            self._awake.clear()
            try:
                self.drop_left()
                while not self._ended.is_set() and self.run_step():
                    pass
            except (SQLAlchemyError, GateBusyError) as error:
                log.warning("customer_import_waits", error=str(error))
            self._awake.wait(POLL_S)


def _hash_file(file: BinaryIO) -> str:
    """Return the SHA-256 of a file; refuse one that is too large for a table."""
    digest, size = hashlib.sha256(), 0
    file.seek(0)
    while piece := file.read(1 << 20):
        size += len(piece)
        if size > FILE_MIB << 20:
            raise Refusal(Reason.TOO_LARGE)
        digest.update(piece)
    return digest.hexdigest()


def _first(rows: Iterator[list[str]]) -> list[str]:
    for cells in rows:
        return cells
    raise BadTableError(TableFault.EMPTY)


def _batch(reader: RowReader, rows: Iterator[list[str]], size: int) -> Iterator[list[CustomerLine]]:
    """Yield rows in batches; the headings are row 1."""
    lines: list[CustomerLine] = []
    for number, cells in enumerate(rows, start=2):
        line = reader.read_row(number, cells)
        if line is not None:
            lines.append(line)
        if len(lines) == size:
            yield lines
            lines = []
    if lines:
        yield lines
