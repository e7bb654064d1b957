"""The gateway as a real process in a simulated room with centre and broker down: badge, scan, prompt, press, aisle, box."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import httpx
import pytest

from edge.metrics import METRICS
from simulators.room import tell_truth
from tests.integration.edge_rim.gateway_room import EXAMPLE, GatewayRoom
from tests.wait import wait_for as wait_long

pytestmark = [pytest.mark.slow]

# each look costs the gateway time of its own
wait_for = partial(wait_long, pause_s=0.1)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[GatewayRoom]:
    house = GatewayRoom(tmp_path)
    try:
        house.lay_replica()
        house.start()
        yield house
    finally:
        house.close()


def sign_on(house: GatewayRoom) -> None:
    who = house.plan.staff[0]
    house.scan(who.code)
    wait_for(lambda: house.prompt_key() == "prompt.enter_pin", 10, "the PIN prompt")
    assert house.press("pin", pin=who.pin) == 202
    wait_for(lambda: house.prompt_key() == "prompt.scan_box", 10, "the session")


def open_aisle(house: GatewayRoom, code: str) -> None:
    """Have the aisle of a box opened, again if the machine was too busy for a lease to live."""
    for _ in range(3):
        set_moving(house, code)
        ended = wait_for(
            lambda: house.bank_state() in {"idle", "stopped"} and house.prompt_key(), 60, "the end of motion"
        )
        if ended == "prompt.take":
            return
    pytest.fail("the aisle did not open in three tries")


def set_moving(house: GatewayRoom, code: str) -> None:
    """Scan and press, again if need be: on a busy machine an answer may come too late, and then nothing may move."""
    for _ in range(4):
        wait_for(lambda: house.bank_state() in {"idle", "stopped"}, 30, "a bank at rest")
        house.scan(code)
        try:
            wait_for(lambda: house.view()["prompt"]["confirmable"], 5, "the prompt")
            house.press("confirm", point_id="kiosk-a", prompt_id=house.view()["prompt"]["id"])
            wait_for(lambda: house.bank_state() == "moving", 10, "motion")
        except AssertionError:
            continue
        return
    pytest.fail("the bank did not move in four tries")


def test_box_is_fetched_and_the_gateway_ends_cleanly_and_replays(house: GatewayRoom) -> None:
    sign_on(house)
    last_aisle = len(house.plan.bank.columns)
    box = next(each for each in house.plan.boxes if house.plan.place_of(each).aisle not in {last_aisle, last_aisle - 1})
    aisle = house.plan.place_of(box).aisle

    house.scan(box.code)
    wait_for(lambda: house.prompt_key() == "prompt.confirm_close", 10, "the prompt")
    prompt = house.view()["prompt"]
    assert (prompt["closing_aisles"], prompt["opening_aisle"]) == ([last_aisle], aisle)
    assert house.bank_state() == "idle"  # a scan moves nothing

    # a camera's, another point's and a made-up prompt's press start nothing
    assert house.press("confirm", point_id="card-a", prompt_id=prompt["id"]) == 409
    assert house.press("confirm", point_id="kiosk-a", prompt_id="made-up") == 202
    wait_for(lambda: "scan.no_prompt" in house.answer_keys(), 5, "refusal of a made-up prompt")
    assert house.bank_state() == "idle"

    open_aisle(house, box.code)
    assert [each["no"] for each in house.view()["banks"][0]["aisles"] if each["open"]] == [aisle]

    house.scan(box.code)
    wait_for(lambda: "scan.taken" in house.answer_keys(), 10, "the box taken out")
    assert house.view()["last_acts"][0]["kind"] == "take_out"
    assert house.view()["link"] != "online"
    assert (house.metric("openaisle_gateway_outbox_facts") or 0) >= 3
    assert house.metric("openaisle_gateway_link_up") == 0
    assert (house.metric("openaisle_gateway_decide_seconds_count") or 0) > 10
    # a busy machine may have seen a press or two end otherwise, even the one after which the aisle stood open
    assert house.metrics("openaisle_gateway_outcomes_total") >= 1
    if house.metric('openaisle_gateway_outcomes_total{bank="A",outcome="done"}') is not None:
        assert 0 < (house.metric('openaisle_gateway_opening_seconds{bank="A"}') or 0) < 60
    assert house.metric("openaisle_gateway_people_in_room") == 1
    served = set(re.findall(r"^# TYPE (\S+)", httpx.get(f"{house.kiosk}/metrics").text, re.MULTILINE))
    # the text form writes a counter's name with its ending, the rest as it is
    assert {metric.name for metric in METRICS} <= served

    assert house.stop_gateway() == 0
    replayed = subprocess.run(
        [sys.executable, "-m", "edge", "replay", "--journal", str(house.folder / "store")],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    report = json.loads(replayed.stdout)
    assert report["differences"] == []
    assert report["steps"] > 10


def test_stop_field_stops_a_moving_bank_until_a_new_press(house: GatewayRoom) -> None:
    sign_on(house)
    last_aisle = len(house.plan.bank.columns)
    box = next(each for each in house.plan.boxes if house.plan.place_of(each).aisle < last_aisle - 1)
    set_moving(house, box.code)
    assert house.press("stop") == 202
    wait_for(lambda: tell_truth(house.room.controller)["standstill"], 5, "standstill of the steel itself")
    wait_for(lambda: house.bank_state() not in {"moving", "warning", "settling"}, 5, "standstill on the page")
    assert house.view()["queue"] == []
    stopped_at_mm = tell_truth(house.room.controller)["positions_mm"]
    assert house.press("dismiss", prompt_id="nothing") == 202  # presses that are no confirmation start nothing
    wait_for(lambda: not house.view()["siren"], 5, "the stop confirmed")
    assert tell_truth(house.room.controller)["positions_mm"] == stopped_at_mm


def test_unplugged_devices_are_named_on_page_and_metrics_and_come_back(house: GatewayRoom) -> None:
    house.room.scanners["scan-1"].unplug()
    wait_for(lambda: "device_unplugged" in [each["key"] for each in house.view()["states"]], 10, "the named state")
    assert house.metric('openaisle_gateway_device_up{device="scan-1"}') == 0
    assert "已断开" in httpx.get(house.kiosk).text
    house.room.scanners["scan-1"].plug_in()
    wait_for(lambda: house.metric('openaisle_gateway_device_up{device="scan-1"}') == 1, 10, "the scanner back")
    sign_on(house)
    health = httpx.get(f"{house.kiosk}/health")
    assert (health.status_code, health.json()["executor"]) == (200, "running")


def run_cli(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "edge", *arguments], capture_output=True, text=True, check=False)


def test_command_line_names_what_is_wrong(tmp_path: Path) -> None:
    bad = tmp_path / "gateway.toml"
    bad.write_text(
        EXAMPLE.read_text(encoding="utf-8").replace("tiers = 6", 'tiers = 6\ncolour = "red"'), encoding="utf-8"
    )
    checked = run_cli("--config", str(bad), "check-config")
    assert (checked.returncode, "unknown key 'bank[0].colour'" in checked.stderr) == (2, True)
    started = run_cli("--config", str(bad), "run")
    assert started.returncode == 2
    assert run_cli("--config", str(EXAMPLE), "check-config").returncode == 0


def test_missing_font_and_taken_store_are_errors_at_start(tmp_path: Path) -> None:
    text = EXAMPLE.read_text(encoding="utf-8").replace(
        'dir = "/var/lib/openaisle-gateway"', f'dir = "{tmp_path}/store"'
    )
    config = tmp_path / "gateway.toml"
    config.write_text(
        text.replace("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc", "none.ttc"), encoding="utf-8"
    )
    started = run_cli("--config", str(config), "run")
    assert started.returncode == 2
    assert "none.ttc doesn't exist" in started.stderr
    assert "Nothing moves" in started.stderr


def test_commissioning_sheet_prints_both_stop_distances_and_the_bus_sum() -> None:
    printed = json.loads(run_cli("--config", str(EXAMPLE), "commissioning", "--json").stdout)[0]
    # hand sums from the sheet's own inputs: 80 mm/s, 50 ms reaction, 15 mm braking, 250 ms permit, 500 ms lease
    assert printed["stop_distance_by_silence_mm"] == pytest.approx(80 * (0.25 + 0.5 + 0.05) + 15)
    assert printed["worst_renewal_interval_ms"] <= 250
    assert printed["max_moving_banks"] >= 2
    text = run_cli("--config", str(EXAMPLE), "commissioning").stdout
    assert "stop distance by STOP: 22.1 mm" in text
