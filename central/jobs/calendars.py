"""The job that counts dates of open cases anew after the calendar changed: in small steps, from where it stopped."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta

import structlog
from sqlalchemy.exc import SQLAlchemyError

from central.services.calendars import find_revision, list_stale_cases, recount_cases
from central.store.gate import GateBusyError
from central.store.tx import Transactions

log = structlog.get_logger(__name__)

POLL_S = 2.0
#: Cases of one transaction: it must not hold up others on SQLite.
CASES_AT_ONCE = 3
CASES_LISTED = 200
#: News that was being written while the calendar changed is found by another walk.
WALK_AGAIN = timedelta(minutes=30)


class CalendarRecount:
    """Walks over the cases once per revision; the mark of what is done is the revision in each row."""

    def __init__(self, tx: Transactions, read_clock: Callable[[], datetime]) -> None:
        self._tx = tx
        self._read_clock = read_clock
        self._done_revision = 0
        self._walked_at: datetime | None = None
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="calendar", daemon=True)

    def start(self) -> None:
        """Begin to work in a thread of its own."""
        self._thread.start()

    def close(self) -> None:
        """Stop after the step at hand; the rest is found again at the next start."""
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join(10)

    def run_round(self) -> int:
        """Count anew whatever is due; return how many cases that were."""
        now = self._read_clock()
        with self._tx.read() as session:
            revision = find_revision(session)
        fresh = self._walked_at is not None and now - self._walked_at < WALK_AGAIN
        if revision == self._done_revision and fresh:
            return 0
        count = self._walk(revision)
        if not self._ended.is_set():
            self._done_revision, self._walked_at = revision, now
        if count:
            log.info("cases_recounted", cases=count, calendar_revision=revision)
        return count

    def _walk(self, revision: int) -> int:
        count, after = 0, ""
        while True:
            with self._tx.read() as session:
                listed = list(list_stale_cases(session, revision, after, CASES_LISTED))
            for start in range(0, len(listed), CASES_AT_ONCE):
                if self._ended.is_set():
                    return count
                part = listed[start : start + CASES_AT_ONCE]
                with self._tx.write() as session:
                    recount_cases(session, part, self._read_clock())
                count += len(part)
            if len(listed) < CASES_LISTED:
                return count
            after = listed[-1]

    def _run(self) -> None:
        while not self._ended.wait(POLL_S):
            try:
                self.run_round()
            except (SQLAlchemyError, GateBusyError) as error:
                log.warning("recount_failed", error=str(error))
