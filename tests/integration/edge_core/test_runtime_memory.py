"""What a process knows of the one before when the journal can't be read, or when the disk can't even be opened."""

from __future__ import annotations

import os
import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from edge.core.effects import PermitLease, ReadOutcome, RecallRing, SendOperate, SendSelect, SendStop
from edge.core.events import OutcomeRead
from edge.runtime.clock import read_mono_ms
from edge.runtime.replay import replay
from edge.store.database import FILE_NAME
from tests.integration.edge_core.driven_room import BOXES, DrivenRoom, PromptShelf
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
        for size in (65_536, 4_096, 1):
            while os.statvfs(folder).f_bavail * 4_096 >= size:
                try:
                    file.write(b"\0" * size)
                except OSError:
                    break
    return filler


def leave_in_motion(folder: Path) -> int:
    """End a gateway as a power cut would while its act is under way; answer the request id."""
    shelf = PromptShelf()
    shelf.arrives_after = 1_000_000
    room = DrivenRoom(folder, shelf=shelf)
    room.sign_on()
    room.shelf.tell()
    room.scan(BOXES[2])
    room.press()

    def moving() -> bool:
        request = room.runtime.state.banks["A"].request
        return request is not None and request.stage == "moving"

    wait_for(moving, 5, "the motion")
    request = room.runtime.state.banks["A"].request
    assert request is not None
    # nothing of what follows may reach the disk
    other = sqlite3.connect(folder / FILE_NAME, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    room.close()
    other.execute("ROLLBACK")
    other.close()
    return request.request_id


def phases(folder: Path, request_id: int) -> list[tuple[str, str]]:
    connection = sqlite3.connect(folder / FILE_NAME)
    rows = connection.execute(
        "SELECT json_extract(CAST(line AS TEXT), '$.body.phase'), json_extract(CAST(line AS TEXT), '$.body.outcome')"
        " FROM record WHERE json_extract(CAST(line AS TEXT), '$.body.request_id') = ? ORDER BY seq",
        (f"{request_id:016x}",),
    ).fetchall()
    connection.close()
    return [(str(phase), str(outcome)) for phase, outcome in rows]


class RecallingShelf(PromptShelf):
    """A controller that remembers one request of before, or doesn't answer for it."""

    def __init__(self, request_id: int, answer: Any) -> None:
        super().__init__()
        self.asked_for: list[int] = []
        self._known = request_id
        self._answer_known = answer

    def _answer(self, order: Any) -> None:
        if isinstance(order, ReadOutcome):
            self.asked_for.append(order.request_id)
            if self._answer_known != "silence":
                found = self._answer_known if order.request_id == self._known else None
                self._sink(OutcomeRead("A", order.request_id, found, read_mono_ms()))
        else:
            super()._answer(order)


SPOILT = {
    "other code": 'UPDATE segment SET checkpoint = \'{"!":"NoLongerKnown"}\'',
    "not ours": "UPDATE segment SET checkpoint = X'00FF17'",
    "another thing": "UPDATE segment SET checkpoint = '[1,2]'",
    "a step": 'UPDATE step SET event = \'{"!":"NoLongerKnown"}\' WHERE number = 1',
    "gone": "DELETE FROM segment",
}


@pytest.mark.parametrize("damage", SPOILT)
def test_an_open_act_is_found_in_the_facts_when_the_journal_cannot_be_read(tmp_path: Path, damage: str) -> None:
    request_id = leave_in_motion(tmp_path)
    assert phases(tmp_path, request_id) == [("intent", "None")]
    connection = sqlite3.connect(tmp_path / FILE_NAME)
    assert connection.execute(SPOILT[damage]).rowcount
    connection.commit()
    connection.close()
    shelf = RecallingShelf(request_id, "failed")
    room = DrivenRoom(tmp_path, shelf=shelf)
    wait_for(lambda: room.runtime.state.banks["A"].request is None, 5, "the outcome")
    room.close()
    assert [type(order) for order in shelf.orders[:2]] == [SendStop, ReadOutcome]
    assert shelf.asked_for == [request_id]
    assert not [order for order in shelf.orders if isinstance(order, (SendSelect, SendOperate, PermitLease))]
    assert phases(tmp_path, request_id) == [("intent", "None"), ("outcome", "failed")]
    told = replay(tmp_path).differences
    assert damage == "gone" or any("not readable" in line or "other effects" in line for line in told)


def test_an_open_act_that_the_controller_forgot_too_ends_and_is_not_asked_for_twice(tmp_path: Path) -> None:
    request_id = leave_in_motion(tmp_path)
    connection = sqlite3.connect(tmp_path / FILE_NAME)
    connection.execute(SPOILT["not ours"])
    connection.commit()
    connection.close()
    for _ in range(2):
        shelf = RecallingShelf(request_id, None)
        room = DrivenRoom(tmp_path, shelf=shelf)
        wait_for(lambda room=room: room.runtime.state.banks["A"].request is None, 5, "the outcome")  # type: ignore[misc]
        room.close()
    assert shelf.asked_for == []
    assert phases(tmp_path, request_id) == [("intent", "None"), ("outcome", "failed")]


def test_a_start_on_a_full_disk_waits_and_then_knows_everything(small_disk: Path) -> None:
    request_id = leave_in_motion(small_disk)
    filler = fill(small_disk)
    # the files beside the database are gone, as after a clean end: not even reading works without room
    assert not (small_disk / f"{FILE_NAME}-shm").exists()
    shelf = RecallingShelf(request_id, "failed")
    room = DrivenRoom(small_disk, shelf=shelf, fill=False)
    assert room.runtime.state.store == "full"
    wait_for(lambda: "store_full" in room.states(), 5, "the state store_full")
    room.shelf.tell()
    room.scan(BOXES[3])
    assert room.said() == "refused.store"
    assert not [order for order in shelf.orders if isinstance(order, (SendSelect, SendOperate, PermitLease))]
    filler.unlink()
    wait_for(lambda: room.runtime.state.store == "ok", 10, "the disk again")
    wait_for(lambda: room.runtime.state.banks["A"].request is None, 5, "the outcome of before")
    orders = [type(order) for order in shelf.orders if not isinstance(order, RecallRing)]
    assert orders[:2] == [SendStop, ReadOutcome]
    room.sign_on()
    room.fetch(BOXES[4], 8)
    room.close()
    assert phases(small_disk, request_id) == [("intent", "None"), ("outcome", "failed")]
    assert replay(small_disk).differences == []


def test_a_start_on_a_disk_without_any_store_makes_one_when_it_can(small_disk: Path) -> None:
    filler = fill(small_disk)
    room = DrivenRoom(small_disk, fill=False)
    assert room.runtime.state.store == "full"
    filler.unlink()
    wait_for(lambda: room.runtime.state.store == "ok", 10, "the disk")
    assert len(room.store.outbox.epoch) == 32
    room.close()
    assert replay(small_disk).differences == []


def test_a_start_on_a_store_that_somebody_holds_waits_for_it(tmp_path: Path) -> None:
    DrivenRoom(tmp_path).close()
    other = sqlite3.connect(tmp_path / FILE_NAME, isolation_level=None)
    other.execute("PRAGMA locking_mode = EXCLUSIVE")
    other.execute("BEGIN EXCLUSIVE")
    room = DrivenRoom(tmp_path, fill=False)
    assert room.runtime.state.store == "locked"
    other.execute("ROLLBACK")
    other.close()
    wait_for(lambda: room.runtime.state.store == "ok", 10, "the database")
    room.sign_on()
    room.fetch(BOXES[3], 7)
    room.close()
    assert replay(tmp_path).differences == []
