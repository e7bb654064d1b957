"""A camera's picture as a small JPEG for a page. Knows no camera."""

from __future__ import annotations

from edge.drivers.label_reading import Picture, load_cv2

JPEG_QUALITY = 70


def encode_picture(picture: Picture, width_px: int) -> bytes | None:
    """Shrink a picture to a width and encode it; None when it can't be."""
    cv2 = load_cv2()
    height, width = picture.shape[:2]
    if width > width_px:
        picture = cv2.resize(picture, (width_px, max(1, height * width_px // width)), interpolation=cv2.INTER_AREA)
    good, encoded = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    return bytes(encoded) if good else None
