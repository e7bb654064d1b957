"""A serial port made of a pty: raw, eight bits, behind a name that survives unplugging."""

from __future__ import annotations

import contextlib
import os
import select
import termios
import tty
from pathlib import Path


class PtyPort:
    """The device's end of a pty; the other end is opened by whoever uses the device.

    With a link path the name stays the same when the port is unplugged and plugged in again.
    """

    def __init__(self, link: Path | None = None) -> None:
        self.link = link
        self._device_fd = -1
        self._kept_fd = -1  # keeps the pty alive while nobody has the other end open
        self.name = ""
        self.plug_in()

    @property
    def plugged(self) -> bool:
        """Whether the device is there."""
        return self._device_fd >= 0

    @property
    def path(self) -> str:
        """Return what a user of the port opens."""
        return str(self.link) if self.link else self.name

    def fileno(self) -> int:
        """Return the descriptor to wait on; -1 while unplugged."""
        return self._device_fd

    def plug_in(self) -> None:
        """Make the port appear."""
        if self.plugged:
            return
        device_fd, user_fd = os.openpty()
        _make_raw(user_fd)
        os.set_blocking(device_fd, False)
        self._device_fd, self._kept_fd = device_fd, user_fd
        self.name = os.ttyname(user_fd)
        if self.link:
            fresh = self.link.with_name(f".{self.link.name}.new")
            with contextlib.suppress(FileNotFoundError):
                fresh.unlink()
            fresh.symlink_to(self.name)
            fresh.replace(self.link)

    def unplug(self) -> None:
        """Make the port vanish; who has it open gets an error."""
        if not self.plugged:
            return
        if self.link:
            with contextlib.suppress(FileNotFoundError):
                self.link.unlink()
        device_fd, kept_fd, self._device_fd, self._kept_fd = self._device_fd, self._kept_fd, -1, -1
        os.close(device_fd)
        os.close(kept_fd)

    close = unplug

    def read(self, limit: int = 4096) -> bytes:
        """Return what has arrived, at most `limit` bytes; empty when nothing has."""
        try:
            return os.read(self._device_fd, limit) if self.plugged else b""
        except (BlockingIOError, OSError):
            return b""

    def write(self, octets: bytes) -> int:
        """Send bytes; what a full pty doesn't take is lost, as on a line that nobody reads."""
        try:
            return os.write(self._device_fd, octets) if self.plugged else 0
        except (BlockingIOError, OSError):
            return 0

    def wait(self, timeout_s: float | None) -> bool:
        """Wait until bytes can be read; False when the time is over first or the port has vanished."""
        try:
            ready, _, _ = select.select([self._device_fd], [], [], timeout_s)
        except (OSError, ValueError):
            return False
        return bool(ready)


def _make_raw(descriptor: int) -> None:
    """Switch off every courtesy of a terminal; eight bits, no parity, two stop bits (eleven bits as with 8E1)."""
    tty.setraw(descriptor)
    attributes = termios.tcgetattr(descriptor)
    attributes[2] |= termios.CSTOPB
    termios.tcsetattr(descriptor, termios.TCSANOW, attributes)
