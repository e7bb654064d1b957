"""Bulk calls of the ingest path, by the drivers themselves: executemany on SQLite, COPY and merge on PostgreSQL.

Through SQLAlchemy the same rows took four times as long. Nothing else may go around it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from itertools import chain
from typing import Any, Final, NamedTuple

from sqlalchemy.orm import Session

from central.domain.ingest import Record
from central.domain.locations import Conflict, Location, Movement, State

#: Rows of one statement on SQLite, which allows 32,766 parameters.
_ROWS_AT_ONCE: Final = 100
_RECORDS = "cursor_id, seq, hash, line, trouble"
_MOVEMENTS = (
    "id, room_id, box_code, action, place_key, staff_code, occurred_at, order_at, recorded_at, source,"
    " up_epoch, up_seq, late, undo_of"
)
_LOCATIONS = "box_code, room_id, state, place_key, holder_code, since, conflict, movement_id, order_at"
_FEED_ROWS = "room_id, kind, key, revision, body, part, up_epoch, up_seq"
_FEED_CHANGES = ", ".join(f"{name} = excluded.{name}" for name in _FEED_ROWS.split(", ")[3:])
_STATES = {state.value: state for state in State}
_LOCATION_CHANGES = ", ".join(f"{name} = excluded.{name}" for name in _LOCATIONS.split(", ")[1:])


class ArrivedMovement(NamedTuple):
    """A movement of record `seq`; late: the box has a newer one already."""

    seq: int
    movement: Movement
    late: bool


def append_records(session: Session, cursor_id: int, records: Iterable[tuple[Record, str | None]]) -> None:
    """Store records, each with the reason why it has no effect, if it has none."""
    rows = [(cursor_id, item.seq, bytes.fromhex(item.hash), item.line, trouble) for item, trouble in records]
    connection = _driver(session)
    if _is_sqlite(session):
        _insert_sqlite(connection, "link_records", _RECORDS, rows, "")
        return
    with connection.cursor() as cursor, cursor.copy(f"COPY link_records ({_RECORDS}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)


def append_movements(
    session: Session, epoch: str, arrived: Sequence[ArrivedMovement], recorded_at: datetime
) -> set[str]:
    """Append movements; return the ids of those that were not known before.

    A fact recorded again in another epoch keeps its id, so its movement is there already.
    """
    write = _sqlite_text if _is_sqlite(session) else _unchanged
    recorded = write(recorded_at)
    rows = [
        (
            movement.id,
            movement.room_id,
            movement.box_code,
            movement.action.value,
            movement.place_key,
            movement.staff_code,
            # Nearly always the very same instant, and dear to write.
            occurred := write(movement.occurred_at),
            occurred if movement.order_at is movement.occurred_at else write(movement.order_at),
            recorded,
            movement.source,
            epoch,
            seq,
            late,
            movement.undo_of,
        )
        for seq, movement, late in arrived
    ]
    added = _merge(session, "movements", _MOVEMENTS, rows, "ON CONFLICT (id) DO NOTHING")
    ids = [item.movement.id for item in arrived]
    if added == len(ids):
        return set(ids)
    known = _select(
        session,
        "SELECT id FROM movements WHERE up_epoch = {} AND up_seq >= {} AND id IN ",
        [epoch, arrived[0].seq],
        ids,
    )
    return {row[0] for row in known}


def load_locations(session: Session, box_codes: Iterable[str]) -> dict[str, Location]:
    """Return the locations of these boxes; a box that never moved is absent."""
    read = _read_sqlite_text if _is_sqlite(session) else _unchanged
    rows = _select(session, f"SELECT {_LOCATIONS} FROM box_locations WHERE box_code IN ", [], list(box_codes))  # noqa: S608
    return {
        code: Location(
            state=_STATES[state],
            room_id=room_id,
            place_key=place_key,
            holder_code=holder_code,
            since=read(since),
            conflict=Conflict(conflict) if conflict else None,
            movement_id=movement_id,
            order_at=read(order_at),
        )
        for code, room_id, state, place_key, holder_code, since, conflict, movement_id, order_at in rows
    }


def save_locations(session: Session, locations: Mapping[str, Location]) -> None:
    """Write these locations over what is there, in the order of codes so that two writers can't lock each other out."""
    write = _sqlite_text if _is_sqlite(session) else _unchanged
    rows = [
        (
            code,
            where.room_id,
            where.state.value,
            where.place_key,
            where.holder_code,
            since := write(where.since),
            where.conflict.value if where.conflict is not None else None,
            where.movement_id,
            since if where.order_at is where.since else write(where.order_at),
        )
        for code, where in sorted(locations.items())
    ]
    conflict = f"ON CONFLICT (box_code) DO UPDATE SET {_LOCATION_CHANGES}"
    _merge(session, "box_locations", _LOCATIONS, rows, conflict)


