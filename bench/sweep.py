"""Seconds that a sweep takes over 1,000,000 open tasks with working calendars, every one of them due to be looked at.

The worst there is: a centre that comes back after a long outage. Each task was given some working days, the newest
ones are not in their warning yet, most are overdue and get an urge. A second run must find and add nothing. SQLite, as
a centre is delivered; every chunk is a transaction of its own, on disk before the next.
"""

from __future__ import annotations

import resource
import sqlite3
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from sqlalchemy import func, insert, select

from central.domain.calendar_seed import found_calendar
from central.domain.clocks import Interval, Limit, Unit, find_due
from central.services.sweeps import sweep_due
from central.store.base import open_engine, sqlite_instant
from central.store.cases import CaseRow
from central.store.documents import TaskRow
from central.store.ids import new_id
from central.store.migrate import upgrade_schema
from central.store.tx import Transactions
from central.store.urges import UrgeRow

TASKS: Final = 1_000_000
GOAL_S: Final = 10.0
MEMORY_GOAL_MB: Final = 500
NOW: Final = datetime(2026, 11, 24, 8, tzinfo=UTC)
LIMIT: Final = Limit(5, Unit.WORKING_DAYS, warn_before=1)
AGES_DAYS: Final = 30
STEPS: Final = 10
INSERT_AT_ONCE: Final = 20_000
_TASK_COLUMNS = (
    "id, case_id, step, state, created_at, step_ended_at, due_at, warn_at, next_check_at, calendar_revision, band"
)


def run(scale: float) -> dict[str, Any]:
    """Measure three sizes; the figures of the largest count."""
    sizes = [max(1_000, int(TASKS * min(scale, 1) * part)) for part in (0.05, 0.2, 1)]
    found = []
    for size in sizes:
        with tempfile.TemporaryDirectory(prefix="openaisle-bench-") as folder:
            found.append(_measure(Path(folder), size))
    last = found[-1]
    memory_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    allowed_s = GOAL_S * sizes[-1] / TASKS
    return {
        "value": round(last["sweep_s"], 2),
        "limit_or_peer": allowed_s,
        "ratio": round(last["sweep_s"] / allowed_s, 3),
        "goal": 1.0,
        "ok": last["sweep_s"] <= allowed_s and memory_mb <= MEMORY_GOAL_MB and not any(e["again_made"] for e in found),
        "n": sizes[-1],
        "versions": {"sqlite": sqlite3.sqlite_version},
        "memory_mb": round(memory_mb),
        "sizes": [{name: round(value, 2) for name, value in each.items()} for each in found],
    }


def _measure(folder: Path, size: int) -> dict[str, float]:
    engine = open_engine(f"sqlite:///{folder}/sweep.db", pool_size=16)
    upgrade_schema(engine)
    tx = Transactions(engine, pool_size=16)
    started = time.perf_counter()
    _prepare(tx, size)
    prepared, used_s = time.perf_counter(), time.process_time()
    checked, made, held_s = _sweep(tx, NOW)
    swept, used_s = time.perf_counter(), time.process_time() - used_s
    again = _sweep(tx, NOW)
    ended = time.perf_counter()
    with tx.read() as session:
        kept = session.scalar(select(func.count()).select_from(UrgeRow)) or 0
    engine.dispose()
    return {
        "tasks": size,
        "prepare_s": prepared - started,
        "sweep_s": swept - prepared,
        "processor_s": used_s,
        "checked": checked,
        "made": made,
        "kept": kept,
        "longest_hold_ms": held_s * 1000,
        "again_s": ended - swept,
        "again_made": again[0] + again[1] + abs(kept - made),
    }


def _sweep(tx: Transactions, now: datetime) -> tuple[int, int, float]:
    """Sweep in chunks until nothing is due; return rows looked at, urges made, and the longest transaction."""
    checked = made = 0
    longest_s = 0.0
    while True:
        began = time.perf_counter()
        with tx.write() as session:
            swept = sweep_due(session, now)
        longest_s = max(longest_s, time.perf_counter() - began)
        checked, made = checked + swept.checked, made + swept.made
        if swept.checked == 0:
            return checked, made, longest_s


def _prepare(tx: Transactions, size: int) -> None:
    """Write tasks as a case's step leaves them: dates by the calendar, to be looked at since their warning."""
    calendar = found_calendar()
    dates = []
    for day in reversed(range(AGES_DAYS)):
        ended_at = NOW - timedelta(days=day, hours=1)
        due = find_due(calendar, LIMIT, [Interval(ended_at)])
        assert due.at is not None
        assert due.warn_at is not None
        row = [sqlite_instant(each) for each in (ended_at, ended_at, due.at, due.warn_at, min(due.warn_at, NOW))]
        dates.append((*row, calendar.revision, "normal"))
    cases = [new_id() for _ in range(0, size, STEPS)]
    with tx.write() as session:
        rows = [{"id": each, "case_no": each, "created_at": NOW, "folded_at": NOW} for each in cases]
        session.execute(insert(CaseRow), rows)
    # a task is written when its step ends: the oldest first, those of a case far from each other
    for start in range(0, size, INSERT_AT_ONCE):
        with tx.write() as session:
            connection: Any = session.connection().connection.driver_connection
            connection.executemany(
                f"INSERT INTO {TaskRow.__tablename__} ({_TASK_COLUMNS}) VALUES (?,?,?,'to_add',?,?,?,?,?,?,?)",  # noqa: S608
                (
                    (
                        new_id(),
                        cases[number % len(cases)],
                        f"S{number // len(cases)}",
                        *dates[AGES_DAYS * number // size],
                    )
                    for number in range(start, min(size, start + INSERT_AT_ONCE))
                ),
            )
