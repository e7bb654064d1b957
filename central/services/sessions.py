"""Logging in and out, who is behind a token, own and others' sessions, and the change of a password."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy.orm import Session

from central.domain.audit import AuditAct, AuditEntry
from central.domain.people import Actor, Grant, name_rights
from central.domain.permissions import Action, allows
from central.domain.refusals import NotFound, Reason, Refusal
from central.domain.sessions import (
    SEEN_STEP,
    SessionTimes,
    derive_csrf_token,
    hash_token,
    is_live,
    lock_seconds,
)
from central.store.audit import add_audit
from central.store.grants import load_grants
from central.store.ids import new_id, new_token
from central.store.passwords import SecretHasher
from central.store.people import PersonRow, find_person_by_login
from central.store.sessions import (
    ADDRESS_LENGTH,
    AGENT_LENGTH,
    SessionRow,
    close_session,
    close_sessions,
    delete_ended_sessions,
    find_session,
    load_live_sessions,
    rotate_session,
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
    address: str = ""
    agent: str = ""
    #: Token that the browser held before: its session ends, so that nobody can plant one.
    former_token: str = ""


@dataclass(frozen=True, slots=True)
class LoggedIn:
    """A new session; the token is shown this once and stored nowhere."""

    token: str
    actor: Actor
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Authenticated:
    """A live session: who, whether `seen_at` is due to be written, and whether its token has to be replaced."""

    actor: Actor
    kind: SessionKind
    touch_due: bool
    rotate_due: bool
    token_hash: str


@dataclass(frozen=True, slots=True)
class ChangePassword:
    """A change of the own password: the old one compared and the new one hashed, both outside the write."""

    verified: bool
    password_hash: str


@dataclass(frozen=True, slots=True)
class SessionSeen:
    """A live session as its person sees it."""

    id: str
    kind: str
    address: str
    agent: str
    created_at: datetime
    seen_at: datetime
    expires_at: datetime
    current: bool


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
    actor = Actor(person.id, command.login, person.name, frozenset(), person.language, address=command.address)
    late = person.must_change_by is not None and now >= person.must_change_by
    refused = _judge_try(session, person, actor, verified=command.verified and not late, now=now)
    if refused is not None:
        return refused
    delete_ended_sessions(session, person.id, now - KEEP_ENDED)
    if command.former_token:
        former = find_session(session, hash_token(command.former_token), now)
        if former is not None:
            close_session(session, former.id, now)
    token = new_token()
    grants = load_grants(session, person.id, now)
    row = SessionRow(
        id=new_id(),
        person_id=person.id,
        token_hash=hash_token(token),
        rights=digest_rights(grants),
        kind=command.kind,
        address=command.address[:ADDRESS_LENGTH],
        agent=command.agent[:AGENT_LENGTH],
        created_at=now,
        seen_at=now,
        expires_at=now + times.absolute,
    )
    session.add(row)
    session.flush()
    actor = replace(
        actor,
        grants=grants,
        session_id=row.id,
        csrf_token=derive_csrf_token(token),
        must_change=person.must_change_by is not None,
    )
    entry = AuditEntry(AuditAct.LOGGED_IN, "person", person.id, person.name, after={"kind": command.kind})
    add_audit(session, actor, entry, now)
    return LoggedIn(token, actor, row.expires_at)


def log_out(session: Session, actor: Actor, now: datetime) -> None:
    """End the actor's session."""
    if close_session(session, actor.session_id, now):
        add_audit(session, actor, AuditEntry(AuditAct.LOGGED_OUT, "person", actor.person_id, actor.name), now)


def authenticate(session: Session, token: str, times: SessionTimes, now: datetime) -> Authenticated | None:
    """Return who is behind a token; None when its session doesn't exist or has ended.

    Under changed rights a machine's token ends, and a browser's is to be replaced (`rotate_token`).
    """
    row = find_session(session, hash_token(token), now)
    if row is None or row.closed_at is not None or not row.active:
        return None
    if not is_live(times, seen_at=row.seen_at, expires_at=row.expires_at, now=now):
        return None
    grants = load_grants(session, row.person_id, now)
    changed = digest_rights(grants) != row.rights
    if changed and row.kind != "cookie":
        return None
    actor = Actor(
        person_id=row.person_id,
        login=row.login or "",
        name=row.name,
        grants=grants,
        language=row.language,
        session_id=row.id,
        csrf_token=derive_csrf_token(token),
        must_change=row.must_change_by is not None,
    )
    return Authenticated(actor, row.kind, now - row.seen_at >= SEEN_STEP, changed, row.token_hash)


