"""The byte line to shelf controllers: opened exclusively, read with a time limit, woken from another thread.

Any object with these four methods will do for the driver; pty, device and TCP differ only here.
"""

from __future__ import annotations

import os
from typing import Protocol

import serial

from edge.drivers.line_waker import READ_SIZE_BYTES, Waker
from edge.drivers.shelf_server import SERVER_SCHEMES, open_server_line

# A write that can't finish means a dead adapter; the longest frame takes 0.3 s at 9600 baud.
WRITE_TIMEOUT_S = 1.0


class ShelfTransport(Protocol):
    """An open line. `read` returns what is there, b"" after the time limit or a `wake`; a dead line raises OSError."""

    def read(self, timeout_s: float) -> bytes: ...

    def write(self, octets: bytes) -> None: ...

    def wake(self) -> None: ...

    def close(self) -> None: ...


class SerialLine:
    """A serial device or pty through pyserial, with a pipe beside it to end a read early."""

    def __init__(self, port: str, *, baud: int, parity: str = "E", stop_bits: int = 1) -> None:
        """Open the port; serial.SerialException (an OSError) when it isn't there or is taken."""
        # Nothing is set after opening: on a pty a later change of settings fails with EINVAL.
        self._port = serial.Serial(
            port,
            baud,
            parity=parity,
            stopbits=stop_bits,
            timeout=0,
            write_timeout=WRITE_TIMEOUT_S,
            exclusive=True,
        )
        self._port.reset_input_buffer()
        self._fd: int = self._port.fileno()
        self._waker = Waker()

    def read(self, timeout_s: float) -> bytes:
        """Return bytes as soon as there are some."""
        if not self._waker.wait(self._fd, timeout_s):
            return b""
        octets = os.read(self._fd, READ_SIZE_BYTES)
        if not octets:
            raise OSError("the line has hung up")
        return octets

    def write(self, octets: bytes) -> None:
        """Put a whole frame on the line."""
        self._port.write(octets)

    def wake(self) -> None:
        """End a read that waits; from any thread."""
        self._waker.wake()

    def close(self) -> None:
        """Let the line go."""
        self._port.close()
        self._waker.close()


def open_line(port: str, *, baud: int, parity: str = "E", stop_bits: int = 1) -> ShelfTransport:
    """Open a line for a shelf driver: a device, or a serial server by its URL."""
    if port.startswith(SERVER_SCHEMES):
        return open_server_line(port, baud=baud, parity=parity, stop_bits=stop_bits)
    return SerialLine(port, baud=baud, parity=parity, stop_bits=stop_bits)
