"""Giving and withdrawing roles. Nobody changes their own."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from central.domain.audit import AuditAct, AuditEntry
from central.domain.people import Actor, Grant, describe_grant
from central.domain.permissions import Action, allows
from central.domain.refusals import NotFound, Reason, Refusal
from central.store.audit import add_audit
from central.store.grants import check_held_for
from central.store.ids import new_id
from central.store.people import RoleRow, find_person


@dataclass(frozen=True, slots=True)
class GrantRole:
    """A role for a person, from now on if nothing else is said, until withdrawn if no end is named."""

    person_id: str
    grant: Grant
    from_at: datetime | None = None
    until_at: datetime | None = None


def grant_role(session: Session, actor: Actor, command: GrantRole, now: datetime) -> str:
    """Give a role and return its id."""
    _check(actor, command.person_id)
    person = find_person(session, command.person_id)
    if not person.active:
        raise Refusal(Reason.PERSON_INACTIVE)
    check_held_for(session, command.grant)
    from_at = command.from_at or now
    if command.until_at is not None and command.until_at <= max(from_at, now):
        raise Refusal(Reason.BAD_PERIOD)
    if _overlaps(session, command, from_at):
        raise Refusal(Reason.ROLE_HELD)
    row = RoleRow(
        id=new_id(),
        person_id=person.id,
        role=command.grant.role.value,
        room_id=command.grant.room_id,
        unit_id=command.grant.unit_id,
        from_at=from_at,
        until_at=command.until_at,
        granted_by=actor.person_id,
    )
    session.add(row)
    session.flush()
    after = {
        "role": describe_grant(command.grant),
        "from": from_at.isoformat(),
        "until": command.until_at.isoformat() if command.until_at is not None else None,
    }
    add_audit(session, actor, AuditEntry(AuditAct.ROLE_GRANTED, "person", person.id, person.name, after=after), now)
    return row.id


def withdraw_role(session: Session, actor: Actor, person_id: str, role_id: str, *, why: str, now: datetime) -> None:
    """End a role now; withdrawing it again changes nothing."""
    _check(actor, person_id)
    person = find_person(session, person_id)
    row = session.get(RoleRow, role_id)
    if row is None or row.person_id != person_id:
        raise NotFound
    if row.withdrawn_at is not None:
        return
    row.withdrawn_at, row.withdrawn_by = now, actor.person_id
    before = {"role": describe_grant(row.to_held().grant)}
    entry = AuditEntry(AuditAct.ROLE_WITHDRAWN, "person", person_id, person.name, why, before=before)
    add_audit(session, actor, entry, now)


def _check(actor: Actor, person_id: str) -> None:
    if not allows(actor, Action.EDIT_PERSON):
        raise Refusal(Reason.NOT_ALLOWED)
    if actor.person_id == person_id:
        raise Refusal(Reason.OWN_RIGHTS)


def _overlaps(session: Session, command: GrantRole, from_at: datetime) -> bool:
    """Whether the person holds the same role for the same thing at any time of the new one."""
    grant = command.grant
    query = select(RoleRow).where(
        RoleRow.person_id == command.person_id,
        RoleRow.role == grant.role.value,
        RoleRow.room_id == grant.room_id if grant.room_id is not None else RoleRow.room_id.is_(None),
        RoleRow.unit_id == grant.unit_id if grant.unit_id is not None else RoleRow.unit_id.is_(None),
        RoleRow.withdrawn_at.is_(None),
        RoleRow.until_at.is_(None) | (RoleRow.until_at > from_at),
    )
    if command.until_at is not None:
        query = query.where(RoleRow.from_at < command.until_at)
    return session.scalar(query.limit(1)) is not None
