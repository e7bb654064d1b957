"""A camera that serves MJPEG over HTTP: each frame photographs anew what lies before it."""

from __future__ import annotations

import contextlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from simulators.darkroom import Darkroom, DarkroomError
from simulators.photograph import Conditions, Picture, read_picture

BOUNDARY = "openaisle-frame"
FRAME_INTERVAL_S = 0.15
VARIANTS = 12  # a hand shakes: so many different pictures of one label, then again from the first
MAX_IMAGE_BYTES = 8_000_000


class Camera:
    """One picture source on loopback; `show` puts an image before it, `clear` takes it away."""

    def __init__(self, *, port: int = 0, seed: int = 0, conditions: Conditions | None = None) -> None:
        self.conditions = conditions or Conditions()
        self._seed = seed
        self._label: Picture | None = None
        self._frames: dict[int, bytes] = {}
        self._shown = 0
        self._lock = threading.Lock()
        self._darkroom = Darkroom()
        self._closing = threading.Event()
        self._server = _CameraServer(self, port)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.1,), name="camera", daemon=True)

    @property
    def port(self) -> int:
        """Return the port on loopback."""
        return int(self._server.server_address[1])

    @property
    def url(self) -> str:
        """Return the address of the stream."""
        return f"http://127.0.0.1:{self.port}/stream.mjpg"

    def start(self) -> None:
        """Begin to serve."""
        self._darkroom.open()
        self._thread.start()

    def close(self) -> None:
        """End all streams."""
        self._closing.set()
        if self._thread.is_alive():
            self._server.shutdown()
        self._server.server_close()
        self._darkroom.close()

    def show(self, image: bytes) -> None:
        """Put a picture (PNG or JPEG) before the lens; ValueError when the bytes are none."""
        label = read_picture(image) if len(image) <= MAX_IMAGE_BYTES else None
        if label is None:
            raise ValueError("not a PNG or JPEG picture")
        self._place(label)

    def clear(self) -> None:
        """Leave the desk empty."""
        self._place(None)

    def _place(self, label: Picture | None) -> None:
        with self._lock:
            self._label = label
            self._shown += 1
            self._frames.clear()

    def take(self, number: int) -> bytes:
        """Return frame `number` as JPEG; the same number of the same label is the same picture."""
        variant = number % VARIANTS
        with self._lock:
            frame, label, shown = self._frames.get(variant), self._label, self._shown
        if frame is not None:
            return frame
        frame = self._darkroom.develop(label, self._seed * 1_000_003 + variant, self.conditions)
        with self._lock:
            if shown == self._shown:
                self._frames[variant] = frame
        return frame

    def wait(self) -> bool:
        """Wait for the next frame's time; True when the camera closes."""
        return self._closing.wait(FRAME_INTERVAL_S)


class _CameraServer(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, camera: Camera, port: int) -> None:
        self.camera = camera
        super().__init__(("127.0.0.1", port), _CameraSession)


class _CameraSession(BaseHTTPRequestHandler):
    """Serves /stream.mjpg for ever and /frame.jpg once."""

    protocol_version = "HTTP/1.1"
    timeout = 30
    server: _CameraServer

    def do_GET(self) -> None:
        """Answer one request."""
        with contextlib.suppress(OSError, DarkroomError):  # hung up, or closing
            if self.path == "/frame.jpg":
                self._send_one(self.server.camera.take(0))
            elif self.path == "/stream.mjpg":
                self._send_stream()
            else:
                self.send_error(404)

    def _send_one(self, frame: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "image/jpeg")
        self.send_header("Content-Length", str(len(frame)))
        self.end_headers()
        self.wfile.write(frame)

    def _send_stream(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", f"multipart/x-mixed-replace; boundary={BOUNDARY}")
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True
        number = 0
        while True:
            frame = self.server.camera.take(number)
            head = f"--{BOUNDARY}\r\nContent-Type: image/jpeg\r\nContent-Length: {len(frame)}\r\n\r\n"
            self.wfile.write(head.encode("ascii") + frame + b"\r\n")
            self.wfile.flush()
            number += 1
            if self.server.camera.wait():
                return

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
        """Say nothing: a stream is not news."""
