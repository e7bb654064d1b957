"""Conditions: what holds, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from central.domain.conditions import find_faults, holds, list_attributes

CASE = {"voltage_kv": 10, "dual_source": True, "customer_kind": "company"}


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (None, True),
        ({"attribute": "voltage_kv", "at_least": 10}, True),
        ({"attribute": "voltage_kv", "at_least": 110}, False),
        ({"attribute": "voltage_kv", "at_most": 9.5}, False),
        ({"attribute": "dual_source", "is": True}, True),
        ({"attribute": "dual_source", "is": 1}, False),
        ({"attribute": "voltage_kv", "in": [10, 35]}, True),
        ({"attribute": "customer_kind", "in": ["resident"]}, False),
        ({"attribute": "lease", "present": False}, True),
        ({"attribute": "lease", "is": True}, False),
        ({"not": {"attribute": "lease", "is": True}}, True),
        ({"attribute": "customer_kind", "at_least": 3}, False),
        ({"all": [{"attribute": "dual_source", "is": True}, {"attribute": "voltage_kv", "is": 35}]}, False),
        ({"any": [{"attribute": "dual_source", "is": True}, {"attribute": "voltage_kv", "is": 35}]}, True),
    ],
)
def test_holds(condition: dict[str, Any] | None, expected: bool) -> None:
    assert condition is None or list(find_faults(condition)) == []
    assert holds(condition, CASE) is expected


@pytest.mark.parametrize(
    "condition",
    [
        [],
        {},
        {"attribute": "a"},
        {"attribute": "", "is": 1},
        {"attribute": "a", "is": 1, "in": [1]},
        {"attribute": "a", "is": None},
        {"attribute": "a", "in": []},
        {"attribute": "a", "at_least": "1"},
        {"attribute": "a", "at_least": True},
        {"attribute": "a", "matches": ".*"},
        {"all": []},
        {"all": [{"attribute": "a", "is": 1}], "any": []},
        {"not": {"attribute": "a", "is": 1}, "attribute": "b"},
        {"not": {"not": {"not": {"not": {"not": {"not": {"not": {"attribute": "a", "is": 1}}}}}}}},
    ],
)
def test_refused(condition: Any) -> None:
    assert list(find_faults(condition))


PLAIN = st.one_of(st.booleans(), st.integers(-5, 5), st.text(max_size=3))
JSON = st.recursive(st.one_of(st.none(), PLAIN), lambda part: st.lists(part, max_size=3) | st.dictionaries(
    st.sampled_from(["all", "any", "not", "attribute", "is", "in", "at_least", "at_most", "present", "x"]), part, max_size=3
), max_leaves=8)  # fmt: skip


@given(JSON, st.dictionaries(st.sampled_from("abc"), PLAIN, max_size=3))
def test_whatever_is_not_refused_can_be_judged(condition: Any, attributes: dict[str, Any]) -> None:
    if not list(find_faults(condition)):
        assert holds(condition, attributes) in (True, False)
        list_attributes(condition)


def test_attributes_asked_for() -> None:
    condition = {"all": [{"attribute": "a", "is": 1}, {"not": {"any": [{"attribute": "b", "present": True}]}}]}
    assert list_attributes(condition) == {"a", "b"}
