"""A simulated bank whose controller speaks MQTT natively on the broker in the room (SPEC 7). The model is the same.

The rules of a controller stand behind `ShelfController`; here are stamps, sheets, presence, and what is said unasked.
"""

from __future__ import annotations

import json
import socket
import threading
from pathlib import Path
from typing import Any, Final

import paho.mqtt.client as mqtt
import structlog
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.subscribeoptions import SubscribeOptions

from firmware_protocol import pdu
from firmware_protocol import registers as map_
from firmware_protocol.codes import LeaseRefusal, Reasons
from firmware_protocol.fields import MessageFault
from firmware_protocol.frame import Frame, FrameReader, Role
from firmware_protocol.json_blocks import Block, Events, RequestLog
from firmware_protocol.json_form import (
    EVERY_BANK,
    MAX_EXPIRY_S,
    REQUEST_LEAVES,
    Answer,
    Asked,
    Decline,
    Declined,
    Done,
    LeaseAnswer,
    Presence,
    Read,
    Report,
    Sheet,
    Stamp,
    name_topic,
    read_request,
    split_topic,
    write_report,
)
from firmware_protocol.json_gate import RequestGate
from firmware_protocol.messages import (
    ActRequest,
    Deselect,
    Detail,
    Indicator,
    Lease,
    OperateRequest,
    ReasonsAnswer,
    SelectAnswer,
    SelectRequest,
    Stop,
)
from firmware_protocol.wear import Wear
from simulators import shelf_words as words
from simulators.shelf_controller import ShelfController

log = structlog.get_logger(__name__)

KEEPALIVE_S: Final = 5
WATCH_PERIOD_S: Final = 0.05
_READ_WRITES: Final = {
    SelectRequest: (map_.SELECT, map_.SELECT_ANSWER),
    OperateRequest: (map_.OPERATE, map_.OPERATE_ANSWER),
    ActRequest: (map_.ACT, map_.ACT_ANSWER),
}


