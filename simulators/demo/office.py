"""The demo's office: a department with two teams and the people who work on papers, founded from outside by the API."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import httpx

from simulators.clerks import Clerk

DEPARTMENT, CENTRE = "营销部", "高新供电服务中心"
TEAMS = ("业务一班", "业务二班")
#: (log-in name, team) of those for whom the marketing system opens cases.
HANDLERS = (("wang.fang", "业务一班"), ("chen.gang", "业务二班"))
TIMEOUT_S = 30
#: What an administrator hands out holds until the first log-in.
HANDED_OUT = "first-"


@dataclass(frozen=True)
class OfficePerson:
    """Somebody of the office, as the demo introduces them; `unit` empty: the whole house."""

    login: str
    name: str
    role: str
    unit: str
    password: str


PEOPLE = (
    OfficePerson("wang.fang", "王芳", "handler", "业务一班", "lines-and-meters-1"),
    OfficePerson("chen.gang", "陈刚", "handler", "业务二班", "wires-and-poles-1"),
    OfficePerson("liu.yang", "刘洋", "collector", "业务一班", "stamps-and-seals-1"),
    OfficePerson("zhou.jie", "周洁", "collector", "业务二班", "rulers-and-pens-1"),
    OfficePerson("he.jing", "何静", "team_leader", "业务一班", "lists-and-dates-1"),
    OfficePerson("deng.hui", "邓辉", "centre_manager", CENTRE, "rooms-and-rules-1"),
    OfficePerson("zhao.min", "赵敏", "department", "", "terms-and-limits-1"),
    OfficePerson("sun.li", "孙立", "department", "", "second-pair-of-eyes-1"),
)


def seat_clerks(url: str, role: str, unit: str = "") -> list[Clerk]:
    """Return the people of a role, logged in and at work; of one unit if it is named."""
    clerks = [
        Clerk(url, person.login, person.name, person.password)
        for person in PEOPLE
        if person.role == role and unit in ("", person.unit)
    ]
    for clerk in clerks:
        clerk.log_in()
    return clerks


def found_office(url: str, admin: tuple[str, str], room_id: str) -> tuple[OfficePerson, ...]:
    """Found units and people as an administrator does; what a former run founded stays."""
    with httpx.Client(base_url=f"{url}/api/v1", timeout=TIMEOUT_S, trust_env=False) as client:
        opened = _take(client.post("/sessions", json={"login": admin[0], "password": admin[1]}))
        client.headers["Authorization"] = f"Bearer {opened['token']}"
        units = {unit["name"]: unit["id"] for unit in _take(client.get("/units"))}
        if CENTRE in units:
            return PEOPLE
        units[DEPARTMENT] = _found_unit(client, "department", DEPARTMENT, None)
        units[CENTRE] = _found_unit(client, "centre", CENTRE, units[DEPARTMENT])
        for team in TEAMS:
            units[team] = _found_unit(client, "team", team, units[CENTRE])
        client.put(f"/rooms/{room_id}/unit", json={"unit_id": units[CENTRE]}).raise_for_status()
        for person in PEOPLE:
            unit_id = units.get(person.unit)
            body = {
                "login": person.login,
                "name": person.name,
                "password": f"{HANDED_OUT}{person.password}",
                "unit_id": unit_id,
                "grants": [{"role": person.role, "room_id": None, "unit_id": unit_id}],
            }
            _take(client.post("/people", json=body))
            _welcome(url, person)
    return PEOPLE


def _welcome(url: str, person: OfficePerson) -> None:
    """Let somebody new choose the password that is on the screen, as everybody must at the first log-in."""
    clerk = Clerk(url, person.login, person.name, f"{HANDED_OUT}{person.password}")
    try:
        clerk.log_in()
        clerk.change_password(person.password)
    finally:
        clerk.close()


def _found_unit(client: httpx.Client, kind: str, name: str, parent_id: str | None) -> str:
    founded: str = _take(client.post("/units", json={"kind": kind, "name": name, "parent_id": parent_id}))["id"]
    return founded


def _take(answer: httpx.Response) -> Any:
    answer.raise_for_status()
    return answer.json()
