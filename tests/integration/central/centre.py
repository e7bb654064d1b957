"""A centre for tests: real database, real application, a clock that is moved by hand, no broker."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import Engine, select, update

from central.app import Parts, build_routes, furnish_app, set_up_logging
from central.domain.organisation import UnitKind
from central.domain.people import CENTRE_ROLES, TEAM_ROLES, Actor, Grant, Role
from central.domain.seeds import parse_seed
from central.jobs.acts import Acts
from central.jobs.room_import import run_import
from central.metrics import Metrics
from central.services.commands import CommandAnswer, CommandPort
from central.services.people import CreatePerson, create_person
from central.services.room_import import Imported
from central.settings import CentralSettings, DatabaseSettings, HttpSettings, LogSettings, MqttSettings
from central.store.boxes import BoxRow
from central.store.ids import new_id
from central.store.organisation import UnitRow
from central.store.passwords import SecretHasher
from central.store.rooms import RoomRow
from central.store.tx import Transactions
from tests.integration.central.room_files import ADMIN, ARCHIVIST, TECHNICIAN

START = datetime(2026, 11, 24, 8, tzinfo=UTC)
HOST = "http://testserver"
#: The cheapest argon2 there is: tests of log-in are about rules, not about cost.
HASHER = SecretHasher(time_cost=1, memory_kib=64)
PASSWORDS = dict((ARCHIVIST, ADMIN, TECHNICIAN))
LOGINS = {Role.ARCHIVIST: ARCHIVIST[0], Role.ADMIN: ADMIN[0], Role.TECHNICIAN: TECHNICIAN[0]}
#: Password of everybody whom a test founds itself.
PASSWORD = "paper-and-string-1"

#: Doors are dear and the same for every centre: who closes one leaves them to the next.
SPARE_DOORS: list[FastAPI] = []


@dataclass
class HandClock:
    """The time is what the test says."""

    now: datetime = START

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **parts: float) -> None:
        self.now += timedelta(**parts)


@dataclass
class Centre:
    """The application on a database, and the means to act on it."""

    tx: Transactions
    clock: HandClock
    app: FastAPI
    clients: list[TestClient] = field(default_factory=list)
    people: dict[str, str] = field(default_factory=dict)
    units: dict[UnitKind, str] = field(default_factory=dict)

    def client(self, role: Role | None = None, room_id: str = "r01") -> TestClient:
        """A machine's client, logged in by bearer token; without a role nobody."""
        client = TestClient(self.app, base_url=HOST, raise_server_exceptions=False, follow_redirects=False)
        self.clients.append(client)
        if role in LOGINS:
            self.log_in(client, f"{LOGINS[role]}-{room_id}", PASSWORDS[LOGINS[role]])
        elif role is not None:
            login = role.value.replace("_", "-")
            if login not in self.people:
                self.found_person(login, Grant(role, None, self.found_unit(role)))
            self.log_in(client, login)
        return client

    def log_in(self, client: TestClient, login: str, password: str = PASSWORD) -> None:
        """Let a machine's client act for this person."""
        answer = client.post("/api/v1/sessions", json={"login": login, "password": password})
        assert answer.status_code == 201, answer.text
        client.headers["Authorization"] = f"Bearer {answer.json()['token']}"

    def client_of(self, login: str, password: str = PASSWORD) -> TestClient:
        """A machine's client for a person whom the test founded."""
        client = self.client()
        self.log_in(client, login, password)
        return client

    def found_person(self, login: str, *grants: Grant, name: str = "") -> str:
        """Found a person as the machine itself does; return their id."""
        command = CreatePerson(login, name or login, HASHER.hash_secret(PASSWORD), frozenset(grants))
        with self.tx.write() as session:
            self.people[login] = create_person(session, None, command, self.clock())
        return self.people[login]

    def found_unit(self, role: Role) -> str | None:
        """The team or service centre (which room r01 serves) that a role is held for in tests; None: the whole house."""
        kind = UnitKind.TEAM if role in TEAM_ROLES else UnitKind.CENTRE if role in CENTRE_ROLES else None
        if kind is None:
            return None
        if not self.units:
            for each, name in (
                (UnitKind.DEPARTMENT, "营销部"),
                (UnitKind.CENTRE, "高新供电中心"),
                (UnitKind.TEAM, "业务一班"),
            ):
                self.units[each] = new_id()
                parent = {UnitKind.CENTRE: UnitKind.DEPARTMENT, UnitKind.TEAM: UnitKind.CENTRE}.get(each)
                row = UnitRow(id=self.units[each], kind=each, name=name, created_at=self.clock())
                row.parent_id = self.units[parent] if parent is not None else None
                with self.tx.write() as session:
                    session.add(row)
            with self.tx.write() as session:
                served = update(RoomRow).where(RoomRow.id == "r01").values(unit_id=self.units[UnitKind.CENTRE])
                session.execute(served)
        return self.units[kind]

    def answer_commands(self, port: CommandPort) -> None:
        """Let `port` stand for the rooms' gateways."""
        self.app.state.acts = Acts(self.tx, port, self.clock)


@dataclass
class AnsweringRoom:
    """A gateway port that remembers what it was asked and gives a set answer."""

    result: str
    reason: str | None = None
    asked: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)

    def ask_gateway(self, room_id: str, command: Any) -> CommandAnswer:
        self.asked.append((room_id, command.kind, dict(command.body)))
        return CommandAnswer(command.id, self.result, self.reason)


def make_settings(url: str = "sqlite:///unused.db", **http: Any) -> CentralSettings:
    return CentralSettings(
        database=DatabaseSettings(url=url), mqtt=MqttSettings(enabled=False), http=HttpSettings(**http)
    )


@contextmanager
def open_doors(parts: Parts) -> Iterator[FastAPI]:
    """An application with these parts behind its doors."""
    app = SPARE_DOORS.pop() if SPARE_DOORS else build_routes()
    furnish_app(app, parts)
    doors = len(app.routes)
    try:
        yield app
    finally:
        if len(app.routes) == doors:
            SPARE_DOORS.append(app)


@contextmanager
def open_centre(engine: Engine, **http: Any) -> Iterator[Centre]:
    """A centre on this database, which stays open afterwards."""
    set_up_logging(LogSettings(level="error"))
    tx, clock = Transactions(engine), HandClock()
    with open_doors(Parts(make_settings(**http), tx, None, Metrics(), HASHER, clock)) as app:
        centre = Centre(tx, clock, app)
        try:
            yield centre
        finally:
            for client in centre.clients:
                client.close()


def load_room(tx: Transactions, document: dict[str, Any], now: datetime = START) -> Imported:
    """Import a room file as the command line does."""
    seed = parse_seed(json.dumps(document))
    return run_import(tx, None, seed, hasher=HASHER, read_clock=lambda: now, report=lambda _what, _progress: None)


def person(role: Role, room_id: str | None = "r01", person_id: str = "p1") -> Actor:
    """An actor for services, without a session."""
    return Actor(person_id, "wang", "王建国", frozenset({Grant(role, room_id)}))


def box_id(tx: Transactions, code: str) -> str:
    with tx.read() as session:
        found = session.scalar(select(BoxRow.id).where(BoxRow.code == code))
    assert found is not None
    return found
