"""Founding a room from its file: everything or nothing; the same file again changes nothing; it can be taken back."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from central.domain.audit import AuditAct, AuditEntry
from central.domain.feed import FeedChange, bank_body, place_body, room_body, staff_body
from central.domain.locations import Action, Movement
from central.domain.people import Actor, Grant, Role
from central.domain.permissions import Action as Act
from central.domain.permissions import allows
from central.domain.refusals import Reason, Refusal
from central.domain.room_changes import BoxChange, KnownBox, NewPlace, RoomChanges, find_box_changes, find_new_places
from central.domain.seeds import BankPart, RoomSeed, StaffPart, UserPart
from central.store import imports
from central.store.audit import add_audit
from central.store.boxes import load_boxes_by_code
from central.store.feed import publish_boxes, publish_rows
from central.store.gateways import GatewayRow
from central.store.ids import new_id
from central.store.movements import add_movements, advance_locations, load_history
from central.store.passwords import SecretHasher
from central.store.people import BadgeRow, PersonRow, add_grants, load_known_badges, load_known_logins
from central.store.rooms import BankRow, ColumnRow, PlaceRow, RoomRow, SegmentRow, load_banks

#: A box registered after its first movements were reported stands before them in history.
BEFORE_FIRST = timedelta(milliseconds=1)
#: Rows of one short transaction: keeps the write gate well under its 50 ms.
CHUNK = 250


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


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an import is."""

    import_id: str
    done: int
    rows: int


def hash_new_secrets(session: Session, hasher: SecretHasher, seed: RoomSeed) -> SeedSecrets:
    """Hash the PINs and passwords of people whom the centre doesn't know; known people keep theirs."""
    badges = load_known_badges(session, [staff.code for staff in seed.staff])
    people = load_known_logins(session, [user.login for user in seed.users])
    return SeedSecrets(
        pins={s.code: hasher.hash_secret(s.pin) for s in seed.staff if s.code not in badges},
        passwords={u.login: hasher.hash_secret(u.password) for u in seed.users if u.login not in people},
    )


def find_changes(session: Session, actor: Actor | None, seed: RoomSeed) -> RoomChanges:
    """Return what the file changes in places and boxes; refuse what is at odds with the store."""
    if actor is not None and not allows(actor, Act.IMPORT_ROOM):
        raise Refusal(Reason.NOT_ALLOWED)
    _check_number(session, seed)
    places = dict(session.execute(select(PlaceRow.key, PlaceRow.code).where(PlaceRow.room_id == seed.room.id)).all())
    known = {
        code: KnownBox(row.room_id, row.title, row.customer_no, row.customer_name)
        for code, row in load_boxes_by_code(session, sorted({box.code for box in seed.boxes})).items()
    }
    return RoomChanges(find_new_places(seed.places, places), find_box_changes(seed.room.id, seed.boxes, known))


def begin_import(session: Session, room_id: str, changes: RoomChanges, now: datetime) -> Progress:
    """Go on with the import of the very same changes, or begin one; an older unfinished one is canceled."""
    digest, rows = changes.digest(), len(changes.places) + len(changes.boxes)
    waiting = imports.find_import(session, room_id, ["staging"])
    if waiting is not None and waiting.digest == digest:
        return Progress(waiting.id, waiting.staged, rows)
    if waiting is not None:
        waiting.state = "canceled"
    row = imports.RoomImportRow(
        id=new_id(),
        room_id=room_id,
        digest=digest,
        state="staging",
        rows=rows,
        staged=0,
        published=0,
        started_at=now,
        people={"staff": [], "users": []},
    )
    session.add(row)
    return Progress(row.id, 0, rows)


def stage_next(session: Session, import_id: str, changes: RoomChanges) -> Progress:
    """Stage the next chunk; readers and feed don't see it."""
    row = _hold(session, import_id, "staging")
    whole: list[NewPlace | BoxChange] = [*changes.places, *changes.boxes]
    chunk = whole[row.staged : row.staged + CHUNK]
    imports.stage_rows(session, import_id, row.staged, chunk)
    row.staged += len(chunk)
    return Progress(import_id, row.staged, row.rows)


