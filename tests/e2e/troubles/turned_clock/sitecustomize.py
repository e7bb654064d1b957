"""A wall clock that a file turns, for a process started with this folder on PYTHONPATH; the monotonic clock stays true.

Nothing of the process knows of it. (libfaketime would turn the system call itself, but in its version 0.9.10 waits with
a time limit never end, so that paho never connected again.)
"""

from __future__ import annotations

import os
import time
from pathlib import Path

LOOK_EVERY_NS = 50_000_000
FILE = Path(os.environ["TURNED_CLOCK_FILE"])
true_time_ns = time.time_ns
turned = {"ns": 0, "looked_ns": -LOOK_EVERY_NS}


def turned_time_ns() -> int:
    """The time of day as far ahead as the file says."""
    if time.monotonic_ns() - turned["looked_ns"] >= LOOK_EVERY_NS:
        turned["looked_ns"] = time.monotonic_ns()
        turned["ns"] = int(FILE.read_text()) * 1_000_000_000
    return true_time_ns() + turned["ns"]


time.time_ns = turned_time_ns
time.time = lambda: turned_time_ns() / 1e9
