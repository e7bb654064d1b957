"""The gateway of the round bench as a process, with a shelf that stays fresh and a person who waves prompts off."""

from __future__ import annotations

import itertools
import random
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path

from edge.core.events import PromptDismissed
from edge.link.client import Clocks, GatewayIdentity, GatewayLink, read_mono_ms
from edge.link.mqtt import BrokerAddress
from edge.runtime.clock import read_wall_ms
from edge.runtime.gateway import GatewayRuntime
from edge.store import open_store
from tests.integration.edge_core.driven_room import BOXES, PromptShelf, make_room
from tests.wait import wait_for


def main(folder: str, host: str, port: str, password_file: str) -> None:
    """Run until standard input ends."""
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
    person = threading.Thread(target=wave_off, args=(runtime, shelf, closing))
    person.start()
    wait_for(lambda: store.replica.find_box(BOXES[-1]), 20, "the feed")
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.read()
    closing.set()
    person.join()
    runtime.close()
    store.close()


def wave_off(runtime: GatewayRuntime, shelf: PromptShelf, closing: threading.Event) -> None:
    """Keep readings fresh, and dismiss every prompt soon after it appears."""
    for turn in itertools.count():
        if closing.wait(0.01):
            return
        if turn % 10 == 0:
            shelf.tell()
        prompt = runtime.state.banks["A"].prompt
        if prompt is not None:
            runtime.post(PromptDismissed("kiosk-a", prompt.wish.id))


if __name__ == "__main__":
    main(*sys.argv[1:])
