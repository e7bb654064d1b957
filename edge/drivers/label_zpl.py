"""Box labels as ZPL: QR and Code 128 drawn by the printer, Chinese text as a bitmap of ours.

Pure but for loading the font once at start. Nothing here talks to a printer.
Sources: Zebra ZPL II Programming Guide, commands ^GF, ^BQ, ^BC, ^PW, ^LL.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

# Signs every label may need: if one of them looks like the font's "no such glyph", the font is the wrong one.
PROBE_SIGNS = "档案盒区列层位客户"
CODE_PATTERN = re.compile(r"^[0-9A-Z]{4,20}$")  # also keeps ^ and ~ out of the data fields


class FontError(Exception):
    """The configured font can't print Chinese labels; said at start, not at the first label."""


@dataclass(frozen=True)
class LabelSheet:
    """Size of the label stock and density of the print head."""

    width_mm: int = 100
    height_mm: int = 50
    dots_per_mm: int = 8

    def dots(self, millimetres: float) -> int:
        """Millimetres as dots of this head."""
        return round(millimetres * self.dots_per_mm)


@dataclass(frozen=True)
class LabelText:
    """What stands on one label: the code, one big line, some small ones, and which copy it is."""

    code: str
    heading: str
    lines: tuple[str, ...] = ()
    copy_no: int = 1


class LabelFont:
    """A loaded font file known to hold Chinese signs."""

    def __init__(self, file: Path, index: int = 0) -> None:
        self.file = file
        self.index = index
        self._sizes: dict[int, ImageFont.FreeTypeFont] = {}
        if not file.is_file():
            raise FontError(f"font file {file} doesn't exist")
        try:
            font = self.at(24)
        except OSError as error:
            raise FontError(f"font file {file} (face {index}) can't be read: {error}") from error
        nothing = bytes(font.getmask("\uffff"))
        lacking = [sign for sign in PROBE_SIGNS if bytes(font.getmask(sign)) == nothing]
        if lacking:
            raise FontError(f"font file {file} (face {index}) has no glyph for {''.join(lacking)}")

    def at(self, height_dots: int) -> ImageFont.FreeTypeFont:
        """Return the font at this height."""
        if height_dots not in self._sizes:
            self._sizes[height_dots] = ImageFont.truetype(str(self.file), height_dots, index=self.index)
        return self._sizes[height_dots]


def render_label(text: LabelText, sheet: LabelSheet, font: LabelFont) -> bytes:
    """ZPL of one label; raises ValueError for a code that isn't made of digits and capitals."""
    if not CODE_PATTERN.fullmatch(text.code):
        raise ValueError(f"not a printable code: {text.code!r}")
    width, height = sheet.dots(sheet.width_mm), sheet.dots(sheet.height_mm)
    margin = sheet.dots(4)  # four modules of quiet zone beside the QR
    module = sheet.dots(1)  # QR module of 1 mm: 21 mm square, read at arm's length
    qr_side = 21 * module
    text_left = margin + qr_side + sheet.dots(4)
    graphic = render_text(text, sheet, font, width - text_left - margin, sheet.dots(23))
    bar_width = sheet.dots(0.375)
    parts = [
        "^XA",
        f"^PW{width}",
        f"^LL{height}",
        "^LH0,0",
        # ^BQ sets its symbol 10 dots below the field origin
        f"^FO{margin},{max(0, margin - 10)}^BQN,2,{min(module, 10)}^FDMA,{text.code}^FS",
        f"^FO{text_left},{margin}{graphic}^FS",
        f"^FO{text_left},{sheet.dots(28)}^BY{bar_width}^BCN,{sheet.dots(12)},N,N,N^FD{text.code}^FS",
        f"^FO{text_left},{sheet.dots(42)}^A0N,{sheet.dots(4)},{sheet.dots(4)}^FD{spaced_code(text)}^FS",
        "^XZ",
    ]
    return "\n".join(parts).encode("ascii")


def render_text(text: LabelText, sheet: LabelSheet, font: LabelFont, width: int, height: int) -> str:
    """Draw the text block as a ^GFA graphic of at most width x height dots."""
    picture = Image.new("1", (width, height), 1)
    draw = ImageDraw.Draw(picture)
    big, small = font.at(sheet.dots(5)), font.at(sheet.dots(3.5))
    heading = wrap_heading(text.heading, big, width)
    top = 0
    for line, face in [*((line, big) for line in heading), *((line, small) for line in text.lines)]:
        step = int(face.size * 1.25)
        if top + step > height:
            break
        draw.text((0, top), fit_line(line, face, width), font=face, fill=0)
        top += step
    return encode_graphic(picture)


def wrap_heading(heading: str, face: ImageFont.FreeTypeFont, width: int) -> list[str]:
    """Put the heading on one line, or on two when it is long; Chinese breaks anywhere."""
    fitting = len(heading)
    while fitting and face.getlength(heading[:fitting]) > width:
        fitting -= 1
    return [line for line in (heading[:fitting], heading[fitting:]) if line]


def fit_line(line: str, face: ImageFont.FreeTypeFont, width: int) -> str:
    """Cut the line with an ellipsis where the label ends."""
    if face.getlength(line) <= width:
        return line
    while line and face.getlength(line + "…") > width:
        line = line[:-1]
    return line + "…"


def encode_graphic(picture: Image.Image) -> str:
    """Write a 1-bit picture (0 = ink) as ^GFA in plain hexadecimal."""
    row_bytes = (picture.width + 7) // 8
    padded = Image.new("1", (row_bytes * 8, picture.height), 1)
    padded.paste(picture, (0, 0))
    ink = bytes(byte ^ 0xFF for byte in padded.tobytes())
    return f"^GFA,{len(ink)},{len(ink)},{row_bytes},{ink.hex().upper()}"


def spaced_code(text: LabelText) -> str:
    """Group the code for the eye, with the copy's number from the second copy on: BX 01 000123 7  #2."""
    code = text.code
    spaced = code if len(code) != 11 else f"{code[:2]} {code[2:4]} {code[4:10]} {code[10]}"
    return spaced if text.copy_no == 1 else f"{spaced}  #{text.copy_no}"
