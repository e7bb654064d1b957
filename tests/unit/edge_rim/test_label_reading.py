"""The reading cascade on degraded labels: at least what single readers find, and never a wrong code."""

from __future__ import annotations

import numpy as np
import pytest

from edge.drivers.label_reading import read_codes, read_with_zbar, read_with_zxing
from tests.unit.edge_rim.label_pictures import (
    HARSH,
    MEDIUM,
    MILD,
    Grade,
    draw_code,
    draw_label,
    is_checked_code,
    photograph,
)


@pytest.mark.parametrize(
    ("grade", "floor"), [(MILD, 1.0), (MEDIUM, 0.95), (HARSH, 0.1)], ids=["mild", "medium", "harsh"]
)
def test_cascade_reads_at_least_the_union_of_single_readers(grade: Grade, floor: float) -> None:
    rng = np.random.default_rng(20261124)
    ours = union = 0
    count = 20
    for _ in range(count):
        code = draw_code(rng)
        picture = photograph(draw_label(code), grade, rng)
        texts = read_codes(picture, is_checked_code, budget_ms=5000)
        assert texts in ([], [code])
        ours += bool(texts)
        union += code in read_with_zxing(picture) or code in read_with_zbar(picture)
    assert ours >= union
    assert ours >= floor * count


def test_code_with_wrong_check_character_is_not_read() -> None:
    picture = draw_label("BX010000011")  # the right check character is another
    assert not is_checked_code("BX010000011")
    assert read_codes(picture, is_checked_code) == []


def test_two_codes_in_view_are_both_told() -> None:
    rng = np.random.default_rng(3)
    first, second = draw_code(rng), draw_code(rng)
    picture = np.vstack([draw_label(first), draw_label(second)])
    assert set(read_codes(picture, is_checked_code)) == {first, second}


def test_colour_and_empty_pictures_are_taken() -> None:
    code = draw_code(np.random.default_rng(5))
    grey = draw_label(code)
    assert read_codes(np.dstack([grey, grey, grey]), is_checked_code) == [code]
    assert read_codes(np.zeros((480, 640), np.uint8), is_checked_code, budget_ms=2000) == []
