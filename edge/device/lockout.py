"""How long somebody must wait after wrong passwords: doubling, by name at an address, by address, by name. Bounded."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

FIRST_WAIT_MS = 2_000
LONGEST_WAIT_MS = 15 * 60_000
FORGET_AFTER_MS = 60 * 60_000
KEYS_KEPT = 1024
# free tries: of one name from one address, of one address, of one name from everywhere. The last one is high, so that
# a stranger on the LAN can't lock a technician out with three tries.
FREE = {"pair": 3, "address": 10, "name": 50}


@dataclass(slots=True)
class _Tries:
    failures: int
    last_ms: int
    free_at_ms: int


class Lockout:
    """Counts wrong tries. Any thread may ask."""

    def __init__(self, mono_ms: Callable[[], int]) -> None:
        self._mono_ms = mono_ms
        self._lock = threading.Lock()
        self._tries: OrderedDict[tuple[str, str], _Tries] = OrderedDict()

    def wait_ms(self, name: str, address: str) -> int:
        """Tell how long this name at this address must wait; 0: it may try."""
        now_ms = self._mono_ms()
        with self._lock:
            known = [self._tries[key] for key in _keys(name, address) if key in self._tries]
            return max((each.free_at_ms - now_ms for each in known if each.free_at_ms > now_ms), default=0)

    def note_failure(self, name: str, address: str) -> None:
        """Count a wrong try: the wait doubles with each one beyond the free ones."""
        now_ms = self._mono_ms()
        with self._lock:
            for key in _keys(name, address):
                tries = self._tries.pop(key, None)
                if tries is None or now_ms - tries.last_ms > FORGET_AFTER_MS:
                    tries = _Tries(0, now_ms, 0)
                tries.failures += 1
                tries.last_ms = now_ms
                beyond = tries.failures - FREE[key[0]]
                if beyond >= 0:
                    tries.free_at_ms = now_ms + min(LONGEST_WAIT_MS, FIRST_WAIT_MS << min(beyond, 16))
                self._tries[key] = tries
            while len(self._tries) > KEYS_KEPT:
                self._tries.popitem(last=False)

    def note_success(self, name: str, address: str) -> None:
        """Forget the wrong tries of this name at this address."""
        with self._lock:
            self._tries.pop(("pair", f"{name}@{address}"), None)


def _keys(name: str, address: str) -> tuple[tuple[str, str], ...]:
    return ("pair", f"{name[:32]}@{address}"), ("address", address), ("name", name[:32])
