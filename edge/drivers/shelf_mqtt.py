"""Shelf port over a broker in the room: each bank is a bus of its own, with the session and schedule of lines.

Between that session and the broker stands a channel that spells its frames as JSON. Every request has a stamp; an
answer counts once, and only with the stamp of the request that waits. Retained messages are dropped (safety 16).
"""

from __future__ import annotations

import functools
import itertools
import secrets
import socket
import ssl
import sys
import threading
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Final

import paho.mqtt.client as mqtt
import structlog
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from edge.broker_trust import trust_authority
from edge.core.effects import ShelfOrder
from edge.drivers.shelf_serial import SerialShelf, ShelfBank, Sink
from edge.drivers.shelf_spelling import draw_image, slice_image, spell_answer, spell_request
from firmware_protocol.codes import StopReason
from firmware_protocol.fields import MessageFault
from firmware_protocol.json_form import (
    EVERY_BANK,
    MAX_EXPIRY_S,
    Presence,
    Stamp,
    Told,
    name_topic,
    read_report,
    split_topic,
)
from firmware_protocol.registers import find_block
from firmware_protocol.schedule import BusCounters

log = structlog.get_logger(__name__)

# A broker has no wire: the time of one message both ways (`turn_ms`) stands for it.
NO_WIRE_BAUD: Final = 921_600
UNIT: Final = 1
REOPEN_WAIT_S: Final = 0.1
# The broker says half as late again that we are gone; our leases have long ended then.
KEEPALIVE_S: Final = 5
CONNECT_WAIT_S: Final = 1.0
MAX_MESSAGE_BYTES: Final = 8192
MAX_HEARD_FRAMES: Final = 16
# Read in pieces on a line; here the whole comes at once. What changes quickly is asked anew each time.
SLOW_SHEETS: Final = ("detail", "wear")
REPORT_LEAVES: Final = ("answer", "identity", "motion", "detail", "log", "event", "wear", "presence")


@dataclass(frozen=True, slots=True)
class RoomBrokerAddress:
    """Where the broker of the room is; no password file: a broker on this machine that asks for none."""

    host: str
    port: int
    user: str
    password_file: Path | None = None
    ca_file: Path | None = None


class BankChannel:
    """The line to one bank over the broker, as the schedule wants it: frames out, frames in."""

    def __init__(self, broker: RoomBroker, bank: str) -> None:
        """Begin with nothing asked."""
        self._broker = broker
        self._bank = bank
        self._asked: tuple[Stamp, bytes] | None = None
        self._sheets: dict[str, tuple[int, ...]] = {}
        self._heard: deque[bytes] = deque(maxlen=MAX_HEARD_FRAMES)
        self._lost = ""
        self._woken = False
        self._changed = threading.Condition()

    # ------------------------------------------------------------ the schedule's thread

    def read(self, timeout_s: float) -> bytes:
        """Return the next answer; b"" after the time limit or a `wake`, OSError when broker or controller is gone."""
        with self._changed:
            self._changed.wait_for(lambda: self._heard or self._lost or self._woken, timeout_s)
            self._woken = False
            if self._heard:
                return self._heard.popleft()
            if self._lost:
                raise OSError(self._lost)
            return b""

    def write(self, octets: bytes) -> None:
        """Publish a request; what is left of a sheet that has come is answered from it."""
        with self._changed:
            kept = self._find_kept(octets)
            if kept is not None:
                self._heard.append(kept)
                return
            stamp = self._broker.next_stamp()
            spelled = spell_request(octets, stamp)
            self._asked = None if spelled.everybody else (stamp, octets)
        self._broker.publish(EVERY_BANK if spelled.everybody else self._bank, spelled.leaf, spelled.payload)

    def _find_kept(self, octets: bytes) -> bytes | None:
        """Find the later pieces of a slow sheet, each of which is used once."""
        address, count = int.from_bytes(octets[2:4], "big"), int.from_bytes(octets[4:6], "big")
        block = find_block(address, count, "r") if octets[1] == 3 else None
        if block is None or block.address == address or block.name not in SLOW_SHEETS:
            return None
        last = address + count == block.address + block.count
        image = self._sheets.pop(block.name, None) if last else self._sheets.get(block.name)
        return None if image is None else slice_image(octets, image)

    def wake(self) -> None:
        """End a read that waits; from any thread."""
        with self._changed:
            self._woken = True
            self._changed.notify_all()

    def close(self) -> None:
        """Hear no more."""
        self._broker.detach(self._bank, self)

    # ------------------------------------------------------------ the broker's thread

    def hear(self, told: Told) -> bool:
        """Take a report; False when it is nobody's answer."""
        if isinstance(told.report, Presence):
            self.lose("the controller has come" if told.report.online else "the controller is gone")
            return True
        with self._changed:
            if self._asked is None or told.stamp != self._asked[0]:
                return False
            answer = spell_answer(self._asked[1], told)
            if answer is None:
                return False
            self._asked = None
            image = draw_image(told.report)
            if image is not None:
                self._sheets[image[0]] = image[1]
            self._heard.append(answer)
            self._changed.notify_all()
        return True

    def lose(self, why: str) -> None:
        """End the channel: what was heard before counts, nothing after."""
        with self._changed:
            self._lost = why
            self._changed.notify_all()


