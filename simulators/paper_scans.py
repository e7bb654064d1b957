"""Scanned papers as an office scanner delivers them: A4 at 200 dpi, straight, readable, each with its own words."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

A4_200_DPI = (1654, 2339)
FONT = Path("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc")
#: The Chinese face of the collection.
FONT_INDEX = 2
MARGIN_PX, LINE_PX = 170, 62
_LEGEND = "本件由模拟办公室生成,仅供演示。所列内容均为虚构,与真实的人和单位无关。"


def draw_scan(title: str, lines: Sequence[str], *, pale: bool = False) -> bytes:
    """Return one page as JPEG: a heading, its particulars, ruled lines and a red seal; `pale`: the seal is missing."""
    page = Image.new("RGB", A4_200_DPI, (253, 252, 248))
    draw = ImageDraw.Draw(page)
    heading, text = (ImageFont.truetype(FONT, size, index=FONT_INDEX) for size in (64, 34))
    draw.text((A4_200_DPI[0] / 2, 210), title, (20, 20, 20), heading, anchor="mm")
    for number, line in enumerate([*lines, *[_LEGEND] * 14]):
        at = 340 + number * LINE_PX * 2
        if at > A4_200_DPI[1] - 420:
            break
        draw.text((MARGIN_PX, at), line, (30, 30, 36), text)
        draw.line((MARGIN_PX, at + LINE_PX, A4_200_DPI[0] - MARGIN_PX, at + LINE_PX), (140, 140, 140), 2)
    if not pale:
        _press_seal(draw, text)
    out = io.BytesIO()
    page.save(out, "JPEG", quality=70, dpi=(200, 200))
    return out.getvalue()


def _press_seal(draw: ImageDraw.ImageDraw, font: ImageFont.FreeTypeFont) -> None:
    x, y, radius, red = 1240, 2020, 150, (190, 40, 40)
    draw.ellipse((x - radius, y - radius, x + radius, y + radius), outline=red, width=8)
    draw.text((x, y), "模拟用章", red, font, anchor="mm")
