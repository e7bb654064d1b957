"""Any acts by anybody in any order through the services: states follow the domain, tasks and gates follow the states."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, select

from central.domain.documents import PASSED, DocumentState, ReturnReason
from central.domain.people import Actor
from central.domain.permissions import Action
from central.domain.refusals import Refusal
from central.domain.tasks import PaperFact, judge_task
from central.domain.templates import Need
from central.services.documents import (
    ReturnDocument,
    accept_document,
    pass_review,
    return_document,
    self_check_document,
)
from central.services.step_gates import ask_gate
from central.services.tasks import send_task
from central.services.uploads import capture_pages
from central.store.documents import DocumentActRow, DocumentRow, PageRow, TaskRow
from central.store.tx import Transactions
from tests.integration.business.papers import CASE, PaperHouse, capture, found_house
from tests.plugins.postgres import empty_tables

#: What was done last leads to the state that it stands in.
LEADS = {
    "capture": "scanned",
    "self_check": "self_checked",
    "send": "sent",
    "pass_review": "reviewed",
    "return": "returned",
    "accept": "accepted",
}


def call(house: PaperHouse, name: str, document_id: str, number: int) -> tuple[Callable[..., object], Any]:
    """The service of an act and its argument."""
    return {
        "capture": (capture_pages, capture(document_id, name=f"scan-{number}.png")),
        "self_check": (self_check_document, document_id),
        "send": (send_task, house.task().id),
        "pass_review": (pass_review, document_id),
        "return_2": (return_document, ReturnDocument(document_id, Action.REVIEW_DOCUMENT, ReturnReason.UNREADABLE)),
        "return_3": (return_document, ReturnDocument(document_id, Action.ACCEPT_DOCUMENT, ReturnReason.UNREADABLE)),
        "accept": (accept_document, document_id),
    }[name]


ACTS = st.tuples(
    st.sampled_from(
        ["all_sent", "all_passed", "capture", "self_check", "send", "pass_review", "return_2", "return_3", "accept"]
    ),
    st.integers(0, 4),
    st.sampled_from(["own", "own", "own", "li", "zhao", "qian", "sun", "zhou", "wu"]),
)
LONG = {"all_sent": ("capture", "self_check", "send"), "all_passed": ("pass_review",)}
OWN = {"capture": "li", "self_check": "li", "send": "li", "pass_review": "zhao", "return_2": "zhao"}


@pytest.mark.parametrize("kind", ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
@settings(max_examples=4)
@given(acts=st.lists(ACTS, min_size=4, max_size=10))
def test_any_history_keeps_papers_task_and_gate_together(
    databases: Any, kind: str, acts: list[tuple[str, int, str]]
) -> None:
    engine: Engine = databases.engine(kind)
    empty_tables(engine)
    house = found_house(Transactions(engine))
    ids = sorted(row.id for row in house.documents().values())
    actors = {login: house.actor(login) for login in house.people}
    for number, (name, which, who) in enumerate(acts):
        if name in LONG:
            follow(house, actors, ids, LONG[name])
            continue
        login = OWN.get(name, "qian") if who == "own" else who
        service, argument = call(house, name, ids[which % len(ids)], number)
        before = read_state(house)
        try:
            with house.tx.write() as session:
                service(session, actors[login], argument, house.now)
        except Refusal:
            assert read_state(house) == before
        check(house)


def follow(house: PaperHouse, actors: dict[str, Actor], ids: list[str], names: tuple[str, ...]) -> None:
    """Take every paper as far as these acts go; what is at another point stays there."""
    for number, name in enumerate(names):
        for document_id in ids:
            service, argument = call(house, name, document_id, number)
            with contextlib.suppress(Refusal), house.tx.write() as session:
                service(session, actors[OWN[name]], argument, house.now)
    check(house)


def read_state(house: PaperHouse) -> list[tuple[Any, ...]]:
    with house.tx.read() as session:
        found: list[tuple[Any, ...]] = [
            (row.id, row.state, row.pages) for row in session.scalars(select(DocumentRow).order_by(DocumentRow.id))
        ]
        found += [(row.id, row.voided) for row in session.scalars(select(DocumentActRow).order_by(DocumentActRow.id))]
        found += [(row.id, row.retired_at) for row in session.scalars(select(PageRow).order_by(PageRow.id))]
        return [*found, *((row.id, row.state) for row in session.scalars(select(TaskRow)))]


def check(house: PaperHouse) -> None:
    """The rows agree with each other whatever came before."""
    with house.tx.read() as session:
        rows = list(session.scalars(select(DocumentRow)))
        for row in rows:
            acts = session.scalars(
                select(DocumentActRow).where(DocumentActRow.document_id == row.id).order_by(DocumentActRow.id)
            ).all()
            assert row.state == (LEADS[acts[-1].act] if acts else "due")
            valid = {act.gate: act.person_id for act in acts if act.gate and not act.voided}
            assert max(valid, default=0) == PASSED[DocumentState(row.state)]
            assert len(set(valid.values())) == len(valid), "one person passed two gates"
            live = select(PageRow.number).where(PageRow.document_id == row.id, PageRow.retired_at.is_(None))
            assert sorted(session.scalars(live)) == list(range(1, row.pages + 1))
        task = session.scalars(select(TaskRow)).one()
        facts = [PaperFact(DocumentState(row.state), Need(row.need), row.gate) for row in rows]
        assert task.state == judge_task(facts)
        answer = ask_gate(session, None, CASE, "ACCEPT", house.now).answer
        # what is owed is overdue by now, so it counts like the rest
        asked = [row for row in rows if row.need != "welcome"]
        assert answer.state == (
            "open" if all(PASSED[DocumentState(row.state)] >= row.gate for row in asked) else "closed"
        )
