"""Where a camera's pictures come from: a device or any stream OpenCV can open, or MJPEG over HTTP read by ourselves.

MJPEG is what room cameras speak, and reading it here leaves a picture compressed until somebody looks at it: most of
what an idle camera costs is decoding.
"""

from __future__ import annotations

import base64
import http.client
import urllib.request
from dataclasses import dataclass
from typing import IO, Protocol
from urllib.parse import unquote, urlsplit, urlunsplit

import numpy as np

from edge.drivers.label_reading import Picture, load_cv2

THUMBNAIL_PX = (64, 48)
FRAME_LIMIT_BYTES = 8_000_000
HEAD_LINES_MAX = 32
LINE_LIMIT_BYTES = 1024


class Frame(Protocol):
    """One picture, decoded only as far as it is asked for; None when its bytes are no picture."""

    def thumbnail(self) -> Picture | None: ...

    def picture(self) -> Picture | None: ...


class Capture(Protocol):
    """An opened source. `read` waits for the next frame; None when the source has ended or keeps silent too long."""

    def read(self) -> Frame | None: ...

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class DecodedFrame:
    """A picture that a device delivered ready."""

    whole: Picture

    def thumbnail(self) -> Picture | None:
        """Shrink it to a grey stamp."""
        return shrink(self.whole)

    def picture(self) -> Picture | None:
        """Return it."""
        return self.whole


@dataclass(frozen=True, slots=True)
class JpegFrame:
    """A picture still compressed."""

    octets: bytes

    def thumbnail(self) -> Picture | None:
        """Decode an eighth of it, which a JPEG gives almost for nothing."""
        small = self._decode(load_cv2().IMREAD_REDUCED_GRAYSCALE_8)
        return None if small is None else shrink(small)

    def picture(self) -> Picture | None:
        """Decode it in grey, which is all the readers want."""
        return self._decode(load_cv2().IMREAD_GRAYSCALE)

    def _decode(self, flag: int) -> Picture | None:
        if not self.octets:
            return None
        decoded: Picture | None = load_cv2().imdecode(np.frombuffer(self.octets, np.uint8), flag)
        return decoded


def shrink(picture: Picture) -> Picture:
    """Make a small grey stamp of a picture, to be compared with another."""
    cv2 = load_cv2()
    grey = picture if picture.ndim == 2 else cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)
    stamp: Picture = cv2.resize(grey, THUMBNAIL_PX, interpolation=cv2.INTER_AREA)
    return stamp


class VideoCapture:
    """Device or URL by OpenCV."""

    def __init__(self, source: str, stale_after_ms: int) -> None:
        """Open it; OSError when that fails."""
        cv2 = load_cv2()
        if source.startswith(("http://", "https://")):
            limits = [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, stale_after_ms, cv2.CAP_PROP_READ_TIMEOUT_MSEC, stale_after_ms]
            self._capture = cv2.VideoCapture(source, cv2.CAP_FFMPEG, limits)
        else:
            self._capture = cv2.VideoCapture(source)
        if not self._capture.isOpened():
            raise OSError("picture source can't be opened")

    def read(self) -> Frame | None:
        """Wait for the next picture."""
        good, picture = self._capture.read()
        return DecodedFrame(picture) if good else None

    def close(self) -> None:
        """Let the source go."""
        self._capture.release()


class MjpegStream:
    """The parts of one multipart answer, each a JPEG."""

    def __init__(self, answer: http.client.HTTPResponse, boundary: bytes) -> None:
        self._answer = answer
        self._boundary = b"--" + boundary.removeprefix(b"--")

    def read(self) -> Frame | None:
        """Wait for the next part."""
        try:
            octets = read_part(self._answer, self._boundary)
        except (OSError, ValueError, http.client.HTTPException):
            return None
        return None if octets is None else JpegFrame(octets)

    def close(self) -> None:
        """Hang up."""
        self._answer.close()


def read_part(stream: IO[bytes] | http.client.HTTPResponse, boundary: bytes) -> bytes | None:
    """Read the bytes of one part; None at the end of the stream, ValueError when it is none of multipart's."""
    while (line := stream.readline(LINE_LIMIT_BYTES)).strip() != boundary:
        if not line:
            return None
    length = None
    for _ in range(HEAD_LINES_MAX):
        name, _, value = stream.readline(LINE_LIMIT_BYTES).partition(b":")
        if not value:
            break
        if name.strip().lower() == b"content-length":
            length = int(value)
    if length is None:
        return read_until(stream)
    if not 0 <= length <= FRAME_LIMIT_BYTES:
        raise ValueError("no picture is so long")
    octets = stream.read(length)
    return octets if len(octets) == length else None


def read_until(stream: IO[bytes] | http.client.HTTPResponse) -> bytes | None:
    """Read a part of unsaid length up to the end of its JPEG."""
    octets = bytearray()
    while len(octets) <= FRAME_LIMIT_BYTES:
        line = stream.readline(FRAME_LIMIT_BYTES)
        if not line:
            return None
        octets += line
        if octets.rstrip(b"\r\n").endswith(b"\xff\xd9"):
            return bytes(octets)
    raise ValueError("no picture is so long")


def open_capture(source: str, stale_after_ms: int) -> Capture:
    """Open a source; OSError when that fails."""
    if not source.startswith(("http://", "https://")):
        return VideoCapture(source, stale_after_ms)
    answer = urllib.request.urlopen(describe_request(source), timeout=stale_after_ms / 1000)  # noqa: S310 - http(s) only
    if answer.headers.get_content_type() == "multipart/x-mixed-replace":
        boundary = answer.headers.get_boundary()
        if boundary:
            return MjpegStream(answer, boundary.encode("latin-1"))
    answer.close()
    return VideoCapture(source, stale_after_ms)


def describe_request(source: str) -> urllib.request.Request:
    """Ask for a URL; a name and password in it go into their own head."""
    parts = urlsplit(source)
    host = parts.netloc.rpartition("@")[2]
    request = urllib.request.Request(urlunsplit(parts._replace(netloc=host)))  # noqa: S310 - http(s) only
    if parts.username is not None:
        pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        request.add_header("Authorization", f"Basic {base64.b64encode(pair.encode()).decode('ascii')}")
    return request
