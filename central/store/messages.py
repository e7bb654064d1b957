"""Messages and deliveries as rows: who hears of an urge, what it says, and what became of it on each way out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, and_, func, null, select, true, type_coerce, update
from sqlalchemy.orm import Session

from central.domain.messages import DeliveryState
from central.domain.organisation import UnitKind, UnitTree
from central.domain.people import Role
from central.domain.search import make_pattern
from central.domain.sweeps import SubjectKind
from central.domain.urges import Level
from central.store.base import Instant
from central.store.cases import CaseRow, StepRow
from central.store.customers import ContractRow, CustomerRow
from central.store.documents import DocumentRow, TaskRow
from central.store.keyset import Order
from central.store.people import AbsenceRow, PersonRow, find_people_of
from central.store.urges import ChannelRow, DeliveryRow, MessageRow, UrgeRow

ROLES = {
    Level.COLLECTOR: Role.COLLECTOR,
    Level.TEAM_LEADER: Role.TEAM_LEADER,
    Level.CENTRE_MANAGER: Role.CENTRE_MANAGER,
}


class Recipients:
    """Finds people by level; one of these serves one transaction and asks for each team once."""

    def __init__(self, session: Session, tree: UnitTree, now: datetime) -> None:
        self._session = session
        self._tree = tree
        self._now = now
        self._found: dict[tuple[Level, str | None], frozenset[str]] = {}

    def find(self, levels: Sequence[Level], handler_id: str | None, unit_id: str | None) -> frozenset[str]:
        """Return who hears of a matter. Where nobody holds any of these levels, the next one up does."""
        people = frozenset().union(*(self._find_level(level, handler_id, unit_id) for level in levels))
        order = list(Level)
        above = order[order.index(levels[-1]) + 1 :]
        while not people and above:
            people = self._find_level(above.pop(0), handler_id, unit_id)
        return people

    def _find_level(self, level: Level, handler_id: str | None, unit_id: str | None) -> frozenset[str]:
        key = (level, handler_id if level is Level.HANDLER else unit_id)
        if key not in self._found:
            self._found[key] = self._ask(level, key[1])
        return self._found[key]

    def _ask(self, level: Level, id_: str | None) -> frozenset[str]:
        if id_ is None:
            return frozenset()
        if level is Level.HANDLER:
            return find_standing_in(self._session, id_, self._now)
        units = {id_}
        if level is Level.CENTRE_MANAGER:
            units = {unit.id for unit in self._tree.list_path(id_) if unit.kind is UnitKind.CENTRE}
        return find_people_of(self._session, ROLES[level], units, self._now)


def find_standing_in(session: Session, person_id: str, now: datetime) -> frozenset[str]:
    """Return a person, or who stands in while they are away; nobody for one who works here no more."""
    if not session.scalar(select(PersonRow.active).where(PersonRow.id == person_id)):
        return frozenset()
    away = select(AbsenceRow.deputy_id).where(
        AbsenceRow.person_id == person_id,
        AbsenceRow.deputy_id.is_not(None),
        AbsenceRow.from_at <= now,
        AbsenceRow.until_at > now,
    )
    return frozenset(each for each in session.scalars(away) if each is not None) or frozenset({person_id})


def claim_untold(session: Session, limit: int) -> Sequence[UrgeRow]:
    """Return urges whose messages are still to be made, oldest first; others' are left to them."""
    query = select(UrgeRow).where(UrgeRow.told_at.is_(None)).order_by(UrgeRow.id).limit(limit)
    return session.scalars(query.with_for_update(skip_locked=True)).all()


