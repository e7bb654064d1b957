"""The job that looks at everything whose time has come, and makes urges and their messages.

It runs in every process of the centre: unique keys and locked rows let any number of them share the work.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime

import structlog
from sqlalchemy.exc import SQLAlchemyError

from central.metrics import Metrics
from central.services.messages import tell_urges
from central.services.sweeps import CHUNK, sweep_due
from central.settings import MessageSettings
from central.store.gate import GateBusyError
from central.store.tx import Transactions

log = structlog.get_logger(__name__)


class Sweeper:
    """Sweeps in rounds; a round that fails is tried again at the next."""

    def __init__(
        self, tx: Transactions, settings: MessageSettings, metrics: Metrics, read_clock: Callable[[], datetime]
    ) -> None:
        self._tx = tx
        self._settings = settings
        self._metrics = metrics
        self._read_clock = read_clock
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to work in a thread of its own."""
        self._thread = threading.Thread(target=self._run, name="sweep", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop after the present transaction; the rest keeps."""
        self._ended.set()
        if self._thread is not None:
            self._thread.join(10)

    def run_round(self) -> int:
        """Look at all that waits, then make the messages; return how many urges were made."""
        made = 0
        checked = CHUNK
        while checked >= CHUNK and not self._ended.is_set():
            with self._tx.write() as session:
                swept = sweep_due(session, self._read_clock(), CHUNK)
            checked, made = swept.checked, made + swept.made
            self._metrics.count("openaisle_central_sweep_checked_total", by=swept.checked)
            self._metrics.count("openaisle_central_urges_made_total", by=swept.made)
        urges = 1
        while urges and not self._ended.is_set():
            with self._tx.write() as session:
                told = tell_urges(session, self._settings.to_hours(), self._read_clock())
            urges = told.urges
            self._metrics.count("openaisle_central_messages_made_total", by=told.messages)
        return made

    def _run(self) -> None:
        while not self._ended.is_set():
            try:
                made = self.run_round()
                if made:
                    log.info("urges_made", count=made)
            except (SQLAlchemyError, GateBusyError) as error:
                self._metrics.count("openaisle_central_sweep_failures_total")
                log.warning("sweep_waits", error=str(error)[:200])
            self._ended.wait(self._settings.sweep_s)
