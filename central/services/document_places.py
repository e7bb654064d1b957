"""Where a document stands: the dossier it is filed in, those that cite it (互见), and its neighbours in the case."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from central.domain.people import Actor
from central.domain.permissions import Action, find_scope
from central.store.cases import StepRow
from central.store.customers import CitationRow, CustomerRow, DossierRow
from central.store.document_acts import find_document
from central.store.documents import DocumentRow
from central.store.scope import within_case


@dataclass(frozen=True, slots=True)
class FiledIn:
    """A dossier that holds or cites the document; `id` empty: it lies outside the reader's scope."""

    id: str
    dossier_no: str
    customer: str
    cited: bool


@dataclass(frozen=True, slots=True)
class Neighbour:
    """The document before or after, in the order of the case."""

    id: str
    name: str
    name_en: str


@dataclass(frozen=True, slots=True)
class DocumentPlace:
    """Where one document stands, and when its paper came into being."""

    case_id: str
    dossiers: tuple[FiledIn, ...]
    before: Neighbour | None
    after: Neighbour | None
    created_at: datetime
    created_assumed: bool


def show_place(session: Session, actor: Actor, document_id: str) -> DocumentPlace:
    """Return where a document within the actor's scope stands; the first dossier is the one it is filed in."""
    row = find_document(session, actor, Action.SEE_DOCUMENTS, document_id)
    order = _load_order(session, actor, row)
    at = next(index for index, each in enumerate(order) if each.id == row.id)
    return DocumentPlace(
        case_id=row.case_id,
        dossiers=_load_dossiers(session, actor, row),
        before=order[at - 1] if at > 0 else None,
        after=order[at + 1] if at + 1 < len(order) else None,
        created_at=row.paper_created_at,
        created_assumed=row.created_assumed,
    )


def _load_order(session: Session, actor: Actor, row: DocumentRow) -> Sequence[Neighbour]:
    """Return what can be read of the case within scope, step by step, and the document itself."""
    scope = find_scope(actor, Action.SEE_DOCUMENTS)
    query = (
        select(DocumentRow.id, DocumentRow.name, DocumentRow.name_en)
        .join(StepRow, (StepRow.case_id == DocumentRow.case_id) & (StepRow.code == DocumentRow.step))
        .where(
            DocumentRow.case_id == row.case_id,
            DocumentRow.voided_at.is_(None),
            or_(DocumentRow.pages > 0, DocumentRow.id == row.id),
            within_case(scope, DocumentRow.unit_id, DocumentRow.handler_id),
        )
        .order_by(StepRow.position, DocumentRow.id)
    )
    return [Neighbour(document_id, name, name_en) for document_id, name, name_en in session.execute(query)]


def _load_dossiers(session: Session, actor: Actor, row: DocumentRow) -> tuple[FiledIn, ...]:
    citing = select(CitationRow.dossier_id).where(CitationRow.document_id == row.id)
    query = (
        select(DossierRow, CustomerRow.name)
        .join(CustomerRow, CustomerRow.id == DossierRow.customer_id)
        .where(or_(DossierRow.id == row.dossier_id, DossierRow.id.in_(citing)))
        .order_by(DossierRow.dossier_no)
    )
    scope = find_scope(actor, Action.SEE_DOSSIERS)
    found = [
        FiledIn(
            dossier.id if scope.covers_case(dossier.unit_id, [dossier.handler_id]) else "",
            dossier.dossier_no,
            name,
            cited=dossier.id != row.dossier_id,
        )
        for dossier, name in session.execute(query)
    ]
    return tuple(sorted(found, key=lambda each: each.cited))
