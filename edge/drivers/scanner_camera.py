"""A camera as scanner: one thread keeps the newest frame, another reads codes off it. It never confirms anything.

Where frames come from is scanner_pictures's business, how a code is found in one is label_reading's.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import structlog

from edge.core.events import CodeRead, DeviceChanged, DeviceCondition
from edge.drivers.label_reading import Picture, load_cv2, read_codes
from edge.drivers.scanner_pictures import Capture, Frame

log = structlog.get_logger(__name__)

REOPEN_WAIT_S = 1.0
FRAME_INTERVAL_MS = 100  # ten looks a second are plenty for a label held before the lens
IDLE_INTERVAL_MS = 200  # an empty desk is glanced at five times a second
READ_BUDGET_MS = 300
# The picture changed when so many cells of its stamp did, each by so many grey levels: a label far from the lens
# covers a hundredth of the picture, a sensor's noise never reaches a whole cell.
CHANGED_CELLS = 24
CHANGED_LEVELS = 8
AWAKE_MS = 2500  # after a change every picture is read
# a picture in which nothing changes is read again at growing intervals: a label too faint to be noticed, a better light
RETRY_MS = (2000, 4000, 8000, 16_000, 32_000)
UNREADABLE_MAX = 20  # so many frames in a row that are no pictures: the camera is broken
AGREEMENT_LIFE_MS = 3000

Sink = Callable[[CodeRead | DeviceChanged], bool]


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
    """Spares the processor: tells whether a picture deserves to be read."""

    def __init__(self) -> None:
        self._before: Picture | None = None
        self._awake_until_mono_ms = 0
        self._read_mono_ms = 0
        self._retries = 0

    def deserves_reading(self, stamp: Picture, mono_ms: int) -> bool:
        """Judge a picture by its stamp: read what changed lately, and now and then what didn't."""
        changed = self._before is None or count_changed(self._before, stamp) >= CHANGED_CELLS
        if changed:
            # only then, so that a slow change adds up until it counts
            self._before = stamp
            self.stay_awake(mono_ms)
        wait_ms = RETRY_MS[min(self._retries, len(RETRY_MS) - 1)]
        if mono_ms < self._awake_until_mono_ms:
            self._retries = 0
        elif mono_ms - self._read_mono_ms >= wait_ms:
            self._retries += 1
        else:
            return False
        self._read_mono_ms = mono_ms
        return True

    def is_awake(self, mono_ms: int) -> bool:
        """Tell whether something changed lately."""
        return mono_ms < self._awake_until_mono_ms

    def stay_awake(self, mono_ms: int) -> None:
        """Go on reading: something changed, or a code is in view."""
        self._awake_until_mono_ms = mono_ms + AWAKE_MS


def count_changed(before: Picture, stamp: Picture) -> int:
    """Count the cells of two stamps that differ."""
    return int(np.count_nonzero(load_cv2().absdiff(before, stamp) >= CHANGED_LEVELS))


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
        self.looks_taken = 0
        self._open_capture = open_capture
        self._accept = accept
        self._agreement = Agreement(agreeing_reads, repeat_after_ms)
        self._stillness = Stillness()
        self._reopen_wait_s = reopen_wait_s
        self._frame: Frame | None = None
        self._newest: Frame | None = None
        self._unreadable = 0
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

    @property
    def newest(self) -> Picture | None:
        """Decode the newest picture, for a page that shows what the camera sees; None while there is none."""
        frame = self._newest
        return None if frame is None else frame.picture()

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
        self._unreadable = 0
        while not self._closing.is_set():
            frame = self._newest = capture.read()
            if frame is None:
                self._change_state(sink, "unplugged", "no picture from the source")
                return
            if self._unreadable >= UNREADABLE_MAX:
                self._change_state(sink, "fault", "what the source sends is no picture")
            else:
                self._change_state(sink, "online", "")
            self.frames_seen += 1
            with self._frame_came:
                self._frame = frame
                self._frame_came.notify_all()

    def _look(self, sink: Sink) -> None:
        while not self._closing.is_set():
            with self._frame_came:
                self._frame_came.wait_for(lambda: self._frame is not None or self._closing.is_set())
                frame, self._frame = self._frame, None
            if frame is None:
                return
            now_ms = time.monotonic_ns() // 1_000_000
            text = self._agreement.settle(self._read(frame, now_ms), now_ms)
            if text is not None:
                self.codes_read += 1
                sink(CodeRead(source_id=self.source_id, source_kind="camera", text=text, read_mono_ms=now_ms))
            interval_ms = FRAME_INTERVAL_MS if self._stillness.is_awake(now_ms) else IDLE_INTERVAL_MS
            self._closing.wait(interval_ms / 1000)

    def _read(self, frame: Frame, now_ms: int) -> list[str]:
        """Read the codes of a frame, if it deserves it."""
        stamp = frame.thumbnail()
        if stamp is None:
            self._unreadable += 1
            return []
        self._unreadable = 0
        if not self._stillness.deserves_reading(stamp, now_ms):
            return []
        picture = frame.picture()
        self.looks_taken += 1
        texts = [] if picture is None else read_codes(picture, self._accept, READ_BUDGET_MS)
        if texts:
            self._stillness.stay_awake(now_ms)
        return texts

    def _change_state(self, sink: Sink, state: DeviceCondition, detail: str) -> None:
        if state == self._state:
            return
        self._state = state
        log.info("camera_changed", source=self.source_id, state=state, detail=detail)
        sink(DeviceChanged(device_id=self.source_id, state=state, detail=detail))
