"""The room as the centre's feed has it, with this gateway's own later movements on top (link-protocol 7).

Raw rows carry the digest; `standing` is what follows from rows and own movements, and is what scans are answered by.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from edge.core.link import (
    ZERO_DIGEST,
    BoxPlace,
    FeedPosition,
    FeedRow,
    OwnMove,
    digest_row,
    place_of,
    shift_digest,
)
from edge.core.rows import BoxRow, PlaceRow, StaffRow
from edge.store.database import Database, read_meta, write_meta
from edge.store.standings import MOVES, find_own_move, read_standing, write_standing

# a badge is believed so long after the centre was last heard
OFFLINE_MS = 7 * 24 * 3600 * 1000


class Replica:
    """The replica of one room. Any thread may call it."""

    def __init__(self, database: Database, wall_ms: Callable[[], int]) -> None:
        self._database = database
        self._wall_ms = wall_ms
        self._reloading: str | None = None

    # -- feed -------------------------------------------------------------------------------------------------------

    def feed_position(self) -> FeedPosition:
        """Tell how far the feed has been read."""
        with self._database.read() as connection:
            centre = read_meta(connection, "feed_centre")
            revision = int(read_meta(connection, "feed_revision") or 0)
            return FeedPosition(centre or None, revision, read_meta(connection, "feed_digest") or ZERO_DIGEST)

    def begin_reload(self, centre: str) -> None:
        """Collect the rows that follow in a shadow; look-ups keep answering from the old set."""
        with self._database.write() as connection:
            connection.execute("DELETE FROM shadow_row")
            write_meta(connection, "shadow_digest", ZERO_DIGEST)
            write_meta(connection, "shadow_revision", "0")
        self._reloading = centre

    def apply_rows(self, centre: str, rows: Sequence[FeedRow], revision: int) -> str:
        """Apply one page in one commit and answer the digest after it."""
        prefix, table = ("shadow", "shadow_row") if self._reloading is not None else ("feed", "feed_row")
        with self._database.write() as connection:
            digest = read_meta(connection, f"{prefix}_digest") or ZERO_DIGEST
            for row in rows:
                digest = store_row(connection, table, row, digest)
                if table == "feed_row" and row.kind == "box":
                    settle_box(connection, row)
            write_meta(connection, f"{prefix}_digest", digest)
            write_meta(connection, f"{prefix}_revision", str(revision))
            write_meta(connection, "heard_ms", str(self._wall_ms()))
            if prefix == "feed":
                write_meta(connection, "feed_centre", centre)
        return digest

    def finish_reload(self) -> None:
        """Put the shadow in the place of the old set, own later movements on top."""
        centre, self._reloading = self._reloading, None
        if centre is None:
            return
        with self._database.write() as connection:
            connection.execute("DELETE FROM feed_row")
            connection.execute("INSERT INTO feed_row SELECT * FROM shadow_row")
            connection.execute("DELETE FROM shadow_row")
            for name in ("digest", "revision"):
                write_meta(connection, f"feed_{name}", read_meta(connection, f"shadow_{name}") or "0")
            write_meta(connection, "feed_centre", centre)
            rebuild_standing(connection)

    def note_heard(self) -> None:
        """Note that the centre was heard, which keeps badges valid."""
        with self._database.write() as connection:
            write_meta(connection, "heard_ms", str(self._wall_ms()))

    # -- own movements ----------------------------------------------------------------------------------------------

    def apply_movement(
        self, connection: sqlite3.Connection, epoch: str, seq: int, movement_id: str, body: dict[str, Any]
    ) -> None:
        """Move a box by an own fact, inside the transaction that records it."""
        code, action = str(body["box_code"]), str(body["action"])
        before = read_standing(connection, code) or BoxPlace("nowhere", None, None)
        own = find_own_move(connection, code)
        if action == "undo":
            undone = own is not None and own[0] == body.get("undo_of")
            after = own[2] if own is not None and undone else before
        else:
            after = MOVES[action](before, body)
        connection.execute(
            "INSERT OR REPLACE INTO own_move VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                code,
                epoch,
                seq,
                movement_id,
                after.state,
                after.place_key,
                after.holder_code,
                before.state,
                before.place_key,
                before.holder_code,
            ),
        )
        write_standing(connection, code, after)

    # -- look-ups ---------------------------------------------------------------------------------------------------

    def revision(self) -> int:
        """Tell the revision of the rows in use."""
        with self._database.read() as connection:
            return int(read_meta(connection, "feed_revision") or 0)

    def find_box(self, code: str) -> BoxRow | None:
        """Find a box with its place, or who has it."""
        with self._database.read() as connection:
            body = find_body(connection, "box", code)
            if body is None:
                return None
            standing = read_standing(connection, code) or BoxPlace("unknown", None, None)
            own = find_own_move(connection, code)
            holder = find_body(connection, "staff", standing.holder_code) if standing.holder_code else None
            return BoxRow(
                code=code,
                title=str(body.get("title", "")),
                state=standing.state,  # type: ignore[arg-type]  # a word of the contract
                customer_no=body.get("customer_no"),
                customer_name=body.get("customer_name"),
                place=find_place_by_key(connection, standing.place_key) if standing.place_key else None,
                holder_code=standing.holder_code,
                holder_name=str(holder["name"]) if holder else None,
                movement_id=own[0] if own is not None and own[1] == standing else None,
            )

    def find_place(self, code: str) -> PlaceRow | None:
        """Find a place by its printed code."""
        with self._database.read() as connection:
            row = connection.execute(
                "SELECT key, body FROM feed_row WHERE kind = 'place' AND json_extract(body, '$.code') = ?", (code,)
            ).fetchone()
            return None if row is None else make_place(connection, str(row[0]), json.loads(row[1]))

    def find_place_by_key(self, key: str) -> PlaceRow | None:
        """Find a place by its key."""
        with self._database.read() as connection:
            return find_place_by_key(connection, key)

    def find_staff(self, code: str, *, online: bool) -> StaffRow | None:
        """Find a person by badge; valid while the centre was heard within seven days."""
        with self._database.read() as connection:
            body = find_body(connection, "staff", code)
            heard_ms = int(read_meta(connection, "heard_ms") or 0)
        if body is None:
            return None
        now_ms = self._wall_ms()
        valid_until = body.get("valid_until")
        run_out = valid_until is not None and parse_ms(str(valid_until)) < now_ms
        forgotten = not online and now_ms - heard_ms > OFFLINE_MS
        return StaffRow(code, str(body["name"]), bool(body.get("active", False)), not (run_out or forgotten))

    def find_pin_hash(self, code: str) -> str | None:
        """Find the argon2 hash of a person's PIN."""
        with self._database.read() as connection:
            body = find_body(connection, "staff", code)
        return None if body is None or not body.get("active") else body.get("pin_hash")

    def count_rows(self) -> dict[str, int]:
        """Count the rows in use by kind."""
        with self._database.read() as connection:
            rows = connection.execute("SELECT kind, count(*) FROM feed_row GROUP BY kind").fetchall()
        return {str(kind): int(count) for kind, count in rows}


