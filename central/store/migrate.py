"""Brings a database to the newest schema, and tells where it and the code differ."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine

from central.store.base import WRITES
from central.store.schema import metadata

MIGRATIONS = Path(__file__).parent / "migrations"


def upgrade_schema(engine: Engine, revision: str = "head") -> None:
    """Apply every revision that the database lacks; all of them or, on a failure, none."""
    with engine.execution_options(**{WRITES: True}).begin() as connection:
        command.upgrade(make_config(connection), revision)


def downgrade_schema(engine: Engine, revision: str) -> None:
    """Take revisions back, for tests of the way back."""
    with engine.execution_options(**{WRITES: True}).begin() as connection:
        command.downgrade(make_config(connection), revision)


def read_revision(engine: Engine) -> str | None:
    """Return the revision that the database is at; None for an empty one."""
    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def newest_revision() -> str | None:
    """Return the revision that this code was written for."""
    return ScriptDirectory(str(MIGRATIONS)).get_current_head()


def compare_schema(engine: Engine) -> list[Any]:
    """Return what differs between the database and the tables in the code."""
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        return list(compare_metadata(context, metadata))


def make_config(connection: Connection) -> Config:
    """Return Alembic's configuration for work on this connection."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    return config
