"""A label printer on TCP 9100: renders ZPL to PNG, answers ~HS, runs out of labels, pauses. Garbage is bounded.

Source of the answer's fields: Zebra ZPL II Programming Guide, ~HS host status return.
"""

from __future__ import annotations

import contextlib
import socket
import socketserver
import threading
from collections import deque
from dataclasses import dataclass
from pathlib import Path

import structlog

from simulators.darkroom import Darkroom, DarkroomError

log = structlog.get_logger(__name__)

BUFFER_LIMIT_BYTES = 1_000_000  # a label with a picture has some tens of kilobytes
WAITING_LIMIT = 100
IDLE_TIMEOUT_S = 120
PRINT_TIME_S = 0.15
STATUS_ASKED = b"~HS"
# marks where a status has them, letters where it has numbers, and far more than one
GARBLED = b"\x02\xff\x00paper?,\x03\r\n" * 200


@dataclass(frozen=True)
class PrintedLabel:
    """A label that came out."""

    number: int
    file: Path
    zpl: bytes


class LabelPrinter:
    """One printer; `labels` are those that came out, in their order, as PNG files of `folder`."""

    def __init__(self, folder: Path, *, port: int = 0, width_dots: int = 800, height_dots: int = 400) -> None:
        self.folder = folder
        self.labels: list[PrintedLabel] = []
        self.out_of_labels = False
        self.paused = False
        self.garbled = False  # answers ~HS with what is no status
        self.garbage_bytes = 0
        self.refused_formats = 0
        self._size_dots = (width_dots, height_dots)
        self._darkroom = Darkroom()
        self._waiting: deque[bytes] = deque()
        self._printing = 0
        self._changed = threading.Condition()
        self._closing = False
        self._server = _PrinterServer(self, port)
        self._threads = [
            threading.Thread(target=self._server.serve_forever, args=(0.1,), name="printer", daemon=True),
            threading.Thread(target=self._print_waiting, name="print-head", daemon=True),
        ]

    @property
    def port(self) -> int:
        """Return the port on loopback."""
        return int(self._server.server_address[1])

    def start(self) -> None:
        """Switch the printer on."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self._darkroom.open()
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        """Switch the printer off; what waits is lost."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        if self._threads[0].is_alive():
            self._server.shutdown()
        self._server.server_close()
        self._server.hang_up()
        self._darkroom.close()

    def set_state(
        self, *, out_of_labels: bool | None = None, paused: bool | None = None, garbled: bool | None = None
    ) -> None:
        """Run out of labels or be loaded, pause or go on, talk sense or not."""
        with self._changed:
            self.garbled = self.garbled if garbled is None else garbled
            self.out_of_labels = self.out_of_labels if out_of_labels is None else out_of_labels
            self.paused = self.paused if paused is None else paused
            self._changed.notify_all()

    def accept(self, zpl: bytes) -> None:
        """Take one format from ^XA to ^XZ; a full queue refuses the newest."""
        with self._changed:
            if len(self._waiting) >= WAITING_LIMIT:
                self.refused_formats += 1
                return
            self._waiting.append(zpl)
            self._changed.notify_all()

    def tell_status(self) -> bytes:
        """Answer ~HS: three lines between STX and ETX."""
        if self.garbled:
            return GARBLED
        with self._changed:
            waiting = len(self._waiting)
            lines = (
                f"030,{self.out_of_labels:d},{self.paused:d},0400,{waiting:03d},0,0,0,000,0,0,0",
                f"001,0,0,0,1,2,6,0,{self._printing:08d},1,000",
                "1234,0",
            )
        return b"".join(b"\x02" + line.encode("ascii") + b"\x03\r\n" for line in lines)

    def _print_waiting(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(self._may_print)
                if self._closing:
                    return
                zpl = self._waiting.popleft()
                self._printing = 1
                self._changed.wait_for(lambda: self._closing, timeout=PRINT_TIME_S)
            self._put_out(zpl)
            with self._changed:
                self._printing = 0
                self._changed.notify_all()

    def _may_print(self) -> bool:
        return self._closing or (bool(self._waiting) and not self.out_of_labels and not self.paused)

    def _put_out(self, zpl: bytes) -> None:
        try:
            pictures = self._darkroom.render(zpl, self._size_dots)
        except DarkroomError as error:
            self.refused_formats += 1
            log.warning("label_not_rendered", reason=str(error))
            return
        for picture in pictures:
            number = len(self.labels) + 1
            file = self.folder / f"label-{number:04d}.png"
            fresh = file.with_suffix(".part")
            fresh.write_bytes(picture)
            fresh.replace(file)
            self.labels.append(PrintedLabel(number, file, zpl))


class _PrinterServer(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, printer: LabelPrinter, port: int) -> None:
        self.printer = printer
        self._sockets: set[socket.socket] = set()
        super().__init__(("127.0.0.1", port), _PrinterSession)

    def greet(self, connection: socket.socket) -> None:
        """Remember an open connection."""
        self._sockets.add(connection)

    def forget(self, connection: socket.socket) -> None:
        """Forget a closed one."""
        self._sockets.discard(connection)

    def hang_up(self) -> None:
        """End all connections."""
        for each in list(self._sockets):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)


class _PrinterSession(socketserver.BaseRequestHandler):
    """Cuts the stream of one connection into formats and questions."""

    server: _PrinterServer
    request: socket.socket

    def handle(self) -> None:
        """Serve until the host hangs up, falls silent, or sends more than the buffer holds."""
        self.server.greet(self.request)
        self.request.settimeout(IDLE_TIMEOUT_S)
        held = b""
        try:
            with contextlib.suppress(OSError):
                while octets := self.request.recv(65_536):
                    held = self._take(held + octets)
                    if len(held) > BUFFER_LIMIT_BYTES:
                        break
        finally:
            self.server.printer.garbage_bytes += len(held)
            self.server.forget(self.request)

    def _take(self, octets: bytes) -> bytes:
        """Act on all that is whole; return the rest."""
        printer = self.server.printer
        while octets:
            begin, asked = octets.find(b"^XA"), octets.find(STATUS_ASKED)
            if asked >= 0 and (begin < 0 or asked < begin or octets.find(b"^XZ", begin) < 0):
                # immediate commands are heeded even within a format
                octets = octets[:asked] + octets[asked + len(STATUS_ASKED) :]
                self.request.sendall(printer.tell_status())
                continue
            end = octets.find(b"^XZ", begin) if begin >= 0 else -1
            if end < 0:
                keep = max(begin, 0) if begin >= 0 else max(0, len(octets) - 2)
                printer.garbage_bytes += keep
                return octets[keep:]
            printer.garbage_bytes += len(octets[:begin].strip())
            printer.accept(octets[begin : end + 3])
            octets = octets[end + 3 :]
        return b""
