"""Every operation of the SPEC at the simulated bank, and every event that its ring knows (SPEC 5.10, 5.12, 5.15)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from firmware_protocol import codes
from simulators.bank_plan import BankPlan, BankTimes, ColumnPlan, plan_bank
from simulators.occupancy import Person, Posture
from simulators.shelf_model import ShelfModel
from simulators.shelf_record import (
    BankState,
    EventKind,
    FaultCode,
    Indication,
    Operation,
    Outcome,
    Reason,
    RoomInput,
    SafetyInput,
)
from simulators.shelf_words import show_detail, show_motion, show_ring, show_wear

LOCAL = {Reason.TRIPPED}


def advance(model: ShelfModel, ms: int) -> None:
    model.advance(model.now_ms + ms)


def start(model: ShelfModel, operation: Operation, aisle: int = 0, request_id: int = 0) -> int:
    """Select and operate; answer the token."""
    request_id = request_id or 1000 + model.ring_head * 16 + len(model.request_log)
    answer = model.select(request_id, operation, Indication(aisle))
    assert not answer.reasons, answer.reasons
    assert not model.operate(request_id, answer.token, operation, aisle, answer.snapshot.ring_head).reasons
    return answer.token


def state_of(model: ShelfModel) -> BankState:
    return model.state


def ride(model: ShelfModel, token: int, turns: int) -> None:
    """Renew the lease for a while."""
    for counter in range(1, turns + 1):
        advance(model, 200)
        model.renew_lease(token, counter, model.sequence)


def carry(model: ShelfModel, token: int, most_ms: int = 30_000) -> None:
    """Renew the lease until the motion has ended."""
    for counter in range(1, most_ms // 200):
        if model.task is None:
            return
        model.renew_lease(token, counter, model.sequence)
        advance(model, 200)
    raise AssertionError(f"still {model.state}")


def do(model: ShelfModel, operation: Operation, aisle: int = 0) -> None:
    carry(model, start(model, operation, aisle))


def kinds(model: ShelfModel) -> list[EventKind]:
    return [event.kind for event in model.events]


def halves() -> BankPlan:
    """A fixed column in the middle, two free aisles in the left half."""
    return BankPlan(columns=tuple(ColumnPlan(no, fixed=no in (1, 6, 9)) for no in range(1, 10)), free_aisles=(2, 1))


def test_ventilating_makes_even_gaps() -> None:
    model = ShelfModel(plan_bank(4))
    do(model, Operation.VENTILATE)
    assert all(abs(width - 160) <= 1 for width in model.rails.widths_mm().values())
    assert model.outcome_of(model.request_log[-1].request_id) is Outcome.DONE
    do(model, Operation.OPEN_AISLE, 2)
    assert model.snapshot().open_aisles == {2}
    assert model.lights == {2}


def test_each_half_of_a_bank_ventilates_and_closes_by_itself() -> None:
    model = ShelfModel(halves())
    do(model, Operation.VENTILATE)
    widths = model.rails.widths_mm()
    assert sum(widths[no] for no in range(1, 6)) == pytest.approx(1600)
    assert sum(widths[no] for no in range(6, 9)) == pytest.approx(800)
    do(model, Operation.CLOSE_ALL)
    assert model.snapshot().open_aisles == {1, 5, 8}


@pytest.mark.parametrize(("sleep_ms", "rest"), [(60_000, BankState.ASLEEP), (0, BankState.IDLE)])
def test_night_park_closes_puts_lights_out_and_sleeps(sleep_ms: int, rest: BankState) -> None:
    plan = plan_bank(4)
    model = ShelfModel(replace(plan, times=replace(plan.times, sleep_after_ms=sleep_ms)))
    model.act(1, Operation.WAKE)
    advance(model, 2000)
    do(model, Operation.OPEN_AISLE, 2)
    model.act(2, Operation.LIGHT_ON, 1)
    assert model.lights == {1, 2}
    do(model, Operation.PARK)
    assert (state_of(model), model.lights, model.indication) == (rest, set(), None)
    assert model.rails.widths_mm()[5] == pytest.approx(800)


def test_a_lock_by_wire_holds_one_aisle_or_the_bank() -> None:
    model = ShelfModel(plan_bank(4))
    assert not model.act(1, Operation.LOCK, 5)
    assert model.select(2, Operation.OPEN_AISLE, Indication(1)).reasons == {Reason.LOCKED}
    assert not model.act(3, Operation.UNLOCK, 5)
    assert not model.act(4, Operation.LOCK)
    assert show_detail(model, codes.LeaseRefusal.NONE, 0).gateway_locks == 0b11111
    assert codes.SafetyBits.GATEWAY_LOCK in show_motion(model).safety
    model.set_lock(3)
    assert model.act(5, Operation.UNLOCK) == LOCAL
    model.release_lock(3)
    assert not model.act(6, Operation.UNLOCK)
    assert not model.select(7, Operation.OPEN_AISLE, Indication(1)).reasons
    assert model.act(8, Operation.LOCK, 6) == {Reason.NO_SUCH_AISLE}
    assert model.act(9, Operation.WAKE, 1) == {Reason.NO_SUCH_AISLE}
    assert model.act(10, Operation.HOME) == {Reason.NOT_SUPPORTED}


def test_a_lock_by_wire_ends_a_motion_that_narrows_the_aisle() -> None:
    model = ShelfModel(plan_bank(4))
    start(model, Operation.OPEN_AISLE, 1, 7)
    model.act(8, Operation.LOCK, 5)
    assert state_of(model) is BankState.STOPPED
    assert model.outcome_of(7) is Outcome.STOPPED


def test_lights_of_one_aisle_and_of_all() -> None:
    model = ShelfModel(plan_bank(4))
    model.act(1, Operation.LIGHT_ON)
    model.act(2, Operation.LIGHT_OFF, 2)
    assert show_detail(model, codes.LeaseRefusal.NONE, 0).lights == 0b11101
    assert model.rails.travelled_mm == 0


def test_homing_by_wire_proves_positions() -> None:
    model = ShelfModel(plan_bank(4))
    model.turn_handle(3, -50)
    assert state_of(model) is BankState.UNKNOWN
    told = show_motion(model)
    assert (told.progress_permille, told.open_aisles, told.faults) == (0xFFFF, 0, codes.FaultBits.POSITION_LOST)
    assert Reason.POSITION_UNKNOWN in model.select(1, Operation.OPEN_AISLE, Indication(1)).reasons
    do(model, Operation.HOME)
    assert state_of(model) is BankState.IDLE
    assert not model.occupancy.unknown
    assert EventKind.HOMED in kinds(model)


def test_homing_that_is_stopped_leaves_positions_unknown() -> None:
    model = ShelfModel(plan_bank(4))
    do(model, Operation.OPEN_AISLE, 1)
    model.turn_handle(3, 50)
    ride(model, start(model, Operation.HOME), 12)
    assert state_of(model) is BankState.MOVING
    model.stop()
    advance(model, 500)
    assert state_of(model) is BankState.UNKNOWN


def test_homing_counts_every_aisle_it_may_narrow() -> None:
    """Nobody knows which aisle has width: whoever is seen in any but the home gap holds it."""
    model = ShelfModel(plan_bank(4))
    model.turn_handle(2, 0)
    model.enter(Person("a", 2))
    assert model.select(1, Operation.HOME, Indication(0)).reasons == {Reason.OCCUPIED}
    model.leave("a")
    assert not model.select(2, Operation.HOME, Indication(0)).reasons


def test_faults_are_cleared_when_their_cause_is_gone_and_trips_never() -> None:
    model = ShelfModel(plan_bank(4))
    model.break_drive(True)
    assert state_of(model) is BankState.FAULT
    assert model.act(1, Operation.CLEAR_FAULT) == {Reason.FAULT}
    model.break_drive(False)
    model.trip_sweep(3)
    assert model.act(2, Operation.CLEAR_FAULT) == LOCAL
    model.reset_locally()
    model.overload(2)
    assert not model.act(3, Operation.CLEAR_FAULT)
    assert state_of(model) is BankState.STOPPED
    told = show_ring(model)
    assert [(event.kind.name, event.argument) for event in told][1:] == [
        ("FAULT_SET", 0), ("SWEEP_TRIPPED", 3), ("SWEEP_RESTORED", 3), ("TRIP_RESET", 0), ("OVERLOAD", 2),
        ("FAULT_SET", 12), ("FAULT_CLEARED", 12),
    ]  # fmt: skip


@pytest.mark.parametrize("what", [SafetyInput.SMOKE, SafetyInput.FIRE, SafetyInput.SUPPLY_LOST])
def test_what_cuts_the_drive_ends_motion_and_its_return_starts_none(what: SafetyInput) -> None:
    model = ShelfModel(plan_bank(4))
    start(model, Operation.OPEN_AISLE, 1, 7)
    advance(model, 400)
    model.hold(what)
    advance(model, 3000)
    assert state_of(model) is BankState.STOPPED
    failed = what is SafetyInput.SUPPLY_LOST
    assert model.outcome_of(7) is (Outcome.FAILED if failed else Outcome.STOPPED)
    assert model.select(8, Operation.OPEN_AISLE, Indication(2)).reasons == {Reason.FAULT if failed else Reason.FIRE}
    travelled = model.rails.travelled_mm
    model.release(what)
    advance(model, 20_000)
    assert model.rails.travelled_mm == travelled


def test_a_sweep_stops_steel_at_once() -> None:
    model = ShelfModel(plan_bank(4))
    ride(model, start(model, Operation.OPEN_AISLE, 1, 7), 11)
    assert state_of(model) is BankState.MOVING
    model.trip_sweep(2)
    advance(model, 1000)
    assert state_of(model) is BankState.STOPPED
    assert codes.SafetyBits.SWEEP_TRIPPED in show_motion(model).safety
    assert model.request_log[-1].cause.name == "EDGE"


def test_room_inputs_are_told_and_hold_nothing() -> None:
    model = ShelfModel(plan_bank(4))
    model.switch_room_input(RoomInput.WATER, on=True)
    model.switch_room_input(RoomInput.DOOR_OPEN, on=True, door=2)
    model.hold(SafetyInput.SMOKE)
    inputs = codes.RoomInputs
    assert show_detail(model, codes.LeaseRefusal.NONE, 0).room_inputs == inputs.SMOKE | inputs.WATER | inputs.DOOR_OPEN
    model.release(SafetyInput.SMOKE)
    model.switch_room_input(RoomInput.DOOR_OPEN, on=False, door=2)
    assert not model.select(1, Operation.OPEN_AISLE, Indication(1)).reasons
    assert [(event.kind.name, event.argument) for event in show_ring(model)][1:] == [
        ("WATER", 1), ("DOOR", 513), ("SMOKE", 1), ("SMOKE", 0), ("DOOR", 512),
    ]  # fmt: skip


def fire_bank() -> ShelfModel:
    model = ShelfModel(replace(plan_bank(4), fire_parks=True))
    do(model, Operation.OPEN_AISLE, 2)
    return model


def test_fire_parks_once_where_its_authority_wants_it() -> None:
    model = fire_bank()
    model.hold(SafetyInput.FIRE)
    assert state_of(model) is BankState.WARNING
    assert [(event.kind, event.about) for event in model.events][-1] == (EventKind.LOCAL_MOTION, Operation.PARK)
    assert model.select(9, Operation.OPEN_AISLE, Indication(1)).reasons == {Reason.BUSY, Reason.FIRE}
    advance(model, 30_000)
    assert state_of(model) is BankState.IDLE
    assert model.rails.widths_mm()[5] == pytest.approx(800)


def test_fire_parking_obeys_the_gateways_stop() -> None:
    model = fire_bank()
    model.hold(SafetyInput.FIRE)
    advance(model, 2500)
    model.stop()
    advance(model, 20_000)
    assert state_of(model) is BankState.STOPPED
    assert model.rails.widths_mm()[2] > 600


@pytest.mark.parametrize("doubt", ["seen", "unknown", "locked", "fault", "edge", "handle"])
def test_in_doubt_columns_stay_then_and_later(doubt: str) -> None:
    model = fire_bank()
    match doubt:
        case "seen":
            model.enter(Person("a", 2, Posture.STILL))
        case "unknown":
            model.occupancy.unknown.add(2)
        case "locked":
            model.set_lock(2)
        case "fault":
            model.overload(2)
        case "edge":
            model.trip_sweep(2)
        case _:
            model.turn_handle(2, 0)
    travelled = model.rails.travelled_mm
    model.hold(SafetyInput.FIRE)
    model.leave("a")
    model.release_lock(2)
    model.reset_locally()
    advance(model, 30_000)
    assert model.rails.travelled_mm == travelled


def test_wear_is_counted_per_column_and_aisle() -> None:
    model = ShelfModel(plan_bank(4))
    do(model, Operation.OPEN_AISLE, 3)
    do(model, Operation.CLOSE_ALL)
    wear = show_wear(model)
    assert wear.column_cycles == (None, 0, 0, 2, 2)
    assert wear.motor_current_ma[:3] == (None, None, None)
    assert all(1700 < (current or 0) < 1900 for current in wear.motor_current_ma[3:])
    assert [ms is not None for ms in wear.opening_time_ms] == [False, False, True, False, False]


def test_contacts_alone_tell_what_stands_apart() -> None:
    """SPEC 3.9."""
    model = ShelfModel(replace(plan_bank(4), measures=False))
    do(model, Operation.OPEN_AISLE, 2)
    detail, motion = show_detail(model, codes.LeaseRefusal.NONE, 0), show_motion(model)
    assert detail.positions_mm == (None,) * 5
    assert set(detail.qualities) == {codes.PositionQuality.CONTACTS_ONLY}
    assert detail.aisle_widths_mm == (0, None, 0, 0, 0)
    assert motion.open_aisles == 0b10
    assert model.select(1, Operation.VENTILATE, Indication(0)).reasons == {Reason.NOT_SUPPORTED}


def test_contacts_prove_positions_after_power_or_they_do_not() -> None:
    model = ShelfModel(replace(plan_bank(4), measures=False))
    model.cut_power()
    model.restore_power()
    assert state_of(model) is BankState.IDLE
    do(model, Operation.OPEN_AISLE, 2)
    ride(model, start(model, Operation.OPEN_AISLE, 4), 19)
    assert state_of(model) is BankState.MOVING
    model.cut_power()
    advance(model, 1000)
    model.restore_power()
    assert state_of(model) is BankState.UNKNOWN
    assert kinds(model) == [EventKind.POWER_ON]
    assert model.occupancy.unknown == {1, 2, 3, 4, 5}


def test_power_takes_locks_of_the_gateway_and_requests_away() -> None:
    model = ShelfModel(plan_bank(4))
    model.act(1, Operation.LOCK, 2)
    model.cut_power()
    model.restore_power()
    assert not model.circumstances.gateway_locks
    assert not model.request_log
    assert state_of(model) is BankState.UNKNOWN
    assert not model.act(2, Operation.UNLOCK, 2)


def test_a_jam_is_an_overload_of_its_column() -> None:
    model = ShelfModel(plan_bank(4))
    model.rails.jam(4)
    carry(model, start(model, Operation.OPEN_AISLE, 1))
    assert FaultCode.JAM in model.faults
    assert [event.argument for event in model.events if event.kind is EventKind.OVERLOAD] == [4]


def test_a_bank_that_sleeps_starts_asleep_and_a_button_wakes_it() -> None:
    model = ShelfModel(replace(plan_bank(4), times=BankTimes(sleep_after_ms=60_000)))
    assert state_of(model) is BankState.ASLEEP
    model.press_confirm(70)
    assert state_of(model) is BankState.WAKING
    advance(model, 2000)
    assert state_of(model) is BankState.IDLE
    assert model.rails.travelled_mm == 0
