"""Taking the marketing system's news: each event once, whatever its order, with everything that follows from it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from central.domain.case_plans import Ground
from central.domain.marketing import (
    CASE_KINDS,
    ContractEnded,
    ContractSigned,
    CustomersMerged,
    CustomerSplit,
    CustomerTold,
    Kind,
    MarketingEvent,
    to_case_event,
)
from central.domain.sweeps import SubjectKind
from central.store.calendars import load_calendar
from central.store.case_writing import GateTurned, find_handler, find_team, lock_case, rewrite_case
from central.store.cases import CaseEventRow, CaseRow, MarketingEventRow
from central.store.customers import ContractRow, keep_customer, keep_dossier
from central.store.ids import new_id
from central.store.rules import load_rules
from central.store.sweeps import answer_subjects


class Taken(StrEnum):
    """What became of an event."""

    NEW = "new"
    #: The same event was taken before.
    KNOWN = "known"
    #: Its id was used before for other news: nothing was taken.
    CONFLICT = "conflict"


@dataclass(frozen=True, slots=True)
class EventTaken:
    """One event's end."""

    event_id: str
    result: Taken


@dataclass(frozen=True, slots=True)
class NewsTaken:
    """What a batch came to, and the step gates that turned by it."""

    events: tuple[EventTaken, ...]
    turned: tuple[GateTurned, ...]


def take_news(session: Session, events: Sequence[MarketingEvent], key_id: str, now: datetime) -> NewsTaken:
    """Write down every event that is new, then bring each case that they speak of to what its news says."""
    known = _load_known(session, events)
    taken: list[EventTaken] = []
    cases: dict[str, CaseRow] = {}
    # By number: two batches that meet wait for each other in one order only.
    for number in sorted({event.subject for event in events if event.kind in CASE_KINDS}):
        cases[number] = keep_case(session, number, now)
    for event in events:
        digest = known.get((event.source, event.id))
        if digest is not None:
            taken.append(EventTaken(event.id, Taken.KNOWN if digest == event.digest else Taken.CONFLICT))
            continue
        known[event.source, event.id] = event.digest
        _keep_event(session, event, key_id, now)
        if event.kind in CASE_KINDS:
            _keep_case_news(session, cases[event.subject], event, now)
        else:
            _take_other(session, event, now)
        taken.append(EventTaken(event.id, Taken.NEW))
    touched = {event.subject for event, end in zip(events, taken, strict=True) if end.result is Taken.NEW}
    calendar, rules = load_calendar(session), load_rules(session)
    turned: list[GateTurned] = []
    for number in sorted(touched & set(cases)):
        turned += rewrite_case(session, cases[number], Ground(rules, calendar, now))
    return NewsTaken(tuple(taken), tuple(turned))


def keep_case(session: Session, case_no: str, now: datetime) -> CaseRow:
    """Return the case of this number, locked; one that nobody told of yet is kept with its number alone."""
    found = session.scalar(select(CaseRow.id).where(CaseRow.case_no == case_no))
    if found is None:
        row = CaseRow(id=new_id(), case_no=case_no, attributes={}, odd=[], created_at=now, folded_at=now)
        session.add(row)
        session.flush()
        found = row.id
    return lock_case(session, found)


def _load_known(session: Session, events: Iterable[MarketingEvent]) -> dict[tuple[str, str], str]:
    ids = sorted({event.id for event in events})
    query = select(MarketingEventRow.source, MarketingEventRow.event_id, MarketingEventRow.digest)
    rows = session.execute(query.where(MarketingEventRow.event_id.in_(ids)))
    return {(source, event_id): digest for source, event_id, digest in rows}


def _keep_event(session: Session, event: MarketingEvent, key_id: str, now: datetime) -> None:
    session.add(
        MarketingEventRow(
            id=new_id(),
            source=event.source,
            event_id=event.id,
            type=event.kind.value,
            subject=event.subject,
            occurred_at=event.occurred_at,
            received_at=now,
            key_id=key_id,
            digest=event.digest,
            body=dict(event.body),
            state="taken",
        )
    )


def _keep_case_news(session: Session, case: CaseRow, event: MarketingEvent, now: datetime) -> None:
    told = to_case_event(event)
    session.add(
        CaseEventRow(
            id=new_id(),
            case_id=case.id,
            event_id=f"{event.source}#{event.id}",
            kind=told.kind.value,
            occurred_at=told.occurred_at,
            received_at=now,
            facts=dict(told.facts),
            corrects=f"{event.source}#{told.corrects}" if told.corrects is not None else None,
        )
    )


