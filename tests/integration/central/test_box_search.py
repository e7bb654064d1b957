"""Search, history and export of boxes through the API, on both databases."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine

from central.domain.codes import CodeType, make_code
from central.domain.locations import Action, Movement
from central.domain.people import Role
from central.services.boxes import count_boxes, list_latest_movements
from central.store.movements import add_movements, advance_locations
from tests.integration.central.centre import START, Centre, box_id, load_room, open_centre, person
from tests.integration.central.room_files import box_code, place_key, room_file

STAFF = make_code(CodeType.STAFF, "01", 1)


@pytest.fixture
def centre(clean_engine: Engine) -> Iterator[Centre]:
    with open_centre(clean_engine) as centre:
        document = room_file()
        document["boxes"][6] |= {"title": "=HYPERLINK(1)", "customer_name": "+852 公司", "customer_no": "-1"}
        load_room(centre.tx, document)
        yield centre


@pytest.fixture
def client(centre: Centre) -> TestClient:
    return centre.client(Role.ARCHIVIST)


def record(centre: Centre, no: int, action: Action, *, box: int = 1, place: str | None = None) -> None:
    at = START + timedelta(minutes=no)
    movement = Movement(f"m{no:03d}", "r01", box_code(box), action, place, STAFF, at, at)
    with centre.tx.write() as session:
        add_movements(session, [movement], at)
        advance_locations(session, [movement])


def search(client: TestClient, text: str = "", **query: Any) -> list[str]:
    answer = client.get("/api/v1/boxes", params={"text": text, "limit": 200, **query})
    assert answer.status_code == 200, answer.text
    return [box["code"] for box in answer.json()["items"]]


SEARCHES = (
    ("锦", {5, 10, 15, 20}),
    ("锦江", {5, 10, 15, 20}),
    ("江锦", set()),
    ("盛通 科技", {1, 6, 11, 16}),
    ("用电档案 张伟", {3, 8, 13, 18}),
    ("51010100013", {13}),
    ("0100013", {13}),
    (box_code(12), {12}),
    (box_code(12).lower(), {12}),
    ("data 中心", {4, 9, 14, 19}),
    ("ＤＡＴＡ", {4, 9, 14, 19}),
    ("100%", {4, 9, 14, 19}),
    ("100_", set()),
    ("公司", {1, 5, 6, 7, 10, 11, 15, 16, 20}),
    ("';--", set()),
    ("\u0000", set(range(1, 21))),
)


def test_searches_find(client: TestClient) -> None:
    found = {text: search(client, text) for text, _ in SEARCHES}
    assert found == {text: [box_code(no) for no in sorted(numbers)] for text, numbers in SEARCHES}


def test_pages_follow_on_without_gap_or_repeat(client: TestClient) -> None:
    for sort in ("code", "customer_no", "customer_name", "title"):
        check_pages(client, sort)


def check_pages(client: TestClient, sort: str) -> None:
    whole = search(client, sort=sort)
    assert len(set(whole)) == 20
    pieces: list[str] = []
    after = None
    for _ in range(10):
        query = {"sort": sort, "limit": 7} | ({"after": after} if after else {})
        page = client.get("/api/v1/boxes", params=query).json()
        pieces += [box["code"] for box in page["items"]]
        after = page["next_after"]
        if after is None:
            break
    assert pieces == whole


def test_states_and_conflicts_filter_and_count(centre: Centre, client: TestClient) -> None:
    assert search(client, state="nowhere") == [box_code(no) for no in (5, 10, 15, 20)]
    record(centre, 1, Action.TAKE_OUT)
    record(centre, 2, Action.PUT_AWAY, box=2, place=place_key(30))
    assert search(client, state="in_hand") == [box_code(1)]
    assert search(client, conflict=True) == [box_code(2)]
    with centre.tx.read() as session:
        counts = count_boxes(session, person(Role.ARCHIVIST))
        assert (counts.total, counts.conflicts, counts.states["in_hand"]) == (20, 1, 1)
        assert count_boxes(session, person(Role.ARCHIVIST, "r02")).total == 0
        assert count_boxes(session, person(Role.TECHNICIAN)).total == 0
        latest = list_latest_movements(session, person(Role.ARCHIVIST), 2)
        assert [each.movement.id for each in latest] == ["m002", "m001"]
        assert latest[0].box_code == box_code(2)


def test_a_box_says_who_has_it_and_what_happened(centre: Centre, client: TestClient) -> None:
    record(centre, 1, Action.TAKE_OUT)
    box = client.get(f"/api/v1/boxes/by-code/{box_code(1)}").json()
    assert (box["state"], box["holder_code"], box["holder_name"], box["place_key"]) == ("in_hand", STAFF, "陈静", None)
    record(centre, 2, Action.PUT_AWAY, place=place_key(31))
    assert client.get(f"/api/v1/boxes/{box['id']}").json()["place_key"] == place_key(31)
    history = client.get(f"/api/v1/boxes/{box['id']}/movements", params={"limit": 2}).json()
    assert [line["action"] for line in history["items"]] == ["put_away", "take_out"]
    assert history["items"][0]["staff_name"] == "陈静"
    rest = client.get(f"/api/v1/boxes/{box['id']}/movements", params={"after": history["next_after"]}).json()
    assert [line["action"] for line in rest["items"]] == ["registered"]
    assert rest["next_after"] is None


def test_the_map_counts_and_lists_what_stands_where(centre: Centre, client: TestClient) -> None:
    room = client.get("/api/v1/rooms/r01").json()
    assert room["banks"][0]["rail_mm"] == 6850
    assert room["faces"] == [{"bank": "A", "column": 1, "face": "B", "places": 34, "boxes": 16}]
    places = client.get("/api/v1/rooms/r01/banks/A/places", params={"column": 1, "face": "B"}).json()
    standing = {place["key"]: [box["code"] for box in place["boxes"]] for place in places}
    assert standing[place_key(1)] == [box_code(1)]
    assert standing[place_key(5)] == []
    record(centre, 1, Action.MOVE, box=2, place=place_key(1))
    places = client.get("/api/v1/rooms/r01/banks/A/places", params={"column": 1, "face": "B"}).json()
    assert [box["code"] for box in places[1]["boxes"]] == [box_code(1), box_code(2)]


def test_an_export_holds_what_the_search_finds_and_no_formula(client: TestClient) -> None:
    answer = client.get("/api/v1/boxes/export")
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.text.startswith("\ufeffcode,")
    rows = list(csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff"))))
    assert [row["code"] for row in rows] == [box_code(no) for no in range(1, 21)]
    spiked = rows[6]
    assert (spiked["title"], spiked["customer_name"], spiked["customer_no"]) == ("'=HYPERLINK(1)", "'+852 公司", "'-1")
    assert not any(cell.startswith(("=", "+", "-", "@")) for row in rows for cell in row.values())
    filtered = client.get("/api/v1/boxes/export", params={"text": "锦"}).text
    assert len(filtered.splitlines()) == 5


def test_a_bad_question_is_refused_in_words(client: TestClient) -> None:
    bad: tuple[dict[str, Any], ...] = (
        {"after": "x"},
        {"after": "W10"},
        {"sort": "since"},
        {"limit": 0},
        {"limit": 201},
        {"text": "x" * 81},
        {"room": "R 1"},
    )
    for query in bad:
        answer = client.get("/api/v1/boxes", params=query)
        assert answer.status_code == 422, query
        assert answer.json()["next"]


def test_a_box_of_another_room_is_not_counted_on_a_place(centre: Centre, client: TestClient) -> None:
    load_room(centre.tx, room_file("r02", "02"))
    at = START
    movement = Movement("x1", "r01", box_code(3, "02"), Action.PUT_AWAY, place_key(33), STAFF, at, at)
    with centre.tx.write() as session:
        add_movements(session, [movement], at)
        advance_locations(session, [movement])
    places = client.get("/api/v1/rooms/r01/banks/A/places", params={"column": 1, "face": "B"}).json()
    assert places[33]["boxes"] == []
    assert client.get(f"/api/v1/boxes/{box_id(centre.tx, box_code(3, '02'))}").status_code == 404