class MessageDesk:
    """What a controller answers to a message, without a client: bytes in, (leaf, bytes) out."""

    def __init__(self, controller: ShelfController) -> None:
        self.controller = controller
        self.obeyed: list[str] = []
        self.declined: list[Decline] = []
        self.dropped = 0
        self._gate = RequestGate()
        self._owner: int | None = None  # nonce under which the standing selection came
        with controller.at_now() as model:
            self.columns, self._aisles = len(model.plan.columns), len(model.plan.aisles)

    def hear(self, leaf: str, octets: bytes, *, retained: bool = False) -> tuple[str, bytes] | None:
        """Take a message; return what is to be published, if anything."""
        asked = MessageFault("retained", 0) if retained else read_request(leaf, octets)
        if isinstance(asked, MessageFault):
            self.dropped += 1
            stamp = None if retained else _find_stamp(octets)
            return None if stamp is None or leaf not in REQUEST_LEAVES else self._decline(leaf, stamp, Decline.INVALID)
        decline = self._gate.admit(asked)
        if decline is not None:
            return None if asked.stamp is None else self._decline(leaf, asked.stamp, decline)
        with self.controller.at_now() as model:
            if not model.powered:
                return None
        return self._serve(leaf, asked)

    def _decline(self, leaf: str, stamp: Stamp, why: Decline) -> tuple[str, bytes]:
        self.declined.append(why)
        return write_report(Answer(leaf, Declined(why)), stamp, self.columns)

    def _serve(self, leaf: str, asked: Asked) -> tuple[str, bytes] | None:
        if isinstance(asked.request, Read):
            return write_report(self.draw(asked.request.sheet), asked.stamp, self.columns)
        self.obeyed.append(leaf)
        content = self._obey(asked)
        return None if asked.stamp is None else write_report(Answer(leaf, content), asked.stamp, self.columns)

    def draw(self, sheet: Sheet) -> Block:
        """Fill one sheet."""
        controller = self.controller
        with controller.at_now() as model:
            match sheet:
                case Sheet.IDENTITY:
                    return words.identify(model, f"SIM-{model.plan.bank_id}")
                case Sheet.MOTION:
                    return words.show_motion(model)
                case Sheet.LOG:
                    return RequestLog(tuple(words.show_log(model)))
                case Sheet.EVENT:
                    return Events(model.snapshot().ring_head, tuple(words.show_ring(model)))
                case Sheet.DETAIL:
                    return self._draw_detail()
                case Sheet.WEAR:
                    return self._draw_wear()

    def _draw_detail(self) -> Detail:
        detail = Detail.from_registers(self._read(map_.DETAIL), self.columns, self._aisles)
        assert isinstance(detail, Detail)
        return detail

    def _draw_wear(self) -> Wear:
        wear = Wear.from_registers(self._read(map_.WEAR), self.columns, self._aisles)
        assert isinstance(wear, Wear)
        return wear

    def _read(self, block: map_.Block) -> tuple[int, ...]:
        read = self._ask(pdu.ask_registers(self.controller.unit, block.address, block.count))
        assert isinstance(read, pdu.RegistersRead)
        return read.values

    # ---- acts -----------------------------------------------------------------------------------

    def _obey(self, asked: Asked) -> SelectAnswer | ReasonsAnswer | LeaseAnswer | Done:
        request = asked.request
        if isinstance(request, SelectRequest):
            self._owner = asked.stamp.nonce if asked.stamp else None
            selected = SelectAnswer.from_registers(self._exchange(request))
            assert isinstance(selected, SelectAnswer)
            return selected
        if isinstance(request, OperateRequest | ActRequest):
            if isinstance(request, OperateRequest) and not self._is_owner(asked.stamp):
                return ReasonsAnswer(request.target, Reasons.NOT_SELECTED)
            told = ReasonsAnswer.from_registers(self._exchange(request))
            assert isinstance(told, ReasonsAnswer)
            return told
        if isinstance(request, Lease):
            return LeaseAnswer(self._renew(asked.stamp, request))
        return Done(self._write(self._spell_write(request)))

    def _spell_write(self, request: Any) -> bytes:
        unit = self.controller.unit
        match request:
            case Stop():
                return pdu.ask_write(unit, map_.STOP.address, request.reason)
            case Deselect():
                return pdu.ask_write(unit, map_.DESELECT.address, request.token_low)
            case _:
                assert isinstance(request, Indicator)
                return pdu.ask_write_many(unit, map_.INDICATOR.address, request.to_registers())

    def _is_owner(self, stamp: Stamp | None) -> bool:
        return stamp is not None and stamp.nonce == self._owner

    def _renew(self, stamp: Stamp | None, lease: Lease) -> LeaseRefusal:
        if not self._is_owner(stamp):
            return LeaseRefusal.WRONG_TOKEN
        if self._write(pdu.ask_write_many(self.controller.unit, map_.LEASE.address, lease.to_registers())):
            return LeaseRefusal.NONE
        return self._draw_detail().lease_refusal

    def _exchange(self, request: Any) -> tuple[int, ...]:
        write, answer = _READ_WRITES[type(request)]
        unit, words_asked = self.controller.unit, request.to_registers()
        told = self._ask(pdu.ask_read_write(unit, answer.address, answer.count, write.address, words_asked))
        assert isinstance(told, pdu.RegistersRead), told
        return told.values

    def _write(self, octets: bytes) -> bool:
        return isinstance(self._ask(octets), pdu.WriteConfirmed)

    def _ask(self, octets: bytes) -> pdu.Answer:
        asked = FrameReader(Role.REQUEST).feed(octets, True)[0]
        assert isinstance(asked, Frame)
        answer = self.controller.answer(asked)
        told = FrameReader(Role.RESPONSE).feed(answer or b"", True)[0]
        assert isinstance(told, Frame)
        return pdu.read_answer(told)


