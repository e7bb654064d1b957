"""Every sentence of the kiosk page stands in both catalogues, and every message of the core can be shown in both."""

from __future__ import annotations

import io
import re
import string
from pathlib import Path

import pytest
from babel.messages.extract import extract
from babel.messages.pofile import read_po

from edge.core.messages import MESSAGES
from edge.kiosk.rendering import break_phrases
from edge.kiosk.words import LANGUAGES, choose_language, load_words

KIOSK = Path(__file__).parents[3] / "edge" / "kiosk"
LOCALE = KIOSK.parent / "locale"


def used_sentences() -> set[str]:
    found: set[str] = set()
    for path in sorted(KIOSK.rglob("*")):
        if path.suffix == ".html":
            method, keyword = "jinja2.ext:babel_extract", "t"
        elif path.suffix == ".py":
            method, keyword = "python", "words"
        else:
            continue
        for _, message, _, _ in extract(method, io.BytesIO(path.read_bytes()), keywords={keyword: None}):
            found.add(message if isinstance(message, str) else message[0])
    return found


@pytest.mark.parametrize("language", LANGUAGES)
def test_catalogue_is_complete_and_holds_nothing_else(language: str) -> None:
    source = (LOCALE / language / "LC_MESSAGES" / "kiosk.po").read_bytes()
    catalogue = {message.id: message.string for message in read_po(io.BytesIO(source), locale=language) if message.id}
    used = used_sentences()
    assert len(used) > 40
    assert set(catalogue) == used
    assert all(catalogue.values())
    for sentence, translated in catalogue.items():
        assert field_names(translated) == field_names(sentence), sentence


def field_names(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_chinese_is_chinese_and_english_is_english() -> None:
    chinese, english = load_words("zh_CN"), load_words("en")
    for sentence in used_sentences():
        assert english.gettext(sentence) == sentence
        assert re.search("[\u4e00-\u9fff]", chinese.gettext(sentence)), sentence


def test_messages_of_the_core_hold_the_same_fields_in_both_languages() -> None:
    for key, message in MESSAGES.items():
        assert field_names(message.zh) == field_names(message.en), key


def test_unknown_language_falls_back() -> None:
    assert choose_language("fr", "zh_CN") == "zh_CN"
    assert choose_language(None, "en") == "en"
    assert choose_language("en", "zh_CN") == "en"


def test_lines_break_after_punctuation_and_never_inside_an_aisles_name() -> None:
    assert break_phrases("通道 3 将关闭,请看清无人") == "通道\u00a03\u00a0将关闭,<wbr>请看清无人"
    assert break_phrases("<b>&") == "&lt;b&gt;&amp;"
