"""Has a foreign file read by a process of its own, within limits, and says what it found or why it can't be pages."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from central.domain.captures import FileFault, PageMeasures

#: Decoders and what they load need this much before the first pixel.
MEMORY_MIB = 3072
SECONDS = 120


@dataclass(frozen=True, slots=True)
class ReadingLimits:
    """What a file may hold."""

    pages: int
    pixels: int
    memory_mib: int = MEMORY_MIB
    seconds: int = SECONDS


def read_pictures(
    path: Path, media_type: str, folder: Path, limits: ReadingLimits
) -> tuple[PageMeasures, ...] | FileFault:
    """Write the picture of page N as `N.jpg` into the folder; return the measures, or why there are none."""
    words = [str(path), media_type, str(folder), str(limits.pages), str(limits.pixels)]
    words += [str(limits.memory_mib), str(limits.seconds)]
    command = [sys.executable, "-m", "central.store.pictures", *words]
    # One thread: threads reserve memory that counts against the limit. No secret of ours goes along.
    environment = {name: os.environ[name] for name in ("PATH", "LANG", "PYTHONPATH") if name in os.environ}
    environment |= {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    try:
        done = subprocess.run(
            command, capture_output=True, timeout=limits.seconds * 2, check=False, env=environment, close_fds=True
        )
    except subprocess.TimeoutExpired:
        return FileFault.TOO_MUCH
    if done.returncode < 0:
        return FileFault.TOO_MUCH
    if done.returncode != 0:
        return FileFault.BROKEN
    answer = json.loads(done.stdout)
    if "fault" in answer:
        return FileFault(answer["fault"])
    return tuple(PageMeasures(**page) for page in answer["pages"])
