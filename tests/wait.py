"""The one way a test waits for another thread or process: ask again until a deadline, then say what never came."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

PAUSE_S = 0.01
#: `timeout_s` is what an idle machine may take; a busy one gets thrice that, up to a minute.
PATIENCE, PATIENCE_S = 3, 60.0


def wait_for(predicate: Callable[[], T | None], timeout_s: float, what: str, *, pause_s: float = PAUSE_S) -> T:
    """Return the first truthy answer of `predicate`; fail with `what` when none came within `timeout_s`, or its patience.

    `pause_s` between two questions: more where asking costs another process its time.
    """
    deadline = time.monotonic() + max(timeout_s, min(PATIENCE * timeout_s, PATIENCE_S))
    pause = threading.Event()
    while True:
        answer = predicate()
        if answer:
            return answer
        if time.monotonic() >= deadline:
            msg = f"waited {timeout_s:g} s in vain for {what}; last answer: {answer!r}"
            raise AssertionError(msg)
        pause.wait(pause_s)
