"""Event rings out of the journal: newest first, dated by their own age, bounded, and found without reading every step."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from edge.core.events import LinkChanged, Now, RingEventsRead, RingHistoryRead
from edge.core.snapshot import RingEntry
from edge.device.watch import DeviceWatch
from edge.runtime.clock import read_wall_ms
from edge.store import Store, open_store
from edge.store.database import RING_STEP
from edge.store.journal import Step
from edge.store.journal_rings import read_rings

WALL = datetime(2026, 11, 24, 1, 30, tzinfo=UTC)
WALL_MS = round(WALL.timestamp() * 1000)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(tmp_path, read_wall_ms)
    yield opened
    opened.close()


def write(store: Store, *readings: RingEventsRead | RingHistoryRead) -> None:
    """As the recorder does: each reading 40 ms old when it was decided, between events of other kinds."""
    now = Now(5_000, WALL, True)
    steps = [Step(event, now, ()) for reading in readings for event in (LinkChanged("down"), reading)]
    with store.database.write() as connection:
        store.journal.write_steps(connection, steps)
    store.journal.note_written(len(steps), 0)


def reading(bank: str, *entries: RingEntry, lost: bool = False) -> RingEventsRead:
    return RingEventsRead(bank, entries, entries[-1].sequence, 4_960, lost)


def test_entries_come_back_newest_first_with_the_time_they_speak_of(store: Store) -> None:
    write(store, reading("A", RingEntry(7, "door", 1, 900), RingEntry(8, "button_pressed", 6, 300), lost=True))
    write(store, reading("B", RingEntry(1, "power")), reading("A", RingEntry(9, "smoke")))
    watch = DeviceWatch(lambda: WALL_MS, lambda: 5_000)
    watch.recall_rings(read_rings(store.database, 500))
    ring, lost = watch.list_ring("A")
    assert [(each.sequence, each.kind, each.argument, each.wall_ms - WALL_MS) for each in ring] == [
        (9, "smoke", 0, -40),
        (8, "button_pressed", 6, -340),
        (7, "door", 1, -940),
    ]
    assert all(each.earlier for each in ring)
    assert lost == 1
    watch.note_step(reading("A", RingEntry(10, "smoke_over")), (), 0.0)
    assert [(each.sequence, each.earlier) for each in watch.list_ring("A")[0]][:2] == [(10, False), (9, True)]


def test_history_is_kept_as_earlier_and_what_it_missed_is_counted_apart(store: Store) -> None:
    history = RingHistoryRead("A", (RingEntry(4, "beam", 3, 60_000),), 4, 4_960, 7)
    write(store, reading("A", RingEntry(1, "power"), lost=True), history)
    watch = DeviceWatch(lambda: WALL_MS, lambda: 5_000)
    watch.recall_rings(read_rings(store.database, 500))
    watch.note_step(RingHistoryRead("A", (RingEntry(9, "beam_restored", 3, 100),), 9, 5_000, 2), (), 0.0)
    ring, lost = watch.list_ring("A")
    assert [(each.sequence, each.kind, each.earlier) for each in ring] == [
        (9, "beam_restored", True),
        (4, "beam", True),
        (1, "power", True),
    ]
    assert (ring[0].wall_ms - WALL_MS, ring[1].wall_ms - WALL_MS) == (-100, -60_040)
    assert (lost, watch.count_missed("A"), watch.count_missed("B")) == (1, 9, 0)


def test_no_more_than_asked_for_are_kept_and_what_cannot_be_read_is_left_out(store: Store) -> None:
    write(store, *(reading("A", RingEntry(no, "button_pressed", 6)) for no in range(1, 8)))
    with store.database.write() as connection:
        unknown = b'{"!":"RingEventsRead","bank":"A","of_tomorrow":1}'
        connection.execute("INSERT INTO step VALUES (1000, 0, ?, 1, ?, ?)", (WALL.isoformat(), unknown, b"[]"))
    kept = read_rings(store.database, 3).entries["A"]
    assert [each.entry.sequence for each in kept] == [7, 6, 5]


def test_few_readings_are_found_among_many_steps_by_their_index(store: Store) -> None:
    write(store, reading("A", RingEntry(1, "power")))
    file = sqlite3.connect(store.database.path)
    plan = file.execute(f"EXPLAIN QUERY PLAN SELECT event FROM step WHERE {RING_STEP} ORDER BY number DESC").fetchall()
    file.close()
    assert "step_of_ring" in plan[0][3]
