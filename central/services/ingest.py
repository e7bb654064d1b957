"""Take a gateway's batch: judge it, keep its records, bring boxes, feed and cursor up to it, all in one transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from central.domain.ingest import (
    ZERO_HASH,
    AckState,
    Batch,
    Cursor,
    EpochState,
    Record,
    Verdict,
    find_moved_box,
    judge_batch,
    order_facts,
    read_movement,
)
from central.domain.labels import LabelState
from central.domain.locations import HistoryNeeded, Movement, apply_movement, fold_movements
from central.store import bulk, feed, ingest, labels, movements

#: Kinds that this version knows; any other continues the chain without effect.
KNOWN_KINDS = frozenset(
    {"movement", "motion", "scan_refused", "print_settled", "shelf_event", "gateway_state", "session"}
)
#: Records read at once when a feed has to catch up after a crash.
UNPUBLISHED_MAX = 5_000
_PRINT_ENDS = {"done": LabelState.DONE, "failed": LabelState.FAILED, "unknown": LabelState.UNKNOWN}


@dataclass(frozen=True, slots=True)
class MovedBoxes:
    """Boxes whose feed rows must follow the records after `after` up to `through` of a cursor."""

    cursor_id: int
    room_id: str
    epoch: str
    after: int
    through: int
    codes: frozenset[str]


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the gateway is told after the commit, and what the centre counts."""

    state: AckState
    through: int
    through_hash: str
    safe: int
    fork_at: int | None = None
    reason: str = ""
    committed: int = 0
    without_effect: int = 0
    moved: MovedBoxes | None = None


@dataclass(frozen=True, slots=True)
class ReadBatch:
    """A batch with all that can be told without the database: what each record reports, or why it has no effect."""

    room_id: str
    batch: Batch
    effects: tuple[Movement | str | None, ...]


def read_batch(room_id: str, batch: Batch) -> ReadBatch:
    """Read the effects of a batch's records, before anybody waits for the write gate."""
    return ReadBatch(room_id, batch, tuple(_read_effect(record, room_id) for record in batch.records))


def take_batch(session: Session, read: ReadBatch, now: datetime) -> Receipt:
    """Commit what is new in a batch (the caller's transaction does); an unknown room is refused."""
    room_id, batch = read.room_id, read.batch
    held = ingest.lock_cursor(session, room_id, batch.epoch, batch.head, now)
    if held is None:
        return Receipt(AckState.REFUSED, 0, ZERO_HASH, 0, reason="the centre has no such room")
    cursor = held.cursor
    known: Mapping[int, str] = {}
    if batch.records and batch.first <= cursor.through:
        known = ingest.load_hashes(session, held.id, batch.first, min(cursor.through, batch.records[-1].seq))
    verdict = judge_batch(cursor, batch, known)
    if verdict.quarantine:
        _set_aside(session, held, batch, verdict, now)
    if not verdict.fresh:
        return _receipt(verdict, cursor)
    effects = read.effects[len(batch.records) - len(verdict.fresh) :]
    moved, without_effect = _apply_fresh(session, held, verdict.fresh, effects, now)
    last = verdict.fresh[-1]
    return Receipt(
        verdict.state,
        last.seq,
        last.hash,
        cursor.safe,
        committed=len(verdict.fresh),
        without_effect=without_effect,
        moved=moved,
    )


def publish_moved(session: Session, moved: MovedBoxes, codes: Sequence[str], *, last: bool) -> None:
    """Bring the feed of some of the moved boxes up to movements that are committed; with the last ones all is shown."""
    feed.publish_boxes(session, codes, up=feed.UpMark(moved.room_id, moved.epoch, moved.through))
    if last:
        ingest.mark_published(session, moved.cursor_id, moved.after, moved.through)


def merge_moved(earlier: MovedBoxes | None, later: MovedBoxes) -> MovedBoxes:
    """Return both as one, to be published at once."""
    if earlier is None:
        return later
    return replace(
        later,
        after=min(earlier.after, later.after),
        through=max(earlier.through, later.through),
        codes=earlier.codes | later.codes,
    )


def find_unpublished(session: Session) -> list[MovedBoxes]:
    """Return what a process that died left between commit and publishing, at most so many records each."""
    found: list[MovedBoxes] = []
    for row in ingest.list_unpublished(session):
        lines = ingest.list_lines(session, row.room_id, row.epoch, row.published, UNPUBLISHED_MAX)
        codes = frozenset(code for _, line in lines if (code := find_moved_box(line)) is not None)
        found.append(MovedBoxes(row.id, row.room_id, row.epoch, row.published, lines[-1][0], codes))
    return found


