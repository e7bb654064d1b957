"""What a copy of the centre's database holds of each gateway's facts, and what is noted once that is proven."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from central.domain.ingest import ZERO_HASH, follow_chain
from central.store import ingest
from central.store.settings import SettingRow

#: Key of the setting row that tells of the newest verified copy.
NEWEST = "backup"
PAGE = 5_000


@dataclass(frozen=True, slots=True)
class HeldFacts:
    """All facts of one epoch up to `through`, their chain followed to its head."""

    cursor_id: int
    room_id: str
    epoch: str
    through: int
    through_hash: str


@dataclass(frozen=True, slots=True)
class BrokenChain:
    """The records of an epoch don't lead to the head that its cursor names."""

    room_id: str
    epoch: str
    at: int


def follow_chains(session: Session) -> list[HeldFacts | BrokenChain]:
    """Follow every epoch's chain from its first record to its head."""
    found: list[HeldFacts | BrokenChain] = []
    for row in ingest.list_cursors(session):
        seq, digest = 0, ZERO_HASH
        while lines := ingest.list_lines(session, row.room_id, row.epoch, seq, PAGE):
            followed = follow_chain(seq, digest, lines)
            if followed is None:
                break
            seq, digest = followed
        whole = not lines and (seq, digest) == (row.through, row.through_hash)
        held = HeldFacts(row.id, row.room_id, row.epoch, row.through, row.through_hash)
        found.append(held if whole else BrokenChain(row.room_id, row.epoch, seq + 1))
    return found


def note_backup(session: Session, held: Sequence[HeldFacts], file: str, taken_at: datetime) -> None:
    """Tell from now on that these facts are safe, and when the newest copy was taken."""
    for each in held:
        ingest.mark_safe(session, each.cursor_id, each.through)
    row = session.get(SettingRow, NEWEST) or SettingRow(key=NEWEST)
    row.value, row.changed_at = {"file": file}, taken_at
    session.add(row)


def find_newest(session: Session) -> datetime | None:
    """Return when the newest verified copy was taken; before the first one, since when there is something to copy."""
    row = session.get(SettingRow, NEWEST)
    if row is not None:
        return row.changed_at
    centre = session.get(ingest.CentreRow, 1)
    return centre.since if centre is not None else None
