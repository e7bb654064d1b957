"""The migrations build what the code expects, on both databases, and can go back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import Engine, inspect, text
from sqlalchemy.exc import IntegrityError

from central.app import SchemaBehindError, open_store
from central.domain.people import Grant, Role
from central.store.base import open_engine, sqlite_instant
from central.store.grants import load_grants
from central.store.migrate import compare_schema, downgrade_schema, newest_revision, read_revision, upgrade_schema
from central.store.people import load_badges, load_held_roles
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


def test_rows_of_before_live_on(empty_database_url: str) -> None:
    """A database of the first revision comes up with people, roles, badges and sessions intact, and goes back down."""
    engine = open_engine(empty_database_url, pool_size=2)
    upgrade_schema(engine, "0001")
    at = "2026-11-01 08:00:00.000000"
    rows = (
        f"INSERT INTO rooms (id, number, name, created_at) VALUES ('r01', '01', '库房', '{at}')",
        (
            "INSERT INTO people (id, name, login, password_hash, language, active, failed_tries, created_at)"
            f" VALUES ('p1', '李慧', 'lihui', 'x', 'zh-CN', true, 0, '{at}')"
        ),
        "INSERT INTO person_roles (id, person_id, role, room_id) VALUES ('h1', 'p1', 'archivist', 'r01')",
        (
            "INSERT INTO badges (code, person_id, room_id, pin_hash, active, created_at)"
            f" VALUES ('ST010000011', 'p1', 'r01', 'y', true, '{at}')"
        ),
        (
            "INSERT INTO sessions (id, person_id, token_hash, kind, created_at, seen_at, expires_at)"
            f" VALUES ('s1', 'p1', 'z', 'cookie', '{at}', '{at}', '{at}')"
        ),
    )
    with engine.begin() as connection:
        for row in rows:
            connection.execute(text(row))
    upgrade_schema(engine)
    assert compare_schema(engine) == []
    with Transactions(engine, pool_size=12).read() as session:
        now = datetime(2026, 11, 24, tzinfo=UTC)
        assert load_grants(session, "p1", now) == {Grant(Role.ARCHIVIST, "r01")}
        (held,) = load_held_roles(session, ["p1"])
        assert held.from_at == datetime(2026, 11, 1, 8, tzinfo=UTC)
        assert [badge.code for badge in load_badges(session, "p1")] == ["ST010000011"]
        assert session.scalar(text("SELECT rights FROM sessions")) == ""
    downgrade_schema(engine, "0001")
    with engine.connect() as connection:
        assert connection.execute(text("SELECT person_id, role, room_id FROM person_roles")).all() == [
            ("p1", "archivist", "r01")
        ]
        assert connection.execute(text("SELECT login FROM people")).all() == [("lihui",)]
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