class RoomBroker:
    """Our one connection to the room's broker: MQTT 5, clean start, QoS 0, never retained, a STOP as last will."""

    def __init__(self, address: RoomBrokerAddress, client_id: str) -> None:
        """Prepare; nothing is connected before `start`."""
        self.dropped: Counter[str] = Counter()
        self.nonce = secrets.randbits(64)
        self._address = address
        self._numbers = itertools.count(1)
        self._channels: dict[str, BankChannel] = {}
        self._banks: list[str] = []
        self._lock = threading.Lock()
        self._online = threading.Event()
        self._untrusted = ""  # why nobody at that address may be spoken to
        self._expiring = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
        self._expiring.MessageExpiryInterval = MAX_EXPIRY_S
        self._client = self._build(client_id)

    def start(self, banks: Sequence[str]) -> None:
        """Connect in paho's thread, for ever; these banks are listened to."""
        self._banks = list(banks)
        self._client.connect_async(self._address.host, self._address.port, keepalive=KEEPALIVE_S, clean_start=True)
        self._client.loop_start()

    def close(self) -> None:
        """Leave; a farewell has no last will."""
        self._client.disconnect()
        self._client.loop_stop()

    def open_channel(self, bank: str) -> BankChannel:
        """Open the line to a bank; OSError while the broker is away."""
        if not self._online.wait(CONNECT_WAIT_S):
            raise OSError(self._untrusted or "the broker in the room does not answer")
        with self._lock:
            channel = self._channels[bank] = BankChannel(self, bank)
            return channel

    def detach(self, bank: str, channel: BankChannel) -> None:
        """Forget a channel."""
        with self._lock:
            if self._channels.get(bank) is channel:
                del self._channels[bank]

    def next_stamp(self) -> Stamp:
        """Return the stamp of the next request: our nonce, and a number never used before."""
        return Stamp(self.nonce, next(self._numbers) & 0xFFFFFFFF)

    def publish(self, bank: str, leaf: str, payload: bytes) -> None:
        """Publish once; what can't go out now is lost, as on a wire."""
        self._client.publish(name_topic(bank, leaf), payload, qos=0, retain=False, properties=self._expiring)

    def _build(self, client_id: str) -> mqtt.Client:
        client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=client_id, protocol=mqtt.MQTTv5)
        password = self._address.password_file.read_text().strip() if self._address.password_file else None
        client.username_pw_set(self._address.user, password)
        if self._address.ca_file is not None:
            trust_authority(client, self._address.ca_file)
        will = Properties(PacketTypes.WILLMESSAGE)  # type: ignore[no-untyped-call]
        will.MessageExpiryInterval = MAX_EXPIRY_S
        payload = b'{"reason":%d}' % StopReason.SHUTDOWN
        client.will_set(name_topic(EVERY_BANK, "stop"), payload, qos=0, retain=False, properties=will)
        client.reconnect_delay_set(1, 5)
        client.on_socket_open = _set_nodelay
        client.on_connect = self._on_connect
        client.on_connect_fail = self._on_connect_fail
        client.on_subscribe = self._on_subscribe
        client.on_disconnect = self._on_disconnect
        client.on_message = self._on_message
        return client

    # ------------------------------------------------------------ paho's callbacks

    def _on_connect_fail(self, _client: mqtt.Client, _data: Any) -> None:
        # paho calls this while it handles the error, and doesn't hand it over
        error = sys.exception()
        if isinstance(error, ssl.SSLError):
            reason = getattr(error, "verify_message", "") or error.reason or str(error)
            log.error("room_broker_untrusted", host=self._address.host, reason=reason)
            self._untrusted = f"the broker in the room can't be trusted: {reason}"

    def _on_connect(self, client: mqtt.Client, _data: Any, _flags: Any, reason: ReasonCode, _properties: Any) -> None:
        if reason.is_failure:
            log.error("room_broker_refused", reason=str(reason))
            return
        once = SubscribeOptions(qos=0, noLocal=True, retainHandling=SubscribeOptions.RETAIN_DO_NOT_SEND)
        client.subscribe([(name_topic(bank, leaf), once) for bank in self._banks for leaf in REPORT_LEAVES])

    def _on_subscribe(
        self, _client: mqtt.Client, _data: Any, _mid: int, reasons: list[ReasonCode], _properties: Any
    ) -> None:
        refused = [str(reason) for reason in reasons if reason.is_failure]
        if refused:
            log.error("room_broker_subscription_refused", reasons=refused)
            return
        with self._lock:
            self._untrusted = ""
            self._online.set()
        log.info("room_broker_online", host=self._address.host)

    def _on_disconnect(
        self, _client: mqtt.Client, _data: Any, _flags: Any, reason: ReasonCode, _properties: Any
    ) -> None:
        with self._lock:
            self._online.clear()
            lost = list(self._channels.values())
        log.warning("room_broker_lost", reason=str(reason))
        for channel in lost:
            channel.lose("the broker in the room is gone")

    def _on_message(self, _client: mqtt.Client, _data: Any, message: mqtt.MQTTMessage) -> None:
        why = self._take(message)
        if why:
            self.dropped[why] += 1

    def _take(self, message: mqtt.MQTTMessage) -> str:
        """Hand a message to its bank; return why it was dropped, "" when it wasn't."""
        if message.retain:
            return "retained"
        topic = split_topic(message.topic)
        if topic is None or len(message.payload) > MAX_MESSAGE_BYTES:
            return "strange"
        told = read_report(topic[1], bytes(message.payload))
        if isinstance(told, MessageFault):
            return "invalid"
        with self._lock:
            channel = self._channels.get(topic[0])
        return "" if channel is not None and channel.hear(told) else "unasked"


