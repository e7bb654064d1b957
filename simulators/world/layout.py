"""A room of the world as data: its bank with the sensors that seed and habits give it, places, boxes, staff."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from typing import Any

from edge.core.geometry import Column, Geometry, Segment
from edge.core.link import FeedRow
from edge.core.room import BankSettings, Point, RoomSettings, Source
from edge.core.rows import PlaceRow
from firmware_protocol.timing import Line, StopDistances, compute_stop_distances
from simulators.bank_plan import BankPlan, SensorKind, plan_bank
from simulators.codes import print_code
from simulators.world.habits import Habits

BAUD = 19_200
BANK = "A"
NUMBER = "01"
CONFIRM_BUTTON = 41  # no aisle has that number: the buttons that open aisles are numbered like them
BOXES = 160
SENSORS: dict[str, tuple[SensorKind, ...]] = {
    "beams_and_edges": (SensorKind.FOOT_BEAM, SensorKind.EDGE, SensorKind.ENTRY_BEAMS),
    "edges_only": (SensorKind.EDGE,),
    "pir_and_edges": (SensorKind.PIR, SensorKind.EDGE),
    "foot_beams_only": (SensorKind.FOOT_BEAM,),
    "bare": (),
}


@dataclass(frozen=True)
class Layout:
    """Everything about a room that doesn't change."""

    room_id: str
    kind: str  # of its sensors
    plan: BankPlan
    settings: RoomSettings
    places: dict[str, PlaceRow]
    boxes: dict[str, tuple[str, str]]  # code -> title, place key
    staff: dict[str, str]  # badge -> name
    card: str
    end_code: str
    distances: StopDistances

    @property
    def is_equipped(self) -> bool:
        """Whether no single fault may lead to harm here."""
        return {SensorKind.EDGE, SensorKind.ENTRY_BEAMS} <= set(self.plan.sensors)


def lay_out(room_id: str, habits: Habits, dice: random.Random, kind: str = "") -> Layout:
    """Lay out one room; its sensors are drawn unless named."""
    kind = kind or dice.choices(list(habits.banks), list(habits.banks.values()))[0]
    plan = replace(plan_bank(dice.choice((4, 6, 10))), sensors=SENSORS[kind])
    places = {place.key: place for place in number_places(plan)}
    chosen = dice.sample(sorted(places), min(BOXES, len(places) // 2))
    card = print_code("CF", NUMBER, 1)
    braking_mm = plan.times.speed_mm_s**2 // (2 * plan.times.braking_mm_s2)
    return Layout(
        room_id=room_id,
        kind=kind,
        plan=plan,
        settings=describe_room(room_id, plan, card),
        places=places,
        boxes={print_code("BX", NUMBER, n): (f"盒{n}", key) for n, key in enumerate(chosen, 1)},
        staff={print_code("ST", NUMBER, n): name for n, name in enumerate(("李慧", "陈建军", "孙悦"), 1)},
        card=card,
        end_code=print_code("CT", NUMBER, 1),
        distances=compute_stop_distances(Line(BAUD), plan.times.speed_mm_s, plan.times.reaction_ms, braking_mm),
    )


def number_places(plan: BankPlan) -> list[PlaceRow]:
    """List a place for every face, section and tier."""
    cells = [
        (column.no, face, section, tier)
        for column in plan.columns
        for face in column.faces
        for section in range(1, plan.sections + 1)
        for tier in range(1, plan.tiers + 1)
    ]
    return [
        PlaceRow(
            print_code("PL", NUMBER, serial),
            f"{BANK}-{column:02d}-{face}-{section}-{tier}-1",
            BANK,
            column,
            face,
            section,
            tier,
            1,
        )
        for serial, (column, face, section, tier) in enumerate(cells, 1)
    ]


def describe_room(room_id: str, plan: BankPlan, card: str) -> RoomSettings:
    """Tell the core its room, as an installer would have signed it."""
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
    bank = BankSettings(
        id=BANK,
        name="1区",
        bus="bus1",
        geometry=geometry,
        points=(
            Point("kiosk", "kiosk", "屏"),
            Point("button", "button", "按钮", button=CONFIRM_BUTTON),
            Point("card", "card", "卡", card_code=card),
        ),
        speed_mm_s=plan.times.speed_mm_s,
        wake_ms=plan.times.wake_ms,
        warning_ms=plan.times.warning_ms,
        travel_ms=plan.longest_travel_ms,
    )
    return RoomSettings(
        id=room_id,
        name="库房",
        number=NUMBER,
        banks=(bank,),
        sources=(Source("gun", "枪", "kiosk"),),
        moving_limit=(("bus1", Line(BAUD).max_moving_banks),),
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
