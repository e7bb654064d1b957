"""Half characters are JSON to Python and poison to a disk: neither end lets them in; nor a bank that can't be drawn."""

from __future__ import annotations

import json

import pytest

from central.domain.link import load_message, parse_bank_view, parse_presence
from edge.core.link import parse_command, parse_feed

HALVES = ("\\ud83d", "\\ude00\\ud83d")
VIEW = {
    "bank": "A",
    "state": "idle",
    "columns": [{"no": 1, "width_mm": 550, "x_mm": 0}],
    "aisles": [{"no": 1, "width_mm": 800}],
    "closing_aisles": [],
    "faults": [],
    "rail_mm": 1350,
    "as_of": "2026-11-24T03:33:07.042Z",
}


def command(kind: str, box_code: str) -> bytes:
    return (
        '{"v":1,"id":"01a20be6-1674-70bd-a9ec-2e7675989f1b","kind":"'
        + kind
        + '","body":{"box_code":"'
        + box_code
        + '"},'
        '"issued_at":"2026-11-24T03:33:07.042Z","ttl_ms":5000,"asked_by":""}'
    ).encode()


def test_a_whole_character_by_escapes_is_welcome() -> None:
    assert load_message(b'{"a":"\\ud83d\\ude00"}', 100) == {"a": "\U0001f600"}
    assert parse_command(command("print_label", "\\ud83d\\ude00")) is not None


@pytest.mark.parametrize("half", HALVES)
def test_half_a_character_is_no_message(half: str) -> None:
    assert load_message(f'{{"a":"{half}"}}'.encode(), 100) is None
    assert parse_command(command("print_label", half)) is None
    head = f'{{"v":1,"type":"head","centre":"{"c" * 32}","revision":1,"more":"{half}"}}'
    assert parse_feed(head.encode()) is None
    presence = {"v": 1, "state": "online", "at": VIEW["as_of"], "boot": "b", "epoch": "e", "version": "HALF"}
    assert parse_presence(json.dumps(presence).encode()) is not None
    assert parse_presence(json.dumps(presence).replace("HALF", half).encode()) is None


def test_half_a_character_in_bytes_is_no_message() -> None:
    octets = '{"v":1,"a":"\ud83d"}'.encode("utf-8", "surrogatepass")
    assert json.loads(octets)["a"] == "\ud83d", "what Python lets pass"
    assert load_message(octets, 100) is None
    assert parse_feed(octets) is None


def test_numbers_that_are_none_are_no_message() -> None:
    assert load_message(b'{"a":NaN}', 100) is None


@pytest.mark.parametrize(
    "change",
    [{"bank": "B"}, {"columns": {}}, {"columns": [1]}, {"columns": [{"no": "x"}]}, {"aisles": None}, {"rail_mm": "7"}],
)
def test_a_bank_that_pages_cannot_draw_is_no_view(change: dict[str, object]) -> None:
    assert parse_bank_view(json.dumps(VIEW).encode(), "A") == VIEW
    assert parse_bank_view(json.dumps({**VIEW, **change}).encode(), "A") is None
