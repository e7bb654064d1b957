"""The centre's end of the link: paho in its own thread, batches committed by workers, acknowledged after the commit.

Nothing here decides: judging is `central.domain.ingest`, writing `central.services.ingest`.
"""

from __future__ import annotations

import math
import queue
import threading
import uuid
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from central.domain.commands import Command, encode_command, parse_answer
from central.domain.ingest import ZERO_HASH, AckState, Batch, parse_batch
from central.domain.link import (
    Topic,
    encode_ack,
    parse_bank_view,
    parse_presence,
    parse_topic,
    room_topic,
)
from central.jobs.link_client import BrokerSettings, Delivery, LinkClient
from central.jobs.link_publisher import FeedPublisher
from central.jobs.live_board import LiveBoard, Presence
from central.services import feed as feed_service
from central.services import ingest as ingest_service
from central.services.commands import CommandAnswer
from central.services.ingest import ReadBatch
from central.store import feed as feed_store
from central.store import gateways
from central.store.gate import GateBusyError
from central.store.tx import Transactions

log = structlog.get_logger(__name__)

QUEUE_MAX: Final = 256
#: Batches read ahead of the one being committed.
READ_MAX: Final = 2
#: SQLite has one writer; on PostgreSQL rooms are spread over so many.
POSTGRES_WORKERS: Final = 4
#: Revisions published by another process of the centre are noticed after so long.
HEADS_POLL_S: Final = 2.0


@dataclass(frozen=True, slots=True)
class _Greeted:
    room_id: str


@dataclass(frozen=True, slots=True)
class _Moved:
    """Feed heads that a commit of this process moved."""

    heads: dict[str, int]


_Side = tuple[Topic, Delivery] | _Greeted | _Moved | None


class _Lane:
    """The way of a batch: it is read in one thread while the one before is being committed in another."""

    def __init__(self) -> None:
        self.arrived: queue.Queue[tuple[Topic, Delivery] | None] = queue.Queue(QUEUE_MAX)
        self.read: queue.Queue[tuple[Delivery, ReadBatch] | None] = queue.Queue(READ_MAX)

    @property
    def waiting(self) -> int:
        return self.arrived.qsize() + self.read.qsize()


@dataclass(slots=True)
class _Waiting:
    arrived: threading.Event = field(default_factory=threading.Event)
    answer: CommandAnswer | None = None


def read_clock() -> datetime:
    return datetime.now(UTC)


