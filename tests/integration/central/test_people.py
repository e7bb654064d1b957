"""People over the API, on both databases: roles in time, one-time passwords, badges to the gateway, deputies, sessions."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, select

from central.domain.people import Grant, Role
from central.domain.sessions import COOKIE, derive_csrf_token
from central.store.audit import AuditRow
from central.store.feed import FeedRowRow
from tests.integration.central.centre import HASHER, HOST, PASSWORD, Centre, load_room, open_centre
from tests.integration.central.room_files import room_file

DAY = timedelta(days=1)


@pytest.fixture
def centre(clean_engine: Engine) -> Iterator[Centre]:
    with open_centre(clean_engine) as centre:
        load_room(centre.tx, room_file("r01", "01"))
        load_room(centre.tx, room_file("r02", "02"))
        yield centre


def admin(centre: Centre) -> TestClient:
    return centre.client(Role.ADMIN)


def read_badge(centre: Centre, room_id: str, code: str) -> dict[str, Any]:
    """The feed row by which the gateway of a room knows a badge."""
    with centre.tx.read() as session:
        query = select(FeedRowRow.body).where(
            FeedRowRow.room_id == room_id, FeedRowRow.kind == "staff", FeedRowRow.key == code
        )
        found: dict[str, Any] = json.loads(session.scalars(query).one() or "null")
        return found


def list_acts(centre: Centre) -> list[str]:
    with centre.tx.read() as session:
        return list(session.scalars(select(AuditRow.act).order_by(AuditRow.id)))


def test_a_new_person_has_to_choose_their_own_password_first(centre: Centre) -> None:
    body = {"login": "zhou", "name": "周敏", "grants": [{"role": "archivist", "room_id": "r01"}]}
    made = admin(centre).post("/api/v1/people", json=body).json()
    once = made["one_time_password"]
    client = centre.client_of("zhou", once)
    assert client.get("/api/v1/sessions/current").json()["must_change"] is True
    for path in ("/api/v1/boxes", "/api/v1/rooms", "/api/v1/sessions", "/boxes", "/"):
        answer = client.get(path, headers={"Accept": "application/json"})
        assert (answer.status_code, answer.json()["reason"]) == (403, "password_due"), path
    page = client.get("/boxes", headers={"Accept": "text/html"})
    assert (page.status_code, page.headers["Location"]) == (303, "/me/password")
    change = "/api/v1/sessions/current/password"
    assert client.put(change, json={"old": once, "new": once}).json()["reason"] == "weak_password"
    assert client.put(change, json={"old": once, "new": "short"}).json()["reason"] == "weak_password"
    assert client.put(change, json={"old": "wrong", "new": PASSWORD}).json()["reason"] == "wrong_password"
    fresh = client.put(change, json={"old": once, "new": PASSWORD}).json()["token"]
    assert client.get("/api/v1/boxes").status_code == 401  # the token was replaced
    client.headers["Authorization"] = f"Bearer {fresh}"
    assert client.get("/api/v1/boxes").status_code == 200


def test_a_one_time_password_is_good_for_three_days(centre: Centre) -> None:
    once = admin(centre).post("/api/v1/people", json={"login": "zhou", "name": "周敏", "grants": []}).json()
    centre.clock.advance(days=3)
    body = {"login": "zhou", "password": once["one_time_password"]}
    assert centre.client().post("/api/v1/sessions", json=body).status_code == 401


def test_a_role_counts_in_its_time_and_ends_when_withdrawn(centre: Centre) -> None:
    person_id = centre.found_person("zhou", name="周敏")
    client = centre.client_of("zhou")
    assert client.get("/api/v1/boxes").status_code == 403
    keeper = admin(centre)
    begins, ends = centre.clock.now + DAY / 24, centre.clock.now + DAY / 12
    role = {"role": "archivist", "room_id": "r01", "from_at": begins.isoformat(), "until_at": ends.isoformat()}
    role_id = keeper.post(f"/api/v1/people/{person_id}/roles", json=role).json()["id"]
    assert keeper.post(f"/api/v1/people/{person_id}/roles", json=role).json()["reason"] == "role_held"
    assert client.get("/api/v1/boxes").status_code == 403
    centre.clock.advance(hours=1, minutes=1)
    # A machine's token ends with the rights that it was given out under.
    assert client.get("/api/v1/boxes").status_code == 401
    client = centre.client_of("zhou")
    assert client.get("/api/v1/boxes").status_code == 200
    keeper = admin(centre)
    assert keeper.delete(f"/api/v1/people/{person_id}/roles/{role_id}?why=借调结束").status_code == 204
    assert keeper.delete(f"/api/v1/people/{person_id}/roles/{role_id}").status_code == 204
    assert client.get("/api/v1/boxes").status_code == 401
    assert list_acts(centre).count("role_withdrawn") == 1


BAD_ROLES: tuple[tuple[dict[str, Any], str], ...] = (
    ({"role": "handler"}, "role_scope"),
    ({"role": "handler", "room_id": "r01"}, "role_scope"),
    ({"role": "archivist", "room_id": "r99"}, "invalid"),
    ({"role": "team_leader", "unit_id": "0" * 36}, "invalid"),
    ({"role": "archivist", "room_id": "r01", "until_at": "2026-11-23T00:00:00Z"}, "bad_period"),
)


def test_a_role_that_makes_no_sense_is_refused(centre: Centre) -> None:
    person_id, keeper = centre.found_person("zhou"), admin(centre)
    for role, reason in BAD_ROLES:
        answer = keeper.post(f"/api/v1/people/{person_id}/roles", json=role)
        assert (answer.status_code in {409, 422}, answer.json()["reason"]) == (True, reason), role
    assert keeper.get(f"/api/v1/people/{person_id}").json()["roles"] == []


def test_nobody_changes_their_own_rights(centre: Centre) -> None:
    keeper = admin(centre)
    own = keeper.get("/api/v1/sessions/current").json()["id"]
    base = f"/api/v1/people/{own}"
    answers = [
        keeper.post(f"{base}/roles", json={"role": "archivist", "room_id": "r01"}),
        keeper.post(f"{base}/deactivation", json={}),
        keeper.post(f"{base}/password"),
        keeper.patch(base, json={"name": "x"}),
    ]
    assert [answer.json()["reason"] for answer in answers] == ["own_rights"] * 4
    other = centre.found_person("li", Grant(Role.ARCHIVIST, "r01"))
    login = keeper.get("/api/v1/sessions/current").json()["login"]
    period = {"from_at": "2026-11-24T00:00:00Z", "until_at": "2026-11-30T00:00:00Z"}
    lent = keeper.post(f"/api/v1/people/{other}/absences", json=period | {"deputy_login": login})
    assert lent.json()["reason"] == "own_rights"


def test_a_browser_gets_a_new_token_when_its_rights_change(centre: Centre) -> None:
    person_id = centre.found_person("zhou", Grant(Role.ARCHIVIST, "r01"), name="周敏")
    browser = centre.client()
    form = {"login": "zhou", "password": PASSWORD}
    assert browser.post("/login", data=form, headers={"Origin": HOST}).status_code == 303
    first = browser.cookies[COOKIE]
    assert browser.get("/boxes").status_code == 200
    assert browser.cookies[COOKIE] == first
    admin(centre).post(f"/api/v1/people/{person_id}/roles", json={"role": "technician", "room_id": "r02"})
    page = browser.get("/me")
    second = browser.cookies[COOKIE]
    assert (page.status_code, second != first) == (200, True)
    assert derive_csrf_token(second) in page.text
    late = centre.client()
    late.cookies.set(COOKIE, first)
    assert late.get("/boxes").status_code == 200  # was on its way
    centre.clock.advance(seconds=31)
    assert late.get("/boxes").status_code == 401
    assert browser.get("/boxes").status_code == 200


def test_a_log_in_ends_the_session_that_the_browser_came_with(centre: Centre) -> None:
    centre.found_person("zhou", name="周敏")
    browser = centre.client()
    form = {"login": "zhou", "password": PASSWORD}
    browser.post("/login", data=form, headers={"Origin": HOST})
    planted = browser.cookies[COOKIE]
    browser.post("/login", data=form, headers={"Origin": HOST})
    assert browser.cookies[COOKIE] != planted
    stranger = centre.client()
    stranger.cookies.set(COOKIE, planted)
    assert stranger.get("/me").status_code == 401


def test_sessions_are_listed_and_ended(centre: Centre) -> None:
    person_id = centre.found_person("zhou")
    here, there = centre.client_of("zhou"), centre.client_of("zhou")
    rows = here.get("/api/v1/sessions").json()
    assert [row["current"] for row in rows].count(True) == 1
    other = next(row["id"] for row in rows if not row["current"])
    assert rows[0]["address"] == "testclient"
    stranger = centre.client(Role.ARCHIVIST)
    assert stranger.delete(f"/api/v1/sessions/{other}").status_code == 404
    assert here.delete(f"/api/v1/sessions/{other}").status_code == 204
    assert there.get("/api/v1/sessions").status_code == 401
    keeper = admin(centre)
    assert len(keeper.get(f"/api/v1/people/{person_id}/sessions").json()) == 1
    assert keeper.delete(f"/api/v1/people/{person_id}/sessions").json() == {"ended": 1}
    assert here.get("/api/v1/sessions").status_code == 401


def test_a_badge_is_issued_revoked_and_known_to_its_gateway(centre: Centre) -> None:
    person_id, keeper = centre.found_person("zhou", name="周敏"), admin(centre)
    base = f"/api/v1/people/{person_id}/badges"
    first = keeper.post(base, json={"room_id": "r01"}).json()
    second = keeper.post(base, json={"room_id": "r01", "valid_until": "2026-12-01T00:00:00Z"}).json()
    assert first["code"] != second["code"]
    body = read_badge(centre, "r01", first["code"])
    assert (body["name"], body["active"], body["valid_until"]) == ("周敏", True, None)
    assert HASHER.verify_secret(body["pin_hash"], first["pin"])
    assert read_badge(centre, "r01", second["code"])["valid_until"] == "2026-12-01T00:00:00.000Z"
    assert keeper.post(f"{base}/{first['code']}/end", json={"reason": "lost"}).status_code == 204
    assert read_badge(centre, "r01", first["code"])["active"] is False
    assert keeper.post(f"{base}/{first['code']}/end", json={"reason": "revoked"}).json()["reason"] == "badge_ended"
    third = keeper.post(base, json={"room_id": "r01"}).json()["code"]
    assert third not in {first["code"], second["code"]}
    keeper.post(f"/api/v1/people/{person_id}/deactivation", json={"why": "离职"})
    assert [badge["active"] for badge in keeper.get(base).json()] == [False, False, False]
    assert read_badge(centre, "r01", third)["active"] is False


def test_a_deactivated_person_is_out_and_may_come_back(centre: Centre) -> None:
    person_id, keeper = centre.found_person("zhou", Grant(Role.ARCHIVIST, "r01")), admin(centre)
    client = centre.client_of("zhou")
    assert keeper.post(f"/api/v1/people/{person_id}/deactivation", json={"why": "离职"}).status_code == 204
    assert client.get("/api/v1/boxes").status_code == 401
    role = {"role": "technician"}
    assert keeper.post(f"/api/v1/people/{person_id}/roles", json=role).json()["reason"] == "person_inactive"
    assert keeper.post(f"/api/v1/people/{person_id}/activation").status_code == 204
    assert client.get("/api/v1/boxes").status_code == 401
    assert centre.client_of("zhou").get("/api/v1/boxes").status_code == 200


def test_a_reset_password_ends_sessions_and_lifts_the_lock(centre: Centre) -> None:
    person_id, keeper = centre.found_person("zhou"), admin(centre)
    client = centre.client_of("zhou")
    for _ in range(5):
        centre.client().post("/api/v1/sessions", json={"login": "zhou", "password": "wrong"})
    once = keeper.post(f"/api/v1/people/{person_id}/password").json()["one_time_password"]
    assert client.get("/api/v1/sessions").status_code == 401
    assert centre.client_of("zhou", once).get("/api/v1/sessions/current").json()["must_change"] is True
    assert {"locked_out", "password_reset"} <= set(list_acts(centre))


def test_a_deputy_acts_while_the_other_is_away(centre: Centre) -> None:
    li = centre.found_person("li", Grant(Role.ARCHIVIST, "r01"), name="李慧")
    centre.found_person("wang", name="王建国")
    away = centre.client_of("li")
    period = {"from_at": centre.clock.now.isoformat(), "until_at": (centre.clock.now + DAY / 6).isoformat()}
    base = f"/api/v1/people/{li}/absences"
    assert away.post(base, json=period | {"deputy_login": "li"}).json()["reason"] == "no_deputy"
    assert away.post(base, json=period | {"deputy_login": "nobody"}).json()["reason"] == "no_deputy"
    absence = away.post(base, json=period | {"deputy_login": "wang", "reason": "培训"}).json()["id"]
    deputy = centre.client_of("wang")
    assert deputy.get("/api/v1/boxes").status_code == 200
    grants = deputy.get("/api/v1/sessions/current").json()["grants"]
    assert grants == [{"role": "archivist", "room_id": "r01", "unit_id": None, "deputy_for": li}]
    stranger = centre.client(Role.TECHNICIAN)
    assert stranger.get(base).status_code == 404
    assert stranger.delete(f"{base}/{absence}").status_code == 404
    assert away.delete(f"{base}/{absence}").status_code == 204
    assert deputy.get("/api/v1/boxes").status_code == 401
    assert centre.client_of("wang").get("/api/v1/boxes").status_code == 403


def test_people_are_found_by_name_role_and_unit(centre: Centre) -> None:
    team = centre.found_unit(Role.HANDLER)
    centre.found_person("zhou", Grant(Role.HANDLER, unit_id=team), name="周敏_甲")
    keeper = admin(centre)

    def find(**query: str) -> list[str]:
        return [each["name"] for each in keeper.get("/api/v1/people", params=query).json()["items"]]

    assert find(text="周") == find(text="ZHOU") == find(role="handler") == ["周敏_甲"]
    assert find(text="%") == []
    person_id = centre.people["zhou"]
    assert keeper.patch(f"/api/v1/people/{person_id}", json={"name": "周敏", "unit_id": team}).status_code == 204
    department = next(unit["id"] for unit in keeper.get("/api/v1/units").json() if unit["depth"] == 0)
    assert find(unit=department) == ["周敏"]
