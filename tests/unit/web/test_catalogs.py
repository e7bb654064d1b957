"""Both languages are complete: a sentence in code or templates without its translation fails here."""

from __future__ import annotations

import re
from string import Formatter

import pytest

from central.domain.refusals import Reason
from central.domain.wording import WORDINGS
from central.locale.__main__ import extract_messages
from central.web.language import LANGUAGES, choose_language, load_translations, read_catalog

PERCENT_NAME = re.compile(r"%\((\w+)\)s")


@pytest.fixture(scope="module")
def sentences() -> set[str]:
    return {str(message.id) for message in extract_messages() if message.id}


def test_extraction_sees_code_and_templates(sentences: set[str]) -> None:
    assert "Room map" in sentences  # a table in Python
    assert "What is safe" in sentences  # a template
    assert "Nothing was changed." in sentences  # the domain


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_sentence_is_translated(language: str, sentences: set[str]) -> None:
    catalog = {str(message.id): message for message in read_catalog(language) if message.id}
    missing = sorted(text for text in sentences if text not in catalog or not catalog[text].string)
    fuzzy = sorted(text for text, message in catalog.items() if message.fuzzy)
    obsolete = sorted(set(catalog) - sentences)
    assert (missing, fuzzy, obsolete) == ([], [], []), "run python -m central.locale, then translate"


@pytest.mark.parametrize("language", LANGUAGES)
def test_translations_keep_the_facts(language: str) -> None:
    for message in read_catalog(language):
        text, translated = str(message.id), str(message.string)
        if not message.id:
            continue
        assert sorted(PERCENT_NAME.findall(text)) == sorted(PERCENT_NAME.findall(translated)), text
        if not PERCENT_NAME.search(text):
            fields = sorted(name for _, name, _, _ in Formatter().parse(text) if name)
            assert fields == sorted(name for _, name, _, _ in Formatter().parse(translated) if name), text


def test_chinese_is_chinese() -> None:
    for message in read_catalog("zh-CN"):
        # punctuation and what is filled in have no letters to translate
        words = re.search(r"[A-Za-z]", re.sub(r"%\(\w+\)s", "", str(message.id)))
        assert words is None or re.search(r"[\u4e00-\u9fff]", str(message.string)), message.id


def test_every_refusal_reads_chinese() -> None:
    chinese = load_translations("zh-CN")
    for reason in Reason:
        wording = WORDINGS[reason]
        for text in (wording.title, wording.happened, wording.safe, wording.next):
            assert chinese.gettext(text) != text


@pytest.mark.parametrize(
    ("cookie", "accept", "language"),
    [
        (None, None, "zh-CN"),
        (None, "de-DE,de;q=0.9", "zh-CN"),
        (None, "en-GB,en;q=0.8", "en"),
        (None, "zh-TW, en", "zh-CN"),
        ("en", "zh-CN", "en"),
        ("zh-CN", "en", "zh-CN"),
        ("xx", "en", "en"),
    ],
)
def test_language_is_chosen_by_cookie_then_browser_then_house(
    cookie: str | None, accept: str | None, language: str
) -> None:
    assert choose_language(cookie, accept) == language
