"""Every route of API and pages, as every role and as nobody: what isn't stated in the table is refused."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from fastapi.testclient import TestClient
from sqlalchemy import Engine

from central.app import OPEN_PATHS
from central.domain.people import Role
from central.domain.permissions import OPEN_TO_ALL, TABLE, Action, find_need
from tests.integration.central.centre import Centre, box_id, load_room, open_centre
from tests.integration.central.room_files import box_code, room_file

#: What stands for each path parameter; `foreign` is a room that nobody here looks after.
OWN = {
    "room_id": "r01",
    "bank": "A",
    "bank_id": "A",
    "aisle": "7",
    "column": "2",
    "face": "A",
    "code": box_code(1),
    "epoch": "0" * 32,
    "kind": "csv",
    "what": "to_add",
    "person_id": "0" * 36,
    "language": "en",
    "case_no": "8001",
    "day": "2026-11-24",
    "step": "ACCEPT",
    "document": "APPLICATION",
    "number": "0",
    "customer_no": "1001",
    "dossier_id": "0" * 36,
    "merge_id": "0" * 36,
    "import_id": "0" * 36,
} | dict.fromkeys(
    (
        "role_id",
        "absence_id",
        "session_id",
        "unit_id",
        "approval_id",
        "delivery_id",
        "callback_id",
        "row_id",
        "document_id",
        "scan_id",
        "task_id",
        "page_id",
        "case_id",
        "template_id",
        "since_id",
    ),
    "0" * 36,
)
REFUSED = {401, 403}
#: Streams never end by themselves; their door is walked by HEAD of the guard below.
STREAMS = re.compile(r"/(live|events|stream)$")


@pytest.fixture
def centre(clean_engine: Engine) -> Iterator[Centre]:
    with open_centre(clean_engine) as centre:
        load_room(centre.tx, room_file("r01", "01"))
        load_room(centre.tx, room_file("r02", "02"))
        yield centre


def routes(app: FastAPI) -> list[tuple[str, str, Action]]:
    """(method, path, need) of every guarded route."""
    found = []
    for route in iter_route_contexts(app.routes):
        need = find_need(route.endpoint)
        if route.path in OPEN_PATHS:
            continue
        assert need is not None, f"{route.path} states nothing"
        found += [(method, route.path, need) for method in sorted(route.methods or ()) if method != "HEAD"]
    return sorted(found)


def fill(path: str, parts: dict[str, str]) -> str:
    return re.sub(r"\{(\w+)(?::\w+)?\}", lambda match: parts[match[1]], path)


def call(client: TestClient, method: str, path: str) -> int:
    with client.stream(method, path, headers={"Accept": "application/json"}) as answer:
        return answer.status_code


def holders(need: Action) -> set[Role]:
    return set(Role) if need in OPEN_TO_ALL else set(TABLE[need])


def test_every_route_by_every_role(centre: Centre) -> None:
    parts = OWN | {"box_id": box_id(centre.tx, box_code(1))}
    clients: dict[Role | None, TestClient] = {role: centre.client(role) for role in Role}
    clients[None] = centre.client()
    walked = routes(centre.app)
    assert len(walked) > 20
    wrong = []
    for method, path, need in walked:
        if STREAMS.search(path) and not path.startswith("/api/"):
            continue
        for role, client in clients.items():
            if path.endswith("/sessions/current") and method == "DELETE":
                client = centre.client(role)  # noqa: PLW2901 - a log-out would end the walk
            if path == "/logout":
                client = centre.client(role)  # noqa: PLW2901 - likewise
            status = call(client, method, fill(path, parts))
            allowed = need is Action.PUBLIC or (role is not None and role in holders(need))
            if role is None and need is not Action.PUBLIC:
                expected = status == 401
            else:
                expected = (status not in REFUSED) if allowed else status == 403
            if path in {"/api/v1/sessions", "/login"} and status in {401, 422}:
                expected = True
            if not expected or (status >= 500 and status != 503):
                wrong.append(f"{method} {path} as {role}: {status}, needs {need}")
    assert not wrong, "\n".join(wrong)


def test_streams_are_guarded_too(centre: Centre) -> None:
    streams = [
        (method, path)
        for method, path, need in routes(centre.app)
        # the marketing system's events are no stream and have a signature for a guard
        if STREAMS.search(path) and need is not Action.PUBLIC
    ]
    assert streams
    nobody = centre.client()
    for method, path in streams:
        assert call(nobody, method, fill(path, OWN)) == 401


def test_what_lies_in_another_room_is_not_found(centre: Centre) -> None:
    """Not 403: that would tell a stranger what exists."""
    archivist = centre.client(Role.ARCHIVIST)
    foreign = box_id(centre.tx, box_code(1, "02"))
    unknown = "00000000-0000-7000-8000-000000000000"
    for stranger in (foreign, unknown):
        for method, path in (
            ("GET", f"/api/v1/boxes/{stranger}"),
            ("GET", f"/api/v1/boxes/{stranger}/movements"),
            ("POST", f"/api/v1/boxes/{stranger}/labels"),
            ("POST", f"/api/v1/boxes/{stranger}/proposal"),
        ):
            assert call(archivist, method, path) == 404, path
    for method, path in (
        ("GET", "/api/v1/rooms/r02"),
        ("GET", "/api/v1/rooms/r02/live"),
        ("GET", "/api/v1/rooms/r02/banks/A/places?column=1&face=B"),
        ("POST", "/api/v1/rooms/r02/banks/A/aisles/3/proposal"),
        ("GET", f"/api/v1/boxes/by-code/{box_code(1, '02')}"),
        ("GET", "/api/v1/rooms/r99"),
    ):
        assert call(archivist, method, path) == 404, path


def test_lists_counts_and_exports_hold_own_rooms_only(centre: Centre) -> None:
    archivist = centre.client(Role.ARCHIVIST)
    boxes = archivist.get("/api/v1/boxes", params={"limit": 200}).json()["items"]
    assert {box["room_id"] for box in boxes} == {"r01"}
    assert archivist.get("/api/v1/boxes", params={"room": "r02"}).json()["items"] == []
    assert archivist.get("/api/v1/boxes", params={"text": box_code(1, "02")}).json()["items"] == []
    assert [room["id"] for room in archivist.get("/api/v1/rooms").json()] == ["r01"]
    assert [each["room_id"] for each in archivist.get("/api/v1/gateways").json()] == ["r01"]
    assert box_code(1, "02") not in archivist.get("/api/v1/boxes/export").text
    admin = centre.client(Role.ADMIN)
    assert [room["id"] for room in admin.get("/api/v1/rooms").json()] == ["r01", "r02"]


def test_an_endpoint_without_a_mark_keeps_the_centre_from_starting() -> None:
    from central.app import _check_routes

    app = FastAPI()

    @app.get("/unmarked")
    def endpoint() -> None: ...

    with pytest.raises(RuntimeError, match="/unmarked"):
        _check_routes(app)
