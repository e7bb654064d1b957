"""Every route of the device page's one table: who may, what it does at most, over real TLS."""

from __future__ import annotations

import re
import socket
import ssl
from pathlib import Path

import httpx
import pytest
from fastapi.routing import iter_route_contexts

from edge.core.events import Event, OperationAsked
from edge.device.guard import BODY_MOST_BYTES
from edge.device.needs import ROUTES, RouteDef
from edge.device.serving import CertificateError, open_context
from tests.integration.edge_device.certificates import make_certificate
from tests.integration.edge_device.device_house import DeviceHouse
from tests.integration.edge_device.device_room import NAME, PASSWORD, Technician

PARTS = {"bank": "A", "bus": "bus1", "source": "cam-1", "number": "1", "folder": "device", "file": "device.css"}
FIELDS = {"aisle": "5", "operation": "open_aisle", "name": NAME, "password": PASSWORD}
EVERY = [pytest.param(route, id=f"{route.method} {route.path}") for route in ROUTES]
CLOSED = [pytest.param(route, id=f"{route.method} {route.path}") for route in ROUTES if route.need == "technician"]


def fill(route: RouteDef) -> str:
    return re.sub(r"{(\w+)}", lambda found: PARTS[found[1]], route.path)


def follow(browser: Technician, route: RouteDef) -> int:
    """Ask a route as its own page would; of a stream only the first line is read."""
    path = fill(route)
    if route.name == "follow":
        with browser.client.stream("GET", path, params={"of": "overview:"}) as answer:
            assert next(answer.iter_lines()) == "event: part"
            return answer.status_code
    if route.method == "GET":
        return browser.get(path).status_code
    return browser.post(path, **FIELDS).status_code


def test_nothing_is_served_beside_the_table(device_house: DeviceHouse) -> None:
    served = {
        (method, route.path)
        for route in iter_route_contexts(device_house.site.routes)
        for method in route.methods or ()
    }
    assert served == {(route.method, route.path) for route in ROUTES}
    assert len(served) == len(ROUTES)


@pytest.mark.parametrize("route", CLOSED)
def test_without_a_log_in_nothing_is_shown_or_done(device_house: DeviceHouse, route: RouteDef) -> None:
    device_house.posted.clear()
    device_house.printer.labels.clear()
    with device_house.browse().client as client:
        if route.method == "GET":
            answer = client.get(fill(route))
        else:
            answer = client.post(fill(route), data=FIELDS, headers={"Origin": device_house.page})
    assert (answer.status_code, answer.headers["location"]) == (303, "/login")
    assert answer.text == ""
    assert device_house.posted == []
    assert device_house.printer.labels == []


@pytest.mark.parametrize("route", [each for each in CLOSED if each.values[0].method == "POST"])  # type: ignore[union-attr]
def test_a_press_needs_the_word_of_our_own_page(
    technician: Technician, device_house: DeviceHouse, route: RouteDef
) -> None:
    device_house.posted.clear()
    for csrf in ("", "x" * 32):
        answer = technician.client.post(fill(route), data={**FIELDS, "csrf": csrf}, headers=technician.origin)
        assert answer.status_code == 403
    answer = technician.client.post(fill(route), data={**FIELDS, "csrf": technician.csrf})
    assert answer.json() == {"refused": "wrong_origin"}
    evil = {"Origin": "https://evil.example"}
    answer = technician.client.post(fill(route), data={**FIELDS, "csrf": technician.csrf}, headers=evil)
    assert answer.json() == {"refused": "wrong_origin"}
    assert device_house.posted == []


@pytest.mark.parametrize("route", EVERY)
def test_no_route_can_press_confirm_or_start(
    technician: Technician, device_house: DeviceHouse, route: RouteDef
) -> None:
    """The most that any route may ask for is a question to the room, marked as from afar."""
    device_house.posted.clear()
    device_house.shelf.orders.clear()
    status = follow(technician, route)
    assert status in {200, 303}, status
    asked: list[Event] = device_house.posted
    if route.effect != "prompt":
        assert asked == []
    for event in asked:
        assert isinstance(event, OperationAsked)
        assert event.afar
        assert event.point_id == "device"
    assert not {type(order).__name__ for order in device_house.shelf.orders} & {
        "SendSelect",
        "SendOperate",
        "PermitLease",
    }
    banks = device_house.runtime.state.banks
    assert banks["A"].request is None


def test_pages_are_tame(technician: Technician) -> None:
    answer = technician.get("/")
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "strict-transport-security" in answer.headers
    assert "server" not in answer.headers
    assert not re.search(r"<script(?![^>]*\bsrc=)|\sstyle=|\son\w+=", answer.text)


def test_the_cookie_stays_in_this_browser_and_on_tls(device_house: DeviceHouse) -> None:
    browser = device_house.browse()
    cookie = browser.log_in().headers["set-cookie"]
    assert cookie.startswith("__Host-openaisle-device=")
    for attribute in ("Secure", "HttpOnly", "SameSite=strict", "Path=/"):
        assert attribute in cookie
    assert "Domain" not in cookie
    token = browser.client.cookies["__Host-openaisle-device"]
    assert browser.post("/logout").headers["location"] == "/login"
    with device_house.raw(cookie=f"__Host-openaisle-device={token}") as client:
        assert client.get("/").headers["location"] == "/login"  # the token itself is dead, not just forgotten
    browser.close()


