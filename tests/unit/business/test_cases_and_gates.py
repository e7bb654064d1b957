"""News in any order gives the same case; the gate says what stands in the way."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from central.domain.calendar_seed import found_calendar
from central.domain.cases import CaseEvent, CaseEventKind, CaseState, find_running, fold_events
from central.domain.clocks import Interval
from central.domain.documents import DocumentState
from central.domain.step_gates import GateState, Lack, answer_gate
from central.domain.templates import parse_template

START = datetime(2026, 11, 2, 1, tzinfo=UTC)
TEMPLATE = parse_template(
    {
        "code": "LV-COM",
        "name": "低压非居民新装",
        "name_en": "LV non-resident",
        "steps": [
            {
                "code": "ACCEPT",
                "name": "受理",
                "name_en": "accept",
                "documents": [
                    {"code": "APPLICATION", "name": "用电申请书", "name_en": "application"},
                    {"code": "LICENCE", "name": "营业执照", "name_en": "licence", "gate": 1},
                    {
                        "code": "TITLE",
                        "name": "产权证明",
                        "name_en": "title",
                        "need": "owed",
                        "owed_days": 10,
                    },
                    {
                        "code": "DUAL",
                        "name": "双电源必要性说明",
                        "name_en": "dual-source reason",
                        "when": {"attribute": "dual_source", "is": True},
                    },
                    {"code": "PHOTO", "name": "现场照片", "name_en": "photo", "need": "welcome"},
                ],
            }
        ],
    }
)
STEP = TEMPLATE.steps[0]
CALENDAR = found_calendar()


def tell(number: int, kind: CaseEventKind, hours: int, corrects: str | None = None, **facts: Any) -> CaseEvent:
    return CaseEvent(f"e{number:03}", kind, START + timedelta(hours=hours), facts, corrects)


HISTORY = [
    tell(1, CaseEventKind.OPENED, 0, business="LV-COM", customers=["5101"], attributes={"dual_source": True}),
    tell(2, CaseEventKind.STEP_STARTED, 1, step="ACCEPT", handler="wang"),
    tell(3, CaseEventKind.PAUSED, 5, reason="customer", step="ACCEPT"),
    tell(4, CaseEventKind.RESUMED, 9, step="ACCEPT"),
    tell(5, CaseEventKind.STEP_COMPLETED, 12, step="ACCEPT", papers={"LICENCE": START.isoformat()}),
    tell(6, CaseEventKind.STEP_STARTED, 12, step="SURVEY"),
    tell(7, CaseEventKind.PAUSED, 20, reason="grid"),
    tell(8, CaseEventKind.RESUMED, 30),
    tell(9, CaseEventKind.STEP_COMPLETED, 40, step="SURVEY"),
    tell(10, CaseEventKind.STEP_COMPLETED, 11, corrects="e005", step="ACCEPT"),
]


@given(st.randoms(use_true_random=False), st.lists(st.sampled_from(HISTORY), max_size=10))
def test_any_order_with_repeats_gives_the_same_case(rng: random.Random, repeats: list[CaseEvent]) -> None:
    news = [*HISTORY, *repeats]
    rng.shuffle(news)
    assert fold_events(news) == fold_events(HISTORY)


EVENTS = st.builds(
    lambda number, kind, hours, step, corrects: CaseEvent(
        f"e{number:03}",
        kind,
        START + timedelta(hours=hours),
        {"business": "B", "customers": ["c"], "step": step}
        if kind not in (CaseEventKind.PAUSED, CaseEventKind.RESUMED) or step != "S0"
        else {},
        corrects,
    ),
    st.integers(0, 999),
    st.sampled_from(list(CaseEventKind)),
    st.integers(0, 30),
    st.sampled_from(["S0", "S1", "S2"]),
    st.one_of(st.none(), st.none(), st.sampled_from(["e001", "e500"])),
)


@given(st.lists(EVENTS, max_size=14, unique_by=lambda event: event.id), st.randoms(use_true_random=False))
def test_the_fold_never_falls_and_never_depends_on_arrival(events: list[CaseEvent], rng: random.Random) -> None:
    shuffled = [*events, *events]
    rng.shuffle(shuffled)
    state = fold_events(events)
    assert fold_events(shuffled) == state
    for step in state.steps:
        running = find_running(state, step)
        assert all(each.until is None or each.since < each.until for each in running)


def test_a_step_runs_without_its_pauses_and_a_correction_takes_the_place() -> None:
    state = fold_events(HISTORY)
    accept, survey = state.steps
    hour = [START + timedelta(hours=number) for number in range(41)]
    assert find_running(state, accept) == (Interval(hour[1], hour[5]), Interval(hour[9], hour[11]))
    assert find_running(state, survey) == (Interval(hour[12], hour[20]), Interval(hour[30], hour[40]))
    assert state.odd == ()
    assert accept.papers == {}


def test_contradictions_are_shown_and_change_nothing() -> None:
    odd = tell(11, CaseEventKind.RESUMED, 50)
    state = fold_events([*HISTORY, odd])
    assert state.odd == (("e011", "resumed_without_pause"),)
    assert state.steps == fold_events(HISTORY).steps


def answer(state: CaseState, today: date, **documents: DocumentState) -> Any:
    return answer_gate(STEP, state, documents, CALENDAR, today)


def test_the_gate_names_what_is_missing() -> None:
    case = fold_events(HISTORY)
    today = date(2026, 11, 3)
    found = answer(case, today, LICENCE=DocumentState.SELF_CHECKED, APPLICATION=DocumentState.RETURNED)
    assert found.state is GateState.CLOSED
    assert [(each.code, each.lack) for each in found.missing] == [
        ("APPLICATION", Lack.RETURNED),
        ("TITLE", Lack.OWED),
        ("DUAL", Lack.NOT_CAPTURED),
    ]


@pytest.mark.parametrize(
    ("days", "title", "expected"),
    [
        (0, DocumentState.DUE, GateState.OPEN_WITH_DEBT),
        (10, DocumentState.SENT, GateState.OPEN_WITH_DEBT),
        (11, DocumentState.SENT, GateState.CLOSED),
        (11, DocumentState.REVIEWED, GateState.OPEN),
    ],
)
def test_what_is_owed_opens_with_a_debt_until_its_day(days: int, title: DocumentState, expected: GateState) -> None:
    reviewed = dict.fromkeys(("APPLICATION", "LICENCE", "DUAL"), DocumentState.REVIEWED)
    found = answer(fold_events(HISTORY), date(2026, 11, 2) + timedelta(days=days), TITLE=title, **reviewed)
    assert found.state is expected


@given(
    st.dictionaries(
        st.sampled_from(["APPLICATION", "LICENCE", "TITLE", "DUAL", "PHOTO"]), st.sampled_from(list(DocumentState))
    ),
    st.integers(0, 20),
)
def test_the_gate_is_closed_exactly_while_something_stands_in_the_way(
    documents: dict[str, DocumentState], days: int
) -> None:
    passed = {
        DocumentState.SELF_CHECKED: 1, DocumentState.SENT: 1, DocumentState.REVIEWED: 2, DocumentState.ACCEPTED: 3,
    }  # fmt: skip
    reached = {
        code: passed.get(documents.get(code, DocumentState.DUE), 0)
        for code in ("APPLICATION", "LICENCE", "TITLE", "DUAL")
    }
    firm = reached["APPLICATION"] >= 2 and reached["LICENCE"] >= 1 and reached["DUAL"] >= 2
    title = reached["TITLE"] >= 2
    found = answer(fold_events(HISTORY), date(2026, 11, 2) + timedelta(days=days), **documents)
    assert (found.state is GateState.OPEN) is (firm and title)
    assert (found.state is GateState.OPEN_WITH_DEBT) is (firm and not title and days <= 10)


def test_a_case_that_nobody_opened_passes_no_gate() -> None:
    found = answer(fold_events(HISTORY[1:]), date(2026, 11, 3))
    assert (found.state, found.reasons) == (GateState.CLOSED, ("case_not_opened",))
