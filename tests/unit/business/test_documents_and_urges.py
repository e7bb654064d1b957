"""A document's way under any sequence of acts; urging whatever the sweeper's clock does."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from central.domain.documents import (
    GATES,
    PASSED,
    DocumentAct,
    DocumentState,
    PassedGate,
    ReturnReason,
    find_next,
    judge_act,
    list_acts,
)
from central.domain.urges import Level, UrgePolicy, find_occurrence, next_occurrence_at

AT = datetime(2026, 11, 24, tzinfo=UTC)


@given(st.lists(st.tuples(st.sampled_from(list(DocumentAct)), st.sampled_from("abc"), st.booleans()), max_size=40))
def test_accepted_means_three_people_and_three_gates(acts: list[tuple[DocumentAct, str, bool]]) -> None:
    state, pages = DocumentState.DUE, 0
    passed: list[PassedGate] = []
    for act, person, with_reason in acts:
        reason = ReturnReason.OTHER if with_reason else None
        refused = judge_act(state, act, person, passed, pages=pages, reason=reason)
        if refused is not None:
            continue
        after = find_next(state, act)
        assert after is not None
        state = after
        if act is DocumentAct.CAPTURE:
            pages, passed = pages + 1, []
        if act is DocumentAct.ARRANGE:
            passed = []
        if act is DocumentAct.RETURN:
            assert with_reason
            passed = []
        if act in GATES:
            passed.append(PassedGate(GATES[act], person, AT))
        assert [each.gate for each in passed] == list(range(1, PASSED[state] + 1))
        assert len({each.person_id for each in passed}) == len(passed)
        assert PASSED[state] == 0 or pages > 0


def test_every_state_but_the_last_leads_on() -> None:
    assert [state for state in DocumentState if not list_acts(state)] == [DocumentState.ACCEPTED]


POLICY = UrgePolicy()


@given(st.lists(st.integers(0, 20_000), max_size=30))
def test_sweeps_at_any_time_urge_once_per_period_and_never_twice(minutes: list[int]) -> None:
    made: set[int] = set()
    for minute in sorted(minutes):
        now = AT + timedelta(minutes=minute)
        found = find_occurrence(POLICY, AT + timedelta(hours=48), now)
        if found is None:
            assert minute < 48 * 60
            continue
        assert found.due_at <= now < next_occurrence_at(POLICY, AT + timedelta(hours=48), now)
        made.add(found.number)
    assert made == {(minute - 48 * 60) // (24 * 60) for minute in minutes if minute >= 48 * 60}


def test_levels_rise_and_the_lower_ones_still_hear_it() -> None:
    levels = []
    for days in range(7):
        found = find_occurrence(POLICY, AT, AT + timedelta(days=days))
        assert found is not None
        levels.append((found.level, len(found.recipients)))
    assert levels == [
        (Level.HANDLER, 1),
        (Level.COLLECTOR, 2),
        (Level.COLLECTOR, 2),
        (Level.TEAM_LEADER, 3),
        (Level.TEAM_LEADER, 3),
        (Level.CENTRE_MANAGER, 4),
        (Level.CENTRE_MANAGER, 4),
    ]
