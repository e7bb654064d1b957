"""Records of gateways as they came, how far each epoch has come, and what was refused.

The rows that come in bulk are written by `central.store.bulk`.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

from sqlalchemy import ForeignKey, Index, LargeBinary, String, UniqueConstraint, bindparam, case, func, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from central.domain.ingest import ZERO_HASH, Cursor, EpochState, Record
from central.store.base import ID_LENGTH, Base, Instant
from central.store.rooms import RoomRow

EPOCH_LENGTH = 32
HASH_LENGTH = 64
#: Quarantined batches kept per room; a gateway that sends new ones for ever must not fill the disk.
QUARANTINE_MAX = 1_000


class CentreRow(Base):
    """The epoch of this database: drawn once, and again by every restore."""

    __tablename__ = "link_centre"

    id: Mapped[int] = mapped_column(primary_key=True)
    epoch: Mapped[str] = mapped_column(String(EPOCH_LENGTH))
    since: Mapped[datetime] = mapped_column(Instant)


class CursorRow(Base):
    """One epoch of one room's gateway, and how far it is committed."""

    __tablename__ = "link_cursors"
    __table_args__ = (UniqueConstraint("room_id", "epoch"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    room_id: Mapped[str] = mapped_column(ForeignKey("rooms.id"))
    epoch: Mapped[str] = mapped_column(String(EPOCH_LENGTH))
    #: An EpochState.
    state: Mapped[str] = mapped_column(String(16))
    state_at: Mapped[datetime] = mapped_column(Instant)
    decided_by: Mapped[str | None] = mapped_column(String(ID_LENGTH))
    through: Mapped[int]
    through_hash: Mapped[str] = mapped_column(String(HASH_LENGTH))
    #: All records up to here are in a verified backup.
    safe: Mapped[int]
    #: The feed shows the effect of all records up to here.
    published: Mapped[int]
    #: Highest number that the gateway said it has.
    head: Mapped[int]
    #: Place in history of the newest fact of this epoch.
    order_at: Mapped[datetime | None] = mapped_column(Instant)
    #: First number that forked, until an admin has looked.
    forked_at: Mapped[int | None]
    heard_at: Mapped[datetime] = mapped_column(Instant)


class RecordRow(Base):
    """A record, byte by byte as the gateway wrote it. Append-only."""

    __tablename__ = "link_records"
    cursor_id: Mapped[int] = mapped_column(ForeignKey("link_cursors.id"), primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    hash: Mapped[bytes] = mapped_column(LargeBinary)
    line: Mapped[bytes] = mapped_column(LargeBinary)
    #: Why the record had no effect here, if it had none.
    trouble: Mapped[str | None] = mapped_column(String(80))


# Nearly every record has an effect, so the index of those without stays small.
Index(
    "ix_link_records_trouble",
    RecordRow.cursor_id,
    RecordRow.seq,
    sqlite_where=RecordRow.trouble.is_not(None),
    postgresql_where=RecordRow.trouble.is_not(None),
)


class QuarantineRow(Base):
    """A batch that would have rewritten history, or came from a refused epoch; kept whole for a person to judge."""

    __tablename__ = "link_quarantine"
    __table_args__ = (UniqueConstraint("room_id", "records_hash"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    room_id: Mapped[str] = mapped_column(ForeignKey("rooms.id"))
    epoch: Mapped[str] = mapped_column(String(EPOCH_LENGTH))
    first: Mapped[int]
    fork_at: Mapped[int | None]
    reason: Mapped[str] = mapped_column(String(200))
    records_hash: Mapped[str] = mapped_column(String(HASH_LENGTH))
    records: Mapped[bytes] = mapped_column(LargeBinary)
    received_at: Mapped[datetime] = mapped_column(Instant)


@dataclass(frozen=True, slots=True)
class OpenCursor:
    """A cursor row that this transaction holds."""

    id: int
    room_id: str
    epoch: str
    cursor: Cursor
    published: int
    order_at: datetime | None


def load_centre_epoch(session: Session) -> str | None:
    """Return the epoch of this database, None before its first writing."""
    return session.scalar(select(CentreRow.epoch).where(CentreRow.id == 1))


def draw_centre_epoch(session: Session, now: datetime) -> str:
    """Give this database a new epoch: at its creation and after each restore, so that gateways send again."""
    epoch = secrets.token_hex(16)
    row = session.get(CentreRow, 1)
    if row is None:
        session.add(CentreRow(id=1, epoch=epoch, since=now))
    else:
        row.epoch, row.since = epoch, now
    session.flush()
    return epoch


def room_exists(session: Session, room_id: str) -> bool:
    return session.scalar(select(RoomRow.id).where(RoomRow.id == room_id)) is not None


def lock_cursor(session: Session, room_id: str, epoch: str, head: int, now: datetime) -> OpenCursor | None:
    """Lock and return the cursor of an epoch, making it if it is new; None for an unknown room.

    The first epoch of a room is admitted by itself, a further one waits for an admin. Locking the room row first
    keeps two workers from both taking theirs for the first.
    """
    held = _hold_cursor(session, room_id, epoch, head, now)
    if held is None:
        if session.scalar(select(RoomRow.id).where(RoomRow.id == room_id).with_for_update()) is None:
            return None
        held = _hold_cursor(session, room_id, epoch, head, now)
    if held is None:
        _add_cursor(session, room_id, epoch, now)
        held = _hold_cursor(session, room_id, epoch, head, now)
    return held


_CURSORS: Any = CursorRow.__table__
# Made once: making them anew cost as much as running them.
_HOLD = (
    update(_CURSORS)
    .where(_CURSORS.c.room_id == bindparam("of_room"), _CURSORS.c.epoch == bindparam("of_epoch"))
    .values(
        head=case((_CURSORS.c.head < bindparam("known"), bindparam("known")), else_=_CURSORS.c.head),
        heard_at=bindparam("at"),
    )
    .returning(
        _CURSORS.c.id,
        _CURSORS.c.state,
        _CURSORS.c.through,
        _CURSORS.c.through_hash,
        _CURSORS.c.safe,
        _CURSORS.c.published,
    )
)
_NEWEST = select(func.max(_CURSORS.c.order_at)).where(_CURSORS.c.room_id == bindparam("of_room"))


def _hold_cursor(session: Session, room_id: str, epoch: str, head: int, now: datetime) -> OpenCursor | None:
    """Lock a cursor by writing down that it was heard of, in one statement; None if there is none yet."""
    connection = session.connection()
    row = connection.execute(_HOLD, {"of_room": room_id, "of_epoch": epoch, "known": head, "at": now}).one_or_none()
    if row is None:
        return None
    # After the lock, in a statement of its own: what another worker has just committed must be seen.
    newest = connection.execute(_NEWEST, {"of_room": room_id}).scalar_one()
    cursor = Cursor(EpochState(row.state), row.through, row.through_hash, row.safe)
    return OpenCursor(row.id, room_id, epoch, cursor, row.published, newest)


def load_hashes(session: Session, cursor_id: int, first: int, last: int) -> dict[int, str]:
    """Return the hashes of the committed records from `first` to `last`."""
    query = select(RecordRow.seq, RecordRow.hash).where(RecordRow.cursor_id == cursor_id)
    return {seq: digest.hex() for seq, digest in session.execute(query.where(RecordRow.seq.between(first, last)))}


def advance_cursor(session: Session, held: OpenCursor, last: Record, order_at: datetime, *, moved: bool) -> None:
    """Move a held cursor on to its last record; records without movements leave nothing to publish."""
    values: dict[str, Any] = {"through": last.seq, "through_hash": last.hash, "order_at": order_at}
    if not moved and held.published == held.cursor.through:
        values["published"] = last.seq
    session.connection().execute(update(_CURSORS).where(_CURSORS.c.id == held.id).values(values))


def mark_published(session: Session, cursor_id: int, after: int, through: int) -> None:
    """Note that the feed shows all records up to `through`, if it showed those up to `after` already."""
    session.execute(
        update(CursorRow)
        .where(CursorRow.id == cursor_id, CursorRow.published >= after, CursorRow.published < through)
        .values(published=through)
    )


def list_unpublished(session: Session) -> list[CursorRow]:
    """Return the cursors whose feed lags behind: a process died between commit and publishing."""
    return list(session.scalars(select(CursorRow).where(CursorRow.published < CursorRow.through)))


def mark_fork(session: Session, cursor_id: int, fork_at: int) -> None:
    session.execute(
        update(CursorRow).where(CursorRow.id == cursor_id, CursorRow.forked_at.is_(None)).values(forked_at=fork_at)
    )


def mark_safe(session: Session, cursor_id: int, safe: int) -> None:
    """Note that a verified backup holds all records up to `safe`."""
    session.execute(
        update(CursorRow)
        .where(CursorRow.id == cursor_id, CursorRow.through >= safe, CursorRow.safe < safe)
        .values(safe=safe)
    )


def keep_quarantined(
    session: Session,
    *,
    room_id: str,
    epoch: str,
    records: Sequence[Record],
    fork_at: int | None,
    reason: str,
    now: datetime,
) -> bool:
    """Keep a batch aside; False if it is kept already, or the room's quarantine is full."""
    payload = b"\n".join(record.line for record in records)
    digest = sha256(payload).hexdigest()
    of_room = select(func.count()).select_from(QuarantineRow).where(QuarantineRow.room_id == room_id)
    if session.scalar(of_room.where(QuarantineRow.records_hash == digest)):
        return False
    if (session.scalar(of_room) or 0) >= QUARANTINE_MAX:
        return False
    session.add(
        QuarantineRow(
            room_id=room_id,
            epoch=epoch,
            first=records[0].seq,
            fork_at=fork_at,
            reason=reason[:200],
            records_hash=digest,
            records=payload,
            received_at=now,
        )
    )
    session.flush()
    return True


def decide_epoch(
    session: Session, room_id: str, epoch: str, *, state: EpochState, decided_by: str, now: datetime
) -> bool:
    """Write down an admin's decision on an epoch; False if the room has no such epoch."""
    row = session.scalar(select(CursorRow).where(CursorRow.room_id == room_id, CursorRow.epoch == epoch))
    if row is None:
        return False
    row.state, row.state_at, row.decided_by, row.forked_at = state.value, now, decided_by, None
    session.flush()
    return True


def list_cursors(session: Session, room_ids: Iterable[str] | None = None) -> list[CursorRow]:
    """Return the cursors of these rooms (all by default), the newest epoch of each room last."""
    query = select(CursorRow).order_by(CursorRow.room_id, CursorRow.id)
    if room_ids is not None:
        query = query.where(CursorRow.room_id.in_(list(room_ids)))
    return list(session.scalars(query))


def list_quarantine(session: Session, room_id: str, limit: int = 100) -> list[QuarantineRow]:
    query = select(QuarantineRow).where(QuarantineRow.room_id == room_id).order_by(QuarantineRow.id.desc())
    return list(session.scalars(query.limit(limit)))


def list_lines(session: Session, room_id: str, epoch: str, after: int, limit: int) -> list[tuple[int, bytes]]:
    """Return committed records as they came, for proofs and rebuilds."""
    query = (
        select(RecordRow.seq, RecordRow.line)
        .join(CursorRow, CursorRow.id == RecordRow.cursor_id)
        .where(CursorRow.room_id == room_id, CursorRow.epoch == epoch, RecordRow.seq > after)
        .order_by(RecordRow.seq)
        .limit(limit)
    )
    return [(seq, line) for seq, line in session.execute(query)]


def _add_cursor(session: Session, room_id: str, epoch: str, now: datetime) -> CursorRow:
    first = session.scalar(select(CursorRow.id).where(CursorRow.room_id == room_id).limit(1)) is None
    row = CursorRow(
        room_id=room_id,
        epoch=epoch,
        state=(EpochState.ADMITTED if first else EpochState.PENDING).value,
        state_at=now,
        decided_by=None,
        through=0,
        through_hash=ZERO_HASH,
        safe=0,
        published=0,
        head=0,
        order_at=None,
        forked_at=None,
        heard_at=now,
    )
    session.add(row)
    session.flush()
    return row
