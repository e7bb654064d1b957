"""The device page of a whole gateway, as a process: over TLS, without a centre, and not there unless it is wanted."""

from __future__ import annotations

import re
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from edge.device.accounts import read_accounts
from edge.settings import SettingsError, read_settings
from simulators.bank_plan import SensorKind
from tests.integration.edge_device.device_room import NAME, DeviceRoom
from tests.wait import wait_for

PAGES = (
    "/", "/banks/A", "/banks/A/registers", "/banks/A/events", "/banks/A/wear", "/buses/bus1", "/buses/bus1/frames.csv",
    "/printer", "/scanners", "/recorder", "/checklist", "/checklist/A", "/checklist/A/sheet",
)  # fmt: skip


@pytest.fixture(scope="module")
def device_room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DeviceRoom]:
    room = DeviceRoom(tmp_path_factory.mktemp("room"))
    room.lay_replica()
    try:
        room.start()
        yield room
    finally:
        room.close()


def test_every_page_works_without_the_centre(device_room: DeviceRoom) -> None:
    browser = device_room.browse()
    assert browser.log_in().status_code == 303
    for path in PAGES:
        answer = browser.get(path)
        assert answer.status_code == 200, path
    # on a loaded machine frames get lost: what is judged of the line's quality is not judged here
    wait_for(
        lambda: browser.get("/banks/A").text.count("正常") >= 5,
        10,
        "identity, map, geometry, start and motion in order",
    )
    registers = browser.get("/banks/A/registers").text
    for name in ("column_position_mm[1]", "safety_bits", "temperature", "degC"):
        assert name in registers
    wait_for(lambda: browser.get("/scanners/cam-1/picture.jpg").content[:2] == b"\xff\xd8", 10, "a picture")
    browser.close()


def test_a_test_label_comes_out_of_the_printer(device_room: DeviceRoom) -> None:
    browser = device_room.browse()
    browser.log_in()
    assert "told=label_done" in browser.post("/printer/test").headers["location"]
    browser.close()


def test_a_technician_is_set_on_the_command_line(device_room: DeviceRoom) -> None:
    command = [sys.executable, "-m", "edge", "--config", str(device_room.config), "set-technician", "zhao"]
    said = "a long enough one\n" * 2
    done = subprocess.run(command, input=said, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert sorted(read_accounts(device_room.folder / "technicians")) == [NAME, "zhao"]
    browser = device_room.browse()
    assert browser.log_in("a long enough one", "zhao").status_code == 303
    browser.close()
    short = subprocess.run(command, input="short\nshort\n", capture_output=True, text=True, check=False)
    assert short.returncode == 2


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ("names = []", "device_page.names"),
        ('names = ["Big Name"]', "device_page.names"),
        ('names = ["localhost"]\nhost = "lan"', "device_page.host"),
        ('names = ["localhost"]\nport = 70000', "device_page.port"),
        ('names = ["localhost"]\nenabled = true', "unknown key 'device_page.enabled'"),
        ("", "'device_page.names' is missing"),
    ],
)
def test_its_settings_are_strict(tmp_path: Path, wrong: str, told: str) -> None:
    example = Path(__file__).parents[3] / "deploy" / "gateway.example.toml"
    files = 'certificate_file = "a"\nkey_file = "b"\ntechnicians_file = "c"\n'
    path = tmp_path / "gateway.toml"
    path.write_text(f"{example.read_text(encoding='utf-8')}\n[device_page]\n{files}{wrong}\n", encoding="utf-8")
    with pytest.raises(SettingsError, match=told.replace("[", r"\[")):
        read_settings(path, {})


def test_it_is_off_by_default_and_its_files_are_anchored(tmp_path: Path) -> None:
    example = Path(__file__).parents[3] / "deploy" / "gateway.example.toml"
    assert read_settings(example, {}).device_page is None
    path = tmp_path / "gateway.toml"
    section = '\n[device_page]\nnames = ["localhost"]\ncertificate_file = "a"\nkey_file = "b"\ntechnicians_file = "c"\n'
    path.write_text(example.read_text(encoding="utf-8") + section, encoding="utf-8")
    page = read_settings(path, {}).device_page
    assert page is not None
    assert (page.certificate_file, page.technicians_file) == (tmp_path / "a", tmp_path / "c")


