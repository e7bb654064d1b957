"""The marketing system's news in any order, with repeats and corrections, on both databases."""

from __future__ import annotations

import json
import random
from datetime import date
from importlib import resources

import pytest
from sqlalchemy import Engine, event, select
from sqlalchemy.orm import Session

from central.domain.refusals import NotFound
from central.domain.step_gates import GateState
from central.services.marketing import NewsTaken, Taken, take_news
from central.services.step_gates import ask_gate
from central.store.callbacks import CallbackRow
from central.store.cases import CaseRow
from central.store.customers import CitationRow
from central.store.documents import DocumentRow
from central.store.ids import new_id
from central.store.schema import metadata
from central.store.templates import TemplateRow
from central.store.tx import Transactions
from tests.integration.business.news import HISTORY, LATER, read, show_end, tell


@pytest.fixture
def tx(clean_engine: Engine) -> Transactions:
    """A centre that knows one kind of business."""
    transactions = Transactions(clean_engine)
    file = resources.files("central") / "seeds" / "templates" / "LV-COM.json"
    with transactions.write() as session:
        session.add(
            TemplateRow(
                id=new_id(),
                business="LV-COM",
                version=1,
                name="低压非居民新装",
                name_en="LV non-resident",
                body=json.loads(file.read_text("utf-8")),
                state="approved",
                effective_from=date(2020, 1, 1),
                created_at=LATER,
            )
        )
    return transactions


def take(tx: Transactions, events: list[dict[str, object]]) -> NewsTaken:
    with tx.write() as session:
        return take_news(session, [read(each) for each in events], "2026-11", LATER)


@pytest.mark.parametrize("seed", range(4))
def test_any_order_and_any_batches_give_the_same_tables(tx: Transactions, seed: int) -> None:
    """One customer's and one case's news, shuffled with repeats; a twin case told in order is the measure."""
    rng = random.Random(seed)
    news = [*HISTORY, *rng.sample(HISTORY, 4)]
    rng.shuffle(news)
    while news:
        size = rng.randint(1, 5)
        take(tx, news[:size])
        news = news[size:]
    with tx.read() as session:
        shuffled = show_end(session)
    with tx.write() as session:
        _forget_all(session)
    take(tx, HISTORY)
    with tx.read() as session:
        assert show_end(session) == shuffled


def _forget_all(session: Session) -> None:
    kept = {"templates", "people", "units", "rooms", "settings", "alembic_version"}
    for table in reversed(metadata.sorted_tables):
        if table.name not in kept:
            session.execute(table.delete())


def test_an_event_is_taken_once_and_its_id_serves_no_other_news(tx: Transactions) -> None:
    assert [end.result for end in take(tx, HISTORY[3:5]).events] == [Taken.NEW, Taken.NEW]
    assert [end.result for end in take(tx, HISTORY[4:6]).events] == [Taken.KNOWN, Taken.NEW]
    other = tell(5, "step_started", 9, case_no="8001", step="SURVEY")
    assert [end.result for end in take(tx, [other]).events] == [Taken.CONFLICT]
    with tx.read() as session:
        assert ask_gate(session, None, "8001", "ACCEPT", LATER).answer.state is GateState.CLOSED
        with pytest.raises(NotFound):
            ask_gate(session, None, "8001", "NEVER", LATER)


def test_a_gate_that_turns_is_told_once(tx: Transactions) -> None:
    take(tx, HISTORY[3:11])
    with tx.write() as session:
        for row in session.scalars(select(DocumentRow).where(DocumentRow.step == "SURVEY")):
            row.state, row.captured_at = "reviewed", LATER
    turned = take(tx, [tell(20, "step_started", 40, case_no="8001", step="PLAN")]).turned
    assert [(each.step, each.answer.state) for each in turned] == [("SURVEY", GateState.OPEN)]
    take(tx, [tell(21, "case_paused", 41, case_no="8001", reason="grid")])
    with tx.read() as session:
        told = session.execute(select(CallbackRow.subject, CallbackRow.sequence, CallbackRow.body)).all()
        assert [(subject, sequence) for subject, sequence, _ in told] == [("8001/SURVEY", 1)]
        assert told[0].body["state"] == "open"
        assert session.scalar(select(CaseRow.paused).where(CaseRow.case_no == "8001")) is True


def test_many_customers_cost_no_more_statements_than_two(tx: Transactions) -> None:
    """What one write asks of the database is a matter of sets: the gate of all writers must not be held by the row."""
    needed = []
    for count in (2, 80):
        case_no, numbers = f"9{count:03}", [f"5101{count:03}{number:05}" for number in range(count)]
        opened = tell(40 + count, "case_opened", 0, case_no=case_no, business="LV-COM", customers=numbers)
        take(tx, [opened])
        done = tell(41 + count, "step_completed", 3, case_no=case_no, step="ACCEPT")
        needed.append(count_statements(tx, [done]))
        with tx.read() as session:
            filed = select(DocumentRow.id).join(CaseRow).where(CaseRow.case_no == case_no)
            papers = len(session.scalars(filed).all())
            cited = session.scalars(select(CitationRow.document_id).where(CitationRow.document_id.in_(filed))).all()
        assert papers > 0
        assert len(cited) == papers * (count - 1)
    assert needed[0] == needed[1] < 40


def count_statements(tx: Transactions, events: list[dict[str, object]]) -> int:
    """Take news and return how many statements that took."""
    seen: list[str] = []

    def note(_: object, __: object, statement: str, *___: object) -> None:
        seen.append(statement)

    event.listen(tx.engine, "before_cursor_execute", note)
    try:
        take(tx, events)
    finally:
        event.remove(tx.engine, "before_cursor_execute", note)
    return len(seen)


def test_a_case_keeps_the_template_that_it_began_with(tx: Transactions) -> None:
    take(tx, HISTORY[3:6])
    with tx.write() as session:
        first = session.scalars(select(TemplateRow)).one()
        session.add(
            TemplateRow(
                id=new_id(),
                business="LV-COM",
                version=2,
                name=first.name,
                name_en=first.name_en,
                body=first.body,
                state="approved",
                effective_from=date(2026, 11, 1),
                created_at=LATER,
            )
        )
        first_id = first.id
    take(tx, HISTORY[6:9])
    take(tx, [tell(30, "case_opened", 1, case_no="8002", business="LV-COM", customers=["510100009"])])
    with tx.read() as session:
        kept = dict(session.execute(select(CaseRow.case_no, CaseRow.template_id)).all())
    assert kept["8001"] == first_id
    assert kept["8002"] != first_id
