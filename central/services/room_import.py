"""Founding a room from its file: everything or nothing, and the same file again changes nothing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from central.domain.feed import FeedChange, bank_body, place_body, room_body, staff_body
from central.domain.locations import Action, Movement
from central.domain.people import Actor, Grant, Role
from central.domain.permissions import Action as Act
from central.domain.permissions import allows
from central.domain.places import parse_place_key
from central.domain.refusals import Reason, Refusal
from central.domain.search import fold_box_text
from central.domain.seeds import BankPart, BoxPart, RoomSeed, StaffPart, UserPart
from central.store.boxes import BoxRow, load_boxes_by_code
from central.store.feed import publish_boxes, publish_rows
from central.store.gateways import GatewayRow
from central.store.ids import new_id
from central.store.movements import add_movements, advance_locations, load_history
from central.store.passwords import SecretHasher
from central.store.people import BadgeRow, PersonRow, add_grants, load_known_badges, load_known_logins
from central.store.rooms import BankRow, ColumnRow, PlaceRow, RoomRow, SegmentRow

#: A box registered after its first movements were reported stands before them in history.
BEFORE_FIRST = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class SeedSecrets:
    """Hashes of the PINs and passwords that the database doesn't have yet; made outside the write."""

    pins: dict[str, str] = field(default_factory=dict, repr=False)
    passwords: dict[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import added; all zero when the file was known."""

    places: int
    boxes: int
    changed_boxes: int
    staff: int
    users: int


def hash_new_secrets(session: Session, hasher: SecretHasher, seed: RoomSeed) -> SeedSecrets:
    """Hash the PINs and passwords of people whom the centre doesn't know; known people keep theirs."""
    badges = load_known_badges(session, [staff.code for staff in seed.staff])
    people = load_known_logins(session, [user.login for user in seed.users])
    return SeedSecrets(
        pins={s.code: hasher.hash_secret(s.pin) for s in seed.staff if s.code not in badges},
        passwords={u.login: hasher.hash_secret(u.password) for u in seed.users if u.login not in people},
    )


def import_room(session: Session, actor: Actor | None, seed: RoomSeed, secrets: SeedSecrets, now: datetime) -> Imported:
    """Bring the store to what the file says and publish it to the room; `actor` is None on the machine itself."""
    if actor is not None and not allows(actor, Act.IMPORT_ROOM):
        raise Refusal(Reason.NOT_ALLOWED)
    room = _keep_room(session, seed, now)
    banks = [_keep_bank(session, room.id, part) for part in seed.banks]
    session.flush()
    places, place_changes = _keep_places(session, room.id, seed, {bank.key: bank for bank in banks})
    staff, staff_changes = _keep_staff(session, room.id, seed.staff, secrets, now)
    users = _keep_users(session, room.id, seed.users, secrets, now)
    new_boxes, changed = _keep_boxes(session, room.id, seed.boxes, now)
    session.flush()
    publish_rows(
        session,
        room.id,
        [
            FeedChange("room", room.id, room_body(room_id=room.id, name=room.name, number=room.number)),
            *(FeedChange("bank", part.id, _bank_change(part)) for part in seed.banks),
            *place_changes,
            *staff_changes,
        ],
    )
    publish_boxes(session, [box.code for box in seed.boxes])
    return Imported(places, new_boxes, changed, staff, users)


def _keep_room(session: Session, seed: RoomSeed, now: datetime) -> RoomRow:
    room = session.get(RoomRow, seed.room.id)
    holder = session.scalar(select(RoomRow).where(RoomRow.number == seed.room.number))
    if holder is not None and holder is not room:
        raise Refusal(Reason.BAD_SEED, details=(f"room.number: {seed.room.number} belongs to room {holder.id}",))
    if room is None:
        room = RoomRow(id=seed.room.id, number=seed.room.number, name=seed.room.name, created_at=now)
        session.add(room)
        session.flush()
        session.add(GatewayRow(room_id=room.id, state="never", state_at=now, detail={}))
    elif room.number != seed.room.number:
        raise Refusal(Reason.BAD_SEED, details=(f"room.number: printed codes carry {room.number} already",))
    room.name = seed.room.name
    return room


def _keep_bank(session: Session, room_id: str, part: BankPart) -> BankRow:
    bank = session.scalar(select(BankRow).where(BankRow.room_id == room_id, BankRow.key == part.id))
    if bank is None:
        bank = BankRow(id=new_id(), room_id=room_id, key=part.id)
        session.add(bank)
    bank.name, bank.numbering = part.name, part.numbering
    bank.sections, bank.tiers, bank.slots = part.sections, part.tiers, part.slots
    bank.passable_gap_mm, bank.speed_mm_s = part.passable_gap_mm, part.speed_mm_s
    session.flush()
    columns = {row.no: row for row in session.scalars(select(ColumnRow).where(ColumnRow.bank_id == bank.id))}
    for column in part.columns:
        row = columns.pop(column.no, None) or ColumnRow(id=new_id(), bank_id=bank.id, no=column.no)
        row.fixed, row.width_mm, row.faces = column.fixed, column.width_mm, "".join(sorted(column.faces))
        session.add(row)
    for gone in columns.values():
        session.delete(gone)
    segments = {row.no: row for row in session.scalars(select(SegmentRow).where(SegmentRow.bank_id == bank.id))}
    for no, segment in enumerate(part.segments, start=1):
        kept = segments.pop(no, None) or SegmentRow(id=new_id(), bank_id=bank.id, no=no)
        kept.first_column, kept.last_column = segment.first_column, segment.last_column
        kept.free_aisles, kept.free_width_mm = segment.free_aisles, segment.free_width_mm
        session.add(kept)
    for left in segments.values():
        session.delete(left)
    return bank


def _bank_change(part: BankPart) -> dict[str, object]:
    columns = [{"no": c.no, "fixed": c.fixed, "width_mm": c.width_mm, "faces": sorted(c.faces)} for c in part.columns]
    return bank_body(
        key=part.id, name=part.name, columns=columns, sections=part.sections, tiers=part.tiers, slots=part.slots
    )


def _keep_places(
    session: Session, room_id: str, seed: RoomSeed, banks: dict[str, BankRow]
) -> tuple[int, list[FeedChange]]:
    known = {row.key: row for row in session.scalars(select(PlaceRow).where(PlaceRow.room_id == room_id))}
    owners = {row.code: row.key for row in known.values()}
    added = 0
    changes: list[FeedChange] = []
    for place in seed.places:
        key = parse_place_key(place.key)
        assert key is not None, "parse_seed let a bad place key through"
        row = known.get(place.key)
        if owners.get(place.code, place.key) != place.key or (row is not None and row.code != place.code):
            raise Refusal(Reason.BAD_SEED, details=(f"places: {place.key} already carries another code",))
        if row is None:
            added += 1
            session.add(
                PlaceRow(
                    id=new_id(),
                    room_id=room_id,
                    bank_id=banks[key.bank].id,
                    key=place.key,
                    code=place.code,
                    column_no=key.column,
                    face=key.face,
                    section=key.section,
                    tier=key.tier,
                    slot=key.slot,
                )
            )
        body = place_body(
            code=place.code,
            bank=key.bank,
            column=key.column,
            face=key.face,
            section=key.section,
            tier=key.tier,
            slot=key.slot,
        )
        changes.append(FeedChange("place", place.key, body))
    return added, changes


def _keep_boxes(session: Session, room_id: str, boxes: Iterable[BoxPart], now: datetime) -> tuple[int, int]:
    parts = {part.code: part for part in boxes}
    known = load_boxes_by_code(session, sorted(parts))
    changed = 0
    for code, row in known.items():
        part = parts[code]
        if row.room_id != room_id:
            raise Refusal(Reason.BAD_SEED, details=(f"boxes: {code} belongs to room {row.room_id}",))
        words = (part.title, part.customer_no, part.customer_name)
        if (row.title, row.customer_no, row.customer_name) != words:
            row.title, row.customer_no, row.customer_name = words
            row.search_text = fold_box_text(code, *words)
            changed += 1
    new = [part for code, part in parts.items() if code not in known]
    for part in new:
        session.add(
            BoxRow(
                id=new_id(),
                room_id=room_id,
                code=part.code,
                title=part.title,
                customer_no=part.customer_no,
                customer_name=part.customer_name,
                search_text=fold_box_text(part.code, part.title, part.customer_no, part.customer_name),
                created_at=now,
            )
        )
    session.flush()
    _register_boxes(session, room_id, new, now)
    return len(new), changed


def _register_boxes(session: Session, room_id: str, boxes: list[BoxPart], now: datetime) -> None:
    """Begin the history of new boxes; facts about them may have come earlier."""
    history = load_history(session, [box.code for box in boxes])
    movements = []
    for box in boxes:
        earlier = history.get(box.code)
        at = min(now, earlier[0].order_at - BEFORE_FIRST) if earlier else now
        movements.append(
            Movement(
                id=new_id(),
                room_id=room_id,
                box_code=box.code,
                action=Action.REGISTERED,
                place_key=box.place_key,
                staff_code=None,
                occurred_at=at,
                order_at=at,
                source="import",
            )
        )
    add_movements(session, movements, now)
    advance_locations(session, movements)


def _keep_staff(
    session: Session, room_id: str, staff: Iterable[StaffPart], secrets: SeedSecrets, now: datetime
) -> tuple[int, list[FeedChange]]:
    parts = {part.code: part for part in staff}
    badges = load_known_badges(session, parts)
    added = 0
    for code, part in parts.items():
        if code in badges:
            continue
        person = PersonRow(id=new_id(), name=part.name, created_at=now)
        session.add(person)
        session.flush()
        badges[code] = BadgeRow(
            code=code,
            person_id=person.id,
            room_id=room_id,
            pin_hash=secrets.pins[code],
            active=True,
            created_at=now,
        )
        session.add(badges[code])
        added += 1
    session.flush()
    changes = [
        FeedChange(
            "staff",
            code,
            staff_body(code=code, name=parts[code].name, pin_hash=badge.pin_hash, active=badge.active),
        )
        for code, badge in badges.items()
    ]
    return added, changes


def _keep_users(session: Session, room_id: str, users: Iterable[UserPart], secrets: SeedSecrets, now: datetime) -> int:
    parts = {part.login: part for part in users}
    known = load_known_logins(session, parts)
    added = 0
    for login, part in parts.items():
        if login in known:
            continue
        person = PersonRow(
            id=new_id(),
            login=login,
            name=part.name or login,
            password_hash=secrets.passwords[login],
            created_at=now,
        )
        session.add(person)
        session.flush()
        rooms: list[str | None] = [*part.rooms] if part.rooms is not None else [_home(part, room_id)]
        add_grants(session, person.id, [Grant(Role(role), room) for role in part.roles for room in rooms])
        added += 1
    return added


def _home(part: UserPart, room_id: str) -> str | None:
    """An administrator looks after every room; others after the room of the file."""
    return None if Role.ADMIN in part.roles else room_id
