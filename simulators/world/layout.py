"""A room of the world as data: banks with the sensors that seed and habits give them, buses, places, boxes, staff."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from edge.core.geometry import Column, Geometry, Segment
from edge.core.link import FeedRow
from edge.core.room import BankSettings, Point, RoomSettings, ScanAlone, Sensor, Source
from edge.core.rows import PlaceRow
from firmware_protocol.timing import Line, StopDistances, compute_stop_distances
from simulators.bank_plan import BankPlan, SensorKind, plan_bank
from simulators.codes import print_code
from simulators.world.habits import Habits

NUMBER = "01"
FIRST_BUTTON = 65  # of the confirming buttons; no aisle has such a number
NO_WIRE_BAUD = 921_600  # stands for a line where there is none
BROKER_TURN_MS = 60.0  # a message both ways
BOXES = 160  # in a bank
SLEEP_AFTER_MS = 90_000
PROVEN_UNTIL = datetime(2027, 3, 1, tzinfo=UTC)
DECISION = ScanAlone(("李慧", "陈建军"), "风险评估 7", "2026-01-05", PROVEN_UNTIL)
SENSORS: dict[str, tuple[SensorKind, ...]] = {
    "beams_and_edges": (SensorKind.FOOT_BEAM, SensorKind.EDGE, SensorKind.ENTRY_BEAMS),
    "edges_only": (SensorKind.EDGE,),
    "pir_and_edges": (SensorKind.PIR, SensorKind.EDGE),
    "foot_beams_only": (SensorKind.FOOT_BEAM,),
    "bare": (),
}
# by name: for each bank of the room its bus, and the speed of each bus
SHAPES: dict[str, tuple[tuple[str, ...], dict[str, int]]] = {
    "one_bank": (("bus1",), {"bus1": 19_200}),
    "slow_bus": (("bus1", "bus1", "bus1"), {"bus1": 9_600}),
    "two_buses": (("bus1", "bus1", "bus2"), {"bus1": 19_200, "bus2": 9_600}),
    # banks on the broker of the room: each a bus of its own, without a wire
    "broker": (("broker-a",), {"broker-a": NO_WIRE_BAUD}),
    "broker_and_bus": (
        ("broker-a", "broker-b", "bus1"),
        {"broker-a": NO_WIRE_BAUD, "broker-b": NO_WIRE_BAUD, "bus1": 19_200},
    ),
}


@dataclass(frozen=True)
class BankLayout:
    """Everything about a bank that doesn't change."""

    id: str
    unit: int
    bus: str
    baud: int
    kind: str  # of its sensors
    plan: BankPlan
    card: str
    button: int
    opens_by_scan: bool  # by the owner's entry in a file, also where a gap narrows
    distances: StopDistances

    @property
    def line(self) -> Line:
        """The line, or what stands for it, as its settings say."""
        return make_line(self.bus, self.baud)

    @property
    def is_equipped(self) -> bool:
        """Whether no single fault may lead to harm here."""
        return {SensorKind.EDGE, SensorKind.ENTRY_BEAMS} <= set(self.plan.sensors)


@dataclass(frozen=True)
class Layout:
    """Everything about a room that doesn't change."""

    room_id: str
    banks: tuple[BankLayout, ...]
    bauds: dict[str, int]  # by bus
    settings: RoomSettings
    places: dict[str, PlaceRow]
    boxes: dict[str, tuple[str, str]]  # code -> title, place key
    staff: dict[str, str]  # badge -> name
    end_code: str


def make_line(bus: str, baud: int) -> Line:
    """Make the line of a bus; a message on a broker takes a time that the installer signed."""
    return Line(baud, BROKER_TURN_MS if bus.startswith("broker") else 0.0)


