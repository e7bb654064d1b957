"""The answer to ~HS, byte for byte as in Zebra's manual."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.drivers.printer_zpl import StatusError, parse_status, read_label

# ZPL II Programming Guide, ~HS: aaa,b,c,dddd,eee,f,g,h,iii,j,k,l / mmm,n,o,p,q,r,s,t,uuuuuuuu,v,www / xxxx,y
CALM = b"\x02030,0,0,1245,000,0,0,0,000,0,0,0\x03\r\n\x02000,0,0,0,0,2,4,0,00000000,1,000\x03\r\n\x021234,0\x03\r\n"


def test_calm_printer() -> None:
    status = parse_status(CALM)
    assert status.ready
    assert status.idle


@pytest.mark.parametrize(
    ("before", "after", "condition"),
    [
        (b"030,0,0", b"030,1,0", ("out_of_labels", "")),
        (b"030,0,0", b"030,0,1", ("paused", "")),
        (b"\x02000,0,0,0", b"\x02000,0,1,0", ("fault", "head_open")),
        (b"\x02000,0,0,0", b"\x02000,0,0,1", ("fault", "out_of_ribbon")),
    ],
)
def test_named_conditions(before: bytes, after: bytes, condition: tuple[str, str]) -> None:
    status = parse_status(CALM.replace(before, after, 1))
    assert status.condition == condition
    assert not status.ready


def test_waiting_work_is_seen() -> None:
    assert not parse_status(CALM.replace(b"1245,000", b"1245,003")).idle
    assert not parse_status(CALM.replace(b"00000000", b"00000002")).idle


@pytest.mark.parametrize("answer", [b"", b"OK", CALM[:40], CALM.replace(b"1245,000", b"1245,zzz"), CALM[1:]])
def test_nonsense_is_named(answer: bytes) -> None:
    with pytest.raises(StatusError):
        parse_status(answer)


@given(st.binary(max_size=600))
def test_any_bytes_are_a_status_or_a_status_error(answer: bytes) -> None:
    try:
        parse_status(answer)
    except StatusError:
        return


def test_label_order_becomes_label_text() -> None:
    text = read_label(
        {
            "code": "BX010000019",
            "title": "合同",
            "customer_no": "51001",
            "customer_name": "锦江宾馆",
            "place_path": "1区 7列",
        }
    )
    assert (text.heading, text.lines, text.copy_no) == ("锦江宾馆", ("合同", "客户编号 51001", "1区 7列"), 1)
    with pytest.raises(KeyError):
        read_label({"title": "x"})
