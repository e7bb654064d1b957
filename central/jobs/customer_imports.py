"""Takes files of customers in and works on them step by step, so that no write holds the gate for long."""

from __future__ import annotations

import hashlib
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from functools import partial
from typing import Any, BinaryIO, Final

import structlog
from sqlalchemy import ColumnElement, exists, select
from sqlalchemy.exc import SQLAlchemyError

from central.domain.customer_files import BadTableError, CustomerLine, RowReader, TableFault, read_headings
from central.domain.people import Actor
from central.domain.refusals import Reason, Refusal
from central.services.customer_import_files import (
    LookUps,
    Reader,
    Staged,
    add_piece,
    begin_import,
    claim_staging,
    drop_import,
    drop_piece,
    finish_receiving,
    finish_staging,
    leave_staging,
    load_look_ups,
    load_pieces,
    refuse_file,
    stage_lines,
)
from central.services.customer_imports import (
    cancel_import,
    check_right,
    find_obstacles,
    run_step,
    start_applying,
    start_reversal,
)
from central.store.customers import ImportPieceRow, ImportRow
from central.store.gate import GateBusyError
from central.store.ids import new_id
from central.store.table_files import SheetLimits, check_parts, is_sheet, open_rows
from central.store.tx import Transactions

log = structlog.get_logger(__name__)

POLL_S: Final = 1.0
FILE_MIB: Final = 64
#: Rows of one transaction at most: on SQLite everyone else waits meanwhile, on PostgreSQL nobody does.
GATED_ROWS: Final = 60
FREE_ROWS: Final = 5_000
LEAST_ROWS: Final = 15
#: How long one write may usually hold the gate, 10 ms of it for no row at all: now and then it takes twice as long.
AIM_S: Final = 0.025
PIECE_BYTES: Final = 512 << 10
FILE_PREFIX: Final = "openaisle-import-"
#: A file that began to come in so long ago is left of a process that died.
LEFT_AFTER: Final = timedelta(hours=1)


class Pace:
    """How many rows go into one write; fewer where writes take longer than they should, as when rows change others."""

    def __init__(self, most: int, aim_s: float | None) -> None:
        self.rows = most
        self._most = most
        self._aim_s = aim_s

    def note(self, taken_s: float) -> None:
        """Follow what the last write took, but not every jerk of the disk."""
        if self._aim_s is not None:
            fitting = self.rows * min(2.0, max(0.5, self._aim_s / max(taken_s, 1e-6)))
            self.rows = round(min(self._most, max(LEAST_ROWS, (self.rows + fitting) / 2)))


