"""What is asked for from the device page becomes a question in the room, and nothing else, until somebody there presses."""

from __future__ import annotations

import io
import re
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from edge.core.events import PromptDismissed, RequestWithdrawn
from edge.core.geometry import find_aisle
from edge.runtime.replay import replay
from edge.store.checklists import Checklists
from tests.integration.edge_core.driven_room import BOXES, PLACES
from tests.integration.edge_device.device_house import DeviceHouse
from tests.integration.edge_device.device_room import Technician
from tests.wait import wait_for

MOVING = {"SendSelect", "SendOperate", "PermitLease"}


@pytest.fixture
def rested(device_house: DeviceHouse) -> DeviceHouse:
    """Fresh readings, no prompt on show, no order remembered."""
    bank = device_house.runtime.state.banks["A"]
    for wish in bank.queue:
        device_house.runtime.post(RequestWithdrawn("kiosk-a", wish.id))
    if bank.prompt is not None:
        device_house.runtime.post(PromptDismissed("kiosk-a", bank.prompt.wish.id))
    wait_for(lambda: is_calm(device_house), 5, "neither prompt nor queue")
    device_house.shelf.open_aisle = 3
    device_house.shelf.tell()
    wait_for(lambda: is_open(device_house, 3), 5, "the first aisle")
    device_house.shelf.orders.clear()
    return device_house


def is_calm(house: DeviceHouse) -> bool:
    bank = house.runtime.state.banks["A"]
    return bank.prompt is None and not bank.queue and bank.request is None


def moved(house: DeviceHouse) -> set[str]:
    return {type(order).__name__ for order in house.shelf.orders} & MOVING


def is_open(house: DeviceHouse, aisle: int) -> bool:
    bank = house.runtime.state.banks["A"]
    return bank.request is None and bank.snapshot is not None and aisle in bank.snapshot.open_aisles


@pytest.mark.parametrize("operation", ["open_aisle", "close_all"])
def test_a_proposal_is_answered_and_only_a_press_in_the_room_moves(
    technician: Technician, rested: DeviceHouse, operation: str
) -> None:
    answer = technician.post("/banks/A/propose", operation=operation, aisle="7")
    assert answer.headers["location"] == "/banks/A"
    told = technician.get("/banks/A").text
    assert "库房的回答" in told
    assert "什么都没有移动" in told
    assert "库房的回答" not in technician.get("/banks/A").text  # told once
    prompt = rested.runtime.state.banks["A"].prompt
    assert prompt is not None
    assert prompt.wish.target.operation == operation
    assert moved(rested) == set()
    for _ in range(3):  # asked again and again it stays a question
        technician.post("/banks/A/propose", operation=operation, aisle="7")
        rested.shelf.tell()
    assert moved(rested) == set()
    rested.press()
    wait_for(
        lambda: rested.runtime.state.banks["A"].request is None and moved(rested) >= {"SendOperate"}, 5, "a motion"
    )


def test_the_check_list_goes_aisle_by_aisle_and_survives_a_restart(technician: Technician, rested: DeviceHouse) -> None:
    technician.post("/checklist/A/begin")
    fitting, wrong = PLACES[2], PLACES[3]  # faces 7A and 8A: aisles 6 and 7
    technician.post("/checklist/A/ask", aisle="6")
    assert moved(rested) == set()
    rested.scan(fitting)  # read before the aisle stands open: not inside it
    wait_for(lambda: rested.watch.list_reads("scan-1"), 5, "the label read")
    assert technician.post("/checklist/A/done", aisle="6").headers["location"].endswith("told=no_label")
    rested.press()
    wait_for(lambda: is_open(rested, find_aisle(7, "A")), 5, "aisle 6")
    rested.scan(wrong)
    rested.scan(fitting)
    rested.scan(BOXES[0])  # no place label at all
    wait_for(lambda: "7A" in technician.get("/checklist/A").text, 5, "the label that fits")
    page = technician.get("/checklist/A").text
    assert "应属 A 8A" in page
    assert BOXES[0] not in page
    assert technician.post("/checklist/A/done", aisle="6").headers["location"].endswith("told=aisle_done")
    assert technician.post("/checklist/A/end").headers["location"].endswith("told=list_open")
    found = Checklists(rested.store.database).find("A")  # as another process would read it
    assert found is not None
    assert [(row.aisle, row.state) for row in found.aisles if row.state != "waiting"] == [(6, "done")]
    assert {(label.code, label.fits) for row in found.aisles for label in row.labels} == {
        (fitting, True),
        (wrong, False),
    }
    sheet = technician.get("/checklist/A/sheet").text
    assert fitting in sheet
    assert wrong not in sheet
    rested.printer.labels.clear()
    technician.post("/checklist/A/label", aisle="6")
    assert rested.printer.labels == [
        {"code": "AISLEA06", "title": "7A", "customer_name": "1区 通道 6", "place_path": fitting}
    ]
    technician.post("/checklist/A/again", aisle="6")
    assert "7A" not in technician.get("/checklist/A").text


