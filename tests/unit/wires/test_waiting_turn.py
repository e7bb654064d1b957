"""SPEC 6.5: on a full line banks at rest and their events still get a turn, and no motion dies of it."""

from __future__ import annotations

import pytest

from firmware_protocol import registers as map_
from firmware_protocol.blocks import RingEvent
from firmware_protocol.codes import EventKind
from firmware_protocol.reports import MotionRead, RingRead, StopReadBack, WireFailed
from tests.unit.protocol.virtual_bus import VirtualBus, gaps, online


def button_told(bus: VirtualBus, unit: int) -> list[RingEvent]:
    told = [event for report in bus.told(RingRead, unit) for event in report.events]
    return [event for event in told if event.kind is EventKind.BUTTON]


def press(bus: VirtualBus, unit: int) -> None:
    with bus.controllers[unit].at_now() as model:
        model.press_confirm(65)


@pytest.mark.parametrize(("baud", "moving"), [(9600, 1), (19200, 3)])
def test_a_button_at_a_resting_bank_is_heard_while_others_move(baud: int, moving: int) -> None:
    bus = online(VirtualBus(baud=baud, units=tuple(range(1, moving + 3))))
    for unit in range(1, moving + 1):
        bus.open_aisle(unit=unit, request_id=0x100 + unit)
    bus.run(2500)
    press(bus, moving + 2)
    pressed_ms = bus.now_ms
    bus.run_until(lambda: button_told(bus, moving + 2), 2000)
    assert bus.now_ms - pressed_ms < 2000
    bus.run(2000)
    for unit in range(1, moving + 1):
        assert bus.last(MotionRead, unit).snapshot.state.name == "MOVING"
        renewed = [at for at, _ in bus.writes(map_.LEASE.address, unit)]
        assert max(gaps(renewed)) <= 250, "a renewal waited for a neighbour's sake"


def test_a_trip_of_a_moving_bank_is_told_from_its_ring() -> None:
    bus = online(VirtualBus(baud=9600, units=(1, 2)))
    for unit in (1, 2):
        bus.open_aisle(unit=unit, request_id=0x100 + unit)
    bus.run(2500)
    press(bus, 1)
    bus.run_until(lambda: button_told(bus, 1), 1000)


def test_eight_idle_banks_on_a_slow_line_tell_their_events() -> None:
    bus = VirtualBus(baud=9600, units=tuple(range(1, 9)))
    bus.run_until(lambda: all(bus.told(MotionRead, unit) for unit in bus.units), 5000)
    bus.run(2000)
    press(bus, 5)
    bus.run_until(lambda: button_told(bus, 5), 2500)
    read = len(bus.reads(map_.MOTION.address, 8))
    bus.run(2000)
    assert len(bus.reads(map_.MOTION.address, 8)) >= read + 2


@pytest.mark.parametrize(("baud", "most"), [(9600, 2), (19200, 3), (38400, 6)])
def test_as_many_move_as_the_line_carries_and_no_more(baud: int, most: int) -> None:
    """SPEC 6.7: leases and the readings they rest on, of all who move; the next SELECT is told at once why not."""
    bus = online(VirtualBus(baud=baud, units=tuple(range(1, most + 2))))
    for unit in range(1, most + 1):
        bus.open_aisle(2, unit=unit, request_id=0x100 + unit)
    bus.select(2, 0x200, most + 1)
    bus.run(1)
    assert bus.last(WireFailed, most + 1).reason == "bus_full"
    begun_ms = bus.now_ms
    bus.run(6000)
    for unit in range(1, most + 1):
        assert bus.last(MotionRead, unit).snapshot.state.name == "MOVING"
        renewed = [at for at, _ in bus.writes(map_.LEASE.address, unit) if at > begun_ms]
        assert max(gaps(renewed)) <= 250


def test_a_chattering_ring_does_not_starve_the_readings_of_its_bank() -> None:
    bus = online(VirtualBus(baud=19200))
    bus.open_aisle()
    bus.run(2500)
    for _ in range(20):
        press(bus, 1)
        bus.run(100)
    assert bus.last(MotionRead).snapshot.state.name == "MOVING"
    assert max(gaps([at for at, _ in bus.writes(map_.LEASE.address, 1)])) <= 250


def test_standstill_is_read_back_while_logs_are_read_page_by_page() -> None:
    """SPEC 6.5, 6.8: outcomes of both banks are in doubt, both are being stopped; MOTION takes its turn between."""
    bus = online(VirtualBus(units=(1, 2)))
    for unit in (1, 2):
        bus.schedule.sessions[unit].order_outcome(0x4711)
        bus.schedule.sessions[unit].order_stop(1, bus.now_ms)
    begun_ms = bus.now_ms
    bus.run_until(lambda: bus.told(StopReadBack, 1) and bus.told(StopReadBack, 2), 1000)
    assert bus.now_ms - begun_ms <= 150
