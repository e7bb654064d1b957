"""Labels as ZPL, judged by an independent renderer and an independent reader."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import zplkit
import zplkit.rendering
import zxingcpp
from PIL import Image

from edge.drivers.label_zpl import FontError, LabelFont, LabelSheet, LabelText, encode_graphic, render_label
from tests.unit.edge_rim.label_pictures import FONT_FILE, draw_code

FONT = LabelFont(Path(FONT_FILE), 2)
TEXT = LabelText("BX010000019", "成都锦江宾馆有限责任公司", ("客户编号 5100123456", "1区 7列 A面 3节 4层 12位"))


def render_picture(zpl: bytes, sheet: LabelSheet) -> np.ndarray:
    options = zplkit.Options(
        profile="specification",
        width=sheet.dots(sheet.width_mm),
        height=sheet.dots(sheet.height_mm),
        dpi=203 if sheet.dots_per_mm == 8 else 300,
    )
    document = zplkit.render(zpl, options, limits=zplkit.rendering.Limits(graphic_bytes=10_000_000))
    assert len(document.labels) == 1
    raster = document.labels[0].rasterize()
    return np.frombuffer(raster.pixels, np.uint8).reshape(raster.height, raster.width)


@pytest.mark.parametrize("dots_per_mm", [8, 12])
def test_both_symbols_can_be_read_from_the_printed_label(dots_per_mm: int) -> None:
    sheet = LabelSheet(dots_per_mm=dots_per_mm)
    rng = np.random.default_rng(11)
    for _ in range(5):
        code = draw_code(rng)
        picture = render_picture(render_label(LabelText(code, TEXT.heading, TEXT.lines), sheet, FONT), sheet)
        found = {(barcode.format, barcode.text) for barcode in zxingcpp.read_barcodes(picture)}
        assert found == {(zxingcpp.BarcodeFormat.QRCode, code), (zxingcpp.BarcodeFormat.Code128, code)}


def test_chinese_text_is_drawn_and_stays_on_the_label() -> None:
    sheet = LabelSheet()
    with_text = render_picture(render_label(TEXT, sheet, FONT), sheet)
    without = render_picture(render_label(LabelText(TEXT.code, ""), sheet, FONT), sheet)
    rows, columns = np.nonzero(with_text != without)
    assert len(rows) > 2000
    # text stays right of the QR symbol and above the bars
    assert columns.min() > sheet.dots(4 + 21)
    assert rows.max() < sheet.dots(28)


def test_long_names_are_cut_and_copies_are_numbered() -> None:
    sheet = LabelSheet()
    long = LabelText(TEXT.code, "国网四川省电力公司成都供电公司" * 6, TEXT.lines, copy_no=2)
    picture = render_picture(render_label(long, sheet, FONT), sheet)
    assert picture.shape == (400, 800)
    assert (picture[:, -sheet.dots(2) :] == 255).all()
    assert render_label(long, sheet, FONT) != render_label(
        LabelText(long.code, long.heading, long.lines, copy_no=3), sheet, FONT
    )


def test_graphic_bytes_follow_the_manual() -> None:
    """Zebra's ^GF: total, total, bytes a row, most significant bit leftmost, 1 = black (hand sum)."""
    picture = Image.new("1", (10, 2), 1)
    picture.putpixel((0, 0), 0)
    picture.putpixel((9, 1), 0)
    assert encode_graphic(picture) == "^GFA,4,4,2,80000040"


@pytest.mark.parametrize("code", ["BX^XA0000019", "bx010000019", "BX01~0000019", "", "BX", "档案盒0000001"])
def test_codes_that_could_carry_commands_are_refused(code: str) -> None:
    with pytest.raises(ValueError, match="not a printable code"):
        render_label(LabelText(code, "x"), LabelSheet(), FONT)


def test_font_trouble_is_said_at_start(tmp_path: Path) -> None:
    with pytest.raises(FontError, match="doesn't exist"):
        LabelFont(tmp_path / "none.ttf")
    wrong = tmp_path / "wrong.ttf"
    wrong.write_bytes(b"not a font")
    with pytest.raises(FontError, match="can't be read"):
        LabelFont(wrong)
    latin = Path("/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf")
    if latin.is_file():
        with pytest.raises(FontError, match="no glyph for"):
            LabelFont(latin)
