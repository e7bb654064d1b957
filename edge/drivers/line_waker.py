"""A pipe beside a descriptor: a read that waits can be ended from any thread."""

from __future__ import annotations

import os
import select

READ_SIZE_BYTES = 4096


class Waker:
    """Waits for one descriptor or for a call of `wake`, whichever comes first."""

    def __init__(self) -> None:
        """Open the pipe."""
        self._woken, self._waker = os.pipe()
        os.set_blocking(self._woken, False)
        os.set_blocking(self._waker, False)

    def wait(self, fd: int, timeout_s: float) -> bool:
        """Tell whether the descriptor has something to read; False after the time limit or a `wake`."""
        ready, _, _ = select.select([fd, self._woken], [], [], timeout_s)
        if self._woken in ready:
            os.read(self._woken, READ_SIZE_BYTES)
        return fd in ready

    def wake(self) -> None:
        """End a wait; from any thread."""
        try:
            os.write(self._waker, b"\0")
        except (BlockingIOError, OSError):
            return  # a full pipe wakes as well, a closed line has no reader

    def close(self) -> None:
        """Let the pipe go."""
        for fd in (self._woken, self._waker):
            os.close(fd)
