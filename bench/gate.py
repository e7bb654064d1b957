"""Answers of the step gate, asked at a fixed rate by the signed door of a real centre process, on both databases.

Requests start on a fixed timetable, 20 a second; each counts from when it was due, so that a slow answer delays its
successors on the clock too. The database holds 10 documents a case; the cases asked for are drawn anew each time.
"""

from __future__ import annotations

import json
import random
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import httpx
from sqlalchemy import insert, make_url, select, text

from central.services.business_seed import seed_business
from central.store.base import open_engine
from central.store.cases import CaseEventRow, CaseRow, StepRow
from central.store.documents import DocumentRow, TaskRow
from central.store.ids import new_id
from central.store.migrate import upgrade_schema
from central.store.templates import TemplateRow
from central.store.tx import Transactions
from simulators.marketing import sign
from tests.plugins.postgres import start_server, stop_server

if TYPE_CHECKING:
    from collections.abc import Iterator

DOCUMENTS: Final = 1_000_000
#: Part of the documents that a run at scale 1 has, to end within a minute.
QUICK: Final = 0.03
SIZES: Final = (0.1, 0.4, 1.0)
RATE_S: Final = 20
SECONDS: Final = (2.5, 2.5, 7.5)
GOAL_MS: Final = 20.0
WARM_UP: Final = 20
CASES_AT_ONCE: Final = 1_000
DOCUMENTS_A_CASE: Final = 10
BUSINESS, STEP = "LV-COM", "ACCEPT"
KEY, KEY_ID = b"thirty-two bytes of a shared key", "bench"
_PAUSE: Final = threading.Event()
Row = dict[str, Any]


def run(scale: float) -> dict[str, Any]:
    """Measure three sizes on each database; the worse of both at the largest size counts."""
    sizes = [max(100, int(DOCUMENTS * min(1.0, QUICK * scale) * part)) for part in SIZES]
    folder = Path(tempfile.mkdtemp(prefix="openaisle-bench-"))
    server = start_server(folder)
    try:
        url = server.create_database()
        found = {
            "sqlite": _measure(folder, f"sqlite:///{folder}/gate.db", sizes),
            "postgresql": _measure(folder, url, sizes),
        }
    finally:
        stop_server(folder)
        shutil.rmtree(folder, ignore_errors=True)
    worst = max(each["p99_ms"][-1] for each in found.values())
    return {
        "value": worst,
        "limit_or_peer": GOAL_MS,
        "ratio": round(worst / GOAL_MS, 3),
        "goal": 1.0,
        "ok": worst <= GOAL_MS and not any(each["wrong"] for each in found.values()),
        "n": int(RATE_S * SECONDS[-1]),
        "versions": {"sqlalchemy": metadata.version("sqlalchemy")},
        "documents": sizes,
        "rate_s": RATE_S,
        **{name: {key: value for key, value in each.items() if key != "wrong"} for name, each in found.items()},
    }


