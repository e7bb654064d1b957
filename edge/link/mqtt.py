"""paho as the gateway uses it: MQTT 5, clean start, no delay, reason codes read; callbacks only hand over."""

from __future__ import annotations

import socket
import ssl
import sys
from collections.abc import Callable
from dataclasses import dataclass
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
from edge.core.link import LinkState

log = structlog.get_logger(__name__)

CENTRE_PRESENCE: Final = "openaisle/v1/centre/presence"
#: Messages that paho holds while the broker is slow; above it a publish fails and is tried again by its sender.
QUEUED_MAX: Final = 64
#: Reason codes of MQTT 5: bad user name or password, not authorised.
UNKNOWN_HERE: Final = frozenset({0x86, 0x87})


@dataclass(frozen=True, slots=True)
class BrokerAddress:
    """Where the broker is and who we are there; the user name is the room's id."""

    room_id: str
    host: str
    port: int
    password_file: Path
    keepalive_s: int = 15
    ca_file: Path | None = None

    def topic(self, name: str) -> str:
        return f"openaisle/v1/rooms/{self.room_id}/{name}"


@dataclass(frozen=True, slots=True)
class Message:
    """One message: `name` is the topic's end below the room, or `centre`."""

    name: str
    payload: bytes
    response_topic: str | None
    correlation: bytes | None


class BrokerClient:
    """One connection, kept up for ever; `heard(message)` and `changed(connected)` are called in paho's thread."""

    def __init__(
        self,
        address: BrokerAddress,
        *,
        will: bytes,
        heard: Callable[[Message], None],
        changed: Callable[[bool], None],
    ) -> None:
        self.connected = False
        #: Why there is no connection, if it is more than a broker that is away: untrusted, unknown_here.
        self.trouble: LinkState | None = None
        self.refused_publishes = 0
        self._address = address
        self._heard = heard
        self._changed = changed
        self._names = {address.topic(name): name for name in ("ack", "feed", "command")} | {CENTRE_PRESENCE: "centre"}
        self._client = self._build(will)

    def start(self) -> None:
        """Connect in paho's own thread; a broker that is away is tried again for ever."""
        self._client.connect_async(
            self._address.host, self._address.port, keepalive=self._address.keepalive_s, clean_start=True
        )
        self._client.loop_start()

    def close(self, farewell: bytes) -> None:
        """Publish the farewell as presence, and disconnect."""
        if self.connected:
            self.publish("presence", farewell, retain=True)
        self._client.disconnect()
        self._client.loop_stop()

    def publish(self, name: str, payload: bytes, *, qos: int = 1, retain: bool = False) -> bool:
        """Publish below the room; False if it can't even be queued."""
        return self._send(self._address.topic(name), payload, qos=qos, retain=retain, properties=None)

    def reply(self, topic: str, payload: bytes, correlation: bytes | None) -> bool:
        """Publish an answer to a response topic."""
        properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
        if correlation is not None:
            properties.CorrelationData = correlation
        return self._send(topic, payload, qos=1, retain=False, properties=properties)

    def _send(self, topic: str, payload: bytes, *, qos: int, retain: bool, properties: Properties | None) -> bool:
        if not self.connected:
            return False
        info = self._client.publish(topic, payload, qos=qos, retain=retain, properties=properties)
        return info.rc == mqtt.MQTT_ERR_SUCCESS

    def _build(self, will: bytes) -> mqtt.Client:
        client = mqtt.Client(
            CallbackAPIVersion.VERSION2, client_id=f"gateway-{self._address.room_id}", protocol=mqtt.MQTTv5
        )
        client.username_pw_set(self._address.room_id, self._address.password_file.read_text().strip())
        if self._address.ca_file is not None:
            trust_authority(client, self._address.ca_file)
        client.will_set(self._address.topic("presence"), will, qos=1, retain=True)
        client.reconnect_delay_set(1, 30)
        client.max_queued_messages_set(QUEUED_MAX)
        client.on_socket_open = _set_nodelay
        client.on_connect = self._on_connect
        client.on_connect_fail = self._on_connect_fail
        client.on_disconnect = self._on_disconnect
        client.on_subscribe = self._on_subscribe
        client.on_publish = self._on_publish
        client.on_message = self._on_message
        return client

    # -- paho's callbacks -------------------------------------------------------------------------------------------

    def _on_connect(
        self,
        client: mqtt.Client,
        _data: Any,
        _flags: mqtt.ConnectFlags,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        if reason.is_failure:
            log.error("link_refused", reason=str(reason))
            self._note_trouble(LinkState.UNKNOWN_HERE if reason.value in UNKNOWN_HERE else None)
            return
        client.subscribe(
            [
                (self._address.topic("ack"), SubscribeOptions(qos=1)),
                (self._address.topic("feed"), SubscribeOptions(qos=1)),
                (self._address.topic("command"), SubscribeOptions(qos=0)),
                (CENTRE_PRESENCE, SubscribeOptions(qos=1)),
            ]
        )

    def _on_connect_fail(self, _client: mqtt.Client, _data: Any) -> None:
        # paho calls this while it handles the error, and doesn't hand it over
        error = sys.exception()
        if isinstance(error, ssl.SSLCertVerificationError):
            log.error("link_untrusted", broker=self._address.host, reason=error.verify_message)
            self._note_trouble(LinkState.UNTRUSTED)
        else:
            self._note_trouble(None)

    def _note_trouble(self, trouble: LinkState | None) -> None:
        if trouble is not self.trouble:
            self.trouble = trouble
            self._changed(False)

    def _on_subscribe(
        self, _client: mqtt.Client, _data: Any, _mid: int, reasons: list[ReasonCode], _properties: Properties | None
    ) -> None:
        refused = [str(reason) for reason in reasons if reason.is_failure]
        if refused:
            log.error("link_subscription_refused", reasons=refused)
            return
        self.connected, self.trouble = True, None
        self._changed(True)

    def _on_disconnect(
        self,
        _client: mqtt.Client,
        _data: Any,
        _flags: mqtt.DisconnectFlags,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        self.connected = False
        log.warning("link_offline", reason=str(reason))
        self._changed(False)

    def _on_publish(
        self, _client: mqtt.Client, _data: Any, _mid: int, reason: ReasonCode, _properties: Properties | None
    ) -> None:
        # paho calls a publish that the access list forbade published; only the reason code tells.
        if reason.is_failure:
            self.refused_publishes += 1
            log.error("link_publish_refused", reason=str(reason))

    def _on_message(self, _client: mqtt.Client, _data: Any, message: mqtt.MQTTMessage) -> None:
        name = self._names.get(message.topic)
        if name is None:
            return
        correlation = getattr(message.properties, "CorrelationData", None)
        self._heard(
            Message(
                name=name,
                payload=bytes(message.payload),
                response_topic=getattr(message.properties, "ResponseTopic", None),
                correlation=bytes(correlation) if correlation is not None else None,
            )
        )


def _set_nodelay(_client: mqtt.Client, _data: Any, sock: Any) -> None:
    """Send at once: an answer took 44 ms with Nagle's algorithm at one end."""
    if isinstance(sock, socket.socket):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
