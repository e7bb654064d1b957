"""The one job that gives audit rows their links after the commit, and makes the end of the chain known once a day.

It runs in every process of the centre; the lock on the chain's end lets one at a time add to it.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from central.metrics import Metrics
from central.services.audit import HeadSeen, chain_rows, take_daily_head
from central.store.audit import AUDITED
from central.store.gate import GateBusyError
from central.store.tx import Transactions

log = structlog.get_logger(__name__)

#: Rows of other processes, and the daily head, are noticed after so long.
POLL_S = 5.0


class AuditChain:
    """Chains what waits, in rounds; a round that fails is tried again at the next poll."""

    def __init__(
        self, tx: Transactions, metrics: Metrics, read_clock: Callable[[], datetime], head_file: Path | None
    ) -> None:
        self._tx = tx
        self._metrics = metrics
        self._read_clock = read_clock
        self._head_file = head_file
        self._wake = threading.Event()
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None
        tx.after_commit(self._note_commit)

    def start(self) -> None:
        """Begin to work in a thread of its own."""
        self._thread = threading.Thread(target=self._run, name="audit-chain", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Chain what waits and stop."""
        self._ended.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join(10)

    def run_round(self) -> None:
        """Chain all that waits, then publish the head if it is due."""
        chained = 1
        while chained:
            with self._tx.write() as session:
                chained = chain_rows(session, self._read_clock())
        now = self._read_clock()
        with self._tx.write() as session:
            head = take_daily_head(session, now)
            if head is not None:
                # Before the commit: a head that couldn't be written is published again, never skipped.
                self._publish(head, now)

    def _run(self) -> None:
        while True:
            self._wake.clear()
            # Read before the round: what was written while it ran needs one more.
            last = self._ended.is_set()
            try:
                self.run_round()
            except (SQLAlchemyError, GateBusyError, OSError) as error:
                self._metrics.count("openaisle_central_audit_failures_total")
                log.warning("audit_not_chained", error=str(error)[:200])
            if last:
                return
            if not self._ended.is_set():
                self._wake.wait(POLL_S)

    def _publish(self, head: HeadSeen, now: datetime) -> None:
        log.info("audit_head_published", seq=head.seq, hash=head.hash)
        if self._head_file is None:
            return
        line = json.dumps({"at": now.isoformat(), "seq": head.seq, "hash": head.hash})
        with self._head_file.open("a", encoding="utf-8") as file:
            file.write(line + "\n")
            file.flush()
            os.fsync(file.fileno())

    def _note_commit(self, session: Session) -> None:
        if session.info.get(AUDITED):
            self._wake.set()


def read_heads(path: Path) -> list[tuple[int, str]]:
    """Return the published heads of a file as (seq, hash); ValueError for a line that is none."""
    heads: list[tuple[int, str]] = []
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.strip():
            found = json.loads(line)
            if not isinstance(found, dict) or not isinstance(found.get("seq"), int):
                raise ValueError(f"no head: {line[:80]}")
            heads.append((found["seq"], str(found.get("hash"))))
    return heads
