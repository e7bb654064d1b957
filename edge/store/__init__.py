"""What the gateway keeps on disk: journal, outbox, replica and PIN tries, in one file and one transaction."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from edge.store.database import Database, StoreUnavailableError
from edge.store.journal import Journal
from edge.store.outbox import Outbox
from edge.store.pins import Pins
from edge.store.replica import Replica

__all__ = ["Store", "StoreUnavailableError", "open_store"]


@dataclass(frozen=True, slots=True)
class Store:
    """The open store of one gateway."""

    database: Database
    journal: Journal
    outbox: Outbox
    replica: Replica
    pins: Pins

    def close(self) -> None:
        """Close the file."""
        self.database.close()


def open_store(folder: Path, wall_ms: Callable[[], int], *, keep_days: int = 7, limit_mb: int = 512) -> Store:
    """Lay hold of the store in a folder. Its file is opened at first use; StoreUnavailableError comes from there."""
    database = Database(folder)
    replica = Replica(database, wall_ms)
    return Store(
        database=database,
        journal=Journal(database, wall_ms, keep_days=keep_days, limit_mb=limit_mb),
        outbox=Outbox(database, wall_ms),
        replica=replica,
        pins=Pins(database, replica, wall_ms),
    )