def admit_epoch(session: Session, *, room_id: str, epoch: str, decided_by: str, now: datetime) -> bool:
    """Let a further epoch of a room in; False if the room has shown no such epoch."""
    return ingest.decide_epoch(session, room_id, epoch, state=EpochState.ADMITTED, decided_by=decided_by, now=now)


def refuse_epoch(session: Session, *, room_id: str, epoch: str, decided_by: str, now: datetime) -> bool:
    """Shut an epoch out; what it still sends goes to quarantine."""
    return ingest.decide_epoch(session, room_id, epoch, state=EpochState.REFUSED, decided_by=decided_by, now=now)


def ensure_centre_epoch(session: Session, now: datetime) -> str:
    """Return the epoch of this database, drawing it at the first call."""
    return ingest.load_centre_epoch(session) or ingest.draw_centre_epoch(session, now)


def _receipt(verdict: Verdict, cursor: Cursor) -> Receipt:
    return Receipt(verdict.state, cursor.through, cursor.through_hash, cursor.safe, verdict.fork_at, verdict.reason)


def _set_aside(session: Session, held: ingest.OpenCursor, batch: Batch, verdict: Verdict, now: datetime) -> None:
    ingest.keep_quarantined(
        session,
        room_id=held.room_id,
        epoch=held.epoch,
        records=batch.records,
        fork_at=verdict.fork_at,
        reason=verdict.reason,
        now=now,
    )
    if verdict.fork_at is not None:
        ingest.mark_fork(session, held.id, verdict.fork_at)


def _read_effect(record: Record, room_id: str) -> Movement | str | None:
    """Return the movement that a record reports, or its trouble, or None for records that move no box."""
    if record.kind == "movement":
        movement = read_movement(record, room_id, record.at)
        return f"movement: {movement}" if isinstance(movement, str) else movement
    return None if record.kind in KNOWN_KINDS else "unknown kind"


def _apply_fresh(
    session: Session,
    held: ingest.OpenCursor,
    fresh: Sequence[Record],
    effects: Sequence[Movement | str | None],
    now: datetime,
) -> tuple[MovedBoxes | None, int]:
    """Store records and move boxes; return the moved ones, and how many records had no effect."""
    places = order_facts(fresh, held.order_at, now)
    troubles = [effect if isinstance(effect, str) else None for effect in effects]
    arrived: list[tuple[int, Movement]] = []
    for record, effect, order_at in zip(fresh, effects, places, strict=True):
        if isinstance(effect, Movement):
            movement = effect if order_at is effect.order_at else effect._replace(order_at=order_at)
            arrived.append((record.seq, movement))
        elif record.kind == "print_settled":
            _settle_label(session, record.body, now)
    last = fresh[-1]
    bulk.append_records(session, held.id, zip(fresh, troubles, strict=True))
    ingest.advance_cursor(session, held, last, places[-1], moved=bool(arrived))
    without_effect = len(troubles) - troubles.count(None)
    if not arrived:
        return None, without_effect
    _apply_movements(session, held, arrived, now)
    codes = frozenset(movement.box_code for _, movement in arrived)
    return MovedBoxes(held.id, held.room_id, held.epoch, held.cursor.through, last.seq, codes), without_effect


def _apply_movements(
    session: Session, held: ingest.OpenCursor, arrived: Sequence[tuple[int, Movement]], now: datetime
) -> None:
    """Append movements and bring the boxes' locations up to them."""
    before = bulk.load_locations(session, {movement.box_code for _, movement in arrived})
    after = dict(before)
    refold: set[str] = set()
    rows: list[bulk.ArrivedMovement] = []
    for seq, movement in arrived:
        location = after.get(movement.box_code)
        outcome = apply_movement(location, movement)
        late = False
        if isinstance(outcome, HistoryNeeded):
            refold.add(movement.box_code)
            late = location is not None and movement.order < (location.order_at, location.movement_id)
        else:
            after[movement.box_code] = outcome
        rows.append(bulk.ArrivedMovement(seq, movement, late))
    fresh_ids = bulk.append_movements(session, held.epoch, rows, now)
    # A fact that came in an earlier epoch too has its place in history already: fold, don't step.
    refold.update(movement.box_code for _, movement in arrived if movement.id not in fresh_ids)
    for code, history in movements.load_history(session, refold).items():
        location = fold_movements(history)
        if location is not None:
            after[code] = location
    bulk.save_locations(session, {code: where for code, where in after.items() if before.get(code) != where})


def _settle_label(session: Session, body: Mapping[str, Any], now: datetime) -> None:
    code, copy_no, end = body.get("box_code"), body.get("copy_no"), _PRINT_ENDS.get(str(body.get("outcome")))
    if isinstance(code, str) and isinstance(copy_no, int) and end is not None:
        labels.settle_label(session, code, copy_no, end, now)
