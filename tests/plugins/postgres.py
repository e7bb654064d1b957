"""A PostgreSQL of the suite's own: one server per run, shared by the xdist workers, one database per test module.

The server listens on a Unix socket in a temporary folder and trusts its one user. fsync is off: nothing in the suite
outlives it, and tests that kill a database say so and start their own.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import Engine, make_url

from central.store.base import open_engine
from central.store.migrate import upgrade_schema

PORT = 5432  # names the socket file only
TEMPLATE = "openaisle_template"
USER = "openaisle"
SERVER_USERS = ("postgres", "nobody")
DATABASES = ("sqlite", pytest.param("postgresql", marks=pytest.mark.postgres))


@dataclass(frozen=True, slots=True)
class PostgresServer:
    """A running server, found by the folder of its socket."""

    socket_dir: Path

    def url(self, database: str) -> str:
        return f"postgresql+psycopg://{USER}@/{database}?host={self.socket_dir}&port={PORT}"

    def execute(self, statement: sql.Composed) -> None:
        with psycopg.connect(
            host=str(self.socket_dir), port=PORT, user=USER, dbname="postgres", autocommit=True
        ) as link:
            link.execute(statement)

    def create_database(self, *, empty: bool = False) -> str:
        """Return the URL of a fresh database: migrated, or empty."""
        name = f"test_{uuid4().hex}"
        template = "template0" if empty else TEMPLATE
        self.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template)),
        )
        return self.url(name)

    def drop_database(self, url: str) -> None:
        name = make_url(url).database
        assert name is not None
        self.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def find_programs() -> Path:
    """Folder of initdb and postgres: Debian keeps them out of PATH."""
    found = shutil.which("initdb")
    if found:
        return Path(found).parent
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: float(path.parts[-3]))
    if not versions:
        raise RuntimeError("PostgreSQL is not installed: apt-get install postgresql")
    return versions[-1].parent


def as_server_user(command: list[str], folder: Path) -> list[str]:
    """PostgreSQL refuses to run as root: then it runs as a user without rights, who gets the folder."""
    if os.geteuid() != 0:
        return command
    known = {entry.pw_name: entry for entry in pwd.getpwall()}
    user = next(known[name] for name in SERVER_USERS if name in known)
    shutil.chown(folder, user.pw_uid, user.pw_gid)
    identity = [f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
    return ["setpriv", *identity, "--", *command]


def start_server(folder: Path) -> PostgresServer:
    """Make a cluster in `folder`, start it, and lay the migrated template."""
    programs, data = find_programs(), folder / "data"
    folder.chmod(0o755)
    options = "-c fsync=off -c synchronous_commit=off -c full_page_writes=off -c max_connections=200"
    options += f" -c listen_addresses= -c unix_socket_directories={folder} -p {PORT}"
    initdb = [
        str(programs / "initdb"),
        "-D",
        str(data),
        "-U",
        USER,
        "-A",
        "trust",
        "-E",
        "UTF8",
        "--locale=C.UTF-8",
        "-N",
    ]
    start = [str(programs / "pg_ctl"), "-D", str(data), "-l", str(folder / "log"), "-w", "-o", options, "start"]
    for command in (initdb, start):
        subprocess.run(as_server_user(command, folder), check=True, cwd=folder, stdout=subprocess.DEVNULL)
    server = PostgresServer(folder)
    try:
        lay_template(server)
    except BaseException:
        stop_server(folder)
        raise
    return server


def lay_template(server: PostgresServer) -> None:
    """Make the migrated database that every test database is copied from."""
    server.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(TEMPLATE)))
    engine = open_engine(server.url(TEMPLATE), pool_size=1)
    upgrade_schema(engine)
    engine.dispose()


def stop_server(folder: Path) -> None:
    command = [str(find_programs() / "pg_ctl"), "-D", str(folder / "data"), "-m", "immediate", "-w", "stop"]
    subprocess.run(as_server_user(command, folder), check=False, cwd=folder, stdout=subprocess.DEVNULL)
    shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def share_server(shared: Path) -> Iterator[PostgresServer]:
    """Start the run's server, or join the one another worker started; the last to leave stops it."""
    members = shared / "postgres-members"
    with _locked(shared) as note:
        folder = Path(note.read_text()) if note.exists() else Path(tempfile.mkdtemp(prefix="openaisle-pg-"))
        if not note.exists():
            start_server(folder)
            note.write_text(str(folder))
        members.write_text(str(int(members.read_text()) + 1 if members.exists() else 1))
    try:
        yield PostgresServer(folder)
    finally:
        with _locked(shared) as note:
            left = int(members.read_text()) - 1
            members.write_text(str(left))
            if left == 0:
                stop_server(folder)
                note.unlink()


@contextlib.contextmanager
def _locked(shared: Path) -> Iterator[Path]:
    with (shared / "postgres-lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield shared / "postgres-folder"


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Iterator[PostgresServer]:
    """The run's PostgreSQL server."""
    base = tmp_path_factory.getbasetemp()
    with share_server(base if worker_id == "master" else base.parent) as server:
        yield server


class Databases:
    """Migrated databases of one test module, made when first asked for: random order must not make them again."""

    def __init__(self, folder: Path, request: pytest.FixtureRequest) -> None:
        self._folder = folder
        self._request = request
        self._engines: dict[str, Engine] = {}

    def engine(self, kind: str) -> Engine:
        if kind not in self._engines:
            engine = open_engine(self._create(kind))
            if kind == "sqlite":
                upgrade_schema(engine)
            self._engines[kind] = engine
        return self._engines[kind]

    def close(self) -> None:
        for engine in self._engines.values():
            engine.dispose()
            if engine.dialect.name == "postgresql":
                self._server().drop_database(engine.url.render_as_string(hide_password=False))

    def _create(self, kind: str) -> str:
        return f"sqlite:///{self._folder}/central.db" if kind == "sqlite" else self._server().create_database()

    def _server(self) -> PostgresServer:
        server: PostgresServer = self._request.getfixturevalue("postgres_server")
        return server


@pytest.fixture(scope="module")
def databases(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Databases]:
    """The module's databases."""
    databases = Databases(tmp_path_factory.mktemp("central"), request)
    yield databases
    databases.close()


@pytest.fixture(params=DATABASES)
def engine(request: pytest.FixtureRequest, databases: Databases) -> Engine:
    """Engine on the module's SQLite, then on its PostgreSQL; rows of the module's earlier tests are still there."""
    return databases.engine(request.param)


@pytest.fixture
def database_url(engine: Engine) -> str:
    """URL of the same database."""
    return engine.url.render_as_string(hide_password=False)


@pytest.fixture
def clean_engine(engine: Engine) -> Engine:
    """The module's database, emptied: a test finds only what it made."""
    empty_tables(engine)
    return engine


def empty_tables(engine: Engine) -> None:
    """Delete every row of every table, children first."""
    from central.store.schema import metadata

    with engine.begin() as connection:
        for table in reversed(metadata.sorted_tables):
            connection.execute(table.delete())


@pytest.fixture(params=DATABASES)
def empty_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """URL of a database without any table."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/empty.db"
        return
    server: PostgresServer = request.getfixturevalue("postgres_server")
    url = server.create_database(empty=True)
    yield url
    server.drop_database(url)
