"""Every refusal has words: what happened, what is safe, what to do next, in both languages."""

from __future__ import annotations

import string

import pytest

from central.domain.labels import FOLLOWS, LabelState, settles
from central.domain.refusals import Reason
from central.domain.wording import WORDINGS, word_refusal
from central.web.language import load_translations

#: What refusals fill in, apart from the request's own id.
FACTS = {"seconds", "length", "request_id"}


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_has_words_in_both_languages(reason: Reason) -> None:
    wording = word_refusal(reason)
    for sentence in (wording.title, wording.happened, wording.safe, wording.next):
        assert sentence
        chinese = load_translations("zh-CN").gettext(sentence)
        assert any("\u4e00" <= character <= "\u9fff" for character in chinese), sentence
        for text in (sentence, chinese):
            fields = {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}
            assert fields <= FACTS
            assert fields == {name for _, name, _, _ in string.Formatter().parse(sentence) if name is not None}


def test_words_fit_their_status() -> None:
    assert {wording.status for wording in WORDINGS.values()} <= {401, 403, 404, 405, 409, 413, 422, 429, 500, 503}


def test_a_known_end_of_a_label_is_not_taken_back() -> None:
    assert settles(LabelState.QUEUED, LabelState.DONE)
    assert settles(LabelState.UNKNOWN, LabelState.DONE)
    assert settles(LabelState.FAILED, LabelState.DONE)
    assert not any(settles(LabelState.DONE, told) for told in LabelState)
    assert set(FOLLOWS) == set(LabelState)
