"""A centre and gateways on a real broker and real stores, without kiosk and shelves, for the tests of the link."""

from __future__ import annotations

import random
import time
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import uuid_utils
from sqlalchemy import Engine, select

from central.jobs.link import CentralLink
from central.store import boxes, feed, ingest, movements, rooms
from central.store.tx import Transactions
from edge.core.events import Event
from edge.link.client import Clocks, GatewayIdentity, GatewayLink, read_mono_ms
from edge.link.mqtt import BrokerAddress
from edge.store.database import Database
from edge.store.outbox import Fact, Outbox
from edge.store.replica import Replica
from tests.plugins.broker import Broker
from tests.wait import wait_for

BOXES = tuple(f"BX01{number:06d}K" for number in range(40))
STAFF = "ST010000019"
WAIT_S = 20.0


class CentreSettings:
    """What the link needs of the centre's settings."""

    username = "central"
    keepalive_s = 5

    def __init__(self, broker: Broker, ca_file: Path | None = None) -> None:
        self.ca_file = ca_file
        self.host, self.port = broker.host, broker.port
        self.password_file = broker.password_file("central")


class Centre:
    """The centre's store with its link."""

    def __init__(
        self,
        engine: Engine,
        broker: Broker,
        *,
        client_no: int = 1,
        share: bool = False,
        ca_file: Path | None = None,
    ) -> None:
        self.tx = Transactions(engine)
        self.link = CentralLink(CentreSettings(broker, ca_file), self.tx, client_no=client_no, share=share)

    def add_room(self, room_id: str, codes: tuple[str, ...] = BOXES) -> None:
        now = datetime.now(UTC)
        with self.tx.write() as session:
            session.add(rooms.RoomRow(id=room_id, number=room_id[1:], name="档案室", created_at=now))
            session.flush()
            for code in codes:
                session.add(
                    boxes.BoxRow(
                        id=str(uuid_utils.uuid7()),
                        room_id=room_id,
                        code=code,
                        title=f"档案盒 {code}",
                        customer_no=f"51{code}",
                        customer_name="锦江区",
                        search_text=code,
                        created_at=now,
                    )
                )
            session.flush()
            feed.publish_boxes(session, codes)

    def list_movements(self, room_id: str) -> list[movements.MovementRow]:
        with self.tx.read() as session:
            query = select(movements.MovementRow).where(movements.MovementRow.room_id == room_id)
            return list(session.scalars(query.order_by(movements.MovementRow.order_at)))

    def count_records(self, room_id: str) -> int:
        with self.tx.read() as session:
            return sum(row.through for row in ingest.list_cursors(session, [room_id]))

    def place_of(self, code: str) -> tuple[str, str | None, str | None]:
        with self.tx.read() as session:
            where = movements.load_locations(session, [code])[code]
            return where.state.value, where.place_key, where.holder_code

    def head(self, room_id: str) -> feed.FeedHead:
        with self.tx.read() as session:
            return feed.load_heads(session)[room_id]

    def verify_chain(self, room_id: str, epoch: str) -> int:
        """Follow the chain of committed records; return its length."""
        with self.tx.read() as session:
            lines = ingest.list_lines(session, room_id, epoch, 0, 1_000_000)
        prev = "0" * 64
        for expected, (seq, line) in enumerate(lines, 1):
            assert seq == expected
            assert f'"prev":"{prev}"'.encode() in line
            prev = sha256(line).hexdigest()
        return len(lines)


class Gateway:
    """A gateway's disk with its link; no core decides here."""

    def __init__(
        self, room_id: str, folder: Path, broker: Broker, *, seed: int = 1, ca_file: Path | None = None
    ) -> None:
        self.room_id, self.folder = room_id, folder
        self.events: list[Event] = []
        self.closed = False
        self.database = Database(folder)
        self.outbox = Outbox(self.database, wall_ms)
        self.replica = Replica(self.database, wall_ms)
        self.link = GatewayLink(
            BrokerAddress(room_id, broker.host, broker.port, broker.password_file(room_id), 5, ca_file),
            self.outbox,
            self.replica,
            identity=GatewayIdentity(boot="boot-1", version="0.1.0"),
            clocks=Clocks(mono_ms=read_mono_ms, wall=lambda: (datetime.now(UTC), True)),
            rng=random.Random(seed),
        )

    def start(self) -> None:
        self.link.start(self.take_event)

    def take_event(self, event: Event) -> bool:
        self.events.append(event)
        return True

    def close(self) -> None:
        """Stop, as often as asked."""
        if not self.closed:
            self.closed = True
            self.link.close()
            self.database.close()

    def write(self, kind: str, body: dict[str, Any]) -> str:
        """Record one fact as the runtime does, and wake the link."""
        fact_id = str(uuid_utils.uuid7())
        now = datetime.now(UTC)
        fact = Fact(
            fact_id=fact_id,
            kind=kind,
            body=body,
            at=f"{now:%Y-%m-%dT%H:%M:%S}.{now.microsecond // 1000:03d}Z",
            at_ms=int(now.timestamp() * 1000),
            clock_ok=True,
            boot="boot-1",
            mono_ms=read_mono_ms(),
        )
        with self.database.write() as connection:
            epoch, seq = self.outbox.append(connection, fact)
            if kind == "movement":
                self.replica.apply_movement(connection, epoch, seq, fact_id, body)
        self.link.wake()
        return fact_id

    def take_out(self, code: str) -> str:
        return self.write("movement", {"action": "take_out", "box_code": code, "staff_code": STAFF})

    def put_away(self, code: str, place_key: str) -> str:
        body = {"action": "put_away", "box_code": code, "place_key": place_key, "staff_code": STAFF}
        return self.write("movement", body)

    def read_mark(self, code: str) -> int:
        """Return up to which own fact the feed's row of a box goes."""
        with self.database.read() as connection:
            row = connection.execute("SELECT as_of_up FROM feed_row WHERE kind = 'box' AND key = ?", (code,)).fetchone()
        return int(row[0]) if row is not None else -1

    def read_standing(self, code: str) -> tuple[str, str | None, str | None]:
        """Return where this gateway takes a box to be."""
        with self.database.read() as connection:
            query = "SELECT state, place_key, holder_code FROM standing WHERE box_code = ?"
            state, place_key, holder_code = connection.execute(query, (code,)).fetchone()
        return state, place_key, holder_code

    def wait_sent(self) -> None:
        wait_for(lambda: self.outbox.count_waiting() == 0, WAIT_S, f"{self.room_id}: all facts acknowledged")

    def wait_fed(self, centre: Centre) -> None:
        wait_for(
            lambda: (
                (self.replica.feed_position().revision, self.replica.feed_position().digest)
                == (centre.head(self.room_id).revision, centre.head(self.room_id).digest)
            ),
            WAIT_S,
            f"{self.room_id}: replica at the centre's revision and digest",
        )


def wall_ms() -> int:
    return time.time_ns() // 1_000_000
