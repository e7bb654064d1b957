"""A backup is a copy that was put back somewhere else and found whole, with its papers; only then is it `safe`."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Final

import structlog
from sqlalchemy import Engine

from central.jobs.content_copies import (
    ContentsCopied,
    ContentWanted,
    copy_content,
    copy_contents,
    list_path,
    name_some,
    open_copies,
    put_contents_back,
)
from central.services.backups import BrokenChain, HeldFacts, follow_chains, note_backup
from central.services.contents import hasten_checks, iterate_contents, list_bad, mend_content
from central.services.ingest import ensure_centre_epoch
from central.store import backups
from central.store.backups import BackupError
from central.store.base import open_engine
from central.store.contents import ContentStore
from central.store.ingest import draw_centre_epoch
from central.store.migrate import upgrade_schema
from central.store.tx import Transactions

log = structlog.get_logger(__name__)

PREFIX: Final = "openaisle-"
KEEP: Final = 14
PART: Final = ".part"
#: Longer than the longest dump may take.
LEFT_AFTER: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Backup:
    """A verified copy: its file, the rows in it, the facts of each epoch that it holds, the contents beside it."""

    file: Path
    rows: int
    held: tuple[HeldFacts, ...]
    contents: ContentsCopied


@dataclass(frozen=True, slots=True)
class Restored:
    """What was put back."""

    held: tuple[HeldFacts, ...]
    contents: int


def make_backup(tx: Transactions, contents: ContentStore, folder: Path, now: datetime, keep: int = KEEP) -> Backup:
    """Copy database and contents into `folder`, prove the copy, tell the gateways; or raise BackupError, keep no file.

    The database comes first: a content lies in the store before the row that names it is committed.
    """
    url = tx.engine.url.render_as_string(hide_password=False)
    folder.mkdir(parents=True, exist_ok=True)
    _clear_left(folder, now)
    name = f"{PREFIX}{now:%Y%m%dT%H%M%S}Z{backups.SUFFIXES[tx.engine.dialect.name]}"
    part = folder / f"{name}{PART}"
    listed = list_path(part)
    try:
        counts = backups.dump_database(url, part)
        with backups.scratch_database(url, folder) as scratch:
            backups.restore_database(part, scratch)
            held = _prove_copy(scratch, counts)
            copied = _copy_contents(contents, folder, scratch, listed, now)
        _refuse_lacking(tx, copied, now)
    except BaseException:
        part.unlink(missing_ok=True)
        listed.unlink(missing_ok=True)
        raise
    # The copy has its name last: whatever bears one is whole.
    listed.rename(list_path(folder / name))
    file = part.rename(folder / name)
    _write_note(file, now, counts, held, copied)
    with tx.write() as session:
        note_backup(session, held, file.name, now)
    _forget_older(folder, keep)
    rows = sum(counts.values())
    log.info("backup_verified", file=file.name, epochs=len(held), rows=rows, contents=copied.held)
    return Backup(file, rows, held, copied)


def restore_backup(file: Path, url: str, contents: ContentStore, now: datetime) -> Restored:
    """Put a copy into an empty database and its contents into the store, prove both, and draw a new epoch.

    Gateways then send what the copy lacks. Contents come first: with one of them missing the database stays empty.
    """
    if not file.is_file():
        raise BackupError(f"{file}: no such file")
    backups.refuse_full(url)
    count = put_contents_back(open_copies(file.parent), contents, list_path(file))
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
    return Restored(held, count)


def mend_contents(tx: Transactions, contents: ContentStore, folder: Path, now: datetime) -> tuple[int, list[str]]:
    """Bring back from the folder of copies what is wrong or missing; return how many came back, and what didn't."""
    with tx.read() as session:
        bad = list_bad(session)
    lacking = []
    for name in bad:
        if not copy_content(open_copies(folder), contents, name):
            lacking.append(name)
            continue
        with tx.write() as session:
            mend_content(session, name, now)
    return len(bad) - len(lacking), lacking


def _copy_contents(contents: ContentStore, folder: Path, scratch: str, listed: Path, now: datetime) -> ContentsCopied:
    """Copy what the proven copy names: not the live database, which goes on meanwhile."""
    engine = open_engine(scratch, pool_size=1)
    try:
        with Transactions(engine, pool_size=1).read() as session:
            wanted = (ContentWanted(*each) for each in iterate_contents(session))
            return copy_contents(contents, open_copies(folder), wanted, listed, now)
    finally:
        engine.dispose()


def _refuse_lacking(tx: Transactions, copied: ContentsCopied, now: datetime) -> None:
    """A content that is said to be good and can't be had: the fixity job looks next, and then its loss is known."""
    if copied.lacking:
        with tx.write() as session:
            hasten_checks(session, copied.lacking, now)
        raise BackupError(f"{name_some(copied.lacking)} are damaged or missing in the store; they are checked next")


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


def _write_note(
    file: Path, now: datetime, counts: dict[str, int], held: tuple[HeldFacts, ...], contents: ContentsCopied
) -> None:
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
        "contents": {"held": contents.held, "lost": contents.lost},
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
        list_path(old).unlink(missing_ok=True)


def _clear_left(folder: Path, now: datetime) -> None:
    """Delete what a killed backup left half-written, once no backup can still be at it."""
    for pattern in (f"{PREFIX}*{PART}*", f"{backups.SCRATCH}*"):
        for path in folder.glob(pattern):
            if path.stat().st_mtime < (now - LEFT_AFTER).timestamp():
                path.unlink()
