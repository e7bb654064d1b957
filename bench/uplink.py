"""Facts per second from four rooms' outboxes through mosquitto to committed and acknowledged, against bare drivers.

The bare figure is the same rows (records, movements, locations, cursor) written in the same batches by one connection
of sqlite3 or psycopg (COPY and merge), before and after; the better of the two is the limit. The centre meanwhile also
publishes its feed, which the bare drivers don't.
"""

from __future__ import annotations

import importlib.metadata
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import psycopg
import uuid_utils
from sqlalchemy import make_url

from bench import uplink_rows
from central.jobs.link import CentralLink
from central.store import boxes, rooms
from central.store.base import open_engine
from central.store.migrate import upgrade_schema
from central.store.tx import Transactions
from tests.plugins.broker import ROOMS, Broker, run_broker
from tests.plugins.postgres import USER, as_server_user, find_programs

GOALS: Final = {"sqlite": 0.5, "postgresql": 0.4}
FACTS_PER_ROOM: Final = 10_000
PORT: Final = 5432


@dataclass(frozen=True, slots=True)
class Settings:
    """What the centre's link needs to know of the broker."""

    host: str
    port: int
    password_file: Path
    username: str = "central"
    keepalive_s: int = 30
    ca_file: Path | None = None


def run(scale: float) -> dict[str, Any]:
    """Measure both databases at three sizes; the figures of the largest count."""
    sizes = [max(500, int(FACTS_PER_ROOM * scale * part)) for part in (0.25, 0.5, 1)]
    found: dict[str, list[dict[str, float]]] = {"sqlite": [], "postgresql": []}
    with tempfile.TemporaryDirectory(prefix="openaisle-bench-") as name:
        folder = Path(name)
        for size in sizes:
            found["sqlite"].append(_measure(f"sqlite:///{folder}/{size}.db", f"sqlite:///{folder}/bare-{size}-", size))
        with _postgres(folder) as create:
            for size in sizes:
                found["postgresql"].append(_measure(create(), create, size))
    last = {database: results[-1] for database, results in found.items()}
    worse = min(last, key=lambda database: last[database]["ratio"] / GOALS[database])
    return {
        "value": round(last[worse]["ours"]),
        "limit_or_peer": round(last[worse]["bare"]),
        "ratio": round(last[worse]["ratio"], 3),
        "goal": GOALS[worse],
        "ok": all(last[database]["ratio"] >= goal for database, goal in GOALS.items()),
        "n": sizes[-1] * len(ROOMS),
        "versions": {
            "mosquitto": _first_line(["mosquitto", "-h"]),
            "sqlite": sqlite3.sqlite_version,
            "psycopg": importlib.metadata.version("psycopg"),
            "paho": importlib.metadata.version("paho-mqtt"),
        },
        "worse": worse,
        "facts_per_room": sizes,
        "ratios": {database: [round(result["ratio"], 3) for result in results] for database, results in found.items()},
        "facts_per_s": {database: [round(result["ours"]) for result in results] for database, results in found.items()},
        "bare_per_s": {database: [round(result["bare"]) for result in results] for database, results in found.items()},
    }


def _measure(url: str, bare_urls: str | Callable[[], str], size: int) -> dict[str, float]:
    """Bare, ours, bare."""
    batches = uplink_rows.make_batches(ROOMS, size)
    make_url_ = bare_urls if callable(bare_urls) else iter([f"{bare_urls}1.db", f"{bare_urls}2.db"]).__next__
    before = _run_bare(make_url_(), batches, size)
    ours = _run_link(url, size)
    after = _run_bare(make_url_(), batches, size)
    bare = max(before, after)
    return {"ours": ours, "bare": bare, "ratio": ours / bare}


