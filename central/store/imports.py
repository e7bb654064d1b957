"""Imports of rooms: staged in chunks where nobody sees them, applied in one short transaction, taken back likewise.

The statements that apply work on whole sets inside the database: row by row the write gate would be held for seconds.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Index,
    String,
    and_,
    case,
    delete,
    exists,
    false,
    func,
    insert,
    literal,
    null,
    select,
    update,
)
from sqlalchemy.orm import Mapped, Session, mapped_column

from central.domain.locations import Action, State
from central.domain.room_changes import BoxChange, NewPlace
from central.domain.search import SEARCH_TEXT_LENGTH, fold_box_text
from central.store.base import CODE_LENGTH, ID_LENGTH, PLACE_KEY_LENGTH, ROOM_ID_LENGTH, Base, Document, Instant
from central.store.boxes import BoxRow
from central.store.ids import new_id
from central.store.labels import LabelRow
from central.store.movements import BoxLocationRow, MovementRow
from central.store.people import BadgeRow, PersonRow
from central.store.rooms import BankRow, PlaceRow

SOURCE: Final = "import"


class RoomImportRow(Base):
    """One import: how far it is staged, whether it holds, how far the feed follows it."""

    __tablename__ = "room_imports"
    __table_args__ = (Index(None, "room_id", "started_at"),)

    id: Mapped[str] = mapped_column(String(ID_LENGTH), primary_key=True)
    #: No foreign key: a room that is being founded isn't there yet.
    room_id: Mapped[str] = mapped_column(String(ROOM_ID_LENGTH))
    #: Of the changes, by which an interrupted import is gone on with.
    digest: Mapped[str] = mapped_column(String(64))
    #: staging, applied, done, canceled, reversing, reversed.
    state: Mapped[str] = mapped_column(String(16))
    rows: Mapped[int]
    staged: Mapped[int]
    #: Staged rows whose feed rows have been brought up to the state.
    published: Mapped[int]
    started_at: Mapped[datetime] = mapped_column(Instant)
    applied_at: Mapped[datetime | None] = mapped_column(Instant)
    reversed_at: Mapped[datetime | None] = mapped_column(Instant)
    #: Badges and log-ins that came with it.
    people: Mapped[dict[str, Any]] = mapped_column(Document)


class StagedPlaceRow(Base):
    __tablename__ = "room_import_places"

    import_id: Mapped[str] = mapped_column(String(ID_LENGTH), primary_key=True)
    no: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    id: Mapped[str] = mapped_column(String(ID_LENGTH))
    key: Mapped[str] = mapped_column(String(PLACE_KEY_LENGTH))
    code: Mapped[str] = mapped_column(String(CODE_LENGTH))
    bank: Mapped[str] = mapped_column(String(8))
    column_no: Mapped[int]
    face: Mapped[str] = mapped_column(String(1))
    section: Mapped[int]
    tier: Mapped[int]
    slot: Mapped[int]


class StagedBoxRow(Base):
    __tablename__ = "room_import_boxes"
    __table_args__ = (Index(None, "import_id", "code"),)

    import_id: Mapped[str] = mapped_column(String(ID_LENGTH), primary_key=True)
    no: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    id: Mapped[str] = mapped_column(String(ID_LENGTH))
    code: Mapped[str] = mapped_column(String(CODE_LENGTH))
    fresh: Mapped[bool]
    title: Mapped[str] = mapped_column(String(200))
    customer_no: Mapped[str] = mapped_column(String(40))
    customer_name: Mapped[str] = mapped_column(String(120))
    search_text: Mapped[str] = mapped_column(String(SEARCH_TEXT_LENGTH))
    #: Words to be put back when the import is taken back.
    old_title: Mapped[str | None] = mapped_column(String(200))
    old_customer_no: Mapped[str | None] = mapped_column(String(40))
    old_customer_name: Mapped[str | None] = mapped_column(String(120))
    old_search_text: Mapped[str | None] = mapped_column(String(SEARCH_TEXT_LENGTH))
    place_key: Mapped[str | None] = mapped_column(String(PLACE_KEY_LENGTH))
    #: Ids of the movement that registers a new box, and of the one that would take that back.
    movement_id: Mapped[str] = mapped_column(String(ID_LENGTH))
    undo_id: Mapped[str] = mapped_column(String(ID_LENGTH))


_PLACES: Any = StagedPlaceRow.__table__
_BOXES: Any = StagedBoxRow.__table__
_BOX: Any = BoxRow.__table__
_PLACE: Any = PlaceRow.__table__
_MOVE: Any = MovementRow.__table__
_AT: Any = BoxLocationRow.__table__


def find_import(session: Session, room_id: str, states: Sequence[str]) -> RoomImportRow | None:
    """Return the newest import of a room that is in one of these states."""
    query = select(RoomImportRow).where(RoomImportRow.room_id == room_id, RoomImportRow.state.in_(states))
    return session.scalars(query.order_by(RoomImportRow.started_at.desc(), RoomImportRow.id.desc()).limit(1)).first()


def list_unfinished(session: Session) -> list[str]:
    """Return the imports that hold, or are taken back, but which the feed doesn't follow yet."""
    return list(session.scalars(select(RoomImportRow.id).where(RoomImportRow.state.in_(("applied", "reversing")))))


