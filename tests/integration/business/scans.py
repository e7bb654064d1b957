"""Scans as they come from a scanner or a camera, made by Pillow, and files that no honest scanner makes."""

from __future__ import annotations

import io
import struct
import zlib

from PIL import Image, ImageDraw, ImageFilter, ImageFont

A4_200 = (1654, 2339)


def draw_page(
    text: str = "Application", size: tuple[int, int] = A4_200, lean: float = 0.0, blur: float = 0.0
) -> Image.Image:
    """A page of printed lines."""
    page = Image.new("L", size, 255)
    draw, font = ImageDraw.Draw(page), ImageFont.load_default(size[0] // 48)
    for line in range(6, 40):
        draw.text((size[0] // 10, line * size[1] // 46), f"{text} {line:02} " + "supply of power at " * 3, 0, font)
    if lean:
        page = page.rotate(lean, fillcolor=255)
    return page.filter(ImageFilter.GaussianBlur(blur)) if blur else page


def save(*pages: Image.Image, form: str = "PNG") -> bytes:
    """The pages as one file."""
    out = io.BytesIO()
    more = {"save_all": True, "append_images": list(pages[1:])} if form in {"PDF", "TIFF"} else {}
    if form == "PDF":
        more["resolution"] = 200
    pages[0].save(out, form, **more)
    return out.getvalue()


def make_pixel_bomb(side: int = 60_000) -> bytes:
    """A PNG of a few kilobytes that says it is `side` pixels wide and high."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    body = zlib.compress(b"\0" * 1000)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def make_zip_bomb(mib: int) -> bytes:
    """A PDF whose one picture is deflated twice from gibibytes of zeros."""
    packer = zlib.compressobj(1)
    zeros = bytes(1 << 20)
    inner = b"".join(packer.compress(zeros) for _ in range(mib)) + packer.flush()
    stream = zlib.compress(inner, 9)
    picture = (
        b"<</Type/XObject/Subtype/Image/Width 9000/Height 9000/ColorSpace/DeviceRGB/BitsPerComponent 8"
        b"/Filter[/FlateDecode/FlateDecode]/Length %d>>stream\n%s\nendstream" % (len(stream), stream)
    )
    drawn = b"q 595 0 0 842 0 0 cm /I Do Q"
    return _join_pdf(
        [
            b"<</Type/Catalog/Pages 2 0 R>>",
            b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
            b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</XObject<</I 5 0 R>>>>>>",
            b"<</Length %d>>stream\n%s\nendstream" % (len(drawn), drawn),
            picture,
        ]
    )


def make_wide_pdf() -> bytes:
    """A PDF page of five metres each way."""
    return _join_pdf(
        [
            b"<</Type/Catalog/Pages 2 0 R>>",
            b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
            b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 14400 14400]>>",
        ]
    )


def _join_pdf(objects: list[bytes]) -> bytes:
    out, places = bytearray(b"%PDF-1.7\n"), []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj" % number + body + b"endobj\n"
    table = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % (len(objects) + 1, table)
    return bytes(out)
