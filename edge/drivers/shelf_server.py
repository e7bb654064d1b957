"""Lines behind a serial server: raw TCP (`socket://host:port`) and RFC 2217 (`rfc2217://host:port`).

A server stores bytes, a wire does not: what it holds back for longer than a unit may be silent dies with the
connection, and what waits in it when we come is thrown away. Silence between frames can't be seen from here; frames
are told by their lengths, and the server adds to every exchange what `Line.network_ms` allows it.
"""

from __future__ import annotations

import os
import socket
import threading
import time
import warnings
from urllib.parse import urlsplit

import serial

from edge.drivers.line_waker import READ_SIZE_BYTES, Waker

SERVER_SCHEMES = ("socket://", "rfc2217://")
CONNECT_TIMEOUT_S = 3.0
WRITE_TIMEOUT_S = 1.0
# As a unit is called silent (SPEC 6.9): so many requests in a row unanswered, and nothing heard for so long.
STALL_REQUESTS = 4
STALL_S = 1.0
# What an earlier connection left in the server comes at once after connecting, or not at all.
LEFTOVER_QUIET_S = 0.05
LEFTOVER_LIMIT_S = 0.5
PUMP_WAIT_S = 0.2


class StallWatch:
    """Knows whether a server still hands on what it is given."""

    def __init__(self) -> None:
        """Start trusting."""
        self._asked = 0
        self._since_s = 0.0

    def note_sent(self) -> None:
        """Count a request; OSError when those before it are all unanswered."""
        now_s = time.monotonic()
        if self._asked >= STALL_REQUESTS and now_s - self._since_s >= STALL_S:
            raise OSError(f"no answer to {self._asked} requests: what the server holds back is given up")
        if not self._asked:
            self._since_s = now_s
        self._asked += 1

    def note_heard(self) -> None:
        """Trust it again."""
        self._asked = 0


class SocketLine:
    """A serial server that passes bytes on as they are. Its baud rate and parity are set at its own page."""

    def __init__(self, host: str, port: int) -> None:
        """Connect; OSError when nobody answers."""
        self._socket = socket.create_connection((host, port), CONNECT_TIMEOUT_S)
        self._socket.settimeout(WRITE_TIMEOUT_S)
        # Without it a frame may wait 40 ms for the acknowledgement of the one before.
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._waker = Waker()
        self._stall = StallWatch()
        try:
            _discard_leftovers(self)
        except OSError:
            self.close()
            raise

    def read(self, timeout_s: float) -> bytes:
        """Return bytes as soon as there are some."""
        if not self._waker.wait(self._socket.fileno(), timeout_s):
            return b""
        octets = self._socket.recv(READ_SIZE_BYTES)
        if not octets:
            raise OSError("the serial server has hung up")
        self._stall.note_heard()
        return octets

    def write(self, octets: bytes) -> None:
        """Hand a whole frame over in one piece."""
        self._stall.note_sent()
        self._socket.sendall(octets)

    def wake(self) -> None:
        """End a read that waits; from any thread."""
        self._waker.wake()

    def close(self) -> None:
        """Hang up; a server drops what it held for us."""
        self._socket.close()
        self._waker.close()


class Rfc2217Line:
    """A serial server that also takes baud rate and parity from us (RFC 2217), through pyserial.

    pyserial keeps what came in a queue without a descriptor; a thread of its own carries it to a pipe.
    """

    def __init__(self, url: str, *, baud: int, parity: str, stop_bits: int) -> None:
        """Connect and agree on the settings; serial.SerialException (an OSError) when the server does not."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # pyserial 3.5 names its thread the old way
            # Nothing is set after opening: each change is negotiated anew and takes 50 ms. A write has pyserial's own
            # time limit of 5 s here; with one frame under way it is never reached.
            self._port = serial.serial_for_url(url, baud, parity=parity, stopbits=stop_bits, timeout=PUMP_WAIT_S)
        self._heard, self._hearer = os.pipe()
        self._waker = Waker()
        self._stall = StallWatch()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._pump, name=f"rfc2217-{url}", daemon=True)
        self._thread.start()
        try:
            _discard_leftovers(self)
        except OSError:
            self.close()
            raise

    def _pump(self) -> None:
        try:
            while not self._closing.is_set():
                octets = self._port.read(1)
                if octets:
                    os.write(self._hearer, octets + self._port.read(self._port.in_waiting))
        except OSError:
            return  # the reader is told by the end of the pipe
        finally:
            os.close(self._hearer)

    def read(self, timeout_s: float) -> bytes:
        """Return bytes as soon as there are some."""
        if not self._waker.wait(self._heard, timeout_s):
            return b""
        octets = os.read(self._heard, READ_SIZE_BYTES)
        if not octets:
            raise OSError("the serial server has hung up")
        self._stall.note_heard()
        return octets

    def write(self, octets: bytes) -> None:
        """Hand a whole frame over in one piece."""
        self._stall.note_sent()
        self._port.write(octets)

    def wake(self) -> None:
        """End a read that waits; from any thread."""
        self._waker.wake()

    def close(self) -> None:
        """Hang up; a server drops what it held for us."""
        self._closing.set()
        self._thread.join(timeout=2)
        self._port.close()
        os.close(self._heard)
        self._waker.close()


def open_server_line(url: str, *, baud: int, parity: str, stop_bits: int) -> SocketLine | Rfc2217Line:
    """Open a line by the URL of its serial server; ValueError when the URL names none."""
    parts = urlsplit(url)
    if not parts.hostname or not parts.port:
        raise ValueError(f"{url}: needs a host and a port")
    if parts.scheme == "socket":
        return SocketLine(parts.hostname, parts.port)
    return Rfc2217Line(url, baud=baud, parity=parity, stop_bits=stop_bits)


def _discard_leftovers(line: SocketLine | Rfc2217Line) -> None:
    """Throw away what the server kept from before: no answer of another connection may answer us."""
    until_s = time.monotonic() + LEFTOVER_LIMIT_S
    while line.read(LEFTOVER_QUIET_S):
        if time.monotonic() > until_s:
            raise OSError("the serial server never falls silent")
