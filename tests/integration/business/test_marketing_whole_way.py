"""The simulated marketing system against a real centre process: news in any order, gates honoured, callbacks heard."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from sqlalchemy import func, select

from central.domain.case_plans import Ground
from central.store.base import open_engine
from central.store.calendars import load_calendar
from central.store.callbacks import CallbackRow
from central.store.case_writing import lock_case, rewrite_case
from central.store.cases import CaseRow, MarketingEventRow, StepRow
from central.store.documents import DocumentRow
from central.store.rules import load_rules
from central.store.tx import Transactions
from simulators.marketing import MarketingSettings, MarketingSystem, sign
from simulators.marketing_cases import CourierFaults, MarketingOffice, Pace, Stage
from tests.integration.central.test_central_cli import free_port
from tests.plugins.postgres import DATABASES
from tests.wait import wait_for

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
KEY = b"a key of thirty-two good bytes!!"
FAULTS = CourierFaults(twice=0.1, late=0.15, nonsense=0.1)


class House:
    """A centre process with its database, and a marketing system that works on 60 customers against it."""

    def __init__(self, folder: Path, database_url: str) -> None:
        (folder / "key").write_bytes(KEY)
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        started_at = datetime.now(UTC) - timedelta(days=3)
        office = MarketingOffice(7, started_at, customers=60, pace=Pace(between_cases=60, step_least=30, step_most=240))
        settings = MarketingSettings(self.url, KEY, "k1", speed=1_000_000, pause_s=0.02)
        self.system = MarketingSystem(settings, office, FAULTS)
        self.system.start()
        self.config = folder / "central.toml"
        self.config.write_text(
            f'[http]\nport = {self.port}\n[database]\nurl = "{database_url}"\n[mqtt]\nenabled = false\n'
            f'[marketing]\ncallback_url = "{self.system.callback_url}"\n[[marketing.keys]]\nid = "k1"\nfile = "key"\n'
            '[log]\nlevel = "error"\n'
        )
        subprocess.run([*self.command, "migrate"], check=True, capture_output=True, cwd=folder)
        self.process = subprocess.Popen([*self.command, "serve"], cwd=folder)
        self.tx = Transactions(open_engine(database_url))

    @property
    def command(self) -> list[str]:
        return [sys.executable, "-m", "central", "--config", str(self.config)]

    def answers(self) -> bool:
        try:
            return httpx.get(f"{self.url}/health", timeout=2, trust_env=False).status_code == 200
        except httpx.HTTPError:
            return False

    def work(self, rounds: int) -> None:
        self.system.run(rounds, threading.Event())

    def accept_everything(self) -> None:
        """Let every paper have passed all its gates, as if people had done their work, and fold the cases."""
        now = datetime.now(UTC)
        with self.tx.read() as session:
            ids = list(session.scalars(select(CaseRow.id)))
        for case_id in ids:
            with self.tx.write() as session:
                case = lock_case(session, case_id)
                for row in session.scalars(select(DocumentRow).where(DocumentRow.case_id == case_id)):
                    row.state, row.captured_at = "accepted", now
                rewrite_case(session, case, Ground(load_rules(session), load_calendar(session), now))

    def close(self) -> None:
        self.process.terminate()
        self.process.wait(15)
        self.system.close()
        self.tx.engine.dispose()


@pytest.fixture(scope="module", params=DATABASES)
def house(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("whole-way")
    url = f"sqlite:///{folder}/central.db"
    if request.param == "postgresql":
        url = request.getfixturevalue("postgres_server").create_database()
    house = House(folder, url)
    try:
        wait_for(house.answers, 60, "the centre")
        yield house
    finally:
        house.close()


def test_gates_are_honoured_callbacks_heard_and_nonsense_refused(house: House) -> None:
    counts, office = house.system.counts, house.system.office
    unsigned = counts["callbacks_unsigned"]
    house.work(3)
    assert counts["new"] > 50
    assert counts["refused"] > 0
    assert counts["known"] > 0
    waiting = {case.number for case in office.list_at_gate()}
    assert waiting, "cases stand before gates that nobody has opened"
    assert counts["gates_passed"] == 0
    with house.tx.read() as session:
        taken = session.scalar(select(func.count()).select_from(MarketingEventRow))
        assert session.scalar(select(func.count()).select_from(CaseRow)) == len(office.cases)
    assert taken == counts["new"]

    house.accept_everything()
    wait_for(lambda: counts["callbacks"] > 0, 20, "the first callback")
    wait_for(lambda: not list_unsent(house), 30, "all callbacks to be sent")
    assert counts["callbacks_unsigned"] == unsigned
    assert "open" in house.system.gates.values()
    told = dict(house.system.gates)
    house.work(1)
    assert counts["gates_passed"] > 0
    left = {case.number for case in office.cases if case.number in waiting and case.stage is not Stage.AT_GATE}
    assert left, "cases went on once their gate had opened"
    check_gates_agree(house, told)


def list_unsent(house: House) -> list[str]:
    with house.tx.read() as session:
        return list(session.scalars(select(CallbackRow.subject).where(CallbackRow.state != "sent")))


def check_gates_agree(house: House, told: dict[tuple[str, str], str]) -> None:
    """What was told last of a gate is what its row says, and what the door answers."""
    with house.tx.read() as session:
        rows = session.execute(select(CaseRow.case_no, StepRow.code, StepRow.gate_state).join_from(StepRow, CaseRow))
        said = {(case_no, step): state for case_no, step, state in rows}
    assert {key: said[key] for key in told} == told
    case_no, step = next(iter(told))
    path = f"/api/v1/cases/{case_no}/gates/{step}"
    seconds = int(datetime.now(UTC).timestamp())
    headers = {"OpenAisle-Signature": sign(KEY, "k1", f"GET {path}".encode(), seconds)}
    answer = httpx.get(f"{house.url}{path}", headers=headers, trust_env=False)
    assert answer.json()["state"] == told[case_no, step]


def test_what_nobody_signed_is_neither_taken_nor_heard(house: House) -> None:
    event = {"data": {"case_no": "forged", "step": "A", "state": "open"}}
    unsigned = house.system.counts["callbacks_unsigned"]
    unsigned = house.system.counts["callbacks_unsigned"]
    forged = httpx.post(house.system.callback_url, content=json.dumps(event), trust_env=False)
    assert forged.status_code == 401
    assert ("forged", "A") not in house.system.gates
    assert house.system.counts["callbacks_unsigned"] == unsigned + 1
    answer = httpx.post(f"{house.url}/api/v1/marketing/events", json=[], trust_env=False)
    assert answer.status_code == 401
