"""When a camera reading counts: equal readings in a row, once per presentation."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray

from edge.drivers.scanner_camera import AWAKE_MS, CHANGED_LEVELS, RETRY_MS, Agreement, Stillness


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


def stamp(level: int = 90, label_cells: int = 0, label_level: int = 200) -> NDArray[np.uint8]:
    """A picture's stamp: a desk, with a label that covers so many cells."""
    made = np.full((48, 64), level, np.uint8)
    made.reshape(-1)[:label_cells] = label_level
    return made


def list_readings(stillness: Stillness, made: NDArray[np.uint8], begins_ms: int, ends_ms: int) -> list[int]:
    """Moments at which a picture that doesn't change is read."""
    return [at for at in range(begins_ms, ends_ms, 100) if stillness.deserves_reading(made, at)]


def test_a_still_picture_is_read_at_growing_intervals() -> None:
    stillness = Stillness()
    list_readings(stillness, stamp(), 0, AWAKE_MS)
    later = list_readings(stillness, stamp(), AWAKE_MS, AWAKE_MS + 120_000)
    gaps = [b - a for a, b in pairwise(later)]
    assert gaps == sorted(gaps)
    assert set(gaps) <= set(RETRY_MS)
    assert len(later) <= 8


@pytest.mark.parametrize("label", [stamp(label_cells=30), stamp(label_cells=400, label_level=110)])
def test_what_changes_is_read_at_once_and_for_a_while(label: NDArray[np.uint8]) -> None:
    stillness = Stillness()
    list_readings(stillness, stamp(), 0, 60_000)
    assert list_readings(stillness, label, 60_000, 60_000 + AWAKE_MS) == list(range(60_000, 60_000 + AWAKE_MS, 100))


def test_what_changes_slowly_is_noticed_in_the_end() -> None:
    stillness = Stillness()
    list_readings(stillness, stamp(90), 0, 10_000)
    assert not stillness.is_awake(10_000)
    noticed = [level for level in range(90, 110) if stillness.deserves_reading(stamp(level), 10_100 + level)]
    assert noticed
    assert stillness.is_awake(10_300)


def test_noise_wakes_nobody() -> None:
    stillness, rng = Stillness(), np.random.default_rng(4)
    list_readings(stillness, stamp(), 0, 10_000)
    noisy = [stamp() + rng.integers(0, CHANGED_LEVELS, (48, 64), np.uint8) for _ in range(50)]
    for at, each in enumerate(noisy):
        stillness.deserves_reading(each, 10_000 + at)
        assert not stillness.is_awake(10_000 + at)


def test_a_code_in_view_keeps_the_camera_awake() -> None:
    stillness = Stillness()
    list_readings(stillness, stamp(), 0, 10_000)
    stillness.stay_awake(10_000)
    assert stillness.is_awake(10_000 + AWAKE_MS - 1)
    assert not stillness.is_awake(10_000 + AWAKE_MS)
