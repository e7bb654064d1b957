"""Parts of an MJPEG answer as cameras send them, and as they break them off."""

from __future__ import annotations

import io

import cv2
import numpy as np
import pytest

from edge.drivers.scanner_pictures import FRAME_LIMIT_BYTES, JpegFrame, describe_request, read_part

JPEG = cv2.imencode(".jpg", np.full((480, 640), 90, np.uint8))[1].tobytes()
BOUNDARY = b"--frame"


def part(head: bytes, body: bytes = JPEG) -> bytes:
    return BOUNDARY + b"\r\n" + head + b"\r\n" + body + b"\r\n"


@pytest.mark.parametrize(
    "octets",
    [
        part(b"Content-Type: image/jpeg\r\nContent-Length: %d\r\n" % len(JPEG)),
        part(b"content-length:%d\r\nX-Timestamp: 0.1\r\n" % len(JPEG)),
        part(b"Content-Type: image/jpeg\r\n"),  # length unsaid
        b"\r\n" + part(b"Content-Length: %d\r\n" % len(JPEG)),
        b"preamble\r\n" + part(b"Content-Length: %d\r\n" % len(JPEG)),
    ],
)
def test_each_part_is_a_picture(octets: bytes) -> None:
    stream = io.BytesIO(octets * 2)
    for _ in range(2):
        got = read_part(stream, BOUNDARY)
        assert got is not None
        picture = JpegFrame(got).picture()
        assert picture is not None
        assert picture.shape == (480, 640)
    assert read_part(stream, BOUNDARY) is None


@pytest.mark.parametrize(
    "octets",
    [
        b"",
        BOUNDARY,
        part(b"Content-Length: %d\r\n" % (len(JPEG) + 100)),  # broken off
        part(b"Content-Type: image/jpeg\r\n", JPEG[:-2]),
        b"no multipart at all",
    ],
)
def test_broken_off_stream_ends(octets: bytes) -> None:
    assert read_part(io.BytesIO(octets), BOUNDARY) is None


@pytest.mark.parametrize("length", [b"-1", b"%d" % (FRAME_LIMIT_BYTES + 1), b"many"])
def test_absurd_length_is_refused(length: bytes) -> None:
    with pytest.raises(ValueError, match=r"no picture is so long|invalid literal"):
        read_part(io.BytesIO(part(b"Content-Length: " + length + b"\r\n")), BOUNDARY)


@pytest.mark.parametrize("octets", [b"", b"\xff\xd8 none \xff\xd9", b"\x00" * 5000])
def test_what_is_no_picture_says_so(octets: bytes) -> None:
    frame = JpegFrame(octets)
    assert frame.thumbnail() is None
    assert frame.picture() is None


def test_password_in_the_address_goes_into_its_own_head() -> None:
    request = describe_request("http://guard:open%20sesame@10.0.0.9:81/stream.mjpg?x=1")
    assert request.full_url == "http://10.0.0.9:81/stream.mjpg?x=1"
    assert request.get_header("Authorization") == "Basic Z3VhcmQ6b3BlbiBzZXNhbWU="
    assert describe_request("http://10.0.0.9/s").get_header("Authorization") is None
