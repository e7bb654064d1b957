"""A barcode scanner on a serial line: bytes in, codes out, its beeper answered; reopened for ever when unplugged.

Takes a way to open a byte transport, never a device name. What a code means is the core's business.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Literal, Protocol

import structlog

from edge.core.events import CodeRead, DeviceChanged, DeviceCondition

log = structlog.get_logger(__name__)

# Our codes have 11 characters, foreign symbols seldom over 40: a longer line is noise and must not grow.
LINE_LIMIT_BYTES = 64
# A scanner sends a code in one burst; half a line older than this belongs to nothing.
HALF_LINE_LIFE_MS = 500
READ_SIZE_BYTES = 256
REOPEN_WAIT_S = 1.0
GARBAGE_LOG_MS = 10_000
# Host answers as scanners in acknowledge mode expect them: ACK good beep, BEL attention, NAK error beep.
ANSWERS = {"ok": b"\x06", "look": b"\x07", "no": b"\x15"}


Sink = Callable[[CodeRead | DeviceChanged], bool]


class ByteTransport(Protocol):
    """An open serial line whose read returns within its own short time-out, empty when nothing came."""

    def read(self, size: int, /) -> bytes: ...

    def write(self, data: bytes, /) -> int | None: ...

    def close(self) -> None: ...


class CodeFramer:
    """Cuts a byte stream into codes at CR or LF; bounded, counts what it throws away, never raises."""

    def __init__(self) -> None:
        self._line = bytearray()
        self._spoiled = False
        self._fed_mono_ms = 0
        self.garbage_bytes = 0

    def feed(self, data: bytes, mono_ms: int) -> list[str]:
        """Texts completed by these bytes, upper-cased."""
        if self._line and mono_ms - self._fed_mono_ms > HALF_LINE_LIFE_MS:
            self._drop_line()
        self._fed_mono_ms = mono_ms
        texts = []
        for byte in data:
            if byte in b"\r\n":
                if self._spoiled:
                    self._drop_line()
                elif self._line:
                    texts.append(self._line.decode("ascii").upper())
                    self._line.clear()
            elif self._spoiled or not 0x20 <= byte < 0x7F or len(self._line) >= LINE_LIMIT_BYTES:
                # one wrong byte spoils its whole line: a code with a hole in it is no code
                self.garbage_bytes += 1 + len(self._line)
                self._line.clear()
                self._spoiled = True
            else:
                self._line.append(byte)
        return texts

    def _drop_line(self) -> None:
        self.garbage_bytes += len(self._line)
        self._line.clear()
        self._spoiled = False


class SerialScanner:
    """Scanner port over a byte transport, in a thread of its own."""

    def __init__(
        self,
        source_id: str,
        open_transport: Callable[[], ByteTransport],
        *,
        trigger: bool,
        reopen_wait_s: float = REOPEN_WAIT_S,
    ) -> None:
        self.source_id = source_id
        self.codes_read = 0
        self.reopened = 0
        self._open_transport = open_transport
        self._kind: Literal["trigger", "serial"] = "trigger" if trigger else "serial"
        self._reopen_wait_s = reopen_wait_s
        self._framer = CodeFramer()
        self._answers: deque[bytes] = deque(maxlen=4)
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None
        self._state: DeviceCondition | None = None
        self._told_garbage = (0, -GARBAGE_LOG_MS)  # bytes, moment

    @property
    def garbage_bytes(self) -> int:
        """Bytes thrown away because they couldn't be part of a code."""
        return self._framer.garbage_bytes

    def start(self, sink: Sink) -> None:
        """Read until close; every code and every change of state goes to the sink."""
        self._thread = threading.Thread(target=self._run, args=(sink,), name=f"scanner-{self.source_id}", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop reading and let the line go."""
        self._closing.set()
        if self._thread is not None:
            self._thread.join(timeout=5)

    def feedback(self, kind: Literal["ok", "look", "no"]) -> None:
        """Beep at the hand that scanned. Returns at once; a lost beep is not an error."""
        self._answers.append(ANSWERS[kind])

    def _run(self, sink: Sink) -> None:
        while not self._closing.is_set():
            try:
                transport = self._open_transport()
            except (OSError, ValueError) as error:
                self._change_state(sink, "unplugged", str(error))
                self._closing.wait(self._reopen_wait_s)
                continue
            self._change_state(sink, "online", "")
            try:
                self._read(transport, sink)
            except OSError as error:  # pyserial's SerialException is one
                self._change_state(sink, "unplugged", str(error))
                self.reopened += 1
                self._closing.wait(self._reopen_wait_s)
            finally:
                transport.close()

    def _read(self, transport: ByteTransport, sink: Sink) -> None:
        while not self._closing.is_set():
            data = transport.read(READ_SIZE_BYTES)
            now_ms = time.monotonic_ns() // 1_000_000
            for text in self._framer.feed(data, now_ms):
                self.codes_read += 1
                if not sink(CodeRead(self.source_id, self._kind, text, now_ms)):
                    self.feedback("no")  # the gateway is overloaded: the hand must know that nothing was taken
            self._tell_garbage(now_ms)
            while self._answers:
                transport.write(self._answers.popleft())

    def _tell_garbage(self, now_ms: int) -> None:
        told, at_ms = self._told_garbage
        if self.garbage_bytes > told and now_ms - at_ms >= GARBAGE_LOG_MS:
            log.warning("scanner_garbage", source=self.source_id, bytes=self.garbage_bytes - told)
            self._told_garbage = (self.garbage_bytes, now_ms)

    def _change_state(self, sink: Sink, state: DeviceCondition, detail: str) -> None:
        if state == self._state:
            return
        self._state = state
        log.info("scanner_changed", source=self.source_id, state=state, detail=detail)
        sink(DeviceChanged(device_id=self.source_id, state=state, detail=detail))
