"""Dossiers: search, the list for a spreadsheet, one dossier with all that lies in it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, true
from sqlalchemy.orm import InstrumentedAttribute, Session

from central.domain.masking import mask_id_number, show_id_number
from central.domain.paging import LONGEST_PAGE, Page, make_cursor, read_cursor, walk_pages
from central.domain.people import Actor
from central.domain.permissions import Action, Scope, find_scope
from central.domain.refusals import NotFound, Reason, Refusal
from central.domain.search import split_query
from central.store import dossiers as store
from central.store.cases import CaseRow
from central.store.customers import ContractRow, CustomerRow, DossierRow
from central.store.documents import DocumentRow
from central.store.keyset import find_order, read_page
from central.store.scope import within_case


@dataclass(frozen=True, slots=True)
class SearchDossiers:
    """What to look for; an empty text finds all. `after` is the cursor of the page before."""

    text: str = ""
    state: str | None = None
    sort: str = "customer_no"
    after: str | None = None
    limit: int = 50


@dataclass(frozen=True, slots=True)
class DossierFound:
    """A dossier and its customer, as lists show them; never with an ID number."""

    id: str
    dossier_no: str
    customer_no: str
    name: str
    address: str
    meter_no: str
    state: str
    unit_name: str | None
    handler_name: str | None


@dataclass(frozen=True, slots=True)
class CaseInDossier:
    """A case of the dossier's customer."""

    id: str
    case_no: str
    business: str
    title: str
    step: str | None
    opened_at: datetime | None
    closed_at: datetime | None
    paused: bool
    handler_name: str | None
    #: Whether the reader may open its own page.
    opens: bool


@dataclass(frozen=True, slots=True)
class ContractInDossier:
    """A contract of the dossier's customer."""

    contract_no: str
    signed_on: date
    ends_on: date | None
    ended_on: date | None
    renews_itself: bool


@dataclass(frozen=True, slots=True)
class DocumentInDossier:
    """A paper of the dossier; `cited_from`: it is filed in that other dossier (互见)."""

    id: str
    code: str
    name: str
    name_en: str
    medium: str
    state: str
    step: str
    case_no: str
    pages: int
    paper_created_at: datetime
    cited_from: str | None
    #: Whether the reader may open its own page.
    opens: bool


@dataclass(frozen=True, slots=True)
class DossierSeen:
    """One dossier: its customer, ID number as the reader may see it, what it was merged with, cases, contracts."""

    found: DossierFound
    opened_at: datetime
    id_number: str
    id_number_masked: bool
    #: Customer numbers whose papers lie here: the own one first, then those of dossiers merged into this one.
    numbers: tuple[str, ...]
    #: (id, number) of the dossier that this one was merged into.
    merged_into: tuple[str, str] | None
    #: The customer number that this one is now another name for, as the marketing system says.
    customer_merged_into: str | None
    cases: tuple[CaseInDossier, ...]
    contracts: tuple[ContractInDossier, ...]


def search_dossiers(session: Session, actor: Actor, command: SearchDossiers) -> Page[DossierFound]:
    """Return dossiers in the actor's reach in which every word occurs: number, name, address, meter."""
    sought = store.match_dossiers(split_query(command.text), command.state)
    query = store.select_dossiers(find_scope(actor, Action.SEE_DOSSIERS)).where(sought)
    order = find_order(store.DOSSIER_ORDERS, command.sort)
    rows, next_after = read_page(session, query, order, command.after, command.limit)
    return Page(tuple(_to_found(row) for row in rows), next_after)


def export_dossiers(session: Session, actor: Actor, command: SearchDossiers) -> Iterator[DossierFound]:
    """Yield everything a search finds, page by page."""
    return walk_pages(lambda after: search_dossiers(session, actor, replace(command, after=after, limit=LONGEST_PAGE)))


def count_dossiers(session: Session, actor: Actor, state: str | None = None) -> int:
    """Return how many dossiers the actor may see."""
    return store.count_dossiers(session, find_scope(actor, Action.SEE_DOSSIERS), state)


def find_dossier_id(session: Session, actor: Actor, customer_no: str) -> str:
    """Return the dossier of a customer number; NotFound outside the actor's reach."""
    row = store.find_dossier_by_number(session, find_scope(actor, Action.SEE_DOSSIERS), customer_no)
    if row is None:
        raise NotFound
    return str(row.id)