class MqttController:
    """The desk behind a client of the room's broker, as user of its bank's name."""

    def __init__(
        self, controller: ShelfController, host: str, port: int, password: str, ca_file: Path | None = None
    ) -> None:
        self.desk = MessageDesk(controller)
        with controller.at_now() as model:
            self.bank = model.plan.bank_id
        self._closing = threading.Event()
        self._told: tuple[Any, int] | None = None
        self._client = self._build(password)
        if ca_file is not None:
            self._client.tls_set(ca_certs=str(ca_file))
        self._client.connect_async(host, port, keepalive=KEEPALIVE_S, clean_start=True)
        self._watcher = threading.Thread(target=self._watch, name=f"shelf-mqtt-{self.bank}", daemon=True)

    def start(self) -> None:
        """Connect, subscribe, say so."""
        self._client.loop_start()
        self._watcher.start()

    def close(self) -> None:
        """Leave as a controller that is switched off in good order."""
        self._closing.set()
        if self._client.is_connected():
            self._say(Presence(False, self._boot_id()), None)
        self._client.disconnect()
        self._client.loop_stop()
        self._watcher.join(timeout=2)

    def vanish(self) -> None:
        """Be gone without a word: the broker tells our last will."""
        self._closing.set()
        self._client.loop_stop()
        wire = self._client.socket()
        if isinstance(wire, socket.socket):
            wire.shutdown(socket.SHUT_RDWR)
        self._watcher.join(timeout=2)

    def _build(self, password: str) -> mqtt.Client:
        client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=f"bank-{self.bank}", protocol=mqtt.MQTTv5)
        client.username_pw_set(self.bank, password)
        leaf, payload = write_report(Presence(False, self._boot_id()), None, self.desk.columns)
        client.will_set(name_topic(self.bank, leaf), payload, qos=0, retain=False)
        client.reconnect_delay_set(1, 5)
        client.on_socket_open = _set_nodelay
        client.on_connect = self._on_connect
        client.on_subscribe = self._on_subscribe
        client.on_message = self._on_message
        return client

    def _boot_id(self) -> int:
        with self.desk.controller.at_now() as model:
            return model.boot_id

    def _on_connect(self, client: mqtt.Client, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        if reason.is_failure:
            log.error("simulated_bank_refused", bank=self.bank, reason=str(reason))
            return
        once = SubscribeOptions(qos=0, retainHandling=SubscribeOptions.RETAIN_DO_NOT_SEND)
        topics = [name_topic(self.bank, leaf) for leaf in REQUEST_LEAVES] + [name_topic(EVERY_BANK, "stop")]
        client.subscribe([(topic, once) for topic in topics])

    def _on_subscribe(self, _client: mqtt.Client, _data: Any, _mid: int, reasons: Any, _properties: Any) -> None:
        if not any(reason.is_failure for reason in reasons):
            self._say(Presence(True, self._boot_id()), None)

    def _on_message(self, _client: mqtt.Client, _data: Any, message: mqtt.MQTTMessage) -> None:
        bank, leaf = split_topic(message.topic) or ("", "")
        said = self.desk.hear(leaf, bytes(message.payload), retained=message.retain)
        if said is not None and bank == self.bank:
            self._publish(*said)

    def _watch(self) -> None:
        """Say unasked what changed: state and event ring."""
        while not self._closing.wait(WATCH_PERIOD_S):
            motion, events = self.desk.draw(Sheet.MOTION), self.desk.draw(Sheet.EVENT)
            assert isinstance(events, Events)
            now = (getattr(motion, "state", None), events.head)
            if self._told is not None and now != self._told:
                since = events.head - self._told[1] & 0xFFFF
                self._say(motion, None)
                if since:
                    self._say(Events(events.head, events.entries[-since:]), None)
            self._told = now

    def _say(self, report: Report, stamp: Stamp | None) -> None:
        self._publish(*write_report(report, stamp, self.desk.columns))

    def _publish(self, leaf: str, payload: bytes) -> None:
        expiring = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
        expiring.MessageExpiryInterval = MAX_EXPIRY_S
        self._client.publish(name_topic(self.bank, leaf), payload, qos=0, retain=False, properties=expiring)


def _find_stamp(octets: bytes) -> Stamp | None:
    """Find the stamp of a message that means nothing, so that its sender can be told."""
    try:
        said = json.loads(octets)
        nonce, number = said["nonce"], said["number"]
        return Stamp(int(nonce, 16), number) if len(nonce) == 16 and 0 <= number < 1 << 32 else None
    except (ValueError, TypeError, KeyError, RecursionError):
        return None


def _set_nodelay(_client: mqtt.Client, _data: Any, wire: Any) -> None:
    if isinstance(wire, socket.socket):
        wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
