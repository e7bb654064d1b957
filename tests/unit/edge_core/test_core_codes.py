from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum.iso7064 import mod_37_36

from edge.core.codes import ALPHABET, PrintedCode, Unreadable, check_character, format_code, parse_code


@given(st.text(alphabet="0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=10, max_size=10))
def test_check_character_is_that_of_stdnum(body: str) -> None:
    assert check_character(body) == mod_37_36.calc_check_digit(body)


@pytest.mark.parametrize("kind", ["BX", "PL", "ST", "CF", "CT"])
def test_a_formatted_code_is_read_back(kind: str) -> None:
    code = parse_code(format_code(kind, "01", 31 + 32 * 5))  # type: ignore[arg-type]
    assert isinstance(code, PrintedCode)
    assert (code.kind, code.room, code.serial) == (kind, "01", "00005Z")


def test_case_and_line_end_are_forgiven_and_nothing_else() -> None:
    text = format_code("BX", "01", 1)
    assert parse_code(f"{text.lower()}\r\n") == parse_code(text)
    for broken in (f" {text}", f"{text} ", text[:-1], f"{text}0", text.replace("0", "O"), f"XX{text[2:]}", ""):
        assert parse_code(broken) == Unreadable(broken.upper()[:64], "scan.unknown_code")


@given(st.integers(0, 9), st.sampled_from(ALPHABET))
def test_one_wrong_character_is_never_read_as_another_box(position: int, other: str) -> None:
    text = format_code("BX", "01", 123_456)
    wrong = text[:position] + other + text[position + 1 :]
    if wrong != text:
        assert isinstance(parse_code(wrong), Unreadable)


@given(st.text(max_size=300))
def test_any_text_is_answered(text: str) -> None:
    parse_code(text)
