"""Logging in by API and page: tokens, expiry, lock-out, and what the store keeps."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, select, update

from central.domain.people import Role
from central.store.people import PersonRow
from central.store.sessions import SessionRow
from tests.integration.central.centre import Centre, load_room, open_centre
from tests.integration.central.room_files import ARCHIVIST, room_file

LOGIN = f"{ARCHIVIST[0]}-r01"
PASSWORD = ARCHIVIST[1]


@pytest.fixture
def centre(clean_engine: Engine) -> Iterator[Centre]:
    with open_centre(clean_engine) as centre:
        load_room(centre.tx, room_file())
        yield centre


def try_log_in(client: TestClient, password: str = PASSWORD, login: str = LOGIN) -> int:
    return client.post("/api/v1/sessions", json={"login": login, "password": password}).status_code


def test_a_token_opens_and_log_out_shuts(centre: Centre) -> None:
    client = centre.client(Role.ARCHIVIST)
    me = client.get("/api/v1/sessions/current").json()
    assert (me["login"], me["grants"]) == (
        LOGIN,
        [{"role": "archivist", "room_id": "r01", "unit_id": None, "deputy_for": None}],
    )
    assert client.delete("/api/v1/sessions/current").status_code == 204
    answer = client.get("/api/v1/sessions/current")
    assert (answer.status_code, answer.json()["reason"]) == (401, "not_logged_in")
    assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_the_store_keeps_no_token(centre: Centre) -> None:
    client = centre.client(Role.ARCHIVIST)
    token = client.headers["Authorization"].removeprefix("Bearer ")
    with centre.tx.read() as session:
        (row,) = session.scalars(select(SessionRow)).all()
        assert token not in repr(vars(row))
        assert len(row.token_hash) == 64


def test_a_session_ends_unused(centre: Centre) -> None:
    client = centre.client(Role.ARCHIVIST)
    for _ in range(4):
        centre.clock.advance(minutes=29)
        assert client.get("/api/v1/sessions/current").status_code == 200
    centre.clock.advance(minutes=30)
    assert client.get("/api/v1/sessions/current").status_code == 401


def test_a_session_ends_in_any_case(centre: Centre) -> None:
    client = centre.client(Role.ARCHIVIST)
    for _ in range(29):
        centre.clock.advance(minutes=25)
        last = client.get("/api/v1/sessions/current").status_code
    assert last == 401


def test_a_person_shut_out_is_out_at_once(centre: Centre) -> None:
    client = centre.client(Role.ARCHIVIST)
    with centre.tx.write() as session:
        session.execute(update(PersonRow).where(PersonRow.login == LOGIN).values(active=False))
    assert client.get("/api/v1/sessions/current").status_code == 401
    assert try_log_in(centre.client()) == 401


def test_guessing_is_slowed_down_and_told(centre: Centre) -> None:
    client = centre.client()
    assert [try_log_in(client, "wrong") for _ in range(5)] == [401, 401, 401, 401, 429]
    answer = client.post("/api/v1/sessions", json={"login": LOGIN, "password": PASSWORD})
    assert (answer.status_code, answer.json()["reason"]) == (429, "locked_out")
    assert answer.headers["Retry-After"] in {"30", "31"}
    assert answer.headers["Retry-After"] in answer.json()["next"]
    centre.clock.advance(seconds=31)
    assert try_log_in(client, "wrong") == 429
    centre.clock.advance(seconds=61)
    assert try_log_in(client) == 201
    assert try_log_in(client, "wrong") == 401


def test_failed_tries_are_counted_although_the_answer_is_a_refusal(centre: Centre) -> None:
    try_log_in(centre.client(), "wrong")
    with centre.tx.read() as session:
        assert session.scalar(select(PersonRow.failed_tries).where(PersonRow.login == LOGIN)) == 1


def test_an_unknown_name_gets_the_same_answer(centre: Centre) -> None:
    client = centre.client()
    known = client.post("/api/v1/sessions", json={"login": LOGIN, "password": "wrong"})
    unknown = client.post("/api/v1/sessions", json={"login": "nobody", "password": "wrong"})
    same = {"title", "detail", "reason", "status"}
    assert {k: known.json()[k] for k in same} == {k: unknown.json()[k] for k in same}


def test_a_bad_log_in_names_its_fields(centre: Centre) -> None:
    client = centre.client()
    bad: tuple[object, ...] = (
        {},
        {"login": LOGIN},
        {"login": LOGIN, "password": "x" * 129},
        {"login": "a\u0000b", "password": "x"},
        [],
        "x",
    )
    for body in bad:
        answer = client.post("/api/v1/sessions", json=body)
        assert answer.status_code == 422, body
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert answer.json()["errors"]


def test_words_follow_the_language_asked_for(centre: Centre) -> None:
    client = centre.client()
    chinese = client.get("/api/v1/boxes").json()
    english = client.get("/api/v1/boxes", headers={"Accept-Language": "en-GB,en;q=0.9"}).json()
    assert chinese["title"] == "请登录"
    assert english["title"] == "Please log in"
    assert set(english) == {"type", "title", "status", "reason", "detail", "safe", "next", "errors", "request_id"}