def lay_out(room_id: str, habits: Habits, dice: random.Random, kind: str = "", shape: str = "") -> Layout:
    """Lay out one room; its shape and sensors are drawn unless named."""
    shape = shape or draw(dice, habits.rooms)
    buses, bauds = SHAPES[shape]
    banks = tuple(lay_bank(n, bus, bauds[bus], habits, dice, kind=kind) for n, bus in enumerate(buses, 1))
    places = {place.key: place for place in number_places(banks)}
    chosen = [
        key
        for bank in banks
        for mine in [sorted(key for key, place in places.items() if place.bank == bank.id)]
        for key in dice.sample(mine, min(BOXES, len(mine) // 2))
    ]
    return Layout(
        room_id=room_id,
        banks=banks,
        bauds=bauds,
        settings=describe_room(room_id, banks, bauds),
        places=places,
        boxes={print_code("BX", NUMBER, n): (f"盒{n}", key) for n, key in enumerate(chosen, 1)},
        staff={print_code("ST", NUMBER, n): name for n, name in enumerate(("李慧", "陈建军", "孙悦"), 1)},
        end_code=print_code("CT", NUMBER, 1),
    )


def draw(dice: random.Random, shares: dict[str, float]) -> str:
    """Draw a name by its share."""
    return dice.choices(list(shares), list(shares.values()))[0]


def lay_bank(unit: int, bus: str, baud: int, habits: Habits, dice: random.Random, *, kind: str) -> BankLayout:
    """Lay out one bank: its length, its sensors, how many aisles stand open, whether it sleeps."""
    kind = kind or draw(dice, habits.banks)
    bank_id = chr(ord("A") + unit - 1)
    free = 2 if dice.random() < habits.shapes["two_free_aisles"] else 1
    plan = plan_bank(dice.choice((4, 6, 10)), bank_id=bank_id, free_aisles=free)
    sleep_ms = SLEEP_AFTER_MS if dice.random() < habits.shapes["sleeps"] else 0
    plan = replace(
        plan,
        sensors=SENSORS[kind],
        times=replace(plan.times, sleep_after_ms=sleep_ms),
        fire_parks=dice.random() < habits.shapes["fire_parks"],
        measures=dice.random() >= habits.shapes["contacts_only"],
    )
    braking_mm = plan.times.speed_mm_s**2 // (2 * plan.times.braking_mm_s2)
    return BankLayout(
        id=bank_id,
        unit=unit,
        bus=bus,
        baud=baud,
        kind=kind,
        plan=plan,
        card=print_code("CF", NUMBER, unit),
        button=FIRST_BUTTON + 2 * unit,
        opens_by_scan=dice.random() < habits.shapes["scan_alone"],
        distances=compute_stop_distances(
            make_line(bus, baud), plan.times.speed_mm_s, plan.times.reaction_ms, braking_mm
        ),
    )


def number_places(banks: tuple[BankLayout, ...]) -> list[PlaceRow]:
    """List a place for every face, section and tier."""
    cells = [
        (bank.id, column.no, face, section, tier)
        for bank in banks
        for column in bank.plan.columns
        for face in column.faces
        for section in range(1, bank.plan.sections + 1)
        for tier in range(1, bank.plan.tiers + 1)
    ]
    return [
        PlaceRow(
            print_code("PL", NUMBER, serial),
            f"{bank}-{column:02d}-{face}-{section}-{tier}-1",
            bank,
            column,
            face,
            section,
            tier,
            1,
        )
        for serial, (bank, column, face, section, tier) in enumerate(cells, 1)
    ]


def describe_room(room_id: str, banks: tuple[BankLayout, ...], bauds: dict[str, int]) -> RoomSettings:
    """Tell the core its room, as an installer would have signed it."""
    return RoomSettings(
        id=room_id,
        name="库房",
        number=NUMBER,
        banks=tuple(describe_bank(bank) for bank in banks),
        sources=(Source("gun", "枪", "kiosk"),),
        moving_limit=tuple((bus, make_line(bus, baud).max_moving_banks) for bus, baud in bauds.items()),
    )


def describe_bank(bank: BankLayout) -> BankSettings:
    """Tell the core one bank."""
    plan = bank.plan
    geometry = Geometry(
        columns=tuple(Column(c.no, c.width_mm, tuple(c.faces), c.fixed) for c in plan.columns),  # type: ignore[arg-type]
        segments=tuple(
            Segment(aisles[0], aisles[-1], plan.free_width_mm(index), plan.free_aisles[index])
            for index, aisles in enumerate(plan.segments)
        ),
        sections=plan.sections,
        tiers=plan.tiers,
        slots=1,
        passable_gap_mm=plan.passable_gap_mm,
    )
    return BankSettings(
        id=bank.id,
        name=f"{bank.unit}区",
        bus=bank.bus,
        geometry=geometry,
        points=(
            Point("kiosk", "kiosk", "屏"),
            Point("button", "button", "按钮", button=bank.button),
            Point("card", "card", "卡", card_code=bank.card),
        ),
        speed_mm_s=plan.times.speed_mm_s,
        wake_ms=plan.times.wake_ms,
        warning_ms=plan.times.warning_ms,
        travel_ms=plan.longest_travel_ms,
        scan_alone=DECISION if bank.opens_by_scan else None,
        sensors=tuple(
            Sensor(
                f"{bank.id}-{kind.value}",
                kind.value,
                kind.value,
                plan.aisles,
                sees_stillness=kind is not SensorKind.PIR,
                tested_on="2026-01-05",
                test_due_at=PROVEN_UNTIL,
            )
            for kind in plan.sensors
        ),
        positions="measured" if plan.measures else "contacts",
    )


def list_feed_rows(layout: Layout) -> list[FeedRow]:
    """List the room as the centre's feed would tell it, for a store on disk."""
    bodies: list[tuple[str, str, dict[str, Any]]] = [
        ("staff", code, {"name": name, "active": True}) for code, name in layout.staff.items()
    ]
    bodies += [
        (
            "place",
            key,
            {
                "code": place.code,
                "bank": place.bank,
                "column": place.column,
                "face": place.face,
                "section": place.section,
                "tier": place.tier,
                "slot": place.slot,
            },
        )
        for key, place in layout.places.items()
    ]
    bodies += [
        ("box", code, {"title": title, "state": "shelved", "place_key": key})
        for code, (title, key) in layout.boxes.items()
    ]
    return [FeedRow(kind, key, n, body, None, 0) for n, (kind, key, body) in enumerate(bodies, 1)]