def test_a_name_taken_out_of_the_file_is_out_at_once(device_house: DeviceHouse, technician: Technician) -> None:
    assert technician.get("/").status_code == 200
    kept = device_house.accounts_file.read_text()
    device_house.accounts_file.write_text("# nobody\n")
    try:
        assert technician.get("/").headers["location"] == "/login"
    finally:
        device_house.accounts_file.write_text(kept)


def test_other_names_hosts_and_plain_http_are_turned_away(device_house: DeviceHouse) -> None:
    with device_house.raw(host="evil.example") as client:
        assert client.get("/login").status_code == 421
    with device_house.raw() as client:
        assert client.put("/login").status_code == 405
        big = client.post("/login", content=b"x" * (BODY_MOST_BYTES + 1), headers={"Origin": device_house.page})
        assert big.status_code == 413
        assert client.get("/buses/bus1?text=" + "x" * 2000).status_code == 414
    with socket.create_connection(("127.0.0.1", device_house.server.port), timeout=5) as plain:
        plain.sendall(b"GET /login HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert b"200 OK" not in plain.recv(4096)


def test_tls_is_of_our_own_certificate_and_not_old(device_house: DeviceHouse, tmp_path: Path) -> None:
    stranger, _ = make_certificate(tmp_path, "stranger")
    with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
        httpx.get(f"{device_house.page}/login", verify=ssl.create_default_context(cafile=stranger))
    context = ssl.create_default_context(cafile=device_house.certificate)
    line = socket.create_connection(("127.0.0.1", device_house.server.port), timeout=5)
    with context.wrap_socket(line, server_hostname="localhost") as wrapped:
        assert wrapped.version() in {"TLSv1.2", "TLSv1.3"}
    assert open_context(device_house.certificate, device_house.key).minimum_version is ssl.TLSVersion.TLSv1_2


def test_a_certificate_that_will_not_do_is_an_error_at_start(tmp_path: Path) -> None:
    certificate, _ = make_certificate(tmp_path, "one")
    _, other_key = make_certificate(tmp_path, "two")
    with pytest.raises(CertificateError, match="can't be used"):
        open_context(certificate, other_key)
    with pytest.raises(CertificateError, match="is no file"):
        open_context(tmp_path / "nothing.pem", other_key)


GARBAGE = [
    ("POST", "/banks/A/propose", {"operation": "unlock"}, 400),
    ("POST", "/banks/A/propose", {"operation": "open_aisle", "aisle": "99"}, 400),
    ("POST", "/banks/A/propose", {"operation": "open_aisle", "aisle": "-1"}, 400),
    ("POST", "/banks/A/propose", {"operation": "open_aisle", "aisle": "٥"}, 400),
    ("POST", "/banks/A/propose", {"operation": "open_aisle"}, 400),
    ("POST", "/banks/B/propose", {"operation": "open_aisle", "aisle": "1"}, 404),
    ("POST", "/checklist/B/begin", {}, 404),
    ("GET", "/banks/..%2f..%2fetc", {}, 404),
    ("GET", "/buses/bus9", {}, 404),
    ("GET", "/buses/bus9/frames.csv", {}, 404),
    ("GET", "/buses/bus1?before=%00&direction=x&bank=%ff", {}, 200),
    ("GET", "/scanners/scan-1/picture.jpg", {}, 404),
    ("GET", "/recorder?at=yesterday", {}, 400),
    ("GET", "/recorder?at=0001-01-01T00:00:00", {}, 400),
    ("GET", "/recorder/segments/999999", {}, 404),
    ("GET", "/recorder/segments/1e3", {}, 404),
    ("GET", "/assets/ui/../../edge/settings.py", {}, 404),
    ("GET", "/assets/device/accounts.py", {}, 404),
    ("GET", "/live?of=accounts:", {}, 400),
    ("GET", "/live?of=bank:B", {}, 404),
    ("GET", "/nothing", {}, 404),
    ("GET", "/docs", {}, 404),
]


@pytest.mark.parametrize("sent", GARBAGE, ids=lambda sent: f"{sent[0]} {sent[1]} {sent[2]}")
def test_garbage_is_refused_in_words(
    technician: Technician, device_house: DeviceHouse, sent: tuple[str, str, dict[str, str], int]
) -> None:
    method, path, fields, status = sent
    device_house.posted.clear()
    answer = technician.post(path, **fields) if method == "POST" else technician.client.get(path)
    assert answer.status_code == status
    assert "Traceback" not in answer.text
    assert device_house.posted == []


def test_language_is_remembered_and_leads_only_to_our_own_pages(technician: Technician) -> None:
    back = technician.post("/language", language="en", back="//evil.example/")
    assert back.headers["location"] == "/"
    assert "Everything that is connected" in technician.get("/").text
    technician.post("/language", language="zh_CN", back="/printer")
    assert "接在本网关上的全部设备" in technician.get("/").text
