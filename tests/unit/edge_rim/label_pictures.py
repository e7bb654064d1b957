"""Pictures of labels as a camera sees them: drawn by segno, zxing and Pillow, never by the code under test."""

from __future__ import annotations

import io
from dataclasses import dataclass

import cv2
import numpy as np
import segno
import zxingcpp
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from stdnum.iso7064 import mod_37_36

FONT_FILE = "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc"
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
Picture = NDArray[np.uint8]


@dataclass(frozen=True)
class Grade:
    """How badly a photograph treats the label."""

    turn_deg: float
    perspective: float
    blur_px: float
    noise: float
    shade: float
    scale: tuple[float, float]


MILD = Grade(15, 0.02, 0.6, 4, 0.2, (0.6, 0.9))
MEDIUM = Grade(60, 0.06, 1.4, 10, 0.5, (0.5, 0.8))
HARSH = Grade(180, 0.12, 2.4, 18, 0.75, (0.4, 0.65))


def draw_code(rng: np.random.Generator, kind: str = "BX") -> str:
    """A printed code with the check character of python-stdnum."""
    body = f"{kind}01" + "".join(ALPHABET[i] for i in rng.integers(0, 32, 6))
    return body + str(mod_37_36.calc_check_digit(body))


def is_checked_code(text: str) -> bool:
    """Eleven characters whose check character is right by python-stdnum."""
    return len(text) == 11 and text.isalnum() and text.isupper() and mod_37_36.is_valid(text)


def draw_label(code: str, qr_code: str | None = None) -> Picture:
    """A clean label of 800 x 400 dots with both symbols."""
    label = Image.new("L", (800, 400), 255)
    png = io.BytesIO()
    segno.make_qr(qr_code or code, error="M").save(png, kind="png", scale=9, border=4)
    label.paste(Image.open(png).convert("L"), (20, 40))
    bars = Image.fromarray(
        np.array(zxingcpp.create_barcode(code, zxingcpp.BarcodeFormat.Code128).to_image(scale=3, add_quiet_zones=True))
    )
    label.paste(bars.convert("L").resize((bars.width, 110), Image.Resampling.NEAREST), (320, 250))
    draw = ImageDraw.Draw(label)
    font = ImageFont.truetype(FONT_FILE, 40, index=2)
    draw.text((340, 40), "锦江宾馆 高压用电", fill=0, font=font)
    draw.text((340, 110), code, fill=0, font=font)
    draw.rectangle((4, 4, 795, 395), outline=0)
    return np.array(label)


def photograph(label: Picture, grade: Grade, rng: np.random.Generator, size: tuple[int, int] = (960, 720)) -> Picture:
    """The label turned, tilted, shaded, blurred and noisy, as a grey JPEG would show it."""
    width, height = size
    rows, columns = label.shape
    scale = rng.uniform(*grade.scale)
    angle = np.deg2rad(rng.uniform(-grade.turn_deg, grade.turn_deg))
    corners = np.array([[0, 0], [columns, 0], [columns, rows], [0, rows]], dtype=np.float32)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    seen = ((corners - [columns / 2, rows / 2]) * scale) @ turn.T + [width / 2, height / 2]
    seen += rng.uniform(-grade.perspective, grade.perspective, (4, 2)) * [columns * scale, rows * scale]
    table = np.full((height, width), 90, np.uint8)
    warp = cv2.getPerspectiveTransform(corners, seen.astype(np.float32))
    picture = cv2.warpPerspective(
        label, warp, size, dst=table, borderMode=cv2.BORDER_TRANSPARENT, flags=cv2.INTER_AREA
    ).astype(np.float32)
    picture = cv2.GaussianBlur(picture, (0, 0), grade.blur_px * rng.uniform(0.6, 1.2))
    across, down = np.meshgrid(np.linspace(-0.5, 0.5, width), np.linspace(-0.5, 0.5, height))
    towards = rng.uniform(0, 2 * np.pi)
    light = (across * np.cos(towards) + down * np.sin(towards) + 0.7) / 1.4
    picture = picture * (1 - grade.shade + grade.shade * light) + rng.normal(0, grade.noise, picture.shape)
    return np.clip(picture, 0, 255).astype(np.uint8)
