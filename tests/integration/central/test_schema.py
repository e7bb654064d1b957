"""The migrations build what the code expects, on both databases, and can go back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import Engine, inspect, text
from sqlalchemy.exc import IntegrityError

from central.app import SchemaBehindError, open_store
from central.store.base import open_engine, sqlite_instant
from central.store.migrate import compare_schema, downgrade_schema, newest_revision, read_revision, upgrade_schema
from central.store.rooms import RoomRow
from central.store.schema import metadata
from central.store.tx import Transactions
from tests.integration.central.centre import make_settings


def test_migrations_equal_the_tables_in_the_code(engine: Engine) -> None:
    assert compare_schema(engine) == []
    assert read_revision(engine) == newest_revision()


def test_up_and_down_and_up_again(empty_database_url: str) -> None:
    engine = open_engine(empty_database_url, pool_size=2)
    assert read_revision(engine) is None
    upgrade_schema(engine)
    downgrade_schema(engine, "base")
    assert set(inspect(engine).get_table_names()) <= {"alembic_version"}
    upgrade_schema(engine)
    assert set(inspect(engine).get_table_names()) - {"alembic_version"} == set(metadata.tables)
    engine.dispose()


def test_another_schema_is_not_served(empty_database_url: str) -> None:
    with pytest.raises(SchemaBehindError, match="migrate"):
        open_store(make_settings(empty_database_url))


def test_every_constraint_has_a_name() -> None:
    assert [c for table in metadata.tables.values() for c in table.constraints if c.name is None] == []


def test_instants_come_back_in_utc(clean_engine: Engine) -> None:
    tx = Transactions(clean_engine)
    chengdu = datetime(2026, 11, 24, 16, 0, 0, 123456, tzinfo=timezone(timedelta(hours=8)))
    with tx.write() as session:
        session.add(RoomRow(id="r01", number="01", name="库房", created_at=chengdu))
    with tx.read() as session:
        room = session.get(RoomRow, "r01")
        assert room is not None
        assert room.created_at == chengdu
        assert room.created_at.tzinfo == UTC
        stored = session.scalar(text("SELECT created_at FROM rooms"))
    if clean_engine.dialect.name == "sqlite":
        assert stored == sqlite_instant(chengdu) == "2026-11-24 08:00:00.123456"


def test_a_time_without_zone_is_refused(clean_engine: Engine) -> None:
    tx = Transactions(clean_engine)
    naive = RoomRow(id="r01", number="01", name="库房", created_at=datetime(2026, 11, 24))  # noqa: DTZ001
    with pytest.raises(Exception, match="time zone"), tx.write() as session:
        session.add(naive)


def test_foreign_keys_are_checked(clean_engine: Engine) -> None:
    tx = Transactions(clean_engine)
    with pytest.raises(IntegrityError), tx.write() as session:
        session.execute(
            text("INSERT INTO person_roles (id, person_id, role) VALUES ('a', 'nobody', 'admin')"),
        )


def test_sqlite_is_durable_and_a_file(tmp_path: object) -> None:
    engine = open_engine(f"sqlite:///{tmp_path}/a.db", pool_size=1)
    with engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1
    engine.dispose()
    with pytest.raises(ValueError, match="file"):
        open_engine("sqlite://")
