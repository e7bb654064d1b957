"""A backup is a copy that was put back somewhere else and found whole; only then are gateways told `safe`."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Final

import structlog
from sqlalchemy import Engine

from central.services.backups import BrokenChain, HeldFacts, follow_chains, note_backup
from central.services.ingest import ensure_centre_epoch
from central.store import backups
from central.store.backups import BackupError
from central.store.base import open_engine
from central.store.ingest import draw_centre_epoch
from central.store.migrate import upgrade_schema
from central.store.tx import Transactions

log = structlog.get_logger(__name__)

PREFIX: Final = "openaisle-"
KEEP: Final = 14


@dataclass(frozen=True, slots=True)
class Backup:
    """A verified copy: its file, the rows in it, and the facts of each epoch that it holds."""

    file: Path
    rows: int
    held: tuple[HeldFacts, ...]


def make_backup(tx: Transactions, folder: Path, now: datetime, keep: int = KEEP) -> Backup:
    """Copy the database into `folder`, prove the copy, tell the gateways; or raise BackupError and keep no file."""
    url = tx.engine.url.render_as_string(hide_password=False)
    folder.mkdir(parents=True, exist_ok=True)
    name = f"{PREFIX}{now:%Y%m%dT%H%M%S}Z{backups.SUFFIXES[tx.engine.dialect.name]}"
    part = folder / f"{name}.part"
    try:
        counts = backups.dump_database(url, part)
        with backups.scratch_database(url, folder) as scratch:
            backups.restore_database(part, scratch)
            held = _prove_copy(scratch, counts)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    file = part.rename(folder / name)
    _write_note(file, now, counts, held)
    with tx.write() as session:
        note_backup(session, held, file.name, now)
    _forget_older(folder, keep)
    log.info("backup_verified", file=file.name, epochs=len(held), rows=sum(counts.values()))
    return Backup(file, sum(counts.values()), held)


def restore_backup(file: Path, url: str, now: datetime) -> tuple[HeldFacts, ...]:
    """Put a copy into an empty database, prove it, and draw a new epoch: gateways then send what it lacks."""
    if not file.is_file():
        raise BackupError(f"{file}: no such file")
    backups.restore_database(file, url)
    engine = open_engine(url, pool_size=1)
    try:
        held = _prove(engine)
        upgrade_schema(engine)
        with Transactions(engine, pool_size=1).write() as session:
            ensure_centre_epoch(session, now)
            draw_centre_epoch(session, now)
    finally:
        engine.dispose()
    return held


def _prove_copy(scratch: str, counts: dict[str, int]) -> tuple[HeldFacts, ...]:
    engine = open_engine(scratch, pool_size=1)
    try:
        held = _prove(engine)
        found = backups.count_rows(engine)
    finally:
        engine.dispose()
    differing = sorted(name for name in counts if counts[name] != found[name])
    if differing:
        raise BackupError(f"the copy lacks rows of {', '.join(differing)}")
    return held


def _prove(engine: Engine) -> tuple[HeldFacts, ...]:
    if not backups.is_sound(engine):
        raise BackupError("the copy is damaged")
    with Transactions(engine, pool_size=1).read() as session:
        followed = follow_chains(session)
    broken = [each for each in followed if isinstance(each, BrokenChain)]
    if broken:
        where = ", ".join(f"room {each.room_id} epoch {each.epoch} record {each.at}" for each in broken)
        raise BackupError(f"the chain of records breaks at {where}")
    return tuple(each for each in followed if isinstance(each, HeldFacts))


def _write_note(file: Path, now: datetime, counts: dict[str, int], held: tuple[HeldFacts, ...]) -> None:
    """Say beside the copy what is in it, for people and for whoever carries it away."""
    with file.open("rb") as copied:
        digest = sha256()
        while chunk := copied.read(1 << 20):
            digest.update(chunk)
    note = {
        "taken_at": now.isoformat(),
        "sha256": digest.hexdigest(),
        "rows": counts,
        "facts": [
            {"room": each.room_id, "epoch": each.epoch, "through": each.through, "hash": each.through_hash}
            for each in held
        ],
    }
    path = file.with_name(f"{file.name}.json")
    with path.open("w", encoding="utf-8") as written:
        json.dump(note, written, ensure_ascii=False, indent=1)
        written.flush()
        os.fsync(written.fileno())


def _forget_older(folder: Path, keep: int) -> None:
    """Keep the newest `keep` copies; their names sort by time."""
    copies = sorted(path for suffix in backups.SUFFIXES.values() for path in folder.glob(f"{PREFIX}*{suffix}"))
    for old in copies[: max(0, len(copies) - max(1, keep))]:
        old.unlink()
        old.with_name(f"{old.name}.json").unlink(missing_ok=True)