def stage_rows(session: Session, import_id: str, first: int, changes: Sequence[NewPlace | BoxChange]) -> None:
    """Store some of an import's changes, numbered from `first`; nobody sees them."""
    places = [
        {"import_id": import_id, "no": no, "id": new_id(), **change._asdict()}
        for no, change in enumerate(changes, first)
        if isinstance(change, NewPlace)
    ]
    boxes = [
        _stage_box(import_id, no, change) for no, change in enumerate(changes, first) if isinstance(change, BoxChange)
    ]
    if places:
        session.execute(insert(_PLACES), places)
    if boxes:
        session.execute(insert(_BOXES), boxes)


def drop_staged(session: Session, import_id: str, limit: int) -> int:
    """Delete some staged rows; return how many."""
    dropped = 0
    for table in (_PLACES, _BOXES):
        some = select(table.c.no).where(table.c.import_id == import_id).limit(limit).scalar_subquery()
        ran: Any = session.execute(delete(table).where(table.c.import_id == import_id, table.c.no.in_(some)))
        dropped += ran.rowcount
    return dropped


def list_staged_places(session: Session, import_id: str, first: int, last: int) -> list[NewPlace]:
    columns = [_PLACES.c[name] for name in NewPlace._fields]
    query = select(*columns).where(_PLACES.c.import_id == import_id, _PLACES.c.no.between(first, last))
    return [NewPlace(*row) for row in session.execute(query.order_by(_PLACES.c.no))]


def list_staged_boxes(session: Session, import_id: str, first: int, last: int) -> list[tuple[str, bool]]:
    """Return codes, each with whether the box is new."""
    query = select(_BOXES.c.code, _BOXES.c.fresh).where(_BOXES.c.import_id == import_id)
    return [(code, fresh) for code, fresh in session.execute(query.where(_BOXES.c.no.between(first, last)))]


def find_known_early(session: Session, import_id: str) -> list[tuple[str, str | None]]:
    """Return new boxes (code, place) of which facts came before them: their history has to be folded."""
    query = select(_BOXES.c.code, _BOXES.c.place_key).where(_fresh(import_id), _has_history())
    return [(code, place_key) for code, place_key in session.execute(query)]


def apply_places(session: Session, import_id: str, room_id: str) -> None:
    """Found all staged places in one statement."""
    names = ("key", "code", "column_no", "face", "section", "tier", "slot")
    bank: Any = BankRow.__table__
    source = select(_PLACES.c.id, literal(room_id), bank.c.id, *(_PLACES.c[name] for name in names)).where(
        _PLACES.c.import_id == import_id, bank.c.room_id == room_id, bank.c.key == _PLACES.c.bank
    )
    session.execute(insert(_PLACE).from_select(["id", "room_id", "bank_id", *names], source))


def apply_boxes(session: Session, import_id: str, room_id: str, now: datetime) -> None:
    """Found all staged boxes with the beginning of their history, and change the words of known ones."""
    at = literal(now, Instant())
    words = ("code", "title", "customer_no", "customer_name", "search_text")
    if_new = _BOXES.c.movement_id, literal(room_id), _BOXES.c.code
    movement = (*if_new, literal(Action.REGISTERED.value), _BOXES.c.place_key, at, at, at, literal(SOURCE), false())
    place = _BOXES.c.place_key
    state = case((place.is_(None), State.NOWHERE.value), else_=State.SHELVED.value)
    location = (_BOXES.c.code, literal(room_id), state, place, at, _BOXES.c.movement_id, at)
    quiet = and_(_fresh(import_id), ~_has_history())
    box = (_BOXES.c.id, literal(room_id), *(_BOXES.c[name] for name in words), at)
    box_names = ["id", "room_id", *words, "created_at"]
    session.execute(insert(_BOX).from_select(box_names, select(*box).where(_fresh(import_id))))
    # Locations before movements: what has a history is told by the movements that are there.
    session.execute(insert(_AT).from_select(_LOCATION_COLUMNS, select(*location).where(quiet)))
    session.execute(insert(_MOVE).from_select(_MOVEMENT_COLUMNS, select(*movement).where(quiet)))
    changed = and_(_BOXES.c.import_id == import_id, _BOXES.c.fresh.is_(False), _BOXES.c.code == _BOX.c.code)
    session.execute(update(_BOX).where(changed).values({name: _BOXES.c[name] for name in words[1:]}))


