"""Two workers of the centre share the rooms on PostgreSQL; the cursor's lock keeps each room in order."""

from __future__ import annotations

from pathlib import Path

import pytest

from central.store.base import open_engine
from tests.integration.link.link_rig import BOXES, Centre, Gateway
from tests.plugins.broker import Broker
from tests.plugins.postgres import PostgresServer

pytestmark = [pytest.mark.broker, pytest.mark.postgres]


def test_two_workers_take_every_fact_once(postgres_server: PostgresServer, broker: Broker, tmp_path: Path) -> None:
    url = postgres_server.create_database()
    engines = [open_engine(url, pool_size=12) for _ in range(2)]
    centres = [Centre(engine, broker, client_no=number, share=True) for number, engine in enumerate(engines, 1)]
    rooms = ("r01", "r02", "r03")
    for number, room_id in enumerate(rooms):
        centres[0].add_room(room_id, BOXES[number * 10 : number * 10 + 10])
    gateways = [Gateway(room_id, tmp_path / room_id, broker, seed=number) for number, room_id in enumerate(rooms)]
    for centre in centres:
        centre.link.start()
    written: dict[str, list[str]] = {room_id: [] for room_id in rooms}
    for gateway in gateways:
        gateway.start()
    for number in range(120):
        for index, gateway in enumerate(gateways):
            written[gateway.room_id].append(gateway.take_out(BOXES[index * 10 + number % 10]))
    for gateway in gateways:
        gateway.wait_sent()
        assert [row.id for row in centres[0].list_movements(gateway.room_id)] == written[gateway.room_id]
        assert centres[1].verify_chain(gateway.room_id, gateway.outbox.epoch) == 120
        gateway.wait_fed(centres[0])
        gateway.close()
    taken = [centre.link.counts["records"] for centre in centres]
    assert sum(taken) == 360
    assert all(taken), "both workers had their share"
    for centre, engine in zip(centres, engines, strict=True):
        centre.link.close()
        engine.dispose()
    postgres_server.drop_database(url)
