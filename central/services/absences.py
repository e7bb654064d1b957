"""Who is away, and who acts for them meanwhile. Everybody enters their own; an administrator enters others'."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from central.domain.audit import AuditAct, AuditEntry
from central.domain.people import Actor
from central.domain.permissions import Action, allows
from central.domain.refusals import NotFound, Reason, Refusal
from central.store.audit import add_audit
from central.store.ids import new_id
from central.store.people import AbsenceRow, PersonRow, find_person, find_person_by_login, load_absences, load_names


@dataclass(frozen=True, slots=True)
class SetAbsence:
    """A person is away from, until; `deputy_login` names who acts for them, if anybody does."""

    person_id: str
    from_at: datetime
    until_at: datetime
    deputy_login: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class AbsenceSeen:
    """One absence with the names of both people."""

    id: str
    person_id: str
    person_name: str
    deputy_id: str | None
    deputy_name: str | None
    from_at: datetime
    until_at: datetime
    reason: str


def list_absences(session: Session, actor: Actor, person_id: str, now: datetime) -> tuple[AbsenceSeen, ...]:
    """Return present and coming absences of a person, and of those for whom they stand in."""
    if person_id != actor.person_id and not allows(actor, Action.SEE_PEOPLE):
        raise NotFound
    rows = load_absences(session, person_id, now)
    names = load_names(session, [each for row in rows for each in (row.person_id, row.deputy_id)])
    return tuple(
        AbsenceSeen(
            id=row.id,
            person_id=row.person_id,
            person_name=names[row.person_id],
            deputy_id=row.deputy_id,
            deputy_name=names.get(row.deputy_id) if row.deputy_id is not None else None,
            from_at=row.from_at,
            until_at=row.until_at,
            reason=row.reason,
        )
        for row in rows
    )


def set_absence(session: Session, actor: Actor, command: SetAbsence, now: datetime) -> str:
    """Enter an absence and return its id; from its beginning to its end the deputy acts in the person's roles."""
    person = _find_editable(session, actor, command.person_id)
    if command.until_at <= max(command.from_at, now):
        raise Refusal(Reason.BAD_PERIOD)
    deputy = _find_deputy(session, actor, command) if command.deputy_login else None
    row = AbsenceRow(
        id=new_id(),
        person_id=person.id,
        deputy_id=deputy.id if deputy is not None else None,
        from_at=command.from_at,
        until_at=command.until_at,
        reason=command.reason,
        entered_by=actor.person_id,
        entered_at=now,
    )
    session.add(row)
    session.flush()
    entry = AuditEntry(
        AuditAct.ABSENCE_SET, "person", person.id, person.name, command.reason, after=_describe(row, deputy)
    )
    add_audit(session, actor, entry, now)
    return row.id


def end_absence(session: Session, actor: Actor, person_id: str, absence_id: str, now: datetime) -> None:
    """End an absence now, or take a coming one back: the deputy's rights end with it."""
    person = _find_editable(session, actor, person_id)
    row = session.get(AbsenceRow, absence_id)
    if row is None or row.person_id != person_id:
        raise NotFound
    if row.until_at <= now:
        return
    before = _describe(row, None)
    row.until_at = now
    row.from_at = min(row.from_at, now)
    add_audit(session, actor, AuditEntry(AuditAct.ABSENCE_ENDED, "person", person.id, person.name, before=before), now)


def _find_editable(session: Session, actor: Actor, person_id: str) -> PersonRow:
    if person_id != actor.person_id and not allows(actor, Action.EDIT_PERSON):
        raise NotFound
    return find_person(session, person_id)


def _find_deputy(session: Session, actor: Actor, command: SetAbsence) -> PersonRow:
    deputy = find_person_by_login(session, command.deputy_login)
    if deputy is None or not deputy.active or deputy.id == command.person_id:
        raise Refusal(Reason.NO_DEPUTY)
    if deputy.id == actor.person_id:
        # Else an administrator could lend themselves anybody's rights.
        raise Refusal(Reason.OWN_RIGHTS)
    away = select(AbsenceRow.id).where(
        AbsenceRow.person_id == deputy.id, AbsenceRow.from_at < command.until_at, AbsenceRow.until_at > command.from_at
    )
    if session.scalar(away.limit(1)) is not None:
        raise Refusal(Reason.NO_DEPUTY)
    return deputy


def _describe(row: AbsenceRow, deputy: PersonRow | None) -> dict[str, str | None]:
    return {
        "from": row.from_at.isoformat(),
        "until": row.until_at.isoformat(),
        "deputy_id": row.deputy_id,
        "deputy": deputy.name if deputy is not None else None,
    }
