"""A file of customers, from its bytes to applied dossiers on PostgreSQL, against a bare COPY of the very rows it makes.

Ours: the file is kept, read, each row checked and staged, the preview shown, then applied. Bare: one connection of
psycopg copies the resulting customers and dossiers into an empty database of the same schema, in one transaction,
before and after; the quicker of the two counts.
"""

from __future__ import annotations

import importlib.metadata
import io
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, TypeVar

import psycopg
from sqlalchemy import Engine, make_url

from central.domain.people import Actor, Grant, Role
from central.jobs.customer_imports import CustomerImports
from central.services.customer_imports import list_faults, list_first_lines, show_import
from central.store.base import open_engine
from central.store.ids import new_id
from central.store.organisation import UnitRow
from central.store.people import PersonRow
from central.store.tx import Transactions
from tests.plugins.postgres import PostgresServer, start_server, stop_server

GOAL: Final = 4.0
CUSTOMERS: Final = 100_000
TABLES: Final = ("customers", "dossiers")
Result = TypeVar("Result")
NOW: Final = datetime(2026, 11, 24, 8, tzinfo=UTC)
PREVIEW_ROWS: Final = 20


def run(scale: float) -> dict[str, Any]:
    """Measure at three sizes; the largest counts."""
    sizes = [max(1_000, int(CUSTOMERS * scale * part)) for part in (0.25, 0.5, 1)]
    folder = Path(tempfile.mkdtemp(prefix="openaisle-bench-"))
    server = start_server(folder)
    try:
        results = [_measure(server, size) for size in sizes]
    finally:
        stop_server(folder)
    last = results[-1]
    return {
        "value": round(last["ours_s"], 2),
        "limit_or_peer": round(last["bare_s"], 2),
        "ratio": round(last["ratio"], 2),
        "goal": GOAL,
        "ok": last["ratio"] <= GOAL,
        "n": sizes[-1],
        "versions": {"psycopg": importlib.metadata.version("psycopg")},
        "customers": sizes,
        "ratios": [round(each["ratio"], 2) for each in results],
        "preview_s": [round(each["preview_s"], 2) for each in results],
        "apply_s": [round(each["apply_s"], 2) for each in results],
        "bare_s": [round(each["bare_s"], 2) for each in results],
    }


def write_file(count: int) -> bytes:
    """Return a table of customers as people keep them."""
    lines = ["户号,户名,用电地址,表号,身份证号,班组"]
    lines += [
        f"51{n:08},四川客户{n}有限公司,成都市天府大道{n}号,M{n:010},510104{1950 + n % 50}0307{n % 10_000:04},业务一班"
        for n in range(count)
    ]
    return "\n".join(lines).encode()


def _measure(server: PostgresServer, size: int) -> dict[str, float]:
    body = write_file(size)
    url = server.create_database()
    engine = open_engine(url)
    actor = _found_house(engine)
    tx = Transactions(engine)
    imports = CustomerImports(tx, lambda: NOW)
    started = time.perf_counter()
    import_id = imports.take_file(actor, "customers.csv", io.BytesIO(body))
    imports.run_all()
    with tx.read() as session:
        seen = show_import(session, actor, import_id)
        list_faults(session, actor, import_id)
        shown = list_first_lines(session, actor, import_id)
    preview_s = time.perf_counter() - started
    if (seen.state, seen.rows_faulty, len(shown)) != ("checked", 0, PREVIEW_ROWS):
        raise RuntimeError(f"the preview is not what the file holds: {seen}")
    imports.apply(actor, import_id)
    imports.run_all()
    ours_s = time.perf_counter() - started
    rows = {table: _copy_out(engine, table) for table in TABLES}
    if any(data.count(b"\n") != size for data in rows.values()):
        raise RuntimeError("the import did not make one customer and one dossier of each row")
    bare_s = min(_copy_in(server, rows) for _ in range(2))
    engine.dispose()
    server.drop_database(url)
    return {
        "ours_s": ours_s,
        "preview_s": preview_s,
        "apply_s": ours_s - preview_s,
        "bare_s": bare_s,
        "ratio": ours_s / bare_s,
    }


def _found_house(engine: Engine) -> Actor:
    """Keep ids the same in every database: copied rows refer to them."""
    unit_id, person_id = "00000000-0000-7000-8000-000000000001", "00000000-0000-7000-8000-000000000002"
    with Transactions(engine).write() as session:
        session.add(UnitRow(id=unit_id, kind="team", name="业务一班", created_at=NOW))
        session.add(PersonRow(id=person_id, name="李慧", created_at=NOW))
    return Actor(person_id, "lihui", "李慧", frozenset({Grant(Role.DEPARTMENT)}), session_id=new_id())


def _copy_out(engine: Engine, table: str) -> bytes:
    def read(link: psycopg.Connection[Any]) -> bytes:
        with link.cursor() as cursor, cursor.copy(f"COPY {table} TO STDOUT".encode()) as copy:
            return b"".join(bytes(piece) for piece in copy)

    return _with_driver(engine, read)


def _copy_in(server: PostgresServer, rows: dict[str, bytes]) -> float:
    """Copy the rows into a fresh database of the same schema and return the seconds that took."""
    url = server.create_database()
    engine = open_engine(url)
    _found_house(engine)

    def write(link: psycopg.Connection[Any]) -> float:
        started = time.perf_counter()
        for table, data in rows.items():
            with link.cursor() as cursor, cursor.copy(f"COPY {table} FROM STDIN".encode()) as copy:
                copy.write(data)
        link.commit()
        return time.perf_counter() - started

    taken_s = _with_driver(engine, write)
    engine.dispose()
    server.drop_database(url)
    return taken_s


def _with_driver(engine: Engine, work: Callable[[psycopg.Connection[Any]], Result]) -> Result:
    address = make_url(engine.url).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(address) as link:
        return work(link)
