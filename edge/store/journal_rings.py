"""What the journal still holds of event rings: readings of earlier runs, found by an index of their own."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from edge.core.events import RingEventsRead, RingHistoryRead
from edge.core.snapshot import RingEntry
from edge.store.database import RING_STEP, Database
from edge.store.encoding import EncodingError, decode

#: Readings looked at, newest first: decoding them takes some 50 ms at the start of a gateway.
READINGS_MOST = 2_000


@dataclass(frozen=True, slots=True)
class KeptEntry:
    """One entry of a ring with the wall time it speaks of."""

    entry: RingEntry
    wall_ms: int


@dataclass(frozen=True, slots=True)
class KeptRings:
    """Entries by bank, newest first; how often a ring turned over unread; entries for which a start came too late."""

    entries: Mapping[str, list[KeptEntry]]
    lost: Mapping[str, int]
    missed: Mapping[str, int]


def read_rings(database: Database, entries_most: int) -> KeptRings:
    """Read the newest entries of every bank's ring; readings of a version that this code can't read are left out."""
    with database.read() as connection:
        rows = connection.execute(
            f"SELECT mono_ms, wall, event FROM step WHERE {RING_STEP} ORDER BY number DESC LIMIT ?",  # noqa: S608 - ours
            (READINGS_MOST,),
        ).fetchall()
    entries: defaultdict[str, list[KeptEntry]] = defaultdict(list)
    lost: Counter[str] = Counter()
    missed: Counter[str] = Counter()
    for mono_ms, wall, line in rows:
        try:
            event = decode(line)
        except EncodingError:
            continue
        if isinstance(event, (RingEventsRead, RingHistoryRead)):
            read_wall_ms = round(datetime.fromisoformat(wall).timestamp() * 1000) - max(0, mono_ms - event.read_mono_ms)
            kept = entries[event.bank]
            kept += [KeptEntry(each, read_wall_ms - each.age_ms) for each in reversed(event.entries)]
            del kept[entries_most:]
            (missed if isinstance(event, RingHistoryRead) else lost)[event.bank] += int(event.lost)
    return KeptRings(entries, lost, missed)
