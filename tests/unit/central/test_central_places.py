"""Place keys, aisles and pages of lists."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from central.domain.paging import make_cursor, read_cursor
from central.domain.places import Bank, Column, PlaceKey, Segment, find_aisle, parse_place_key
from central.domain.refusals import Reason, Refusal
from central.domain.search import fold_box_text, make_pattern, split_query


def demo_bank() -> Bank:
    columns = (Column(1, True, 550, ("B",)), *(Column(no, False, 550, ("A", "B")) for no in range(2, 12)))
    return Bank("A", "1区", 4, 6, 17, 700, 80, columns, (Segment(1, 11, 1, 800),))


def test_rails_and_aisles_of_the_demo_bank() -> None:
    bank = demo_bank()
    assert bank.rail_mm == 11 * 550 + 800
    assert bank.aisles == tuple(range(1, 12))


def test_a_place_is_reached_from_the_aisle_its_face_looks_into() -> None:
    assert find_aisle(PlaceKey("A", 7, "B", 3, 4, 12)) == 7
    assert find_aisle(PlaceKey("A", 8, "A", 3, 4, 12)) == 7


@pytest.mark.parametrize(
    ("key", "inside"),
    [
        ("A-07-A-3-4-12", True),
        ("A-01-A-3-4-12", False),
        ("A-12-A-3-4-12", False),
        ("A-07-A-5-4-12", False),
        ("A-07-A-3-7-12", False),
        ("A-07-A-3-4-18", False),
        ("B-07-A-3-4-12", False),
    ],
)
def test_what_a_bank_contains(key: str, inside: bool) -> None:
    place = parse_place_key(key)
    assert place is not None
    assert demo_bank().contains(place) is inside


@pytest.mark.parametrize(
    "text", ["", "A-7-A-3-4-12", "A-07-C-3-4-12", "A-07-A-03-4-12", "A-07-A-3-4", "A-07-A-3-4-12\n"]
)
def test_a_place_key_has_one_spelling(text: str) -> None:
    assert parse_place_key(text) is None


@given(st.lists(st.text().filter(str.isprintable), min_size=1, max_size=3))
def test_a_cursor_comes_back_as_it_went(values: list[str]) -> None:
    cursor = make_cursor(*values)
    if len(cursor) <= 600:
        assert read_cursor(cursor, len(values)) == tuple(values)


@given(st.text(max_size=700))
def test_a_foreign_cursor_is_refused_in_words(cursor: str) -> None:
    with pytest.raises(Refusal) as caught:
        read_cursor(cursor, 2)
    assert caught.value.reason is Reason.BAD_CURSOR


def test_words_are_folded_as_they_are_stored() -> None:
    stored = fold_box_text("BX010000011", "ＡＢＣ　用电档案", "5101", "成都锦江酒店")
    assert split_query(" ａｂｃ 锦  锦 ") == ("abc", "锦")
    assert all(word in stored for word in split_query("abc 锦江 5101 bx01"))
    assert split_query("\0\x1f") == ()


def test_wildcards_of_the_query_are_characters() -> None:
    assert make_pattern("50%_\\") == "%50\\%\\_\\\\%"