def parse_ms(text: str) -> int:
    """Read a time of the contract as milliseconds since 1970."""
    return int(datetime.fromisoformat(text).timestamp() * 1000)


def store_row(connection: sqlite3.Connection, table: str, row: FeedRow, digest: str) -> str:
    """Store one row or take it away, and carry the digest forward."""
    old = connection.execute(
        f"SELECT part FROM {table} WHERE kind = ? AND key = ?",  # noqa: S608  # one of two constants
        (row.kind, row.key),
    ).fetchone()
    removed = None if old is None else str(old[0])
    if row.body is None:
        connection.execute(f"DELETE FROM {table} WHERE kind = ? AND key = ?", (row.kind, row.key))  # noqa: S608
        return shift_digest(digest, removed, None)
    part = digest_row(row.kind, row.key, row.revision, row.body)
    body = json.dumps(row.body, ensure_ascii=False, separators=(",", ":"))
    connection.execute(
        f"INSERT OR REPLACE INTO {table} VALUES (?, ?, ?, ?, ?, ?, ?)",  # noqa: S608
        (row.kind, row.key, row.revision, body, part, row.up_epoch, row.as_of_up),
    )
    return shift_digest(digest, removed, part)


def find_body(connection: sqlite3.Connection, kind: str, key: str) -> dict[str, Any] | None:
    """Read the body of a row."""
    row = connection.execute("SELECT body FROM feed_row WHERE kind = ? AND key = ?", (kind, key)).fetchone()
    if row is None:
        return None
    body: dict[str, Any] = json.loads(row[0])
    return body


def find_place_by_key(connection: sqlite3.Connection, key: str) -> PlaceRow | None:
    """Read a place and which box stands there."""
    body = find_body(connection, "place", key)
    return None if body is None else make_place(connection, key, body)


def make_place(connection: sqlite3.Connection, key: str, body: dict[str, Any]) -> PlaceRow:
    """Make a place row with the box that stands there."""
    box = connection.execute(
        "SELECT box_code FROM standing WHERE place_key = ? AND state = 'shelved'", (key,)
    ).fetchone()
    return PlaceRow(
        code=str(body["code"]),
        key=key,
        bank=str(body["bank"]),
        column=int(body["column"]),
        face=str(body["face"]),
        section=int(body["section"]),
        tier=int(body["tier"]),
        slot=int(body["slot"]),
        box_code=None if box is None else str(box[0]),
    )


def settle_box(connection: sqlite3.Connection, row: FeedRow) -> None:
    """Let row and own movement together say where a box is; an own movement the row contains is dropped."""
    if row.body is None:
        connection.execute("DELETE FROM standing WHERE box_code = ?", (row.key,))
        return
    own = connection.execute(
        "SELECT epoch, seq, state, place_key, holder_code FROM own_move WHERE box_code = ?", (row.key,)
    ).fetchone()
    move = None if own is None else OwnMove(own[0], own[1], BoxPlace(own[2], own[3], own[4]))
    place, stands = place_of(row, move)
    if move is not None and not stands and move.place != place:
        # somebody else moved it later; its last act here can't be undone any more
        connection.execute("DELETE FROM own_move WHERE box_code = ?", (row.key,))
    write_standing(connection, row.key, place)


def rebuild_standing(connection: sqlite3.Connection) -> None:
    """Derive where every box is from the rows in use; own movements settle theirs one by one."""
    connection.execute("DELETE FROM standing")
    connection.execute(
        "INSERT INTO standing SELECT key, coalesce(json_extract(body, '$.state'), 'unknown'),"
        " json_extract(body, '$.place_key'), json_extract(body, '$.holder_code') FROM feed_row WHERE kind = 'box'"
    )
    rows = connection.execute(
        "SELECT r.key, r.revision, r.body, r.up_epoch, r.as_of_up FROM own_move AS o"
        " JOIN feed_row AS r ON r.kind = 'box' AND r.key = o.box_code"
    ).fetchall()
    for key, revision, body, up_epoch, as_of_up in rows:
        settle_box(connection, FeedRow("box", key, revision, json.loads(body), up_epoch, as_of_up))
