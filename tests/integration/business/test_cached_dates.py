"""Dates in rows are a cache: rebuilt from news and calendar they are the same, before and after a sweep."""

from __future__ import annotations

import json
import random
from datetime import date, datetime, timedelta
from importlib import resources

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from central.domain.case_plans import Dates, Ground, KnownCase, KnownDocument, plan_case
from central.domain.cases import fold_events
from central.domain.documents import DocumentState
from central.services.marketing import take_news
from central.services.sweeps import sweep_due
from central.store.calendars import load_calendar
from central.store.case_writing import lock_case, rewrite_case
from central.store.cases import CaseRow, StepRow, load_case_events
from central.store.documents import DocumentRow, TaskRow
from central.store.ids import new_id
from central.store.rules import load_rules
from central.store.templates import TemplateRow
from central.store.tx import Transactions
from central.store.urges import UrgeRow
from tests.integration.business.news import HISTORY, LATER, START, read


@pytest.fixture
def tx(clean_engine: Engine) -> Transactions:
    """A centre that was told the history of a case, as it came."""
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


def rebuild(session: Session, now: datetime) -> dict[tuple[str, ...], Dates]:
    """Work every date out again from news, template and calendar alone."""
    found: dict[tuple[str, ...], Dates] = {}
    ground = Ground(load_rules(session), load_calendar(session), now)
    for case in session.scalars(select(CaseRow)):
        rows = session.scalars(select(DocumentRow).where(DocumentRow.case_id == case.id))
        documents = {(row.step, row.code): KnownDocument(DocumentState(row.state), row.captured_at) for row in rows}
        template = session.get_one(TemplateRow, case.template_id).to_template() if case.template_id else None
        state = fold_events(load_case_events(session, case.id))
        plan = plan_case(state, template, KnownCase(documents), ground)
        found |= {("step", each.code): each.dates for each in plan.steps}
        found |= {("task", each.step): each.dates for each in plan.tasks}
        found |= {("document", each.step, each.part.code): each.dates for each in plan.documents}
    return found


def read_rows(session: Session) -> dict[tuple[str, ...], StepRow | TaskRow | DocumentRow]:
    found: dict[tuple[str, ...], StepRow | TaskRow | DocumentRow] = {}
    found |= {("step", row.code): row for row in session.scalars(select(StepRow))}
    found |= {("task", row.step): row for row in session.scalars(select(TaskRow))}
    return found | {("document", row.step, row.code): row for row in session.scalars(select(DocumentRow))}


def compare(session: Session, now: datetime) -> int:
    """Compare all rows with what they are a cache of; return how many there were."""
    rows, dates = read_rows(session), rebuild(session, now)
    assert rows.keys() == dates.keys()
    for key, row in rows.items():
        assert row.due_at == dates[key].due_at, key
        assert row.band == dates[key].band.value, key
        if not isinstance(row, DocumentRow):
            assert row.warn_at == dates[key].warn_at, key
            assert row.calendar_revision == dates[key].calendar_revision, key
    return len(rows)


@pytest.mark.parametrize("seed", [1, 2])
def test_dates_rebuilt_are_the_same(tx: Transactions, seed: int) -> None:
    rng = random.Random(seed)
    news = list(HISTORY)
    rng.shuffle(news)
    now = START + timedelta(hours=20)
    with tx.write() as session:
        take_news(session, [read(event) for event in news], "2026-11", now)
    for hours in (20, 45, 90, 400):
        now = START + timedelta(hours=hours)
        with tx.write() as session:
            while sweep_due(session, now, 10).checked:
                session.flush()
        with tx.read() as session:
            assert compare(session, now) >= 10


def test_a_case_written_anew_beside_sweeps_is_urged_for_once(tx: Transactions) -> None:
    """Whatever is entered already is looked at again after each rewriting, and adds nothing."""
    now = START + timedelta(hours=90)
    with tx.write() as session:
        take_news(session, [read(event) for event in HISTORY], "2026-11", now)
    made = []
    for _ in range(3):
        with tx.write() as session:
            made.append(sweep_due(session, now).made)
            case_id = session.scalars(select(CaseRow.id)).one()
            rewrite_case(session, lock_case(session, case_id), Ground(load_rules(session), load_calendar(session), now))
    assert made[0] > 0
    assert made[1:] == [0, 0]
    with tx.read() as session:
        assert len(session.scalars(select(UrgeRow)).all()) == made[0]
