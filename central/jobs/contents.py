"""The job that reads every content again on its schedule, takes what is wrong out of use, and clears what is left."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta

import structlog
from sqlalchemy.exc import SQLAlchemyError

from central.metrics import Metrics
from central.services.contents import (
    ContentDue,
    ContentEnd,
    find_known,
    list_due_contents,
    note_cleared,
    settle_content,
)
from central.settings import ContentsSettings
from central.store.contents import ContentStore
from central.store.gate import GateBusyError
from central.store.tx import Transactions

log = structlog.get_logger(__name__)

POLL_S = 60.0
BATCH = 20
FOLDERS = 256
#: Folders of contents that one round looks through for what nothing refers to.
FOLDERS_AT_ONCE = 16


class ContentWatch:
    """Compares contents with their names, in rounds: due ones first, a few at a time, never inside a transaction."""

    def __init__(
        self,
        tx: Transactions,
        contents: ContentStore,
        settings: ContentsSettings,
        read_clock: Callable[[], datetime],
        metrics: Metrics,
    ) -> None:
        self._tx = tx
        self._contents = contents
        self._check_days = settings.check_days
        self._unowned_for = timedelta(days=settings.unowned_days)
        self._read_clock = read_clock
        self._metrics = metrics
        self._folder = 0
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to work in a thread of its own."""
        self._thread = threading.Thread(target=self._run, name="contents", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop after the content that is being read."""
        self._ended.set()
        if self._thread is not None:
            self._thread.join(30)

    def run_round(self) -> int:
        """Check what is due, and clear what nothing refers to; return how many contents were read."""
        self._contents.clear_incoming(self._read_clock())
        self._clear_unowned()
        with self._tx.read() as session:
            due = list_due_contents(session, self._read_clock(), BATCH)
        for each in due:
            if self._ended.is_set():
                break
            end = self._check(each)
            with self._tx.write() as session:
                settle_content(session, each.sha256, end, self._check_days, self._read_clock())
            if end is not ContentEnd.GOOD:
                log.error("content_not_right", sha256=each.sha256, end=end.value)
        return len(due)

    def _clear_unowned(self) -> None:
        """Delete bytes whose upload died before it was written down: set aside in one round, deleted in a later one."""
        now = self._read_clock()
        before = now - self._unowned_for
        aside = self._contents.list_aside()
        with self._tx.read() as session:
            known = find_known(session, aside)
        for sha256 in aside:
            if sha256 in known or not self._contents.is_aside_since(sha256, before):
                self._contents.put_back(sha256)
            elif size_bytes := self._contents.clear_aside(sha256):
                with self._tx.write() as session:
                    note_cleared(session, sha256, size_bytes, now)
                self._metrics.count("openaisle_central_contents_cleared_total")
                log.info("content_cleared", sha256=sha256, size_bytes=size_bytes)
        for folder in range(self._folder, self._folder + FOLDERS_AT_ONCE):
            old = self._contents.list_old(f"{folder:02x}", before)
            with self._tx.read() as session:
                known = find_known(session, old)
            for sha256 in sorted(set(old) - known):
                self._contents.set_aside(sha256, before)
        self._folder = (self._folder + FOLDERS_AT_ONCE) % FOLDERS

    def _check(self, due: ContentDue) -> ContentEnd:
        if not self._contents.has(due.sha256):
            return ContentEnd.MISSING
        try:
            right = self._contents.is_right(due.sha256)
        except OSError as error:
            # A disk that can't be read now may be readable later: the next round sees.
            log.warning("content_not_read", sha256=due.sha256, error=str(error))
            return ContentEnd.UNREAD
        if right:
            return ContentEnd.GOOD
        self._contents.quarantine(due.sha256)
        return ContentEnd.WRONG

    def _run(self) -> None:
        while not self._ended.is_set():
            try:
                checked = self.run_round()
            except (SQLAlchemyError, GateBusyError, OSError) as error:
                log.warning("contents_wait", error=str(error)[:200])
                checked = 0
            if checked < BATCH:
                self._ended.wait(POLL_S)
