"""A barcode scanner on a serial port: sends what it reads and a carriage return, understands nothing."""

from __future__ import annotations

import threading
from collections import deque
from pathlib import Path

from simulators.pty_port import PtyPort

FEEDBACK_KEPT = 64
_POLL_S = 0.1
_FEEDBACK = {0x06: "ok", 0x07: "look", 0x15: "no"}


class SerialScanner:
    """Emits codes on a pty; keeps the host's beeps. `trigger` tells whether a person must pull it to read."""

    def __init__(self, name: str, *, folder: Path | None = None, trigger: bool = True) -> None:
        self.name = name
        self.trigger = trigger
        self.port = PtyPort(folder / name if folder else None)
        self.feedback: deque[str] = deque(maxlen=FEEDBACK_KEPT)
        self.scans = 0
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._listen, name=f"scanner-{name}", daemon=True)

    def start(self) -> None:
        """Begin to hear the host's beeps."""
        self._thread.start()

    def close(self) -> None:
        """Take the scanner away for good."""
        self._closing.set()
        if self._thread.is_alive():
            self._thread.join(timeout=2)
        self.port.close()

    def scan(self, text: str) -> bool:
        """Read a code: True when all of it left on the line."""
        return self.send(text.encode("ascii", "replace") + b"\r")

    def send(self, octets: bytes) -> bool:
        """Send raw bytes, also garbage."""
        with self._lock:
            self.scans += 1
            return self.port.plugged and self.port.write(octets) == len(octets)

    def unplug(self) -> None:
        """Pull the cable."""
        with self._lock:
            self.port.unplug()

    def plug_in(self) -> None:
        """Put the cable back; the port has the same name as before."""
        with self._lock:
            self.port.plug_in()

    def _listen(self) -> None:
        while not self._closing.is_set():
            if not self.port.plugged:
                self._closing.wait(_POLL_S)
            elif self.port.wait(_POLL_S):
                with self._lock:
                    octets = self.port.read(256)
                self.feedback.extend(_FEEDBACK[octet] for octet in octets if octet in _FEEDBACK)
