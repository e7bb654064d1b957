"""Cases in lists: what lies in scope, found by number, customer or title, with what is late at this moment."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import ColumnElement, and_, func, select, true
from sqlalchemy.orm import Session

from central.domain.cases import Standing, judge_standing
from central.domain.clocks import Band
from central.domain.paging import LONGEST_PAGE, Page, walk_pages
from central.domain.people import Actor
from central.domain.permissions import Action, allows, find_scope
from central.domain.refusals import Reason, Refusal
from central.domain.search import split_query
from central.domain.templates import StepPart, Template
from central.store.case_lists import (
    CASE_ORDERS,
    count_cases,
    in_band,
    load_customers,
    load_person_names,
    load_steps_at_hand,
    load_unit_names,
    match_case,
    stands,
)
from central.store.cases import CaseRow, StepRow
from central.store.keyset import find_order, read_page
from central.store.scope import within_case
from central.store.templates import read_versions

COUNT_LIMIT = 1_000


@dataclass(frozen=True, slots=True)
class SearchCases:
    """What is looked for, and in which of CASE_ORDERS. `odd`: only cases whose news contradict each other."""

    text: str = ""
    band: Band | None = None
    standing: Standing | None = None
    odd: bool = False
    sort: str = "known"
    after: str | None = None
    limit: int = 50


@dataclass(frozen=True, slots=True)
class StepAtHand:
    """A step that goes on, with the cache of its clock."""

    code: str
    name: str
    name_en: str
    due_at: datetime | None
    warn_at: datetime | None
    provisional: bool
    band: Band


@dataclass(frozen=True, slots=True)
class CaseFound:
    """One line of the list."""

    id: str
    case_no: str
    title: str
    business: str
    business_name: str
    business_name_en: str
    customers: tuple[tuple[str, str], ...]
    unit_name: str
    handler_name: str
    opened_at: datetime | None
    closed_at: datetime | None
    standing: Standing
    odd: int
    steps: tuple[StepAtHand, ...]

    @property
    def urgent(self) -> StepAtHand | None:
        """The step that is due first, else the last one at hand."""
        timed = [step for step in self.steps if step.due_at is not None]
        if timed:
            return min(timed, key=lambda step: str(step.due_at))
        return self.steps[-1] if self.steps else None


def search_cases(session: Session, actor: Actor, search: SearchCases, now: datetime) -> Page[CaseFound]:
    """Return one page of the cases in scope that are looked for, in the order asked for."""
    query, order = select(CaseRow).where(_match(session, actor, search, now)), find_order(CASE_ORDERS, search.sort)
    rows, next_after = read_page(session, query, order, search.after, search.limit)
    return Page(tuple(_see(session, [row[0] for row in rows], now)), next_after)


def count_found(session: Session, actor: Actor, search: SearchCases, now: datetime) -> int:
    """Return how many cases are found, COUNT_LIMIT when there are as many or more."""
    return count_cases(session, _match(session, actor, search, now), COUNT_LIMIT)


def export_cases(session: Session, actor: Actor, search: SearchCases, now: datetime) -> Iterator[CaseFound]:
    """Yield everything that is found."""
    return walk_pages(lambda after: search_cases(session, actor, replace(search, after=after, limit=LONGEST_PAGE), now))


def _check(actor: Actor) -> None:
    if not allows(actor, Action.SEE_CASES):
        raise Refusal(Reason.NOT_ALLOWED)


def _match(session: Session, actor: Actor, search: SearchCases, now: datetime) -> ColumnElement[bool]:
    _check(actor)
    scope = find_scope(actor, Action.SEE_CASES)
    conditions = [within_case(scope, CaseRow.unit_id, CaseRow.handler_id)]
    conditions += [match_case(word) for word in split_query(search.text)]
    if search.band is not None:
        conditions += [in_band(search.band, now), CaseRow.closed_at.is_(None)]
    if search.standing is not None:
        conditions.append(stands(search.standing))
    if search.odd:
        conditions.append(_is_odd(session))
    return and_(true(), *conditions)


def _is_odd(session: Session) -> ColumnElement[bool]:
    length = func.jsonb_array_length if session.get_bind().dialect.name == "postgresql" else func.json_array_length
    return length(CaseRow.odd) > 0


def _see(session: Session, rows: Sequence[CaseRow], now: datetime) -> Iterator[CaseFound]:
    ids = [row.id for row in rows]
    steps, customers = load_steps_at_hand(session, ids), load_customers(session, ids)
    people = load_person_names(session, [row.handler_id for row in rows])
    units = load_unit_names(session, [row.unit_id for row in rows])
    templates = read_versions(session, [row.template_id for row in rows])
    for row in rows:
        template = templates.get(row.template_id)
        yield CaseFound(
            id=row.id,
            case_no=row.case_no,
            title=row.title,
            business=row.business,
            business_name=template.name if template is not None else row.business,
            business_name_en=template.name_en if template is not None else row.business,
            customers=tuple(customers.get(row.id, ())),
            unit_name=units.get(row.unit_id, ""),
            handler_name=people.get(row.handler_id, ""),
            opened_at=row.opened_at,
            closed_at=row.closed_at,
            standing=judge_standing(row.opened_at, row.closed_at, paused=row.paused),
            odd=len(row.odd),
            steps=tuple(_see_step(step, template, now) for step in steps.get(row.id, ()) if row.closed_at is None),
        )


def _see_step(row: StepRow, template: Template | None, now: datetime) -> StepAtHand:
    part = (template.find_step(row.code) if template is not None else None) or StepPart(row.code, row.code, row.code)
    band = Band.NORMAL
    if row.due_at is not None and row.due_at <= now:
        band = Band.OVERDUE
    elif row.warn_at is not None and row.warn_at <= now:
        band = Band.WARNING
    return StepAtHand(row.code, part.name, part.name_en, row.due_at, row.warn_at, row.provisional, band)
