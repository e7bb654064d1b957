"""The marketing system's door over HTTP: signatures, batches, gates, callbacks to a server of the test's own."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import resources
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, select, update

from central.app import Parts
from central.domain.people import Grant, Role
from central.jobs.callbacks import CallbackSender, read_keys
from central.metrics import Metrics
from central.settings import MarketingKeySettings, MarketingSettings
from central.store.callbacks import CallbackRow
from central.store.claims import ATTEMPTS_MAX
from central.store.documents import DocumentRow
from central.store.ids import new_id
from central.store.templates import TemplateRow
from central.store.tx import Transactions
from simulators.marketing import sign
from tests.integration.business.news import HISTORY, tell
from tests.integration.central.centre import HASHER, HOST, Centre, HandClock, make_settings, open_doors

KEY, KEY_ID = b"thirty-two bytes of a shared key", "2026-11"
BATCH = "application/cloudevents-batch+json"


class Door:
    """A centre with its marketing door, and a client that signs as the simulated marketing system does."""

    def __init__(self, engine: Engine, folder: Path, callback_url: str = "") -> None:
        file = folder / "key"
        file.write_bytes(KEY + b"\n")
        keys = (MarketingKeySettings(id=KEY_ID, file=file),)
        self.settings = MarketingSettings(keys=keys, callback_url=callback_url)
        self.tx, self.clock = Transactions(engine), HandClock()
        settings = make_settings().model_copy(update={"marketing": self.settings})
        self._stack = ExitStack()
        self.app = self._stack.enter_context(open_doors(Parts(settings, self.tx, None, Metrics(), HASHER, self.clock)))
        self.client = TestClient(self.app, base_url=HOST, raise_server_exceptions=False)
        text = (resources.files("central") / "seeds" / "templates" / "LV-COM.json").read_text("utf-8")
        with self.tx.write() as session:
            session.add(
                TemplateRow(
                    id=new_id(),
                    business="LV-COM",
                    version=1,
                    name="低压非居民新装",
                    name_en="LV non-resident",
                    body=json.loads(text),
                    state="approved",
                    effective_from=date(2020, 1, 1),
                    created_at=self.clock(),
                )
            )

    def close(self) -> None:
        self.client.close()
        self._stack.close()

    def sign(self, text: bytes) -> dict[str, str]:
        return {"OpenAisle-Signature": sign(KEY, KEY_ID, text, int(self.clock().timestamp()))}

    def send(self, body: Any, kind: str = BATCH, headers: dict[str, str] | None = None) -> httpx.Response:
        content = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
        signed = self.sign(content) if headers is None else headers
        answer: httpx.Response = self.client.post(  # type: ignore[assignment]
            "/api/v1/marketing/events", content=content, headers={"Content-Type": kind, **signed}
        )
        return answer

    def ask(self, path: str) -> httpx.Response:
        answer: httpx.Response = self.client.get(path, headers=self.sign(f"GET {path}".encode()))  # type: ignore[assignment]
        return answer


@pytest.fixture
def door(clean_engine: Engine, tmp_path: Path) -> Iterator[Door]:
    door = Door(clean_engine, tmp_path)
    yield door
    door.close()


def test_a_batch_is_answered_event_by_event(door: Door) -> None:
    nonsense = {**HISTORY[0], "id": "evt-x", "time": "yesterday"}
    answer = door.send([HISTORY[3], nonsense, HISTORY[4], HISTORY[3]])
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert (found["taken"], found["refused"]) == (3, 1)
    assert [each["result"] for each in found["events"]] == ["new", "refused", "new", "known"]
    assert found["events"][1]["reasons"][0].startswith("time")
    assert door.send(HISTORY[7], "application/cloudevents+json").json()["taken"] == 1


def test_a_gate_is_asked_and_says_what_is_missing(door: Door) -> None:
    door.send(HISTORY[3:8])
    answer = door.ask("/api/v1/cases/8001/gates/ACCEPT")
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert (found["state"], found["name"]) == ("closed", "受理")
    assert [(each["code"], each["lack"]) for each in found["missing"]][:2] == [
        ("APPLICATION", "not_captured"),
        ("LICENCE", "not_captured"),
    ]
    assert door.ask("/api/v1/cases/8001/gates/NEVER").status_code == 404
    assert door.ask("/api/v1/cases/9999/gates/ACCEPT").status_code == 404


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"{", BATCH, 422),
        (b"[" * 100_000, BATCH, 422),
        (b"{}", BATCH, 422),
        (b"[]", "application/json", 422),
        (json.dumps([HISTORY[3]] * 1001).encode(), BATCH, 422),
        (b"\xff\xfe\x00", BATCH, 422),
        (b"[]", BATCH, 200),
        (b"[null, 7, {}]", BATCH, 422),
    ],
)
def test_nonsense_is_refused_and_changes_nothing(door: Door, body: bytes, kind: str, status: int) -> None:
    assert door.send(body, kind).status_code == status
    with door.tx.read() as session:
        assert session.scalars(select(CallbackRow)).all() == []


def test_only_a_signature_of_now_opens_the_door(door: Door) -> None:
    body = json.dumps([HISTORY[3]]).encode()
    good = door.sign(body)
    for headers in ({}, door.sign(b"[]"), {"OpenAisle-Signature": "t=1,k=a,v1=" + "0" * 64}):
        assert door.send(body, headers=headers).status_code == 401
    door.clock.advance(minutes=6)
    assert door.send(body, headers=good).status_code == 401
    assert door.client.get("/api/v1/cases/8001/gates/ACCEPT").status_code == 401
    assert door.send(body).status_code == 200


class Receiver(ThreadingHTTPServer):
    """A marketing system that takes callbacks, or answers with a set status."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.status = 204
        self.heard: list[tuple[dict[str, Any], bool]] = []


