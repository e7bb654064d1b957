"""The one commit site: it commits before the answer leaves, and nothing else ever does."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator
from typing import Annotated

import pytest
from fastapi import Depends, FastAPI, Request
from fastapi.testclient import TestClient
from sqlalchemy import Engine, func, select, text
from sqlalchemy.orm import Session

from central.api.transactions import WriteSession
from central.store import tx as tx_module
from central.store.base import open_engine
from central.store.gate import GateBusyError
from central.store.rooms import RoomRow
from central.store.tx import Transactions
from tests.integration.central.centre import START


def add_room(session: Session, room_id: str, number: str) -> None:
    session.add(RoomRow(id=room_id, number=number, name="库房", created_at=START))


def count_rooms(tx: Transactions) -> int:
    with tx.read() as session:
        return session.scalar(select(func.count()).select_from(RoomRow)) or 0


async def late_session(request: Request) -> AsyncIterator[Session]:
    async with request.app.state.tx.write_async() as session:
        yield session


LateSession = Annotated[Session, Depends(late_session)]


@pytest.fixture
def tx(clean_engine: Engine) -> Transactions:
    return Transactions(clean_engine)


def make_app(tx: Transactions) -> FastAPI:
    """Endpoints that write and then succeed, raise, or fail at the commit."""
    app = FastAPI()
    app.state.tx = tx

    @app.post("/good")
    def write_well(session: WriteSession) -> str:
        add_room(session, "r01", "01")
        return "done"

    @app.post("/raises")
    def write_and_raise(session: WriteSession) -> str:
        add_room(session, "r01", "01")
        session.flush()
        raise RuntimeError("after the write")

    @app.post("/invalid/{number}")
    def write_with_number(number: int, session: WriteSession) -> int:
        add_room(session, "r01", "01")
        return number

    return app


def test_a_write_is_there_when_the_answer_is(tx: Transactions) -> None:
    with TestClient(make_app(tx)) as client:
        assert client.post("/good").status_code == 200
    assert count_rooms(tx) == 1


def test_a_failed_commit_never_answers_200(tx: Transactions) -> None:
    def fail(_session: Session) -> None:
        raise OSError("the disk is full")

    tx.before_commit(fail)
    with TestClient(make_app(tx), raise_server_exceptions=False) as client:
        assert client.post("/good").status_code == 500
    assert count_rooms(tx) == 0


def test_the_default_scope_would_answer_200_before_a_failing_commit(tx: Transactions) -> None:
    """Why the scope is written out: with FastAPI's default the same failure is a success to the caller."""

    def fail(_session: Session) -> None:
        raise OSError("the disk is full")

    app = FastAPI()
    app.state.tx = tx
    tx.before_commit(fail)

    @app.post("/late")
    def write_late(session: LateSession) -> str:
        add_room(session, "r01", "01")
        return "done"

    with TestClient(app, raise_server_exceptions=False) as client:
        assert client.post("/late").status_code == 200
    assert count_rooms(tx) == 0


def test_an_exception_rolls_back(tx: Transactions) -> None:
    with TestClient(make_app(tx), raise_server_exceptions=False) as client:
        assert client.post("/raises").status_code == 500
        assert client.post("/invalid/x").status_code == 422
    assert count_rooms(tx) == 0
    with TestClient(make_app(tx)) as client:
        assert client.post("/good").status_code == 200


def test_a_read_session_keeps_nothing(tx: Transactions) -> None:
    with tx.read() as session:
        add_room(session, "r01", "01")
        session.flush()
    assert count_rooms(tx) == 0


def test_last_steps_run_inside_and_listeners_after(tx: Transactions) -> None:
    told: list[tuple[str, int]] = []
    tx.before_commit(lambda _session: told.append(("step", count_rooms(tx))))
    tx.after_commit(lambda _session: told.append(("listener", count_rooms(tx))))
    with tx.write() as session:
        add_room(session, "r01", "01")
    assert told == [("step", 0), ("listener", 1)]
    with pytest.raises(RuntimeError), tx.write() as session:
        raise RuntimeError
    assert len(told) == 2


def test_many_requests_and_a_job_write_without_loss(tx: Transactions, monkeypatch: pytest.MonkeyPatch) -> None:
    """More requests than threads, beside a job: nobody starves, nobody deadlocks, nothing is lost."""
    # On a machine that does ten other things a turn may come late; a deadlock never lets it come.
    monkeypatch.setattr(tx_module, "GATE_WAIT_S", 50.0)
    app, lock = make_app(tx), threading.Lock()
    numbers = iter(range(1000))

    @app.post("/count")
    def write_next(session: WriteSession) -> int:
        with lock:
            number = next(numbers)
        add_room(session, f"q{number}", f"{number:02d}"[-2:] if number < 100 else "zz")
        return number

    answers: list[int] = []

    def post() -> None:
        answers.append(client.post("/count").status_code)

    def work() -> None:
        for no in range(20):
            with tx.write() as session:
                session.execute(text("UPDATE rooms SET name = :name"), {"name": f"库房 {no}"})

    with TestClient(app) as client:
        threads = [threading.Thread(target=post) for _ in range(60)] + [threading.Thread(target=work)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
    assert answers == [200] * 60
    assert count_rooms(tx) == 60


def test_a_writer_that_waits_too_long_is_told(tmp_path: object, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = open_engine(f"sqlite:///{tmp_path}/a.db", pool_size=16)
    monkeypatch.setattr(tx_module, "GATE_WAIT_S", 0.01)
    tx = Transactions(engine, pool_size=16)
    with tx.write(), pytest.raises(GateBusyError), tx.write():
        pass
    with tx.write() as session:
        session.execute(text("SELECT 1"))
    engine.dispose()
