"""Whole copies of the database: taken while the centre works, and put back into an empty one.

SQLite by its online backup, PostgreSQL by pg_dump and pg_restore; both see one moment only, in which rows are counted.
"""

from __future__ import annotations

import os
import secrets
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

import psycopg
from psycopg import sql
from sqlalchemy import URL, Engine, make_url

from central.store.schema import metadata

SUFFIXES: Final = {"sqlite": ".sqlite", "postgresql": ".pgdump"}
SCRATCH: Final = "openaisle_verify_"
DUMP_TIMEOUT_S: Final = 6 * 3600
_PROGRAM_FOLDERS: Final = "/usr/lib/postgresql"


class BackupError(Exception):
    """A copy could not be made, proven or put back; the text says why."""


def dump_database(url: str, file: Path) -> dict[str, int]:
    """Copy the database into a new file; return how many rows each table has in the copy's moment."""
    parsed = make_url(url)
    try:
        counts = _dump_sqlite(parsed, file) if _is_sqlite(parsed) else _dump_postgres(parsed, file)
    except (sqlite3.Error, psycopg.Error) as error:
        raise BackupError(f"the database could not be copied: {error}") from error
    with file.open("rb+") as written:
        os.fsync(written.fileno())
    return counts


def restore_database(file: Path, url: str) -> None:
    """Put a copy back into a database that has no table yet."""
    parsed = make_url(url)
    try:
        if _is_sqlite(parsed):
            _restore_sqlite(file, Path(parsed.database or ""))
        else:
            _restore_postgres(file, parsed)
    except (sqlite3.Error, psycopg.Error) as error:
        raise BackupError(f"{file.name} could not be put back: {error}") from error


def refuse_full(url: str) -> None:
    """Raise BackupError unless the database has no table yet."""
    parsed = make_url(url)
    try:
        if _is_sqlite(parsed):
            _refuse_full_sqlite(Path(parsed.database or ""))
        else:
            _refuse_full_postgres(parsed)
    except (sqlite3.Error, psycopg.Error) as error:
        raise BackupError(f"the database can't be looked at: {error}") from error


@contextmanager
def scratch_database(url: str, folder: Path) -> Iterator[str]:
    """Yield the URL of an empty database of the same kind, gone afterwards."""
    parsed = make_url(url)
    name = f"{SCRATCH}{secrets.token_hex(6)}"
    if _is_sqlite(parsed):
        path = folder / f"{name}.sqlite"
        try:
            yield f"sqlite:///{path}"
        finally:
            for each in folder.glob(f"{path.name}*"):
                each.unlink()
        return
    with psycopg.connect(_libpq(parsed), password=parsed.password, autocommit=True) as connection:
        try:
            connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(name)))
        except psycopg.Error as error:
            raise BackupError(f"no scratch database could be made (the role needs CREATEDB): {error}") from error
        try:
            yield parsed.set(database=name).render_as_string(hide_password=False)
        finally:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def count_rows(engine: Engine) -> dict[str, int]:
    """Return how many rows each table has."""
    with engine.connect() as connection:
        return {name: connection.exec_driver_sql(_count(name)).scalar_one() for name in metadata.tables}


def is_sound(engine: Engine) -> bool:
    """Tell whether the database finds itself whole; PostgreSQL has read every page while dumping."""
    if engine.dialect.name != "sqlite":
        return True
    with engine.connect() as connection:
        return bool(connection.exec_driver_sql("PRAGMA integrity_check").scalar_one() == "ok")


def _dump_sqlite(url: URL, file: Path) -> dict[str, int]:
    with (
        closing(sqlite3.connect(f"file:{url.database}?mode=ro", uri=True)) as source,
        closing(sqlite3.connect(file)) as to,
    ):
        source.execute("BEGIN")
        counts = {name: int(source.execute(_count(name)).fetchone()[0]) for name in metadata.tables}
        source.backup(to)
        # A copy is one file that can be carried away.
        to.execute("PRAGMA journal_mode = DELETE")
    return counts


def _dump_postgres(url: URL, file: Path) -> dict[str, int]:
    with psycopg.connect(_libpq(url), password=url.password) as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        snapshot = str(connection.execute("SELECT pg_export_snapshot()").fetchall()[0][0])
        counts = {name: int(connection.execute(_count(name)).fetchall()[0][0]) for name in metadata.tables}
        _run_postgres(url, "pg_dump", "--format=custom", f"--snapshot={snapshot}", f"--file={file}")
    return counts


def _restore_sqlite(file: Path, path: Path) -> None:
    _refuse_full_sqlite(path)
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as source, closing(sqlite3.connect(path)) as to:
        source.backup(to)


def _refuse_full_sqlite(path: Path) -> None:
    if path.exists():
        with closing(sqlite3.connect(path)) as found:
            if found.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
                raise BackupError(f"{path} is not empty: move it away first")


def _restore_postgres(file: Path, url: URL) -> None:
    _refuse_full_postgres(url)
    _run_postgres(url, "pg_restore", "--no-owner", "--exit-on-error", "--single-transaction", str(file))


def _refuse_full_postgres(url: URL) -> None:
    with psycopg.connect(_libpq(url), password=url.password) as connection:
        tables = connection.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchall()[0][0]
    if tables:
        raise BackupError(f"database {url.database} is not empty: make a new one first")


def _run_postgres(url: URL, program: str, *arguments: str) -> None:
    """Run a client program of PostgreSQL; the password goes by the environment, where `ps` doesn't show it."""
    environment: Mapping[str, str] = os.environ | ({"PGPASSWORD": str(url.password)} if url.password else {})
    command = [find_program(program), f"--dbname={_libpq(url)}", *arguments]
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=DUMP_TIMEOUT_S)
    if ran.returncode != 0:
        raise BackupError(f"{program}: {ran.stderr.strip()[-500:]}")


def find_program(name: str) -> str:
    """Return a client program of PostgreSQL; Debian keeps the newest out of PATH."""
    versions = sorted(Path(_PROGRAM_FOLDERS).glob(f"*/bin/{name}"), key=lambda path: float(path.parts[-3]))
    found = str(versions[-1]) if versions else shutil.which(name)
    if found is None:
        raise BackupError(f"{name} is not installed (package postgresql-client)")
    return found


def _libpq(url: URL) -> str:
    return url.set(drivername="postgresql", password=None).render_as_string()


def _count(table: str) -> str:
    return f'SELECT count(*) FROM "{table}"'  # noqa: S608 - names of our own tables


def _is_sqlite(url: URL) -> bool:
    return url.get_backend_name() == "sqlite"
