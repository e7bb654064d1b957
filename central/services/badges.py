"""Staff badges: issued with a PIN shown once, revoked, reported lost. The room's gateway learns it by the feed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from central.domain.audit import AuditAct, AuditEntry
from central.domain.codes import Code, CodeType, make_code, parse_code
from central.domain.people import Actor
from central.domain.permissions import Action, allows
from central.domain.refusals import NotFound, Reason, Refusal
from central.store.audit import add_audit
from central.store.badges import publish_badges
from central.store.people import BadgeRow, find_person, load_badges, load_codes_of_room
from central.store.rooms import RoomRow

BadgeEnd = Literal["revoked", "lost"]


@dataclass(frozen=True, slots=True)
class IssueBadge:
    """A badge for a person in a room; the PIN comes hashed, since hashing takes longer than a write may."""

    person_id: str
    room_id: str
    pin_hash: str
    valid_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class BadgeSeen:
    """A badge of a person."""

    code: str
    room_id: str
    active: bool
    created_at: datetime
    valid_until: datetime | None
    ended_at: datetime | None
    end_reason: str | None


def list_badges(session: Session, actor: Actor, person_id: str) -> tuple[BadgeSeen, ...]:
    """Return a person's badges, the newest first."""
    if not allows(actor, Action.SEE_PEOPLE):
        raise Refusal(Reason.NOT_ALLOWED)
    return tuple(
        BadgeSeen(
            code=row.code,
            room_id=row.room_id,
            active=row.active,
            created_at=row.created_at,
            valid_until=row.valid_until,
            ended_at=row.ended_at,
            end_reason=row.end_reason,
        )
        for row in load_badges(session, person_id)
    )


def issue_badge(session: Session, actor: Actor, command: IssueBadge, now: datetime) -> str:
    """Issue a badge and return its code: the next of its room, never one that was given out before."""
    if not allows(actor, Action.EDIT_BADGES):
        raise Refusal(Reason.NOT_ALLOWED)
    person = find_person(session, command.person_id)
    # The room's row is locked: two badges at once would draw the same code.
    room = session.scalar(select(RoomRow).where(RoomRow.id == command.room_id).with_for_update())
    if room is None:
        raise NotFound
    if not person.active:
        raise Refusal(Reason.PERSON_INACTIVE)
    if command.valid_until is not None and command.valid_until <= now:
        raise Refusal(Reason.BAD_PERIOD)
    code = make_code(CodeType.STAFF, room.number, _next_serial(session, room.id))
    session.add(
        BadgeRow(
            code=code,
            person_id=person.id,
            room_id=room.id,
            pin_hash=command.pin_hash,
            active=True,
            created_at=now,
            valid_until=command.valid_until,
        )
    )
    after = {
        "code": code,
        "room_id": room.id,
        "valid_until": command.valid_until.isoformat() if command.valid_until is not None else None,
    }
    add_audit(session, actor, AuditEntry(AuditAct.BADGE_ISSUED, "person", person.id, person.name, after=after), now)
    publish_badges(session, person)
    return code


def end_badge(session: Session, actor: Actor, person_id: str, code: str, *, reason: BadgeEnd, now: datetime) -> None:
    """Revoke a badge or report it lost; its gateway refuses it from the next feed on."""
    if not allows(actor, Action.EDIT_BADGES):
        raise Refusal(Reason.NOT_ALLOWED)
    person = find_person(session, person_id)
    badge = session.get(BadgeRow, code)
    if badge is None or badge.person_id != person_id:
        raise NotFound
    if not badge.active:
        raise Refusal(Reason.BADGE_ENDED)
    badge.active, badge.ended_at, badge.end_reason = False, now, reason
    before, after = {"code": code, "active": True}, {"code": code, "active": False, "reason": reason}
    entry = AuditEntry(AuditAct.BADGE_ENDED, "person", person.id, person.name, before=before, after=after)
    add_audit(session, actor, entry, now)
    publish_badges(session, person)


def _next_serial(session: Session, room_id: str) -> int:
    codes = [parse_code(text) for text in load_codes_of_room(session, room_id)]
    return max((code.serial for code in codes if isinstance(code, Code)), default=0) + 1
