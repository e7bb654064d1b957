"""One simulated room as its own process, acted on over its control API."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import serial
from pymodbus.client import ModbusTcpClient

from simulators.demo.stage_files import choose_ports
from tests.wait import wait_for


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[httpx.Client, dict[str, object]]]:
    folder = tmp_path_factory.mktemp("room")
    port = choose_ports().control
    config = folder / "room.toml"
    config.write_text(f'dir = "devices"\n[bank]\nmoving_columns = 4\n[control]\nport = {port}\n')
    command = [sys.executable, "-m", "simulators", "room", "--config", str(config)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    client = httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=5)
    try:
        wait_for(lambda: answers(client), 90, "the control API")
        yield client, json.loads((folder / "devices" / "room.json").read_text())
    finally:
        client.close()
        process.terminate()
        _, complaints = process.communicate(timeout=10)
        assert b"Traceback" not in complaints, complaints.decode()


def answers(client: httpx.Client) -> bool:
    try:
        return client.get("/").status_code == 200
    except httpx.TransportError:
        return False


def test_it_tells_where_its_devices_are(room: tuple[httpx.Client, dict[str, str]]) -> None:
    client, described = room
    assert client.get("/").json() == described
    assert Path(described["bus"]).is_symlink()


def test_people_and_trips_show_on_the_wire(room: tuple[httpx.Client, dict[str, int]]) -> None:
    client, described = room
    reader = ModbusTcpClient("127.0.0.1", port=described["service_port"], timeout=2)
    assert reader.connect()
    assert client.post("/people", json={"name": "wang", "aisle": 5}).status_code == 200
    assert reader.read_holding_registers(0x0106, count=1, device_id=1).registers == [1 << 4]
    assert client.post("/shelf", json={"act": "press_open", "number": 2}).json() == {"told": ["occupied"]}
    client.delete("/people/wang")
    assert reader.read_holding_registers(0x0106, count=1, device_id=1).registers == [0]
    assert client.get("/closing/2").json() == {"closing": [5]}
    assert client.get("/shelf").json()["motions"] == []
    reader.close()


def test_scanner_acts_reach_its_port(room: tuple[httpx.Client, dict[str, dict[str, str]]]) -> None:
    client, described = room
    with serial.Serial(described["scanners"]["scan-1"], 9600, timeout=2) as host:
        assert client.post("/scan", json={"text": "BX010000123"}).json() == {"sent": True}
        assert host.read(12) == b"BX010000123\r"
    client.put("/scanner", json={"plugged": False})
    assert client.post("/scan", json={"text": "BX010000123"}).json() == {"sent": False}
    client.put("/scanner", json={"plugged": True})
    assert client.get("/scanner").json()["scan-1"]["plugged"]


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "/shelf", {"act": "explode"}, 422),
        ("PUT", "/faults", {"bit_flip": 2.0}, 422),
        ("PUT", "/faults", {"unheard": 1}, 422),
        ("POST", "/camera/label", {"label": 99}, 404),
        ("GET", "/printer/99.png", None, 404),
        ("GET", "/closing/9", None, 404),
    ],
)
def test_wrong_acts_are_refused_in_words(
    room: tuple[httpx.Client, dict[str, object]], method: str, path: str, body: object, status: int
) -> None:
    client, _ = room
    assert client.request(method, path, json=body).status_code == status


def test_a_wrong_key_in_the_settings_is_named(tmp_path: Path) -> None:
    config = tmp_path / "room.toml"
    config.write_text('dir = "x"\nspeed = 3\n')
    command = [sys.executable, "-m", "simulators", "room", "--config", str(config)]
    told = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert told.returncode == 2
    assert "speed" in told.stderr
