"""Nobody passes the same document through two gates, deputies included."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from central.domain.review_gates import Ban, Gate, GatePass, may_pass

HANDLER, COLLECTOR, ARCHIVIST = Gate


def test_three_people_pass_three_gates() -> None:
    first, second = GatePass(HANDLER, "wang"), GatePass(COLLECTOR, "li")
    assert may_pass([first], second) is None
    assert may_pass([first, second], GatePass(ARCHIVIST, "chen")) is None


def test_the_same_person_is_banned_from_another_gate() -> None:
    assert may_pass([GatePass(HANDLER, "wang")], GatePass(COLLECTOR, "wang")) == Ban(HANDLER, "wang")
    history = [GatePass(HANDLER, "wang"), GatePass(COLLECTOR, "li")]
    assert may_pass(history, GatePass(ARCHIVIST, "wang")) == Ban(HANDLER, "wang")


def test_a_deputy_doesnt_get_round_the_ban() -> None:
    """The deputy's own pass counts, and so does the word of the person for whom they act."""
    own = [GatePass(HANDLER, "wang")]
    assert may_pass(own, GatePass(COLLECTOR, "wang", acting_for="li")) == Ban(HANDLER, "wang")
    assert may_pass(own, GatePass(COLLECTOR, "chen", acting_for="wang")) == Ban(HANDLER, "wang")
    lent = [GatePass(HANDLER, "chen", acting_for="wang")]
    assert may_pass(lent, GatePass(COLLECTOR, "wang")) == Ban(HANDLER, "wang")
    assert may_pass(own, GatePass(COLLECTOR, "chen", acting_for="li")) is None


def test_the_same_gate_may_be_passed_again_after_a_return() -> None:
    assert may_pass([GatePass(HANDLER, "wang")], GatePass(HANDLER, "wang")) is None


PASSES = st.builds(
    GatePass, st.sampled_from(Gate), st.sampled_from("abcd"), st.one_of(st.none(), st.sampled_from("abcd"))
)


@given(st.lists(PASSES, max_size=12))
def test_whatever_is_tried_no_word_ever_stands_at_two_gates(tried: list[GatePass]) -> None:
    history: list[GatePass] = []
    for candidate in tried:
        if may_pass(history, candidate) is None:
            history.append(candidate)
    for person in "abcd":
        assert len({passed.gate for passed in history if person in passed.people}) <= 1
