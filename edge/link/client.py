"""The link port of the gateway: one thread drives sender and receiver of `edge.core.link` over broker, outbox, replica.

Losing the broker, the centre or the disk for a while is a state with a name, never an end.
"""

from __future__ import annotations

import queue
import random
import sqlite3
import threading
import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Protocol

import structlog

from edge.core.events import CommandArrived, Event, FeedApplied, LinkChanged
from edge.core.link import (
    Action,
    BeginEpoch,
    EpochSpan,
    FeedHead,
    FeedPosition,
    FeedReceiver,
    FeedRow,
    MarkSafe,
    MarkThrough,
    SendBatch,
    UplinkSender,
    encode_answer,
    encode_ask,
    encode_batch,
    encode_presence,
    judge_command,
    parse_ack,
    parse_centre_presence,
    parse_command,
    parse_feed,
)
from edge.core.link.feed import AskPage, BeginReload, FeedAction
from edge.link.board import ViewPacer
from edge.link.mqtt import BrokerAddress, BrokerClient, Message

log = structlog.get_logger(__name__)

QUEUE_MAX: Final = 256
#: Commands whose answer is still owed; an older one has outlived its life long ago.
OWED_MAX: Final = 64
STORE_RETRY_MS: Final = 1_000


class RecordStore(Protocol):
    """What the link needs of the outbox; callable from any thread."""

    @property
    def epoch(self) -> str: ...
    def epochs(self) -> list[EpochSpan]: ...
    def read_after(self, epoch: str, seq: int, limit: int) -> list[tuple[int, bytes]]: ...
    def record_hash(self, epoch: str, seq: int) -> str | None: ...
    def mark_through(self, epoch: str, seq: int) -> None: ...
    def mark_safe(self, epoch: str, seq: int) -> None: ...
    def begin_epoch(self, after: int) -> str: ...


class FeedStore(Protocol):
    """What the link needs of the replica; callable from any thread."""

    def feed_position(self) -> FeedPosition: ...
    def begin_reload(self, centre: str) -> None: ...
    def apply_rows(self, centre: str, rows: Sequence[FeedRow], revision: int) -> str: ...
    def finish_reload(self) -> None: ...


@dataclass(frozen=True, slots=True)
class GatewayIdentity:
    """What presence says of this gateway."""

    boot: str
    version: str


@dataclass(frozen=True, slots=True)
class Clocks:
    """Monotonic milliseconds, and the wall with whether it is known to be right."""

    mono_ms: Callable[[], int]
    wall: Callable[[], tuple[datetime, bool]]


class _Wake:
    """Facts were written, views are due, or the link closes."""


_Item = Message | bool | _Wake