class MqttShelf:
    """All banks of one broker in the room."""

    def __init__(
        self, bus_id: str, address: RoomBrokerAddress, banks: Sequence[ShelfBank], *, client_id: str, turn_ms: int = 60
    ) -> None:
        """Take where the broker is; nothing is connected before `start`."""
        self.bus_id = bus_id
        self.broker = RoomBroker(address, client_id)
        self._lines = {
            bank.bank: SerialShelf(
                bus_id,
                functools.partial(self.broker.open_channel, bank.bank),
                [replace(bank, unit=UNIT)],
                baud=NO_WIRE_BAUD,
                network_ms=turn_ms,
                reopen_wait_s=REOPEN_WAIT_S,
            )
            for bank in banks
        }

    @property
    def banks(self) -> tuple[str, ...]:
        """Ids of the banks on this broker."""
        return tuple(self._lines)

    @property
    def lines(self) -> tuple[SerialShelf, ...]:
        """One line per bank, each with its own record."""
        return tuple(self._lines.values())

    @property
    def reopened(self) -> int:
        """How often a bank was lost and looked for again."""
        return sum(line.reopened for line in self._lines.values())

    @property
    def counters(self) -> BusCounters:
        """Exchanges, answers, time-outs, faults of all banks so far."""
        each = [line.counters for line in self._lines.values()]
        return BusCounters(**{field.name: sum(getattr(c, field.name) for c in each) for field in fields(BusCounters)})

    def start(self, sink: Sink) -> None:
        """Talk to the banks until close; everything that happens goes to the sink."""
        self.broker.start(self.banks)
        for line in self._lines.values():
            line.start(sink)

    def submit(self, order: ShelfOrder) -> None:
        """Hand an order over; never blocks."""
        self._lines[order.bank].submit(order)

    def close(self) -> None:
        """Let banks and broker go."""
        for line in self._lines.values():
            line.close()
        self.broker.close()


def _set_nodelay(_client: mqtt.Client, _data: Any, sock: Any) -> None:
    """Send at once: an answer took 44 ms with Nagle's algorithm at one end."""
    if isinstance(sock, socket.socket):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
