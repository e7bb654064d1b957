"""The camera scanner on a real MJPEG stream over HTTP, with photographs as bad as cameras make them."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import cv2
import numpy as np
import pytest

from edge.core.events import CodeRead, DeviceChanged, Event
from edge.drivers.scanner_camera import CameraScanner
from edge.drivers.scanner_pictures import open_capture
from tests.unit.edge_rim.label_pictures import MEDIUM, draw_code, draw_label, is_checked_code, photograph
from tests.wait import wait_for

FRAME_INTERVAL_S = 0.05


class Stage:
    """An MJPEG server that shows whatever stands on its table."""

    def __init__(self, port: int = 0) -> None:
        self.picture = np.full((720, 960), 90, np.uint8)
        self.raw: bytes | None = None
        self.closing = threading.Event()
        stage = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
                self.end_headers()
                try:
                    while not stage.closing.wait(FRAME_INTERVAL_S):
                        self.wfile.write(stage.frame())
                except OSError:
                    return

            def log_message(self, *_: object) -> None:
                return

        self.server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.server.daemon_threads = True
        self.port: int = self.server.server_address[1]
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True)
        self.thread.start()

    def frame(self) -> bytes:
        body = self.raw or cv2.imencode(".jpg", self.picture, [cv2.IMWRITE_JPEG_QUALITY, 70])[1].tobytes()
        return b"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n%s\r\n" % (len(body), body)

    def close(self) -> None:
        self.closing.set()
        self.server.shutdown()
        self.server.server_close()


class Bench:
    """A camera driver on a stage, with all it reported."""

    def __init__(self) -> None:
        self.stage = Stage()
        self.events: list[Event] = []
        url = f"http://127.0.0.1:{self.stage.port}/stream.mjpg"
        self.camera = CameraScanner(
            "cam-1",
            lambda: open_capture(url, 2000),
            is_checked_code,
            agreeing_reads=2,
            repeat_after_ms=1000,
            reopen_wait_s=0.05,
        )
        self.camera.start(self.hear)

    def hear(self, event: Event) -> bool:
        self.events.append(event)
        return True

    def texts(self) -> list[str]:
        return [event.text for event in self.events if isinstance(event, CodeRead)]

    def states(self) -> list[str]:
        return [event.state for event in self.events if isinstance(event, DeviceChanged)]


@pytest.fixture
def bench() -> Iterator[Bench]:
    bench = Bench()
    yield bench
    bench.camera.close()
    bench.stage.close()


def test_photographed_labels_are_read_once_each(bench: Bench) -> None:
    rng = np.random.default_rng(77)
    shown = []
    for _ in range(4):
        code = draw_code(rng)
        bench.stage.picture = photograph(draw_label(code), MEDIUM, rng)
        shown.append(code)
        wait_for(lambda: len(bench.texts()) >= len(shown), 15, f"label {code}")
    assert bench.texts() == shown
    kinds = {event.source_kind for event in bench.events if isinstance(event, CodeRead)}
    assert kinds == {"camera"}  # never a kind that could confirm


def test_label_taken_away_and_shown_again_is_read_again(bench: Bench) -> None:
    code = draw_code(np.random.default_rng(5))
    label, table = draw_label(code), bench.stage.picture
    bench.stage.picture = label
    wait_for(lambda: len(bench.texts()) == 1, 15, "first reading")
    bench.stage.picture = table
    seen = bench.camera.frames_seen
    wait_for(lambda: bench.camera.frames_seen > seen + 30, 15, "the empty table")
    bench.stage.picture = label
    wait_for(lambda: len(bench.texts()) == 2, 15, "second reading")


def test_wrong_check_character_is_never_told(bench: Bench) -> None:
    bench.stage.picture = draw_label("BX010000011")
    seen = bench.camera.frames_seen
    wait_for(lambda: bench.camera.frames_seen > seen + 20, 15, "frames")
    assert bench.texts() == []


def test_broken_frames_and_a_lost_stream_are_survived() -> None:
    bench = Bench()
    wait_for(lambda: bench.states() == ["online"], 15, "camera online")
    bench.stage.raw = b"\xff\xd8 this is no picture \xff\xd9"
    wait_for(lambda: bench.states()[-1] == "fault", 15, "camera told broken")
    port = bench.stage.port
    bench.stage.close()
    wait_for(lambda: bench.states()[-1] == "unplugged", 15, "camera unplugged")
    bench.stage = Stage(port)
    code = draw_code(np.random.default_rng(8))
    bench.stage.picture = draw_label(code)
    wait_for(lambda: bench.texts() == [code], 20, "a reading after the stream came back")
    assert bench.states() == ["online", "fault", "unplugged", "online"]
    bench.camera.close()
    bench.stage.close()
