"""What a bank's report says of air and dangers: every sign a gateway can send has words, and nothing is made up."""

from __future__ import annotations

from typing import Any, get_args

import pytest

from central.web.equipment import OTHER_SIGN, SIGNS, list_signs, show_climate
from central.web.rooms import list_room_signs
from edge.core.climate import HAZARDS
from edge.core.snapshot import SafetySign
from firmware_protocol.codes import FaultBits

AIR = {
    "temperature_dc": 268,
    "humidity_permille": 520,
    "out": ["hot"],
    "temperature_band_dc": [140, 240],
    "humidity_band_permille": [450, 600],
}


def say(text: str, **facts: object) -> str:
    return text % facts if facts else text


def test_every_sign_and_fault_that_a_gateway_sends_has_words() -> None:
    sent = {*get_args(SafetySign), *HAZARDS, *(bit.name.lower() for bit in FaultBits if bit.name)}
    # the door is told by its contact, not by a sign
    assert sent - {"door"} - SIGNS.keys() == set()


@pytest.mark.parametrize(
    ("view", "expected"),
    [
        ({}, []),
        ({"hazards": None, "faults": "jam", "door_open": "yes"}, []),
        (
            {"hazards": ["smoke"], "faults": ["smoke", "overload"], "door_open": True},
            ["smoke", "overload", "door_open"],
        ),
        ({"faults": ["edge"], "hazards": ["fire"], "door_open": None}, ["fire", "edge"]),
        ({"faults": ["of_tomorrow", 7]}, [OTHER_SIGN]),
    ],
)
def test_signs_are_told_once_and_dangers_first(view: dict[str, Any], expected: list[str]) -> None:
    assert list_signs(view) == expected


def test_each_value_is_told_with_its_band_and_a_word() -> None:
    rows = show_climate(say, {"climate": AIR})
    assert [(row["text"], row["word"].text) for row in rows] == [
        ("Temperature 26.8 °C (right: 14 to 24 °C)", "too warm"),
        ("Humidity 52 % (right: 45 to 60 %)", "right for paper"),
    ]


@pytest.mark.parametrize(
    ("climate", "expected"),
    [
        (None, []),
        ([], []),
        ({"temperature_dc": None, "humidity_permille": True}, []),
        ({"temperature_dc": -5, "out": []}, [("Temperature -0.5 °C", None)]),
        (
            {"humidity_permille": 701, "out": ["humid"], "humidity_band_permille": [450]},
            [("Humidity 70.1 %", "too damp")],
        ),
    ],
)
def test_what_an_older_gateway_does_not_tell_is_not_invented(climate: Any, expected: list[Any]) -> None:
    rows = show_climate(say, {"climate": climate})
    assert [(row["text"], row["word"] and row["word"].text) for row in rows] == expected


def test_a_room_tells_what_stands_in_any_of_its_banks() -> None:
    banks: dict[str, dict[str, Any]] = {
        "A": {"faults": ["jam"]},
        "B": {"hazards": ["water"], "climate": AIR},
        "C": {"climate": {"out": 3}},
    }
    assert [word.text for word in list_room_signs(banks)] == ["water on the floor", "jammed", "too warm"]
