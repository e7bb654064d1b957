"""Log-in sessions: the hash of their token, never the token."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Row, String, delete, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from central.store.base import ID_LENGTH, Base, Instant
from central.store.people import PersonRow


class SessionRow(Base):
    __tablename__ = "sessions"

    id: Mapped[str] = mapped_column(String(ID_LENGTH), primary_key=True)
    person_id: Mapped[str] = mapped_column(ForeignKey("people.id"), index=True)
    #: SHA-256 of the token, in hex: a stolen database opens no session.
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    #: cookie (pages) or bearer (machines); only the first needs a CSRF token.
    kind: Mapped[str] = mapped_column(String(8))
    created_at: Mapped[datetime] = mapped_column(Instant)
    seen_at: Mapped[datetime] = mapped_column(Instant)
    expires_at: Mapped[datetime] = mapped_column(Instant)
    closed_at: Mapped[datetime | None] = mapped_column(Instant)


def find_session(session: Session, token_hash: str) -> Row[*tuple[Any, ...]] | None:
    """Return session and person behind a token, whether or not the session is still live."""
    query = (
        select(
            SessionRow.id,
            SessionRow.kind,
            SessionRow.seen_at,
            SessionRow.expires_at,
            SessionRow.closed_at,
            PersonRow.id.label("person_id"),
            PersonRow.login,
            PersonRow.name,
            PersonRow.language,
            PersonRow.active,
        )
        .join(PersonRow, PersonRow.id == SessionRow.person_id)
        .where(SessionRow.token_hash == token_hash)
    )
    return session.execute(query).one_or_none()


def touch_session(session: Session, session_id: str, now: datetime) -> None:
    """Note that a session was used; never moves it back."""
    session.execute(update(SessionRow).where(SessionRow.id == session_id, SessionRow.seen_at < now).values(seen_at=now))


def close_session(session: Session, session_id: str, now: datetime) -> None:
    """End a session; ending it again changes nothing."""
    query = update(SessionRow).where(SessionRow.id == session_id, SessionRow.closed_at.is_(None))
    session.execute(query.values(closed_at=now))


def delete_ended_sessions(session: Session, person_id: str, before: datetime) -> None:
    """Forget sessions of a person that ended long ago."""
    session.execute(delete(SessionRow).where(SessionRow.person_id == person_id, SessionRow.expires_at < before))
