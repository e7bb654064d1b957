"""The audit log: rows are only ever added, in the transaction of their act; links are added after the commit.

The chain stands in a table of its own, so that the database user needs no more
than insert and select on `audit_rows`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, ForeignKey, Index, String, and_, delete, func, literal, or_, select, true, tuple_
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, Session, mapped_column

from central.domain.audit import (
    COMMAND_LINE,
    GENESIS,
    AuditEntry,
    AuditRecord,
    ChainLink,
    chain_records,
)
from central.domain.masking import mask_id_numbers
from central.domain.people import Actor
from central.store.base import ID_LENGTH, Base, Document, Instant
from central.store.ids import new_id

#: Key of `session.info`: this transaction added audit rows.
AUDITED = "audit_rows_added"
#: Rows chained in one write, which holds the gate.
CHAIN_ROWS = 200
NAME_LENGTH = 200
WHY_LENGTH = 500
VERIFY_CHUNK = 1000


class AuditRow(Base):
    __tablename__ = "audit_rows"
    __table_args__ = (
        Index(None, "at", "id"),
        Index(None, "person_id", "at"),
        Index(None, "subject_kind", "subject_id", "at"),
    )

    id: Mapped[str] = mapped_column(String(ID_LENGTH), primary_key=True)
    at: Mapped[datetime] = mapped_column(Instant)
    act: Mapped[str] = mapped_column(String(40))
    #: No foreign key: the log outlives everything else.
    person_id: Mapped[str | None] = mapped_column(String(ID_LENGTH))
    person_name: Mapped[str] = mapped_column(String(NAME_LENGTH))
    acting_for: Mapped[str | None] = mapped_column(String(ID_LENGTH))
    subject_kind: Mapped[str] = mapped_column(String(24))
    subject_id: Mapped[str] = mapped_column(String(80))
    subject_name: Mapped[str] = mapped_column(String(NAME_LENGTH))
    why: Mapped[str] = mapped_column(String(WHY_LENGTH))
    before: Mapped[dict[str, Any]] = mapped_column(Document)
    after: Mapped[dict[str, Any]] = mapped_column(Document)
    address: Mapped[str] = mapped_column(String(45))
    session_id: Mapped[str] = mapped_column(String(ID_LENGTH))

    def to_record(self) -> AuditRecord:
        """Return the row as it is chained."""
        return AuditRecord(
            id=self.id,
            at=self.at,
            act=self.act,
            person_id=self.person_id,
            person_name=self.person_name,
            acting_for=self.acting_for,
            subject_kind=self.subject_kind,
            subject_id=self.subject_id,
            subject_name=self.subject_name,
            why=self.why,
            before=self.before,
            after=self.after,
            address=self.address,
            session_id=self.session_id,
        )


class AuditPendingRow(Base):
    """An audit row that waits for its link."""

    __tablename__ = "audit_pending"

    row_id: Mapped[str] = mapped_column(ForeignKey("audit_rows.id"), primary_key=True)
    at: Mapped[datetime] = mapped_column(Instant)


class AuditLinkRow(Base):
    """One link of the chain. No foreign key: a deleted row has to be missed, not to take its link along."""

    __tablename__ = "audit_links"

    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    row_id: Mapped[str] = mapped_column(String(ID_LENGTH), unique=True)
    hash: Mapped[str] = mapped_column(String(64))
    chained_at: Mapped[datetime] = mapped_column(Instant)


class AuditHeadRow(Base):
    """The end of the chain; its lock lets one job at a time add to it. `published_at`: when it was last made known."""

    __tablename__ = "audit_heads"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    seq: Mapped[int]
    hash: Mapped[str] = mapped_column(String(64))
    published_at: Mapped[datetime | None] = mapped_column(Instant)


def add_audit(session: Session, actor: Actor | None, entry: AuditEntry, now: datetime) -> str:
    """Write what was done, in the transaction that does it; return the row's id. `actor` None: the machine itself.

    ID numbers in names, reasons and contents are masked: who may see the log may not see them.
    """
    row_id = new_id()
    session.add(
        AuditRow(
            id=row_id,
            at=now,
            act=entry.act.value,
            person_id=actor.person_id if actor is not None else None,
            person_name=actor.name if actor is not None else COMMAND_LINE,
            acting_for=entry.acting_for,
            subject_kind=entry.subject_kind,
            subject_id=entry.subject_id[:80],
            subject_name=mask_id_numbers(entry.subject_name)[:NAME_LENGTH],
            why=mask_id_numbers(entry.why)[:WHY_LENGTH],
            before=_mask(dict(entry.before)),
            after=_mask(dict(entry.after)),
            address=actor.address if actor is not None else "",
            session_id=actor.session_id if actor is not None else "",
        )
    )
    # Without a relationship the unit of work may order tables as it likes.
    session.flush()
    session.add(AuditPendingRow(row_id=row_id, at=now))
    session.info[AUDITED] = True
    return row_id


def chain_pending(session: Session, now: datetime) -> list[ChainLink]:
    """Give the next waiting rows their links; the head stays locked until the commit."""
    head = lock_head(session)
    waiting = select(AuditPendingRow.row_id).order_by(AuditPendingRow.row_id).limit(CHAIN_ROWS)
    ids = list(session.scalars(waiting))
    if not ids:
        return []
    rows = session.scalars(select(AuditRow).where(AuditRow.id.in_(ids)).order_by(AuditRow.id))
    links = chain_records(head.seq, head.hash, [row.to_record() for row in rows])
    session.add_all(AuditLinkRow(seq=x.seq, row_id=x.row_id, hash=x.hash, chained_at=now) for x in links)
    session.execute(delete(AuditPendingRow).where(AuditPendingRow.row_id.in_(ids)))
    head.seq, head.hash = links[-1].seq, links[-1].hash
    session.flush()
    return links


def lock_head(session: Session) -> AuditHeadRow:
    """Return the end of the chain, locked; made if need be."""
    insert: Any = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    statement = insert(AuditHeadRow).values(id=1, seq=0, hash=GENESIS)
    session.execute(statement.on_conflict_do_nothing(index_elements=["id"]))
    return session.scalars(select(AuditHeadRow).where(AuditHeadRow.id == 1).with_for_update()).one()


def find_head(session: Session) -> AuditHeadRow | None:
    """Return the end of the chain; None before the first row."""
    return session.get(AuditHeadRow, 1)


def measure_pending(session: Session) -> tuple[int, datetime | None]:
    """Return how many rows wait for their link, and since when the oldest does."""
    count, oldest = session.execute(select(func.count(), func.min(AuditPendingRow.at))).one()
    return count, oldest


def walk_chain(session: Session) -> Iterator[tuple[ChainLink, AuditRecord | None]]:
    """Yield every link with its row, in order; None where the row is gone."""
    seq = -1
    while True:
        query = (
            select(AuditLinkRow, AuditRow)
            .outerjoin(AuditRow, AuditRow.id == AuditLinkRow.row_id)
            .where(AuditLinkRow.seq > seq)
            .order_by(AuditLinkRow.seq)
            .limit(VERIFY_CHUNK)
        )
        found = session.execute(query).all()
        for link, row in found:
            yield ChainLink(link.seq, link.row_id, link.hash), row.to_record() if row is not None else None
        if len(found) < VERIFY_CHUNK:
            return
        seq = found[-1][0].seq
        session.expunge_all()


def count_unchained(session: Session) -> int:
    """Return how many rows have neither a link nor wait for one: somebody took them out of the queue."""
    waiting = select(AuditPendingRow.row_id)
    query = select(func.count()).select_from(AuditRow).outerjoin(AuditLinkRow, AuditLinkRow.row_id == AuditRow.id)
    return session.scalar(query.where(AuditLinkRow.seq.is_(None), AuditRow.id.not_in(waiting))) or 0


def load_audit_rows(
    session: Session, condition: ColumnElement[bool], before: tuple[str, str] | None, limit: int
) -> Sequence[tuple[AuditRow, int | None]]:
    """Return rows with their number in the chain, the newest first."""
    query = (
        select(AuditRow, AuditLinkRow.seq)
        .outerjoin(AuditLinkRow, AuditLinkRow.row_id == AuditRow.id)
        .where(condition)
        .order_by(AuditRow.at.desc(), AuditRow.id.desc())
        .limit(limit)
    )
    if before is not None:
        at, row_id = before
        mark = tuple_(literal(datetime.fromisoformat(at), Instant), literal(row_id))
        query = query.where(tuple_(AuditRow.at, AuditRow.id) < mark)
    return [(row, seq) for row, seq in session.execute(query)]


def match_audit(
    *,
    text: str = "",
    act: str = "",
    person_id: str = "",
    subject_kind: str = "",
    subject_id: str = "",
    from_at: datetime | None = None,
    until_at: datetime | None = None,
) -> ColumnElement[bool]:
    """Return the condition of a search in the log."""
    conditions: list[ColumnElement[bool]] = []
    if text:
        escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        columns = (AuditRow.subject_name, AuditRow.person_name, AuditRow.why, AuditRow.subject_id)
        conditions.append(or_(*(column.ilike(f"%{escaped}%", escape="\\") for column in columns)))
    exact = {
        AuditRow.act: act,
        AuditRow.person_id: person_id,
        AuditRow.subject_kind: subject_kind,
        AuditRow.subject_id: subject_id,
    }
    conditions += [column == value for column, value in exact.items() if value]
    if from_at is not None:
        conditions.append(AuditRow.at >= from_at)
    if until_at is not None:
        conditions.append(AuditRow.at < until_at)
    return and_(true(), *conditions)


def _mask(value: Any) -> Any:
    if isinstance(value, str):
        return mask_id_numbers(value)
    if isinstance(value, dict):
        return {key: _mask(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_mask(each) for each in value]
    return value
