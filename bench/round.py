"""Milliseconds from a command at the centre (propose an aisle) over mosquitto to the gateway's decided answer.

The gateway is the real runtime with its store and link in a process of its own; its shelf answers in that process.
Each round begins with a clear screen: the first proposal becomes a prompt, the second, another aisle, waits behind it.
The limit is the same way without anybody deciding: four QoS 1 hops between two bare paho clients on the same broker.
"""

from __future__ import annotations

import contextlib
import importlib.metadata
import itertools
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from statistics import median, quantiles
from typing import Any, Final

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from bench.uplink import Settings
from central.domain.feed import FeedChange
from central.jobs.link import CentralLink
from central.services.commands import send_command
from central.store import feed, rooms
from central.store.base import open_engine
from central.store.migrate import upgrade_schema
from central.store.tx import Transactions
from tests.integration.edge_core.driven_room import BOXES, make_rows
from tests.plugins.broker import Broker, run_broker
from tests.wait import wait_for

GOAL_MS: Final = 5.0
ROUNDS: Final = 400
WARM_UP: Final = 20


def run(scale: float) -> dict[str, Any]:
    """Send proposals in rounds of two; three sizes, the figures of the largest; the value is the slower kind's p50."""
    sizes = [max(30, int(ROUNDS * scale * part)) for part in (0.25, 0.5, 1)]
    with run_broker() as broker, tempfile.TemporaryDirectory(prefix="openaisle-bench-") as folder:
        bare = _measure_bare(broker, sizes[-1])
        with _centre(broker, Path(folder)) as link, _gateway(broker, Path(folder) / "gateway") as gateway:
            _propose(link, gateway, WARM_UP)
            found = [_propose(link, gateway, size) for size in sizes]
    by_kind = found[-1]
    if {"prompted", "queued(busy)"} - set(by_kind):
        raise RuntimeError(f"answers were {sorted(by_kind)}")
    p50_by_kind = {kind: round(median(times), 3) for kind, times in sorted(by_kind.items())}
    value = max(median(times) for times in by_kind.values())
    return {
        "value": round(value, 3),
        "limit_or_peer": round(bare, 3),
        "ratio": round(value / bare, 2),
        "goal": GOAL_MS,
        "ok": value <= GOAL_MS,
        "n": sizes[-1],
        "versions": {"paho": importlib.metadata.version("paho-mqtt")},
        "p50_ms_by_answer": p50_by_kind,
        "p99_ms_by_answer": {kind: round(quantiles(times, n=100)[98], 3) for kind, times in sorted(by_kind.items())},
        "answers": {kind: len(times) for kind, times in sorted(by_kind.items())},
        "p50_ms_by_size": {
            size: round(median(time for times in each.values() for time in times), 3)
            for size, each in zip(sizes, found, strict=True)
        },
    }


def _propose(link: CentralLink, gateway: subprocess.Popen[str], commands: int) -> dict[str, list[float]]:
    """Return the milliseconds of each command by the kind of its answer."""
    times: dict[str, list[float]] = {}
    for number in range(commands):
        if number % 2 == 0:
            _clear(gateway)
        body = {"box_code": BOXES[number % len(BOXES)]}
        started = time.perf_counter()
        answer = send_command(link, "r01", "propose_aisle", body, asked_by="bench", now=datetime.now(UTC))
        took_ms = (time.perf_counter() - started) * 1000
        if answer.result in ("unknown", "failed"):
            raise RuntimeError(f"no answer: {answer}")
        kind = answer.result if answer.reason is None else f"{answer.result}({answer.reason})"
        times.setdefault(kind, []).append(took_ms)
    return times


def _clear(gateway: subprocess.Popen[str]) -> None:
    """Let the person at the kiosk clear the screen; not measured."""
    assert gateway.stdin is not None
    assert gateway.stdout is not None
    gateway.stdin.write("clear\n")
    gateway.stdin.flush()
    if gateway.stdout.readline().strip() != "clear":
        raise RuntimeError("the gateway died")


@contextlib.contextmanager
def _centre(broker: Broker, folder: Path) -> Iterator[CentralLink]:
    engine = open_engine(f"sqlite:///{folder}/central.db")
    upgrade_schema(engine)
    tx = Transactions(engine)
    with tx.write() as session:
        session.add(rooms.RoomRow(id="r01", number="01", name="档案库房", created_at=datetime.now(UTC)))
        session.flush()
        feed.publish_rows(session, "r01", [FeedChange(row.kind, row.key, row.body) for row in make_rows()])
    link = CentralLink(Settings(broker.host, broker.port, broker.password_file("central")), tx)
    link.start()
    try:
        yield link
    finally:
        link.close()
        engine.dispose()


@contextlib.contextmanager
def _gateway(broker: Broker, folder: Path) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "bench.round_gateway", str(folder), broker.host, str(broker.port)]
    process = subprocess.Popen(
        [*command, str(broker.password_file("r01"))], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    if process.stdout.readline().strip() != "ready":
        raise RuntimeError("the gateway did not start")
    try:
        yield process
    finally:
        process.communicate("close\n", timeout=20)


def _measure_bare(broker: Broker, rounds: int) -> float:
    """Two bare clients: question and answer, each with QoS 1."""
    answered = threading.Event()
    centre, room = _bare_client(broker, "central"), _bare_client(broker, "r01")
    question, answer = "openaisle/v1/rooms/r01/feed", "openaisle/v1/rooms/r01/answer/bare"

    def send_back(client: mqtt.Client, _data: object, message: mqtt.MQTTMessage) -> None:
        client.publish(answer, message.payload, qos=1)

    room.on_message = send_back
    centre.on_message = lambda _client, _data, _message: answered.set()
    for client, topic in ((room, question), (centre, answer)):
        subscribed = threading.Event()
        client.on_subscribe = lambda *_arguments, done=subscribed: done.set()
        wait_for(client.is_connected, 10, "a bare client")
        client.subscribe(topic, qos=1)
        subscribed.wait(10)
    times: list[float] = []
    for number in itertools.islice(itertools.count(), rounds + WARM_UP):
        answered.clear()
        started = time.perf_counter()
        centre.publish(question, b"x" * 200, qos=1)
        answered.wait(5)
        if number >= WARM_UP:
            times.append((time.perf_counter() - started) * 1000)
    for client in (centre, room):
        client.disconnect()
        client.loop_stop()
    return median(times)


def _bare_client(broker: Broker, user: str) -> mqtt.Client:
    client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=f"bare-{user}", protocol=mqtt.MQTTv5)
    client.username_pw_set(user, broker.password(user))

    def send_at_once(_client: mqtt.Client, _data: object, sock: object) -> None:
        assert isinstance(sock, socket.socket)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    client.on_socket_open = send_at_once
    client.connect(broker.host, broker.port)
    client.loop_start()
    return client
