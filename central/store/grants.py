"""What a person may act by now: roles in force, own and lent, spread over the organisation."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from central.domain.people import Absence, Grant, check_grant, combine_grants
from central.domain.refusals import Reason, Refusal
from central.store.organisation import find_open_unit, load_tree
from central.store.people import AbsenceRow, PersonRow, load_held_roles
from central.store.rooms import RoomRow


def load_grants(session: Session, person_id: str, now: datetime) -> frozenset[Grant]:
    """Return what a person may act by now, spread over the organisation: own roles and those of absent people."""
    lasting = select(AbsenceRow.person_id).where(
        AbsenceRow.deputy_id == person_id, AbsenceRow.from_at <= now, AbsenceRow.until_at > now
    )
    away = set(session.scalars(lasting.join(PersonRow, PersonRow.id == AbsenceRow.person_id).where(PersonRow.active)))
    held = load_held_roles(session, {person_id, *away})
    # The window was in the query; the domain only needs to know who is away.
    absences = [Absence(each, person_id, now, datetime.max.replace(tzinfo=now.tzinfo)) for each in away]
    grants = combine_grants(person_id, held, absences, now)
    if all(grant.whole for grant in grants):
        return grants
    tree = load_tree(session)
    return frozenset(tree.spread_grant(grant) for grant in grants)


def check_held_for(session: Session, grant: Grant) -> None:
    """Refuse a role for a thing that doesn't exist or doesn't fit it."""
    if grant.room_id is not None and session.get(RoomRow, grant.room_id) is None:
        raise Refusal(Reason.INVALID, details=(f"rooms: {grant.room_id}",))
    unit = find_open_unit(session, grant.unit_id) if grant.unit_id is not None else None
    if unit is None and grant.unit_id is not None:
        raise Refusal(Reason.INVALID, details=(f"units: {grant.unit_id}",))
    fault = check_grant(grant, unit.kind if unit is not None else None)
    if fault is not None:
        raise Refusal(Reason.ROLE_SCOPE, details=(f"{grant.role}: {fault}",))
