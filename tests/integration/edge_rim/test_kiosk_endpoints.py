"""What the kiosk takes and refuses: presses as JSON and as forms, from this machine's own page only."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from edge.core.events import (
    BadgeTyped,
    CodeTyped,
    OperationAsked,
    PrintResumed,
    PromptConfirmed,
    PromptDismissed,
    ReprintAsked,
    RequestMoved,
    RequestWithdrawn,
    SessionEnded,
    StopPressed,
    UndoAsked,
)
from tests.integration.edge_rim.kiosk_house import KioskHouse
from tests.integration.edge_rim.kiosk_views import asking_view, calm_view, pin_view

HERE = "http://127.0.0.1:8090"


def open_client(
    house: KioskHouse, client: str = "127.0.0.1", base: str = HERE, origin: str | None = HERE
) -> TestClient:
    headers = {} if origin is None else {"origin": origin}
    return TestClient(house.site, base_url=base, client=(client, 50_000), headers=headers, follow_redirects=False)


@pytest.fixture
def house() -> KioskHouse:
    return KioskHouse(asking_view())


@pytest.fixture
def client(house: KioskHouse) -> Iterator[TestClient]:
    with open_client(house) as client:
        yield client


PRESSES: list[tuple[str, dict[str, Any], Any]] = [
    ("confirm", {"point_id": "kiosk-a", "prompt_id": "prompt-1"}, PromptConfirmed("kiosk-a", "prompt-1")),
    ("dismiss", {"prompt_id": "prompt-1"}, PromptDismissed("kiosk-a", "prompt-1")),
    ("stop", {}, StopPressed("kiosk-a", None)),
    ("stop", {"bank": "A"}, StopPressed("kiosk-a", "A")),
    ("code", {"text": " bx010000019"}, CodeTyped("kiosk-a", "BX010000019")),
    ("code", {"text": "ST010000019"}, BadgeTyped("kiosk-a", "ST010000019")),
    ("badge", {"text": "ST010000019"}, BadgeTyped("kiosk-a", "ST010000019")),
    ("withdraw", {"queue_id": "wish-2"}, RequestWithdrawn("kiosk-a", "wish-2")),
    ("undo", {"act_id": "act-1"}, UndoAsked("kiosk-a", "act-1")),
    ("move", {"queue_id": "wish-2", "place": 0}, RequestMoved("kiosk-a", "wish-2", 0)),
    ("operate", {"bank": "A", "operation": "close_all"}, OperationAsked("kiosk-a", "A", "close_all")),
    ("operate", {"bank": "A", "operation": "lock", "aisle": "3"}, OperationAsked("kiosk-a", "A", "lock", 3)),
    ("sign-off", {"source_id": "scan-1"}, SessionEnded("kiosk-a", "scan-1")),
    ("resume-printing", {}, PrintResumed("kiosk-a")),
    ("reprint", {"job_id": "job-1"}, ReprintAsked("kiosk-a", "job-1")),
]


@pytest.mark.parametrize(("act", "fields", "event"), PRESSES)
def test_press_becomes_one_event_by_script_and_by_form(
    house: KioskHouse, client: TestClient, act: str, fields: dict[str, Any], event: Any
) -> None:
    assert client.post(f"/api/{act}", json=fields).status_code == 202
    answer = client.post(f"/{act}", data=fields)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert house.events == [event, event]


def test_confirming_for_another_point_is_refused(house: KioskHouse, client: TestClient) -> None:
    answer = client.post("/api/confirm", json={"point_id": "card-a", "prompt_id": "prompt-1"})
    assert (answer.status_code, answer.json()) == (409, {"verdict": "refused"})
    assert house.events == []


def test_operation_of_a_bank_that_is_not_there_is_refused(house: KioskHouse, client: TestClient) -> None:
    answer = client.post("/api/operate", json={"bank": "Z", "operation": "lock"})
    assert (answer.status_code, answer.json()) == (409, {"verdict": "refused"})
    assert house.events == []


def test_full_inbox_is_told(house: KioskHouse, client: TestClient) -> None:
    house.has_room = False
    assert client.post("/api/undo", json={"act_id": "act-1"}).status_code == 503


@pytest.mark.parametrize(
    ("act", "fields"),
    [
        ("confirm", {"prompt_id": "prompt-1"}),
        ("confirm", {"point_id": "kiosk-a", "prompt_id": "x" * 65}),
        ("confirm", {"point_id": "kiosk-a", "prompt_id": "p", "afar": True}),
        ("code", {"text": ""}),
        ("code", {"text": "BX\u0007010000019"}),
        ("code", {"text": "档案盒"}),
        ("pin", {"pin": "12a4"}),
        ("pin", {"pin": "123"}),
        ("undo", {"act_id": 5}),
        ("operate", {"operation": "lock"}),
        ("operate", {"bank": "A", "operation": "faster"}),
        ("operate", {"bank": "A", "operation": "lock", "aisle": 0}),
        ("move", {"queue_id": "wish-2", "place": -1}),
    ],
)
def test_malformed_presses_name_their_field_and_do_nothing(
    house: KioskHouse, client: TestClient, act: str, fields: dict[str, Any]
) -> None:
    answer = client.post(f"/api/{act}", json=fields)
    assert answer.status_code == 422
    assert answer.json()["refused"] == "invalid"
    assert len(answer.json()["fields"]) == 1
    assert house.events == []


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(
    act=st.sampled_from([act for act, _, _ in PRESSES] + ["pin"]),
    body=st.one_of(st.binary(max_size=300), st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=20),
        lambda inner: st.dictionaries(st.sampled_from(["text", "pin", "bank", "prompt_id", "x"]), inner, max_size=3),
    ).map(lambda value: json.dumps(value).encode())),
)  # fmt: skip
def test_no_body_makes_the_kiosk_fail(client: TestClient, act: str, body: bytes) -> None:
    answer = client.post(f"/api/{act}", content=body, headers={"content-type": "application/json"})
    assert answer.status_code in {202, 400, 409, 422}


def test_pin_goes_to_the_check_of_the_person_who_is_awaited() -> None:
    house = KioskHouse(pin_view())
    with open_client(house) as client:
        assert client.post("/api/pin", json={"pin": "2468"}).status_code == 202
        assert client.post("/api/badge", json={"text": "ST010000027", "pin": "1357"}).status_code == 202
    assert house.pins == [("kiosk-a", "ST010000019", "2468"), ("kiosk-a", "ST010000027", "1357")]
    assert house.events == [BadgeTyped("kiosk-a", "ST010000027")]


def test_pin_without_an_awaited_person_is_refused(house: KioskHouse, client: TestClient) -> None:
    assert client.post("/api/pin", json={"pin": "2468"}).status_code == 409
    assert house.pins == []


@pytest.mark.parametrize(
    ("client_host", "base", "origin", "status"),
    [
        ("192.168.10.7", HERE, HERE, 403),  # another machine
        ("127.0.0.1", "http://evil.example", "http://evil.example", 403),  # a name that was made to point here
        ("127.0.0.1", HERE, "http://evil.example", 403),  # another site's page
        ("127.0.0.1", HERE, "http://127.0.0.1:9999", 403),  # another page of this machine
        ("127.0.0.1", HERE, "null", 403),
        ("127.0.0.1", HERE, None, 403),
        ("127.0.0.1", "http://localhost:8090", "http://localhost:8090", 202),
    ],
)
def test_only_this_machines_own_page_may_press(
    house: KioskHouse, client_host: str, base: str, origin: str | None, status: int
) -> None:
    with open_client(house, client_host, base, origin) as client:
        assert client.post("/api/stop", json={}).status_code == status
    assert len(house.events) == (status == 202)


def test_reading_from_another_machine_is_refused_too(house: KioskHouse) -> None:
    with open_client(house, "192.168.10.7") as client:
        assert client.get("/").status_code == 403
        assert client.get("/api/view").status_code == 403


def test_big_and_unmeasured_bodies_are_refused(house: KioskHouse, client: TestClient) -> None:
    assert client.post("/api/code", content=b"x" * 5000).status_code == 413
    assert client.post("/api/code", content=iter([b"x" * 10])).status_code == 411
    metrics = client.get("/metrics").text
    assert 'kiosk_refusals_total{reason="too_big"} 1.0' in metrics
    assert 'kiosk_refusals_total{reason="no_length"} 1.0' in metrics
    assert house.events == []


def test_page_is_complete_without_script_and_names_what_closes(client: TestClient) -> None:
    page = client.get("/")
    assert page.status_code == 200
    assert "通道 3 将关闭,请看清无人,然后按确认".replace("通道 3 ", "通道\u00a03\u00a0") in page.text.replace(
        "<wbr>", ""
    )
    assert "已看清无人,关闭通道 3" in page.text
    assert "停止移动(非急停)" in page.text
    assert page.headers["content-security-policy"].startswith("default-src 'self'")
    assert "unsafe-inline" not in page.headers["content-security-policy"]
    for inline in ("<style", " style=", " onclick=", "<script>"):
        assert inline not in page.text


def test_without_a_prompt_there_is_nothing_to_press() -> None:
    with open_client(KioskHouse(calm_view())) as client:
        page = client.get("/").text
    assert 'id="confirm"' not in page
    assert 'id="stop"' in page


def test_prompt_that_may_not_be_pressed_here_says_where() -> None:
    view = asking_view()
    view["prompt"]["points"] = [{"id": "card-a", "kind": "card", "name": "1区入口确认卡"}]
    with open_client(KioskHouse(view)) as client:
        page = client.get("/").text
    assert 'id="confirm"' not in page
    assert "请到这里确认:1区入口确认卡" in page


def test_texts_of_the_room_are_escaped() -> None:
    view = asking_view()
    view["prompt"]["box"] = {"code": "BX010000019", "title": "<script>alert(1)</script>"}
    view["prompt"]["message"] = {"key": "scan.unknown_code", "params": {"text": "<img src=x>"}}
    with open_client(KioskHouse(view)) as client:
        page = client.get("/").text
    assert "<script>alert" not in page
    assert "<img" not in page


def test_language_is_chosen_by_a_form_and_kept(client: TestClient) -> None:
    assert client.post("/language", data={"language": "en"}).status_code == 303
    page = client.get("/").text
    assert '<html lang="en"' in page
    assert "I looked, nobody is inside: close aisle 3" in page
    assert client.post("/language", data={"language": "xx"}).status_code == 303
    assert '<html lang="zh-CN"' in client.get("/").text


def test_before_the_first_view_the_page_says_that_nothing_moves() -> None:
    with open_client(KioskHouse(None)) as client:
        answer = client.get("/")
        assert answer.status_code == 503
        assert "密集架不会移动" in answer.text
        assert client.get("/api/view").json() == {"number": 0, "point_id": "kiosk-a", "view": None}


def test_keypad_page_asks_for_the_pin_when_one_is_awaited() -> None:
    with open_client(KioskHouse(pin_view())) as client:
        assert 'action="/pin"' in client.get("/keypad").text
    with open_client(KioskHouse(calm_view())) as client:
        assert 'action="/code"' in client.get("/keypad").text


def test_health_follows_the_gateway(house: KioskHouse, client: TestClient) -> None:
    assert client.get("/health").status_code == 200
    house.healthy = False
    assert client.get("/health").status_code == 503


def test_own_files_are_served_and_nothing_else(client: TestClient) -> None:
    for path in ("/ui/tokens.css", "/ui/plan.js", "/kiosk/kiosk.css", "/kiosk/kiosk.js", "/kiosk/mark.svg"):
        assert client.get(path).status_code == 200
    for path in ("/docs", "/openapi.json", "/kiosk/../desk.py", "/ui/__init__.py/x", "/nothing"):
        assert client.get(path).status_code == 404
