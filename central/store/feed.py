"""The keyed feed of each room: rows with revisions drawn under the room's lock, tombstones, digest, pages.

Publishing is the last thing a transaction does: the lock is then held only until its commit, and no reader ever sees
a higher revision before a lower one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, Session, mapped_column

from central.domain.feed import (
    PAGE_BYTES_MAX,
    PAGE_ROWS_MAX,
    ZERO_DIGEST,
    FeedChange,
    box_body,
    digest_row,
    encode_canonical,
    shift_digest,
)
from central.domain.locations import Location
from central.store.base import Base
from central.store.boxes import BoxRow
from central.store.bulk import load_locations, save_feed_rows

#: Key of `session.info`: the heads that this transaction moved, as {room: revision}.
FEED_HEADS = "feed_heads"
KEY_LENGTH = 64
CHUNK = 500


class FeedHeadRow(Base):
    """The newest revision of a room's feed and the digest of its live rows; its lock orders the publishers."""

    __tablename__ = "feed_heads"

    room_id: Mapped[str] = mapped_column(ForeignKey("rooms.id"), primary_key=True)
    revision: Mapped[int]
    digest: Mapped[str] = mapped_column(String(64))


class FeedRowRow(Base):
    """One row of the feed; no body: a tombstone. `part` is its share of the digest."""

    __tablename__ = "feed_rows"
    __table_args__ = (Index(None, "room_id", "revision", unique=True),)

    room_id: Mapped[str] = mapped_column(ForeignKey("rooms.id"), primary_key=True)
    kind: Mapped[str] = mapped_column(String(16), primary_key=True)
    key: Mapped[str] = mapped_column(String(KEY_LENGTH), primary_key=True)
    revision: Mapped[int]
    body: Mapped[str | None] = mapped_column(Text)
    part: Mapped[str | None] = mapped_column(String(64))
    #: The row contains the effect of all facts of this epoch up to this number.
    up_epoch: Mapped[str | None] = mapped_column(String(32))
    up_seq: Mapped[int]


@dataclass(frozen=True, slots=True)
class FeedHead:
    revision: int
    digest: str


@dataclass(frozen=True, slots=True)
class UpMark:
    """How far the facts of a room's epoch are contained in what is published."""

    room_id: str
    epoch: str
    seq: int


@dataclass(frozen=True, slots=True)
class FeedPage:
    """Rows after `after`: kind, key, revision, canonical body or None, as_of_up."""

    after: int
    revision: int
    head: FeedHead
    rows: tuple[tuple[str, str, int, str | None, int], ...]


def publish_rows(session: Session, room_id: str, changes: Sequence[FeedChange]) -> int:
    """Give changed rows new revisions; return the room's newest. Bodies that are equal to the old ones stay."""
    head = _lock_head(session, room_id)
    return _publish(session, room_id, head, [(c.kind, c.key, _canonical_body(c)) for c in changes], None)


def publish_boxes(session: Session, codes: Iterable[str], *, up: UpMark | None = None) -> None:
    """Publish boxes as they are now, each in the room of its holdings; codes without a box are passed over.

    Box and location are read after taking the room's lock, since another publisher may just have moved the box.
    `up`: the effect of all facts up to there is committed.
    """
    wanted = sorted(set(codes))
    rooms: dict[str, list[str]] = {}
    for chunk in _chunks(wanted):
        for code, room_id in session.execute(select(BoxRow.code, BoxRow.room_id).where(BoxRow.code.in_(chunk))):
            rooms.setdefault(room_id, []).append(code)
    for room_id in sorted(rooms):
        head = _lock_head(session, room_id)
        bodies = _box_bodies(session, rooms[room_id], load_locations(session, rooms[room_id]))
        mark = up if up is not None and up.room_id == room_id else None
        _publish(session, room_id, head, [("box", code, body) for code, body in bodies], mark)


def load_heads(session: Session) -> dict[str, FeedHead]:
    rows = session.execute(select(FeedHeadRow.room_id, FeedHeadRow.revision, FeedHeadRow.digest))
    return {room_id: FeedHead(revision, digest) for room_id, revision, digest in rows}