class CustomerImports:
    """Keeps files in the thread of who sends them; reads, applies and takes back in a thread of its own."""

    def __init__(self, tx: Transactions, read_clock: Callable[[], datetime], limits: SheetLimits | None = None) -> None:
        self._tx = tx
        self._read_clock = read_clock
        self._limits = limits or SheetLimits()
        self._pace = Pace(FREE_ROWS, None) if tx.gate is None else Pace(GATED_ROWS, AIM_S)
        # On SQLite the centre is one process: whoever was reading before is dead.
        self._reader = Reader(new_id(), alone=tx.gate is not None)
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
        """Keep a file whole and return the import's id. What is no table at a glance is refused; nothing is left of it.

        It is read, and each of its rows checked, in a thread of our own: whoever sent it may leave and come back.
        """
        check_right(actor)
        digest = _hash_file(file)
        try:
            _check_head(file, self._limits)
        except BadTableError as error:
            raise Refusal(Reason.BAD_TABLE, details=(error.fault.value,)) from error
        with self._tx.write() as session:
            import_id = begin_import(session, actor, name, digest, self._read_clock())
        try:
            file.seek(0)
            for number, data in enumerate(iter(partial(file.read, PIECE_BYTES), b""), 1):
                with self._tx.write() as session:
                    add_piece(session, import_id, number, data)
            with self._tx.write() as session:
                finish_receiving(session, import_id)
        except BaseException:
            with self._tx.write() as session:
                drop_import(session, import_id)
            raise
        finally:
            self._awake.set()
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
        """Do one step of an import that was read; return whether there was one."""
        with self._tx.write() as session:
            started = time.perf_counter()
            done = run_step(session, self._pace.rows, self._read_clock()) is not None
        if done:
            self._pace.note(time.perf_counter() - started)
        return done

    def read_next(self) -> bool:
        """Read the next file that was sent, check each row and stage it; return whether there was one."""
        if not self._has(ImportRow, ImportRow.state == "staging"):
            return False
        with self._tx.write() as session:
            import_id = claim_staging(session, self._reader, self._read_clock())
        if import_id is None:
            return False
        try:
            self._read(import_id)
        except Refusal:
            # Canceled meanwhile, or another process took it over.
            log.info("customer_import_left", import_id=import_id)
        return True

    def run_all(self) -> None:
        """Do everything that there is to do."""
        while self.read_next() or self.run_step() or self._drop_piece():
            pass

    def drop_left(self) -> None:
        """Drop files whose upload a process began and did not end."""
        before = self._read_clock() - LEFT_AFTER
        with self._tx.read() as session:
            left = session.scalars(
                select(ImportRow.id).where(ImportRow.state == "receiving", ImportRow.created_at < before)
            ).all()
        for import_id in left:
            with self._tx.write() as session:
                drop_import(session, import_id)

    def _read(self, import_id: str) -> None:
        with tempfile.TemporaryFile(prefix=FILE_PREFIX) as file:
            with self._tx.read() as session:
                for data in load_pieces(session, import_id):
                    file.write(data)
                look_ups = load_look_ups(session)
            try:
                self._stage(import_id, file, look_ups)
            except BadTableError as error:
                with self._tx.write() as session:
                    refuse_file(session, import_id, error.fault)

    def _stage(self, import_id: str, file: BinaryIO, look_ups: LookUps) -> None:
        with open_rows(file, self._limits) as rows:
            headings = read_headings(_first(rows))
            reader, count = RowReader(headings, look_ups.teams, look_ups.handlers), 0
            for lines in _batch(reader, rows, self._pace):
                count += len(lines)
                staged = Staged(import_id, lines, rows.share)
                with self._tx.write() as session:
                    started = time.perf_counter()
                    stage_lines(session, self._reader, staged, self._read_clock())
                self._pace.note(time.perf_counter() - started)
                if self._ended.is_set():
                    with self._tx.write() as session:
                        leave_staging(session, self._reader, import_id)
                    return
        if count == 0:
            raise BadTableError(TableFault.EMPTY)
        with self._tx.write() as session:
            finish_staging(session, import_id, headings)

    def _has(self, kind: type[Any], *where: ColumnElement[bool]) -> bool:
        """Look before writing: most rounds find nothing to do, and a write would keep others waiting."""
        with self._tx.read() as session:
            return session.scalar(select(exists(select(kind).where(*where)))) or False

    def _drop_piece(self) -> bool:
        if not self._has(ImportPieceRow):
            return False
        with self._tx.write() as session:
            return drop_piece(session)

    def _run(self) -> None:
        while not self._ended.is_set():
            self._awake.clear()
            try:
                self.drop_left()
                while not self._ended.is_set() and (self.read_next() or self.run_step() or self._drop_piece()):
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


def _check_head(file: BinaryIO, limits: SheetLimits) -> None:
    """Refuse at once what needs no reading of all rows: whoever sent it still looks at the form."""
    if is_sheet(file):
        check_parts(file, limits)
        return
    with open_rows(file, limits) as rows:
        read_headings(_first(rows))


def _first(rows: Iterable[list[str]]) -> list[str]:
    for cells in rows:
        return cells
    raise BadTableError(TableFault.EMPTY)


def _batch(reader: RowReader, rows: Iterable[list[str]], pace: Pace) -> Iterator[list[CustomerLine]]:
    """Yield rows in batches; the headings are row 1."""
    lines: list[CustomerLine] = []
    for number, cells in enumerate(rows, start=2):
        line = reader.read_row(number, cells)
        if line is not None:
            lines.append(line)
        if len(lines) >= pace.rows:
            yield lines
            lines = []
    if lines:
        yield lines
