"""A camera as scanner: frames from a device or an MJPEG URL, read in a thread of its own. It never confirms anything.

How a code is found in a picture is label_reading's business.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
import structlog

from edge.core.events import CodeRead, DeviceChanged, DeviceCondition
from edge.drivers.label_reading import Picture, load_cv2, read_codes

log = structlog.get_logger(__name__)

REOPEN_WAIT_S = 1.0
FRAME_INTERVAL_MS = 100  # ten looks a second are plenty for a label held before the lens
FULL_READ_BUDGET_MS = 300
QUICK_READ_BUDGET_MS = 0  # one attempt by the fastest reader
QUICK_READ_INTERVAL_MS = 500  # an empty desk is looked at no oftener
UNCHANGED_RETRY_MS = 2000  # a still picture gets the whole cascade this often
CHANGE_THRESHOLD = 3.0  # mean difference in grey levels between thumbnails
AGREEMENT_LIFE_MS = 3000


Sink = Callable[[CodeRead | DeviceChanged], bool]


class Capture(Protocol):
    """An opened picture source."""

    def read(self) -> Picture | None: ...

    def close(self) -> None: ...


class VideoCapture:
    """Device or URL by OpenCV; `read` gives None when the source has ended or keeps silent too long."""

    def __init__(self, source: str, stale_after_ms: int) -> None:
        cv2 = load_cv2()
        if source.startswith(("http://", "https://")):
            limits = [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, stale_after_ms, cv2.CAP_PROP_READ_TIMEOUT_MSEC, stale_after_ms]
            self._capture = cv2.VideoCapture(source, cv2.CAP_FFMPEG, limits)
        else:
            self._capture = cv2.VideoCapture(source)
        if not self._capture.isOpened():
            raise OSError("picture source can't be opened")

    def read(self) -> Picture | None:
        """Wait for the next picture."""
        good, picture = self._capture.read()
        return picture if good else None

    def close(self) -> None:
        """Let the source go."""
        self._capture.release()


@dataclass
class Agreement:
    """Counts equal readings in a row, and keeps a label that stays in view from being told twice."""

    reads_needed: int
    repeat_after_ms: int
    text: str = ""
    reads: int = 0
    seen_mono_ms: int = 0
    told: str = ""
    told_seen_mono_ms: int = 0

    def settle(self, texts: list[str], mono_ms: int) -> str | None:
        """Text to tell now, if this reading completes an agreement; two labels in view tell nothing."""
        if len(texts) != 1:
            if texts:
                self.reads = 0
            return None
        text = texts[0]
        if text != self.text or mono_ms - self.seen_mono_ms > AGREEMENT_LIFE_MS:
            self.text, self.reads = text, 0
        self.reads += 1
        self.seen_mono_ms = mono_ms
        if text == self.told and mono_ms - self.told_seen_mono_ms <= self.repeat_after_ms:
            self.told_seen_mono_ms = mono_ms
            return None
        if self.reads < self.reads_needed:
            return None
        self.told, self.told_seen_mono_ms = text, mono_ms
        return text


class Stillness:
    """Spares the processor: tells whether a picture deserves the whole cascade or one quick look."""

    def __init__(self) -> None:
        self._thumbnail: Picture | None = None
        self._full_mono_ms = 0
        self._quick_mono_ms = 0
        self._found = False

    def budget_ms(self, picture: Picture, mono_ms: int) -> int | None:
        """Choose how long this picture may be read; None: not at all."""
        cv2 = load_cv2()
        grey = picture if picture.ndim == 2 else cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)
        thumbnail = cv2.resize(grey, (64, 48), interpolation=cv2.INTER_AREA)
        before, self._thumbnail = self._thumbnail, thumbnail
        changed = before is None or float(np.mean(cv2.absdiff(before, thumbnail))) > CHANGE_THRESHOLD
        if changed or self._found or mono_ms - self._full_mono_ms > UNCHANGED_RETRY_MS:
            self._full_mono_ms = mono_ms
            return FULL_READ_BUDGET_MS
        if mono_ms - self._quick_mono_ms < QUICK_READ_INTERVAL_MS:
            return None
        self._quick_mono_ms = mono_ms
        return QUICK_READ_BUDGET_MS

    def note(self, *, found: bool) -> None:
        """Remember whether the last picture held a code."""
        self._found = found


class CameraScanner:
    """Scanner port over a camera: one thread keeps the newest frame, one reads it."""

    def __init__(
        self,
        source_id: str,
        open_capture: Callable[[], Capture],
        accept: Callable[[str], bool],
        *,
        agreeing_reads: int,
        repeat_after_ms: int,
        reopen_wait_s: float = REOPEN_WAIT_S,
    ) -> None:
        self.source_id = source_id
        self.codes_read = 0
        self.frames_seen = 0
        self._open_capture = open_capture
        self._accept = accept
        self._agreement = Agreement(agreeing_reads, repeat_after_ms)
        self._stillness = Stillness()
        self._reopen_wait_s = reopen_wait_s
        self._frame: Picture | None = None
        self._frame_came = threading.Condition()
        self._closing = threading.Event()
        self._threads: list[threading.Thread] = []
        self._state: DeviceCondition | None = None

    def start(self, sink: Sink) -> None:
        """Look until close; every agreed code and every change of state goes to the sink."""
        for target, role in ((self._grab, "grab"), (self._look, "look")):
            name = f"camera-{self.source_id}-{role}"
            thread = threading.Thread(target=target, args=(sink,), name=name, daemon=True)
            thread.start()
            self._threads.append(thread)

    def close(self) -> None:
        """Stop looking and let the source go."""
        self._closing.set()
        with self._frame_came:
            self._frame_came.notify_all()
        for thread in self._threads:
            thread.join(timeout=5)

    def feedback(self, kind: Literal["ok", "look", "no"]) -> None:
        """Do nothing: a camera has neither beeper nor light; the kiosk speaks for it."""

    def _grab(self, sink: Sink) -> None:
        while not self._closing.is_set():
            try:
                capture = self._open_capture()
            except OSError as error:
                self._change_state(sink, "unplugged", str(error))
                self._closing.wait(self._reopen_wait_s)
                continue
            try:
                self._keep_newest(capture, sink)
            finally:
                capture.close()
            self._closing.wait(self._reopen_wait_s)

    def _keep_newest(self, capture: Capture, sink: Sink) -> None:
        while not self._closing.is_set():
            picture = capture.read()
            if picture is None:
                self._change_state(sink, "unplugged", "no picture from the source")
                return
            self._change_state(sink, "online", "")
            self.frames_seen += 1
            with self._frame_came:
                self._frame = picture
                self._frame_came.notify_all()

    def _look(self, sink: Sink) -> None:
        while not self._closing.is_set():
            with self._frame_came:
                self._frame_came.wait_for(lambda: self._frame is not None or self._closing.is_set())
                picture, self._frame = self._frame, None
            if picture is None:
                return
            now_ms = time.monotonic_ns() // 1_000_000
            budget_ms = self._stillness.budget_ms(picture, now_ms)
            texts = [] if budget_ms is None else read_codes(picture, self._accept, budget_ms)
            self._stillness.note(found=bool(texts))
            text = self._agreement.settle(texts, now_ms)
            if text is not None:
                self.codes_read += 1
                sink(CodeRead(source_id=self.source_id, source_kind="camera", text=text, read_mono_ms=now_ms))
            self._closing.wait(FRAME_INTERVAL_MS / 1000)

    def _change_state(self, sink: Sink, state: DeviceCondition, detail: str) -> None:
        if state == self._state:
            return
        self._state = state
        log.info("camera_changed", source=self.source_id, state=state, detail=detail)
        sink(DeviceChanged(device_id=self.source_id, state=state, detail=detail))