def _run_bare(url: str, batches: list[uplink_rows.BareBatch], size: int) -> float:
    _prepare(url)
    if url.startswith("sqlite"):
        engine = open_engine(url)
        raw: Any = engine.raw_connection()
        connection = raw.driver_connection
        connection.execute("PRAGMA foreign_keys = OFF")
        write = uplink_rows.write_sqlite
    else:
        engine, raw = None, None
        connection = psycopg.connect(make_url(url).set(drivername="postgresql").render_as_string(hide_password=False))
        write = uplink_rows.write_postgres
    started = time.perf_counter()
    for batch in batches:
        write(connection, batch)
    elapsed = time.perf_counter() - started
    connection.close() if engine is None else engine.dispose()
    return size * len(ROOMS) / elapsed


def _run_link(url: str, size: int) -> float:
    """Let four gateway processes send their backlog; the clock runs from the centre's start to the last answer."""
    _prepare(url)
    engine = open_engine(url)
    with run_broker() as broker, tempfile.TemporaryDirectory(prefix="openaisle-gateways-") as folder:
        gateways = [_start_gateway(broker, room_id, Path(folder), size) for room_id in ROOMS]
        for gateway in gateways:
            _expect(gateway, "ready")
        settings = Settings(broker.host, broker.port, broker.password_file("central"))
        link = CentralLink(settings, Transactions(engine))
        started = time.perf_counter()
        link.start()
        for gateway in gateways:
            _expect(gateway, "sent")
        elapsed = time.perf_counter() - started
        assert link.counts["records"] == size * len(ROOMS), dict(link.counts)
        for gateway in gateways:
            gateway.communicate("close\n", timeout=20)
        link.close()
    engine.dispose()
    return size * len(ROOMS) / elapsed


def _prepare(url: str) -> None:
    """Lay the schema and the rooms with their boxes."""
    engine = open_engine(url, pool_size=1)
    upgrade_schema(engine)
    now = datetime.now(UTC)
    with Transactions(engine, pool_size=1).write() as session:
        for room_id in ROOMS:
            session.add(rooms.RoomRow(id=room_id, number=room_id[1:], name="档案室", created_at=now))
        session.flush()
        for room_id in ROOMS:
            for code in uplink_rows.list_codes(room_id):
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
    engine.dispose()


def _start_gateway(broker: Broker, room_id: str, folder: Path, size: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "bench.uplink_gateway", room_id, str(folder / room_id), str(size)]
    command += [broker.host, str(broker.port), str(broker.password_file(room_id))]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def _expect(gateway: subprocess.Popen[str], word: str) -> None:
    assert gateway.stdout is not None
    line = gateway.stdout.readline().strip()
    if line != word:
        raise RuntimeError(f"gateway said {line!r}, not {word!r}")


@contextmanager
def _postgres(folder: Path) -> Iterator[Callable[[], str]]:
    """Run a PostgreSQL with its default durability; yields a maker of empty databases."""
    home = folder / "postgres"
    home.mkdir()
    folder.chmod(0o755)
    home.chmod(0o755)
    programs, data = find_programs(), home / "data"
    options = f"-c listen_addresses= -c unix_socket_directories={home} -p {PORT}"
    initdb = [str(programs / "initdb"), "-D", str(data), "-U", USER, "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8"]
    control = [str(programs / "pg_ctl"), "-D", str(data), "-w"]
    for command in (initdb, [*control, "-l", str(home / "log"), "-o", options, "start"]):
        subprocess.run(as_server_user(command, home), check=True, cwd=home, stdout=subprocess.DEVNULL)
    numbers = iter(range(1_000))

    def create() -> str:
        name = f"bench_{next(numbers)}"
        with psycopg.connect(host=str(home), port=PORT, user=USER, dbname="postgres", autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return f"postgresql+psycopg://{USER}@/{name}?host={home}&port={PORT}"

    try:
        yield create
    finally:
        stop = as_server_user([*control, "-m", "immediate", "stop"], home)
        subprocess.run(stop, check=False, cwd=home, stdout=subprocess.DEVNULL)
        shutil.rmtree(home, ignore_errors=True)


def _first_line(command: list[str]) -> str:
    found = subprocess.run(command, check=False, capture_output=True, text=True)
    return (found.stdout or found.stderr).splitlines()[0]
