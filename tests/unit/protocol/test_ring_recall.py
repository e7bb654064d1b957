"""SPEC 6.12: a gateway that starts reads the ring from behind what it had told; what came before is history."""

from __future__ import annotations

from itertools import pairwise

import pytest

from firmware_protocol.codes import EventKind
from firmware_protocol.reports import RingRead, RingRecalled
from tests.unit.protocol.virtual_bus import VirtualBus


def press(bus: VirtualBus, times: int = 1) -> None:
    with bus.controllers[1].at_now() as model:
        for _ in range(times):
            model.press_confirm(70)


def boot_low(bus: VirtualBus) -> int:
    with bus.controllers[1].at_now() as model:
        return model.boot_id & 0xFFFF


def started(bus: VirtualBus, known_boot: int | None, sequence: int = 0) -> VirtualBus:
    bus.schedule.sessions[1].recall_ring(known_boot, sequence)
    bus.run(2000)
    return bus


def recalled(bus: VirtualBus) -> list[int]:
    return [event.sequence for read in bus.told(RingRecalled) for event in read.events]


def test_what_was_noted_meanwhile_is_told_as_history_and_the_rest_as_it_happens() -> None:
    bus = VirtualBus(recalls_ring=True)
    press(bus, 2)  # entries 2 to 5; POWER_ON is 1
    started(bus, boot_low(bus), 2)
    assert recalled(bus) == [3, 4, 5]
    assert not bus.told(RingRead)
    press(bus)
    bus.run(1000)
    live = [event.sequence for read in bus.told(RingRead) for event in read.events]
    assert (recalled(bus), live) == ([3, 4, 5], [6, 7])
    assert bus.last(RingRead).head == 7
    assert not bus.last(RingRead).lost


def test_nothing_is_read_before_it_is_said_from_where() -> None:
    bus = VirtualBus(recalls_ring=True)
    press(bus)
    bus.run(3000)
    press(bus)
    bus.run(1000)
    assert not bus.told(RingRead)
    started(bus, boot_low(bus), 1)
    assert recalled(bus) == [2, 3, 4, 5]


@pytest.mark.parametrize("known", [None, 3, 9])
def test_where_nothing_is_missing_or_known_reading_begins_at_the_head(known: int | None) -> None:
    """Also where more was told than the ring has: nothing to go by."""
    bus = VirtualBus(recalls_ring=True)
    press(bus)
    started(bus, None if known is None else boot_low(bus), known or 0)
    assert not bus.told(RingRecalled)
    press(bus)
    bus.run(1000)
    assert [event.sequence for read in bus.told(RingRead) for event in read.events] == [4, 5]


def test_another_boot_is_read_from_its_first_entry() -> None:
    bus = VirtualBus(recalls_ring=True)
    press(bus)
    started(bus, boot_low(bus) ^ 1, 500)
    events = [event for read in bus.told(RingRecalled) for event in read.events]
    assert [(each.sequence, each.kind) for each in events] == [
        (1, EventKind.POWER_ON),
        (2, EventKind.BUTTON),
        (3, EventKind.BUTTON),
    ]


def test_entries_that_were_overwritten_are_counted() -> None:
    bus = VirtualBus(recalls_ring=True)
    press(bus, 30)  # entries 2 to 61; the ring holds 30 to 61
    started(bus, boot_low(bus), 11)
    assert recalled(bus) == list(range(30, 62))
    assert sum(read.lost for read in bus.told(RingRecalled)) == 18
    assert not bus.told(RingRead)


def test_history_waits_for_readings_and_news_wait_for_history_only() -> None:
    """Never before MOTION: the ring's thirty-two entries cost no reading its time."""
    bus = VirtualBus(recalls_ring=True)
    press(bus, 15)
    bus.schedule.sessions[1].recall_ring(boot_low(bus), 1)
    bus.run(400)
    press(bus)
    bus.run(3000)
    assert recalled(bus) == list(range(2, 32))
    live = [event.sequence for read in bus.told(RingRead) for event in read.events]
    assert live == [32, 33]
    polls = bus.reads(0x0100)
    assert max(later - earlier for earlier, later in pairwise(polls)) <= 300
