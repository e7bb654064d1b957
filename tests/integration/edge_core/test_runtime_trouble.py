"""Disk full, disk locked, clock stepped: a named state, no motion, recovery by itself."""

from __future__ import annotations

import os
import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.core.effects import SendSelect
from edge.core.events import PromptConfirmed
from edge.runtime.clock import Clock, read_mono_ms, read_wall_ms
from edge.runtime.gateway import GatewayRuntime
from edge.runtime.replay import replay
from edge.store import open_store
from edge.store.database import FILE_NAME
from tests.integration.edge_core.driven_room import BOXES, DrivenRoom, PromptShelf, make_room
from tests.wait import wait_for


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 2 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(folder)], check=True)
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def fill(folder: Path) -> Path:
    """Fill the file system to its last byte."""
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as file:
        try:
            for size in (65_536, 4_096, 1):
                while True:
                    try:
                        file.write(b"\0" * size)
                    except OSError:
                        break
        finally:
            os.fsync(file.fileno())
    return filler


def selects(room: DrivenRoom) -> int:
    return len([order for order in room.shelf.orders if isinstance(order, SendSelect)])


def test_disk_full_stops_all_motion_and_recovers_without_a_restart(small_disk: Path) -> None:
    room = DrivenRoom(small_disk)
    room.sign_on()
    room.shelf.tell()
    room.scan(BOXES[2])
    prompt = room.runtime.state.banks["A"].prompt
    assert prompt is not None
    filler = fill(small_disk)

    def told() -> bool:
        room.post(PromptConfirmed("kiosk-a", "nothing"))
        return "store_full" in room.states()

    wait_for(told, 20, "the state store_full")
    room.post(PromptConfirmed("kiosk-a", prompt.wish.id))
    room.scan(BOXES[3])
    assert room.said() == "refused.store"
    assert selects(room) == 0
    assert room.runtime.state.store == "full"

    filler.unlink()
    wait_for(lambda: room.runtime.state.store == "ok", 10, "the disk again")
    room.fetch(BOXES[4], 8)
    assert selects(room) == 1
    room.close()
    assert replay(small_disk).differences == []


def test_a_press_that_cannot_be_kept_asks_nothing_of_the_shelf(tmp_path: Path) -> None:
    room = DrivenRoom(tmp_path)
    room.sign_on()
    room.shelf.tell()
    room.scan(BOXES[2])
    other = sqlite3.connect(tmp_path / FILE_NAME, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    room.press()
    wait_for(lambda: "store_locked" in room.states(), 5, "the state store_locked")
    assert room.said() == "refused.store"
    assert selects(room) == 0
    assert room.runtime.state.banks["A"].prompt is None
    other.execute("ROLLBACK")
    other.close()
    wait_for(lambda: room.runtime.state.store == "ok", 5, "the database again")
    room.fetch(BOXES[3], 7)
    room.close()
    assert replay(tmp_path).differences == []


def test_a_motion_under_way_is_stopped_when_the_disk_goes_and_its_outcome_is_kept(tmp_path: Path) -> None:
    room = DrivenRoom(tmp_path)
    room.shelf.arrives_after = 1_000_000
    room.sign_on()
    room.shelf.tell()
    room.scan(BOXES[2])
    room.press()

    def moving() -> bool:
        request = room.runtime.state.banks["A"].request
        return request is not None and request.stage == "moving"

    wait_for(moving, 5, "the motion")
    other = sqlite3.connect(tmp_path / FILE_NAME, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    wait_for(lambda: room.shelf.state == "stopped", 5, "STOP")
    wait_for(lambda: room.runtime.state.store == "locked", 5, "the state locked")
    other.execute("ROLLBACK")
    other.close()
    wait_for(lambda: room.runtime.state.banks["A"].request is None, 5, "the outcome")
    room.close()
    connection = sqlite3.connect(tmp_path / FILE_NAME)
    lines = [bytes(row[0]) for row in connection.execute("SELECT line FROM record")]
    connection.close()
    assert any(b'"phase":"outcome"' in line and b'"outcome":"failed"' in line for line in lines)
    assert replay(tmp_path).differences == []


def test_a_start_without_disk_says_so_and_waits_for_it(tmp_path: Path) -> None:
    DrivenRoom(tmp_path).close()
    other = sqlite3.connect(tmp_path / FILE_NAME, isolation_level=None, check_same_thread=False)
    store = open_store(tmp_path, read_wall_ms)
    other.execute("BEGIN IMMEDIATE")
    runtime = GatewayRuntime(make_room(), store, shelves=[PromptShelf()], scanners={}, code_version="test")
    runtime.start()
    assert runtime.state.store == "locked"
    other.execute("ROLLBACK")
    other.close()
    wait_for(lambda: runtime.state.store == "ok", 5, "the disk")
    runtime.close()
    store.close()
    assert replay(tmp_path).differences == []


class StepClock(Clock):
    """A clock whose wall can be turned; the monotonic one runs faster so that a minute passes at once."""

    def __init__(self) -> None:
        self.shift_ms = 0
        self.mono_shift_ms = 0
        super().__init__(
            lambda: read_mono_ms() + self.mono_shift_ms, lambda: read_wall_ms() + self.shift_ms + self.mono_shift_ms
        )


def test_a_stepped_clock_is_named_and_believed_again_when_steady(tmp_path: Path) -> None:
    clock = StepClock()
    room = DrivenRoom(tmp_path, clock=clock)
    clock.shift_ms = 3_600_000
    wait_for(lambda: "clock_stepped" in room.states(), 5, "the state clock_stepped")
    assert not clock.now().clock_ok
    clock.mono_shift_ms = 61_000
    wait_for(lambda: "clock_stepped" not in room.states(), 5, "a steady clock")
    room.close()
    connection = sqlite3.connect(tmp_path / FILE_NAME)
    lines = [bytes(row[0]) for row in connection.execute("SELECT line FROM record ORDER BY seq")]
    connection.close()
    assert any(b'"clock_ok":false' in line and b"clock_stepped" in line for line in lines)
