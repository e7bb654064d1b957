"""Garbage on every wire of a running house: bounded, logged, counted, and survived; nothing moves for it."""

from __future__ import annotations

import random
import socket
from collections.abc import Iterator

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from simulators.demo.stage_files import HOST, PRINTER, SCANNER
from tests.e2e.troubles.troubled_house import MARKS, TroubledHouse
from tests.wait import wait_for

pytestmark = MARKS

ROOM = "openaisle/v1/rooms/r01"
MEMORY_GROWTH_KB = 64 * 1024


def make_garbage(seed: int) -> list[bytes]:
    """What no peer of ours would send: bytes, broken JSON, JSON of other shapes, deep, long."""
    dice = random.Random(seed)
    return [
        b"",
        b"\x00",
        dice.randbytes(300),
        b"{",
        b"[]",
        b"null",
        b"17",
        b'{"v":1}',
        b'{"v":2,"batch":"x","records":[]}',
        b'{"v":1,"id":[],"kind":{},"issued_at":"never","ttl_ms":-1,"body":7}',
        b"[" * 20_000,
        '{"v":1,"名":"\ud83d\ude00"}'.encode("utf-8", "surrogatepass"),
        b'{"a":' + b"9" * 60_000 + b"}",
        dice.randbytes(100_000),
    ]


@pytest.fixture(autouse=True)
def untouched(house: TroubledHouse) -> Iterator[None]:
    """Whatever is sent: nothing moves, no box goes anywhere, no process grows or dies."""
    motions, standing = house.motions(), house.standing()
    programs = (house.stage.gateway, house.stage.centre)
    memory = [read_memory_kb(program.process.pid) for program in programs if program.process]
    yield
    assert house.motions() == motions
    assert house.standing() == standing
    for program, before in zip(programs, memory, strict=True):
        assert program.running
        assert program.process is not None
        assert read_memory_kb(program.process.pid) - before < MEMORY_GROWTH_KB
        assert "Traceback" not in program.log.read_text(encoding="utf-8", errors="replace")
    assert house.health() == 200
    assert house.centre.get("/health").status_code == 200


def read_memory_kb(pid: int) -> int:
    with open(f"/proc/{pid}/status", encoding="ascii") as file:  # noqa: PTH123
        return next(int(line.split()[1]) for line in file if line.startswith("VmRSS:"))


def test_on_the_shelf_bus(house: TroubledHouse) -> None:
    faults, bus = "openaisle_gateway_bus_{}_total", '{bus="bus1"}'
    before = {name: house.metric(faults.format(name) + bus) for name in ("faults", "timeouts", "answers")}
    noise = {"seed": 7, "bit_flip": 0.02, "insertion": 0.05, "loss": 0.02, "cut_per_frame": 0.2, "echo_per_frame": 0.1}
    house.room.put("/faults", json=noise).raise_for_status()
    wait_for(
        lambda: all(house.metric(faults.format(name) + bus) >= before[name] + 3 for name in ("faults", "timeouts")),
        20,
        "faults to be counted",
        pause_s=0.1,
    )
    assert house.view()["banks"][0]["columns"], "still drawn"
    house.room.put("/faults", json={}).raise_for_status()
    answers = house.metric(faults.format("answers") + bus)
    wait_for(lambda: house.metric(faults.format("answers") + bus) > answers + 4, 15, "answers again", pause_s=0.1)
    house.see("the bank, fresh", lambda view: not view["banks"][0]["stale"])
    assert "shelf_controller_changed" in house.log()


