"""The audit log: search and export for those who may, chaining after the commit, verifying, publishing the head."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from central.domain.audit import ChainBreak, ChainCheck
from central.domain.paging import LONGEST_PAGE, Page, make_cursor, read_cursor, walk_pages
from central.domain.people import Actor
from central.domain.permissions import Action, allows
from central.domain.refusals import NotFound, Reason, Refusal
from central.store.audit import (
    AuditRow,
    chain_pending,
    count_unchained,
    find_head,
    load_audit_rows,
    lock_head,
    match_audit,
    measure_pending,
    walk_chain,
)


@dataclass(frozen=True, slots=True)
class SearchAudit:
    """What to look for in the log; empty fields find all. `after` is the cursor of the page before."""

    text: str = ""
    act: str = ""
    person_id: str = ""
    subject_kind: str = ""
    subject_id: str = ""
    from_at: datetime | None = None
    until_at: datetime | None = None
    after: str | None = None
    limit: int = 50


@dataclass(frozen=True, slots=True)
class AuditSeen:
    """A row of the log; `seq` is its number in the chain, None as long as it waits for its link."""

    id: str
    at: datetime
    act: str
    person_id: str | None
    person_name: str
    acting_for: str | None
    subject_kind: str
    subject_id: str
    subject_name: str
    why: str
    before: dict[str, Any]
    after: dict[str, Any]
    address: str
    session_id: str
    seq: int | None


@dataclass(frozen=True, slots=True)
class HeadSeen:
    """The end of the chain."""

    seq: int
    hash: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What verifying found: rows that hold, rows that wait for their link, and the first break."""

    rows: int
    waiting: int
    broken: ChainBreak | None
    head: HeadSeen


def search_audit(session: Session, actor: Actor, command: SearchAudit) -> Page[AuditSeen]:
    """Return rows of the log, the newest first."""
    _check(actor)
    return _search(session, command)


def export_audit(session: Session, actor: Actor, command: SearchAudit) -> Iterator[AuditSeen]:
    """Yield everything that a search finds."""
    _check(actor)
    return walk_pages(lambda after: _search(session, replace(command, after=after, limit=LONGEST_PAGE)))


def show_audit_row(session: Session, actor: Actor, row_id: str) -> AuditSeen:
    """Return one row."""
    _check(actor)
    found = load_audit_rows(session, AuditRow.id == row_id, None, 1)
    if not found:
        raise NotFound
    return _see(*found[0])


def show_head(session: Session, actor: Actor) -> tuple[HeadSeen, int]:
    """Return the end of the chain, and how many rows wait for their link."""
    _check(actor)
    row = find_head(session)
    waiting, _ = measure_pending(session)
    return HeadSeen(row.seq if row is not None else 0, row.hash if row is not None else ""), waiting


def chain_rows(session: Session, now: datetime) -> int:
    """Give waiting rows their links and return how many; 0: none waits any more."""
    return len(chain_pending(session, now))


def take_daily_head(session: Session, now: datetime) -> HeadSeen | None:
    """Return the head if it wasn't published today (UTC) yet, and note that it is now."""
    row = lock_head(session)
    if row.seq == 0 or (row.published_at is not None and row.published_at.date() >= now.date()):
        return None
    row.published_at = now
    return HeadSeen(row.seq, row.hash)


def verify_audit(session: Session, heads: Iterable[tuple[int, str]]) -> Verdict:
    """Walk the whole chain against its rows, its end and the heads that were published; stop at the first break."""
    published = dict(heads)
    row = find_head(session)
    end = HeadSeen(row.seq, row.hash) if row is not None else HeadSeen(0, "")
    if end.seq:
        published.setdefault(end.seq, end.hash)
    check = ChainCheck(published)
    for link, record in walk_chain(session):
        broken = check.step(link, record)
        if broken is not None:
            return Verdict(check.seq, measure_pending(session)[0], broken, end)
    broken = check.finish()
    if broken is None and count_unchained(session):
        broken = ChainBreak(check.seq + 1, "", "unchained")
    return Verdict(check.seq, measure_pending(session)[0], broken, end)


def _check(actor: Actor) -> None:
    if not allows(actor, Action.SEE_AUDIT):
        raise Refusal(Reason.NOT_ALLOWED)


def _search(session: Session, command: SearchAudit) -> Page[AuditSeen]:
    limit = max(1, min(command.limit, LONGEST_PAGE))
    condition = match_audit(
        text=command.text,
        act=command.act,
        person_id=command.person_id,
        subject_kind=command.subject_kind,
        subject_id=command.subject_id,
        from_at=command.from_at,
        until_at=command.until_at,
    )
    before = _read_cursor(command.after) if command.after else None
    found = [_see(row, seq) for row, seq in load_audit_rows(session, condition, before, limit + 1)]
    page = tuple(found[:limit])
    if len(found) <= limit:
        return Page(page, None)
    return Page(page, make_cursor(page[-1].at.isoformat(), page[-1].id))


def _read_cursor(cursor: str) -> tuple[str, str]:
    at, row_id = read_cursor(cursor, 2)
    try:
        if datetime.fromisoformat(at).tzinfo is None:
            raise Refusal(Reason.BAD_CURSOR)
    except ValueError:
        raise Refusal(Reason.BAD_CURSOR) from None
    return at, row_id


def _see(row: AuditRow, seq: int | None) -> AuditSeen:
    return AuditSeen(
        id=row.id,
        at=row.at,
        act=row.act,
        person_id=row.person_id,
        person_name=row.person_name,
        acting_for=row.acting_for,
        subject_kind=row.subject_kind,
        subject_id=row.subject_id,
        subject_name=row.subject_name,
        why=row.why,
        before=row.before,
        after=row.after,
        address=row.address,
        session_id=row.session_id,
        seq=seq,
    )
