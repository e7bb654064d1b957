"""Lays words over the picture of a page, so that a photo of the screen says who looked and when."""

from __future__ import annotations

import io
from functools import cache
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

QUALITY = 85
TURN_DEGREES = 24
#: One word mark for each stretch of the page's width and height.
STRETCH_PARTS = 3
#: How much of the mark shows: legible on white, and print under it stays readable.
OPACITY = 52


@cache
def load_font(path: Path, size_px: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """Return the font of a size; without the file a built-in one, which knows Latin letters only."""
    if path.is_file():
        return ImageFont.truetype(str(path), size_px)
    return ImageFont.load_default(size_px)


def draw_watermark(picture: bytes, words: str, font_file: Path) -> bytes:
    """Return the picture as JPEG with the words laid over it, again and again."""
    with Image.open(io.BytesIO(picture), formats=("JPEG",)) as opened:
        page = opened.convert("RGB")
    font = load_font(font_file, max(page.width // 42, 14))
    # a font that can't write them would draw boxes: the log-in name and the time stay
    shown = words if font_file.is_file() else words.encode("ascii", "ignore").decode().strip()
    left, top, right, bottom = (round(each) for each in font.getbbox(shown))
    mark = Image.new("L", (right - left + 8, bottom - top + 8), 0)
    ImageDraw.Draw(mark).text((4 - left, 4 - top), shown, fill=OPACITY, font=font)
    mark = mark.rotate(TURN_DEGREES, expand=True, resample=Image.Resampling.BICUBIC)
    ink = Image.new("RGB", mark.size, (90, 90, 90))
    step_x, step_y = max(page.width // STRETCH_PARTS, mark.width // 2), max(page.height // (STRETCH_PARTS + 1), 1)
    for row, y in enumerate(range(step_y // 4, page.height, step_y)):
        for x in range(-step_x // 2 if row % 2 else 0, page.width, step_x):
            page.paste(ink, (x, y), mark)
    out = io.BytesIO()
    page.save(out, "JPEG", quality=QUALITY)
    return out.getvalue()
