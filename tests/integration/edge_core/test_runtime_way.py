"""The executor over a real store: nothing durable leaves uncommitted, and the journal tells all of it again."""

from __future__ import annotations

import json
import random
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from edge.core.effects import RecordFact, SendOperate, SendSelect, ShelfOrder
from edge.core.events import CodeRead, GatewayStarted, LinkChanged, Now, SnapshotArrived, StopPressed
from edge.core.link import ZERO_HASH, hash_record
from edge.core.startup import new_state
from edge.runtime.clock import read_mono_ms, read_wall_ms
from edge.runtime.inbox import EVENTS_MAX, SCANS_MAX, Inbox
from edge.runtime.replay import replay, tell_known
from edge.store import open_store
from edge.store.database import FILE_NAME, Database
from edge.store.encoding import decode
from edge.store.journal import list_segments, read_segment, read_steps
from tests.integration.edge_core.driven_room import BADGE, BOXES, PLACES, DrivenRoom, PromptShelf, make_room
from tests.wait import wait_for

ROOT = Path(__file__).parents[3]


@pytest.fixture
def room(tmp_path: Path) -> Iterator[DrivenRoom]:
    driven = DrivenRoom(tmp_path)
    yield driven
    driven.close()


def read_lines(folder: Path) -> list[dict[str, object]]:
    """Every record on disk, its chain checked as the centre would."""
    connection = sqlite3.connect(folder / FILE_NAME)
    lines = [bytes(row[0]) for row in connection.execute("SELECT line FROM record ORDER BY seq")]
    connection.close()
    previous, records = ZERO_HASH, []
    for number, line in enumerate(lines, start=1):
        record = json.loads(line)
        assert (record["seq"], record["prev"]) == (number, previous)
        previous = hash_record(line)
        records.append(record)
    return records


def test_box_out_and_back_and_the_journal_tells_it_again(room: DrivenRoom, tmp_path: Path) -> None:
    room.sign_on()
    room.fetch(BOXES[2], 6)
    wait_for(lambda: scan_takes(room), 10, "the box to be taken out")
    box = room.store.replica.find_box(BOXES[2])
    assert box is not None
    assert (box.state, box.holder_code, box.holder_name, box.place) == ("in_hand", BADGE, "李敏", None)
    room.scan(PLACES[2])
    assert room.said() == "scan.place_ready"
    wait_for(lambda: scan_puts(room), 10, "the box to be put away")
    box = room.store.replica.find_box(BOXES[2])
    assert box is not None
    assert box.place is not None
    assert (box.state, box.place.key, box.place.box_code) == ("shelved", "A-07-A-1-2-3", BOXES[2])
    room.runtime.close()
    replayed = replay(tmp_path)
    assert replayed.differences == []
    assert replayed.steps > 20
    assert replayed.state == room.runtime.state
    tell_each_moment(tmp_path, replayed.now)
    kinds = [record["kind"] for record in read_lines(tmp_path)]
    assert kinds.count("movement") == 2
    assert kinds.count("motion") == 2


def scan_takes(room: DrivenRoom) -> bool:
    room.scan(BOXES[2])
    return room.said() == "scan.taken"


def scan_puts(room: DrivenRoom) -> bool:
    room.scan(BOXES[2])
    return room.said() == "scan.put"


def test_intent_is_on_disk_before_the_shelf_is_asked(tmp_path: Path) -> None:
    seen: list[tuple[str, bool]] = []

    def look(order: ShelfOrder) -> None:
        if isinstance(order, (SendSelect, SendOperate)):
            connection = sqlite3.connect(tmp_path / FILE_NAME)
            effects = [decode(row[0]) for row in connection.execute("SELECT effects FROM step")]
            connection.close()
            on_disk = any(each == order for step in effects for each in step)
            intent = any(
                isinstance(each, RecordFact) and each.body.get("request_id") == f"{order.request_id:016x}"
                for step in effects
                for each in step
            )
            seen.append((type(order).__name__, on_disk and intent))

    room = DrivenRoom(tmp_path, shelf=PromptShelf(look))
    room.sign_on()
    room.fetch(BOXES[1], 5)
    room.close()
    assert seen == [("SendSelect", True), ("SendOperate", True)]


