"""Workers of the centre as processes of their own, to be killed: each line of JSON on the input founds one.

They are forked from a process that has imported the centre already: importing it takes longer than what they do. A
worker says its number first, then "stands" where it waits for its end in the midst of a write.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import traceback
from collections.abc import Callable
from datetime import datetime
from typing import Any

import structlog
from sqlalchemy.orm import Session

from central.jobs import customer_imports
from central.jobs.customer_imports import CustomerImports
from central.jobs.deliveries import Courier
from central.services.sweeps import sweep_due
from central.services.unassigned_scans import DiscardPages, PlacePages, discard_pages, place_pages
from central.services.uploads import capture_pages
from central.settings import MessageSettings
from central.store.base import open_engine
from central.store.tx import Transactions
from tests.integration.business.papers import GOOD, PaperHouse, capture

Facts = dict[str, Any]


def stand(word: str = "stands") -> None:
    """Say so and wait for ever."""
    say(word)
    while True:
        signal.pause()


def say(word: str) -> None:
    print(word, flush=True)  # noqa: T201 - this is how it speaks


def carry_letters(tx: Transactions, now: datetime, facts: Facts) -> None:
    """Do one round of the courier."""
    settings = MessageSettings(mail_host="127.0.0.1", mail_port=facts["port"])
    Courier(tx, settings, lambda _language, text: text, lambda: now).run_round()


def sweep(tx: Transactions, now: datetime, _facts: Facts) -> None:
    """Sweep three rows, say how many urges that made, and stand before the commit."""
    with tx.write() as session:
        stand(str(sweep_due(session, now, 3).made))


def import_customers(tx: Transactions, now: datetime, facts: Facts) -> None:
    """Work on files of customers, seven rows at a time, and stand before the commit of this number."""
    customer_imports.GATED_ROWS = customer_imports.FREE_ROWS = 7  # type: ignore[misc]
    customer_imports.AIM_S = 60.0  # type: ignore[misc]
    commits = 0

    def count(_session: Session) -> None:
        nonlocal commits
        commits += 1
        if commits == facts["stop_at"]:
            stand()

    tx.before_commit(count)
    CustomerImports(tx, lambda: now).run_all()


def act_on_papers(tx: Transactions, now: datetime, facts: Facts) -> None:
    """Do one act on scans or pages as a person, and stand before the commit."""
    house = PaperHouse(tx, now, people=facts["people"])
    pages = tuple(facts["pages"])
    with tx.write() as session:
        actor = house.actor("li")
        if facts["act"] == "discard":
            discard_pages(session, actor, DiscardPages(facts["scan_id"], pages, "scanned twice"), now)
        elif facts["act"] == "place":
            place_pages(session, actor, PlacePages(facts["scan_id"], pages, facts["document_id"]), now)
        else:
            anew = capture(facts["document_id"], GOOD, GOOD, name="anew", page_id=pages[0])
            capture_pages(session, actor, anew, now)
        session.flush()
        stand()


JOBS: dict[str, Callable[[Transactions, datetime, Facts], None]] = {
    "courier": carry_letters,
    "sweep": sweep,
    "import": import_customers,
    "papers": act_on_papers,
}


def work(order: Facts) -> None:
    """Do what was ordered, in this process."""
    say(str(os.getpid()))
    tx = Transactions(open_engine(order["database"], pool_size=2), pool_size=12)
    JOBS[order["job"]](tx, datetime.fromisoformat(order["now"]), order)


def main() -> None:
    """Found a worker for each order."""
    # What they say is heard; what they log is read.
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    # Nobody waits for their ends: the system buries them.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for line in iter(sys.stdin.readline, ""):
        if os.fork() == 0:
            try:
                work(json.loads(line))
            except BaseException:  # noqa: BLE001 - whoever listens must hear of it
                traceback.print_exc()
                say("failed")
            finally:
                os._exit(0)


if __name__ == "__main__":
    main()
