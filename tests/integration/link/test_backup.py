"""Copies of the centre: proven before gateways may forget, put back without losing a fact, on both databases."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from central.jobs.backup import make_backup, restore_backup
from central.services.backups import find_newest
from central.store import ingest
from central.store.backups import BackupError
from central.store.base import open_engine
from central.store.contents import ContentStore
from tests.integration.link.link_rig import BOXES, WAIT_S, Centre, Gateway
from tests.plugins.broker import Broker
from tests.plugins.postgres import PostgresServer
from tests.wait import wait_for

pytestmark = pytest.mark.broker

NOW = datetime(2026, 11, 24, 3, 33, 7, tzinfo=UTC)


@pytest.fixture
def centre(clean_engine: Engine, broker: Broker) -> Iterator[Centre]:
    broker.forget_session("central", "central-1")
    centre = Centre(clean_engine, broker)
    centre.add_room("r01")
    centre.link.start()
    yield centre
    centre.link.close()


@pytest.fixture
def empty_url(request: pytest.FixtureRequest, clean_engine: Engine, tmp_path: Path) -> Iterator[str]:
    """URL of a database of the same kind without any table."""
    if clean_engine.dialect.name == "sqlite":
        yield f"sqlite:///{tmp_path}/empty.db"
        return
    server: PostgresServer = request.getfixturevalue("postgres_server")
    url = server.create_database(empty=True)
    yield url
    server.drop_database(url)


@pytest.fixture
def gateway(tmp_path: Path, broker: Broker, centre: Centre) -> Iterator[Gateway]:
    del centre
    gateway = Gateway("r01", tmp_path / "gateway", broker)
    gateway.start()
    yield gateway
    gateway.close()


def read_safe(gateway: Gateway) -> int:
    with gateway.database.read() as connection:
        return int(connection.execute("SELECT safe FROM epoch").fetchone()[0])


def test_facts_are_safe_once_a_copy_of_them_was_proven(centre: Centre, gateway: Gateway, tmp_path: Path) -> None:
    for code in BOXES[:5]:
        gateway.take_out(code)
    gateway.wait_sent()
    assert read_safe(gateway) == 0
    made = make_backup(centre.tx, ContentStore(tmp_path / "contents", 1 << 20), tmp_path / "copies", NOW)
    assert [(each.room_id, each.epoch, each.through) for each in made.held] == [("r01", gateway.outbox.epoch, 5)]
    gateway.take_out(BOXES[6])
    wait_for(lambda: read_safe(gateway) == 5, WAIT_S, "the gateway hears what is safe")
    note = json.loads(made.file.with_name(f"{made.file.name}.json").read_text(encoding="utf-8"))
    assert note["sha256"] == sha256(made.file.read_bytes()).hexdigest()
    assert note["rows"]["link_records"] == 5
    with centre.tx.read() as session:
        assert find_newest(session) == NOW


def test_a_restored_centre_gets_the_rest_from_its_gateways(
    centre: Centre, gateway: Gateway, broker: Broker, tmp_path: Path, empty_url: str
) -> None:
    written = [gateway.take_out(code) for code in BOXES[:4]]
    gateway.wait_sent()
    copy = make_backup(centre.tx, ContentStore(tmp_path / "contents", 1 << 20), tmp_path / "copies", NOW).file
    written += [gateway.put_away(code, "A-01-B-1-1-1") for code in BOXES[:3]]
    gateway.wait_sent()
    gateway.wait_fed(centre)
    head = centre.verify_chain("r01", gateway.outbox.epoch)
    centre.link.close()

    (held,) = restore_backup(copy, empty_url, ContentStore(tmp_path / "restored", 1 << 20), NOW).held
    assert held.through == 4
    engine = open_engine(empty_url)
    try:
        restored = Centre(engine, broker)
        assert restored.link.centre != centre.link.centre
        restored.link.start()
        wait_for(lambda: restored.count_records("r01") == head, WAIT_S, "the gateway sends what the copy lacked")
        gateway.wait_fed(restored)
        assert [row.id for row in restored.list_movements("r01")] == written
        assert restored.verify_chain("r01", gateway.outbox.epoch) == head
        assert restored.place_of(BOXES[0]) == centre.place_of(BOXES[0]) == ("shelved", "A-01-B-1-1-1", None)
        restored.link.close()
    finally:
        engine.dispose()


@pytest.mark.parametrize(
    "damage", ["UPDATE link_records SET line = 'x' WHERE seq = 2", "DELETE FROM link_records WHERE seq = 3"]
)
def test_a_copy_whose_chain_breaks_makes_nothing_safe(
    centre: Centre, gateway: Gateway, tmp_path: Path, damage: str
) -> None:
    for code in BOXES[:3]:
        gateway.take_out(code)
    gateway.wait_sent()
    value = damage.replace("'x'", "CAST('x' AS BLOB)" if centre.tx.engine.dialect.name == "sqlite" else "'x'::bytea")
    with centre.tx.write() as session:
        session.execute(text(value))
    with pytest.raises(BackupError, match="chain of records breaks at room r01"):
        make_backup(centre.tx, ContentStore(tmp_path / "contents", 1 << 20), tmp_path / "copies", NOW)
    assert list((tmp_path / "copies").iterdir()) == []
    with centre.tx.read() as session:
        assert [row.safe for row in ingest.list_cursors(session)] == [0]


def test_nothing_is_put_back_over_what_is_there(centre: Centre, tmp_path: Path) -> None:
    copy = make_backup(centre.tx, ContentStore(tmp_path / "contents", 1 << 20), tmp_path / "copies", NOW).file
    with pytest.raises(BackupError, match="is not empty"):
        restore_backup(copy, centre.tx.engine.url.render_as_string(hide_password=False), ContentStore(tmp_path, 1), NOW)


def test_only_the_newest_copies_are_kept(centre: Centre, tmp_path: Path) -> None:
    folder = tmp_path / "copies"
    made = [
        make_backup(
            centre.tx, ContentStore(tmp_path / "contents", 1 << 20), folder, NOW + timedelta(days=day), keep=2
        ).file.name
        for day in range(3)
    ]
    assert sorted(path.name for path in folder.iterdir() if path.suffix not in {".json", ".contents"}) == made[1:]
    assert len(list(folder.glob("*.json"))) == len(list(folder.glob("*.contents"))) == 2


def test_a_file_that_is_no_copy_is_refused(tmp_path: Path, empty_url: str) -> None:
    (tmp_path / "holiday.jpg").write_bytes(b"\xff\xd8\xff\xe0 no database")
    with pytest.raises(BackupError, match=r"could not be put back|pg_restore"):
        restore_backup(tmp_path / "holiday.jpg", empty_url, ContentStore(tmp_path, 1), NOW)
