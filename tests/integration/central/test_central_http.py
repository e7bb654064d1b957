"""What every answer has in common: ids, words, limits, health, metrics, and an interface described offline."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from fastapi import Request
from sqlalchemy import Engine, text

from central.domain.people import Role
from central.domain.permissions import Action, needs
from central.metrics import METRICS
from tests.integration.central.centre import Centre, load_room, open_centre
from tests.integration.central.room_files import room_file


@pytest.fixture
def centre(clean_engine: Engine) -> Iterator[Centre]:
    with open_centre(clean_engine) as centre:
        load_room(centre.tx, room_file())
        yield centre


def test_health_speaks_of_database_and_link(centre: Centre) -> None:
    answer = centre.client().get("/health")
    assert (answer.status_code, answer.json()) == (200, {"state": "ok", "database": "ok", "link": "off"})


def test_a_request_id_goes_from_caller_to_answer(centre: Centre) -> None:
    client = centre.client()
    assert client.get("/health", headers={"X-Request-Id": "trace-0001"}).headers["X-Request-Id"] == "trace-0001"
    forged = client.get("/api/v1/boxes", headers={"X-Request-Id": "a b\tc"})
    assert re.fullmatch(r"[0-9a-f-]{36}", forged.headers["X-Request-Id"])
    assert forged.json()["request_id"] == forged.headers["X-Request-Id"]


def test_every_metric_stands_in_the_table(centre: Centre) -> None:
    client = centre.client(Role.ARCHIVIST)
    client.get("/api/v1/boxes/none")
    lines = client.get("/metrics").text.splitlines()
    shown = {line.split()[2] for line in lines if line.startswith("# TYPE")}
    assert shown <= {metric.name for metric in METRICS}
    assert {"openaisle_central_requests_total", "openaisle_central_gateway_up"} <= shown
    assert 'openaisle_central_gateway_up{room="r01"} 0.0' in lines


def test_the_interface_is_described_without_the_net(centre: Centre) -> None:
    client = centre.client()
    page = client.get("/docs").text
    links = re.findall(r"(?:src|href)=\"([^\"]+)\"", page)
    assert links
    for link in links:
        assert link.startswith("/"), link
        assert client.get(link).status_code == 200
    schema = client.get("/openapi.json").json()
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            assert operation["summary"], (method, path)
            assert "200" in operation["responses"] or {"201", "202", "204"} & set(operation["responses"]), (
                method,
                path,
            )
    assert "Problem" in schema["components"]["schemas"]


def test_an_unknown_address_is_answered_in_words(centre: Centre) -> None:
    client = centre.client()
    missing = client.get("/api/v1/nothing")
    assert (missing.status_code, missing.json()["reason"]) == (404, "not_found")
    wrong = client.put("/health")
    assert (wrong.status_code, wrong.json()["reason"]) == (405, "method")
    assert "GET" in wrong.headers["Allow"]
    page = client.get("/nothing", headers={"Accept": "text/html"})
    assert page.status_code == 404
    assert "text/html" in page.headers["Content-Type"]


def test_a_page_asks_nobody_to_log_in_first(centre: Centre) -> None:
    answer = centre.client().get("/boxes?q=锦", headers={"Accept": "text/html"})
    assert answer.status_code == 303
    assert answer.headers["Location"] == "/login?next=%2Fboxes%3Fq%3D%25E9%2594%25A6"


def test_a_big_body_is_refused(centre: Centre) -> None:
    body = b'{"login": "' + b"x" * (2 * 1024 * 1024) + b'", "password": "x"}'
    undeclared = (body[start : start + 65536] for start in range(0, len(body), 65536))
    for content in (body, undeclared):
        answer = centre.client().post("/api/v1/sessions", content=content, headers={"Content-Type": "application/json"})
        assert (answer.status_code, answer.json()["reason"]) == (413, "too_large")


def test_an_unforeseen_error_says_so_and_keeps_nothing(centre: Centre) -> None:
    @centre.app.get("/api/v1/broken")
    @needs(Action.PUBLIC)
    def fail(request: Request) -> None:
        raise RuntimeError(f"secret detail of {request.url.path}")

    answer = centre.client().get("/api/v1/broken", headers={"Accept-Language": "en"})
    assert (answer.status_code, answer.json()["reason"]) == (500, "trouble")
    assert "secret" not in answer.text
    assert answer.json()["request_id"] in answer.json()["next"]


def test_an_unmarked_endpoint_is_shut(centre: Centre) -> None:
    @centre.app.get("/api/v1/unmarked")
    def endpoint() -> str:
        return "open"

    assert centre.client(Role.ADMIN).get("/api/v1/unmarked").status_code == 403


def test_a_locked_database_is_a_passing_trouble(tmp_path: object) -> None:
    """Another process holds SQLite's write lock longer than a request waits."""
    from central.store import base
    from central.store.base import open_engine
    from central.store.migrate import upgrade_schema

    engine = open_engine(f"sqlite:///{tmp_path}/locked.db", pool_size=16)
    upgrade_schema(engine)
    with open_centre(engine) as centre:
        load_room(centre.tx, room_file())
        client = centre.client(Role.ARCHIVIST)
        with engine.execution_options(**{base.WRITES: True}).begin() as other:
            other.execute(text("UPDATE rooms SET name = 'x'"))
            centre.clock.advance(minutes=2)
            answer = client.delete("/api/v1/sessions/current")
        assert (answer.status_code, answer.json()["reason"]) == (503, "busy")
        assert client.delete("/api/v1/sessions/current").status_code == 204
    engine.dispose()
