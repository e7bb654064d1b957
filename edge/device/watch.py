"""What the device page remembers of the events as they pass: reads of each scanner, rings, settled labels.

The executor calls `note_step` for every event it decides, so this keeps short lists in memory and nothing else.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence

from edge.core.effects import Effect
from edge.core.events import (
    CodeRead,
    ControllerChanged,
    Event,
    Lookup,
    PrintSettled,
    RingEventsRead,
    RingHistoryRead,
    SnapshotArrived,
)
from edge.core.snapshot import RingEntry, ShelfSnapshot
from edge.device.memories import SeenCode, SeenRing
from edge.store.journal_rings import KeptRings

READS_KEPT = 20  # of each scanner
RING_KEPT = 500  # of each bank
SETTLED_KEPT = 32
SOURCES_MOST = 64


# told of every reading, by the executor's thread
CodeListener = Callable[[SeenCode], None]
SnapshotListener = Callable[[str, ShelfSnapshot, int], None]


class DeviceWatch:
    """Short memories of what passed. The executor notes; any thread reads."""

    def __init__(self, wall_ms: Callable[[], int], mono_ms: Callable[[], int]) -> None:
        self._wall_ms = wall_ms
        self._mono_ms = mono_ms
        self._changed = threading.Condition()
        self._reads: dict[str, deque[SeenCode]] = {}
        self._rings: dict[str, deque[SeenRing]] = {}
        self._rings_lost: dict[str, int] = {}
        self._rings_missed: dict[str, int] = {}
        self._controllers: dict[str, tuple[str, str, int]] = {}
        self._settled: deque[tuple[str, str, str]] = deque(maxlen=SETTLED_KEPT)
        self._code_listeners: list[CodeListener] = []
        self._snapshot_listeners: list[SnapshotListener] = []

    def listen(self, on_code: CodeListener | None = None, on_snapshot: SnapshotListener | None = None) -> None:
        """Tell somebody of codes and snapshots too; before the gateway starts."""
        if on_code is not None:
            self._code_listeners.append(on_code)
        if on_snapshot is not None:
            self._snapshot_listeners.append(on_snapshot)

    def recall_rings(self, rings: KeptRings) -> None:
        """Take up what the journal still holds of the rings; before the gateway starts."""
        with self._changed:
            for bank, kept in rings.entries.items():
                ring = self._rings.setdefault(bank, deque(maxlen=RING_KEPT))
                ring.extend(
                    SeenRing(each.entry.sequence, each.entry.kind, each.entry.argument, each.wall_ms, earlier=True)
                    for each in kept
                )
            self._rings_lost.update(rings.lost)
            self._rings_missed.update(rings.missed)

    # ------------------------------------------------------------ the executor

    def note_step(self, event: Event, _effects: Sequence[Effect], _seconds: float) -> None:
        """Remember what a technician may want to see of one step."""
        match event:
            case SnapshotArrived():
                for heed in self._snapshot_listeners:
                    heed(event.bank, event.snapshot, event.read_mono_ms)
            case CodeRead():
                self._note_code(event)
            case RingEventsRead() | RingHistoryRead():
                self._note_ring(event)
            case ControllerChanged():
                with self._changed:
                    self._controllers[event.bank] = (event.state, event.detail, self._wall_ms())
            case PrintSettled():
                with self._changed:
                    self._settled.append((event.job_id, event.outcome, event.detail))
                    self._changed.notify_all()
            case _:
                pass

    def _note_code(self, event: CodeRead) -> None:
        known_as, place = describe_lookup(event.lookup)
        seen = SeenCode(event.source_id, event.source_kind, event.text[:64], self._wall_ms(), known_as, place)
        with self._changed:
            if event.source_id in self._reads or len(self._reads) < SOURCES_MOST:
                self._reads.setdefault(event.source_id, deque(maxlen=READS_KEPT)).appendleft(seen)
        for heed in self._code_listeners:
            heed(seen)

    def _note_ring(self, event: RingEventsRead | RingHistoryRead) -> None:
        earlier = isinstance(event, RingHistoryRead)
        read_wall_ms = self._wall_ms() - max(0, self._mono_ms() - event.read_mono_ms)
        with self._changed:
            ring = self._rings.setdefault(event.bank, deque(maxlen=RING_KEPT))
            ring.extendleft(date_entry(entry, read_wall_ms, earlier=earlier) for entry in event.entries)
            counts = self._rings_missed if earlier else self._rings_lost
            counts[event.bank] = counts.get(event.bank, 0) + int(event.lost)

    # ------------------------------------------------------------ whoever looks

    def list_reads(self, source_id: str) -> list[SeenCode]:
        """List the last readings of a scanner, newest first."""
        with self._changed:
            return list(self._reads.get(source_id, ()))

    def list_ring(self, bank: str) -> tuple[list[SeenRing], int]:
        """List the ring's entries, newest first, and how often it had turned over before it was read."""
        with self._changed:
            return list(self._rings.get(bank, ())), self._rings_lost.get(bank, 0)

    def count_missed(self, bank: str) -> int:
        """Count the entries that were overwritten while no gateway ran."""
        with self._changed:
            return self._rings_missed.get(bank, 0)

    def find_controller(self, bank: str) -> tuple[str, str, int] | None:
        """Tell condition, detail and since when, of a bank's controller."""
        with self._changed:
            return self._controllers.get(bank)

    def await_settled(self, job_id: str, timeout_s: float) -> tuple[str, str] | None:
        """Wait for a label's outcome; None when none came."""
        ends_at = time.monotonic() + timeout_s
        with self._changed:
            while True:
                found = next((each for each in self._settled if each[0] == job_id), None)
                left_s = ends_at - time.monotonic()
                if found is not None:
                    return found[1], found[2]
                if left_s <= 0 or not self._changed.wait(left_s):
                    return None


def date_entry(entry: RingEntry, read_wall_ms: int, *, earlier: bool = False) -> SeenRing:
    """Give a ring entry the wall time it speaks of."""
    return SeenRing(entry.sequence, entry.kind, entry.argument, read_wall_ms - entry.age_ms, earlier)


def describe_lookup(lookup: Lookup | None) -> tuple[str, tuple[str, int, str] | None]:
    """Name what a code was found to be."""
    if lookup is None:
        return "", None
    if lookup.box is not None:
        return "box", None
    if lookup.staff is not None:
        return "staff", None
    if lookup.place is not None:
        return "place", (lookup.place.bank, lookup.place.column, lookup.place.face)
    return "", None
