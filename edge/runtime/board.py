"""Where the newest view hangs; any number of pages wait for a newer one."""

from __future__ import annotations

import threading

from edge.core.shown import KioskView


class ViewBoard:
    """The latest view with its number."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._number = 0
        self._view: KioskView | None = None

    def publish(self, view: KioskView) -> None:
        """Hang up a newer view."""
        with self._changed:
            self._number += 1
            self._view = view
            self._changed.notify_all()

    def latest(self) -> tuple[int, KioskView | None]:
        """Read the view that hangs there, with its number."""
        with self._changed:
            return self._number, self._view

    def wait_newer(self, number: int, timeout_s: float) -> tuple[int, KioskView | None]:
        """Wait for a view newer than the number; the same one again when none came in time."""
        with self._changed:
            self._changed.wait_for(lambda: self._number > number, timeout_s)
            return self._number, self._view
