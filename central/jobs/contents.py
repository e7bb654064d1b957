"""The job that reads every content again on its schedule, and takes what is wrong out of use."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime

import structlog
from sqlalchemy.exc import SQLAlchemyError

from central.services.contents import ContentDue, ContentEnd, list_due_contents, settle_content
from central.store.contents import ContentStore
from central.store.gate import GateBusyError
from central.store.tx import Transactions

log = structlog.get_logger(__name__)

POLL_S = 60.0
BATCH = 20


class ContentWatch:
    """Compares contents with their names, in rounds: due ones first, a few at a time, never inside a transaction."""

    def __init__(
        self, tx: Transactions, contents: ContentStore, check_days: int, read_clock: Callable[[], datetime]
    ) -> None:
        self._tx = tx
        self._contents = contents
        self._check_days = check_days
        self._read_clock = read_clock
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
        """Check what is due; return how many contents were read."""
        self._contents.clear_incoming(self._read_clock())
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