def test_on_the_scanners_line(house: TroubledHouse) -> None:
    counted = f'openaisle_gateway_scanner_garbage_bytes_total{{device="{SCANNER}"}}'
    before, facts = house.metric(counted), len(house.facts())
    dice = random.Random(3)
    for octets in (dice.randbytes(200), b"\xff" * 500, b"A" * 3_000, bytes(range(256)) * 8, b"\r\n" * 500):
        house.room.post("/scanner/noise", json={"octets": octets.hex()}).raise_for_status()
    house.room.post("/scanner/noise", json={"octets": b"\xff\r".hex()}).raise_for_status()
    wait_for(lambda: house.metric(counted) > before + 3_000, 10, "the bytes to be counted", pause_s=0.1)
    assert house.scan("NO-CODE")[0] == "scan.unknown_code"  # and a code right after it is read as ever
    assert "scanner_garbage" in house.log()
    # what looked like text between the noise was refused in words, and in no other way; a label of before may come out
    assert set(house.facts()[facts:]) <= {"scan_refused", "gateway_state", "print_settled"}


def test_in_the_printers_answers(house: TroubledHouse) -> None:
    counted = f'openaisle_gateway_printer_garbage_total{{device="{PRINTER}"}}'
    before, labels = house.metric(counted), house.labels()
    house.room.put("/printer", json={"garbled": True}).raise_for_status()
    house.await_state("printer_fault")
    house.reads("打印机故障。未打印的标签保留着", "Printer fault. Unprinted labels are kept")
    wait_for(lambda: house.metric(counted) > before, 10, "the answers to be counted", pause_s=0.1)
    house.print_label(house.far_box())
    house.see("the label kept", lambda view: any(job["state"] == "failed" for job in view["jobs"]))
    house.room.put("/printer", json={"garbled": False}).raise_for_status()
    house.await_end("printer_fault")
    assert house.labels() == labels
    assert house.press("resume-printing") == 202
    wait_for(lambda: house.labels() == labels + 1, 15, "the label", pause_s=0.1)
    assert "not a status" in house.log()


class Voice:
    """Somebody with the password of a user of the broker."""

    def __init__(self, house: TroubledHouse, user: str) -> None:
        secret = (house.stage.folder / f"{user}.password").read_text().strip()
        self.client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=f"stranger-{user}", protocol=mqtt.MQTTv5)
        self.client.username_pw_set(user, secret)
        self.client.connect(HOST, house.stage.ports.broker)
        self.client.loop_start()

    def say(self, topic: str, payload: bytes, *, answer_to: str | None = None) -> None:
        """Publish and wait until the broker has it."""
        properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
        if answer_to is not None:
            properties.ResponseTopic = answer_to
        self.client.publish(topic, payload, qos=1, properties=properties).wait_for_publish(10)

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()


def test_from_the_centre_to_a_room(house: TroubledHouse) -> None:
    counted = 'openaisle_gateway_link_events_total{{kind="{}"}}'
    before = {kind: house.metric(counted.format(kind)) for kind in ("messages_unreadable", "commands_dropped")}
    voice = Voice(house, "central")
    garbage = make_garbage(1)
    try:
        for payload in garbage:
            voice.say(f"{ROOM}/ack", payload)
            voice.say(f"{ROOM}/feed", payload)
            voice.say(f"{ROOM}/command", payload, answer_to=f"{ROOM}/answer/x")
            voice.say(f"{ROOM}/command", payload, answer_to="openaisle/v1/rooms/+/#")
    finally:
        voice.close()
    wait_for(
        lambda: house.metric(counted.format("messages_unreadable")) >= before["messages_unreadable"] + 2 * len(garbage),
        15,
        "unreadable messages to be counted",
        pause_s=0.1,
    )
    assert house.metric(counted.format("commands_dropped")) >= before["commands_dropped"] + len(garbage)
    assert "link_message_unreadable" in house.log()
    assert "command_dropped" in house.log()
    assert house.view()["link"] == "online"


