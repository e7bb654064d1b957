"""The habits of people and the rates of faults: one file, read strictly, known by its digest."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

FILE = Path(__file__).with_name("habits.toml")
TABLES = ("pace", "acts", "people", "faults", "repair", "line", "banks", "rooms", "shapes")
SPANS = frozenset({"search_s", "look_s", "cleaner_stay_s", "stall_s", "babble_s"})


class HabitsError(ValueError):
    """The file lacks a rate or holds one that nobody reads."""


@dataclass(frozen=True)
class Habits:
    """Rates by table and name; `digest` is the SHA-256 of the file's bytes."""

    pace: dict[str, Any]
    acts: dict[str, float]
    people: dict[str, float]
    faults: dict[str, float]
    repair: dict[str, float]
    line: dict[str, float]
    banks: dict[str, float]
    rooms: dict[str, float]
    shapes: dict[str, float]
    digest: str = ""

    def with_rates(self, rates: Mapping[str, Any]) -> Habits:
        """Return habits with some rates changed, named "table.rate"; for shrinking and for rules taken away."""
        tables = {each.name: getattr(self, each.name) for each in fields(self)}
        for path, rate in rates.items():
            table, name = path.split(".")
            if name not in tables[table]:
                raise HabitsError(path)
            tables[table] = {**tables[table], name: rate}
        return Habits(**tables)


def read_habits(path: Path = FILE) -> Habits:
    """Read the file; HabitsError names a table too many or too few."""
    octets = path.read_bytes()
    tables = tomllib.loads(octets.decode())
    if set(tables) != set(TABLES):
        raise HabitsError(f"tables {sorted(set(tables) ^ set(TABLES))}")
    for table, rates in tables.items():
        for name, rate in rates.items():
            fits = len(rate) == 2 if name in SPANS else isinstance(rate, float) and rate >= 0
            if not fits:
                raise HabitsError(f"{table}.{name}")
    return Habits(**tables, digest=hashlib.sha256(octets).hexdigest())
