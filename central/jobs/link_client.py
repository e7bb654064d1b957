"""paho as the centre uses it: MQTT 5, manual acknowledgement, no delay, reason codes read, nothing ever waited for."""

from __future__ import annotations

import socket
import ssl
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Protocol

import paho.mqtt.client as mqtt
import structlog
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from central.domain.link import CENTRE_PRESENCE, ROOT, encode_centre_presence

log = structlog.get_logger(__name__)

SESSION_EXPIRY_S: Final = 300
#: Unacknowledged messages that the broker may send us: bounds what waits in memory.
RECEIVE_MAX: Final = 128
SHARE: Final = "$share/central/"


class BrokerSettings(Protocol):
    """What the centre's settings say of the broker."""

    @property
    def host(self) -> str: ...
    @property
    def port(self) -> int: ...
    @property
    def username(self) -> str: ...
    @property
    def password_file(self) -> Path | None: ...
    @property
    def keepalive_s(self) -> int: ...
    @property
    def ca_file(self) -> Path | None: ...


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message, to be acknowledged once its consequences are committed."""

    topic: str
    payload: bytes
    mid: int
    qos: int
    connection: int
    correlation: bytes | None


class LinkClient:
    """One connection to the broker, kept up for ever."""

    def __init__(
        self,
        settings: BrokerSettings,
        client_id: str,
        centre: str,
        deliver: Callable[[Delivery], None],
        *,
        share: bool,
    ) -> None:
        self.client_id = client_id
        self.connected = False
        #: Why there is no connection, if it is more than a broker that is away.
        self.trouble: str | None = None
        self._settings = settings
        self._centre = centre
        self._deliver = deliver
        self._share = share
        self._connection = 0
        self._lock = threading.Lock()
        self._client = self._build(settings)

    def start(self) -> None:
        """Connect in paho's own thread."""
        properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        properties.SessionExpiryInterval = SESSION_EXPIRY_S
        properties.ReceiveMaximum = RECEIVE_MAX
        self._client.connect_async(
            self._settings.host,
            self._settings.port,
            keepalive=self._settings.keepalive_s,
            clean_start=False,
            properties=properties,
        )
        self._client.loop_start()

    def close(self) -> None:
        """Publish that the centre is off, and disconnect."""
        if self.connected:
            self._publish_presence(online=False).wait_for_publish(2)
        self._client.disconnect()
        self._client.loop_stop()

    def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> mqtt.MQTTMessageInfo:
        """Publish with QoS 1; a refusal by the broker is logged, and the gateway asks again."""
        return self._client.publish(topic, payload, qos=1, retain=retain)

    def publish_request(
        self, topic: str, payload: bytes, *, response_topic: str, correlation: bytes, expiry_s: int
    ) -> bool:
        """Publish with QoS 0, never kept; False if there is no connection."""
        properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
        properties.ResponseTopic = response_topic
        properties.CorrelationData = correlation
        properties.MessageExpiryInterval = expiry_s
        info = self._client.publish(topic, payload, qos=0, properties=properties)
        return info.rc == mqtt.MQTT_ERR_SUCCESS

    def acknowledge(self, delivery: Delivery) -> None:
        """Acknowledge to the broker, unless it has forgotten this connection."""
        if delivery.qos > 0 and delivery.connection == self._connection:
            self._client.ack(delivery.mid, delivery.qos)

    def _build(self, settings: BrokerSettings) -> mqtt.Client:
        client = mqtt.Client(
            CallbackAPIVersion.VERSION2,
            client_id=self.client_id,
            protocol=mqtt.MQTTv5,
            manual_ack=True,
        )
        password = settings.password_file.read_text().strip() if settings.password_file is not None else None
        client.username_pw_set(settings.username, password)
        if settings.ca_file is not None:
            _trust(client, settings.ca_file)
        client.will_set(
            CENTRE_PRESENCE,
            encode_centre_presence(online=False, at=datetime.now(UTC), centre=self._centre),
            qos=1,
            retain=True,
        )
        client.reconnect_delay_set(1, 15)
        client.max_queued_messages_set(1_000)
        client.on_socket_open = _set_nodelay
        client.on_connect = self._on_connect
        client.on_connect_fail = self._on_connect_fail
        client.on_disconnect = self._on_disconnect
        client.on_subscribe = self._on_subscribe
        client.on_publish = self._on_publish
        client.on_message = self._on_message
        return client

    def _publish_presence(self, *, online: bool) -> mqtt.MQTTMessageInfo:
        payload = encode_centre_presence(online=online, at=datetime.now(UTC), centre=self._centre)
        return self.publish(CENTRE_PRESENCE, payload, retain=True)

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
            self.trouble = "refused"
            return
        self._connection += 1
        rooms = f"{ROOT}/rooms/+"
        client.subscribe(
            [
                (f"{SHARE if self._share else ''}{rooms}/up", SubscribeOptions(qos=1)),
                (f"{SHARE if self._share else ''}{rooms}/feed/ask", SubscribeOptions(qos=1)),
                (f"{rooms}/answer/{self.client_id}", SubscribeOptions(qos=1)),
                (f"{rooms}/presence", SubscribeOptions(qos=1)),
                (f"{rooms}/state/+", SubscribeOptions(qos=0)),
            ]
        )

    def _on_connect_fail(self, _client: mqtt.Client, _data: Any) -> None:
        # paho calls this while it handles the error, and doesn't hand it over
        error = sys.exception()
        self.trouble = "unreachable"
        if isinstance(error, ssl.SSLCertVerificationError):
            self.trouble = "untrusted"
            log.error("link_untrusted", broker=self._settings.host, reason=error.verify_message)

    def _on_subscribe(
        self, _client: mqtt.Client, _data: Any, _mid: int, reasons: list[ReasonCode], _properties: Properties | None
    ) -> None:
        refused = [str(reason) for reason in reasons if reason.is_failure]
        if refused:
            log.error("link_subscription_refused", reasons=refused)
            return
        # Only now: gateways send as soon as they see the centre online.
        self.connected, self.trouble = True, None
        self._publish_presence(online=True)
        log.info("link_online", broker=f"{self._settings.host}:{self._settings.port}")

    def _on_disconnect(
        self,
        _client: mqtt.Client,
        _data: Any,
        _flags: mqtt.DisconnectFlags,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        self.connected = False
        self._connection += 1
        log.warning("link_offline", reason=str(reason))

    def _on_publish(
        self, _client: mqtt.Client, _data: Any, mid: int, reason: ReasonCode, _properties: Properties | None
    ) -> None:
        if reason.is_failure:
            log.error("link_publish_refused", mid=mid, reason=str(reason))

    def _on_message(self, _client: mqtt.Client, _data: Any, message: mqtt.MQTTMessage) -> None:
        correlation = getattr(message.properties, "CorrelationData", None)
        self._deliver(
            Delivery(
                topic=message.topic,
                payload=bytes(message.payload),
                mid=message.mid,
                qos=message.qos,
                connection=self._connection,
                correlation=bytes(correlation) if correlation is not None else None,
            )
        )


class _ClosingSocket(ssl.SSLSocket):
    """Closes itself when nobody can be trusted at the other end; paho would leave that to chance."""

    def do_handshake(self, block: bool = False) -> None:
        try:
            super().do_handshake(block)
        except BaseException:
            self.close()
            raise


def _trust(client: mqtt.Client, ca_file: Path) -> None:
    """Speak TLS only, and only with who this authority vouches for under the very name we called."""
    context = ssl.create_default_context(cafile=str(ca_file))
    context.sslsocket_class = _ClosingSocket
    client.tls_set_context(context)


def _set_nodelay(_client: mqtt.Client, _data: Any, sock: Any) -> None:
    """Send at once: a command took 44 ms with Nagle's algorithm at one end."""
    if isinstance(sock, socket.socket):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
