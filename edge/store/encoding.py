"""Events, effects and state as JSON and back, exactly: frozen records by their class's name, tuples as lists.

Lists don't occur in records, so every JSON list is a tuple; the open dictionaries of bodies and payloads keep lists.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from datetime import datetime
from types import ModuleType
from typing import Any

from edge.core import effects, events, geometry, room, rows, snapshot, state

TAG = "!"
TIME = "!t"
LIST = "!l"
PAIRS = "!d"  # a dictionary of a peer's whose keys look like ours
SIMPLE = frozenset({str, int, bool, float})
MODULES: tuple[ModuleType, ...] = (effects, events, geometry, room, rows, snapshot, state)


class EncodingError(ValueError):
    """The journal holds what this version of the code does not know."""


def list_records() -> dict[str, type[Any]]:
    """List every record class by name."""
    found: dict[str, type[Any]] = {}
    for module in MODULES:
        for name, value in vars(module).items():
            if isinstance(value, type) and is_dataclass(value) and value.__module__ == module.__name__:
                assert name not in found, f"two records are called {name}"
                found[name] = value
    return found


RECORDS = list_records()
FIELDS = {record: tuple(field.name for field in fields(record)) for record in RECORDS.values()}


def to_plain(value: Any) -> Any:
    """Turn a value into what JSON can hold."""
    kind = type(value)
    if value is None or kind in SIMPLE:
        return value
    if kind is tuple:
        return [to_plain(item) for item in value]
    if kind is dict:
        return dict_to_plain(value)
    if kind is list:
        return {LIST: [to_plain(item) for item in value]}
    if kind is datetime:
        return {TIME: value.isoformat()}
    return {TAG: kind.__name__, **{name: to_plain(getattr(value, name)) for name in FIELDS[kind]}}


def dict_to_plain(value: dict[str, Any]) -> Any:
    """Turn an open dictionary into JSON; one whose keys look like ours goes as pairs."""
    if any(key.startswith("!") for key in value):
        return {PAIRS: [[key, to_plain(item)] for key, item in value.items()]}
    return {key: to_plain(item) for key, item in value.items()}


def to_readable(value: Any) -> Any:
    """Turn a value into JSON for people: fields by their names, instants as text; nothing reads it back."""
    if isinstance(value, (list, tuple)):
        return [to_readable(item) for item in value]
    if isinstance(value, dict):
        return {str(key): to_readable(item) for key, item in value.items()}
    if isinstance(value, datetime):
        return value.isoformat()
    if is_dataclass(value) and not isinstance(value, type):
        return {name: to_readable(getattr(value, name)) for name in FIELDS[type(value)]}
    return value


def from_plain(plain: Any) -> Any:
    """Turn JSON's values back into records; EncodingError for a record or field this code does not know."""
    if isinstance(plain, list):
        return tuple(from_plain(item) for item in plain)
    if not isinstance(plain, dict):
        return plain
    for mark, read in READERS.items():
        if mark in plain:
            return read(plain)
    return {key: from_plain(item) for key, item in plain.items()}


def read_record(plain: dict[str, Any]) -> Any:
    """Make a record of its class's name and fields."""
    record = RECORDS.get(plain[TAG])
    if record is None:
        raise EncodingError(f"unknown record {plain[TAG]!r}")
    try:
        return record(**{key: from_plain(item) for key, item in plain.items() if key != TAG})
    except TypeError as error:
        raise EncodingError(f"{plain[TAG]}: {error}") from error


READERS: dict[str, Callable[[dict[str, Any]], Any]] = {
    TAG: read_record,
    TIME: lambda plain: datetime.fromisoformat(plain[TIME]),
    LIST: lambda plain: [from_plain(item) for item in plain[LIST]],
    PAIRS: lambda plain: {key: from_plain(item) for key, item in plain[PAIRS]},
}


def encode(value: Any) -> bytes:
    """Write a value as JSON."""
    return json.dumps(to_plain(value), ensure_ascii=True, separators=(",", ":")).encode()


def decode(line: bytes) -> Any:
    """Read a value back; EncodingError for anything that this version of the code can't read."""
    try:
        return from_plain(json.loads(line))
    except EncodingError:
        raise
    except (ValueError, TypeError, RecursionError) as error:
        raise EncodingError(f"not a value of ours: {error}") from error
