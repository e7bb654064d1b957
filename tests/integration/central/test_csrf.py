"""Cookie sessions: a change needs our own origin and the session's token; machines with a header need neither."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine

from central.domain.people import Role
from central.domain.sessions import COOKIE, HTTPS_COOKIE, derive_csrf_token
from tests.integration.central.centre import HOST, Centre, load_room, open_centre
from tests.integration.central.room_files import room_file

HERE = {"Origin": HOST}
EVIL = {"Origin": "https://evil.example"}


@pytest.fixture
def centre(clean_engine: Engine) -> Iterator[Centre]:
    with open_centre(clean_engine) as centre:
        load_room(centre.tx, room_file())
        yield centre


def browser(centre: Centre) -> tuple[TestClient, str]:
    """A client whose session travels in the cookie, and the CSRF token of that session."""
    machine = centre.client(Role.ARCHIVIST)
    token = machine.headers.pop("Authorization").removeprefix("Bearer ")
    machine.cookies.set(COOKIE, token)
    return machine, derive_csrf_token(token)


def log_out(client: TestClient, headers: dict[str, str]) -> tuple[int, str | None]:
    answer = client.delete("/api/v1/sessions/current", headers=headers)
    return answer.status_code, answer.json()["reason"] if answer.content else None


def test_reading_needs_no_token(centre: Centre) -> None:
    client, _ = browser(centre)
    assert client.get("/api/v1/sessions/current").status_code == 200


REFUSED: tuple[tuple[dict[str, str], str], ...] = (
    ({}, "wrong_origin"),
    (EVIL, "wrong_origin"),
    ({"Referer": "https://evil.example/page"}, "wrong_origin"),
    ({"Origin": "null"}, "wrong_origin"),
    (HERE, "csrf"),
    (HERE | {"X-CSRF-Token": "0" * 64}, "csrf"),
    (HERE | {"X-CSRF-Token": ""}, "csrf"),
)


def test_a_change_is_refused(centre: Centre) -> None:
    client, _ = browser(centre)
    for headers, reason in REFUSED:
        assert log_out(client, headers) == (403, reason), headers
        assert client.get("/api/v1/sessions/current").status_code == 200


def test_the_right_token_from_the_right_place_passes(centre: Centre) -> None:
    client, token = browser(centre)
    assert log_out(client, HERE | {"X-CSRF-Token": token}) == (204, None)


def test_the_token_of_another_session_does_not_pass(centre: Centre) -> None:
    client, _ = browser(centre)
    _, other = browser(centre)
    assert log_out(client, HERE | {"X-CSRF-Token": other}) == (403, "csrf")


def test_a_form_field_carries_the_token_as_well(centre: Centre) -> None:
    client, token = browser(centre)
    assert client.post("/logout", data={"csrf_token": "wrong"}, headers=HERE).status_code == 403
    assert client.get("/api/v1/sessions/current").status_code == 200
    assert client.post("/logout", data={"csrf_token": token}, headers=HERE).status_code == 303
    assert client.get("/api/v1/sessions/current").status_code == 401


def test_a_log_in_from_another_page_is_refused(centre: Centre) -> None:
    body = {"login": "archivist-r01", "password": "archive-room-1"}
    assert centre.client().post("/api/v1/sessions", json=body, headers=EVIL).status_code == 403


def test_a_machine_with_a_header_needs_neither(centre: Centre) -> None:
    assert log_out(centre.client(Role.ARCHIVIST), {}) == (204, None)


def test_behind_https_the_plain_cookie_opens_nothing(clean_engine: Engine) -> None:
    with open_centre(clean_engine, https=True, origins=("https://archive.example",)) as centre:
        load_room(centre.tx, room_file())
        client, token = browser(centre)
        assert client.get("/api/v1/sessions/current").status_code == 401
        client.headers["Cookie"] = f"{HTTPS_COOKIE}={client.cookies.get(COOKIE)}"
        client.cookies.clear()
        assert client.get("/api/v1/sessions/current").status_code == 200
        change = {"X-CSRF-Token": token}
        assert log_out(client, change | HERE) == (403, "wrong_origin")
        assert log_out(client, change | {"Origin": "https://archive.example"}) == (204, None)
