"""One gateway of the uplink bench, as a process: fills its outbox, says ready, sends, says sent, waits to be closed."""

from __future__ import annotations

import random
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from bench.uplink_rows import BATCH, format_time, make_facts
from edge.link.client import Clocks, GatewayIdentity, GatewayLink, read_mono_ms
from edge.link.mqtt import BrokerAddress
from edge.store.database import Database
from edge.store.outbox import Fact, Outbox
from edge.store.replica import Replica


def wall_ms() -> int:
    return time.time_ns() // 1_000_000


def main(arguments: list[str]) -> None:
    """Run until standard input ends."""
    room_id, folder, size, host, port, password_file = arguments
    database = Database(Path(folder))
    outbox = Outbox(database, wall_ms)
    facts = list(make_facts(room_id, int(size)))
    for start in range(0, len(facts), BATCH):
        with database.write() as connection:
            for fact in facts[start : start + BATCH]:
                outbox.append(
                    connection,
                    Fact(
                        fact_id=fact.fact_id,
                        kind="movement",
                        body=fact.body,
                        at=format_time(fact.at),
                        at_ms=int(fact.at.timestamp() * 1000),
                        clock_ok=True,
                        boot="b" * 36,
                        mono_ms=start,
                    ),
                )
    link = GatewayLink(
        BrokerAddress(room_id, host, int(port), Path(password_file)),
        outbox,
        Replica(database, wall_ms),
        identity=GatewayIdentity("bench", "0"),
        clocks=Clocks(mono_ms=read_mono_ms, wall=lambda: (datetime.now(UTC), True)),
        rng=random.Random(room_id),  # noqa: S311
    )
    link.start(lambda _event: True)
    say("ready")
    while outbox.count_waiting():
        time.sleep(0.01)
    say("sent")
    sys.stdin.read()
    link.close()
    database.close()


def say(word: str) -> None:
    sys.stdout.write(word + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