def test_everything_else_is_on_disk_within_200_ms(room: DrivenRoom, tmp_path: Path) -> None:
    room.post(LinkChanged("online"))
    connection = sqlite3.connect(tmp_path / FILE_NAME)

    def found() -> bool:
        return any(b"SnapshotArrived" in bytes(row[0]) for row in connection.execute("SELECT event FROM step"))

    wait_for(found, 2, "the first reading in the journal")
    connection.close()


def tell_each_moment(folder: Path, last: Now | None) -> None:
    """At the moment of each step the flight recorder tells what was known: nothing before its time, and then all."""
    assert last is not None
    stages: list[str] = []
    database = Database(folder)
    moments = [
        step.now.wall_at
        for number in list_segments(database)
        for step in read_steps(database, read_segment(database, number))
    ]
    database.close()
    for moment in moments[:: max(1, len(moments) // 40)]:
        known = json.loads(json.dumps(tell_known(replay(folder, moment)), ensure_ascii=False))
        assert known["moment"] <= moment.isoformat()
        request = known["state"]["banks"]["A"]["request"]
        stages.append(request["stage"] if request else "none")
    assert stages[0] == stages[-1] == "none"
    assert "moving" in stages, "while the bank moved the core knew of its request"
    early = replay(folder, moments[0] - timedelta(hours=1))
    assert early.steps == 0
    assert tell_known(early)["moment"] is None


def test_a_restart_finds_its_memory_and_signs_nobody_on(tmp_path: Path) -> None:
    first = DrivenRoom(tmp_path)
    first.sign_on()
    first.fetch(BOXES[3], 7)
    first.close()
    second = DrivenRoom(tmp_path)
    state = second.runtime.state
    assert state.sessions == {}
    assert [act.kind for act in state.acts] == ["motion"]
    assert not [order for order in second.shelf.orders if isinstance(order, (SendSelect, SendOperate))]
    second.close()
    replayed = replay(tmp_path)
    assert replayed.differences == []
    assert replayed.segments == 2


def test_stop_goes_first_and_works_without_anybody_signed_on(room: DrivenRoom) -> None:
    room.post(StopPressed("kiosk-a"))
    wait_for(lambda: any(type(order).__name__ == "SendStop" for order in room.shelf.orders), 2, "STOP")


@pytest.mark.slow
def test_killed_gateways_repeat_nothing_and_their_journals_replay(tmp_path: Path) -> None:
    chance = random.Random(20261124)
    ordered: list[str] = []
    for _ in range(6):
        command = [sys.executable, "-m", "tests.integration.edge_core.driven_room", str(tmp_path)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
            assert process.stdout is not None
            lines = []
            until = chance.randint(1, 12)
            for line in process.stdout:
                lines.append(line.strip())
                if len([each for each in lines if each != "ready"]) >= until:
                    break
            process.send_signal(signal.SIGKILL)
            lines += [line.strip() for line in process.stdout if line.endswith("\n")]
        ordered += [line for line in lines if line.startswith("Send")]
        replayed = replay(tmp_path)
        assert replayed.differences == []
        assert json.loads(json.dumps(tell_known(replayed)))["state"]["banks"]["A"], "a killed gateway's memory reads"
    assert len(set(ordered)) == len(ordered), "an order was given twice"
    records = read_lines(tmp_path)
    phases: dict[str, list[str]] = {}
    for record in records:
        if record["kind"] == "motion":
            body = record["body"]
            assert isinstance(body, dict)
            phases.setdefault(body["request_id"], []).append(body["phase"])
    for order in ordered:
        assert phases[order.split()[1]][0] == "intent", "what reached the wire is in the journal"
    last = DrivenRoom(tmp_path)
    wait_for(lambda: last.runtime.state.banks["A"].request is None, 5, "the last open act to be settled")
    last.close()
    for record in read_lines(tmp_path):
        if record["kind"] == "motion":
            body = record["body"]
            assert isinstance(body, dict)
            phases.setdefault(body["request_id"], []).append(body["phase"])
    assert replay(tmp_path).differences == []
    assert all("outcome" in found for found in phases.values()), "every intent has its outcome"


def test_a_journal_of_another_age_starts_from_nothing_but_keeps_its_facts(tmp_path: Path) -> None:
    first = DrivenRoom(tmp_path)
    first.sign_on()
    first.close()
    before = len(read_lines(tmp_path))
    connection = sqlite3.connect(tmp_path / FILE_NAME)
    connection.execute("UPDATE step SET event = ? WHERE number = 1", (b'{"!":"NoLongerKnown"}',))
    connection.commit()
    connection.close()
    second = DrivenRoom(tmp_path)
    wait_for(lambda: len(read_lines(tmp_path)) > before, 20, "the start of the new process among the facts")
    second.close()


def test_segments_are_dropped_whole_when_old(tmp_path: Path) -> None:
    now_ms = [read_wall_ms()]
    store = open_store(tmp_path, lambda: now_ms[0], keep_days=7)
    state = new_state(make_room())
    for _ in range(3):
        store.journal.begin_segment(state, "1", follows=False)
        now_ms[0] += 4 * 24 * 3600 * 1000
    with store.database.read() as connection:
        kept = [row[0] for row in connection.execute("SELECT id FROM segment ORDER BY id")]
    assert kept == [2, 3]
    store.close()


def test_the_inbox_refuses_scans_audibly_and_never_a_stop() -> None:
    inbox = Inbox()
    scan = CodeRead("scan-1", "trigger", "x", 0)
    assert [inbox.put(scan) for _ in range(SCANS_MAX + 1)] == [True] * SCANS_MAX + [False]
    filled = 0
    while inbox.put(LinkChanged("online")):
        filled += 1
        assert filled <= EVENTS_MAX
    assert inbox.overloaded
    assert inbox.settle_overload() is True
    assert inbox.put(StopPressed("kiosk-a"))
    assert isinstance(inbox.take(0), StopPressed)
    while inbox.take(0) is not None:
        pass
    assert inbox.settle_overload() is False
    assert inbox.settle_overload() is None


def test_a_waiting_reading_is_replaced_by_a_newer_one() -> None:
    shelf = PromptShelf()
    inbox = Inbox()
    for _ in range(50):
        assert inbox.put(SnapshotArrived("A", shelf.snapshot(), read_mono_ms()))
    inbox.put(LinkChanged("online"))
    taken = inbox.take(0)
    assert isinstance(taken, SnapshotArrived)
    assert taken.snapshot.sequence == 50
    assert isinstance(inbox.take(0), LinkChanged)
    assert inbox.take(0) is None


def test_an_overloaded_gateway_says_so_and_recovers(room: DrivenRoom) -> None:
    room.runtime._inbox.overloaded = True
    room.runtime._inbox.wake()
    seen: list[str] = []

    def recovered() -> bool:
        seen.extend(room.states())
        return not room.runtime._inbox.overloaded and not room.runtime.state.overloaded

    wait_for(recovered, 3, "room in the inbox")


def test_the_settings_are_an_event_of_the_journal(room: DrivenRoom, tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / FILE_NAME)
    first = decode(connection.execute("SELECT event FROM step ORDER BY number LIMIT 1").fetchone()[0])
    connection.close()
    assert isinstance(first, GatewayStarted)
    assert first.code_version == "test"
    assert first.settings.banks[0].geometry.segments[0].free_width_mm == 800