def test_a_whole_list_can_be_closed_and_begun_anew(technician: Technician, rested: DeviceHouse) -> None:
    technician.post("/checklist/A/begin")
    lists = Checklists(rested.store.database)
    for aisle in range(1, 12):
        lists.mark("A", aisle, "done", "li.wei", 0)
    assert technician.post("/checklist/A/end").headers["location"].endswith("told=list_done")
    assert "重新开始" in technician.get("/checklist/A").text
    technician.post("/checklist/A/begin")
    assert "已核对 0 条" in technician.get("/checklist").text


def test_labels_are_told_by_the_printers_own_word(technician: Technician, rested: DeviceHouse) -> None:
    for outcome in ("done", "failed", "unknown"):
        rested.printer.outcome = outcome
        assert f"told=label_{outcome}" in technician.post("/printer/test").headers["location"]
    rested.printer.outcome = "done"
    assert re.fullmatch(r"TEST\d{4}", rested.printer.labels[-1]["code"])


def test_the_recorder_tells_a_moment_and_gives_a_segment_away(
    technician: Technician, rested: DeviceHouse, tmp_path: Path
) -> None:
    soon = datetime.now(UTC) + timedelta(minutes=1)
    local = soon.astimezone(ZoneInfo("Asia/Shanghai")).strftime("%Y-%m-%dT%H:%M:%S")
    page = technician.get("/recorder", at=local)
    assert page.status_code == 200
    assert "完全一致" in page.text
    assert "1区" in page.text
    packed = technician.get("/recorder/segments/1")
    assert packed.headers["content-type"] == "application/zip"
    with zipfile.ZipFile(io.BytesIO(packed.content)) as archive:
        archive.extractall(tmp_path)
    replayed = replay(tmp_path)
    assert replayed.differences == []
    assert replayed.segments == 1
    assert replayed.steps >= 1


def test_wear_is_counted_by_contacts_alone(technician: Technician, rested: DeviceHouse) -> None:
    rested.wear.write()
    before = {total.number: total.total for total in rested.book.list_totals("A", "cycles")}
    for aisle in ("4", "9"):
        rested.shelf.tell()
        technician.post("/banks/A/propose", operation="open_aisle", aisle=aisle)
        rested.press()
        wait_for(lambda: is_open(rested, int(aisle)), 5, f"aisle {aisle}")  # noqa: B023 - awaited in the loop
    rested.wear.write()
    after = {total.number: total.total for total in rested.book.list_totals("A", "cycles")}
    # from aisle 4 to 9 the columns 5 to 9 travel, whatever they touch
    assert all(after.get(column, 0) > before.get(column, 0) for column in range(5, 10))
    assert 1 not in after  # the fixed one
    openings = {total.number for total in rested.book.list_totals("A", "opening_ms")}
    assert {4, 9} <= openings
    assert "通道 " in technician.get("/banks/A/wear", kind="opening_ms").text
    assert "各列移动次数" in technician.get("/banks/A/wear").text
