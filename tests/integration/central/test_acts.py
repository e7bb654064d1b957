"""Acts that reach a room: a label through the ledger, an aisle as a proposal, and what comes of silence."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Engine, select

from central.domain.labels import LabelState
from central.domain.people import Role
from central.jobs.acts import ACTS_AT_ONCE
from central.services.commands import CommandAnswer
from central.store.ingest import CursorRow, lock_cursor
from central.store.labels import LabelRow, settle_label
from tests.integration.central.centre import START, AnsweringRoom, Centre, box_id, load_room, open_centre
from tests.integration.central.room_files import box_code, room_file
from tests.wait import wait_for


@pytest.fixture
def centre(clean_engine: Engine) -> Iterator[Centre]:
    with open_centre(clean_engine) as centre:
        load_room(centre.tx, room_file())
        yield centre


def read_labels(centre: Centre) -> list[tuple[int, str, str | None]]:
    with centre.tx.read() as session:
        rows = session.execute(select(LabelRow.copy_no, LabelRow.state, LabelRow.detail).order_by(LabelRow.copy_no))
        return [tuple(row) for row in rows]


def test_a_label_is_in_the_ledger_and_asked_for(centre: Centre) -> None:
    room = AnsweringRoom("queued")
    centre.answer_commands(room)
    client = centre.client(Role.ARCHIVIST)
    path = f"/api/v1/boxes/{box_id(centre.tx, box_code(1))}/labels"
    printed = client.post(path).json()
    assert (printed["code"], printed["copy_no"], printed["answer"]["result"]) == (box_code(1), 1, "queued")
    assert client.post(path).json()["copy_no"] == 2
    assert [asked[2] for asked in room.asked] == [
        {"box_code": box_code(1), "copy_no": 1},
        {"box_code": box_code(1), "copy_no": 2},
    ]
    assert read_labels(centre) == [(1, "queued", None), (2, "queued", None)]
    with centre.tx.write() as session:
        assert settle_label(session, box_code(1), 1, LabelState.DONE, START)
        assert not settle_label(session, box_code(1), 1, LabelState.FAILED, START)
        assert not settle_label(session, box_code(1), 9, LabelState.DONE, START)
    assert read_labels(centre)[0][1] == "done"


def test_two_labels_at_once_carry_two_numbers(centre: Centre) -> None:
    centre.answer_commands(AnsweringRoom("queued"))
    client = centre.client(Role.ARCHIVIST)
    path = f"/api/v1/boxes/{box_id(centre.tx, box_code(1))}/labels"
    numbers: list[int] = []

    def print_one() -> None:
        numbers.append(client.post(path).json()["copy_no"])

    threads = [threading.Thread(target=print_one) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(numbers) == [1, 2, 3, 4, 5, 6]


def test_what_the_room_said_stands_in_the_ledger(centre: Centre) -> None:
    client = centre.client(Role.ARCHIVIST)
    path = f"/api/v1/boxes/{box_id(centre.tx, box_code(1))}/labels"
    said = (
        ("refused", "out_of_labels", "failed"),
        ("failed", None, "failed"),
        ("unknown", "no_answer", "unknown"),
        ("prompted", None, "unknown"),
        ("done", None, "done"),
    )
    for result, reason, _ in said:
        centre.answer_commands(AnsweringRoom(result, reason))
        answer = client.post(path)
        assert (answer.status_code, answer.json()["answer"]["result"]) == (201, result)
    assert read_labels(centre) == [(no, state, reason) for no, (_, reason, state) in enumerate(said, start=1)]


def test_an_unreached_room_is_told_in_words(centre: Centre) -> None:
    client = centre.client(Role.ARCHIVIST)
    answer = client.post(f"/api/v1/boxes/{box_id(centre.tx, box_code(1))}/labels")
    assert (answer.status_code, answer.json()["reason"]) == (503, "gateway_offline")
    assert read_labels(centre) == [(1, "failed", "no_broker")]
    centre.answer_commands(AnsweringRoom("failed", "link_down"))
    assert client.post(f"/api/v1/boxes/{box_id(centre.tx, box_code(1))}/proposal").status_code == 503


def test_an_aisle_is_proposed_never_opened(centre: Centre) -> None:
    room = AnsweringRoom("prompted")
    centre.answer_commands(room)
    client = centre.client(Role.ARCHIVIST)
    by_box = client.post(f"/api/v1/boxes/{box_id(centre.tx, box_code(1))}/proposal").json()
    assert (by_box["bank"], by_box["aisle"], by_box["answer"]["result"]) == ("A", 1, "prompted")
    by_number = client.post("/api/v1/rooms/r01/banks/A/aisles/7/proposal").json()
    assert by_number["answer"]["result"] == "prompted"
    assert room.asked == [
        ("r01", "propose_aisle", {"box_code": box_code(1)}),
        ("r01", "propose_aisle", {"bank": "A", "aisle": 7}),
    ]


def test_a_proposal_that_makes_no_sense_asks_nobody(centre: Centre) -> None:
    room = AnsweringRoom("prompted")
    centre.answer_commands(room)
    client = centre.client(Role.ARCHIVIST)
    answers = [
        client.post(f"/api/v1/boxes/{box_id(centre.tx, box_code(5))}/proposal"),
        client.post("/api/v1/rooms/r01/banks/A/aisles/12/proposal"),
        client.post("/api/v1/rooms/r01/banks/Z/aisles/1/proposal"),
    ]
    assert [answer.json()["reason"] for answer in answers] == ["box_has_no_place", "no_such_aisle", "not_found"]
    assert room.asked == []


class SilentRoom:
    """A port whose answers are held back until the test lets go."""

    def __init__(self) -> None:
        self.waiting = 0
        self.lock = threading.Lock()
        self.release = threading.Event()

    def ask_gateway(self, _room_id: str, command: Any) -> CommandAnswer:
        with self.lock:
            self.waiting += 1
        assert self.release.wait(30)
        return CommandAnswer(command.id, "unknown", "no_answer")


def test_silent_rooms_take_only_their_share_of_threads(centre: Centre) -> None:
    room = SilentRoom()
    centre.answer_commands(room)
    client = centre.client(Role.ARCHIVIST)
    statuses: list[int] = []

    def propose() -> None:
        statuses.append(client.post("/api/v1/rooms/r01/banks/A/aisles/7/proposal").status_code)

    threads = [threading.Thread(target=propose) for _ in range(ACTS_AT_ONCE)]
    for thread in threads:
        thread.start()
    wait_for(lambda: room.waiting == ACTS_AT_ONCE, 20, "all places taken")
    refused = client.post("/api/v1/rooms/r01/banks/A/aisles/7/proposal")
    assert (refused.status_code, refused.headers["Retry-After"]) == (503, "2")
    assert client.get("/api/v1/boxes").status_code == 200
    room.release.set()
    for thread in threads:
        thread.join(30)
    assert statuses == [200] * ACTS_AT_ONCE


def test_an_epoch_is_admitted_by_an_administrator(centre: Centre) -> None:
    first, second = "a" * 32, "b" * 32
    with centre.tx.write() as session:
        lock_cursor(session, "r01", first, 0, START)
        lock_cursor(session, "r01", second, 5, START)
    admin = centre.client(Role.ADMIN)
    (gateway,) = admin.get("/api/v1/gateways").json()
    assert {epoch["epoch"]: epoch["state"] for epoch in gateway["epochs"]} == {first: "admitted", second: "pending"}
    assert 'openaisle_central_room_quarantined{room="r01"} 1.0' in admin.get("/metrics").text
    assert admin.post(f"/api/v1/gateways/r01/epochs/{second}/admission").status_code == 204
    with centre.tx.read() as session:
        decided = session.scalar(select(CursorRow).where(CursorRow.epoch == second))
        assert decided is not None
        assert decided.state == "admitted"
        assert decided.decided_by
    unknown = admin.post(f"/api/v1/gateways/r01/epochs/{'c' * 32}/admission")
    assert (unknown.status_code, unknown.json()["reason"]) == (404, "epoch_unknown")
