"""A marketing system made of software: sends its news signed, asks the archive's step gates, hears its callbacks."""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import structlog

from simulators.marketing_cases import Case, Courier, CourierFaults, MarketingOffice

log = structlog.get_logger(__name__)

BATCH_EVENTS = 50
CALLBACK_BYTES_MAX = 262_144
OPEN_STATES = frozenset({"open", "open_with_debt"})


def sign(key: bytes, key_id: str, body: bytes, seconds: int) -> str:
    """Return the signature header as docs/marketing-interface.md has it: HMAC-SHA256 over "<seconds>.<body>"."""
    digest = hmac.new(key, f"{seconds}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={seconds},k={key_id},v1={digest}"


@dataclass(frozen=True)
class MarketingSettings:
    """Where the centre is, and the key both ends know. `speed`: simulated seconds in one of ours."""

    url: str
    key: bytes = field(repr=False)
    key_id: str
    callback_port: int = 0
    speed: float = 600.0
    pause_s: float = 0.5


class MarketingSystem:
    """Runs an office against a centre. `counts` says what was sent, taken, refused, asked and heard."""

    def __init__(self, settings: MarketingSettings, office: MarketingOffice, faults: CourierFaults) -> None:
        self.settings = settings
        self.office = office
        self.counts: Counter[str] = Counter()
        #: The newest state that a callback told of each gate, by (case number, step).
        self.gates: dict[tuple[str, str], str] = {}
        self._courier = Courier(faults, office.seed)
        self._client = httpx.Client(base_url=settings.url, timeout=20, trust_env=False)
        self._now = office.started_at
        self._server = _CallbackServer(self, settings.callback_port)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.1,), name="callbacks", daemon=True)

    @property
    def callback_url(self) -> str:
        """Where the centre is to send its callbacks."""
        return f"http://127.0.0.1:{self._server.server_port}/callbacks"

    def start(self) -> None:
        """Begin to listen for callbacks."""
        self._thread.start()

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)
        self._client.close()

    def run(self, rounds: int, ended: threading.Event) -> None:
        """Work so many rounds, or until somebody ends it; news that could not be delivered goes with the next round."""
        held: list[dict[str, Any]] = []
        for number in range(rounds):
            self._now += timedelta(seconds=self.settings.speed * self.settings.pause_s)
            held += self.office.work(min(self._now, datetime.now(UTC)))
            held += self._ask_gates()
            held = self._send(self._courier.pack(held, last=number == rounds - 1))
            if ended.wait(self.settings.pause_s):
                break

    def hear(self, event: dict[str, Any]) -> None:
        """Take a callback that was signed by the archive."""
        data = event["data"]
        self.gates[data["case_no"], data["step"]] = data["state"]
        self.counts["callbacks"] += 1
        log.info("gate_told", case_no=data["case_no"], step=data["step"], state=data["state"])

    def describe(self, case_no: str) -> dict[str, Any]:
        """Tell where a case stands here, and what callbacks told of its gates."""
        case = next((each for each in self.office.cases if each.number == case_no), None)
        gates = {step: state for (number, step), state in list(self.gates.items()) if number == case_no}
        return {"step": case and case.step, "stage": case and case.stage, "gates": gates}

    def _ask_gates(self) -> list[dict[str, Any]]:
        events: list[dict[str, Any]] = []
        for case in self.office.list_at_gate():
            if self._is_open(case):
                log.info("case_goes_on", case_no=case.number, step=case.step)
                events += self.office.pass_gate(case, min(self._now, datetime.now(UTC)))
                self.counts["gates_passed"] += 1
        return events

    def _is_open(self, case: Case) -> bool:
        """Ask the archive; what a callback said is a hint, the answer is what counts."""
        path = f"/api/v1/cases/{case.number}/gates/{case.step}"
        try:
            answer = self._client.get(path, headers=self._sign(f"GET {path}".encode()))
        except httpx.HTTPError as error:
            log.warning("gate_not_asked", error=str(error))
            return False
        self.counts["gates_asked"] += 1
        if answer.status_code != httpx.codes.OK:
            self.counts[f"gate_answers_{answer.status_code}"] += 1
            return False
        state: str = answer.json()["state"]
        self.counts[f"gate_{state}"] += 1
        return state in OPEN_STATES

    def _send(self, events: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Send everything; return what the centre could not be told."""
        while events:
            part = events[:BATCH_EVENTS]
            body = json.dumps(part, ensure_ascii=False).encode()
            headers = {"Content-Type": "application/cloudevents-batch+json", **self._sign(body)}
            try:
                answer = self._client.post("/api/v1/marketing/events", content=body, headers=headers)
            except httpx.HTTPError as error:
                log.warning("news_not_sent", error=str(error))
                return events
            if answer.status_code not in (httpx.codes.OK, httpx.codes.UNPROCESSABLE_ENTITY):
                self.counts[f"batch_answers_{answer.status_code}"] += 1
                return events
            self.counts["sent"] += len(part)
            self.counts.update(each["result"] for each in answer.json()["events"])
            events = events[BATCH_EVENTS:]
        return []

    def _sign(self, body: bytes) -> dict[str, str]:
        settings = self.settings
        return {"OpenAisle-Signature": sign(settings.key, settings.key_id, body, int(time.time()))}


class _CallbackServer(ThreadingHTTPServer):
    """Hears the archive; what isn't signed by it is refused."""

    daemon_threads = True

    def __init__(self, system: MarketingSystem, port: int) -> None:
        super().__init__(("127.0.0.1", port), _CallbackHandler)
        self.system = system


class _CallbackHandler(BaseHTTPRequestHandler):
    server: _CallbackServer

    def do_POST(self) -> None:
        """Check signature and shape, then take the event."""
        system = self.server.system
        declared = self.headers.get("Content-Length", "")
        if not declared.isdigit() or int(declared) > CALLBACK_BYTES_MAX:
            self._answer(413)
            return
        body = self.rfile.read(int(declared))
        if not self._is_signed(body):
            system.counts["callbacks_unsigned"] += 1
            self._answer(401)
            return
        try:
            system.hear(json.loads(body))
        except (ValueError, KeyError, TypeError):
            self._answer(400)
            return
        self._answer(204)

    def do_GET(self) -> None:
        """Tell of one case: `/cases/<number>`. For whoever watches from outside; it changes nothing."""
        case_no = self.path.removeprefix("/cases/")
        self._answer(200, json.dumps(self.server.system.describe(case_no)).encode())

    def _is_signed(self, body: bytes) -> bool:
        settings = self.server.system.settings
        header = self.headers.get("OpenAisle-Signature", "")
        fields = dict(part.partition("=")[::2] for part in header.split(","))
        seconds = fields.get("t", "")
        if not seconds.isdigit() or abs(time.time() - int(seconds)) > 300:
            return False
        return hmac.compare_digest(header, sign(settings.key, settings.key_id, body, int(seconds)))

    def _answer(self, status: int, body: bytes = b"") -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name of the base class
        """Log by our own logger, quietly."""
        log.debug("callback_request", line=format % args)
