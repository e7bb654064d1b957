"""Four-eyes acts on both databases: asked, decided by another, used once; what waits is counted and shown."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Engine

from central.domain.approvals import ApprovalAct
from central.domain.people import Actor, Grant, Role
from central.domain.refusals import Reason, Refusal
from central.services.reminders import count_reminders
from central.store.approvals import ask_approval, take_approval
from central.store.grants import load_grants
from tests.integration.central.centre import Centre, load_room, open_centre
from tests.integration.central.room_files import room_file

PAYLOAD: dict[str, Any] = {"keep": "d1", "merge": ["d2"]}


@pytest.fixture
def centre(clean_engine: Engine) -> Iterator[Centre]:
    with open_centre(clean_engine) as centre:
        load_room(centre.tx, room_file())
        centre.found_unit(Role.CENTRE_MANAGER)
        centre.found_person("wang", Grant(Role.ARCHIVIST, "r01"), name="王建国")
        centre.found_person("li", Grant(Role.ARCHIVIST, "r01"), name="李慧")
        yield centre


def actor_of(centre: Centre, login: str) -> Actor:
    with centre.tx.read() as session:
        grants = load_grants(session, centre.people[login], centre.clock())
    return Actor(centre.people[login], login, login, grants)


def ask(centre: Centre, act: ApprovalAct = ApprovalAct.MERGE_DOSSIERS, unit_id: str | None = "own") -> str:
    served = centre.found_unit(Role.CENTRE_MANAGER) if unit_id == "own" else unit_id
    with centre.tx.write() as session:
        return ask_approval(
            session,
            actor_of(centre, "wang"),
            act,
            subject=("d1", "四川盛通电子科技"),
            payload=PAYLOAD,
            now=centre.clock(),
            why="同一客户建了两份",
            unit_id=served,
        )


def take(centre: Centre, approval_id: str, payload: dict[str, Any] = PAYLOAD) -> None:
    with centre.tx.write() as session:
        take_approval(
            session,
            actor_of(centre, "wang"),
            approval_id,
            act=ApprovalAct.MERGE_DOSSIERS,
            subject_id="d1",
            payload=payload,
            now=centre.clock(),
        )


def test_another_person_decides_and_it_is_done_once(centre: Centre) -> None:
    approval_id = ask(centre)
    wang, li = centre.client_of("wang"), centre.client_of("li")
    assert [each["id"] for each in li.get("/api/v1/approvals").json()["waiting"]] == [approval_id]
    assert wang.get("/api/v1/approvals").json()["waiting"] == []
    decision = f"/api/v1/approvals/{approval_id}/decision"
    assert wang.post(decision, json={"approve": True}).json()["reason"] == "same_person"
    with pytest.raises(Refusal) as early:
        take(centre, approval_id)
    assert early.value.reason is Reason.NOT_APPROVED
    assert li.post(decision, json={"approve": True, "why": "核对过"}).status_code == 204
    assert li.post(decision, json={"approve": False}).json()["reason"] == "not_open"
    with pytest.raises(Refusal):
        take(centre, approval_id, PAYLOAD | {"merge": ["d3"]})
    take(centre, approval_id)
    with pytest.raises(Refusal):
        take(centre, approval_id)
    (own,) = wang.get("/api/v1/approvals").json()["own"]
    assert (own["state"], own["decided_by_name"], own["payload"]) == ("used", "李慧", PAYLOAD)


def test_outside_ones_reach_it_does_not_exist(centre: Centre) -> None:
    approval_id = ask(centre, unit_id=None)
    for client in (centre.client_of("li"), centre.client(Role.HANDLER), centre.client(Role.ADMIN)):
        assert client.post(f"/api/v1/approvals/{approval_id}/decision", json={"approve": True}).status_code == 404
        assert client.get(f"/approvals/{approval_id}").status_code == 404
    department = centre.client(Role.DEPARTMENT)
    assert department.post(f"/api/v1/approvals/{approval_id}/decision", json={"approve": False}).status_code == 204


def test_it_expires_and_is_taken_back(centre: Centre) -> None:
    late, back = ask(centre), ask(centre)
    wang = centre.client_of("wang")
    assert centre.client_of("li").delete(f"/api/v1/approvals/{back}").status_code == 404
    assert wang.delete(f"/api/v1/approvals/{back}").status_code == 204
    assert wang.delete(f"/api/v1/approvals/{back}").json()["reason"] == "not_open"
    centre.clock.advance(days=7)
    li = centre.client_of("li")
    assert li.post(f"/api/v1/approvals/{late}/decision", json={"approve": True}).json()["reason"] == "not_open"
    states = {each["id"]: each["state"] for each in centre.client_of("wang").get("/api/v1/approvals").json()["own"]}
    assert states == {late: "expired", back: "withdrawn"}
    wang = centre.client_of("wang")  # the session of a week ago has ended
    wang.headers["Accept"] = "text/html"
    for state, shown in (("expired", late), ("withdrawn", back)):
        text = wang.get("/approvals", params={"state": state, "sort": "subject"}).text
        assert [f"/approvals/{each}" in text for each in (late, back)] == [each == shown for each in (late, back)]
    assert wang.get("/approvals", params={"state": "asked"}).text.count('class="opens"') == 0
    assert len(wang.get("/approvals.csv").text.splitlines()) == 3


def test_a_deputy_of_who_asked_decides_nothing(centre: Centre) -> None:
    approval_id = ask(centre)
    centre.found_person("chen", name="陈静")
    away = {"from_at": "2026-11-24T00:00:00Z", "until_at": "2026-11-30T00:00:00Z", "deputy_login": "chen"}
    answer = centre.client_of("wang").post(f"/api/v1/people/{centre.people['wang']}/absences", json=away)
    assert answer.status_code == 201, answer.text
    chen = centre.client_of("chen")
    assert chen.get("/api/v1/boxes").status_code == 200
    assert chen.post(f"/api/v1/approvals/{approval_id}/decision", json={"approve": True}).status_code == 404


def count_for(centre: Centre, login: str) -> int:
    with centre.tx.read() as session:
        return count_reminders(session, actor_of(centre, login), centre.clock())


def test_the_top_bar_counts_what_waits_for_the_reader(centre: Centre) -> None:
    before = {login: count_for(centre, login) for login in ("wang", "li")}
    ask(centre)
    ask(centre, ApprovalAct.EDIT_TEMPLATE, unit_id=None)
    # who asked doesn't decide, and a template's editing is decided elsewhere
    counts = {login: count_for(centre, login) - before[login] for login in before}
    assert counts == {"wang": 0, "li": 1}
    page = centre.client_of("li").get("/me", headers={"Accept": "text/html"}).text
    assert f'<b>{before["li"] + 1}</b><span class="visually-hidden">件待我处理' in page
    page = centre.client(Role.DEPARTMENT).get("/approvals", headers={"Accept": "text/html"}).text
    assert "<b>2</b>" in page