def apply_import(
    session: Session,
    actor: Actor | None,
    seed: RoomSeed,
    secrets: SeedSecrets,
    *,
    import_id: str | None,
    now: datetime,
) -> Imported:
    """Bring the store to what the file says, all of it at once; without staged rows only steel and people."""
    if actor is not None and not allows(actor, Act.IMPORT_ROOM):
        raise Refusal(Reason.NOT_ALLOWED)
    room = _keep_room(session, seed, now)
    for part in seed.banks:
        _keep_bank(session, room.id, part)
    staff = _keep_staff(session, room.id, seed.staff, secrets, now)
    users = _keep_users(session, room.id, seed.users, secrets, now)
    session.flush()
    places = boxes = changed = 0
    if import_id is not None:
        row = _hold(session, import_id, "staging")
        row.state, row.applied_at, row.people = "applied", now, {"staff": staff, "users": users}
        early = imports.find_known_early(session, import_id)
        imports.apply_places(session, import_id, room.id)
        imports.apply_boxes(session, import_id, room.id, now)
        _register_early(session, room.id, early, now)
        places, boxes, changed = imports.count_staged(session, import_id)
    if import_id is None:
        publish_rows(session, room.id, _list_room_rows(session, room.id))
    imported = Imported(places, boxes, changed, len(staff), len(users))
    entry = AuditEntry(AuditAct.ROOM_IMPORTED, "room", room.id, room.name, after=asdict(imported))
    add_audit(session, actor, entry, now)
    return imported


def publish_next(session: Session, import_id: str) -> Progress:
    """Bring the feed of the next chunk up to an import that holds, or was taken back."""
    row = session.get_one(imports.RoomImportRow, import_id)
    first, last = row.published, row.published + CHUNK - 1
    if first == 0:
        publish_rows(session, row.room_id, _list_room_rows(session, row.room_id))
    back = row.state == "reversing"
    places = imports.list_staged_places(session, import_id, first, last)
    boxes = imports.list_staged_boxes(session, import_id, first, last)
    changes = [FeedChange("place", place.key, None if back else _place_change(place)) for place in places]
    gone = [FeedChange("box", code, None) for code, fresh in boxes if fresh and back]
    publish_rows(session, row.room_id, [*changes, *gone])
    publish_boxes(session, [code for code, fresh in boxes if not (fresh and back)])
    row.published = min(row.rows, last + 1)
    if row.published >= row.rows:
        row.state = "reversed" if back else "done"
    return Progress(import_id, row.published, row.rows)


def cancel_import(session: Session, room_id: str) -> str | None:
    """Give an unfinished import up; return its id, None if there is none."""
    row = imports.find_import(session, room_id, ["staging"])
    if row is None:
        return None
    row.state = "canceled"
    return row.id


def reverse_import(session: Session, actor: Actor | None, room_id: str, now: datetime) -> str | list[str]:
    """Take the room's newest import back, all of it at once; return its id, or what stands in the way.

    Steel stays as the file described it: it is there. Badges and log-ins that came with the import are closed.
    """
    if actor is not None and not allows(actor, Act.IMPORT_ROOM):
        raise Refusal(Reason.NOT_ALLOWED)
    row = imports.find_import(session, room_id, ["done"])
    if row is None:
        return ["no import of this room holds"]
    obstacles = imports.find_obstacles(session, row.id, room_id)
    if obstacles:
        return obstacles
    places, boxes, changed = imports.count_staged(session, row.id)
    imports.take_back(session, row.id, room_id, now)
    for badge in load_known_badges(session, row.people["staff"]).values():
        badge.active = False
    for person in load_known_logins(session, row.people["users"]).values():
        person.active = False
    row.state, row.reversed_at, row.published = "reversing", now, 0
    gone = Imported(places, boxes, changed, len(row.people["staff"]), len(row.people["users"]))
    name = session.get_one(RoomRow, room_id).name
    entry = AuditEntry(AuditAct.ROOM_IMPORT_REVERSED, "room", room_id, name, before=asdict(gone))
    add_audit(session, actor, entry, now)
    return row.id


def _hold(session: Session, import_id: str, state: str) -> imports.RoomImportRow:
    """Return an import that is in this state, held until the commit: a canceled one must not go on."""
    row = session.get_one(imports.RoomImportRow, import_id, with_for_update=True)
    if row.state != state:
        raise Refusal(Reason.BAD_SEED, details=(f"the import was {row.state} meanwhile",))
    return row


