"""Boxes: what is printed on them and how they are found. Where a box is stands in `movements`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, ForeignKey, Index, Row, Select, String, and_, func, literal, select, true, tuple_
from sqlalchemy.orm import Mapped, Session, mapped_column

from central.domain.locations import State
from central.domain.permissions import Scope
from central.domain.search import SEARCH_TEXT_LENGTH, make_pattern
from central.store.base import CODE_LENGTH, ID_LENGTH, Base, Instant
from central.store.keyset import Order
from central.store.movements import BoxLocationRow, MovementRow
from central.store.people import BadgeRow, PersonRow
from central.store.scope import within


class BoxRow(Base):
    __tablename__ = "boxes"
    __table_args__ = (
        Index(None, "room_id", "code"),
        Index(None, "customer_no", postgresql_ops={"customer_no": "text_pattern_ops"}),
    )

    id: Mapped[str] = mapped_column(String(ID_LENGTH), primary_key=True)
    #: The room whose holdings it belongs to; scope of every search.
    room_id: Mapped[str] = mapped_column(ForeignKey("rooms.id"))
    code: Mapped[str] = mapped_column(String(CODE_LENGTH), unique=True)
    title: Mapped[str] = mapped_column(String(200))
    customer_no: Mapped[str] = mapped_column(String(40))
    customer_name: Mapped[str] = mapped_column(String(120))
    #: All of the above, folded by `domain.search`.
    search_text: Mapped[str] = mapped_column(String(SEARCH_TEXT_LENGTH))
    created_at: Mapped[datetime] = mapped_column(Instant)


_CODE = BoxRow.code.expression
#: By what a list of boxes is sorted.
BOX_ORDERS: Final = {
    "code": Order(_CODE, _CODE),
    "customer_no": Order(BoxRow.customer_no.expression, _CODE),
    "customer_name": Order(BoxRow.customer_name.expression, _CODE),
    "title": Order(BoxRow.title.expression, _CODE),
}

BoxLine = Row[*tuple[Any, ...]]


def select_boxes(scope: Scope) -> Select[*tuple[Any, ...]]:
    """Return the query of boxes in scope with where they are and who has them."""
    return (
        select(
            BoxRow.id,
            BoxRow.room_id,
            BoxRow.code,
            BoxRow.title,
            BoxRow.customer_no,
            BoxRow.customer_name,
            BoxRow.created_at,
            func.coalesce(BoxLocationRow.state, literal(State.NOWHERE.value)).label("state"),
            BoxLocationRow.place_key,
            BoxLocationRow.holder_code,
            PersonRow.name.label("holder_name"),
            BoxLocationRow.since,
            BoxLocationRow.conflict,
        )
        .outerjoin(BoxLocationRow, BoxLocationRow.box_code == BoxRow.code)
        .outerjoin(BadgeRow, BadgeRow.code == BoxLocationRow.holder_code)
        .outerjoin(PersonRow, PersonRow.id == BadgeRow.person_id)
        .where(within(scope, BoxRow.room_id))
    )


def match_boxes(
    words: Sequence[str], room_id: str | None, state: State | None, *, conflict: bool = False
) -> ColumnElement[bool]:
    """Return the condition of a search: every word occurs, in this room, in this state, with a conflict."""
    conditions: list[ColumnElement[bool]] = [BoxRow.search_text.like(make_pattern(word), escape="\\") for word in words]
    if room_id is not None:
        conditions.append(BoxRow.room_id == room_id)
    if state is not None:
        conditions.append(func.coalesce(BoxLocationRow.state, literal(State.NOWHERE.value)) == state.value)
    if conflict:
        conditions.append(BoxLocationRow.conflict.is_not(None))
    return and_(true(), *conditions)


def find_box(session: Session, scope: Scope, box_id: str) -> BoxLine | None:
    """Return one box in scope."""
    return session.execute(select_boxes(scope).where(BoxRow.id == box_id)).one_or_none()


def find_box_by_code(session: Session, scope: Scope, code: str) -> BoxLine | None:
    """Return the box in scope that carries this code."""
    return session.execute(select_boxes(scope).where(BoxRow.code == code)).one_or_none()


def load_boxes_by_code(session: Session, codes: Sequence[str]) -> dict[str, BoxRow]:
    """Return boxes by their codes, whatever their room: for imports and ingest."""
    found: dict[str, BoxRow] = {}
    for start in range(0, len(codes), 500):
        query = select(BoxRow).where(BoxRow.code.in_(codes[start : start + 500]))
        found |= {row.code: row for row in session.scalars(query)}
    return found


def load_shelved(session: Session, scope: Scope, room_id: str, place_keys: Sequence[str]) -> Sequence[BoxLine]:
    """Return the boxes that stand at these places."""
    query = select_boxes(scope).where(
        BoxLocationRow.room_id == room_id,
        BoxLocationRow.state == State.SHELVED.value,
        BoxLocationRow.place_key.in_(place_keys),
    )
    return session.execute(query.order_by(BoxRow.code)).all()


def count_by_place(session: Session, room_id: str) -> dict[str, int]:
    """Return how many boxes stand at each place of a room, by place key."""
    query = (
        select(BoxLocationRow.place_key, func.count())
        .where(BoxLocationRow.room_id == room_id, BoxLocationRow.state == State.SHELVED.value)
        .group_by(BoxLocationRow.place_key)
    )
    return {key: count for key, count in session.execute(query) if key is not None}


def count_states(session: Session, scope: Scope, room_id: str | None) -> Sequence[BoxLine]:
    """Return (state, conflict, number of boxes)."""
    state = func.coalesce(BoxLocationRow.state, literal(State.NOWHERE.value))
    query = (
        select(state, BoxLocationRow.conflict, func.count())
        .select_from(BoxRow)
        .outerjoin(BoxLocationRow, BoxLocationRow.box_code == BoxRow.code)
        .where(within(scope, BoxRow.room_id), true() if room_id is None else BoxRow.room_id == room_id)
        .group_by(state, BoxLocationRow.conflict)
    )
    return session.execute(query).all()


def load_history_lines(session: Session, code: str, before: tuple[str, str] | None, limit: int) -> Sequence[BoxLine]:
    """Return movements of a box from the newest back, with the names of who made them."""
    query = (
        _select_lines()
        .where(MovementRow.box_code == code)
        .order_by(MovementRow.order_at.desc(), MovementRow.id.desc())
        .limit(limit)
    )
    if before is not None:
        at, movement_id = before
        query = query.where(
            tuple_(MovementRow.order_at, MovementRow.id)
            < tuple_(literal(datetime.fromisoformat(at), Instant), literal(movement_id))
        )
    return session.execute(query).all()


def load_latest_lines(session: Session, scope: Scope, limit: int) -> Sequence[BoxLine]:
    """Return the newest movements of boxes in scope; ids are made in order of time, so the key serves as index."""
    query = (
        _select_lines()
        .add_columns(BoxRow.id.label("box_id"), BoxRow.code.label("box_code"), BoxRow.title.label("box_title"))
        .join(BoxRow, BoxRow.code == MovementRow.box_code)
        .where(within(scope, BoxRow.room_id))
        .order_by(MovementRow.id.desc())
        .limit(limit)
    )
    return session.execute(query).all()


def _select_lines() -> Select[*tuple[Any, ...]]:
    return (
        select(
            MovementRow.id,
            MovementRow.room_id,
            MovementRow.action,
            MovementRow.place_key,
            MovementRow.staff_code,
            PersonRow.name.label("staff_name"),
            MovementRow.occurred_at,
            MovementRow.order_at,
            MovementRow.recorded_at,
            MovementRow.source,
            MovementRow.late,
            MovementRow.undo_of,
        )
        .outerjoin(BadgeRow, BadgeRow.code == MovementRow.staff_code)
        .outerjoin(PersonRow, PersonRow.id == BadgeRow.person_id)
    )