def load_page(session: Session, room_id: str, after: int, up_epoch: str | None) -> FeedPage:
    """Return the next rows, fewer than 500 if they are big; a page from 0 leaves tombstones out."""
    head = load_heads(session).get(room_id, FeedHead(0, ZERO_DIGEST))
    query = (
        select(
            FeedRowRow.kind,
            FeedRowRow.key,
            FeedRowRow.revision,
            FeedRowRow.body,
            FeedRowRow.up_epoch,
            FeedRowRow.up_seq,
        )
        .where(FeedRowRow.room_id == room_id, FeedRowRow.revision > after, FeedRowRow.revision <= head.revision)
        .order_by(FeedRowRow.revision)
        .limit(PAGE_ROWS_MAX)
    )
    if after == 0:
        query = query.where(FeedRowRow.body.is_not(None))
    rows: list[tuple[str, str, int, str | None, int]] = []
    size, whole = 0, True
    found = session.execute(query).all()
    for kind, key, revision, body, epoch, seq in found:
        size += len((body or "").encode()) + 200
        if size > PAGE_BYTES_MAX and rows:
            whole = False
            break
        rows.append((kind, key, revision, body, seq if up_epoch is not None and epoch == up_epoch else 0))
    reached = whole and len(found) < PAGE_ROWS_MAX
    return FeedPage(after, head.revision if reached else rows[-1][2], head, tuple(rows))


def _lock_head(session: Session, room_id: str) -> FeedHead:
    """Take the room's feed lock: a write to its head row, made if need be."""
    session.flush()
    insert: Any = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    statement = insert(FeedHeadRow).values(room_id=room_id, revision=0, digest=ZERO_DIGEST)
    statement = statement.on_conflict_do_update(
        index_elements=["room_id"], set_={"revision": FeedHeadRow.__table__.c.revision}
    )
    revision, digest = session.execute(statement.returning(FeedHeadRow.revision, FeedHeadRow.digest)).one()
    return FeedHead(revision, digest)


def _publish(
    session: Session, room_id: str, head: FeedHead, bodies: Sequence[tuple[str, str, str | None]], up: UpMark | None
) -> int:
    old = _load_old(session, room_id, bodies)
    revision = head.revision
    removed: list[str] = []
    added: list[str] = []
    rows: list[tuple[Any, ...]] = []
    for kind, key, body in bodies:
        before = old.get((kind, key))
        if before is None and body is None:
            continue
        if before is not None and before[0] == body and up is None:
            continue
        revision += 1
        part = digest_row(kind, key, revision, body) if body is not None else None
        if before is not None and before[1] is not None:
            removed.append(before[1])
        if part is not None:
            added.append(part)
        # Without a word of ingest the row keeps its old mark: too low only makes the gateway apply a fact again.
        epoch, seq = (up.epoch, up.seq) if up is not None else (before[2:4] if before is not None else (None, 0))
        rows.append((room_id, kind, key, revision, body, part, epoch, seq))
    if rows:
        save_feed_rows(session, rows)
        session.execute(
            update(FeedHeadRow)
            .where(FeedHeadRow.room_id == room_id)
            .values(revision=revision, digest=shift_digest(head.digest, removed, added))
        )
        session.info.setdefault(FEED_HEADS, {})[room_id] = revision
    return revision


def _load_old(
    session: Session, room_id: str, bodies: Sequence[tuple[str, str, str | None]]
) -> dict[tuple[str, str], tuple[str | None, str | None, str | None, int]]:
    keys: dict[str, list[str]] = {}
    for kind, key, _ in bodies:
        keys.setdefault(kind, []).append(key)
    old: dict[tuple[str, str], tuple[str | None, str | None, str | None, int]] = {}
    columns = (FeedRowRow.key, FeedRowRow.body, FeedRowRow.part, FeedRowRow.up_epoch, FeedRowRow.up_seq)
    for kind, wanted in keys.items():
        query = select(*columns).where(FeedRowRow.room_id == room_id, FeedRowRow.kind == kind)
        for chunk in _chunks(wanted):
            for key, body, part, epoch, seq in session.execute(query.where(FeedRowRow.key.in_(chunk))):
                old[(kind, key)] = (body, part, epoch, seq)
    return old


def _box_bodies(session: Session, codes: Sequence[str], locations: Mapping[str, Location]) -> list[tuple[str, str]]:
    columns = (BoxRow.code, BoxRow.title, BoxRow.customer_no, BoxRow.customer_name)
    bodies: list[tuple[str, str]] = []
    for chunk in _chunks(codes):
        for code, title, customer_no, customer_name in session.execute(select(*columns).where(BoxRow.code.in_(chunk))):
            body = box_body(
                code=code,
                title=title,
                customer_no=customer_no,
                customer_name=customer_name,
                location=locations.get(code),
            )
            bodies.append((code, encode_canonical(body)))
    return bodies


def _canonical_body(change: FeedChange) -> str | None:
    return None if change.body is None else encode_canonical(change.body)


def _chunks(items: Sequence[str]) -> Iterable[Sequence[str]]:
    return (items[start : start + CHUNK] for start in range(0, len(items), CHUNK))