class _Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        header = self.headers["OpenAisle-Signature"]
        seconds = int(header.partition("t=")[2].partition(",")[0])
        self.server.heard.append((json.loads(body), header == sign(KEY, KEY_ID, body, seconds)))
        self.send_response(self.server.status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name of the base class
        del format, args


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    server = Receiver()
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_turned_gates_are_told_in_order_until_they_are_taken(
    clean_engine: Engine, tmp_path: Path, receiver: Receiver
) -> None:
    door = Door(clean_engine, tmp_path, f"http://127.0.0.1:{receiver.server_port}/callbacks")
    sender = CallbackSender(door.tx, door.settings, read_keys(door.settings), door.clock)
    door.send(HISTORY[3:11])
    turn(door, "reviewed", 40)
    turn(door, "returned", 41)
    receiver.status = 500
    with httpx.Client(trust_env=False) as client:
        assert sender.run_round(client) == 1
        assert sender.run_round(client) == 0
        receiver.status = 204
        door.clock.advance(minutes=1)
        assert sender.run_round(client) == 1
        assert sender.run_round(client) == 1
        assert sender.run_round(client) == 0
    states = [(event["data"]["step"], event["data"]["state"]) for event, _ in receiver.heard]
    assert states == [("SURVEY", "open"), ("SURVEY", "open"), ("SURVEY", "closed")]
    assert all(signed for _, signed in receiver.heard)
    assert receiver.heard[0][0]["id"] == receiver.heard[1][0]["id"] != receiver.heard[2][0]["id"]
    door.close()


def test_a_given_up_callback_is_seen_and_sent_again_by_a_person(
    clean_engine: Engine, tmp_path: Path, receiver: Receiver
) -> None:
    door = Door(clean_engine, tmp_path, f"http://127.0.0.1:{receiver.server_port}/callbacks")
    centre = Centre(door.tx, door.clock, door.app)
    sender = CallbackSender(door.tx, door.settings, read_keys(door.settings), door.clock)
    door.send(HISTORY[3:11])
    turn(door, "reviewed", 40)
    receiver.status = 503
    with httpx.Client(trust_env=False) as client:
        for _ in range(ATTEMPTS_MAX):
            assert sender.run_round(client) == 1
            door.clock.advance(hours=1, seconds=1)
        assert sender.run_round(client) == 0
        centre.found_person("admin", Grant(Role.ADMIN))
        admin, department, handler = (
            centre.client_of("admin"),
            centre.client(Role.DEPARTMENT),
            centre.client(Role.HANDLER),
        )
        (dead,) = admin.get("/api/v1/marketing/callbacks", params={"state": "dead"}).json()
        assert (dead["subject"], dead["says"], dead["attempts"]) == ("8001/SURVEY", "open", ATTEMPTS_MAX)
        assert (dead["last_error"], dead["revivable"]) == ("HTTP 503", True)
        assert 'openaisle_central_callbacks{state="dead"} 1.0' in admin.get("/metrics").text
        again = f"/callbacks/{dead['id']}/again"
        page = department.get("/callbacks?state=dead", headers={"Accept": "text/html", "Accept-Language": "en"}).text
        assert "HTTP 503" in page
        assert again not in page
        assert department.post(again).status_code == handler.get("/callbacks").status_code == 403
        assert again in admin.get("/callbacks", headers={"Accept": "text/html"}).text
        assert admin.post(again).headers["location"] == "/callbacks?state=dead&done=callback_again"
        assert admin.post(again).status_code == 404
        receiver.status = 204
        assert sender.run_round(client) == 1
        assert len({event["id"] for event, _ in receiver.heard}) == 1
        with door.tx.write() as session:
            session.execute(update(CallbackRow).values(state="dead"))
        turn(door, "returned", 41)
        # the newer word tells what counts: the older one must not arrive after it
        assert admin.post(f"/api/v1/marketing/callbacks/{dead['id']}/revival").status_code == 404
        assert sender.run_round(client) == 1
    assert receiver.heard[-1][0]["data"]["state"] == "closed"
    (row,) = admin.get("/api/v1/audit", params={"act": "callback_revived"}).json()["items"]
    assert (row["subject_name"], row["before"]) == ("8001/SURVEY", {"attempts": ATTEMPTS_MAX, "last_error": "HTTP 503"})
    for each in centre.clients:
        each.close()
    door.close()


def turn(door: Door, state: str, number: int) -> None:
    """Let the papers of the survey come to a state; the next news folds the case."""
    with door.tx.write() as session:
        for row in session.scalars(select(DocumentRow).where(DocumentRow.step == "SURVEY")):
            row.state, row.captured_at = state, door.clock()
    kind = "case_paused" if number % 2 else "case_resumed"
    door.send([tell(number, kind, number, case_no="8001")])
