"""Files of every kind become pictures of their pages; bombs cost their reader its limits, and say why."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image, ImageDraw, ImageFont

from central.domain.captures import FileFault, Finding, PageMeasures, check_page, find_alike, find_media_type
from central.store.picture_reading import ReadingLimits, read_pictures
from tests.integration.business.scans import draw_page, make_pixel_bomb, make_wide_pdf, make_zip_bomb, save

LIMITS = ReadingLimits(pages=5, pixels=100_000_000)


def read(data: bytes, folder: Path, limits: ReadingLimits = LIMITS) -> tuple[PageMeasures, ...] | FileFault:
    path = folder / "offered"
    path.write_bytes(data)
    media_type = find_media_type(data)
    assert media_type is not None
    return read_pictures(path, media_type, folder, limits)


def find(data: bytes, folder: Path) -> list[list[Finding]]:
    pages = read(data, folder)
    assert not isinstance(pages, FileFault), pages
    return [[each.finding for each in check_page(page)] for page in pages]


@pytest.mark.parametrize("form", ["PDF", "TIFF"])
def test_pages_of_one_file_keep_their_order_and_say_what_is_wrong(form: str, tmp_path: Path) -> None:
    pages = [draw_page(), Image.new("L", (1654, 2339), 255), draw_page(lean=4), draw_page(blur=6)]
    assert find(save(*pages, form=form), tmp_path) == [[], [Finding.EMPTY], [Finding.SKEW], [Finding.BLUR]]
    for number in range(1, 5):
        with Image.open(tmp_path / f"{number}.jpg") as picture:
            picture.load()
            assert picture.format == "JPEG"


def test_scans_of_one_paper_look_alike_and_other_papers_do_not(tmp_path: Path) -> None:
    form = draw_form("Jinjiang Hotel", "510100001", "630 kVA", "Renmin Road 1")
    filled_otherwise = draw_form("Chengdu Steel", "510100777", "1000 kVA", "Shudu Avenue 88")
    again = form.rotate(1, fillcolor=250, translate=(12, -9)).resize((1240, 1754))
    pages = read(
        save(form, again, filled_otherwise, draw_page(), Image.new("L", (1654, 2339), 255), form="TIFF"), tmp_path
    )
    assert not isinstance(pages, FileFault), pages
    first, second, third, fourth, blank = (page.likeness for page in pages)
    assert find_alike(first, [fourth, second]) is not None
    assert find_alike(first, [third, fourth]) is None
    assert find_alike(third, [second, fourth]) is None
    assert blank == ""
    assert find_alike(blank, [blank]) is None


def draw_form(*fields: str) -> Image.Image:
    """A page with a printed table, filled in."""
    page, font = Image.new("L", (1654, 2339), 255), ImageFont.load_default(34)
    draw = ImageDraw.Draw(page)
    for row in range(12):
        top = 300 + row * 140
        draw.rectangle((150, top, 1500, top + 140), outline=0, width=3)
        draw.line((500, top, 500, top + 140), 0, 3)
        draw.text((170, top + 40), f"field {row}", 0, font)
        draw.text((530, top + 40), fields[row % len(fields)], 0, font)
    return page


@pytest.mark.parametrize("form", ["PNG", "JPEG"])
def test_a_picture_is_one_page(form: str, tmp_path: Path) -> None:
    assert find(save(draw_page(), form=form), tmp_path) == [[]]
    assert find(save(draw_page(size=(620, 877)), form=form), tmp_path)[0][0] is Finding.RESOLUTION


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (make_pixel_bomb(), FileFault.PIXELS),
        (make_wide_pdf(), FileFault.PIXELS),
        (save(*[draw_page(size=(200, 283))] * 6, form="TIFF"), FileFault.PAGES),
        (save(*[draw_page(size=(200, 283))] * 6, form="PDF"), FileFault.PAGES),
        (save(draw_page())[:4000], FileFault.BROKEN),
        (b"%PDF-1.7\nnothing of the kind", FileFault.BROKEN),
        (b"II*\x00" + bytes(40), FileFault.BROKEN),
    ],
    ids=["pixel bomb", "wide pdf", "tiff pages", "pdf pages", "cut png", "no pdf", "no tiff"],
)
def test_what_can_not_be_pages_says_why(data: bytes, fault: FileFault, tmp_path: Path) -> None:
    assert read(data, tmp_path) is fault


def test_a_zip_bomb_ends_its_reader_and_nothing_else(tmp_path: Path) -> None:
    limits = ReadingLimits(pages=5, pixels=100_000_000, memory_mib=1024, seconds=10)
    found = read(make_zip_bomb(768), tmp_path, limits)
    # they never come to be: pdfium gives the picture up within its memory, or the reader ends
    assert isinstance(found, FileFault) or [each.finding for each in check_page(found[0])] == [Finding.EMPTY]
