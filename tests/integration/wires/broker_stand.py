"""People and banks on a room's broker, for tests: a client with a password, a quick bank, a driver with two of them."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from edge.drivers.shelf_mqtt import MqttShelf
from simulators.bank_plan import plan_bank
from simulators.shelf_controller import ShelfController, count_milliseconds
from simulators.shelf_model import ShelfModel
from simulators.shelf_mqtt import MqttController
from simulators.shelf_record import BankState
from tests.integration.wires.room_broker import RoomBroker
from tests.integration.wires.wired_core import WiredCore

PREFIX = "openaisle-shelf/v1/"


class Client:
    """Somebody with a password: publishes as told, and keeps what is heard."""

    def __init__(self, broker: RoomBroker, user: str, client_id: str) -> None:
        self.heard: list[tuple[str, bytes]] = []
        self.ended: list[str] = []
        self._connected, self._subscribed = threading.Event(), threading.Event()
        self.client = mqtt.Client(
            CallbackAPIVersion.VERSION2, client_id=client_id, protocol=mqtt.MQTTv5, reconnect_on_failure=False
        )
        self.client.username_pw_set(user, broker.password(user))
        self.client.on_connect = lambda *_: self._connected.set()
        self.client.on_subscribe = lambda *_: self._subscribed.set()
        self.client.on_message = lambda _c, _d, m: self.heard.append((m.topic, bytes(m.payload)))
        self.client.on_disconnect = lambda _c, _d, _f, reason, _p: self.ended.append(str(reason))
        self.client.connect(broker.host, broker.port, clean_start=True)
        self.client.loop_start()
        assert self._connected.wait(5)

    def listen(self, *topics: str) -> None:
        self._subscribed.clear()
        self.client.subscribe([(topic, 0) for topic in topics])
        assert self._subscribed.wait(5)

    def say(self, topic: str, payload: bytes, *, retain: bool = False, qos: int = 0, expiry_s: int = 2) -> Any:
        properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
        properties.MessageExpiryInterval = expiry_s
        return self.client.publish(PREFIX + topic, payload, qos=qos, retain=retain, properties=properties)

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()


@dataclass
class Stand:
    """A gateway's driver with two banks on the broker."""

    broker: RoomBroker
    core: WiredCore
    shelf: MqttShelf
    banks: dict[str, MqttController]
    clients: list[Client] = field(default_factory=list)

    def state(self, bank: str = "A") -> BankState:
        with self.banks[bank].desk.controller.at_now() as model:
            return model.snapshot().state

    def positions(self, bank: str = "A") -> tuple[float, ...]:
        with self.banks[bank].desk.controller.at_now() as model:
            return tuple(model.rails.positions_mm)

    def join(self, user: str, client_id: str = "") -> Client:
        self.clients.append(Client(self.broker, user, client_id or f"other-{user}"))
        return self.clients[-1]


def make_bank(broker: RoomBroker, bank: str, seed: int, ca_file: Path | None = None) -> MqttController:
    plan = plan_bank(moving=3, speed_mm_s=800, bank_id=bank)
    # quick to start and to brake: 2 s for a whole way
    plan = replace(plan, times=replace(plan.times, warning_ms=600, acceleration_mm_s2=600, braking_mm_s2=1200))
    controller = ShelfController(ShelfModel(plan, seed=seed), 1, count_milliseconds())
    return MqttController(controller, broker.host, broker.port, broker.password(bank), ca_file)
