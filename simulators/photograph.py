"""What a cheap camera makes of a label on a desk: turned, aslant, blurred, unevenly lit, noisy. Pure and seeded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
FRAME_WIDTH, FRAME_HEIGHT = 1280, 960
DESK_SEED = 7


@dataclass(frozen=True)
class Conditions:
    """How bad the picture is; the defaults are an ordinary office."""

    turn_deg: float = 14.0
    slant: float = 0.06  # share of the size by which corners shift
    blur_sigma: float = 1.1
    light_fall: float = 0.45  # how much darker the far side is
    noise_sigma: float = 5.0
    filling: float = 0.55  # share of the frame's width that the label takes
    jpeg_quality: int = 85


def photograph(label: Picture, seed: int, conditions: Conditions | None = None) -> Picture:
    """Return the frame in which this grey label lies on a desk."""
    wanted = conditions or Conditions()
    dice = np.random.default_rng(seed)
    desk = _draw_desk()
    warp = _lay(label.shape[1], label.shape[0], dice, wanted)
    size = (FRAME_WIDTH, FRAME_HEIGHT)
    paper = cv2.warpPerspective(label, warp, size, flags=cv2.INTER_AREA, borderValue=(0,))
    mask = cv2.warpPerspective(np.full_like(label, 255), warp, size, flags=cv2.INTER_LINEAR, borderValue=(0,))
    share = mask.astype(np.float32) / 255.0
    scene = desk * (1.0 - share) + paper.astype(np.float32) * share
    sigma = max(0.01, wanted.blur_sigma * dice.uniform(0.6, 1.0))
    blurred = np.asarray(cv2.GaussianBlur(scene, (0, 0), sigma), np.float32)
    scene = blurred * _light(dice, wanted) + dice.normal(0.0, wanted.noise_sigma, blurred.shape)
    return np.clip(scene, 0, 255).astype(np.uint8)


def show_desk(seed: int) -> Picture:
    """Return the frame of an empty desk."""
    dice = np.random.default_rng(seed)
    scene = _draw_desk() + dice.normal(0.0, 3.0, (FRAME_HEIGHT, FRAME_WIDTH))
    return np.clip(scene, 0, 255).astype(np.uint8)


def encode_jpeg(picture: Picture, quality: int = 85) -> bytes:
    """Compress a frame as the camera does."""
    done, octets = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])
    assert done
    return bytes(octets)


def read_picture(octets: bytes) -> Picture | None:
    """Return a grey picture from PNG or JPEG bytes; None when they are none."""
    if not octets:
        return None
    picture: Any = cv2.imdecode(np.frombuffer(octets, np.uint8), cv2.IMREAD_GRAYSCALE)
    return None if picture is None else np.asarray(picture, np.uint8)


def _draw_desk() -> NDArray[np.float32]:
    """Return a wooden top: broad stripes, coarse grain; always the same, for a desk does not change."""
    dice = np.random.default_rng(DESK_SEED)
    stripes = cv2.resize(dice.uniform(85, 120, (1, 40)).astype(np.float32), (FRAME_WIDTH, FRAME_HEIGHT))
    grain = cv2.resize(dice.normal(0, 6, (60, 80)).astype(np.float32), (FRAME_WIDTH, FRAME_HEIGHT))
    return np.asarray(stripes + grain, np.float32)


def _lay(width: int, height: int, dice: np.random.Generator, wanted: Conditions) -> NDArray[np.float32]:
    """Return the map from label to frame: scaled, turned, shifted, corners pulled."""
    scale = wanted.filling * FRAME_WIDTH / width
    half = np.array([width, height], np.float32) * scale / 2
    turn = np.deg2rad(dice.uniform(-wanted.turn_deg, wanted.turn_deg))
    rotation = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]], np.float32)
    corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]], np.float32) * half
    corners += dice.uniform(-wanted.slant, wanted.slant, corners.shape).astype(np.float32) * half.mean()
    centre = np.array([FRAME_WIDTH / 2, FRAME_HEIGHT / 2]) + dice.uniform(-40, 40, 2)
    target = (corners @ rotation.T + centre).astype(np.float32)
    source = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    return np.asarray(cv2.getPerspectiveTransform(source, target), np.float32)


def _light(dice: np.random.Generator, wanted: Conditions) -> NDArray[np.float32]:
    """Return a lamp at one side: brightness falls across the desk."""
    angle = dice.uniform(0, 2 * np.pi)
    across = np.linspace(-1, 1, FRAME_WIDTH, dtype=np.float32) * np.float32(np.cos(angle))
    down = np.linspace(-1, 1, FRAME_HEIGHT, dtype=np.float32) * np.float32(np.sin(angle))
    fall = (across[None, :] + down[:, None]) / 2.9 + 0.5
    return np.asarray(1.0 - wanted.light_fall * fall, np.float32)
