"""Ground of the store: metadata with its naming convention, column types, engines. No table and no query lives here."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, DateTime, Dialect, Engine, MetaData, create_engine, event, make_url
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.types import TypeDecorator

# Alembic can only drop or change what has a name, and the two databases would choose different ones.
NAMING_CONVENTION = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

#: Execution option of connections that are going to write: on SQLite they start with BEGIN IMMEDIATE.
WRITES = "openaisle_writes"

# synchronous FULL: an answer of `through` to a gateway is a promise that survives a power cut.
SQLITE_PRAGMAS = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
    "PRAGMA busy_timeout = 5000",
    "PRAGMA temp_store = MEMORY",
    "PRAGMA cache_size = -32000",
)

#: Text of ids of rows: UUIDv7 in its canonical form.
ID_LENGTH = 36
ROOM_ID_LENGTH = 32
CODE_LENGTH = 16
PLACE_KEY_LENGTH = 40


class Base(DeclarativeBase):
    """Parent of every table of the centre."""

    metadata = MetaData(naming_convention=NAMING_CONVENTION)


class Instant(TypeDecorator[datetime]):
    """A UTC instant: refuses naive datetimes, returns aware ones; on SQLite text that sorts as time does."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            msg = "an instant needs a time zone"
            raise ValueError(msg)
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if dialect.name == "sqlite" else value.astimezone(UTC)


def sqlite_instant(value: datetime) -> str:
    """Return the text that `Instant` stores on SQLite, for the driver's bulk calls."""
    return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")


#: A JSON document, binary on PostgreSQL.
Document = JSON().with_variant(JSONB(), "postgresql")


def open_engine(url: str, *, pool_size: int = 48) -> Engine:
    """Return an engine for SQLite (WAL, checked foreign keys) or PostgreSQL by psycopg 3."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        if parsed.database in (None, "", ":memory:"):
            msg = "the centre's SQLite database is a file: an in-memory one has no second connection"
            raise ValueError(msg)
        engine = create_engine(parsed, pool_size=pool_size, max_overflow=0, connect_args={"check_same_thread": False})
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    return create_engine(parsed.set(drivername="postgresql+psycopg"), pool_size=pool_size, max_overflow=0)


def _prepare_sqlite(connection: Any, _record: object) -> None:
    """Take transaction control from the driver, which would begin too late, and set what SQLite forgets on closing."""
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in SQLITE_PRAGMAS:
        cursor.execute(pragma)
    cursor.close()


def _begin_sqlite(connection: Any) -> None:
    """Begin for ourselves: a writer takes the lock at once, since an upgraded reader can't wait for it."""
    writes = connection.get_execution_options().get(WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
