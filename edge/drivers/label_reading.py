"""Reading printed codes from pictures: a cascade of readers over prepared images.

Pure: picture in, texts out. Which texts are codes of ours is the caller's `accept`; what was read but not accepted
is dropped here, so no false read of a blurred symbol leaves this file.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from types import ModuleType

Picture = NDArray[np.uint8]

# A picture wider than this is shrunk first: more dots cost time and add no module of a symbol.
READING_WIDTH_MAX_PX = 1600
UPSCALE_BELOW_PX = 900


def read_codes(picture: Picture, accept: Callable[[str], bool], budget_ms: int = 400) -> list[str]:
    """Distinct accepted texts found in a grey or BGR picture, in order of finding.

    Stops at the first preparation that yields one; gives up when the budget is spent.
    """
    ends_at = time.monotonic() + budget_ms / 1000
    grey = to_grey(picture)
    for reader, prepared in attempts(grey):
        texts = [text for text in dict.fromkeys(reader(prepared)) if accept(text)]
        if texts:
            return texts
        if time.monotonic() >= ends_at:
            break
    return []


def attempts(grey: Picture) -> Iterator[tuple[Callable[[Picture], list[str]], Picture]]:
    """Reader and picture pairs, cheapest and most promising first."""
    yield read_with_zxing, grey
    yield read_with_zbar, grey
    sharp = sharpen(grey)
    yield read_with_zxing, sharp
    upright = turn_upright(grey)
    if upright is not None:
        yield read_with_zbar, upright
    evened = even_light(grey)
    yield read_with_zxing, evened
    yield read_with_zbar, sharpen(evened)
    small_enough = max(grey.shape) < UPSCALE_BELOW_PX
    if small_enough:
        double = sharpen(enlarge(grey))
        yield read_with_zxing, double
        yield read_with_zbar, double
    label = flatten_label(grey)
    if label is not None:
        yield read_with_zxing, label
        yield read_with_zbar, sharpen(label)
    yield read_with_zxing, binarise(grey)
    yield read_with_zxing, binarise(sharpen(evened))
    if upright is not None:
        yield read_with_zbar, sharpen(even_light(upright))
    yield read_with_zxing, smooth(grey)


def read_with_zxing(picture: Picture) -> list[str]:
    """Texts of QR and Code 128 symbols by zxing-cpp."""
    import zxingcpp

    formats = zxingcpp.BarcodeFormats([zxingcpp.BarcodeFormat.QRCode, zxingcpp.BarcodeFormat.Code128])
    return [found.text for found in zxingcpp.read_barcodes(picture, formats=formats)]


def read_with_zbar(picture: Picture) -> list[str]:
    """Texts of QR and Code 128 symbols by ZBar, which reads near the axes only."""
    from pyzbar import pyzbar

    symbols = [pyzbar.ZBarSymbol.QRCODE, pyzbar.ZBarSymbol.CODE128]
    return [found.data.decode("ascii", "replace") for found in pyzbar.decode(picture, symbols=symbols)]


def to_grey(picture: Picture) -> Picture:
    """One plane of light, at most READING_WIDTH_MAX_PX wide."""
    cv2 = load_cv2()
    grey = picture if picture.ndim == 2 else cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)
    factor = READING_WIDTH_MAX_PX / max(grey.shape)
    if factor < 1:
        grey = cv2.resize(grey, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    return as_picture(grey)


def sharpen(grey: Picture) -> Picture:
    """Unsharp mask against blur."""
    cv2 = load_cv2()
    soft = cv2.GaussianBlur(grey, (0, 0), 2.5)
    return as_picture(cv2.addWeighted(grey, 2.8, soft, -1.8, 0))


def smooth(grey: Picture) -> Picture:
    """Median against sensor noise."""
    return as_picture(load_cv2().medianBlur(grey, 3))


def even_light(grey: Picture) -> Picture:
    """Local contrast (CLAHE) against uneven light."""
    return as_picture(load_cv2().createCLAHE(clipLimit=3.0, tileGridSize=(8, 8)).apply(grey))


def enlarge(grey: Picture) -> Picture:
    """Double the size, for modules of only a dot or two."""
    cv2 = load_cv2()
    return as_picture(cv2.resize(grey, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC))


def binarise(grey: Picture) -> Picture:
    """Adaptive threshold, for readers misled by shadows."""
    cv2 = load_cv2()
    return as_picture(cv2.adaptiveThreshold(grey, 255, cv2.ADAPTIVE_THRESH_GAUSSIAN_C, cv2.THRESH_BINARY, 41, 9))


def turn_upright(grey: Picture) -> Picture | None:
    """Turn the biggest bright rectangle parallel to the axes; None if there is none or it already is."""
    cv2 = load_cv2()
    outline = find_label(grey)
    if outline is None:
        return None
    angle = cv2.minAreaRect(outline)[2]
    angle = angle - 90 if angle > 45 else angle
    if abs(angle) < 3:
        return None
    height, width = grey.shape
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), angle, 1.0)
    cos, sin = abs(turn[0, 0]), abs(turn[0, 1])
    new_width, new_height = int(height * sin + width * cos), int(height * cos + width * sin)
    turn[0, 2] += new_width / 2 - width / 2
    turn[1, 2] += new_height / 2 - height / 2
    return as_picture(cv2.warpAffine(grey, turn, (new_width, new_height), flags=cv2.INTER_CUBIC, borderValue=128))


def flatten_label(grey: Picture) -> Picture | None:
    """Undo perspective: the biggest bright quadrilateral seen from straight ahead; None if there is none."""
    cv2 = load_cv2()
    outline = find_label(grey)
    if outline is None:
        return None
    corners = cv2.approxPolyDP(outline, 0.03 * cv2.arcLength(outline, True), True).reshape(-1, 2)
    if len(corners) != 4:
        corners = cv2.boxPoints(cv2.minAreaRect(outline))
    ordered = order_corners(corners.astype(np.float32))
    sides = np.linalg.norm(ordered - np.roll(ordered, -1, axis=0), axis=1)
    width, height = int(max(sides[0], sides[2])), int(max(sides[1], sides[3]))
    if min(width, height) < 40:
        return None
    target = np.array([[0, 0], [width, 0], [width, height], [0, height]], dtype=np.float32)
    flat = cv2.warpPerspective(
        grey, cv2.getPerspectiveTransform(ordered, target), (width, height), flags=cv2.INTER_CUBIC
    )
    return as_picture(cv2.copyMakeBorder(flat, 20, 20, 20, 20, cv2.BORDER_CONSTANT, value=255))


def find_label(grey: Picture) -> Any | None:
    """Outline of the biggest bright patch that could be a label, as OpenCV points; None if there is none."""
    cv2 = load_cv2()
    _, bright = cv2.threshold(cv2.GaussianBlur(grey, (9, 9), 0), 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    bright = cv2.morphologyEx(bright, cv2.MORPH_CLOSE, np.ones((25, 25), np.uint8))
    outlines, _ = cv2.findContours(bright, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    outline = max(outlines, key=cv2.contourArea, default=None)
    if outline is None or cv2.contourArea(outline) < 0.02 * grey.size:
        return None
    return outline


def order_corners(corners: NDArray[np.float32]) -> NDArray[np.float32]:
    """Corners clockwise from the one nearest the picture's origin."""
    centre = corners.mean(axis=0)
    angles = np.arctan2(corners[:, 1] - centre[1], corners[:, 0] - centre[0])
    clockwise = corners[np.argsort(angles)]
    start = int(np.argmin(clockwise.sum(axis=1)))
    return np.roll(clockwise, -start, axis=0)


def as_picture(array: Any) -> Picture:
    """Contiguous bytes, as the readers want them."""
    return np.ascontiguousarray(array, dtype=np.uint8)


def load_cv2() -> ModuleType:
    """OpenCV on first use: it costs a second and a gateway without a camera never needs it."""
    import cv2

    module: ModuleType = cv2
    return module
