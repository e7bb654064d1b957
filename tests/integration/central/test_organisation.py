"""The organisation over the API: the tree, what may lie where, closing, and the rooms that serve it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine

from central.domain.people import Grant, Role
from tests.integration.central.centre import Centre, load_room, open_centre
from tests.integration.central.room_files import room_file


@pytest.fixture
def centre(clean_engine: Engine) -> Iterator[Centre]:
    with open_centre(clean_engine) as centre:
        load_room(centre.tx, room_file("r01", "01"))
        load_room(centre.tx, room_file("r02", "02"))
        yield centre


def add(client: TestClient, kind: str, name: str, parent_id: str | None = None) -> str:
    answer = client.post("/api/v1/units", json={"kind": kind, "name": name, "parent_id": parent_id})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def test_units_form_a_tree_with_the_rooms_that_serve_them(centre: Centre) -> None:
    keeper = centre.client(Role.ADMIN)
    department = add(keeper, "department", "营销部")
    served = add(keeper, "centre", "高新供电中心", department)
    team = add(keeper, "team", "业务一班", served)
    assert keeper.put("/api/v1/rooms/r01/unit", json={"unit_id": served}).status_code == 204
    units = keeper.get("/api/v1/units").json()
    assert [(unit["name"], unit["depth"], unit["room_ids"]) for unit in units] == [
        ("营销部", 0, []),
        ("高新供电中心", 1, ["r01"]),
        ("业务一班", 2, []),
    ]
    centre.found_person("manager", Grant(Role.CENTRE_MANAGER, unit_id=served))
    manager = centre.client_of("manager")
    assert [room["id"] for room in manager.get("/api/v1/rooms").json()] == ["r01"]
    assert {box["room_id"] for box in manager.get("/api/v1/boxes").json()["items"]} == {"r01"}
    assert manager.get("/api/v1/rooms/r02").status_code == 404
    assert keeper.put("/api/v1/rooms/r01/unit", json={"unit_id": team}).json()["reason"] == "unit_place"


def test_what_may_not_lie_there_is_refused(centre: Centre) -> None:
    keeper = centre.client(Role.ADMIN)
    department = add(keeper, "department", "营销部")
    served = add(keeper, "centre", "高新供电中心", department)
    bad = (("team", None), ("department", department), ("centre", served))
    for kind, parent in bad:
        answer = keeper.post("/api/v1/units", json={"kind": kind, "name": "x", "parent_id": parent})
        assert (answer.status_code, answer.json()["reason"]) == (422, "unit_place"), kind
    gone = {"kind": "team", "name": "x", "parent_id": "0" * 36}
    assert keeper.post("/api/v1/units", json=gone).status_code == 404
    change = {"name": "高新中心", "parent_id": served}
    assert keeper.patch(f"/api/v1/units/{served}", json=change).json()["reason"] == "unit_place"
    assert keeper.patch(f"/api/v1/units/{served}", json={"name": "高新中心", "parent_id": None}).status_code == 204
    assert {unit["name"]: unit["depth"] for unit in keeper.get("/api/v1/units").json()} == {"营销部": 0, "高新中心": 0}


def test_a_unit_in_use_is_not_closed(centre: Centre) -> None:
    keeper = centre.client(Role.ADMIN)
    served = add(keeper, "centre", "高新供电中心")
    team = add(keeper, "team", "业务一班", served)
    assert keeper.post(f"/api/v1/units/{served}/closing").json()["reason"] == "unit_in_use"
    person = centre.found_person("wang", Grant(Role.HANDLER, unit_id=team))
    assert keeper.post(f"/api/v1/units/{team}/closing").json()["reason"] == "unit_in_use"
    (role,) = keeper.get(f"/api/v1/people/{person}").json()["roles"]
    keeper.delete(f"/api/v1/people/{person}/roles/{role['id']}")
    assert keeper.post(f"/api/v1/units/{team}/closing").status_code == 204
    assert keeper.post(f"/api/v1/units/{team}/closing").status_code == 404
    assert keeper.post(f"/api/v1/units/{served}/closing").status_code == 204
    role_there = {"role": "handler", "unit_id": team}
    assert keeper.post(f"/api/v1/people/{person}/roles", json=role_there).json()["reason"] == "invalid"
