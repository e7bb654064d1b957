"""Brings feeds up to committed movements: at once when it is quiet, many batches in one go under load.

A process that dies in between leaves its cursors' `published` behind; the next one to start makes up for it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial
from typing import Final

import structlog
from sqlalchemy.exc import SQLAlchemyError

from central.jobs.room_import import finish_imports
from central.services import ingest as ingest_service
from central.services.ingest import MovedBoxes
from central.store.gate import GateBusyError
from central.store.tx import Transactions

log = structlog.get_logger(__name__)

#: Boxes published in one transaction: keeps the write gate well under its 50 ms.
CHUNK: Final = 250
QUIET_PAUSE_S: Final = 0.02
BUSY_PAUSE_S: Final = 2.0
RETRY_PAUSE_S: Final = 1.0


class FeedPublisher:
    """One thread that publishes what ingest hands it, merged per cursor. `is_busy` tells whether batches wait."""

    def __init__(self, tx: Transactions, is_busy: Callable[[], bool]) -> None:
        self._tx = tx
        self._is_busy = is_busy
        self._moved: dict[int, MovedBoxes] = {}
        self._some = threading.Condition()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="link-publish", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        """Stop after the pass under way; what is left is found at the next start."""
        self._closing.set()
        with self._some:
            self._some.notify_all()
        self._thread.join(10)

    def hand_over(self, moved: MovedBoxes) -> None:
        """Take boxes whose movements have just been committed."""
        with self._some:
            self._moved[moved.cursor_id] = ingest_service.merge_moved(self._moved.get(moved.cursor_id), moved)
            self._some.notify_all()

    def _run(self) -> None:
        self._attempt(self._find_left_over)
        # An import whose process died after it was applied.
        self._attempt(partial(finish_imports, self._tx, lambda _what, _progress: None))
        while not self._closing.is_set():
            with self._some:
                self._some.wait_for(lambda: self._moved or self._closing.is_set())
                waiting, self._moved = list(self._moved.values()), {}
            for moved in waiting:
                if not self._attempt(partial(self._publish, moved)):
                    self.hand_over(moved)
                    self._closing.wait(RETRY_PAUSE_S)
            self._closing.wait(BUSY_PAUSE_S if self._is_busy() else QUIET_PAUSE_S)

    def _find_left_over(self) -> None:
        with self._tx.read() as session:
            found = ingest_service.find_unpublished(session)
        for moved in found:
            self.hand_over(moved)

    def _publish(self, moved: MovedBoxes) -> None:
        codes = sorted(moved.codes)
        chunks = [codes[start : start + CHUNK] for start in range(0, len(codes), CHUNK)] or [[]]
        for number, chunk in enumerate(chunks, 1):
            with self._tx.write() as session:
                ingest_service.publish_moved(session, moved, chunk, last=number == len(chunks))

    def _attempt(self, act: Callable[[], None]) -> bool:
        try:
            act()
        except (SQLAlchemyError, GateBusyError) as error:
            log.warning("feed_not_published", error=str(error)[:200])
            return False
        return True
