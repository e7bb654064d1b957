"""Nobody at the bank reads a code: each reason that a controller or the core can give has its words."""

from __future__ import annotations

import re

import pytest

from edge.core.messages import render_message
from edge.core.motion import NEVER_LEFT
from edge.core.reason_words import WORDS, word_reasons
from edge.core.shelves import STOPPING, TRIP_STATES, TRIPS
from edge.drivers.shelf_words import SIGNS
from firmware_protocol.codes import FaultBits, Reasons

#: Faults that stand beside a motion and never end it.
QUIET = {"indicator", "lock", "climate"}


def test_every_reason_has_its_words() -> None:
    given = {flag.name.lower() for flag in Reasons if flag.name and flag.name != "NONE"}
    given |= {flag.name.lower() for flag in FaultBits if flag.name and flag.name != "NONE"} - QUIET
    given |= STOPPING | TRIPS | TRIP_STATES | NEVER_LEFT | {sign for _, sign in SIGNS}
    assert sorted(given - set(WORDS)) == []


@pytest.mark.parametrize(("chinese", "english"), WORDS.values(), ids=WORDS)
def test_words_are_words(chinese: str, english: str) -> None:
    assert re.search(r"[\u4e00-\u9fff]", chinese)
    assert "_" not in english


def test_a_sentence_says_what_happened() -> None:
    assert render_message("motion.failed", {"reason": "stopped"}, "zh_CN").startswith("没有完成:已停下。")
    assert "请到现场查看" in render_message("motion.unknown", {"reason": "silent"}, "zh_CN")
    assert render_message("motion.refused", {"reasons": "occupied,fire"}, "en").startswith(
        "The shelf refused: somebody is in an aisle, fire."
    )
    assert word_reasons("exception_4", "zh_CN") == "exception_4"
