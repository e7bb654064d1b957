"""Parts of a template changed one at a time, and conditions as rows that people fill in."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from central.domain.condition_rows import (
    BadRowError,
    Comparison,
    Row,
    read_condition,
    write_condition,
)
from central.domain.conditions import find_faults, holds
from central.domain.refusals import NotFound
from central.domain.template_edits import (
    BadPartError,
    Place,
    move_part,
    name_template,
    put_document,
    put_limit,
    put_step,
    read_part,
    remove_part,
)
from central.domain.templates import (
    DocumentPart,
    LimitPart,
    StepPart,
    Template,
    compare_templates,
    dump_template,
    parse_template,
)

NAMES = {"name": "名", "name_en": "Name"}
LIMIT = {"pack": "C", "count": 3, "unit": "working_days", "warn_before": 1, "source": "试行", "stated_on": "2026-01-01"}
TEMPLATE = parse_template(
    {
        "code": "ANY",
        **NAMES,
        "steps": [
            {"code": "ONE", **NAMES, "limits": [LIMIT, {**LIMIT, "pack": "B"}], "documents": [
                {"code": "D1", **NAMES}, {"code": "D2", **NAMES}, {"code": "D3", **NAMES},
            ]},
            {"code": "TWO", **NAMES, "documents": [{"code": "D4", **NAMES}]},
        ],
    }
)  # fmt: skip


def codes(template: Template) -> list[Any]:
    return [(step.code, [part.code for part in step.documents], len(step.limits)) for step in template.steps]


def test_a_step_is_changed_added_moved_and_taken_out() -> None:
    renamed = put_step(TEMPLATE, "ONE", StepPart("FIRST", "首", "First"))
    assert codes(renamed) == [("FIRST", ["D1", "D2", "D3"], 2), ("TWO", ["D4"], 0)]
    longer = put_step(TEMPLATE, None, StepPart("THREE", "三", "Three"))
    assert [step.code for step in longer.steps] == ["ONE", "TWO", "THREE"]
    assert [step.code for step in move_part(longer, Place("THREE"), -1).steps] == ["ONE", "THREE", "TWO"]
    assert move_part(longer, Place("ONE"), -1) == longer
    assert codes(remove_part(TEMPLATE, Place("ONE"))) == [("TWO", ["D4"], 0)]


def test_documents_and_limits_are_changed_added_moved_and_taken_out() -> None:
    part = read_part(DocumentPart, {"code": "D9", **NAMES, "need": "owed", "owed_days": "5"})
    assert codes(put_document(TEMPLATE, "ONE", None, part))[0] == ("ONE", ["D1", "D2", "D3", "D9"], 2)
    assert codes(put_document(TEMPLATE, "ONE", "D2", part))[0] == ("ONE", ["D1", "D9", "D3"], 2)
    assert codes(move_part(TEMPLATE, Place("ONE", "D3"), -1))[0] == ("ONE", ["D1", "D3", "D2"], 2)
    assert codes(remove_part(TEMPLATE, Place("ONE", "D1")))[0] == ("ONE", ["D2", "D3"], 2)
    limit = read_part(LimitPart, {**LIMIT, "count": "9"})
    assert [each.count for each in put_limit(TEMPLATE, "ONE", 1, limit).steps[0].limits] == [3, 9]
    assert [each.count for each in put_limit(TEMPLATE, "TWO", None, limit).steps[1].limits] == [9]
    assert [each.pack for each in move_part(TEMPLATE, Place("ONE", limit=0), 1).steps[0].limits] == ["B", "C"]
    assert [each.pack for each in remove_part(TEMPLATE, Place("ONE", limit=0)).steps[0].limits] == ["B"]
    assert name_template(TEMPLATE, "新", "New", "").name == "新"


@pytest.mark.parametrize(
    "edit",
    [
        lambda template: put_step(template, None, StepPart("ONE", "一", "One")),
        lambda template: put_step(template, "TWO", StepPart("ONE", "一", "One")),
        lambda template: put_document(template, "TWO", None, DocumentPart("D1", "甲", "A")),
        lambda template: put_document(template, "ONE", "D2", DocumentPart("D4", "甲", "A")),
    ],
)
def test_a_code_stands_once(edit: Callable[[Template], Template]) -> None:
    with pytest.raises(BadPartError) as caught:
        edit(TEMPLATE)
    assert caught.value.faults == {"code": "taken"}


@pytest.mark.parametrize("place", [Place("NONE"), Place("ONE", "D4"), Place("ONE", limit=2), Place("TWO", limit=0)])
def test_what_is_not_there_is_not_found(place: Place) -> None:
    for edit in (lambda: remove_part(TEMPLATE, place), lambda: move_part(TEMPLATE, place, 1)):
        with pytest.raises(NotFound):
            edit()


@pytest.mark.parametrize(
    ("kind", "typed", "fields"),
    [
        (DocumentPart, {"code": "d 1", "name": "", "name_en": "x", "gate": "4"}, {"code", "name", "gate"}),
        (DocumentPart, {"code": "D", **NAMES, "need": "owed"}, {"owed_days"}),
        (DocumentPart, {"code": "D", **NAMES, "copies": "two"}, {"copies"}),
        (LimitPart, {**LIMIT, "warn_before": "4"}, {"warn_before"}),
        (LimitPart, {**LIMIT, "stated_on": "soon", "pack": "CC"}, {"stated_on", "pack"}),
    ],
)
def test_every_wrong_field_is_named(kind: Any, typed: dict[str, Any], fields: set[str]) -> None:
    with pytest.raises(BadPartError) as caught:
        read_part(kind, typed)
    assert set(caught.value.faults) == fields


@given(st.lists(st.tuples(st.sampled_from(["ONE", "TWO"]), st.sampled_from(["D1", "D4", None]), st.integers(-3, 3))))
def test_moving_loses_nothing(moves: list[tuple[str, str | None, int]]) -> None:
    template = TEMPLATE
    for step, document, by in moves:
        try:
            template = move_part(template, Place(step, document), by)
        except NotFound:
            continue
    assert sorted(part.code for step in template.steps for part in step.documents) == ["D1", "D2", "D3", "D4"]
    assert parse_template(dump_template(template)) == template
    if [step.code for step in template.steps] == ["ONE", "TWO"] and template.steps == TEMPLATE.steps:
        assert not compare_templates(TEMPLATE, template)


ROWS = [
    (Row("voltage_kv", Comparison.AT_LEAST, "110"), {"attribute": "voltage_kv", "at_least": 110}),
    (Row("voltage_kv", Comparison.AT_MOST, "0.4"), {"attribute": "voltage_kv", "at_most": 0.4}),
    (Row("agent", Comparison.IS, "是"), {"attribute": "agent", "is": True}),
    (Row("agent", Comparison.IS_NOT, "No"), {"not": {"attribute": "agent", "is": False}}),
    (Row("kind", Comparison.IN, "居民、 商业,3"), {"attribute": "kind", "in": ["居民", "商业", 3]}),
    (Row("kind", Comparison.NOT_IN, "居民"), {"not": {"attribute": "kind", "in": ["居民"]}}),
    (Row("kind", Comparison.PRESENT, "ignored"), {"attribute": "kind", "present": True}),
    (Row("kind", Comparison.ABSENT), {"attribute": "kind", "present": False}),
]


@pytest.mark.parametrize(("row", "condition"), ROWS)
def test_a_row_says_a_comparison(row: Row, condition: dict[str, Any]) -> None:
    assert write_condition("all", [row]) == condition
    assert not list(find_faults(condition))


def test_rows_are_joined() -> None:
    rows, conditions = zip(*ROWS, strict=True)
    assert write_condition("any", rows) == {"any": list(conditions)}
    assert write_condition("all", []) is None
    assert holds(write_condition("all", [ROWS[0][0], ROWS[2][0]]), {"voltage_kv": 220, "agent": True})


@pytest.mark.parametrize(
    "row",
    [
        Row("", Comparison.IS, "1"),
        Row("x", Comparison.IS, ""),
        Row("x", Comparison.IN, " , "),
        Row("x", Comparison.AT_LEAST, "many"),
        Row("x", Comparison.AT_MOST, "是"),
        Row("x" * 101, Comparison.PRESENT),
        Row("x\n", Comparison.IS, "a\x00b"),
    ],
)
def test_a_row_that_says_nothing_is_named(row: Row) -> None:
    with pytest.raises(BadRowError) as caught:
        write_condition("all", [ROWS[0][0], row])
    assert caught.value.number == 1


PLAIN = st.one_of(
    st.booleans(), st.integers(-5, 5), st.floats(-5, 5), st.text(max_size=4), st.sampled_from(["1", "是", "yes"])
)
LEAF = st.one_of(
    st.fixed_dictionaries({"attribute": st.sampled_from("abc"), "is": PLAIN}),
    st.fixed_dictionaries({"attribute": st.sampled_from("abc"), "in": st.lists(PLAIN, min_size=1, max_size=3)}),
    st.fixed_dictionaries({"attribute": st.sampled_from("abc"), "at_least": st.integers(-5, 5)}),
    st.fixed_dictionaries({"attribute": st.sampled_from("abc"), "present": st.booleans()}),
)
CONDITION = st.recursive(
    LEAF,
    lambda part: st.one_of(
        st.fixed_dictionaries({"not": part}),
        st.fixed_dictionaries({"all": st.lists(part, min_size=1, max_size=3)}),
        st.fixed_dictionaries({"any": st.lists(part, min_size=1, max_size=3)}),
    ),
    max_leaves=5,
)


@given(CONDITION)
def test_rows_say_exactly_the_condition_or_there_are_none(condition: dict[str, Any]) -> None:
    found = read_condition(condition)
    if found is not None:
        again = write_condition(*found)
        assert again == condition
        assert json.dumps(again, sort_keys=True) == json.dumps(
            condition, sort_keys=True
        )  # True is no 1 in anybody's form


def test_deep_conditions_have_no_rows_and_flat_ones_do() -> None:
    flat = {"attribute": "a", "is": True}
    assert read_condition({"all": [flat, {"any": [flat, flat]}]}) is None
    assert read_condition({"not": {"not": flat}}) is None
    assert read_condition({"attribute": "a", "is": "1"}) is None
    assert read_condition(None) == ("all", ())
    assert read_condition({"any": [flat, {"not": flat}]}) == (
        "any",
        (Row("a", Comparison.IS, "yes"), Row("a", Comparison.IS_NOT, "yes")),
    )


def test_a_day_in_a_limit_is_a_day() -> None:
    assert read_part(LimitPart, LIMIT).stated_on == date(2026, 1, 1)