def test_a_gateway_with_a_bad_certificate_says_so_and_does_not_start(device_room: DeviceRoom, tmp_path: Path) -> None:
    text = device_room.config.read_text(encoding="utf-8").replace('"device.pem"', '"nothing.pem"')
    path = device_room.folder / "bad.toml"
    path.write_text(text.replace(str(device_room.folder / "store"), str(tmp_path / "store")), encoding="utf-8")
    command = [sys.executable, "-m", "edge", "--config", str(path), "run"]
    # its kiosk's port is taken by the other gateway, so give it any
    text = path.read_text(encoding="utf-8")
    port = device_room.kiosk.rpartition(":")[2]
    path.write_text(text.replace(f"port = {port}", "port = 0"), encoding="utf-8")
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 2, done.stderr[-500:]
    assert "nothing.pem is no file" in done.stderr


def test_the_event_ring_outlives_a_killed_gateway(device_room: DeviceRoom) -> None:
    browser = device_room.browse()
    browser.log_in()
    with device_room.room.controller.at_now() as model:
        model.press_confirm(70)
    wait_for(lambda: ">button<" in browser.get("/banks/A/events").text, 20, "the button in the ring")
    wait_for(lambda: count_kept(device_room) > 0, 10, "its reading on disk")
    browser.close()
    assert device_room.process is not None
    device_room.process.kill()
    device_room.process.wait(10)
    device_room.start_gateway()
    browser = device_room.browse()
    browser.log_in()
    page = browser.get("/banks/A/events").text
    assert "上次启动前" in page
    assert ">button_pressed<" in page or ">button<" in page
    browser.close()


def test_what_the_controller_noted_while_no_gateway_ran_stands_on_the_page_and_moves_nothing(
    device_room: DeviceRoom,
) -> None:
    browser = device_room.browse()
    browser.log_in()
    with device_room.room.controller.at_now() as model:
        model.press_confirm(71)
    wait_for(lambda: ">71<" in browser.get("/banks/A/events").text, 20, "the press in the ring")
    wait_for(lambda: count_kept(device_room) > 0, 10, "its reading on disk")
    browser.close()
    assert device_room.process is not None
    device_room.process.kill()
    device_room.process.wait(10)
    with device_room.room.controller.at_now() as model:
        for _ in range(20):
            model.press_confirm(72)  # 40 entries: the ring holds 32
        for seen in (True, None):
            model.stick_sensor(3, SensorKind.FOOT_BEAM, reading=seen)
        moved_mm = model.rails.travelled_mm
    device_room.start_gateway()
    browser = device_room.browse()
    browser.log_in()
    wait_for(lambda: ">cleared<" in browser.get("/banks/A/events").text, 20, "the foot that was in the beam meanwhile")
    page = browser.get("/banks/A/events").text
    lost = re.search(r"丢失 (\d+) 条", page)
    assert lost is not None
    assert int(lost[1]) >= 9
    assert device_room.metric('openaisle_gateway_ring_recalled_total{bank="A"}') == 32
    assert device_room.metric('openaisle_gateway_ring_missed_total{bank="A"}') == int(lost[1])
    assert device_room.prompt_key() == "prompt.scan_badge", "nothing asks for a press"
    with device_room.room.controller.at_now() as model:
        assert model.rails.travelled_mm == moved_mm
        assert model.task is None
    browser.close()


def count_kept(room: DeviceRoom) -> int:
    """Readings of rings in the journal, as anybody's SQLite finds them."""
    with closing(sqlite3.connect(f"file:{room.folder}/store/gateway.sqlite3?mode=ro", uri=True)) as file:
        rows = file.execute("SELECT count(*) FROM step WHERE instr(CAST(event AS TEXT), 'RingEventsRead')").fetchone()
        return int(rows[0])
