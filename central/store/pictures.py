"""Turns one file into pictures of its pages, with what can be measured on them. Runs as a process of its own.

Foreign files meet decoders here and nowhere else: a bomb costs this process its memory and time limit, and nobody's.
"""

from __future__ import annotations

import json
import resource
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageOps

from central.domain.captures import COVER_PREFIX, INK_LEAST_PERMYRIAD, FileFault, PageMeasures, estimate_dpi

#: A page of the picture store: A4 at 210 dpi, enough to read small print, small enough for a browser.
PICTURE_MOST_PX = 2480
RENDER_DPI = 210
MEASURE_PX = 1000
SKEW_PX = 500
COVER_PX = 1200
SKEW_MOST_DEGREES = 6
QUALITY = 86
#: Ink outside of these is taken for dirt.
EDGE_PERCENT = (0.2, 99.8)
WAVES_PX, WAVES = 64, 16
POINTS_PER_INCH = 72


class FileFaultError(Exception):
    """The file can't become pages."""

    def __init__(self, fault: FileFault) -> None:
        super().__init__(fault.value)
        self.fault = fault


def main(arguments: list[str]) -> None:
    """Write `N.jpg` for each page into a folder and say on standard output what they are."""
    path, media_type, folder = Path(arguments[0]), arguments[1], Path(arguments[2])
    pages_most, pixels_most, memory_mib, seconds = (int(word) for word in arguments[3:7])
    resource.setrlimit(resource.RLIMIT_AS, (memory_mib << 20, memory_mib << 20))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    try:
        pages = [
            write_page(picture, dpi, folder / f"{number}.jpg")
            for number, (picture, dpi) in enumerate(read_pages(path, media_type, pages_most, pixels_most), 1)
        ]
        answer: dict[str, Any] = {"pages": [asdict(page) for page in pages]}
    except FileFaultError as error:
        answer = {"fault": error.fault.value}
    except MemoryError:
        answer = {"fault": FileFault.TOO_MUCH.value}
    sys.stdout.write(json.dumps(answer))


def read_pages(
    path: Path, media_type: str, pages_most: int, pixels_most: int
) -> Iterator[tuple[Image.Image, int | None]]:
    """Yield each page as a picture with its resolution, one at a time."""
    reader = _read_pdf if media_type == "application/pdf" else _read_frames
    count = 0
    for page in reader(path, pages_most, pixels_most):
        count += 1
        yield page
    if count == 0:
        raise FileFaultError(FileFault.BROKEN)


def write_page(picture: Image.Image, dpi: int | None, path: Path) -> PageMeasures:
    """Write one picture, and return what was measured on it before it was made smaller."""
    picture = ImageOps.exif_transpose(picture)
    gray = np.asarray(picture.convert("L"))
    ink, skew, sharpness = measure_page(gray)
    code = read_cover(gray)
    likeness = find_likeness(gray, skew) if ink >= INK_LEAST_PERMYRIAD else ""
    shown = picture.convert("L" if picture.mode in ("1", "L", "LA", "I;16") else "RGB")
    shown.thumbnail(
        (PICTURE_MOST_PX * 2, PICTURE_MOST_PX * 2)
        if min(shown.size) * 2 < max(shown.size)
        else (PICTURE_MOST_PX, PICTURE_MOST_PX)
    )
    shown.save(path, "JPEG", quality=QUALITY)
    return PageMeasures(shown.width, shown.height, dpi, ink, skew, sharpness, code, likeness)


def read_cover(gray: np.ndarray[Any, Any]) -> str:
    """Return what a cover sheet's code on the page says; other codes mean nothing here."""
    import cv2
    import zxingcpp

    scale = min(COVER_PX / min(gray.shape), 1.0)
    small = cv2.resize(gray, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    found = zxingcpp.read_barcodes(small, formats=zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode))
    return next((each.text[:80] for each in found if each.text.startswith(COVER_PREFIX)), "")