def _measure(folder: Path, url: str, sizes: list[int]) -> dict[str, Any]:
    engine = open_engine(url, pool_size=16)
    if make_url(url).get_backend_name() == "sqlite":
        upgrade_schema(engine)
    tx = Transactions(engine, pool_size=16)
    now = datetime.now(UTC)
    with tx.write() as session:
        seed_business(session, now)
    cases: list[str] = []
    p50, p99, wrong = [], [], 0
    began, prepared_s = time.perf_counter(), 0.0
    try:
        with _open_centre(folder, url) as address:
            for size, seconds in zip(sizes, SECONDS, strict=True):
                began = time.perf_counter()
                _fill(tx, cases, size // DOCUMENTS_A_CASE, now)
                prepared_s += time.perf_counter() - began
                times, bad = _ask(address, cases, int(RATE_S * seconds))
                wrong += bad
                p50.append(round(statistics.median(times), 2))
                p99.append(round(times[min(len(times) - 1, int(len(times) * 0.99))], 2))
    finally:
        engine.dispose()
    return {"p50_ms": p50, "p99_ms": p99, "wrong": wrong, "prepared_s": round(prepared_s, 1)}


def _ask(address: str, cases: list[str], count: int) -> tuple[list[float], int]:
    """Ask on the timetable; return the times in order, and how many answers were not what they had to be."""
    dice = random.Random(count)  # noqa: S311 - which case is asked is no secret
    times: list[float] = []
    wrong = 0
    with httpx.Client(base_url=address, timeout=30, trust_env=False) as client, ThreadPoolExecutor(8) as pool:
        for case_no in cases[:WARM_UP]:
            _question(client, case_no)

        def ask(case_no: str, due: float) -> None:
            nonlocal wrong
            answer = _question(client, case_no)
            times.append((time.perf_counter() - due) * 1000)
            wrong += answer.status_code != httpx.codes.OK or answer.json()["state"] != "closed"

        first = time.perf_counter() + 0.1
        waiting = []
        for number in range(count):
            due = first + number / RATE_S
            _PAUSE.wait(max(0.0, due - time.perf_counter()))
            waiting.append(pool.submit(ask, dice.choice(cases), due))
        for each in waiting:
            each.result()
    return sorted(times), wrong


def _question(client: httpx.Client, case_no: str) -> httpx.Response:
    path = f"/api/v1/cases/{case_no}/gates/{STEP}"
    signature = sign(KEY, KEY_ID, f"GET {path}".encode(), int(time.time()))
    return client.get(path, headers={"OpenAisle-Signature": signature})


def _fill(tx: Transactions, cases: list[str], wanted: int, now: datetime) -> None:
    """Add cases as their news leaves them: opened, one step completed, ten documents of which one has been captured."""
    with tx.read() as session:
        query = select(TemplateRow).where(TemplateRow.business == BUSINESS)
        template = session.scalars(query).one()
        parts = [part.code for step in template.to_template().steps for part in step.documents][:DOCUMENTS_A_CASE]
        template_id = template.id
    codes = parts + [f"EXTRA-{number}" for number in range(DOCUMENTS_A_CASE - len(parts))]
    while len(cases) < wanted:
        numbers = [f"B{len(cases) + each:09}" for each in range(min(CASES_AT_ONCE, wanted - len(cases)))]
        _write_cases(tx, numbers, codes, template_id, now)
        cases += numbers
    # What autovacuum does a minute later on PostgreSQL: without it the planner takes the tables for empty.
    with tx.write() as session:
        session.execute(text("ANALYZE"))


def _write_cases(tx: Transactions, numbers: list[str], codes: list[str], template_id: str, now: datetime) -> None:
    opened_at, ended_at = now - timedelta(days=3), now - timedelta(days=2)
    told = {
        "opened": (opened_at, {"business": BUSINESS, "customers": ["1"], "attributes": {"voltage_kv": 0.4}}),
        "step_started": (opened_at, {"step": STEP}),
        "step_completed": (ended_at, {"step": STEP}),
    }
    case_rows: list[Row] = []
    event_rows: list[Row] = []
    step_rows: list[Row] = []
    task_rows: list[Row] = []
    document_rows: list[Row] = []
    for number in numbers:
        case_id, task_id = new_id(), new_id()
        case: Row = {"id": case_id, "case_no": number, "business": BUSINESS, "template_id": template_id}
        case_rows.append(case | {"opened_at": opened_at, "created_at": now, "folded_at": now})
        for kind, (at, facts) in told.items():
            event: Row = {"id": new_id(), "case_id": case_id, "event_id": f"bench#{number}-{kind}", "kind": kind}
            event_rows.append(event | {"occurred_at": at, "received_at": now, "facts": facts})
        step: Row = {"id": new_id(), "case_id": case_id, "code": STEP, "position": 0}
        step_rows.append(step | {"started_at": opened_at, "completed_at": ended_at})
        task: Row = {"id": task_id, "case_id": case_id, "step": STEP, "state": "to_add"}
        task_rows.append(task | {"created_at": now, "step_ended_at": ended_at})
        for code in codes:
            document: Row = {"id": new_id(), "task_id": task_id, "case_id": case_id, "step": STEP, "code": code}
            document |= {"name": code, "name_en": code, "medium": "paper", "need": "required", "gate": 2}
            document |= {"retention": "years_30", "state": "reviewed" if code == codes[0] else "due"}
            document_rows.append(document | {"paper_created_at": ended_at})
    with tx.write() as session:
        tables: list[tuple[Any, list[Row]]] = [
            (CaseRow, case_rows),
            (CaseEventRow, event_rows),
            (StepRow, step_rows),
            (TaskRow, task_rows),
            (DocumentRow, document_rows),
        ]
        for table, rows in tables:
            session.execute(insert(table), rows)


@contextmanager
def _open_centre(folder: Path, url: str) -> Iterator[str]:
    """Run `openaisle-central serve` on this database and yield its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    (folder / "key").write_bytes(KEY)
    (folder / "central.toml").write_text(
        f"[http]\nport = {port}\n[database]\nurl = {json.dumps(url)}\n[mqtt]\nenabled = false\n"
        f'[[marketing.keys]]\nid = "{KEY_ID}"\nfile = "key"\n[log]\nlevel = "error"\n'
    )
    command = [sys.executable, "-m", "central", "--config", str(folder / "central.toml"), "serve"]
    process = subprocess.Popen(command, cwd=folder)
    try:
        address = f"http://127.0.0.1:{port}"
        ends_at = time.monotonic() + 60
        while not _answers(address):
            if process.poll() is not None or time.monotonic() > ends_at:
                raise RuntimeError("the centre did not come up")
            _PAUSE.wait(0.1)
        yield address
    finally:
        process.terminate()
        process.wait(15)


def _answers(address: str) -> bool:
    try:
        return httpx.get(f"{address}/health", timeout=2, trust_env=False).status_code == httpx.codes.OK
    except httpx.HTTPError:
        return False
