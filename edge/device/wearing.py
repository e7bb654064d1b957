"""From snapshots to wear: a column's cycle, an aisle's opening time, a motor's current. Written once a minute.

It works with contacts alone: a column has travelled when another number of open aisles lies between it and its stop.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import structlog

from edge.core.geometry import Geometry
from edge.core.snapshot import AT_REST, ShelfSnapshot
from edge.ports import LineWatch
from edge.store.database import StoreUnavailableError
from edge.store.wear import WearBook, WearSample

log = structlog.get_logger(__name__)

WRITE_INTERVAL_S = 60.0
WAITING_MOST = 4096  # while the disk takes nothing; then the newest are dropped
CURRENT_REGISTER = "motor_current_ma"
JOURNEYS_REGISTER = "column_cycles"
LONGEST_OPENING_MS = 300_000


@dataclass(slots=True)
class _BankPast:
    rested: dict[int, int] | None = None  # open aisles before each column, when it last stood still
    began_ms: int | None = None
    target: int | None = None


class WearKeeper:
    """Turns what passes into samples, and writes them in a thread of its own."""

    def __init__(
        self, book: WearBook, lines: Sequence[LineWatch], banks: Mapping[str, Geometry], wall_ms: Callable[[], int]
    ) -> None:
        self._book = book
        self._banks = dict(banks)
        self._lines = tuple(lines)
        self._wall_ms = wall_ms
        self._lock = threading.Lock()
        self._past: dict[str, _BankPast] = {}
        self._waiting: list[WearSample] = []
        self._told: dict[tuple[str, int], tuple[str, int]] = {}  # by column: its journeys, and the last one's current
        self._dropped = 0
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="wear", daemon=True)

    def start(self) -> None:
        """Write every minute until close."""
        self._thread.start()

    def close(self) -> None:
        """Write what waits and stop."""
        self._closing.set()
        if self._thread.is_alive():
            self._thread.join(timeout=5)
        self.write()

    def note_snapshot(self, bank: str, snapshot: ShelfSnapshot, read_mono_ms: int) -> None:
        """Take one reading; called by the executor, so it only counts."""
        past = self._past.setdefault(bank, _BankPast())
        if snapshot.state == "moving":
            self._begin_motion(past, snapshot, read_mono_ms)
        elif snapshot.state in AT_REST:
            self._end_motion(bank, past, snapshot, read_mono_ms)

    def _begin_motion(self, past: _BankPast, snapshot: ShelfSnapshot, read_mono_ms: int) -> None:
        if past.began_ms is None:
            past.began_ms = read_mono_ms
        past.target = snapshot.target_aisle  # only opening has one

    def _end_motion(self, bank: str, past: _BankPast, snapshot: ShelfSnapshot, read_mono_ms: int) -> None:
        if past.began_ms is not None and past.target is not None and past.target in snapshot.open_aisles:
            took_ms = read_mono_ms - past.began_ms
            if snapshot.state != "stopped" and 0 < took_ms <= LONGEST_OPENING_MS:
                self._put(WearSample(bank, "opening_ms", past.target, took_ms, self._wall_ms()))
        past.began_ms = past.target = None
        stands = count_before(self._banks[bank], snapshot.open_aisles)
        for number, count in stands.items():
            if past.rested is not None and past.rested[number] != count:
                self._put(WearSample(bank, "cycles", number, 1, self._wall_ms()))
        past.rested = stands

    def _put(self, sample: WearSample) -> None:
        with self._lock:
            if len(self._waiting) < WAITING_MOST:
                self._waiting.append(sample)
            else:
                self._dropped += 1

    def write(self) -> None:
        """Write what waits; what the disk doesn't take waits on."""
        self._sample_currents()
        with self._lock:
            samples, self._waiting = self._waiting, []
            dropped, self._dropped = self._dropped, 0
        if dropped:
            log.warning("wear_dropped", samples=dropped)
        try:
            self._book.add(samples)
        except StoreUnavailableError as error:
            log.warning("wear_not_written", condition=error.condition, samples=len(samples))
            with self._lock:
                self._waiting = (samples + self._waiting)[:WAITING_MOST]

    def _sample_currents(self) -> None:
        """Take the current of each column's last journey, once a journey: a bank at rest tells the same for days."""
        for line in self._lines:
            for bank in line.banks:
                readings = line.read_registers(bank)
                journeys = {each.index or 1: each.value for each in readings if each.name == JOURNEYS_REGISTER}
                for reading in readings:
                    if reading.name == CURRENT_REGISTER and reading.raw[0] and "unknown" not in reading.words:
                        number, current = reading.index or 1, int(reading.raw[0])
                        told = (journeys.get(number, ""), current)
                        if self._told.get((bank, number)) != told:
                            self._told[bank, number] = told
                            self._put(WearSample(bank, "current_ma", number, current, self._wall_ms()))

    def _run(self) -> None:
        while not self._closing.wait(WRITE_INTERVAL_S):
            self.write()


def count_before(geometry: Geometry, open_aisles: Sequence[int]) -> dict[int, int]:
    """Count for each column the open aisles between it and the stop at which its segment begins."""
    return {
        column: sum(segment.first_column <= aisle < column for aisle in open_aisles)
        for segment in geometry.segments
        for column in range(segment.first_column, segment.last_column + 1)
    }
