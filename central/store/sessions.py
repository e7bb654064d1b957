"""Log-in sessions: the hash of their token, never the token."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import CursorResult, ForeignKey, Row, String, and_, delete, or_, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from central.store.base import ID_LENGTH, Base, Instant
from central.store.people import PersonRow

ADDRESS_LENGTH = 45
AGENT_LENGTH = 200
#: Requests that were on their way with the former token when a new one was given out still get through.
ROTATION_GRACE = timedelta(seconds=30)


class SessionRow(Base):
    __tablename__ = "sessions"

    id: Mapped[str] = mapped_column(String(ID_LENGTH), primary_key=True)
    person_id: Mapped[str] = mapped_column(ForeignKey("people.id"), index=True)
    #: SHA-256 of the token, in hex: a stolen database opens no session.
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    former_hash: Mapped[str | None] = mapped_column(String(64), index=True)
    rotated_at: Mapped[datetime | None] = mapped_column(Instant)
    #: SHA-256 of the rights that the token was given out under.
    rights: Mapped[str] = mapped_column(String(64))
    #: cookie (pages) or bearer (machines); only the first needs a CSRF token.
    kind: Mapped[str] = mapped_column(String(8))
    address: Mapped[str] = mapped_column(String(ADDRESS_LENGTH))
    agent: Mapped[str] = mapped_column(String(AGENT_LENGTH))
    created_at: Mapped[datetime] = mapped_column(Instant)
    seen_at: Mapped[datetime] = mapped_column(Instant)
    expires_at: Mapped[datetime] = mapped_column(Instant)
    closed_at: Mapped[datetime | None] = mapped_column(Instant)


def find_session(session: Session, token_hash: str, now: datetime) -> Row[*tuple[Any, ...]] | None:
    """Return session and person behind a token, whether or not the session is still live."""
    query = (
        select(
            SessionRow.id,
            SessionRow.kind,
            SessionRow.token_hash,
            SessionRow.rights,
            SessionRow.seen_at,
            SessionRow.expires_at,
            SessionRow.closed_at,
            PersonRow.id.label("person_id"),
            PersonRow.login,
            PersonRow.name,
            PersonRow.language,
            PersonRow.active,
            PersonRow.must_change_by,
        )
        .join(PersonRow, PersonRow.id == SessionRow.person_id)
        .where(
            or_(
                SessionRow.token_hash == token_hash,
                and_(SessionRow.former_hash == token_hash, SessionRow.rotated_at > now - ROTATION_GRACE),
            )
        )
    )
    return session.execute(query).one_or_none()


def touch_session(session: Session, session_id: str, now: datetime) -> None:
    """Note that a session was used; never moves it back."""
    session.execute(update(SessionRow).where(SessionRow.id == session_id, SessionRow.seen_at < now).values(seen_at=now))


def rotate_session(
    session: Session, session_id: str, *, former_hash: str, token_hash: str, rights: str, now: datetime
) -> bool:
    """Put a new token in the place of the former one; False when another request was first."""
    query = update(SessionRow).where(
        SessionRow.id == session_id, SessionRow.token_hash == former_hash, SessionRow.closed_at.is_(None)
    )
    values = {"token_hash": token_hash, "former_hash": former_hash, "rotated_at": now, "rights": rights}
    return cast("CursorResult[Any]", session.execute(query.values(**values))).rowcount == 1


def load_live_sessions(session: Session, person_id: str, seen_after: datetime, now: datetime) -> Sequence[SessionRow]:
    """Return the sessions of a person that still open doors, the last used first."""
    query = select(SessionRow).where(
        SessionRow.person_id == person_id,
        SessionRow.closed_at.is_(None),
        SessionRow.expires_at > now,
        SessionRow.seen_at > seen_after,
    )
    return session.scalars(query.order_by(SessionRow.seen_at.desc(), SessionRow.id)).all()


def close_session(session: Session, session_id: str, now: datetime) -> bool:
    """End a session; False when it had ended already."""
    query = update(SessionRow).where(SessionRow.id == session_id, SessionRow.closed_at.is_(None))
    return cast("CursorResult[Any]", session.execute(query.values(closed_at=now))).rowcount == 1


def close_sessions(session: Session, person_id: str, now: datetime, *, but: str = "") -> int:
    """End all sessions of a person, but for one; return how many that were."""
    query = update(SessionRow).where(
        SessionRow.person_id == person_id, SessionRow.closed_at.is_(None), SessionRow.id != but
    )
    return cast("CursorResult[Any]", session.execute(query.values(closed_at=now))).rowcount


def delete_ended_sessions(session: Session, person_id: str, before: datetime) -> None:
    """Forget sessions of a person that ended long ago."""
    session.execute(delete(SessionRow).where(SessionRow.person_id == person_id, SessionRow.expires_at < before))
