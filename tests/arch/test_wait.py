from __future__ import annotations

import pytest

from tests.wait import wait_for


def test_wait_returns_the_answer() -> None:
    answers = iter([None, 0, "there"])
    assert wait_for(lambda: next(answers), 5, "the third answer") == "there"


def test_wait_names_what_never_came() -> None:
    with pytest.raises(AssertionError, match=r"0\.05 s in vain for a ship"):
        wait_for(lambda: None, 0.05, "a ship")
