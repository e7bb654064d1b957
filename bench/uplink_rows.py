"""The facts of the uplink bench, and their rows for bare drivers."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import uuid_utils

from edge.core.link import ZERO_HASH, encode_record, hash_record

BATCH: Final = 500
BOXES: Final = 600
STAFF: Final = "ST010000019"
STARTED: Final = datetime.now(UTC) - timedelta(hours=2)


@dataclass(frozen=True, slots=True)
class BareFact:
    """A movement as it is recorded."""

    fact_id: str
    at: datetime
    body: dict[str, Any]


@dataclass(frozen=True, slots=True)
class BareBatch:
    """The rows that one batch becomes."""

    cursor: int
    records: list[tuple[Any, ...]]
    movements: list[tuple[Any, ...]]
    locations: list[tuple[Any, ...]]


def list_codes(room_id: str) -> list[str]:
    return [f"BX{room_id[1:]}{number:06d}K" for number in range(BOXES)]


def make_facts(room_id: str, size: int) -> Iterator[BareFact]:
    """Boxes taken out and put away somewhere, a thousand facts a second."""
    rng = random.Random(room_id)  # noqa: S311
    codes, held = list_codes(room_id), set[str]()
    for number in range(size):
        code = rng.choice(codes)
        if code in held:
            held.discard(code)
            key = f"A-{rng.randint(1, 11):02d}-A-{rng.randint(1, 4)}-{rng.randint(1, 6)}-{rng.randint(1, 20)}"
            body: dict[str, str | None] = {
                "action": "put_away",
                "box_code": code,
                "place_key": key,
                "staff_code": STAFF,
            }
        else:
            held.add(code)
            body = {"action": "take_out", "box_code": code, "place_key": None, "staff_code": STAFF}
        yield BareFact(str(uuid_utils.uuid7()), STARTED + timedelta(milliseconds=number), body)


def format_time(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}Z"


def make_batches(rooms: Sequence[str], size: int) -> list[BareBatch]:
    """Rows of all rooms, their batches in turn as they would come."""
    per_room = [list(_make_room(number, room_id, size)) for number, room_id in enumerate(rooms, 1)]
    return [batch for turn in zip(*per_room, strict=True) for batch in turn]


def write_sqlite(connection: Any, batch: BareBatch) -> None:
    """Write one batch in one transaction."""
    connection.execute("BEGIN IMMEDIATE")
    for table, rows, conflict in _tables(batch):
        columns, marks = COLUMNS[table], ", ".join("?" * len(rows[0]))
        connection.executemany(f"INSERT INTO {table} ({columns}) VALUES ({marks}) {conflict}", _plain(rows))  # noqa: S608
    connection.execute("UPDATE link_cursors SET through = ? WHERE id = ?", (batch.records[-1][1], batch.cursor))
    connection.execute("COMMIT")


def write_postgres(connection: Any, batch: BareBatch) -> None:
    """COPY and merge one batch in one transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")  # no foreign keys: the cursor rows aren't there
        for table, rows, conflict in _tables(batch):
            columns, target = COLUMNS[table], f"arriving_{table}" if conflict else table
            if conflict:
                cursor.execute(
                    f"CREATE TEMPORARY TABLE IF NOT EXISTS {target} (LIKE {table} INCLUDING DEFAULTS)"
                    " ON COMMIT DELETE ROWS"
                )
            with cursor.copy(f"COPY {target} ({columns}) FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
            if conflict:
                cursor.execute(f"INSERT INTO {table} ({columns}) SELECT {columns} FROM {target} {conflict}")  # noqa: S608
        cursor.execute("UPDATE link_cursors SET through = %s WHERE id = %s", (batch.records[-1][1], batch.cursor))
    connection.commit()


COLUMNS: Final = {
    "link_records": "cursor_id, seq, hash, line, trouble",
    "movements": "id, room_id, box_code, action, place_key, staff_code, occurred_at, order_at, recorded_at, source,"
    " up_epoch, up_seq, late, undo_of",
    "box_locations": "box_code, room_id, state, place_key, holder_code, since, conflict, movement_id, order_at",
}
_LOCATION_CHANGES: Final = ", ".join(f"{name} = excluded.{name}" for name in COLUMNS["box_locations"].split(", ")[1:])


def _tables(batch: BareBatch) -> tuple[tuple[str, list[tuple[Any, ...]], str], ...]:
    return (
        ("link_records", batch.records, ""),
        ("movements", batch.movements, "ON CONFLICT (id) DO NOTHING"),
        ("box_locations", batch.locations, f"ON CONFLICT (box_code) DO UPDATE SET {_LOCATION_CHANGES}"),
    )


def _plain(rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Instants as the text that SQLite keeps."""
    return [
        tuple(item.isoformat(" ", "microseconds")[:26] if isinstance(item, datetime) else item for item in row)
        for row in rows
    ]


def _make_room(cursor: int, room_id: str, size: int) -> Iterator[BareBatch]:
    epoch, prev, facts = f"{cursor:032x}", ZERO_HASH, list(make_facts(room_id, size))
    for start in range(0, size, BATCH):
        records, moves, places = [], [], {}
        for seq, fact in enumerate(facts[start : start + BATCH], start + 1):
            line = encode_record(
                epoch=epoch,
                seq=seq,
                prev=prev,
                fact_id=fact.fact_id,
                kind="movement",
                at=format_time(fact.at),
                clock_ok=True,
                boot="b" * 36,
                mono_ms=seq,
                body=fact.body,
            )
            prev = hash_record(line)
            code, key = fact.body["box_code"], fact.body["place_key"]
            records.append((cursor, seq, bytes.fromhex(prev), line, None))
            moves.append(
                (
                    *(fact.fact_id, room_id, code, fact.body["action"], key, STAFF),
                    *(fact.at, fact.at, fact.at, "gateway", epoch, seq, False, None),
                )
            )
            state, holder = ("shelved", None) if key else ("in_hand", STAFF)
            places[code] = (code, room_id, state, key, holder, fact.at, None, fact.fact_id, fact.at)
        yield BareBatch(cursor, records, moves, sorted(places.values()))
