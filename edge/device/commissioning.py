"""The commissioning check-list, aisle by aisle: a prompt at the kiosk, a press by whoever stands there, a label read.

Nothing here opens an aisle. It asks for a prompt, sees that the aisle stands open, and notes which labels are read.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Mapping

import structlog

from edge.core.codes import PrintedCode, parse_code
from edge.core.geometry import find_aisle
from edge.core.snapshot import AT_REST, ShelfSnapshot
from edge.device.memories import SeenCode
from edge.store.checklists import CheckedAisle, Checklist, Checklists, ScannedLabel
from edge.store.database import StoreUnavailableError

log = structlog.get_logger(__name__)

NOTES_MOST = 256


class Commissioning:
    """The check-lists of all banks. The executor notes in memory; pages settle the notes to disk."""

    def __init__(
        self, checklists: Checklists, aisles: Mapping[str, tuple[int, ...]], wall_ms: Callable[[], int]
    ) -> None:
        self._checklists = checklists
        self._aisles = dict(aisles)
        self._wall_ms = wall_ms
        self._lock = threading.Lock()
        self._open: dict[str, tuple[int, ...]] = {}
        self._notes: deque[tuple[str, tuple[int, ...], SeenCode]] = deque(maxlen=NOTES_MOST)
        self._seen_open: set[tuple[str, int]] = set()

    # ------------------------------------------------------------ the executor

    def note_snapshot(self, bank: str, snapshot: ShelfSnapshot, _read_mono_ms: int) -> None:
        """Remember which aisles stand open."""
        resting = snapshot.state in AT_REST
        with self._lock:
            self._open[bank] = snapshot.open_aisles if resting else ()
            if resting:
                self._seen_open.update((bank, aisle) for aisle in snapshot.open_aisles)

    def note_code(self, seen: SeenCode) -> None:
        """Remember a place label and what stood open when it was read."""
        code = parse_code(seen.text)
        if not isinstance(code, PrintedCode) or code.kind != "PL":
            return
        with self._lock:
            for bank, aisles in self._open.items():
                if aisles:
                    self._notes.append((bank, aisles, seen))

    # ------------------------------------------------------------ pages

    def begin(self, bank: str, by: str) -> None:
        """Begin a bank anew."""
        with self._lock:
            self._notes = deque((note for note in self._notes if note[0] != bank), maxlen=NOTES_MOST)
        self._checklists.begin(bank, self._aisles[bank], by, self._wall_ms())

    def ask(self, bank: str, aisle: int, by: str) -> None:
        """Note that a prompt for this aisle has been asked for."""
        with self._lock:
            self._seen_open.discard((bank, aisle))
            if aisle in self._open.get(bank, ()):
                self._seen_open.add((bank, aisle))
        self._checklists.mark(bank, aisle, "asked", by, self._wall_ms())

    def finish_aisle(self, bank: str, aisle: int, by: str) -> bool:
        """Close an aisle whose label was read; False while none that fits has been."""
        found = self.find(bank)
        row = next((each for each in found.aisles if each.aisle == aisle), None) if found else None
        if row is None or not any(label.fits for label in row.labels):
            return False
        self._checklists.mark(bank, aisle, "done", by, self._wall_ms())
        return True

    def repeat_aisle(self, bank: str, aisle: int, by: str) -> None:
        """Do an aisle again: its labels are forgotten."""
        self._checklists.forget_labels(bank, aisle)
        self._checklists.mark(bank, aisle, "waiting", by, self._wall_ms())

    def end(self, bank: str) -> bool:
        """Close the check-list; False while an aisle is left."""
        found = self.find(bank)
        if found is None or any(each.state != "done" for each in found.aisles):
            return False
        self._checklists.end(bank, self._wall_ms())
        return True

    def find(self, bank: str) -> Checklist | None:
        """Read the check-list of a bank after settling what has been noted; StoreUnavailableError if it can't be."""
        found = self._checklists.find(bank)
        if found is None or found.ended_ms is not None:
            return found
        current = next((each for each in found.aisles if each.state in {"asked", "open"}), None)
        if current is None:
            return found
        if self._settle(found, current):
            return self._checklists.find(bank)
        return found

    def _settle(self, found: Checklist, current: CheckedAisle) -> bool:
        """Write what happened in the aisle at hand; tell whether anything did."""
        bank, aisle = found.bank, current.aisle
        with self._lock:
            opened = (bank, aisle) in self._seen_open
            mine = [seen for of, aisles, seen in self._notes if of == bank and aisle in aisles]
            self._notes = deque((note for note in self._notes if note[0] != bank), maxlen=NOTES_MOST)
        changed = False
        if opened and current.state == "asked":
            self._checklists.mark(bank, aisle, "open", current.by, self._wall_ms())
            changed = True
        for seen in mine:
            if opened and seen.wall_ms >= current.at_ms:
                self._checklists.add_label(bank, aisle, judge_label(bank, aisle, seen))
                changed = True
        return changed

    def count_left(self, bank: str) -> int:
        """Count the aisles not done yet; 0 also when no list was begun or the disk can't tell."""
        try:
            found = self._checklists.find(bank)
        except StoreUnavailableError as error:
            log.warning("checklist_unreadable", condition=error.condition)
            return 0
        return sum(each.state != "done" for each in found.aisles) if found and found.ended_ms is None else 0


def judge_label(bank: str, aisle: int, seen: SeenCode) -> ScannedLabel:
    """Tell whether the records have this label where it was read."""
    if seen.place is None:
        return ScannedLabel(seen.text.strip(), "", False, "", seen.wall_ms)
    of, column, face = seen.place
    fits = of == bank and find_aisle(column, face) == aisle
    return ScannedLabel(seen.text.strip(), f"{column}{face}", fits, f"{of} {column}{face}", seen.wall_ms)
