"""When a camera reading counts: equal readings in a row, once per presentation."""

from __future__ import annotations

import numpy as np

from edge.drivers.scanner_camera import FULL_READ_BUDGET_MS, QUICK_READ_BUDGET_MS, Agreement, Stillness


def test_one_reading_is_not_enough() -> None:
    agreement = Agreement(reads_needed=3, repeat_after_ms=3000)
    assert agreement.settle(["BX1"], 0) is None
    assert agreement.settle(["BX1"], 100) is None
    assert agreement.settle(["BX1"], 200) == "BX1"


def test_another_text_starts_the_count_again() -> None:
    agreement = Agreement(reads_needed=2, repeat_after_ms=3000)
    assert agreement.settle(["BX1"], 0) is None
    assert agreement.settle(["BX2"], 100) is None
    assert agreement.settle(["BX1"], 200) is None
    assert agreement.settle(["BX1"], 300) == "BX1"


def test_readings_far_apart_do_not_agree() -> None:
    agreement = Agreement(reads_needed=2, repeat_after_ms=3000)
    assert agreement.settle(["BX1"], 0) is None
    assert agreement.settle([], 2000) is None
    assert agreement.settle(["BX1"], 9000) is None
    assert agreement.settle(["BX1"], 9100) == "BX1"


def test_a_label_that_stays_is_told_once_and_again_after_it_was_away() -> None:
    agreement = Agreement(reads_needed=2, repeat_after_ms=3000)
    told = [agreement.settle(["BX1"], at) for at in range(0, 20_000, 100)]
    assert [text for text in told if text] == ["BX1"]
    assert agreement.settle(["BX1"], 24_000) is None
    assert agreement.settle(["BX1"], 24_100) == "BX1"


def test_two_labels_in_view_tell_nothing() -> None:
    agreement = Agreement(reads_needed=2, repeat_after_ms=3000)
    for at in range(0, 1000, 100):
        assert agreement.settle(["BX1", "BX2"], at) is None
    assert agreement.settle(["BX1"], 1000) is None
    assert agreement.settle(["BX1"], 1100) == "BX1"


def test_a_still_picture_without_a_code_costs_little() -> None:
    stillness = Stillness()
    empty, label = np.full((480, 640), 90, np.uint8), np.full((480, 640), 200, np.uint8)
    assert stillness.budget_ms(empty, 0) == FULL_READ_BUDGET_MS
    stillness.note(found=False)
    assert stillness.budget_ms(empty, 600) == QUICK_READ_BUDGET_MS
    assert stillness.budget_ms(empty, 700) is None
    assert stillness.budget_ms(label, 800) == FULL_READ_BUDGET_MS
    stillness.note(found=True)
    assert stillness.budget_ms(label, 900) == FULL_READ_BUDGET_MS
    stillness.note(found=False)
    assert stillness.budget_ms(label, 5000) == FULL_READ_BUDGET_MS