def _take_other(session: Session, event: MarketingEvent, now: datetime) -> None:
    part, stamp = event.part, (event.occurred_at.astimezone(UTC).isoformat(), event.id)
    if isinstance(part, CustomerTold):
        _tell_customer(session, part, stamp, now)
    elif isinstance(part, CustomersMerged):
        _merge_customers(session, part, now)
    elif isinstance(part, CustomerSplit):
        keep_dossier(session, part.from_no, unit_id=None, handler_id=None, now=now)
        for each in part.into:
            _tell_customer(session, each, stamp, now)
    elif isinstance(part, ContractSigned):
        _sign_contract(session, part, event.occurred_at, now)
    elif isinstance(part, ContractEnded):
        row = session.scalar(select(ContractRow).where(ContractRow.contract_no == part.contract_no))
        if row is not None:
            row.ended_on, row.next_check_at = part.ended_on, None
            answer_subjects(session, SubjectKind.CONTRACT, [row.id], now)


def _tell_customer(session: Session, part: CustomerTold, stamp: tuple[str, str], now: datetime) -> None:
    """Take over each field whose newest news this is."""
    row = keep_customer(session, part.customer_no, now)
    handler_id = find_handler(session, part.handler)
    told: dict[str, Any] = {
        "name": part.name,
        "address": part.address,
        "meter_no": part.meter_no,
        "id_number": part.id_number,
        "handler_id": handler_id,
        "unit_id": find_team(session, part.team, handler_id),
    }
    stamps = dict(row.told)
    for name, value in told.items():
        if value is not None and tuple(stamps.get(name, ("", ""))) <= stamp:
            setattr(row, name, value)
            stamps[name] = list(stamp)
    attributes = dict(row.attributes)
    for name, value in part.attributes.items():
        if tuple(stamps.get(f"attributes.{name}", ("", ""))) <= stamp:
            attributes[name] = value
            stamps[f"attributes.{name}"] = list(stamp)
    row.attributes, row.told = attributes, stamps
    dossier = keep_dossier(session, part.customer_no, unit_id=row.unit_id, handler_id=row.handler_id, now=now)
    if dossier.customer_id == row.id:
        dossier.unit_id, dossier.handler_id = row.unit_id, row.handler_id


def _merge_customers(session: Session, part: CustomersMerged, now: datetime) -> None:
    """Note that a number is another's now. Their dossiers stay apart until two people merge them (P1)."""
    into, row = keep_customer(session, part.into_no, now), keep_customer(session, part.from_no, now)
    for each in (into, row):
        keep_dossier(session, each.customer_no, unit_id=each.unit_id, handler_id=each.handler_id, now=now)
    row.state, row.merged_into = "merged", into.id


def _sign_contract(session: Session, part: ContractSigned, at: datetime, now: datetime) -> None:
    customer = keep_customer(session, part.customer_no, now)
    row = session.scalar(select(ContractRow).where(ContractRow.contract_no == part.contract_no))
    if row is None:
        row = ContractRow(id=new_id(), contract_no=part.contract_no, told_at=at)
        session.add(row)
    elif at < row.told_at:
        return
    row.customer_id, row.unit_id, row.handler_id = customer.id, customer.unit_id, customer.handler_id
    row.signed_on, row.ends_on, row.renews_itself, row.told_at = part.signed_on, part.ends_on, part.renews_itself, at
    row.ended_on = row.ended_on or _find_end_told_before(session, part.contract_no)
    announced = part.ends_on is not None and not part.renews_itself and row.ended_on is None
    row.next_check_at = now if announced else None
    session.flush()
    # another end than the one announced, or none any more
    answer_subjects(session, SubjectKind.CONTRACT, [row.id], now)


def _find_end_told_before(session: Session, contract_no: str) -> date | None:
    """Return when a contract ended, if that news came before the news of its signing."""
    query = select(MarketingEventRow.body).where(
        MarketingEventRow.type == Kind.CONTRACT_ENDED.value, MarketingEventRow.subject == contract_no
    )
    body = session.scalar(query.order_by(MarketingEventRow.occurred_at.desc()).limit(1))
    return date.fromisoformat(body["data"]["ended_on"]) if body is not None else None