def measure_page(gray: np.ndarray[Any, Any]) -> tuple[int, int, int]:
    """Return ink in ten-thousandths, skew in tenths of a degree, and sharpness of a grey picture."""
    import cv2

    scale = MEASURE_PX / min(gray.shape)
    small = cv2.resize(gray, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else gray
    # darker than the paper, whatever its colour; a page that is dark all over holds nothing to read
    dark = small < int(np.median(small)) - 40
    ink = round(float(dark.mean()) * 10_000)
    sharpness = round(float(cv2.Laplacian(small, cv2.CV_64F).var()))
    return ink, measure_skew(dark) if ink else 0, min(sharpness, 1_000_000)


def find_likeness(gray: np.ndarray[Any, Any], skew_tenths: int) -> str:
    """Return what the page looks like in 256 bits: its coarse waves, turned upright and cut to the ink.

    Two scans of one paper differ in few bits, whatever the scanner; the same form filled in otherwise in many.
    """
    import cv2

    scale = min(MEASURE_PX / min(gray.shape), 1.0)
    small = cv2.resize(gray, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    height, width = small.shape
    paper = int(np.median(small))
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), -skew_tenths / 10, 1)
    upright = cv2.warpAffine(small, turn, (width, height), borderValue=paper)
    rows, columns = np.nonzero(cv2.medianBlur((upright < paper - 40).astype(np.uint8), 3))
    if rows.size == 0:
        return ""
    # a hair or a speck at the border is no part of what is written
    top, bottom = (int(each) for each in np.percentile(rows, EDGE_PERCENT))
    left, right = (int(each) for each in np.percentile(columns, EDGE_PERCENT))
    written = cv2.resize(
        upright[top : bottom + 1, left : right + 1], (WAVES_PX, WAVES_PX), interpolation=cv2.INTER_AREA
    )
    waves = cv2.dct(written.astype(np.float32))[:WAVES, :WAVES].ravel()
    bits = waves > np.median(waves[1:])
    bits[0] = False  # how bright the page is says nothing of it
    return np.packbits(bits).tobytes().hex()


def measure_skew(dark: np.ndarray[Any, Any]) -> int:
    """Return by how many tenths of a degree lines of text lean: turned upright, rows of ink differ most."""
    import cv2

    scale = min(SKEW_PX / min(dark.shape), 1.0)
    ink = cv2.resize(dark.astype(np.float32), None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    height, width = ink.shape
    best, found = -1.0, 0
    for tenths in sorted(range(-SKEW_MOST_DEGREES * 10, SKEW_MOST_DEGREES * 10 + 1, 5), key=abs):
        turn = cv2.getRotationMatrix2D((width / 2, height / 2), tenths / 10, 1)
        rows = cv2.warpAffine(ink, turn, (width, height)).sum(axis=1)
        contrast = float(np.square(np.diff(rows)).sum())
        # A hair better is noise: the smaller angle stays.
        if contrast > best * 1.02:
            best, found = contrast, -tenths
    return found


def _read_frames(path: Path, pages_most: int, pixels_most: int) -> Iterator[tuple[Image.Image, int | None]]:
    Image.MAX_IMAGE_PIXELS = None  # judged here, from the header, before a pixel is decoded
    try:
        with Image.open(path, formats=("JPEG", "PNG", "TIFF")) as picture:
            if getattr(picture, "n_frames", 1) > pages_most:
                raise FileFaultError(FileFault.PAGES)
            for number in range(getattr(picture, "n_frames", 1) if picture.format == "TIFF" else 1):
                picture.seek(number)
                if picture.width * picture.height > pixels_most:
                    raise FileFaultError(FileFault.PIXELS)
                picture.load()
                yield picture, estimate_dpi(picture.width, picture.height)
    except (OSError, ValueError, SyntaxError, EOFError) as error:
        raise FileFaultError(FileFault.BROKEN) from error


def _read_pdf(path: Path, pages_most: int, pixels_most: int) -> Iterator[tuple[Image.Image, int | None]]:
    import pypdfium2

    try:
        document = pypdfium2.PdfDocument(path)
    except pypdfium2.PdfiumError as error:
        locked = "password" in str(error).lower() or "security" in str(error).lower()
        raise FileFaultError(FileFault.LOCKED if locked else FileFault.BROKEN) from error
    if len(document) > pages_most:
        raise FileFaultError(FileFault.PAGES)
    try:
        for number in range(len(document)):
            page = document[number]
            width_in, height_in = (side / POINTS_PER_INCH for side in page.get_size())
            if width_in * height_in * RENDER_DPI**2 > pixels_most:
                raise FileFaultError(FileFault.PIXELS)
            dpi = _find_scan_dpi(page, pixels_most)
            yield page.render(scale=RENDER_DPI / POINTS_PER_INCH).to_pil(), dpi
            page.close()
    except pypdfium2.PdfiumError as error:
        raise FileFaultError(FileFault.BROKEN) from error
    finally:
        document.close()


def _find_scan_dpi(page: Any, pixels_most: int) -> int | None:
    """Return the resolution of the picture that fills a page, None when the page is drawn."""
    from pypdfium2 import raw

    page_width, page_height = page.get_size()
    for each in page.get_objects(filter=[raw.FPDF_PAGEOBJ_IMAGE], max_depth=3):
        width_px, height_px = each.get_px_size()
        if width_px * height_px > pixels_most:
            raise FileFaultError(FileFault.PIXELS)
        left, bottom, right, top = each.get_bounds()
        if (right - left) * (top - bottom) >= page_width * page_height / 2:
            return round(float(min(width_px, height_px) * POINTS_PER_INCH / max(min(right - left, top - bottom), 1)))
    return None


if __name__ == "__main__":
    main(sys.argv[1:])
