"""The room file: checked as a whole, faults named by their rows."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from central.domain.codes import CodeType, make_code
from central.domain.refusals import Reason, Refusal
from central.domain.seeds import parse_seed
from tests.integration.central.room_files import room_file


def refuse(document: Any) -> Refusal:
    with pytest.raises(Refusal) as caught:
        parse_seed(json.dumps(document))
    assert caught.value.reason is Reason.BAD_SEED
    return caught.value


def test_a_good_file_passes() -> None:
    seed = parse_seed(json.dumps(room_file()))
    assert seed.room.id == "r01"
    assert seed.banks[0].to_bank().aisles == tuple(range(1, 12))
    assert "2468" not in repr(seed)
    assert "archive-room" not in repr(seed)


def spoil(path: str, value: Any) -> Any:
    document = room_file()
    *way, last = path.split(".")
    part: Any = document
    for step in way:
        part = part[int(step)] if step.isdigit() else part[step]
    if isinstance(part, list):
        part[int(last)] = value
    else:
        part[last] = value
    return document


@pytest.mark.parametrize(
    ("path", "value", "named"),
    [
        ("room.id", "R 1", "room.id"),
        ("room.number", "0O", "room.number"),
        ("room.colour", "red", "room.colour"),
        ("banks.0.passable_gap_mm", 599, "banks.0.passable_gap_mm"),
        ("banks.0.columns.3.no", 9, "banks.A.columns"),
        ("banks.0.segments.0.last_column", 10, "banks.A.segments"),
        ("places.0.key", "A-01-A-1-1-1", "places.0.key"),
        ("places.0.key", "A-1-B-1-1-1", "places.0.key"),
        ("places.0.code", "BX010000011", "places.0.code"),
        ("places.1.key", "A-01-B-1-1-1", "places: key A-01-B-1-1-1 occurs 2 times"),
        ("boxes.2.code", make_code(CodeType.BOX, "02", 3), "boxes.2.code"),
        ("boxes.2.code", "BX010000030", "boxes.2.code"),
        ("boxes.2.code", make_code(CodeType.PLACE, "01", 3), "boxes.2.code"),
        ("boxes.2.title", "", "boxes.2.title"),
        ("boxes.2.title", "一\n二", "boxes.2.title"),
        ("boxes.2.place_key", "A-11-B-4-6-17", "boxes.2.place_key"),
        ("boxes.2.place_key", "A-01-B-1-1-2", "boxes: place_key"),
        ("staff.0.pin", "12", "staff.0.pin"),
        ("users.0.roles", ["king"], "users.0.roles"),
        ("users.0.roles", [], "users.0.roles"),
        ("users.0.rooms", ["r02"], "users.0.rooms"),
        ("users.0.login", "Wang Wu", "users.0.login"),
    ],
)
def test_a_fault_is_named_by_its_row(path: str, value: Any, named: str) -> None:
    refusal = refuse(spoil(path, value))
    assert any(row.startswith(named) for row in refusal.details), refusal.details


def test_secrets_do_not_appear_in_faults() -> None:
    refusal = refuse(spoil("users.0.password", "short"))
    assert "short" not in " ".join(refusal.details).replace("shorter", "")


@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_garbage_is_a_refusal(document: bytes) -> None:
    with pytest.raises(Refusal):
        parse_seed(document)
