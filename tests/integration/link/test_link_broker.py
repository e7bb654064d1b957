"""Gateway and centre over a real mosquitto, on SQLite and on PostgreSQL."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import pytest
from sqlalchemy import Engine, update

from central.domain.feed import FeedChange, room_body
from central.domain.ingest import EpochState
from central.services import ingest as ingest_service
from central.services.commands import send_command
from central.store import feed, ingest
from central.store.boxes import BoxRow
from central.store.movements import MovementRow, rebuild_locations
from edge.core.events import CommandArrived, LinkChanged
from tests.integration.link.link_rig import BOXES, STAFF, WAIT_S, Centre, Gateway
from tests.plugins.broker import Broker, run_broker
from tests.wait import wait_for

pytestmark = pytest.mark.broker


@pytest.fixture
def centre(clean_engine: Engine, broker: Broker) -> Iterator[Centre]:
    broker.forget_session("central", "central-1")
    centre = Centre(clean_engine, broker)
    centre.add_room("r01")
    centre.link.start()
    yield centre
    centre.link.close()


@pytest.fixture
def open_gateway(tmp_path: Path, broker: Broker) -> Iterator[Callable[..., Gateway]]:
    """Start a gateway on a folder; all are closed at the end."""
    started: list[Gateway] = []

    def open_(folder: str = "r01", room_id: str = "r01") -> Gateway:
        gateway = Gateway(room_id, tmp_path / folder, broker)
        started.append(gateway)
        gateway.start()
        return gateway

    yield open_
    for gateway in started:
        gateway.close()


BANK_VIEW = {
    "bank": "A",
    "state": "idle",
    "columns": [],
    "aisles": [],
    "closing_aisles": [],
    "faults": [],
    "rail_mm": 0,
    "as_of": "x",
}


def test_facts_arrive_move_boxes_and_come_back_in_the_feed(
    centre: Centre, open_gateway: Callable[..., Gateway]
) -> None:
    gateway = open_gateway()
    gateway.wait_fed(centre)
    gateway.take_out(BOXES[0])
    gateway.put_away(BOXES[1], "A-07-A-3-4-12")
    gateway.wait_sent()
    assert centre.place_of(BOXES[0]) == ("in_hand", None, STAFF)
    assert centre.place_of(BOXES[1]) == ("shelved", "A-07-A-3-4-12", None)
    assert centre.verify_chain("r01", gateway.outbox.epoch) == 2
    gateway.wait_fed(centre)
    wait_for(lambda: gateway.read_mark(BOXES[1]) == 2, WAIT_S, "the feed contains both movements")
    gateway.wait_fed(centre)


def test_a_backlog_of_more_than_a_batch_arrives_once_and_in_order(
    centre: Centre, open_gateway: Callable[..., Gateway], tmp_path: Path, broker: Broker
) -> None:
    offline = Gateway("r01", tmp_path / "r01", broker)
    written = [offline.take_out(BOXES[number % len(BOXES)]) for number in range(1_203)]
    offline.database.close()
    gateway = open_gateway()
    gateway.wait_sent()
    assert [row.id for row in centre.list_movements("r01")] == written
    gateway.wait_fed(centre)


def test_the_feed_carries_tombstones_and_every_later_change(
    centre: Centre, open_gateway: Callable[..., Gateway]
) -> None:
    body = room_body(room_id="r01", name="甲", number="01")
    with centre.tx.write() as session:
        feed.publish_rows(
            session, "r01", [FeedChange("room", "r01", body), FeedChange("staff", STAFF, {"code": STAFF})]
        )
    gateway = open_gateway()
    gateway.wait_fed(centre)
    assert gateway.replica.count_rows() == {"box": len(BOXES), "room": 1, "staff": 1}
    with centre.tx.write() as session:
        feed.publish_rows(
            session, "r01", [FeedChange("staff", STAFF, None), FeedChange("room", "r01", {**body, "name": "乙"})]
        )
    gateway.wait_fed(centre)
    assert gateway.replica.count_rows() == {"box": len(BOXES), "room": 1}


def test_the_gateways_own_later_movements_stay_on_top_of_an_older_row(
    centre: Centre, open_gateway: Callable[..., Gateway]
) -> None:
    gateway = open_gateway()
    gateway.wait_fed(centre)
    gateway.put_away(BOXES[0], "A-01-B-1-1-1")
    gateway.wait_sent()
    wait_for(lambda: gateway.read_mark(BOXES[0]) == 1, WAIT_S, "the feed contains the movement")
    # The cursor's lock keeps the next movement from the centre, while its title changes there.
    with centre.tx.write() as session:
        ingest_service.refuse_epoch(
            session, room_id="r01", epoch=gateway.outbox.epoch, decided_by="p", now=datetime.now(UTC)
        )
    gateway.put_away(BOXES[0], "A-02-A-2-2-2")
    with centre.tx.write() as session:
        session.execute(update(BoxRow).where(BoxRow.code == BOXES[0]).values(title="改名"))
        feed.publish_boxes(session, [BOXES[0]])
    gateway.wait_fed(centre)
    found = gateway.replica.find_box(BOXES[0])
    assert found is not None
    assert found.title == "改名"
    assert gateway.read_standing(BOXES[0]) == ("shelved", "A-02-A-2-2-2", None)
    assert centre.place_of(BOXES[0]) == ("shelved", "A-01-B-1-1-1", None)


def test_a_broker_killed_and_started_again_loses_nothing(clean_engine: Engine, tmp_path: Path) -> None:
    with run_broker() as broker:
        centre = Centre(clean_engine, broker)
        centre.add_room("r01")
        centre.link.start()
        gateway = Gateway("r01", tmp_path / "r01", broker)
        gateway.start()
        written = [gateway.take_out(BOXES[number % 40]) for number in range(30)]
        broker.kill()
        written += [gateway.take_out(BOXES[number % 40]) for number in range(30)]
        broker.start()
        written += [gateway.take_out(BOXES[number % 40]) for number in range(30)]
        gateway.wait_sent()
        assert [row.id for row in centre.list_movements("r01")] == written
        gateway.wait_fed(centre)
        gateway.close()
        centre.link.close()


def test_a_rolled_back_disk_is_noticed_and_waits_for_an_admin(
    centre: Centre, open_gateway: Callable[..., Gateway], tmp_path: Path
) -> None:
    first = open_gateway()
    old = [first.take_out(BOXES[0]) for _ in range(5)]
    first.wait_sent()
    first.close()
    shutil.copytree(tmp_path / "r01", tmp_path / "image")
    second = open_gateway()
    old += [second.take_out(BOXES[1]) for _ in range(5)]
    second.wait_sent()
    second.close()
    third = open_gateway("image")  # the disk as it was
    fresh = [third.put_away(BOXES[2], f"A-01-B-1-1-{slot}") for slot in range(1, 8)]
    wait_for(lambda: third.link.status()["state"] == "pending", WAIT_S, "the new epoch waits")
    assert {row.id for row in centre.list_movements("r01")} == set(old)
    with centre.tx.write() as session:
        assert ingest_service.admit_epoch(
            session, room_id="r01", epoch=third.outbox.epoch, decided_by="p", now=datetime.now(UTC)
        )
    third.link._sender._lanes[-1].held_until_ms = 0  # half a minute is long for a test
    third.link.wake()
    third.wait_sent()
    assert [row.id for row in centre.list_movements("r01")] == old + fresh
    assert centre.place_of(BOXES[2]) == ("shelved", "A-01-B-1-1-7", None)
    third.wait_fed(centre)


def test_a_restored_centre_loses_nothing_and_the_replica_is_loaded_anew(
    centre: Centre, open_gateway: Callable[..., Gateway], broker: Broker
) -> None:
    gateway = open_gateway()
    written = [gateway.take_out(BOXES[number]) for number in range(10)]
    gateway.wait_sent()
    gateway.wait_fed(centre)
    centre.link.close()
    # The backup knew only the first four records: what followed is gone, and a restore draws a new epoch.
    with centre.tx.write() as session:
        [row] = ingest.list_cursors(session, ["r01"])
        lines = ingest.list_lines(session, "r01", row.epoch, 0, 4)
        session.execute(ingest.RecordRow.__table__.delete().where(ingest.RecordRow.seq > 4))
        session.execute(MovementRow.__table__.delete().where(MovementRow.up_seq > 4))
        row.through, row.through_hash, row.published = 4, sha256(lines[-1][1]).hexdigest(), 4
        session.execute(feed.FeedHeadRow.__table__.delete())
        session.execute(feed.FeedRowRow.__table__.delete())
        rebuild_locations(session)
        feed.publish_boxes(session, BOXES)
        ingest.draw_centre_epoch(session, datetime.now(UTC))
    restored = Centre(centre.tx.engine, broker)
    restored.link.start()
    gateway.take_out(BOXES[11])
    gateway.wait_sent()
    assert [row.id for row in restored.list_movements("r01")][:10] == written
    assert restored.count_records("r01") == 11
    gateway.wait_fed(restored)
    assert gateway.replica.feed_position().centre == restored.link.centre
    restored.link.close()


def test_a_refused_epoch_keeps_its_facts_on_its_disk(centre: Centre, open_gateway: Callable[..., Gateway]) -> None:
    gateway = open_gateway()
    gateway.take_out(BOXES[0])
    gateway.wait_sent()
    with centre.tx.write() as session:
        ingest_service.refuse_epoch(
            session, room_id="r01", epoch=gateway.outbox.epoch, decided_by="p", now=datetime.now(UTC)
        )
    gateway.take_out(BOXES[1])
    wait_for(lambda: LinkChanged("refused") in gateway.events, WAIT_S, "the gateway shows it")
    assert gateway.outbox.count_waiting() == 1
    with centre.tx.read() as session:
        assert [row.first for row in ingest.list_quarantine(session, "r01")] == [2]
        assert ingest.list_cursors(session)[0].state == EpochState.REFUSED


def test_a_command_is_answered_on_its_own_topic(centre: Centre, open_gateway: Callable[..., Gateway]) -> None:
    gateway = open_gateway()
    wait_for(lambda: LinkChanged("online") in gateway.events, WAIT_S, "the gateway is online")

    def answer(event: object) -> bool:
        if isinstance(event, CommandArrived):
            assert event.payload == {"box_code": BOXES[0]}
            gateway.link.answer_command(event.command_id, "prompted", None, {"bank": "A", "aisle": 7})
        return True

    gateway.link._sink = answer
    got = send_command(
        centre.link, "r01", "propose_aisle", {"box_code": BOXES[0]}, asked_by="李雷", now=datetime.now(UTC)
    )
    assert (got.result, got.detail) == ("prompted", {"bank": "A", "aisle": 7})


def test_a_command_to_nobody_is_unknown_and_an_expired_one_is_refused(
    centre: Centre, open_gateway: Callable[..., Gateway]
) -> None:
    wait_for(lambda: centre.link.status()["connected"], WAIT_S, "the centre is connected")
    lost = send_command(centre.link, "r02", "ping", {}, asked_by="x", now=datetime.now(UTC), ttl_ms=50)
    assert (lost.result, lost.reason) == ("unknown", "no_answer")
    gateway = open_gateway()
    wait_for(lambda: LinkChanged("online") in gateway.events, WAIT_S, "the gateway is online")
    late = send_command(centre.link, "r01", "ping", {}, asked_by="x", now=datetime(2026, 1, 1, tzinfo=UTC), ttl_ms=5000)
    assert (late.result, late.reason) == ("refused", "expired")
    assert not [event for event in gateway.events if isinstance(event, CommandArrived)]


def test_presence_and_bank_views_reach_the_board(centre: Centre, open_gateway: Callable[..., Gateway]) -> None:
    gateway = open_gateway()
    gateway.link.show_bank("A", BANK_VIEW)
    board = centre.link.state_board
    wait_for(lambda: board.find_bank("r01", "A"), WAIT_S, "the view")
    wait_for(lambda: board.snapshot()["rooms"]["r01"]["presence"]["state"] == "online", WAIT_S, "online")
    assert board.find_bank("r01", "A") == {**BANK_VIEW, "stale": False}
    gateway.close()
    wait_for(lambda: board.snapshot()["rooms"]["r01"]["presence"]["state"] == "offline", WAIT_S, "offline")
    view = board.find_bank("r01", "A")
    assert view is not None
    assert view["stale"]
