"""Every sentence of the device page stands in both catalogues, and every code word of the protocol has its Chinese."""

from __future__ import annotations

import io
import re
import string
from enum import IntEnum, IntFlag
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from babel.messages.extract import extract
from babel.messages.pofile import read_po

from edge.device.glossary import BLOCKS, REGISTERS, WORDS
from edge.device.tones import TONES
from edge.device.words import LANGUAGES, Words, choose_language, load_catalogue
from firmware_protocol import codes
from firmware_protocol import registers as map_

PAGE = Path(__file__).parents[3] / "edge" / "device"
LOCALE = PAGE.parent / "locale"


def used_sentences() -> set[str]:
    found: set[str] = set()
    for path in sorted(PAGE.rglob("*")):
        if path.suffix == ".html":
            method, keywords = "jinja2.ext:babel_extract", ("t",)
        elif path.suffix == ".py":
            method, keywords = "python", ("words", "self") if path.name == "words.py" else ("words",)
        else:
            continue
        for _, message, _, _ in extract(method, io.BytesIO(path.read_bytes()), keywords=dict.fromkeys(keywords)):
            found.add(message if isinstance(message, str) else message[0])
    return found


def field_names(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize("language", LANGUAGES)
def test_catalogue_is_complete_and_holds_nothing_else(language: str) -> None:
    source = (LOCALE / language / "LC_MESSAGES" / "device.po").read_bytes()
    catalogue = {message.id: message.string for message in read_po(io.BytesIO(source), locale=language) if message.id}
    used = used_sentences()
    assert len(used) > 150
    assert set(catalogue) == used
    for sentence, translated in catalogue.items():
        assert translated, sentence
        assert field_names(translated) == field_names(sentence), sentence


def test_chinese_is_chinese_and_english_is_english() -> None:
    chinese, english = load_catalogue("zh_CN"), load_catalogue("en")
    for sentence in used_sentences():
        assert english.gettext(sentence) == sentence
        assert re.search("[\u4e00-\u9fff]", chinese.gettext(sentence)), sentence


def list_code_words() -> set[str]:
    kinds = [each for each in vars(codes).values() if isinstance(each, type) and issubclass(each, IntEnum | IntFlag)]
    return {
        (member.name or "").lower() for kind in kinds if kind not in {IntEnum, IntFlag, codes.Face} for member in kind
    }


def test_every_code_word_of_the_protocol_has_its_chinese() -> None:
    assert sorted(list_code_words() - set(WORDS)) == []


def test_every_register_and_block_has_its_chinese() -> None:
    assert sorted({row.name for row in map_.REGISTERS} - set(REGISTERS)) == []
    known = {**BLOCKS, **REGISTERS, **WORDS}
    assert sorted({block.name for block in map_.BLOCKS} - set(known)) == []


def test_every_tone_is_of_a_word_that_is_known() -> None:
    assert sorted(set(TONES) - set(WORDS) - {"good", "bad", "alarm", "asked", "warning"}) == []


def test_words_are_shown_in_each_language() -> None:
    zone = ZoneInfo("Asia/Shanghai")
    chinese, english = (Words(language, load_catalogue(language), zone) for language in LANGUAGES)
    assert chinese.code("3 left") == "3 左"
    assert english.code("3 left") == "3 left"
    assert english.code("estop_open") == "estop open"
    assert chinese.code("a word nobody knows") == "a word nobody knows"
    assert chinese.moment(1_800_000_000_123) == "2027-01-15 16:00:00"
    assert chinese.fine_clock(1_800_000_000_123) == "16:00:00.123"
    assert [english.age(ms) for ms in (0, 30_000, 600_000, 10_000_000)] == [
        "just now", "30 s ago", "10 min ago", "2 h ago"
    ]  # fmt: skip
    assert choose_language("fr") == "zh_CN"