def test_from_a_room_to_the_centre(house: TroubledHouse) -> None:
    counted = 'openaisle_central_link_events_total{{kind="dropped_{}"}}'
    names = {"batch": "up", "ask": "feed/ask", "presence": "presence", "answer": "answer/central-1", "state": "state/A"}
    before = {name: house.metric(counted.format(name), centre=True) for name in names}
    voice = Voice(house, "r01")
    garbage = make_garbage(2)
    try:
        for payload in garbage:
            for topic in names.values():
                voice.say(f"{ROOM}/{topic}", payload)
            assert house.centre.get("/api/v1/rooms/r01/live").status_code == 200
    finally:
        voice.close()
    for name in names:
        wait_for(
            lambda name=name: house.metric(counted.format(name), centre=True) > before[name],  # type: ignore[misc]
            15,
            f"dropped_{name} to be counted",
            pause_s=0.1,
        )
    logged = house.stage.centre.log.read_text(encoding="utf-8", errors="replace")
    assert "link_message_dropped" in logged
    assert house.metric("openaisle_central_link_up", centre=True) == 1


RAW = (
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(40),  # somebody speaks TLS to it
    b"GET\r\n\r\n",
    b"\x00" * 4_096 + b"\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n",
    b"POST /api/stop HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n",
    b"GET / HTTP/1.1\r\n" + b"X: " + b"y" * 200_000 + b"\r\n\r\n",
)


def say_raw(port: int, octets: bytes) -> None:
    """Throw bytes at a port and hear what comes, if anything."""
    with socket.create_connection((HOST, port), 5) as wire:
        wire.settimeout(5)
        try:
            wire.sendall(octets)
            wire.shutdown(socket.SHUT_WR)
            while wire.recv(65_536):
                continue
        except OSError:
            return  # hung up on: bounded


def test_at_the_kiosks_http(house: TroubledHouse) -> None:
    counted = 'openaisle_gateway_kiosk_refused_total{{reason="{}"}}'
    reasons = ("not_http", "invalid", "too_big", "wrong_origin", "wrong_host")
    before = {reason: house.metric(counted.format(reason)) for reason in reasons}
    for octets in RAW:
        say_raw(house.stage.ports.kiosk, octets)
    for body in make_garbage(4):
        told = house.kiosk.post("/api/confirm", content=body, headers={"Content-Type": "application/json"})
        assert 400 <= told.status_code < 500
    assert house.kiosk.post("/api/code", json={"text": "\x00\x07"}).status_code == 422
    assert house.kiosk.post("/api/code", json={"text": "A", "more": 1}).status_code == 422
    assert house.kiosk.post("/api/stop", json={}, headers={"Origin": "http://evil.example"}).status_code == 403
    assert house.kiosk.get("/", headers={"Host": "evil.example"}).status_code == 403
    for reason in reasons:
        assert house.metric(counted.format(reason)) > before[reason], reason
    assert "kiosk_request_refused" in house.log()
    assert "kiosk_request_invalid" in house.log()
    assert "kiosk_server" in house.log()


def test_at_the_centres_http(house: TroubledHouse) -> None:
    refusals = "openaisle_central_refusals_total"
    before, failures = house.total(refusals, centre=True), house.total("openaisle_central_failures_total", centre=True)
    not_http = house.metric(f'{refusals}{{reason="not_http"}}', centre=True)
    for octets in RAW:
        say_raw(house.stage.ports.centre, octets)
    for body in make_garbage(5):
        told = house.centre.post("/api/v1/sessions", content=body, headers={"Content-Type": "application/json"})
        assert 400 <= told.status_code < 500
    for path in (
        "/api/v1/boxes/by-code/%00%ff",
        "/api/v1/boxes/'or'1",
        "/api/v1/rooms/" + "x" * 3_000,
        "/..%2f..%2fetc",
    ):
        assert 400 <= house.centre.get(path).status_code < 500
    assert house.total(refusals, centre=True) > before
    assert house.metric(f'{refusals}{{reason="not_http"}}', centre=True) > not_http
    assert house.total("openaisle_central_failures_total", centre=True) == failures
    assert "http_server" in house.stage.centre.log.read_text(encoding="utf-8", errors="replace")
