"""The flight recorder from the page: what the core knew at a moment, and a segment to take away.

A replay decides thousands of events again. That is done by a process of its own, so that leases are not kept waiting.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import structlog

from edge.store.database import Database
from edge.store.journal_export import SegmentRow, export_segment, list_segment_rows

log = structlog.get_logger(__name__)

REPLAY_LIMIT_S = 120.0
EXPORT_MOST_BYTES = 64 * 1024 * 1024


class FlightBusyError(Exception):
    """Somebody else replays or exports just now."""


class FlightFailedError(Exception):
    """The replay came to nothing; the text says why."""


@dataclass(frozen=True, slots=True)
class Flight:
    """What a replay found: counts, differences, and the view of the moment."""

    steps: int
    segments: int
    differences: tuple[str, ...]
    moment: str
    view: dict[str, Any] | None


class FlightRecorder:
    """Replays and exports one at a time."""

    def __init__(self, folder: Path, database: Database, command: tuple[str, ...] | None = None) -> None:
        self._folder = folder
        self._database = database
        self._command = command or ("nice", "-n", "19", sys.executable, "-m", "edge", "replay")
        self._turn = threading.Lock()

    def list_segments(self) -> list[SegmentRow]:
        """List the segments kept, newest first; StoreUnavailableError if the disk can't tell."""
        return list_segment_rows(self._database)

    def replay_to(self, moment: datetime) -> Flight:
        """Decide everything again up to a moment."""
        if not self._turn.acquire(blocking=False):
            raise FlightBusyError
        try:
            return self._replay(moment)
        finally:
            self._turn.release()

    def _replay(self, moment: datetime) -> Flight:
        at = moment.strftime("%Y-%m-%dT%H:%M:%S")
        command = [*self._command, "--journal", str(self._folder), "--at", at, "--view"]
        try:
            done = subprocess.run(command, capture_output=True, timeout=REPLAY_LIMIT_S, check=False)
            found = json.loads(done.stdout)
        except subprocess.TimeoutExpired as error:
            raise FlightFailedError(f"not done in {REPLAY_LIMIT_S:.0f} s") from error
        except (OSError, ValueError) as error:
            log.warning("replay_failed", error=str(error)[:200])
            raise FlightFailedError(str(error)[:200]) from error
        return Flight(
            found["steps"], found["segments"], tuple(found["differences"]), found.get("moment") or "", found["view"]
        )

    def export(self, number: int) -> bytes | None:
        """Zip one segment; None when it isn't kept or is too big."""
        if not self._turn.acquire(blocking=False):
            raise FlightBusyError
        try:
            packed = export_segment(self._database, number)
        finally:
            self._turn.release()
        return packed if packed is not None and len(packed) <= EXPORT_MOST_BYTES else None
