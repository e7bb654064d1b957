"""Runs a room's import in short transactions: staged in chunks, applied at once, then followed by the room's feed.

Stopped at any moment, the next run of the same file goes on; until it is applied, nothing has happened.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from sqlalchemy.exc import IntegrityError

from central.domain.people import Actor
from central.domain.refusals import Reason, Refusal
from central.domain.seeds import RoomSeed
from central.services.room_import import (
    Imported,
    Progress,
    apply_import,
    begin_import,
    cancel_import,
    find_changes,
    hash_new_secrets,
    publish_next,
    reverse_import,
    stage_next,
)
from central.store.imports import drop_staged, find_import, list_unfinished
from central.store.passwords import SecretHasher
from central.store.tx import Transactions

#: Tells a person how far it is: what is being done, how far.
Report = Callable[[str, Progress], None]
DROP_ROWS = 1_000


def run_import(
    tx: Transactions,
    actor: Actor | None,
    seed: RoomSeed,
    *,
    hasher: SecretHasher,
    read_clock: Callable[[], datetime],
    report: Report,
) -> Imported:
    """Bring a room to what its file says; `actor` is None on the machine itself."""
    finish_imports(tx, report)
    with tx.read() as session:
        changes = find_changes(session, actor, seed)
        secrets = hash_new_secrets(session, hasher, seed)
    progress: Progress | None = None
    if changes.places or changes.boxes:
        with tx.write() as session:
            progress = begin_import(session, seed.room.id, changes, read_clock())
        report("staged", progress)
        while progress.done < progress.rows:
            with tx.write() as session:
                progress = stage_next(session, progress.import_id, changes)
            report("staged", progress)
    try:
        with tx.write() as session:
            import_id = progress.import_id if progress is not None else None
            imported = apply_import(session, actor, seed, secrets, import_id=import_id, now=read_clock())
    except IntegrityError as error:
        # Somebody founded one of these places or boxes meanwhile: the next run finds out which.
        details = ("places or boxes of the file came into being meanwhile: run it again",)
        raise Refusal(Reason.BAD_SEED, details=details) from error
    finish_imports(tx, report)
    return imported


def finish_imports(tx: Transactions, report: Report) -> None:
    """Let the feeds follow every import that holds or was taken back; also what another process left."""
    with tx.read() as session:
        unfinished = list_unfinished(session)
    for import_id in unfinished:
        done = False
        while not done:
            with tx.write() as session:
                progress = publish_next(session, import_id)
            report("published", progress)
            done = progress.done >= progress.rows


def take_back_import(
    tx: Transactions, actor: Actor | None, room_id: str, *, now: datetime, report: Report
) -> list[str]:
    """Take the newest import of a room back; return what stands in the way, nothing when it is done."""
    finish_imports(tx, report)
    with tx.write() as session:
        found = reverse_import(session, actor, room_id, now)
    if isinstance(found, list):
        return found
    finish_imports(tx, report)
    return []


def drop_import(tx: Transactions, room_id: str) -> bool:
    """Give an unfinished import up and delete what was staged; False if there is none."""
    with tx.write() as session:
        canceled = cancel_import(session, room_id)
    if canceled is None:
        return False
    dropped = 1
    while dropped:
        with tx.write() as session:
            dropped = drop_staged(session, canceled, DROP_ROWS)
    return True


def is_staging(tx: Transactions, room_id: str) -> bool:
    """Tell whether an import of this room was begun and not ended."""
    with tx.read() as session:
        return find_import(session, room_id, ["staging"]) is not None
