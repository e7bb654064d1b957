"""What a gateway, the centre's user or a stranger tries on the broker: each reaches its own topics only."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from typing import Any

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from tests.plugins.broker import Broker

pytestmark = pytest.mark.broker

ROOT = "openaisle/v1/rooms"
UP = ("up", "feed/ask", "answer/central-1", "presence", "state/A")
DOWN = ("ack", "feed", "command")


class Intruder:
    """A bare client that says what the broker answered."""

    def __init__(self, broker: Broker, user: str | None, password: str | None = None, client_id: str = "") -> None:
        self.connected: queue.Queue[ReasonCode] = queue.Queue()
        self.published: queue.Queue[ReasonCode] = queue.Queue()
        self.subscribed: queue.Queue[ReasonCode] = queue.Queue()
        self.heard: queue.Queue[str] = queue.Queue()
        self.gone = threading.Event()
        client = mqtt.Client(
            CallbackAPIVersion.VERSION2, client_id=client_id or f"intruder-{user}", protocol=mqtt.MQTTv5
        )
        if user is not None:
            client.username_pw_set(user, broker.password(user) if password is None else password)
        client.on_connect = lambda _c, _d, _f, reason, _p: self.connected.put(reason)
        client.on_publish = lambda _c, _d, _m, reason, _p: self.published.put(reason)
        client.on_subscribe = lambda _c, _d, _m, reasons, _p: self.subscribed.put(reasons[0])
        client.on_message = lambda _c, _d, message: self.heard.put(message.topic)
        client.on_disconnect = lambda *_arguments: self.gone.set()
        client.connect_async(broker.host, broker.port)
        client.loop_start()
        self.client = client

    def publish(self, topic: str, *, retain: bool = False, properties: Properties | None = None) -> ReasonCode:
        self.client.publish(topic, b"{}", qos=1, retain=retain, properties=properties)
        return self.published.get(timeout=10)

    def subscribe(self, topic: str) -> ReasonCode:
        self.client.subscribe(topic, qos=1)
        return self.subscribed.get(timeout=10)

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()


@pytest.fixture
def intrude(broker: Broker) -> Iterator[Callable[..., Intruder]]:
    """Open bare clients; all are closed at the end."""
    opened: list[Intruder] = []

    def open_(user: str | None, **more: Any) -> Intruder:
        intruder = Intruder(broker, user, **more)
        opened.append(intruder)
        return intruder

    yield open_
    for intruder in opened:
        intruder.close()


def in_(intruder: Intruder) -> Intruder:
    assert not intruder.connected.get(timeout=10).is_failure
    return intruder


@pytest.mark.parametrize("name", UP)
def test_a_gateway_publishes_its_own_and_nobody_elses(name: str, intrude: Callable[..., Intruder]) -> None:
    room = in_(intrude("r01"))
    assert not room.publish(f"{ROOT}/r01/{name}").is_failure
    assert room.publish(f"{ROOT}/r02/{name}").getName() == "Not authorized"


@pytest.mark.parametrize("name", DOWN)
def test_a_gateway_does_not_speak_for_the_centre(name: str, intrude: Callable[..., Intruder]) -> None:
    room = in_(intrude("r01"))
    for room_id in ("r01", "r02"):
        assert room.publish(f"{ROOT}/{room_id}/{name}").getName() == "Not authorized"
    assert room.publish("openaisle/v1/centre/presence", retain=True).getName() == "Not authorized"


@pytest.mark.parametrize(
    "topic",
    [
        "#",
        "openaisle/#",
        "openaisle/v1/#",
        f"{ROOT}/+/ack",
        f"{ROOT}/+/feed",
        f"{ROOT}/+/command",
        f"{ROOT}/r02/#",
        f"{ROOT}/r02/ack",
        f"{ROOT}/r02/feed",
        f"{ROOT}/r02/command",
        f"{ROOT}/r02/up",
        f"{ROOT}/r02/presence",
        f"{ROOT}/r02/state/A",
        f"$share/x/{ROOT}/r02/up",
        f"$share/x/{ROOT}/r02/command",
        "openaisle-shelf/v1/A/select",
    ],
)
def test_a_gateway_hears_nothing_of_others(topic: str, intrude: Callable[..., Intruder]) -> None:
    """A wildcard may be granted by the broker, which then checks each message: so one is sent to see."""
    listener, other, centre = in_(intrude("r01")), in_(intrude("r02")), in_(intrude("central"))
    listener.subscribe(topic)
    for name in UP:
        assert not other.publish(f"{ROOT}/r02/{name}").is_failure
    for name in DOWN:
        assert not centre.publish(f"{ROOT}/r02/{name}").is_failure
    # Its own message comes last: whatever was to come before it has come.
    assert not listener.subscribe(f"{ROOT}/r01/ack").is_failure
    assert not centre.publish(f"{ROOT}/r01/ack").is_failure
    heard = [listener.heard.get(timeout=10)]
    while heard[-1] != f"{ROOT}/r01/ack":
        heard.append(listener.heard.get(timeout=10))
    assert not [
        name for name in heard if "/r02/" in name or not name.startswith(("openaisle/v1/centre", f"{ROOT}/r01/"))
    ]


def test_the_centre_does_not_speak_for_gateways(intrude: Callable[..., Intruder]) -> None:
    centre = in_(intrude("central"))
    for name in UP:
        assert centre.publish(f"{ROOT}/r01/{name}").getName() == "Not authorized"
    for name in DOWN:
        assert not centre.publish(f"{ROOT}/r01/{name}").is_failure


@pytest.mark.parametrize("user", ["central", "r01"])
@pytest.mark.parametrize("name", ["select", "operate", "lease", "stop", "motion", "event"])
def test_nobody_reaches_what_moves_steel(user: str, name: str, intrude: Callable[..., Intruder]) -> None:
    someone = in_(intrude(user))
    assert someone.publish(f"openaisle-shelf/v1/A/{name}").getName() == "Not authorized"


@pytest.mark.parametrize(
    "topic", ["$SYS/broker/uptime", "$CONTROL/dynamic-security/v1", "anything", "openaisle/v2/rooms/r01/up"]
)
def test_no_other_topic_is_open(topic: str, intrude: Callable[..., Intruder]) -> None:
    room = in_(intrude("r01"))
    assert room.publish(topic).is_failure


@pytest.mark.parametrize(
    ("user", "password"), [(None, None), ("r01", "wrong"), ("r01", ""), ("r99", "r99r99"), ("r01/+", "x"), ("#", "x")]
)
def test_strangers_stay_outside(user: str | None, password: str | None, intrude: Callable[..., Intruder]) -> None:
    stranger = intrude(user, password=password, client_id="stranger")
    assert stranger.connected.get(timeout=10).is_failure


def test_a_packet_beyond_the_bound_ends_the_connection(broker: Broker, intrude: Callable[..., Intruder]) -> None:
    room = in_(intrude("r01"))
    room.client.publish(f"{ROOT}/r01/up", b"x" * 1_200_000, qos=1)
    assert room.gone.wait(10)
    again = in_(intrude("r02"))
    assert not again.publish(f"{ROOT}/r02/up").is_failure
