"""What is asked for from the device page becomes a question in the room, and nothing else, until somebody there presses."""

from __future__ import annotations

import io
import re
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from pymodbus.framer import FramerRTU

from edge.core.events import PromptDismissed, RequestWithdrawn
from edge.core.geometry import find_aisle
from edge.runtime.clock import read_mono_ms, read_wall_ms
from edge.runtime.replay import replay
from edge.store.checklists import Checklists
from edge.store.wear import DAY_MS, WearSample
from tests.integration.edge_core.driven_room import BOXES, PLACES
from tests.integration.edge_device.device_house import DeviceHouse
from tests.integration.edge_device.device_room import Technician
from tests.integration.edge_device.vectors import FRAMES
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


def test_a_motor_that_draws_more_and_more_shows_as_a_trend(technician: Technician, device_house: DeviceHouse) -> None:
    """Twice a day for thirty days: column 7 draws 2,000 mA at first and 3,160 at last, column 8 always 2,000."""
    today = read_wall_ms() // DAY_MS
    rise = [(day, 2_000 + 40 * max(0, day)) for day in range(30)]
    samples = [
        WearSample("A", "current_ma", number, current, (today - 29 + day) * DAY_MS + turn)
        for day, rising in rise
        for number, current in ((7, rising), (8, 2_000))
        for turn in (0, DAY_MS // 2)
    ]
    device_house.book.add(samples)
    page = technician.get("/banks/A/wear", kind="current_ma").text
    # usual: the first twenty, 2,000 to 2,360; now: the last seven days, 2,920 to 3,160
    drifts = {int(no): drift for no, drift in re.findall(r">(\d+)</a></th>.*?>([+-]\d+ %)<", page)}
    assert {column: drifts[column] for column in (7, 8)} == {7: "+39 %", 8: "+0 %"}  # others may have moved before
    assert re.search(r'class="number is-high">\+39 %<', page)
    # the one that stands out is drawn: from left to right it only rises
    heights = [float(y) for y in re.findall(r"[\d.]+,([\d.]+)", page[page.index("<polyline") : page.index("<circle")])]
    assert len(heights) == 30
    assert heights == sorted(heights, reverse=True)


def test_a_current_counts_once_a_journey(device_house: DeviceHouse) -> None:
    ask = bytes.fromhex("110305000058")
    request = ask + FramerRTU.compute_CRC(ask).to_bytes(2, "big")
    for _ in range(2):
        device_house.record.note_sent(request, read_mono_ms())
        device_house.record.note_heard(FRAMES["wear"], read_mono_ms() + 10.0)
        device_house.wear.write()
    counts = {total.number: (total.count, total.total) for total in device_house.book.list_totals("A", "current_ma")}
    assert counts[2] == (1, 2_350)
