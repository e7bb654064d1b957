"""A fair semaphore for threads and coroutines alike: first come, first served. It knows nothing of databases."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from concurrent.futures import Future
from concurrent.futures import TimeoutError as WaitedTooLongError


class GateBusyError(Exception):
    """No place became free within the time limit."""


class FairGate:
    """At most `places` holders at once, in order of arrival; any thread may leave for any other."""

    def __init__(self, places: int) -> None:
        self._lock = threading.Lock()
        self._free = places
        self._queue: deque[Future[None]] = deque()

    @property
    def waiting(self) -> int:
        """How many wait at this moment, for metrics."""
        return len(self._queue)

    def enter(self, timeout_s: float) -> None:
        """Wait in this thread for a place; raise GateBusyError after `timeout_s`."""
        ticket = self._draw_ticket()
        if ticket is None:
            return
        try:
            ticket.result(timeout_s)
        except WaitedTooLongError:
            self._give_up(ticket)
            raise GateBusyError from None
        except BaseException:
            self._give_up(ticket)
            raise

    async def enter_async(self, timeout_s: float) -> None:
        """Wait for a place without holding a thread: waiting threads could starve the holder of its own."""
        ticket = self._draw_ticket()
        if ticket is None:
            return
        try:
            # Not wait_for: it swallows a cancellation that comes together with the place.
            async with asyncio.timeout(timeout_s):
                await asyncio.wrap_future(ticket)
        except TimeoutError:
            self._give_up(ticket)
            raise GateBusyError from None
        except BaseException:
            self._give_up(ticket)
            raise

    def leave(self) -> None:
        """Hand the place to the longest waiting, or set it free."""
        with self._lock:
            while self._queue:
                ticket = self._queue.popleft()
                if ticket.set_running_or_notify_cancel():
                    ticket.set_result(None)
                    return
            self._free += 1

    def _draw_ticket(self) -> Future[None] | None:
        with self._lock:
            if self._free and not self._queue:
                self._free -= 1
                return None
            ticket: Future[None] = Future()
            self._queue.append(ticket)
            return ticket

    def _give_up(self, ticket: Future[None]) -> None:
        """Leave the queue; a place granted in the meantime goes to the next."""
        if not ticket.cancel():
            self.leave()
