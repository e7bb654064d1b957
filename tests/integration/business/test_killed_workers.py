"""Workers killed by the system in the midst of their work: another takes over, and says nothing twice that was noted."""

from __future__ import annotations

import io
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from email import message_from_bytes, policy
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from central.domain.calendars import Hours
from central.domain.people import Actor, Grant, Role
from central.jobs.customer_imports import CustomerImports
from central.jobs.deliveries import Courier
from central.services.customer_imports import ImportSeen, show_import
from central.services.messages import LEASE, tell_urges
from central.services.sweeps import sweep_due
from central.services.unassigned_scans import DiscardPages, PlacePages, discard_pages, keep_unassigned, place_pages
from central.services.uploads import capture_pages
from central.settings import MessageSettings
from central.store.audit import AuditRow
from central.store.customers import CustomerRow, DossierRow, ImportLineRow
from central.store.documents import ContentRow, DocumentActRow, DocumentRow, PageRow, TaskRow, UploadRow
from central.store.ids import new_id
from central.store.people import PersonRow
from central.store.tx import Transactions
from central.store.urges import ChannelRow, DeliveryRow, UrgeRow
from tests.arch.source_tree import ROOT
from tests.integration.business.papers import GOOD, capture, found_house
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


class Nursery:
    """The process from which workers are forked, and what they say."""

    def __init__(self) -> None:
        words = [sys.executable, "-m", "tests.integration.business.killed_worker"]
        self._process = subprocess.Popen(words, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def start(self, job: str, engine: Engine, now: datetime = NOW, **facts: Any) -> int:
        """Found a worker; return its number."""
        url = engine.url.render_as_string(hide_password=False)
        order = {"job": job, "database": url, "now": now.isoformat(), **facts}
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        return int(self.hear())

    def hear(self) -> str:
        """Return the next line that a worker says."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline().strip()
        assert line != "failed"
        return line

    def close(self) -> None:
        self._process.communicate(timeout=20)


def kill(worker: int) -> None:
    os.kill(worker, signal.SIGKILL)

    def is_gone() -> bool:
        try:
            os.kill(worker, 0)
        except ProcessLookupError:
            return True
        return False

    wait_for(is_gone, 20, "the end of the worker")


@pytest.fixture(scope="module")
def nursery() -> Iterator[Nursery]:
    nursery = Nursery()
    yield nursery
    nursery.close()


def test_a_courier_killed_with_letters_in_hand(
    clean_engine: Engine, office: tuple[SlowOffice, int], nursery: Nursery
) -> None:
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
    worker = nursery.start("courier", clean_engine, port=port)
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


def test_a_sweeper_killed_before_its_commit(clean_engine: Engine, nursery: Nursery) -> None:
    house = House(Transactions(clean_engine)).found()
    with house.tx.write() as session:
        case = house.add_case(session)
        for number in range(7):
            house.add_task(session, case, f"S{number}", NOW - HOUR)
    worker = nursery.start("sweep", clean_engine)
    assert nursery.hear() == "3"
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


ROWS = 30
TABLE = "户号,户名,用电地址\n" + "".join(f"5101{n:05},客户{n},人民路{n}号\n" for n in range(ROWS))


def show_rows(session: Session, *kinds: type[Any]) -> list[str]:
    """What these tables hold, to the letter."""
    shown = []
    for kind in kinds:
        names = [column.key for column in kind.__table__.columns]
        shown += [repr(tuple(row)) for row in session.execute(select(*(getattr(kind, name) for name in names)))]
    return sorted(shown)


def test_imports_killed_while_they_read_apply_and_take_back(clean_engine: Engine, nursery: Nursery) -> None:
    tx, now = Transactions(clean_engine), [NOW]
    imports = CustomerImports(tx, lambda: now[0])
    with tx.write() as session:
        session.add(PersonRow(id=new_id(), name="周敏", login="zhou.min", created_at=NOW))
    with tx.read() as session:
        person_id = session.scalars(select(PersonRow.id)).one()
    actor = Actor(person_id, "zhou.min", "周敏", frozenset({Grant(Role.DEPARTMENT)}))
    import_id = imports.take_file(actor, "客户.csv", io.BytesIO(TABLE.encode()))

    def work_killed(stop_at: int) -> None:
        worker = nursery.start("import", clean_engine, now[0], stop_at=stop_at)
        assert nursery.hear() == "stands"
        kill(worker)

    def reach(state: str) -> ImportSeen:
        def work_on() -> bool:
            imports.run_all()
            with tx.read() as session:
                return show_import(session, actor, import_id).state == state

        # PostgreSQL lets go of a dead client's rows once it has noticed
        wait_for(work_on, 20, state)
        with tx.read() as session:
            return show_import(session, actor, import_id)

    def count(kind: type[Any]) -> int:
        with tx.read() as session:
            return session.scalar(select(func.count()).select_from(kind)) or 0

    # the claim, two chunks kept, the third not
    work_killed(4)
    assert count(ImportLineRow) == 14
    now[0] += timedelta(minutes=4)
    seen = reach("checked")
    assert (seen.rows, seen.rows_faulty, count(ImportLineRow), count(CustomerRow)) == (ROWS, 0, ROWS, 0)
    imports.apply(actor, import_id)
    # rows 2 to 7 and 8 to 14
    work_killed(3)
    assert count(CustomerRow) == 13
    assert reach("applied").rows_done == ROWS == count(CustomerRow) == count(DossierRow)
    imports.reverse(actor, import_id)
    work_killed(2)
    assert count(CustomerRow) == ROWS - 6
    assert (reach("reversed").rows_done, count(CustomerRow), count(DossierRow)) == (0, 0, 0)
    with tx.read() as session:
        acts = session.scalars(select(AuditRow.act).where(AuditRow.subject_id == import_id)).all()
    assert sorted(acts) == ["import_applied", "import_reversed"]


@pytest.mark.parametrize("act", ["discard", "place", "replace"])
def test_acts_on_papers_killed_before_their_commit(clean_engine: Engine, nursery: Nursery, act: str) -> None:
    house = found_house(Transactions(clean_engine))
    document_id = house.documents()["APPLICATION"].id
    (file,) = capture("", GOOD, GOOD, name="0001.pdf").files
    with house.tx.write() as session:
        capture_pages(session, house.actor("li"), capture(document_id, GOOD), house.now)
        scan_id = keep_unassigned(session, house.units["业务一班"], file, house.now)
        assert scan_id is not None
    with house.tx.read() as session:
        owner = PageRow.document_id == document_id if act == "replace" else PageRow.upload_id == scan_id
        pages = list(session.scalars(select(PageRow.id).where(owner)))
        kinds = (DocumentRow, DocumentActRow, UploadRow, PageRow, ContentRow, AuditRow, TaskRow)
        before = show_rows(session, *kinds)
    facts = {"act": act, "scan_id": scan_id, "document_id": document_id, "pages": pages, "people": house.people}
    worker = nursery.start("papers", clean_engine, house.now, **facts)
    assert nursery.hear() == "stands"
    kill(worker)
    with house.tx.read() as session:
        assert show_rows(session, *kinds) == before
    # the same again, by somebody who lives on: what the dead one held is free
    with house.tx.write() as session:
        if act == "discard":
            discard_pages(session, house.actor("zhao"), DiscardPages(scan_id, tuple(pages), "scanned twice"), house.now)
        elif act == "place":
            place_pages(session, house.actor("zhao"), PlacePages(scan_id, tuple(pages), document_id), house.now)
        else:
            anew = capture(document_id, GOOD, GOOD, name="anew", page_id=pages[0])
            capture_pages(session, house.actor("li"), anew, house.now)
    assert house.documents()["APPLICATION"].pages == {"discard": 1, "place": 3, "replace": 2}[act]