def save_feed_rows(session: Session, rows: Sequence[tuple[Any, ...]]) -> None:
    """Write rows of a room's feed over those of the same kind and key."""
    conflict = f"ON CONFLICT (room_id, kind, key) DO UPDATE SET {_FEED_CHANGES}"
    connection = _driver(session)
    if _is_sqlite(session):
        _insert_sqlite(connection, "feed_rows", _FEED_ROWS, rows, conflict)
        return
    marks = ", ".join(["%s"] * len(rows[0]))
    with connection.cursor() as cursor:
        cursor.executemany(f"INSERT INTO feed_rows ({_FEED_ROWS}) VALUES ({marks}) {conflict}", rows)  # noqa: S608


def _merge(session: Session, table: str, columns: str, rows: Sequence[tuple[Any, ...]], conflict: str) -> int:
    """Insert rows with a rule for conflicts; return how many were written. Names come from this file alone."""
    if not rows:
        return 0
    connection = _driver(session)
    if _is_sqlite(session):
        return _insert_sqlite(connection, table, columns, rows, conflict)
    arriving = f"arriving_{table}"
    with connection.cursor() as cursor:
        cursor.execute(
            f"CREATE TEMPORARY TABLE IF NOT EXISTS {arriving} (LIKE {table} INCLUDING DEFAULTS) ON COMMIT DELETE ROWS"
        )
        with cursor.copy(f"COPY {arriving} ({columns}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
        cursor.execute(f"INSERT INTO {table} ({columns}) SELECT {columns} FROM {arriving} {conflict}")  # noqa: S608
        written = int(cursor.rowcount)
        cursor.execute(f"TRUNCATE {arriving}")
    return written


def _insert_sqlite(connection: Any, table: str, columns: str, rows: Sequence[tuple[Any, ...]], conflict: str) -> int:
    """Insert in statements of many rows each; return how many were written.

    The driver lets other threads run during a statement, and has to win its turn back after it: row by row it would
    wait for each of them, 500 times a batch.
    """
    written = 0
    whole = len(rows) - len(rows) % _ROWS_AT_ONCE
    if whole:
        statement = _write_insert(table, columns, len(rows[0]), _ROWS_AT_ONCE, conflict)
        for start in range(0, whole, _ROWS_AT_ONCE):
            values = list(chain.from_iterable(rows[start : start + _ROWS_AT_ONCE]))
            written += connection.execute(statement, values).rowcount
    if whole < len(rows):
        statement = _write_insert(table, columns, len(rows[0]), 1, conflict)
        written += connection.executemany(statement, rows[whole:]).rowcount
    return written


@cache
def _write_insert(table: str, columns: str, width: int, rows: int, conflict: str) -> str:
    marks = ", ".join([f"({', '.join('?' * width)})"] * rows)
    return f"INSERT INTO {table} ({columns}) VALUES {marks} {conflict}"  # noqa: S608


def _select(session: Session, statement: str, values: Sequence[Any], items: Sequence[str]) -> list[tuple[Any, ...]]:
    """Run a query that ends with `IN ` and has `{}` for each of the values."""
    connection = _driver(session)
    if _is_sqlite(session):
        marks = ["?"] * len(values)
        query = statement.format(*marks) + f"({', '.join('?' * len(items))})"
        return list(connection.execute(query, [*values, *items]).fetchall())
    query = statement.format(*["%s"] * len(values)).removesuffix("IN ") + "= ANY(%s)"
    return list(connection.execute(query, [*values, list(items)]).fetchall())


def _driver(session: Session) -> Any:
    return session.connection().connection.driver_connection


def _is_sqlite(session: Session) -> bool:
    return session.get_bind().dialect.name == "sqlite"


def _sqlite_text(at: datetime) -> str:
    """Write what the column type writes, thrice as fast as by strftime; all instants here are UTC."""
    assert at.tzinfo is UTC
    return at.isoformat(" ", "microseconds")[:26]


def _read_sqlite_text(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}+00:00")


def _unchanged(at: Any) -> Any:
    return at
