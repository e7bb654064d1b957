"""What follows from a case's news, and that it follows once."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from importlib import resources
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from central.domain.calendar_seed import found_calendar
from central.domain.case_plans import CasePlan, Ground, KnownCase, KnownDocument, plan_case
from central.domain.cases import CaseEvent, CaseEventKind, fold_events
from central.domain.clocks import Band
from central.domain.documents import DocumentState
from central.domain.rules import DatedRules, RuleBook, Rules
from central.domain.step_gates import GateState
from central.domain.tasks import PaperFact, TaskState, judge_task
from central.domain.templates import Need, parse_template

START = datetime(2026, 11, 2, 1, tzinfo=UTC)
CALENDAR = found_calendar()
FILE = resources.files("central") / "seeds" / "templates" / "LV-COM.json"
TEMPLATE = parse_template(json.loads(FILE.read_text("utf-8")))
REQUIRED = ("APPLICATION", "LICENCE", "PROXY", "EQUIPMENT")


def tell(number: int, kind: CaseEventKind, hours: float, corrects: str | None = None, **facts: Any) -> CaseEvent:
    return CaseEvent(f"e{number:03}", kind, START + timedelta(hours=hours), facts, corrects)


NEWS = [
    tell(1, CaseEventKind.OPENED, 0, business="LV-COM", customers=["5101"], attributes={}),
    tell(2, CaseEventKind.STEP_STARTED, 0, step="ACCEPT", handler="wang"),
    tell(
        3, CaseEventKind.STEP_COMPLETED, 2, step="ACCEPT", papers={"LICENCE": (START - timedelta(hours=3)).isoformat()}
    ),
    tell(4, CaseEventKind.STEP_STARTED, 3, step="PLAN"),
]


def plan(news: list[CaseEvent], after_hours: float, known: KnownCase | None = None, pack: str = "C") -> CasePlan:
    ground = Ground(
        RuleBook((DatedRules(1, START, Rules(limit_pack=pack)),)), CALENDAR, START + timedelta(hours=after_hours)
    )
    return plan_case(fold_events(news), TEMPLATE, known or KnownCase(), ground)


def know(plan_: CasePlan, state: DocumentState, captured_at: datetime | None = None) -> KnownCase:
    """The tables after a plan was written and every document had come to a state."""
    return KnownCase(
        {(each.step, each.part.code): KnownDocument(state, captured_at) for each in plan_.documents},
        {each.code: each.gate.state for each in plan_.steps},
    )


def test_a_completed_step_asks_for_its_papers_and_an_open_one_for_none() -> None:
    found = plan(NEWS, 4)
    assert [task.step for task in found.tasks] == ["ACCEPT"]
    assert [each.part.code for each in found.documents] == [*REQUIRED, "LEASE"]
    task = found.tasks[0]
    assert (task.state, task.handler, task.dates.due_at) == (TaskState.TO_ADD, "wang", START + timedelta(hours=50))
    licence, application = found.documents[1], found.documents[0]
    assert (licence.created_assumed, licence.dates.due_at) == (False, START + timedelta(hours=45))
    assert (application.created_assumed, application.dates.due_at) == (True, START + timedelta(hours=50))
    assert found.documents[4].owed_until == date(2026, 11, 17)
    assert [step.gate.state for step in found.steps] == [GateState.CLOSED, GateState.CLOSED]


def test_a_step_under_a_limit_has_its_dates() -> None:
    """Pack C gives a low-voltage plan 3 working days: from Monday the 2nd the end of Thursday the 5th."""
    step = plan(NEWS, 4).steps[1]
    assert step.dates.due_at == datetime(2026, 11, 5, 16, tzinfo=UTC)
    assert (step.dates.band, step.dates.next_check_at) == (Band.NORMAL, step.dates.warn_at)
    assert plan(NEWS, 200).steps[1].dates.band is Band.OVERDUE
    assert plan(NEWS, 4, pack="A").steps[1].dates.due_at is None


def test_what_was_entered_is_to_be_looked_at_and_what_is_done_is_not() -> None:
    late = plan(NEWS, 60)
    assert late.tasks[0].dates.band is Band.OVERDUE
    assert late.tasks[0].dates.next_check_at == late.tasks[0].dates.due_at
    sent = plan(NEWS, 60, know(late, DocumentState.SENT, START + timedelta(hours=47)))
    assert (sent.tasks[0].state, sent.tasks[0].dates.next_check_at) == (TaskState.SENT, None)
    bands = {each.part.code: each.dates.band for each in sent.documents if each.part.need is Need.REQUIRED}
    assert bands == {
        "APPLICATION": Band.WARNING,
        "LICENCE": Band.OVERDUE,
        "PROXY": Band.WARNING,
        "EQUIPMENT": Band.WARNING,
    }


def test_gates_turn_once() -> None:
    found = plan(NEWS, 4)
    known = know(found, DocumentState.REVIEWED)
    turned = plan(NEWS, 5, known)
    assert [(step.gate.state, step.gate_turned) for step in turned.steps] == [
        (GateState.OPEN, True),
        (GateState.CLOSED, False),
    ]
    again = plan(NEWS, 6, KnownCase(known.documents, {step.code: step.gate.state for step in turned.steps}))
    assert [step.gate_turned for step in again.steps] == [False, False]


def test_a_correction_voids_what_nothing_asks_for_and_keeps_the_rest() -> None:
    dual = tell(
        5, CaseEventKind.OPENED, 0, "e001", business="LV-COM", customers=["5101"], attributes={"dual_source": True}
    )
    first = plan([*NEWS, dual], 4)
    assert "DUAL" in [each.part.code for each in first.documents]
    plain = tell(6, CaseEventKind.OPENED, 0, "e005", business="LV-COM", customers=["5101"], attributes={})
    second = plan([*NEWS, dual, plain], 5, know(first, DocumentState.SCANNED, START + timedelta(hours=4)))
    assert second.voided == {("ACCEPT", "DUAL")}
    assert len(second.documents) == 5


def test_a_case_that_nobody_opened_asks_for_nothing_yet() -> None:
    found = plan(NEWS[1:], 4)
    assert (found.tasks, found.documents) == ((), ())
    assert found.steps[0].gate.reasons == ("case_not_opened",)


@pytest.mark.parametrize(
    ("papers", "expected"),
    [
        ([], TaskState.DONE),
        (["due/required"], TaskState.TO_ADD),
        (["due/welcome"], TaskState.DONE),
        (["due/owed"], TaskState.SENT),
        (["scanned/required"], TaskState.TO_SEND),
        (["sent/required", "self_checked/owed"], TaskState.TO_SEND),
        (["sent/required", "due/owed"], TaskState.SENT),
        (["reviewed/required", "returned/required"], TaskState.TO_ADD),
        (["reviewed/required", "returned/owed"], TaskState.TO_ADD),
        (["reviewed/required", "due/owed"], TaskState.SENT),
        (["reviewed/required", "accepted/required"], TaskState.DONE),
    ],
)
def test_a_task_from_its_papers(papers: list[str], expected: TaskState) -> None:
    facts = [PaperFact(DocumentState(state), Need(need), 2) for state, need in (paper.split("/") for paper in papers)]
    assert judge_task(facts) is expected


@given(
    st.dictionaries(st.sampled_from([*REQUIRED, "LEASE"]), st.sampled_from(list(DocumentState))), st.integers(3, 900)
)
def test_planning_again_changes_nothing(states: dict[str, DocumentState], hours: int) -> None:
    first = plan(NEWS, hours)
    known = KnownCase(
        {
            ("ACCEPT", each.part.code): KnownDocument(states.get(each.part.code, DocumentState.DUE), START)
            for each in first.documents
        },
        {each.code: each.gate.state for each in first.steps},
    )
    second = plan(NEWS, hours, known)
    third = plan(NEWS, hours, KnownCase(known.documents, {each.code: each.gate.state for each in second.steps}))
    assert third.voided == frozenset()
    assert not any(each.gate_turned for each in third.steps)
    assert (third.tasks, third.documents) == (second.tasks, second.documents)