def load_facts(session: Session, subject: SubjectKind, ids: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Return by subject id what its messages say, and under "handler_id" and "unit_id" whose matter it is."""
    rows = session.execute(_select_facts(subject).where(_ID_OF[subject].in_(sorted(ids))))
    return {row["id"]: dict(row) for row in rows.mappings()}


def load_channels(session: Session, person_ids: Iterable[str]) -> dict[str, list[ChannelRow]]:
    """Return the ways that people have opened."""
    query = select(ChannelRow).where(ChannelRow.person_id.in_(sorted(person_ids)), ChannelRow.active)
    found: dict[str, list[ChannelRow]] = {}
    for row in session.scalars(query.order_by(ChannelRow.channel)):
        found.setdefault(row.person_id, []).append(row)
    return found


def stop_deliveries(session: Session, ids: Iterable[str], worker: str) -> None:
    """End claimed deliveries that nobody needs any more."""
    stopped = update(DeliveryRow).where(DeliveryRow.id.in_(sorted(ids)), DeliveryRow.leased_by == worker)
    session.execute(
        stopped.values(state=DeliveryState.STOPPED.value, leased_by=None, leased_until=None).execution_options(
            synchronize_session=False
        )
    )


_ID = DeliveryRow.id.expression
_WHEN = type_coerce(func.coalesce(DeliveryRow.sent_at, DeliveryRow.next_try_at), Instant)
#: By what a list of deliveries is sorted. Ids are made in order of time.
DELIVERY_ORDERS: Final = {
    "newest": Order(_ID, _ID, falling=True),
    "person": Order(PersonRow.name.expression, _ID),
    "when": Order(_WHEN, _ID, falling=True),
}


def select_deliveries(state: str | None, channel: str | None, words: Sequence[str]) -> Select[*tuple[Any, ...]]:
    """Return the query of deliveries with message and person, in a state, by a channel, to whose name has the words."""
    conditions: list[ColumnElement[bool]] = [PersonRow.name.ilike(make_pattern(word), escape="\\") for word in words]
    if state is not None:
        conditions.append(DeliveryRow.state == state)
    if channel is not None:
        conditions.append(DeliveryRow.channel == channel)
    return (
        select(DeliveryRow, MessageRow, PersonRow.name)
        .join(MessageRow, MessageRow.id == DeliveryRow.message_id)
        .join(PersonRow, PersonRow.id == MessageRow.person_id)
        .where(and_(true(), *conditions))
    )


def load_ways(session: Session, message_ids: Iterable[str]) -> dict[str, list[tuple[str, str]]]:
    """Return by message the (channel, state) of each of its ways out."""
    query = select(DeliveryRow.message_id, DeliveryRow.channel, DeliveryRow.state)
    found: dict[str, list[tuple[str, str]]] = {}
    for message_id, channel, state in session.execute(query.where(DeliveryRow.message_id.in_(sorted(message_ids)))):
        found.setdefault(message_id, []).append((channel, state))
    return found


_ID_OF: dict[SubjectKind, ColumnElement[Any]] = {
    SubjectKind.TASK: TaskRow.id.expression,
    SubjectKind.STEP: StepRow.id.expression,
    SubjectKind.DOCUMENT: DocumentRow.id.expression,
    SubjectKind.CONTRACT: ContractRow.id.expression,
}


def _select_facts(subject: SubjectKind) -> Select[*tuple[Any, ...]]:
    if subject is SubjectKind.CONTRACT:
        return select(
            ContractRow.id,
            ContractRow.handler_id,
            ContractRow.unit_id,
            ContractRow.contract_no.label("name"),
            CustomerRow.customer_no,
            ContractRow.ends_on.label("due_at"),
        ).join(CustomerRow, CustomerRow.id == ContractRow.customer_id)
    rows: Any = {SubjectKind.TASK: TaskRow, SubjectKind.STEP: StepRow, SubjectKind.DOCUMENT: DocumentRow}[subject]
    step = StepRow.code if subject is SubjectKind.STEP else rows.step
    name = name_en = CaseRow.title.expression
    owed_until: ColumnElement[Any] = null().label("owed_until")
    if subject is SubjectKind.DOCUMENT:
        name, name_en = DocumentRow.name.expression, DocumentRow.name_en.expression
        owed_until = DocumentRow.owed_until.label("owed_until")
    return select(
        owed_until,
        rows.id,
        rows.handler_id,
        rows.unit_id,
        CaseRow.case_no,
        step.label("step"),
        CaseRow.id.label("case_id"),
        name.label("name"),
        name_en.label("name_en"),
        rows.due_at,
    ).join(CaseRow, CaseRow.id == rows.case_id)
