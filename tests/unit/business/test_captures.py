"""What the checks at capture find, and which files are taken, by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from central.domain.captures import Finding, PageMeasures, check_page, estimate_dpi, find_media_type

GOOD = PageMeasures(width_px=1654, height_px=2339, dpi=200, ink_permyriad=420, skew_tenths=0, sharpness=900)


@pytest.mark.parametrize(
    ("head", "media_type"),
    [
        (b"%PDF-1.7\n", "application/pdf"),
        (b"\xff\xd8\xff\xe0", "image/jpeg"),
        (b"\x89PNG\r\n\x1a\n", "image/png"),
        (b"II*\x00", "image/tiff"),
        (b"MM\x00*", "image/tiff"),
        (b"PK\x03\x04", None),
        (b"<svg", None),
        (b"GIF89a", None),
        (b"%PD", None),
        (b"", None),
    ],
)
def test_a_file_is_known_by_its_first_bytes(head: bytes, media_type: str | None) -> None:
    assert find_media_type(head) == media_type


@pytest.mark.parametrize(
    ("change", "findings"),
    [
        ({}, []),
        ({"dpi": 149}, [Finding.RESOLUTION]),
        ({"dpi": 150}, []),
        ({"dpi": None, "sharpness": 1}, []),
        ({"skew_tenths": -25}, [Finding.SKEW]),
        ({"skew_tenths": 20}, []),
        ({"sharpness": 59}, [Finding.BLUR]),
        ({"ink_permyriad": 4, "sharpness": 1, "skew_tenths": 40}, [Finding.EMPTY]),
        ({"ink_permyriad": 4, "dpi": 72}, [Finding.RESOLUTION, Finding.EMPTY]),
    ],
)
def test_findings_by_their_limits(change: dict[str, int], findings: list[Finding]) -> None:
    assert [each.finding for each in check_page(replace(GOOD, **change))] == findings


def test_a_picture_of_a4_has_the_resolution_of_its_short_side() -> None:
    assert estimate_dpi(1654, 2339) == 200
    assert estimate_dpi(2339, 1654) == 200


@given(
    st.builds(
        PageMeasures, *(st.integers(0, 10_000),) * 2, st.none() | st.integers(0, 1200), *(st.integers(0, 10_000),) * 3
    )
)
def test_each_finding_comes_once_and_with_its_figure(measures: PageMeasures) -> None:
    found = check_page(measures)
    assert len({each.finding for each in found}) == len(found)
    assert all(each.to_body() == {"finding": each.finding.value, "value": each.value} for each in found)
