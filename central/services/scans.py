"""Which document a scanned bundle belongs to, and in whose name it comes in: its handler's, in its own team only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from central.domain.documents import DocumentAct, DocumentState, find_next
from central.domain.organisation import UnitKind
from central.domain.people import Actor
from central.domain.permissions import Action, find_scope
from central.store.documents import DocumentRow, UploadRow
from central.store.grants import load_grants
from central.store.organisation import UnitRow
from central.store.people import PersonRow


@dataclass(frozen=True, slots=True)
class BundleOwner:
    """In whose name a bundle is captured; `known`: the same bytes came to this document by a scanner before."""

    actor: Actor
    known: bool


def find_team_id(session: Session, name: str) -> str | None:
    """Return the team whose scanner folder has this name."""
    query = select(UnitRow.id).where(
        UnitRow.name == name, UnitRow.kind == UnitKind.TEAM.value, UnitRow.closed_at.is_(None)
    )
    found = session.scalars(query.limit(2)).all()
    return found[0] if len(found) == 1 else None


def find_bundle_owner(
    session: Session, unit_id: str, document_id: str, sha256: str, now: datetime
) -> BundleOwner | None:
    """Return who captures a bundle, None when nobody may: another team's, a document past its scanning, no handler."""
    row = session.get(DocumentRow, document_id)
    if row is None or row.voided_at is not None or row.unit_id != unit_id or row.handler_id is None:
        return None
    known = session.scalar(
        select(UploadRow.id)
        .where(UploadRow.document_id == row.id, UploadRow.sha256 == sha256, UploadRow.way == "scanner")
        .limit(1)
    )
    person = session.get(PersonRow, row.handler_id)
    if person is None or not person.active:
        return None
    actor = Actor(person.id, person.login or "", person.name, load_grants(session, person.id, now))
    if not find_scope(actor, Action.ADD_DOCUMENT).covers_case(row.unit_id, [row.handler_id]):
        return None
    if known is None and find_next(DocumentState(row.state), DocumentAct.CAPTURE) is None:
        return None
    return BundleOwner(actor, known is not None)