def _check_number(session: Session, seed: RoomSeed) -> None:
    holder = session.scalar(select(RoomRow).where(RoomRow.number == seed.room.number))
    if holder is not None and holder.id != seed.room.id:
        raise Refusal(Reason.BAD_SEED, details=(f"room.number: {seed.room.number} belongs to room {holder.id}",))
    room = session.get(RoomRow, seed.room.id)
    if room is not None and room.number != seed.room.number:
        raise Refusal(Reason.BAD_SEED, details=(f"room.number: printed codes carry {room.number} already",))


def _list_room_rows(session: Session, room_id: str) -> list[FeedChange]:
    """Return the rows of room, steel and staff as they are now."""
    room = session.get_one(RoomRow, room_id)
    changes = [FeedChange("room", room.id, room_body(room_id=room.id, name=room.name, number=room.number))]
    for bank in load_banks(session, room_id):
        columns = [
            {"no": c.no, "fixed": c.fixed, "width_mm": c.width_mm, "faces": sorted(c.faces)} for c in bank.columns
        ]
        body = bank_body(
            key=bank.key, name=bank.name, columns=columns, sections=bank.sections, tiers=bank.tiers, slots=bank.slots
        )
        changes.append(FeedChange("bank", bank.key, body))
    for code, name, pin_hash, active in imports.load_badge_lines(session, room_id):
        changes.append(FeedChange("staff", code, staff_body(code=code, name=name, pin_hash=pin_hash, active=active)))
    return changes


def _place_change(place: NewPlace) -> dict[str, object]:
    return place_body(
        code=place.code,
        bank=place.bank,
        column=place.column_no,
        face=place.face,
        section=place.section,
        tier=place.tier,
        slot=place.slot,
    )


def _keep_room(session: Session, seed: RoomSeed, now: datetime) -> RoomRow:
    _check_number(session, seed)
    room = session.get(RoomRow, seed.room.id)
    if room is None:
        room = RoomRow(id=seed.room.id, number=seed.room.number, name=seed.room.name, created_at=now)
        session.add(room)
        session.flush()
        session.add(GatewayRow(room_id=room.id, state="never", state_at=now, detail={}))
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


def _register_early(session: Session, room_id: str, boxes: list[tuple[str, str | None]], now: datetime) -> None:
    """Begin the history of new boxes of which facts came before them: the file must not move them back."""
    history = load_history(session, [code for code, _ in boxes])
    movements = []
    for code, place_key in boxes:
        at = min(now, history[code][0].order_at - BEFORE_FIRST)
        movements.append(
            Movement(
                id=new_id(),
                room_id=room_id,
                box_code=code,
                action=Action.REGISTERED,
                place_key=place_key,
                staff_code=None,
                occurred_at=at,
                order_at=at,
                source=imports.SOURCE,
            )
        )
    add_movements(session, movements, now)
    advance_locations(session, movements)


def _keep_staff(
    session: Session, room_id: str, staff: Iterable[StaffPart], secrets: SeedSecrets, now: datetime
) -> list[str]:
    """Found people with their badges; return the codes of new ones."""
    parts = {part.code: part for part in staff}
    badges = load_known_badges(session, parts)
    added: list[str] = []
    for code, part in parts.items():
        if code in badges:
            continue
        person = PersonRow(id=new_id(), name=part.name, created_at=now)
        session.add(person)
        session.flush()
        badge = BadgeRow(
            code=code,
            person_id=person.id,
            room_id=room_id,
            pin_hash=secrets.pins[code],
            active=True,
            created_at=now,
        )
        session.add(badge)
        added.append(code)
    return added


def _keep_users(
    session: Session, room_id: str, users: Iterable[UserPart], secrets: SeedSecrets, now: datetime
) -> list[str]:
    parts = {part.login: part for part in users}
    known = load_known_logins(session, parts)
    added: list[str] = []
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
        add_grants(session, person.id, [Grant(Role(role), room) for role in part.roles for room in rooms], now)
        added.append(login)
    return added


def _home(part: UserPart, room_id: str) -> str | None:
    """An administrator looks after every room; others after the room of the file."""
    return None if Role.ADMIN in part.roles else room_id
