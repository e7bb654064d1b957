"""Which stored bytes are due to be read again, and what became of that."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from central.domain.audit import AuditAct, AuditEntry
from central.store.audit import add_audit
from central.store.documents import ContentRow

RETRY = timedelta(hours=1)
PAGE = 500


class ContentEnd(StrEnum):
    """What a check found."""

    GOOD = "good"
    WRONG = "wrong"
    MISSING = "missing"
    #: The disk didn't give the bytes this time.
    UNREAD = "unread"


@dataclass(frozen=True, slots=True)
class ContentDue:
    """Bytes whose time has come."""

    sha256: str
    size_bytes: int


def find_known(session: Session, hashes: Sequence[str]) -> set[str]:
    """Return those of these names that the database knows."""
    known: set[str] = set()
    for at in range(0, len(hashes), PAGE):
        known |= set(session.scalars(select(ContentRow.sha256).where(ContentRow.sha256.in_(hashes[at : at + PAGE]))))
    return known


def note_cleared(session: Session, sha256: str, size_bytes: int, now: datetime) -> None:
    """Write down that bytes were deleted to which nothing ever referred."""
    entry = AuditEntry(AuditAct.CONTENT_CLEARED, "content", sha256, before={"size_bytes": size_bytes})
    add_audit(session, None, entry, now)


def list_due_contents(session: Session, now: datetime, limit: int) -> tuple[ContentDue, ...]:
    """Return the contents whose check is due, the longest waiting first."""
    query = select(ContentRow.sha256, ContentRow.size_bytes).where(ContentRow.next_check_at <= now)
    rows = session.execute(query.order_by(ContentRow.next_check_at, ContentRow.sha256).limit(limit))
    return tuple(ContentDue(sha256, size_bytes) for sha256, size_bytes in rows)


def count_bad(session: Session) -> dict[str, int]:
    """Return how many contents are wrong and how many are missing."""
    bad = (ContentEnd.WRONG.value, ContentEnd.MISSING.value)
    query = select(ContentRow.state, func.count()).where(ContentRow.state.in_(bad)).group_by(ContentRow.state)
    return dict.fromkeys(bad, 0) | dict(session.execute(query).all())


def find_oldest_check(session: Session) -> datetime | None:
    """Return when the content is or was due that is to be read next."""
    return session.scalar(select(func.min(ContentRow.next_check_at)))


def list_bad(session: Session) -> tuple[str, ...]:
    """Return the contents that are wrong or missing."""
    query = select(ContentRow.sha256).where(ContentRow.state != ContentEnd.GOOD.value).order_by(ContentRow.sha256)
    return tuple(session.scalars(query))


def mend_content(session: Session, sha256: str, now: datetime) -> None:
    """Say that a content is good again, for its bytes came back from a copy."""
    row = session.get_one(ContentRow, sha256, with_for_update=True)
    entry = AuditEntry(
        AuditAct.CONTENT_MENDED, "content", sha256, before={"state": row.state}, after={"state": ContentEnd.GOOD.value}
    )
    row.state, row.checked_at = ContentEnd.GOOD.value, now
    add_audit(session, None, entry, now)


def iterate_contents(session: Session) -> Iterator[tuple[str, int, bool]]:
    """Yield hash, size and whether it is good of every content, in order and without holding them all."""
    query = select(ContentRow.sha256, ContentRow.size_bytes, ContentRow.state).order_by(ContentRow.sha256)
    for sha256, size_bytes, state in session.execute(query.execution_options(yield_per=PAGE)):
        yield sha256, size_bytes, state == ContentEnd.GOOD.value


def hasten_checks(session: Session, hashes: Sequence[str], now: datetime) -> None:
    """Have contents read in the next round, whatever their schedule."""
    for at in range(0, len(hashes), PAGE):
        chosen = update(ContentRow).where(ContentRow.sha256.in_(hashes[at : at + PAGE]))
        session.execute(chosen.values(next_check_at=now))


def settle_content(session: Session, sha256: str, end: ContentEnd, check_days: int, now: datetime) -> None:
    """Write down what a check found; bytes that turned wrong or went missing are no longer shown, and audited once."""
    row = session.get_one(ContentRow, sha256, with_for_update=True)
    if end is ContentEnd.UNREAD:
        row.next_check_at = now + RETRY
        return
    before = row.state
    row.state, row.checked_at, row.next_check_at = end.value, now, now + timedelta(days=check_days)
    if end is not ContentEnd.GOOD and before == ContentEnd.GOOD.value:
        entry = AuditEntry(
            AuditAct.CONTENT_QUARANTINED, "content", sha256, before={"state": before}, after={"state": end.value}
        )
        add_audit(session, None, entry, now)
