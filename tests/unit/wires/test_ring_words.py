"""Every kind of event of the ring has its word in the core, with the number the core means (SPEC 5.10)."""

from __future__ import annotations

import pytest

from edge.core.snapshot import RingEntry
from edge.drivers.shelf_words import describe_ring_event, describe_signs
from firmware_protocol.blocks import RingEvent
from firmware_protocol.codes import EventKind, SafetyBits

SILENT_KINDS = {EventKind.NONE, EventKind.MOTION_ENDED, EventKind.SWEEP_RESTORED}


@pytest.mark.parametrize(
    ("kind", "argument", "word", "number"),
    [
        (EventKind.BUTTON, 0x0301, "button_pressed", 3),
        (EventKind.BUTTON, 0x4200, "button_released", 0x42),
        (EventKind.DOOR, 0x0201, "door", 2),
        (EventKind.DOOR, 0x0200, "door", 2),
        (EventKind.FIRE, 1, "fire", 1),
        (EventKind.FIRE, 0, "fire_over", 0),
        (EventKind.SMOKE, 1, "smoke", 1),
        (EventKind.SMOKE, 0, "smoke_over", 0),
        (EventKind.WATER, 1, "water", 1),
        (EventKind.WATER, 0, "water_over", 0),
        (EventKind.MAINTENANCE, 1, "maintenance", 1),
        (EventKind.MAINTENANCE, 0, "maintenance_over", 0),
        (EventKind.SWEEP_TRIPPED, 9, "sweep", 9),
        (EventKind.EDGE_TRIPPED, 4, "edge", 4),
        (EventKind.OVERLOAD, 5, "overload", 5),
        (EventKind.POWER_FAILED, 0, "power_failed", 0),
        (EventKind.POWER_RETURNED, 0, "power", 0),
        (EventKind.CLEARED, 6, "occupancy_over", 6),
        (EventKind.STOP_PRESSED, 0, "trip", 0),
    ],
)
def test_an_event_keeps_its_meaning(kind: EventKind, argument: int, word: str, number: int) -> None:
    told = describe_ring_event(RingEvent(7, kind, argument, 20))
    assert told == RingEntry(7, word, number, 20)  # type: ignore[arg-type]


def test_no_kind_is_lost_on_the_way() -> None:
    for kind in EventKind:
        told = describe_ring_event(RingEvent(1, kind, 1, 0))
        assert (told.kind == "other") == (kind in SILENT_KINDS), kind


def test_a_kick_bar_holds_the_bank_like_an_edge() -> None:
    assert describe_signs(SafetyBits.SWEEP_TRIPPED | SafetyBits.EDGE_TRIPPED) == ("edge", "sweep")
