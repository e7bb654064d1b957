"""Answers of the step gate, asked at a fixed rate by the signed door of a real centre process, on both databases.

Requests start on a fixed timetable, 20 a second; each counts from when it was due, so that a slow answer delays its
successors on the clock too. The database holds 10 documents a case; the cases asked for are drawn anew each time.
Scale 34 is the million documents of the goal, in some minutes; from scale 10 on the largest is asked for a minute.
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
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import httpx
from sqlalchemy import make_url

from bench.gate_rows import DOCUMENTS as DOCUMENTS_A_CASE
from bench.gate_rows import STEPS, copy_cases, name_case, write_model
from central.services.business_seed import seed_business
from central.store.base import open_engine
from central.store.migrate import upgrade_schema
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
LONG_SCALE, LONG_S = 10, 60.0
GOAL_MS: Final = 20.0
WARM_UP: Final = 20
#: The server closes connections that rest for five seconds; ours must not be in use by then.
LIMITS: Final = httpx.Limits(keepalive_expiry=2.0)
STEP: Final = STEPS[0]
KEY, KEY_ID = b"thirty-two bytes of a shared key", "bench"
_PAUSE: Final = threading.Event()


def run(scale: float) -> dict[str, Any]:
    """Measure three sizes on each database; the worse of both at the largest size counts."""
    sizes = [max(100, int(DOCUMENTS * min(1.0, QUICK * scale) * part)) for part in SIZES]
    seconds = [*SECONDS[:-1], LONG_S if scale >= LONG_SCALE else SECONDS[-1]]
    folder = Path(tempfile.mkdtemp(prefix="openaisle-bench-"))
    server = start_server(folder)
    try:
        url = server.create_database()
        found = {
            "sqlite": _measure(folder, f"sqlite:///{folder}/gate.db", sizes, seconds),
            "postgresql": _measure(folder, url, sizes, seconds),
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
        "n": int(RATE_S * seconds[-1]),
        "versions": {"sqlalchemy": metadata.version("sqlalchemy")},
        "documents": sizes,
        "rate_s": RATE_S,
        **{name: {key: value for key, value in each.items() if key != "wrong"} for name, each in found.items()},
    }


def _measure(folder: Path, url: str, sizes: list[int], seconds: list[float]) -> dict[str, Any]:
    engine = open_engine(url, pool_size=16)
    if make_url(url).get_backend_name() == "sqlite":
        upgrade_schema(engine)
    tx = Transactions(engine, pool_size=16)
    now = datetime.now(UTC)
    with tx.write() as session:
        seed_business(session, now)
    write_model(tx, now)
    cases: list[str] = []
    p50, p99, wrong = [], [], 0
    prepared_s = 0.0
    try:
        with _open_centre(folder, url) as address:
            for size, lasts_s in zip(sizes, seconds, strict=True):
                began = time.perf_counter()
                copy_cases(tx, len(cases) + 1, size // DOCUMENTS_A_CASE)
                cases = [name_case(number + 1) for number in range(size // DOCUMENTS_A_CASE)]
                prepared_s += time.perf_counter() - began
                times, bad = _ask(address, cases, int(RATE_S * lasts_s))
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
    with (
        httpx.Client(base_url=address, timeout=30, trust_env=False, limits=LIMITS) as client,
        ThreadPoolExecutor(8) as pool,
    ):
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