def show_dossier(session: Session, actor: Actor, dossier_id: str) -> DossierSeen:
    """Return one dossier; NotFound when it doesn't exist or lies outside the actor's reach."""
    scope = find_scope(actor, Action.SEE_DOSSIERS)
    row = _find(session, scope, dossier_id)
    numbers = store.list_numbers_of(session, dossier_id)
    cases = store.load_cases_of(session, numbers, _within(scope, row, CaseRow.unit_id, CaseRow.handler_id))
    contracts = store.load_contracts_of(
        session, numbers, _within(scope, row, ContractRow.unit_id, ContractRow.handler_id)
    )
    shown = show_id_number(row.id_number, actor, unit_id=row.unit_id, handler_ids=_handlers(row))
    into = session.get(DossierRow, row.merged_into) if row.merged_into is not None else None
    other = session.get(CustomerRow, row.customer_merged_into) if row.customer_merged_into is not None else None
    return DossierSeen(
        found=_to_found(row),
        opened_at=row.opened_at,
        id_number=shown,
        id_number_masked=bool(row.id_number) and shown == mask_id_number(row.id_number),
        numbers=numbers,
        merged_into=(into.id, into.dossier_no) if into is not None else None,
        customer_merged_into=other.customer_no if other is not None else None,
        cases=tuple(_to_case(each, find_scope(actor, Action.SEE_CASES)) for each in cases),
        contracts=tuple(
            ContractInDossier(each.contract_no, each.signed_on, each.ends_on, each.ended_on, each.renews_itself)
            for each in contracts
        ),
    )


def list_dossier_documents(
    session: Session, actor: Actor, dossier_id: str, after: str | None = None, limit: int = 50
) -> Page[DocumentInDossier]:
    """Return the papers filed in or cited from a dossier, the newest first."""
    scope = find_scope(actor, Action.SEE_DOSSIERS)
    row = _find(session, scope, dossier_id)
    limit = max(1, min(limit, LONGEST_PAGE))
    before = _read_document_cursor(after) if after else None
    within = _within(scope, row, DocumentRow.unit_id, DocumentRow.handler_id)
    seen = find_scope(actor, Action.SEE_DOCUMENTS)
    lines = store.load_documents_of(session, dossier_id, within, before, limit + 1)
    items = tuple(
        DocumentInDossier(
            id=line.id,
            code=line.code,
            name=line.name,
            name_en=line.name_en,
            medium=line.medium,
            state=line.state,
            step=line.step,
            case_no=line.case_no,
            pages=line.pages,
            paper_created_at=line.paper_created_at,
            cited_from=line.dossier_no if line.dossier_id != dossier_id else None,
            opens=seen.covers_case(line.unit_id, _handlers(line)),
        )
        for line in lines[:limit]
    )
    last = items[-1] if len(lines) > limit else None
    return Page(items, make_cursor(last.paper_created_at.isoformat(), last.id) if last is not None else None)


def _find(session: Session, scope: Scope, dossier_id: str) -> store.Line:
    row = store.find_dossier(session, scope, dossier_id)
    if row is None:
        raise NotFound
    return row


def _handlers(row: store.Line) -> frozenset[str]:
    return frozenset({row.handler_id} - {None})


def _within(
    scope: Scope, row: store.Line, unit_id: InstrumentedAttribute[Any], handler_id: InstrumentedAttribute[Any]
) -> ColumnElement[bool]:
    """Who sees a dossier as a whole sees all in it; who sees it for one case of theirs sees that case's things."""
    whole = scope.covers_case(row.unit_id, _handlers(row))
    return true() if whole else within_case(scope, unit_id, handler_id)


def _to_found(row: store.Line) -> DossierFound:
    return DossierFound(
        id=row.id,
        dossier_no=row.dossier_no,
        customer_no=row.customer_no,
        name=row.name,
        address=row.address,
        meter_no=row.meter_no,
        state=row.state,
        unit_name=row.unit_name,
        handler_name=row.handler_name,
    )


def _to_case(row: store.Line, seen: Scope) -> CaseInDossier:
    return CaseInDossier(
        id=row.id,
        case_no=row.case_no,
        business=row.business,
        title=row.title,
        step=row.step,
        opened_at=row.opened_at,
        closed_at=row.closed_at,
        paused=row.paused,
        handler_name=row.handler_name,
        opens=seen.covers_case(row.unit_id, _handlers(row)),
    )


def _read_document_cursor(cursor: str) -> tuple[datetime, str]:
    at, document_id = read_cursor(cursor, 2)
    try:
        moment = datetime.fromisoformat(at)
    except ValueError:
        raise Refusal(Reason.BAD_CURSOR) from None
    if moment.tzinfo is None:
        raise Refusal(Reason.BAD_CURSOR)
    return moment, document_id