class GatewayLink:
    """Facts up, feed down, commands in, answers and bank views out."""

    def __init__(
        self,
        address: BrokerAddress,
        outbox: RecordStore,
        replica: FeedStore,
        *,
        identity: GatewayIdentity,
        clocks: Clocks,
        rng: random.Random,
    ) -> None:
        self.counts: Counter[str] = Counter()
        self._address = address
        self._outbox = outbox
        self._replica = replica
        self._epoch = outbox.epoch
        self._identity = identity
        self._clocks = clocks
        self._sender = UplinkSender(rng)
        self._receiver = FeedReceiver(replica.feed_position(), rng)
        self._views = ViewPacer()
        self._owed: OrderedDict[str, tuple[str, bytes | None]] = OrderedDict()
        self._owed_lock = threading.Lock()
        self._items: queue.Queue[_Item] = queue.Queue()
        self._woken = threading.Event()
        self._closing = threading.Event()
        self._sink: Callable[[Event], bool] = lambda _event: True
        self._told_state = ""
        self._store_failed_until_ms = 0
        self._broker = BrokerClient(
            address, will=self._presence(online=False), heard=self._sort_message, changed=self._note_connection
        )
        self._thread = threading.Thread(target=self._run, name="link", daemon=True)

    def start(self, sink: Callable[[Event], bool]) -> None:
        """Connect and push events into the sink from now on."""
        self._sink = sink
        self._thread.start()
        self._broker.start()

    def close(self) -> None:
        """Say goodbye and stop; what is in the outbox stays there."""
        self._closing.set()
        self.wake()
        self._thread.join(5)
        self._broker.close(self._presence(online=False))

    def wake(self) -> None:
        """Take notice that facts were committed."""
        if not self._woken.is_set():
            self._woken.set()
            self._offer(_Wake())

    def answer_command(self, command_id: str, result: str, reason: str | None, detail: dict[str, Any]) -> None:
        """Answer a command on its own response topic; an answer nobody waits for any more is dropped."""
        with self._owed_lock:
            owed = self._owed.pop(command_id, None)
        if owed is None:
            self.counts["answers_unowed"] += 1
            return
        topic, correlation = owed
        answer = encode_answer(command_id, result, reason, detail, self._clocks.wall()[0])
        if not self._broker.reply(topic, answer, correlation):
            self.counts["answers_lost"] += 1

    def show_bank(self, bank_id: str, view: dict[str, Any]) -> None:
        """Let pages at the centre see a bank; the newest view wins, at most five a second."""
        if self._views.offer(bank_id, view, self._clocks.mono_ms()):
            self.wake()

    def status(self) -> dict[str, Any]:
        """Return what health and metrics show."""
        return {
            "state": self._name_state(),
            "backlog": self._sender.backlog,
            "revision": self._receiver.position.revision,
            "digest_faults": self._receiver.digest_faults,
            "refused_publishes": self._broker.refused_publishes,
            "counts": dict(self.counts),
        }

    # -- paho's thread: sort and go ---------------------------------------------------------------------------------

    def _sort_message(self, message: Message) -> None:
        if message.name == "command":
            self._take_command(message)
        else:
            self._offer(message)

    def _note_connection(self, connected: bool) -> None:
        if connected:
            self._broker.publish("presence", self._presence(online=True), retain=True)
        self._offer(connected)

    def _take_command(self, message: Message) -> None:
        command = parse_command(message.payload)
        topic = message.response_topic
        if command is None or topic is None or not self._is_answer_topic(topic):
            self.counts["commands_dropped"] += 1
            log.warning("command_dropped", size=len(message.payload), response_topic=(topic or "")[:80])
            return
        with self._owed_lock:
            self._owed[command.id] = (topic, message.correlation)
            while len(self._owed) > OWED_MAX:
                self._owed.popitem(last=False)
        wall_at, clock_ok = self._clocks.wall()
        refusal = judge_command(command, wall_at, clock_ok=clock_ok)
        if refusal is not None:
            self.answer_command(command.id, "refused", refusal.reason, {})
            return
        event = CommandArrived(command.id, command.kind, command.body, command.issued_at, command.ttl_ms)
        if not self._sink(event):
            self.answer_command(command.id, "refused", "overloaded", {})

    def _is_answer_topic(self, topic: str) -> bool:
        head = self._address.topic("answer/")
        return topic.startswith(head) and 1 <= len(topic) - len(head) <= 64 and not set(topic[len(head) :]) & set("+#/")

    def _offer(self, item: _Item) -> None:
        # Messages are bounded (what is dropped is asked for again); the few others always find room.
        if isinstance(item, Message) and self._items.qsize() >= QUEUE_MAX:
            self.counts["messages_dropped"] += 1
        else:
            self._items.put_nowait(item)

    # -- the link's thread ------------------------------------------------------------------------------------------

    def _run(self) -> None:
        while not self._closing.is_set():
            item = self._next_item()
            try:
                self._handle(item)
            except sqlite3.Error as error:
                # Disk full or locked: what is in flight comes back by its resend time.
                self.counts["store_failures"] += 1
                self._store_failed_until_ms = self._clocks.mono_ms() + STORE_RETRY_MS
                log.warning("link_store_failed", error=str(error))
            self._tell_state()

    def _next_item(self) -> _Item | None:
        deadlines = [self._sender.next_deadline(), self._receiver.next_deadline()]
        if self._broker.connected:
            deadlines.append(self._views.next_deadline())
        known = [deadline for deadline in deadlines if deadline is not None]
        earliest = max(min(known), self._store_failed_until_ms) if known else None
        timeout_s = max(0, earliest - self._clocks.mono_ms()) / 1000 if earliest is not None else None
        try:
            return self._items.get(timeout=timeout_s)
        except queue.Empty:
            return None

    def _handle(self, item: _Item | None) -> None:
        now_ms = self._clocks.mono_ms()
        if isinstance(item, _Wake):
            self._woken.clear()
            self._act(self._sender.note_written(self._outbox.epochs(), now_ms))
        elif isinstance(item, Message):
            self._handle_message(item, now_ms)
        elif item is True:
            self._views.renew()
            self._act(self._sender.note_connected(self._outbox.epochs(), now_ms))
            self._act_feed(self._receiver.note_connected(now_ms))
        elif item is False:
            self._sender.note_disconnected()
            self._receiver.note_disconnected()
        self._act(self._sender.note_time(now_ms))
        self._act_feed(self._receiver.note_time(now_ms))
        for bank_id, view in self._views.take_due(now_ms) if self._broker.connected else ():
            self._broker.publish(f"state/{bank_id}", view, qos=0, retain=True)

    def _handle_message(self, message: Message, now_ms: int) -> None:
        if message.name == "ack":
            ack = parse_ack(message.payload)
            if ack is not None:
                own_hash = self._outbox.record_hash(ack.epoch, ack.through)
                self._act(self._sender.note_ack(ack, own_hash, now_ms))
                return
        elif message.name == "centre":
            presence = parse_centre_presence(message.payload)
            if presence is not None:
                if presence[0]:
                    self._act(self._sender.note_connected(self._outbox.epochs(), now_ms))
                    self._act_feed(self._receiver.note_connected(now_ms))
                else:
                    self._sender.note_centre_gone()
                return
        else:
            news = parse_feed(message.payload)
            if news is not None:
                followed = (
                    self._receiver.note_head(news, now_ms)
                    if isinstance(news, FeedHead)
                    else self._receiver.note_page(news, now_ms)
                )
                self._act_feed(followed)
                return
        self.counts["messages_unreadable"] += 1
        log.warning("link_message_unreadable", name=message.name, size=len(message.payload))

    def _act(self, actions: Sequence[Action]) -> None:
        for action in actions:
            match action:
                case SendBatch():
                    self._send_batch(action)
                case MarkThrough(epoch, seq):
                    self._outbox.mark_through(epoch, seq)
                case MarkSafe(epoch, seq):
                    self._outbox.mark_safe(epoch, seq)
                case BeginEpoch(epoch, after):
                    log.error("link_forked", epoch=epoch, after=after)
                    self.counts["forks"] += 1
                    self._epoch = self._outbox.begin_epoch(after)
                    self._act(self._sender.note_epoch_begun(self._outbox.epochs(), self._clocks.mono_ms()))

    def _send_batch(self, send: SendBatch) -> None:
        lines = [line for _, line in self._outbox.read_after(send.epoch, send.after, send.limit)] if send.limit else []
        payload, count = encode_batch(
            batch=send.batch,
            centre=send.centre,
            epoch=send.epoch,
            first=send.after + 1,
            head=send.head,
            lines=lines,
        )
        self._broker.publish("up", payload)
        self.counts["records_sent"] += count

    def _act_feed(self, actions: Sequence[FeedAction]) -> None:
        for action in actions:
            if isinstance(action, AskPage):
                self._broker.publish("feed/ask", encode_ask(action.ask, action.centre, action.after))
            elif isinstance(action, BeginReload):
                self._replica.begin_reload(action.centre)
            else:
                page = action.page
                digest = self._replica.apply_rows(page.centre, page.rows, page.revision)
                if action.reloading and action.last:
                    self._replica.finish_reload()
                self._act_feed(self._receiver.note_applied(page, digest, self._clocks.mono_ms()))
                self._sink(FeedApplied(page.revision))

    def _tell_state(self) -> None:
        state = self._name_state()
        if state != self._told_state and self._sink(LinkChanged(state)):
            self._told_state = state

    def _name_state(self) -> str:
        """Name what the link is doing; why there is no connection says more than that there is none."""
        return str(self._broker.trouble or self._sender.state)

    def _presence(self, *, online: bool) -> bytes:
        return encode_presence(
            online=online,
            at=self._clocks.wall()[0],
            boot=self._identity.boot,
            epoch=self._epoch,
            version=self._identity.version,
        )


def read_mono_ms() -> int:
    """Return the monotonic clock in milliseconds."""
    return time.monotonic_ns() // 1_000_000
