"""The demo room as data: bank, places, boxes of invented customers, staff, users. Pure: same seed, same room."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Any

from simulators.bank_plan import BankPlan, plan_bank
from simulators.codes import print_code
from simulators.customers import invent_customers


@dataclass(frozen=True)
class RoomOptions:
    """What may be chosen about the room."""

    seed: int = 1
    room_id: str = "r01"
    number: str = "01"
    name: str = "城区供电所档案库房"
    bank_id: str = "A"
    bank_name: str = "1区"
    boxes: int = 600
    moving_columns: int = 10
    slots: int = 17
    speed_mm_s: int = 80
    aisle_mm: int = 800

    @property
    def bank(self) -> BankPlan:
        """Return the bank that stands in the room."""
        return plan_bank(self.moving_columns, aisle_mm=self.aisle_mm, speed_mm_s=self.speed_mm_s, bank_id=self.bank_id)


@dataclass(frozen=True)
class Place:
    """A slot for one box."""

    key: str
    code: str
    column: int
    face: str
    section: int
    tier: int
    slot: int

    @property
    def aisle(self) -> int:
        """Return the aisle from which the place is reached."""
        return self.column if self.face == "B" else self.column - 1


@dataclass(frozen=True)
class Box:
    """A box and where it stands at first."""

    code: str
    title: str
    customer_no: str
    customer_name: str
    place_key: str


@dataclass(frozen=True)
class StaffMember:
    """Somebody with a badge."""

    code: str
    name: str
    pin: str


@dataclass(frozen=True)
class User:
    """Somebody who logs in at the centre."""

    login: str
    name: str
    password: str
    roles: tuple[str, ...]


@dataclass(frozen=True)
class RoomPlan:
    """Everything that stands in the room and everybody who works there."""

    options: RoomOptions
    bank: BankPlan
    places: tuple[Place, ...]
    boxes: tuple[Box, ...]
    staff: tuple[StaffMember, ...]
    users: tuple[User, ...]
    confirm_card: str
    end_code: str
    by_key: dict[str, Place] = field(default_factory=dict, repr=False)

    def place_of(self, box: Box) -> Place:
        """Return where a box stands at first."""
        return self.by_key[box.place_key]


def plan_room(options: RoomOptions | None = None) -> RoomPlan:
    """Lay out a room: the same options give the same room."""
    wanted = options or RoomOptions()
    bank = wanted.bank
    dice = random.Random(wanted.seed)  # noqa: S311 - a demo room is no secret
    places = _number_places(wanted, bank)
    chosen = dice.sample(places, min(wanted.boxes, len(places)))
    customers = invent_customers(len(chosen), wanted.seed)
    boxes = tuple(
        Box(print_code("BX", wanted.number, serial), customer.title, customer.number, customer.name, place.key)
        for serial, (place, customer) in enumerate(zip(chosen, customers, strict=True), 1)
    )
    return RoomPlan(
        options=wanted,
        bank=bank,
        places=places,
        boxes=boxes,
        staff=(
            StaffMember(print_code("ST", wanted.number, 1), "李慧", "246810"),
            StaffMember(print_code("ST", wanted.number, 2), "陈建军", "135790"),
        ),
        users=(
            User("lihui", "李慧", "shelf-and-box-1", ("archivist",)),
            User("admin", "王建国", "keys-of-the-house-1", ("admin",)),
            User("zhaogong", "赵工", "wire-and-steel-1", ("technician",)),
        ),
        confirm_card=print_code("CF", wanted.number, 1),
        end_code=print_code("CT", wanted.number, 1),
        by_key={place.key: place for place in places},
    )


def _number_places(options: RoomOptions, bank: BankPlan) -> tuple[Place, ...]:
    cells = [
        (column.no, face, section, tier, slot)
        for column in bank.columns
        for face in column.faces
        for section in range(1, bank.sections + 1)
        for tier in range(1, bank.tiers + 1)
        for slot in range(1, options.slots + 1)
    ]
    return tuple(
        Place(
            f"{bank.bank_id}-{column:02d}-{face}-{section}-{tier}-{slot}",
            print_code("PL", options.number, serial),
            column,
            face,
            section,
            tier,
            slot,
        )
        for serial, (column, face, section, tier, slot) in enumerate(cells, 1)
    )


def describe_bank(plan: RoomPlan) -> dict[str, Any]:
    """Return the bank's geometry in the words that gateway settings and room file share."""
    bank, options = plan.bank, plan.options
    return {
        "id": bank.bank_id,
        "name": options.bank_name,
        "sections": bank.sections,
        "tiers": bank.tiers,
        "slots": options.slots,
        "passable_gap_mm": bank.passable_gap_mm,
        "speed_mm_s": bank.times.speed_mm_s,
        "columns": [
            {"no": c.no, "fixed": c.fixed, "width_mm": c.width_mm, "faces": list(c.faces)} for c in bank.columns
        ],
        "segments": [
            {
                "first_column": aisles[0],
                "last_column": aisles[-1],
                "free_aisles": bank.free_aisles[index],
                "free_width_mm": bank.free_width_mm(index),
            }
            for index, aisles in enumerate(bank.segments)
        ],
    }


def describe_room(plan: RoomPlan) -> dict[str, Any]:
    """Return the room file that founds this room at the centre."""
    options = plan.options
    return {
        "room": {"id": options.room_id, "number": options.number, "name": options.name},
        "banks": [describe_bank(plan)],
        "places": [{"key": place.key, "code": place.code} for place in plan.places],
        "boxes": [
            {
                "code": box.code,
                "title": box.title,
                "customer_no": box.customer_no,
                "customer_name": box.customer_name,
                "place_key": box.place_key,
            }
            for box in plan.boxes
        ],
        "staff": [{"code": one.code, "name": one.name, "pin": one.pin} for one in plan.staff],
        "users": [
            {
                "login": user.login,
                "name": user.name,
                "password": user.password,
                "roles": list(user.roles),
                "rooms": None if "admin" in user.roles else [options.room_id],
            }
            for user in plan.users
        ],
    }
