"""The gateway of the round bench as a process: a shelf that stays fresh, a person who clears the screen when told."""

from __future__ import annotations

import random
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path

from edge.core.events import PromptDismissed, RequestWithdrawn
from edge.link.client import Clocks, GatewayIdentity, GatewayLink, read_mono_ms
from edge.link.mqtt import BrokerAddress
from edge.runtime.clock import read_wall_ms
from edge.runtime.gateway import GatewayRuntime
from edge.store import open_store
from tests.integration.edge_core.driven_room import BOXES, PromptShelf, make_room
from tests.wait import wait_for


def main(folder: str, host: str, port: str, password_file: str) -> None:
    """Answer `clear` once nothing is asked or waiting any more; run until standard input says otherwise or ends."""
    store = open_store(Path(folder), read_wall_ms)
    link = GatewayLink(
        BrokerAddress("r01", host, int(port), Path(password_file)),
        store.outbox,
        store.replica,
        identity=GatewayIdentity("bench", "0"),
        clocks=Clocks(mono_ms=read_mono_ms, wall=lambda: (datetime.now(UTC), True)),
        rng=random.Random(1),  # noqa: S311
    )
    shelf = PromptShelf()
    runtime = GatewayRuntime(make_room(), store, shelves=[shelf], scanners={}, link=link)
    runtime.start()
    closing = threading.Event()
    polling = threading.Thread(target=keep_fresh, args=(shelf, closing))
    polling.start()
    wait_for(lambda: store.replica.find_box(BOXES[-1]), 20, "the feed")
    say("ready")
    while sys.stdin.readline().strip() == "clear":
        clear_screen(runtime)
        say("clear")
    closing.set()
    polling.join()
    runtime.close()
    store.close()


def keep_fresh(shelf: PromptShelf, closing: threading.Event) -> None:
    """Push a reading ten times a second, as polling does."""
    while not closing.wait(0.1):
        shelf.tell()


def clear_screen(runtime: GatewayRuntime) -> None:
    """Withdraw what waits, turn down what is asked, until nothing is left."""

    def is_clear() -> bool:
        bank = runtime.state.banks["A"]
        for wish in bank.queue:
            runtime.post(RequestWithdrawn("kiosk-a", wish.id))
        if bank.prompt is not None:
            runtime.post(PromptDismissed("kiosk-a", bank.prompt.wish.id))
        return bank.prompt is None and not bank.queue

    wait_for(is_clear, 5, "a clear screen")


def say(word: str) -> None:
    sys.stdout.write(word + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
