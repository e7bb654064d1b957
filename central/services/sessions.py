"""Logging in and out, and who is behind a token."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy.orm import Session

from central.domain.people import Actor
from central.domain.refusals import Reason, Refusal
from central.domain.sessions import (
    SEEN_STEP,
    SessionTimes,
    derive_csrf_token,
    hash_token,
    is_live,
    lock_seconds,
)
from central.store.ids import new_id, new_token
from central.store.passwords import SecretHasher
from central.store.people import find_person_by_login, load_grants
from central.store.sessions import (
    SessionRow,
    close_session,
    delete_ended_sessions,
    find_session,
    touch_session,
)

SessionKind = Literal["cookie", "bearer"]
#: Ended sessions are kept this long, to tell a person where they were logged in.
KEEP_ENDED = timedelta(days=30)
LOGIN_LENGTH = 60
PASSWORD_LENGTH = 128


@dataclass(frozen=True, slots=True)
class LogIn:
    """A log-in whose password was already compared, outside the write: argon2 takes longer than a write may."""

    login: str
    verified: bool
    kind: SessionKind


@dataclass(frozen=True, slots=True)
class LoggedIn:
    """A new session; the token is shown this once and stored nowhere."""

    token: str
    actor: Actor
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Authenticated:
    """A live session: who, and whether `seen_at` is due to be written."""

    actor: Actor
    kind: SessionKind
    touch_due: bool


def verify_password(session: Session, hasher: SecretHasher, login: str, password: str) -> bool:
    """Return whether the password is the person's; takes as long when nobody has that login name."""
    person = find_person_by_login(session, login[: LOGIN_LENGTH + 1])
    stored = person.password_hash if person is not None and person.active else None
    # The connection goes back before the slow part.
    session.close()
    return hasher.verify_secret(stored, password[: PASSWORD_LENGTH + 1])


def log_in(session: Session, command: LogIn, times: SessionTimes, now: datetime) -> LoggedIn | Refusal:
    """Open a session, or count the failure. A refusal is returned, not raised: the counted try has to be committed."""
    person = find_person_by_login(session, command.login, lock=True)
    if person is None:
        return Refusal(Reason.WRONG_LOGIN)
    if person.locked_until is not None and now < person.locked_until:
        # Also with the right password: else a lock would tell a guesser which one it was.
        seconds = int((person.locked_until - now).total_seconds()) + 1
        return Refusal(Reason.LOCKED_OUT, seconds=seconds)
    if not command.verified or not person.active:
        person.failed_tries += 1
        pause_s = lock_seconds(person.failed_tries)
        person.locked_until = now + timedelta(seconds=pause_s) if pause_s else None
        return Refusal(Reason.LOCKED_OUT, seconds=pause_s) if pause_s else Refusal(Reason.WRONG_LOGIN)
    person.failed_tries, person.locked_until = 0, None
    delete_ended_sessions(session, person.id, now - KEEP_ENDED)
    token, session_id = new_token(), new_id()
    session.add(
        SessionRow(
            id=session_id,
            person_id=person.id,
            token_hash=hash_token(token),
            kind=command.kind,
            created_at=now,
            seen_at=now,
            expires_at=now + times.absolute,
        )
    )
    actor = Actor(
        person_id=person.id,
        login=command.login,
        name=person.name,
        grants=load_grants(session, person.id),
        language=person.language,
        session_id=session_id,
        csrf_token=derive_csrf_token(token),
    )
    return LoggedIn(token, actor, now + times.absolute)


def log_out(session: Session, actor: Actor, now: datetime) -> None:
    """End the actor's session."""
    close_session(session, actor.session_id, now)


def authenticate(session: Session, token: str, times: SessionTimes, now: datetime) -> Authenticated | None:
    """Return who is behind a token; None when its session doesn't exist or has ended."""
    row = find_session(session, hash_token(token))
    if row is None or row.closed_at is not None or not row.active:
        return None
    if not is_live(times, seen_at=row.seen_at, expires_at=row.expires_at, now=now):
        return None
    actor = Actor(
        person_id=row.person_id,
        login=row.login or "",
        name=row.name,
        grants=load_grants(session, row.person_id),
        language=row.language,
        session_id=row.id,
        csrf_token=derive_csrf_token(token),
    )
    return Authenticated(actor, row.kind, now - row.seen_at >= SEEN_STEP)


def note_use(session: Session, actor: Actor, now: datetime) -> None:
    """Keep a session from idling out."""
    touch_session(session, actor.session_id, now)
