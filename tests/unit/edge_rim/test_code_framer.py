"""Bytes of a serial scanner become codes; noise is counted, bounded and forgotten."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from edge.drivers.scanner_serial import HALF_LINE_LIFE_MS, LINE_LIMIT_BYTES, CodeFramer


def test_cr_lf_and_crlf_end_a_code() -> None:
    framer = CodeFramer()
    assert framer.feed(b"BX010000019\rPL01000002X\nCF010000010\r\n\r\n", 0) == [
        "BX010000019",
        "PL01000002X",
        "CF010000010",
    ]
    assert framer.garbage_bytes == 0


def test_text_is_upper_cased_and_nothing_else_is_forgiven() -> None:
    assert CodeFramer().feed(b"bx010000019\r BX 1 \r", 0) == ["BX010000019", " BX 1 "]


def test_code_may_come_byte_by_byte() -> None:
    framer = CodeFramer()
    texts = [text for byte in b"BX010000019\r" for text in framer.feed(bytes([byte]), 10)]
    assert texts == ["BX010000019"]


def test_wrong_byte_spoils_its_whole_line_only() -> None:
    framer = CodeFramer()
    assert framer.feed(b"BX01\xff000019\rBX010000027\r", 0) == ["BX010000027"]
    assert framer.garbage_bytes == len(b"BX01\xff000019")


def test_half_a_line_dies_of_age() -> None:
    framer = CodeFramer()
    assert framer.feed(b"BX01", 0) == []
    assert framer.feed(b"BX010000019\r", HALF_LINE_LIFE_MS + 1) == ["BX010000019"]
    assert framer.garbage_bytes == 4


def test_endless_line_is_bounded() -> None:
    framer = CodeFramer()
    assert framer.feed(b"A" * 100_000, 0) == []
    assert framer.garbage_bytes >= 100_000 - 1
    assert framer.feed(b"\rBX010000019\r", 1) == ["BX010000019"]


@given(st.lists(st.tuples(st.binary(max_size=200), st.integers(0, 1000))))
def test_any_bytes_are_survived(pieces: list[tuple[bytes, int]]) -> None:
    framer, now_ms = CodeFramer(), 0
    for data, wait_ms in pieces:
        now_ms += wait_ms
        for text in framer.feed(data, now_ms):
            assert 0 < len(text) <= LINE_LIMIT_BYTES
            assert text.isprintable()
    framer.feed(b"\r", now_ms)
    assert framer.feed(b"BX010000019\r", now_ms) == ["BX010000019"]
