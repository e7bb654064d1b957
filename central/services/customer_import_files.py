"""Files of customers on their way in: kept as they were sent, then read row by row, by one reader at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from central.domain.customer_files import CustomerLine, Headings, RowFault, TableFault
from central.domain.organisation import UnitKind
from central.domain.people import Actor
from central.domain.permissions import Action, find_scope
from central.domain.refusals import Reason, Refusal
from central.store import customer_imports as store
from central.store.customers import ImportPieceRow, ImportRow
from central.store.ids import new_id
from central.store.organisation import UnitRow
from central.store.people import PersonRow

KIND: Final = "customers"
#: States in which the file as it was sent is still needed.
UNREAD: Final = ("receiving", "staging")
#: A file that ended its reader so often is not read again.
TRIES_MOST: Final = 8
STAGING_SEEN: Final = 10
#: A reader not heard of for so long is taken for dead; turning a spreadsheet into rows may take that long.
LEASE: Final = timedelta(minutes=3)


@dataclass(frozen=True, slots=True)
class LookUps:
    """Teams by name and people by log-in name, as rows may name them."""

    teams: Mapping[str, str]
    handlers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads files; `alone`: no other process can, so that whoever held one before is dead."""

    id: str
    alone: bool


@dataclass(frozen=True, slots=True)
class Staged:
    """Some rows of a file, and how far into it the last one lies, in hundredths."""

    import_id: str
    lines: Sequence[CustomerLine]
    share: int


def load_look_ups(session: Session) -> LookUps:
    """Return what rows may name."""
    teams = session.execute(
        select(UnitRow.name, UnitRow.id).where(UnitRow.kind == UnitKind.TEAM.value, UnitRow.closed_at.is_(None))
    )
    people = session.execute(
        select(PersonRow.login, PersonRow.id).where(PersonRow.login.is_not(None), PersonRow.active.is_(True))
    )
    handlers = {str(login): person_id for login, person_id in people}
    return LookUps({str(name): unit_id for name, unit_id in teams}, handlers)


def begin_import(session: Session, actor: Actor, name: str, sha256: str, now: datetime) -> str:
    """Found an import whose file follows in pieces; return its id."""
    if not find_scope(actor, Action.IMPORT_CUSTOMERS).everything:
        raise Refusal(Reason.NOT_ALLOWED)
    row = ImportRow(
        id=new_id(),
        kind=KIND,
        name=name[:200],
        sha256=sha256,
        state="receiving",
        created_at=now,
        created_by=actor.person_id,
    )
    session.add(row)
    return row.id


def add_piece(session: Session, import_id: str, number: int, data: bytes) -> None:
    """Keep a piece of the file as it was sent."""
    session.add(ImportPieceRow(import_id=import_id, number=number, data=data))


def finish_receiving(session: Session, import_id: str) -> None:
    """Let a file be read that has come in whole."""
    store.hold_import(session, import_id, "receiving").state = "staging"


def claim_staging(session: Session, reader: Reader, now: datetime) -> str | None:
    """Take the oldest file that is to be read and that nobody reads; return its import's id."""
    for row in store.list_staging(session, STAGING_SEEN):
        detail = store.read_detail(row)
        held_by, until = detail.get("lease", ("", ""))
        if held_by not in ("", reader.id) and not reader.alone and now < datetime.fromisoformat(until):
            continue
        tries = int(detail.get("tries", 0)) + 1
        if tries > TRIES_MOST:
            refuse_file(session, row.id, TableFault.BROKEN)
            continue
        store.write_detail(row, lease=_lease(reader, now), tries=tries)
        return row.id
    return None


def load_pieces(session: Session, import_id: str) -> Iterator[bytes]:
    """Yield the file as it was sent."""
    number = 1
    while (data := store.load_piece(session, import_id, number)) is not None:
        yield data
        number += 1


def drop_piece(session: Session) -> bool:
    """Delete a piece of a file that nobody needs any more; return whether there was one."""
    return store.drop_piece(session, UNREAD)


def stage_lines(session: Session, reader: Reader, staged: Staged, now: datetime) -> None:
    """Store some rows, each checked against the customers known; refuse once the file was canceled or taken over.

    Rows that are there already, from a reader that died, stay as they are.
    """
    row = store.hold_import(session, staged.import_id, "staging")
    detail = store.read_detail(row)
    if detail["lease"][0] != reader.id:
        raise Refusal(Reason.IMPORT_STATE)
    lines = [line for line in staged.lines if line.number > detail.get("last", 0)]
    if not lines:
        return
    numbers = {line.fields["customer_no"] for line in lines if line.fault is None}
    states = store.find_states(session, numbers)
    checked = [
        replace(line, fault=RowFault("merged", "customer_no"))
        if line.fault is None and states.get(line.fields["customer_no"]) == "merged"
        else line
        for line in lines
    ]
    store.stage_lines(session, row.id, checked)
    row.rows += len(checked)
    row.rows_faulty += sum(line.fault is not None for line in checked)
    row.rows_known += sum(line.fault is None and line.fields["customer_no"] in states for line in checked)
    given = {store.name_given(line.fields) for line in checked if line.fault is None}
    store.write_detail(
        row,
        last=checked[-1].number,
        given=sorted(given | set(detail.get("given", ()))),
        share=staged.share,
        lease=_lease(reader, now),
    )


def finish_staging(session: Session, import_id: str, headings: Headings) -> None:
    """Call a file read and checked as a whole."""
    row = store.hold_import(session, import_id, "staging")
    row.state = "checked"
    store.write_detail(row, ignored=list(headings.ignored), at=1)


def refuse_file(session: Session, import_id: str, fault: TableFault) -> None:
    """Say why a file is no table of customers, and begin to delete what was staged of it."""
    row = store.hold_import(session, import_id, "staging")
    row.state = "dropping"
    store.write_detail(row, at=1, fault=fault.value)


def drop_import(session: Session, import_id: str) -> None:
    """Begin to delete what there is of a file that isn't applied."""
    row = session.get_one(ImportRow, import_id, with_for_update=True)
    row.state = "dropping"
    store.write_detail(row, at=1)


def leave_staging(session: Session, reader: Reader, import_id: str) -> None:
    """Let another reader go on at once where this one stopped."""
    row = store.hold_import(session, import_id, "staging")
    if store.read_detail(row)["lease"][0] == reader.id:
        store.write_detail(row, lease=["", ""])


def _lease(reader: Reader, now: datetime) -> list[str]:
    return [reader.id, (now + LEASE).isoformat()]
