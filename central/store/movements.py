"""Movements of boxes (append-only history) and the locations derived from them (a cache that can be rebuilt).

Both go by the printed code and have no foreign key to boxes: a fact about a box that the centre doesn't know yet is
kept, and finds its box once that is registered.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import groupby

from sqlalchemy import ColumnElement, ForeignKey, Index, String, delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, Session, mapped_column

from central.domain.locations import (
    Action,
    Conflict,
    HistoryNeeded,
    Location,
    Movement,
    State,
    apply_movement,
    fold_movements,
)
from central.store.base import CODE_LENGTH, ID_LENGTH, PLACE_KEY_LENGTH, Base, Instant

#: Codes in one IN list, and rows in one upsert: SQLite allows 32,766 parameters.
CHUNK = 500
REBUILD_CHUNK = 5000


class MovementRow(Base):
    __tablename__ = "movements"
    __table_args__ = (Index(None, "box_code", "order_at", "id"),)

    id: Mapped[str] = mapped_column(String(ID_LENGTH), primary_key=True)
    room_id: Mapped[str] = mapped_column(ForeignKey("rooms.id"))
    box_code: Mapped[str] = mapped_column(String(CODE_LENGTH))
    action: Mapped[str] = mapped_column(String(16))
    place_key: Mapped[str | None] = mapped_column(String(PLACE_KEY_LENGTH))
    staff_code: Mapped[str | None] = mapped_column(String(CODE_LENGTH))
    occurred_at: Mapped[datetime] = mapped_column(Instant)
    #: Place in history: `occurred_at`, held between the room's last fact and the arrival.
    order_at: Mapped[datetime] = mapped_column(Instant)
    recorded_at: Mapped[datetime] = mapped_column(Instant)
    source: Mapped[str] = mapped_column(String(16))
    up_epoch: Mapped[str | None] = mapped_column(String(ID_LENGTH))
    up_seq: Mapped[int | None]
    late: Mapped[bool] = mapped_column(default=False)
    undo_of: Mapped[str | None] = mapped_column(String(ID_LENGTH))


class BoxLocationRow(Base):
    __tablename__ = "box_locations"
    __table_args__ = (Index(None, "room_id", "place_key"), Index(None, "room_id", "state"))

    box_code: Mapped[str] = mapped_column(String(CODE_LENGTH), primary_key=True)
    room_id: Mapped[str] = mapped_column(ForeignKey("rooms.id"))
    state: Mapped[str] = mapped_column(String(16))
    place_key: Mapped[str | None] = mapped_column(String(PLACE_KEY_LENGTH))
    holder_code: Mapped[str | None] = mapped_column(String(CODE_LENGTH))
    since: Mapped[datetime] = mapped_column(Instant)
    #: What about it needs a person's look, if anything.
    conflict: Mapped[str | None] = mapped_column(String(24))
    movement_id: Mapped[str] = mapped_column(String(ID_LENGTH))
    order_at: Mapped[datetime] = mapped_column(Instant)


def add_movements(session: Session, movements: Iterable[Movement], recorded_at: datetime) -> None:
    """Append movements made at the centre (imports); those of gateways come in bulk through ingest."""
    session.add_all(
        MovementRow(
            id=movement.id,
            room_id=movement.room_id,
            box_code=movement.box_code,
            action=movement.action.value,
            place_key=movement.place_key,
            staff_code=movement.staff_code,
            occurred_at=movement.occurred_at,
            order_at=movement.order_at,
            recorded_at=recorded_at,
            source=movement.source,
            undo_of=movement.undo_of,
        )
        for movement in movements
    )
    session.flush()


def load_history(session: Session, box_codes: Iterable[str]) -> dict[str, list[Movement]]:
    """Return all movements of these boxes, in order; a box without any is absent."""
    history: dict[str, list[Movement]] = {}
    for codes in _chunks(sorted(set(box_codes)), CHUNK):
        for movement in _iterate_movements(session, MovementRow.box_code.in_(codes)):
            history.setdefault(movement.box_code, []).append(movement)
    return history


def load_locations(session: Session, box_codes: Iterable[str]) -> dict[str, Location]:
    """Return the cached locations of these boxes."""
    found: dict[str, Location] = {}
    table = BoxLocationRow.__table__
    for codes in _chunks(sorted(set(box_codes)), CHUNK):
        for row in session.execute(select(table).where(table.c.box_code.in_(codes))):
            found[row.box_code] = Location(
                state=State(row.state),
                room_id=row.room_id,
                place_key=row.place_key,
                holder_code=row.holder_code,
                since=row.since,
                conflict=Conflict(row.conflict) if row.conflict else None,
                movement_id=row.movement_id,
                order_at=row.order_at,
            )
    return found


def save_locations(session: Session, locations: Mapping[str, Location]) -> None:
    """Write these locations over whatever the cache held for their boxes."""
    table = BoxLocationRow.__table__
    insert = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    # Sorted, so that two writers on PostgreSQL lock the rows in the same order.
    for codes in _chunks(sorted(locations), CHUNK):
        statement = insert(table)  # type: ignore[arg-type]
        changes = {column.name: statement.excluded[column.name] for column in table.c if column.name != "box_code"}
        session.execute(
            statement.on_conflict_do_update(index_elements=["box_code"], set_=changes),
            [_location_values(code, locations[code]) for code in codes],
        )


def advance_locations(session: Session, movements: Sequence[Movement]) -> dict[str, Location]:
    """Bring the cache up to movements already stored; return the locations that changed."""
    before = load_locations(session, (movement.box_code for movement in movements))
    after = dict(before)
    refold: set[str] = set()
    for movement in sorted(movements, key=lambda m: m.order):
        if movement.box_code in refold:
            continue
        outcome = apply_movement(after.get(movement.box_code), movement)
        if isinstance(outcome, HistoryNeeded):
            refold.add(movement.box_code)
        else:
            after[movement.box_code] = outcome
    for code, history in load_history(session, refold).items():
        location = fold_movements(history)
        if location is not None:
            after[code] = location
    changed = {code: location for code, location in after.items() if before.get(code) != location}
    save_locations(session, changed)
    return changed


def rebuild_locations(session: Session) -> int:
    """Derive every location anew from history alone; return how many there are."""
    session.execute(delete(BoxLocationRow))
    pending: dict[str, Location] = {}
    count = 0
    for code, movements in groupby(_iterate_movements(session, None), key=lambda m: m.box_code):
        location = fold_movements(movements)
        if location is None:
            continue
        pending[code] = location
        count += 1
        if len(pending) >= REBUILD_CHUNK:
            save_locations(session, pending)
            pending = {}
    save_locations(session, pending)
    return count


def _iterate_movements(session: Session, condition: ColumnElement[bool] | None) -> Iterator[Movement]:
    table = MovementRow.__table__
    query = select(table).order_by(table.c.box_code, table.c.order_at, table.c.id)
    if condition is not None:
        query = query.where(condition)
    for row in session.execute(query.execution_options(yield_per=REBUILD_CHUNK)):
        yield Movement(
            id=row.id,
            room_id=row.room_id,
            box_code=row.box_code,
            action=Action(row.action),
            place_key=row.place_key,
            staff_code=row.staff_code,
            occurred_at=row.occurred_at,
            order_at=row.order_at,
            undo_of=row.undo_of,
            source=row.source,
        )


def _location_values(code: str, location: Location) -> dict[str, object]:
    return {
        "box_code": code,
        "room_id": location.room_id,
        "state": location.state.value,
        "place_key": location.place_key,
        "holder_code": location.holder_code,
        "since": location.since,
        "conflict": location.conflict.value if location.conflict else None,
        "movement_id": location.movement_id,
        "order_at": location.order_at,
    }


def _chunks(items: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]
