"""Printed codes against an independent implementation of ISO 7064, and against the spelling on paper."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum.iso7064 import mod_37_36

from central.domain.codes import CROCKFORD, SERIAL_LIMIT, Code, CodeFault, CodeType, make_code, parse_code

ROOMS = st.text(CROCKFORD, min_size=2, max_size=2)
SERIALS = st.integers(0, SERIAL_LIMIT - 1)


@given(st.sampled_from(CodeType), ROOMS, SERIALS)
def test_check_character_is_that_of_the_standard(kind: CodeType, room: str, serial: int) -> None:
    text = make_code(kind, room, serial)
    assert len(text) == 11
    assert mod_37_36.is_valid(text)
    assert parse_code(text) == Code(kind, room, serial, text)


@given(SERIALS, st.integers(2, 10), st.sampled_from(CROCKFORD))
def test_one_wrong_character_is_found(serial: int, position: int, wrong: str) -> None:
    text = make_code(CodeType.BOX, "01", serial)
    if text[position] != wrong:
        assert parse_code(text[:position] + wrong + text[position + 1 :]) is CodeFault.CHECK


@given(SERIALS, st.integers(2, 9))
def test_swapped_neighbours_are_found(serial: int, position: int) -> None:
    text = make_code(CodeType.PLACE, "A7", serial)
    swapped = text[:position] + text[position + 1] + text[position] + text[position + 2 :]
    if swapped != text:
        assert not isinstance(parse_code(swapped), Code)


def test_capitals_and_line_end_are_all_that_is_forgiven() -> None:
    text = make_code(CodeType.BOX, "01", 33)
    assert text.startswith("BX01000011")
    assert parse_code(text.lower() + "\r\n") == parse_code(text)
    assert parse_code(" " + text) is CodeFault.LENGTH
    assert parse_code(text[:-1]) is CodeFault.LENGTH
    assert parse_code("XX" + text[2:]) is CodeFault.TYPE
    assert parse_code(text[:4] + "O" + text[5:]) is CodeFault.CHARACTER
    assert parse_code("") is CodeFault.LENGTH


@pytest.mark.parametrize(("room", "serial"), [("1", 1), ("0I", 1), ("01", -1), ("01", SERIAL_LIMIT)])
def test_no_code_outside_its_range(room: str, serial: int) -> None:
    with pytest.raises(ValueError, match="number"):
        make_code(CodeType.BOX, room, serial)


@given(st.text(max_size=20))
def test_any_text_gets_an_answer(text: str) -> None:
    assert isinstance(parse_code(text), Code | CodeFault)
