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
from sqlalchemy import Engine, select

from central.app import Parts, compose_app, set_up_logging
from central.domain.people import Actor, Grant, Role
from central.domain.seeds import parse_seed
from central.jobs.acts import Acts
from central.jobs.room_import import run_import
from central.metrics import Metrics
from central.services.commands import CommandAnswer, CommandPort
from central.services.room_import import Imported
from central.settings import CentralSettings, DatabaseSettings, HttpSettings, LogSettings, MqttSettings
from central.store.boxes import BoxRow
from central.store.passwords import SecretHasher
from central.store.tx import Transactions
from tests.integration.central.room_files import ADMIN, ARCHIVIST, TECHNICIAN

START = datetime(2026, 11, 24, 8, tzinfo=UTC)
HOST = "http://testserver"
#: The cheapest argon2 there is: tests of log-in are about rules, not about cost.
HASHER = SecretHasher(time_cost=1, memory_kib=64)
PASSWORDS = dict((ARCHIVIST, ADMIN, TECHNICIAN))
LOGINS = {Role.ARCHIVIST: ARCHIVIST[0], Role.ADMIN: ADMIN[0], Role.TECHNICIAN: TECHNICIAN[0]}


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

    def client(self, role: Role | None = None, room_id: str = "r01") -> TestClient:
        """A machine's client, logged in by bearer token; without a role nobody."""
        client = TestClient(self.app, base_url=HOST, raise_server_exceptions=False, follow_redirects=False)
        self.clients.append(client)
        if role is not None:
            login = f"{LOGINS[role]}-{room_id}"
            answer = client.post("/api/v1/sessions", json={"login": login, "password": PASSWORDS[LOGINS[role]]})
            assert answer.status_code == 201, answer.text
            client.headers["Authorization"] = f"Bearer {answer.json()['token']}"
        return client

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
def open_centre(engine: Engine, **http: Any) -> Iterator[Centre]:
    """A centre on this database, which stays open afterwards."""
    set_up_logging(LogSettings(level="error"))
    tx, clock = Transactions(engine), HandClock()
    app = compose_app(Parts(make_settings(**http), tx, None, Metrics(), HASHER, clock))
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