class CentralLink:
    """Takes facts in, gives feeds out, carries commands and answers, keeps the live board."""

    def __init__(self, settings: BrokerSettings, tx: Transactions, *, client_no: int = 1, share: bool = False) -> None:
        self.state_board = LiveBoard(read_clock)
        self.counts: Counter[str] = Counter()
        self._tx = tx
        workers = 1 if tx.gate is not None else POSTGRES_WORKERS
        self._lanes = [_Lane() for _ in range(workers)]
        self._side: queue.Queue[_Side] = queue.Queue(QUEUE_MAX)
        self._waiting: dict[str, _Waiting] = {}
        self._announced: dict[str, int] = {}
        self._threads: list[threading.Thread] = []
        with tx.write() as session:
            self.centre = ingest_service.ensure_centre_epoch(session, read_clock())
        self._publisher = FeedPublisher(tx, lambda: any(lane.waiting for lane in self._lanes))
        self._client = LinkClient(settings, f"central-{client_no}", self.centre, self._sort_delivery, share=share)
        tx.after_commit(self._note_commit)

    def start(self) -> None:
        """Start threads and connect; a broker that is away is tried again for ever."""
        for number, lane in enumerate(self._lanes):
            self._spawn(f"link-read-{number}", partial(self._run_read, lane))
            self._spawn(f"link-ingest-{number}", partial(self._run_ingest, lane))
        self._spawn("link-side", self._run_side)
        self._publisher.start()
        self._client.start()

    def close(self) -> None:
        """Say goodbye, finish what was begun, stop."""
        self._client.close()
        for lane in self._lanes:
            lane.arrived.put(None)
        self._side.put(None)
        for thread in self._threads:
            thread.join(10)
        self._publisher.close()

    def status(self) -> dict[str, Any]:
        """Return what health and metrics show."""
        return {
            "connected": self._client.connected,
            "trouble": self._client.trouble,
            "centre": self.centre,
            "waiting_batches": sum(lane.waiting for lane in self._lanes),
            "counts": dict(self.counts),
        }

    def ask_gateway(self, room_id: str, command: Command) -> CommandAnswer:
        """Send a command and wait for its answer, at most its life; nothing keeps it for later."""
        if not self._client.connected:
            return CommandAnswer(command.id, "failed", "link_down")
        waiting = self._waiting[command.id] = _Waiting()
        try:
            sent = self._client.publish_request(
                room_topic(room_id, "command"),
                encode_command(command),
                response_topic=room_topic(room_id, f"answer/{self._client.client_id}"),
                correlation=uuid.UUID(command.id).bytes,
                expiry_s=math.ceil(command.ttl_ms / 1000),
            )
            if not sent:
                return CommandAnswer(command.id, "failed", "link_down")
            waiting.arrived.wait(command.ttl_ms / 1000)
        finally:
            del self._waiting[command.id]
        return waiting.answer or CommandAnswer(command.id, "unknown", "no_answer")

    # -- the client's thread: sort and go, never wait ---------------------------------------------------------------

    def _sort_delivery(self, delivery: Delivery) -> None:
        topic = parse_topic(delivery.topic)
        if topic is None:
            self._drop(delivery, "topic")
        elif topic.name == "state":
            view = parse_bank_view(delivery.payload, topic.tail)
            if view is None:
                self._drop(delivery, "state")
                return
            self.state_board.show_bank(topic.room_id, topic.tail, view)
            self._client.acknowledge(delivery)
        elif topic.name == "answer":
            self._take_answer(delivery)
        else:
            self._enqueue(topic, delivery)

    def _enqueue(self, topic: Topic, delivery: Delivery) -> None:
        try:
            if topic.name == "up":
                self._lanes[hash(topic.room_id) % len(self._lanes)].arrived.put_nowait((topic, delivery))
            else:
                self._side.put_nowait((topic, delivery))
        except queue.Full:
            # A well-behaved gateway has one batch in flight: this is a flood, and what was dropped comes again.
            self._drop(delivery, "flood")

    def _take_answer(self, delivery: Delivery) -> None:
        self._client.acknowledge(delivery)
        message = parse_answer(delivery.payload)
        waiting = self._waiting.get(message["id"]) if message is not None else None
        if message is None or waiting is None or delivery.correlation != uuid.UUID(message["id"]).bytes:
            self._note_dropped(delivery, "answer")
            return
        waiting.answer = CommandAnswer(message["id"], message["result"], message["reason"], message["detail"])
        waiting.arrived.set()

    def _drop(self, delivery: Delivery, why: str) -> None:
        self._note_dropped(delivery, why)
        self._client.acknowledge(delivery)

    def _note_dropped(self, delivery: Delivery, why: str) -> None:
        self.counts[f"dropped_{why}"] += 1
        log.warning("link_message_dropped", why=why, topic=delivery.topic[:80], size=len(delivery.payload))

    # -- workers ----------------------------------------------------------------------------------------------------

    def _run_read(self, lane: _Lane) -> None:
        while (item := lane.arrived.get()) is not None:
            topic, delivery = item
            batch = parse_batch(delivery.payload)
            if batch is None:
                self._drop(delivery, "batch")
            else:
                lane.read.put((delivery, ingest_service.read_batch(topic.room_id, batch)))
        lane.read.put(None)

    def _run_ingest(self, lane: _Lane) -> None:
        while (item := lane.read.get()) is not None:
            delivery, read = item
            receipt = self._commit_batch(read)
            self._client.publish(room_topic(read.room_id, "ack"), self._encode_receipt(read.batch, receipt))
            self._client.acknowledge(delivery)
            if receipt.moved is not None:
                self._publisher.hand_over(receipt.moved)
            if not read.batch.records:
                self._put_side(_Greeted(read.room_id))

    def _commit_batch(self, read: ReadBatch) -> ingest_service.Receipt:
        room_id, batch = read.room_id, read.batch
        try:
            with self._tx.write() as session:
                receipt = ingest_service.take_batch(session, read, read_clock())
        except (SQLAlchemyError, GateBusyError) as error:
            log.warning("batch_not_committed", room=room_id, error=str(error)[:200])
            receipt = ingest_service.Receipt(AckState.BUSY, 0, ZERO_HASH, 0, reason="could not commit now")
        self.counts[f"batches_{receipt.state}"] += 1
        self.counts["records"] += receipt.committed
        self.counts["records_without_effect"] += receipt.without_effect
        if receipt.state in (AckState.FORK, AckState.MALFORMED):
            log.error("batch_refused", room=room_id, state=receipt.state, epoch=batch.epoch, reason=receipt.reason)
        return receipt

    def _encode_receipt(self, batch: Batch, receipt: ingest_service.Receipt) -> bytes:
        return encode_ack(
            batch=batch.batch,
            centre=self.centre,
            epoch=batch.epoch,
            state=receipt.state,
            through=receipt.through,
            through_hash=receipt.through_hash,
            safe=receipt.safe,
            fork_at=receipt.fork_at,
            reason=receipt.reason,
        )

    def _run_side(self) -> None:
        while True:
            try:
                item = self._side.get(timeout=HEADS_POLL_S)
            except queue.Empty:
                item = _Moved({})
            if item is None:
                return
            try:
                self._serve_side(item)
            except (SQLAlchemyError, GateBusyError) as error:
                self.counts["side_failures"] += 1
                log.warning("link_side_failed", error=str(error)[:200])
            if isinstance(item, tuple):
                self._client.acknowledge(item[1])

    def _serve_side(self, item: tuple[Topic, Delivery] | _Greeted | _Moved) -> None:
        if isinstance(item, _Greeted):
            with self._tx.read() as session:
                head = feed_store.load_heads(session).get(item.room_id)
            self._announce(item.room_id, head.revision if head is not None else 0)
        elif isinstance(item, _Moved):
            self._announce_moved(item)
        elif item[0].name == "ask":
            self._answer_ask(item[0].room_id, item[1])
        elif item[0].name == "presence":
            self._note_presence(item[0].room_id, item[1])

    def _announce_moved(self, moved: _Moved) -> None:
        heads = moved.heads
        if not heads:
            with self._tx.read() as session:
                heads = {room_id: head.revision for room_id, head in feed_store.load_heads(session).items()}
        for room_id, revision in heads.items():
            if self._announced.get(room_id) != revision:
                self._announce(room_id, revision)

    def _announce(self, room_id: str, revision: int) -> None:
        self._announced[room_id] = revision
        self._client.publish(room_topic(room_id, "feed"), feed_service.encode_head(self.centre, revision))

    def _answer_ask(self, room_id: str, delivery: Delivery) -> None:
        ask = feed_service.parse_ask(delivery.payload)
        if ask is None:
            self._note_dropped(delivery, "ask")
            return
        with self._tx.read() as session:
            page = feed_service.answer_ask(session, room_id, ask, self.centre)
        self._client.publish(room_topic(room_id, "feed"), page)
        self.counts["feed_pages"] += 1

    def _note_presence(self, room_id: str, delivery: Delivery) -> None:
        message = parse_presence(delivery.payload)
        if message is None:
            self._note_dropped(delivery, "presence")
            return
        self.state_board.note_presence(room_id, Presence(message["state"], message["at"], message["version"]))
        with self._tx.write() as session:
            gateways.note_presence(
                session,
                room_id,
                state=message["state"],
                at=read_clock(),
                version=message["version"] or None,
                detail={"boot": message["boot"], "epoch": message["epoch"]},
            )

    def _note_commit(self, session: Session) -> None:
        heads = session.info.pop(feed_store.FEED_HEADS, None)
        if heads:
            self._put_side(_Moved(heads))

    def _put_side(self, item: _Greeted | _Moved) -> None:
        try:
            self._side.put_nowait(item)
        except queue.Full:
            self.counts["dropped_notice"] += 1  # the poll announces it

    def _spawn(self, name: str, run: Callable[[], None]) -> None:
        thread = threading.Thread(target=run, name=name, daemon=True)
        self._threads.append(thread)
        thread.start()


def start(settings: BrokerSettings, tx: Transactions) -> CentralLink:
    """Start the link of this process."""
    link = CentralLink(settings, tx)
    link.start()
    return link
