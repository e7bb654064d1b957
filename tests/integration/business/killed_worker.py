"""A worker of the centre as a process of its own, to be killed: `python -m … courier|sweep DATABASE PORT NOW`."""

from __future__ import annotations

import sys
from datetime import datetime

from central.jobs.deliveries import Courier
from central.services.sweeps import sweep_due
from central.settings import MessageSettings
from central.store.base import open_engine
from central.store.tx import Transactions


def main(job: str, database: str, port: str, now_text: str) -> None:
    """Do one round at this moment; a sweep says when it has written, and waits before its commit for ever."""
    engine, now = open_engine(database, pool_size=2), datetime.fromisoformat(now_text)
    tx = Transactions(engine, pool_size=12)
    if job == "courier":
        settings = MessageSettings(mail_host="127.0.0.1", mail_port=int(port))
        Courier(tx, settings, lambda _language, text: text, lambda: now).run_round()
        return
    with tx.write() as session:
        print(sweep_due(session, now, 3).made, flush=True)  # noqa: T201 - this is how it speaks
        sys.stdin.read()


if __name__ == "__main__":
    main(*sys.argv[1:])
