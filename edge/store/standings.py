"""Where a box is, as rows and own movements have it, and what each kind of movement makes of that."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import Any

from edge.core.link import BoxPlace

Body = dict[str, Any]


def take_out(_before: BoxPlace, body: Body) -> BoxPlace:
    """Put a box into a hand."""
    return BoxPlace("in_hand", None, body.get("staff_code"))


def shelve(_before: BoxPlace, body: Body) -> BoxPlace:
    """Put a box at a place."""
    return BoxPlace("shelved", body.get("place_key"), None)


def label(before: BoxPlace, _body: Body) -> BoxPlace:
    """Mark a box that was nowhere yet as labelled."""
    return BoxPlace("labelled", None, None) if before.state == "nowhere" else before


MOVES: dict[str, Callable[[BoxPlace, Body], BoxPlace]] = {
    "take_out": take_out,
    "put_away": shelve,
    "move": shelve,
    "labelled": label,
}


def read_standing(connection: sqlite3.Connection, code: str) -> BoxPlace | None:
    """Read where a box is."""
    row = connection.execute(
        "SELECT state, place_key, holder_code FROM standing WHERE box_code = ?", (code,)
    ).fetchone()
    return None if row is None else BoxPlace(*row)


def write_standing(connection: sqlite3.Connection, code: str, place: BoxPlace) -> None:
    """Write where a box is."""
    connection.execute(
        "INSERT OR REPLACE INTO standing VALUES (?, ?, ?, ?)", (code, place.state, place.place_key, place.holder_code)
    )


def find_own_move(connection: sqlite3.Connection, code: str) -> tuple[str, BoxPlace, BoxPlace] | None:
    """Read this gateway's last movement of a box: its id, where it put the box, where the box was before."""
    row = connection.execute(
        "SELECT movement_id, state, place_key, holder_code, before_state, before_place, before_holder"
        " FROM own_move WHERE box_code = ?",
        (code,),
    ).fetchone()
    return None if row is None else (str(row[0]), BoxPlace(*row[1:4]), BoxPlace(*row[4:7]))
