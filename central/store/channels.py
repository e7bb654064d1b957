"""A person's messages and the ways out that they have opened."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from central.store.urges import ChannelRow, MessageRow, UrgeRow


def list_own_messages(session: Session, person_id: str, limit: int) -> list[tuple[MessageRow, datetime | None]]:
    """Return a person's newest messages, each with when what it urged for was done."""
    query = (
        select(MessageRow, UrgeRow.answered_at)
        .outerjoin(UrgeRow, UrgeRow.id == MessageRow.urge_id)
        .where(MessageRow.person_id == person_id)
        .order_by(MessageRow.made_at.desc(), MessageRow.id.desc())
        .limit(limit)
    )
    return [(message, answered_at) for message, answered_at in session.execute(query)]


def count_unread(session: Session, person_id: str) -> int:
    """Return how many messages a person has not looked at."""
    query = select(func.count()).where(MessageRow.person_id == person_id, MessageRow.read_at.is_(None))
    return session.scalar(query) or 0


def read_all(session: Session, person_id: str, now: datetime) -> None:
    """Note that a person has looked at their messages."""
    unread = update(MessageRow).where(MessageRow.person_id == person_id, MessageRow.read_at.is_(None))
    session.execute(unread.values(read_at=now).execution_options(synchronize_session=False))


def list_channels(session: Session, person_id: str) -> Sequence[ChannelRow]:
    """Return the ways that a person has opened or closed again."""
    return session.scalars(select(ChannelRow).where(ChannelRow.person_id == person_id)).all()