def find_obstacles(session: Session, import_id: str, room_id: str, limit: int = 5) -> list[str]:
    """Return why an import can't be taken back: boxes that have moved or have a label, places that have been used."""
    moved = exists().where(_MOVE.c.box_code == _BOXES.c.code, _MOVE.c.source != SOURCE)
    labelled = exists().where(LabelRow.box_id == _BOXES.c.id)
    strange = ~exists().where(_BOXES.c.import_id == import_id, _BOXES.c.fresh, _BOXES.c.code == _AT.c.box_code)
    used = exists().where(_AT.c.room_id == room_id, _AT.c.place_key == _PLACES.c.key, strange)
    queries = {
        "box {} has moved since": select(_BOXES.c.code).where(_fresh(import_id), moved),
        "a label of box {} was printed": select(_BOXES.c.code).where(_fresh(import_id), labelled),
        "another box stands at place {}": select(_PLACES.c.key).where(_PLACES.c.import_id == import_id, used),
    }
    return [words.format(item) for words, query in queries.items() for item in session.scalars(query.limit(limit))]


def take_back(session: Session, import_id: str, room_id: str, now: datetime) -> None:
    """Undo what the import did to places and boxes; history stays, with an undo for each registration."""
    at = literal(now, Instant())
    fresh = _fresh(import_id)
    undo = (
        *(_BOXES.c.undo_id, literal(room_id), _BOXES.c.code, literal(Action.UNDO.value), null()),
        *(at, at, at, literal(SOURCE), false(), _BOXES.c.movement_id),
    )
    session.execute(insert(_MOVE).from_select([*_MOVEMENT_COLUMNS, "undo_of"], select(*undo).where(fresh)))
    gone = {"state": State.NOWHERE.value, "place_key": None, "holder_code": None, "conflict": None}
    session.execute(
        update(_AT)
        .where(fresh, _BOXES.c.code == _AT.c.box_code)
        .values(**gone, since=at, movement_id=_BOXES.c.undo_id, order_at=at)
    )
    codes = select(_BOXES.c.code).where(fresh).scalar_subquery()
    session.execute(delete(_BOX).where(_BOX.c.code.in_(codes)))
    changed = and_(_BOXES.c.import_id == import_id, _BOXES.c.fresh.is_(False), _BOXES.c.code == _BOX.c.code)
    words = ("title", "customer_no", "customer_name", "search_text")
    session.execute(update(_BOX).where(changed).values({name: _BOXES.c[f"old_{name}"] for name in words}))
    ids = select(_PLACES.c.id).where(_PLACES.c.import_id == import_id).scalar_subquery()
    session.execute(delete(_PLACE).where(_PLACE.c.id.in_(ids)))


def load_badge_lines(session: Session, room_id: str) -> list[tuple[str, str, str, bool]]:
    """Return code, name, PIN hash, and whether it is active, of every badge of a room."""
    query = select(BadgeRow.code, PersonRow.name, BadgeRow.pin_hash, BadgeRow.active).join(
        PersonRow, PersonRow.id == BadgeRow.person_id
    )
    query = query.where(BadgeRow.room_id == room_id).order_by(BadgeRow.code)
    return [(code, name, pin_hash, active) for code, name, pin_hash, active in session.execute(query)]


def count_staged(session: Session, import_id: str) -> tuple[int, int, int]:
    """Return how many places are new, how many boxes are new, and how many changed."""
    places = session.scalar(select(func.count()).select_from(_PLACES).where(_PLACES.c.import_id == import_id)) or 0
    query = select(_BOXES.c.fresh, func.count()).where(_BOXES.c.import_id == import_id).group_by(_BOXES.c.fresh)
    boxes = {bool(fresh): int(count) for fresh, count in session.execute(query)}
    return places, boxes.get(True, 0), boxes.get(False, 0)


_MOVEMENT_COLUMNS: Final = [
    *("id", "room_id", "box_code", "action", "place_key"),
    *("occurred_at", "order_at", "recorded_at", "source", "late"),
]
_LOCATION_COLUMNS: Final = ["box_code", "room_id", "state", "place_key", "since", "movement_id", "order_at"]


def _fresh(import_id: str) -> ColumnElement[bool]:
    return and_(_BOXES.c.import_id == import_id, _BOXES.c.fresh)


def _has_history() -> ColumnElement[bool]:
    return exists().where(_MOVE.c.box_code == _BOXES.c.code)


def _stage_box(import_id: str, no: int, change: BoxChange) -> dict[str, Any]:
    words = change._asdict()
    before = words.pop("before")
    old_search = None
    if before is not None:
        from_words = (change.code, before.title, before.customer_no, before.customer_name)
        old_search = fold_box_text(*from_words)
    return {
        "import_id": import_id,
        "no": no,
        "id": new_id(),
        "fresh": before is None,
        **words,
        "old_title": before.title if before is not None else None,
        "old_customer_no": before.customer_no if before is not None else None,
        "old_customer_name": before.customer_name if before is not None else None,
        "old_search_text": old_search,
        "movement_id": new_id(),
        "undo_id": new_id(),
    }