def rotate_token(session: Session, found: Authenticated, now: datetime) -> str | None:
    """Return the new token of a session whose rights changed; None when another request was first."""
    token = new_token()
    rotated = rotate_session(
        session,
        found.actor.session_id,
        former_hash=found.token_hash,
        token_hash=hash_token(token),
        rights=digest_rights(found.actor.grants),
        now=now,
    )
    return token if rotated else None


def note_use(session: Session, actor: Actor, now: datetime) -> None:
    """Keep a session from idling out."""
    touch_session(session, actor.session_id, now)


def list_sessions(
    session: Session, actor: Actor, person_id: str, times: SessionTimes, now: datetime
) -> tuple[SessionSeen, ...]:
    """Return where a person is logged in: one's own, or with the right to end them, another's."""
    if person_id != actor.person_id and not allows(actor, Action.EDIT_PERSON):
        raise NotFound
    rows = load_live_sessions(session, person_id, now - times.idle, now)
    return tuple(
        SessionSeen(
            id=row.id,
            kind=row.kind,
            address=row.address,
            agent=row.agent,
            created_at=row.created_at,
            seen_at=row.seen_at,
            expires_at=row.expires_at,
            current=row.id == actor.session_id,
        )
        for row in rows
    )


def end_session(session: Session, actor: Actor, session_id: str, now: datetime) -> None:
    """End one session, own or another's; what isn't in one's reach doesn't exist."""
    row = session.get(SessionRow, session_id)
    if row is None or (row.person_id != actor.person_id and not allows(actor, Action.EDIT_PERSON)):
        raise NotFound
    if close_session(session, session_id, now):
        _note_ended(session, actor, row.person_id, 1, now)


def end_sessions(session: Session, actor: Actor, person_id: str, now: datetime) -> int:
    """End all sessions of a person, of one's own all but the present one; return how many that were."""
    if person_id != actor.person_id and not allows(actor, Action.EDIT_PERSON):
        raise NotFound
    if session.get(PersonRow, person_id) is None:
        raise NotFound
    count = close_sessions(session, person_id, now, but=actor.session_id if person_id == actor.person_id else "")
    if count:
        _note_ended(session, actor, person_id, count, now)
    return count


def change_password(session: Session, actor: Actor, command: ChangePassword, now: datetime) -> str | Refusal:
    """Set the actor's password, end their other sessions and return the new token of this one.

    A refusal is returned, not raised: the counted try has to be committed.
    """
    person = find_person_by_login(session, actor.login, lock=True)
    if person is None:
        raise NotFound
    refused = _judge_try(session, person, actor, verified=command.verified, now=now)
    if refused is not None:
        return refused if refused.reason is Reason.LOCKED_OUT else Refusal(Reason.WRONG_PASSWORD)
    one_time = person.must_change_by is not None
    person.password_hash, person.must_change_by = command.password_hash, None
    close_sessions(session, person.id, now, but=actor.session_id)
    token = new_token()
    row = session.get_one(SessionRow, actor.session_id)
    row.token_hash, row.former_hash = hash_token(token), None
    entry = AuditEntry(
        AuditAct.PASSWORD_CHANGED, "person", person.id, person.name, before={"one_time": one_time}, after={}
    )
    add_audit(session, actor, entry, now)
    return token


def digest_rights(grants: frozenset[Grant]) -> str:
    """Return the fingerprint of rights that a session keeps."""
    return hashlib.sha256(name_rights(grants).encode()).hexdigest()


def _judge_try(session: Session, person: PersonRow, actor: Actor, *, verified: bool, now: datetime) -> Refusal | None:
    """Count a try with a password; return why it is refused."""
    if person.locked_until is not None and now < person.locked_until:
        # Also with the right password: else a lock would tell a guesser which one it was.
        return Refusal(Reason.LOCKED_OUT, seconds=int((person.locked_until - now).total_seconds()) + 1)
    if verified and person.active:
        person.failed_tries, person.locked_until = 0, None
        return None
    person.failed_tries += 1
    pause_s = lock_seconds(person.failed_tries)
    person.locked_until = now + timedelta(seconds=pause_s) if pause_s else None
    if not pause_s:
        return Refusal(Reason.WRONG_LOGIN)
    after = {"failed_tries": person.failed_tries, "pause_s": pause_s}
    add_audit(session, actor, AuditEntry(AuditAct.LOCKED_OUT, "person", person.id, person.name, after=after), now)
    return Refusal(Reason.LOCKED_OUT, seconds=pause_s)


def _note_ended(session: Session, actor: Actor, person_id: str, count: int, now: datetime) -> None:
    person = session.get_one(PersonRow, person_id)
    add_audit(
        session,
        actor,
        AuditEntry(AuditAct.SESSION_ENDED, "person", person_id, person.name, after={"sessions": count}),
        now,
    )
