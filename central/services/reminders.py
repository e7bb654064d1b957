"""How many things wait for a person: the figure in the top bar of every page."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, and_, false, func, or_, select, true
from sqlalchemy.orm import Session

from central.domain.approvals import DECIDES, ApprovalState
from central.domain.people import Actor
from central.domain.permissions import find_scope
from central.store.approvals import ApprovalRow


def count_reminders(session: Session, actor: Actor, now: datetime) -> int:
    """Return how many decisions wait for this person."""
    conditions: list[ColumnElement[bool]] = []
    for act, action in DECIDES.items():
        scope = find_scope(actor, action)
        if not scope.empty:
            reached = true() if scope.everything else ApprovalRow.unit_id.in_(sorted(scope.unit_ids))
            conditions.append(and_(ApprovalRow.act == act.value, reached))
    if not conditions:
        return 0
    query = select(func.count()).where(
        ApprovalRow.state == ApprovalState.ASKED.value,
        ApprovalRow.expires_at > now,
        ApprovalRow.asked_by != actor.person_id,
        func.coalesce(ApprovalRow.asked_for, "") != actor.person_id,
        or_(false(), *conditions),
    )
    return session.scalar(query) or 0
