"""The link of a gateway whose disk may not be readable yet: built and started as soon as the store can be opened."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, Final

import structlog

from edge.link.client import GatewayLink
from edge.ports import Sink
from edge.store import StoreUnavailableError

log = structlog.get_logger(__name__)

ABSENT: Final[dict[str, Any]] = {
    "state": "offline",
    "backlog": 0,
    "revision": 0,
    "digest_faults": 0,
    "refused_publishes": 0,
    "counts": {},
}


class DeferredLink:
    """Link port. `wake` follows every commit, so the first one after the disk came back builds the link."""

    def __init__(self, build: Callable[[], GatewayLink]) -> None:
        self._build = build
        self._lock = threading.Lock()
        self._link: GatewayLink | None = None
        self._sink: Sink | None = None

    def start(self, sink: Sink) -> None:
        """Begin, or wait for the disk."""
        self._sink = sink
        self._begin()

    def wake(self) -> None:
        """Take notice that facts were committed."""
        link = self._link or self._begin()
        if link is not None:
            link.wake()

    def answer_command(self, command_id: str, result: str, reason: str | None, detail: dict[str, Any]) -> None:
        """Answer a command."""
        if self._link is not None:
            self._link.answer_command(command_id, result, reason, detail)

    def show_bank(self, bank_id: str, view: dict[str, Any]) -> None:
        """Let pages at the centre see a bank."""
        if self._link is not None:
            self._link.show_bank(bank_id, view)

    def status(self) -> dict[str, Any]:
        """Return what health and metrics show."""
        return ABSENT if self._link is None else self._link.status()

    def close(self) -> None:
        """Say goodbye and stop."""
        with self._lock:
            self._sink = None
        if self._link is not None:
            self._link.close()

    def _begin(self) -> GatewayLink | None:
        with self._lock:
            if self._link is None and self._sink is not None:
                try:
                    link = self._build()
                except StoreUnavailableError as error:
                    log.warning("link_waits_for_store", condition=error.condition)
                    return None
                link.start(self._sink)
                self._link = link
            return self._link
