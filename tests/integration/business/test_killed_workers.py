"""Workers killed by the system in the midst of their work: another takes over, and says nothing twice that was noted."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from email import message_from_bytes, policy
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from sqlalchemy import Engine, func, select

from central.domain.calendars import Hours
from central.jobs.deliveries import Courier
from central.services.messages import LEASE, tell_urges
from central.services.sweeps import sweep_due
from central.settings import MessageSettings
from central.store.tx import Transactions
from central.store.urges import ChannelRow, DeliveryRow, UrgeRow
from tests.arch.source_tree import ROOT
from tests.integration.business.timed import HOUR, NOW, House
from tests.wait import wait_for

LETTERS = 4


class SlowOffice:
    """Takes mails; from the second on it lets the sender wait until `go` is set."""

    def __init__(self) -> None:
        self.ids: list[str] = []
        self.waits = threading.Event()
        self.go = threading.Event()

    async def handle_DATA(self, server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        mail = message_from_bytes(envelope.content, policy=policy.default)
        self.ids.append(str(mail["Message-ID"]))
        if len(self.ids) == 2:
            self.waits.set()
            await server.loop.run_in_executor(None, self.go.wait, 30)
        return "250 OK"


@pytest.fixture
def office() -> Iterator[tuple[SlowOffice, int]]:
    office = SlowOffice()
    with socket.create_server(("127.0.0.1", 0)) as found:
        port = found.getsockname()[1]
    controller = Controller(office, hostname="127.0.0.1", port=port)
    controller.start()
    yield office, port
    office.go.set()
    controller.stop()


def start_worker(job: str, engine: Engine, port: int = 0) -> subprocess.Popen[str]:
    url = engine.url.render_as_string(hide_password=False)
    words = [sys.executable, "-m", "tests.integration.business.killed_worker", job, url, str(port), NOW.isoformat()]
    return subprocess.Popen(words, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def kill(worker: subprocess.Popen[str]) -> None:
    worker.kill()
    assert worker.wait(10) == -signal.SIGKILL
    worker.communicate()


def test_a_courier_killed_with_letters_in_hand(clean_engine: Engine, office: tuple[SlowOffice, int]) -> None:
    post, port = office
    house = House(Transactions(clean_engine)).found()
    with house.tx.write() as session:
        session.add(
            ChannelRow(
                person_id=house.people["handler"],
                channel="mail",
                address="li@example.cn",
                kinds=["send"],
                active=True,
                changed_at=NOW,
            )
        )
        for number in range(LETTERS):
            house.add_task(session, house.add_case(session, f"80{number}"), "ACCEPT", NOW - HOUR)
        sweep_due(session, NOW)
        tell_urges(session, Hours(), NOW)
    worker = start_worker("courier", clean_engine, port)
    assert post.waits.wait(60)
    kill(worker)
    post.go.set()

    now = [NOW]
    settings = MessageSettings(mail_host="127.0.0.1", mail_port=port)
    other = Courier(house.tx, settings, lambda _language, text: text, lambda: now[0])
    # what the dead one holds is his until its lease is over
    assert other.run_round() == 0
    now[0] = NOW + LEASE
    assert other.run_round() == LETTERS - 1
    assert other.run_round() == 0
    with house.tx.read() as session:
        states = session.execute(select(DeliveryRow.state, func.count()).group_by(DeliveryRow.state)).all()
    assert [tuple(row) for row in states] == [("sent", LETTERS)]
    # only the letter that was on its way may arrive twice, and both bear one id; the one noted as sent does not
    counts = Counter(post.ids)
    assert len(counts) == LETTERS
    assert {each: count for each, count in counts.items() if count > 1} == {post.ids[1]: 2}


def test_a_sweeper_killed_before_its_commit(clean_engine: Engine) -> None:
    house = House(Transactions(clean_engine)).found()
    with house.tx.write() as session:
        case = house.add_case(session)
        for number in range(7):
            house.add_task(session, case, f"S{number}", NOW - HOUR)
    worker = start_worker("sweep", clean_engine)
    assert worker.stdout is not None
    assert worker.stdout.readline() == "3\n"
    kill(worker)

    def sweep() -> int:
        with house.tx.write() as session:
            return sweep_due(session, NOW, 100).made

    # PostgreSQL lets go of a dead client's rows once it has noticed
    made = [0]

    def sweep_on() -> bool:
        made[0] += sweep()
        return made[0] >= 7

    wait_for(sweep_on, 20, "the rows of the dead sweeper")
    assert (made[0], sweep()) == (7, 0)
    with house.tx.read() as session:
        assert session.scalar(select(func.count()).select_from(UrgeRow)) == 7
