"""The shelf controller of the simulators: steel, lease, selection, interlocks, people."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulators.bank_plan import BankPlan, BankTimes, ColumnPlan, SensorKind, plan_bank
from simulators.occupancy import Person, Posture
from simulators.shelf_model import ShelfModel
from simulators.shelf_record import (
    BankState,
    Cause,
    EventKind,
    FaultCode,
    Indication,
    Operation,
    Outcome,
    Quality,
    Reason,
    SafetyInput,
)

OPEN = Operation.OPEN_AISLE


def begin(model: ShelfModel, request_id: int, aisle: int) -> int:
    """Select and operate; answers the token."""
    answer = model.select(request_id, OPEN, Indication(aisle))
    assert not answer.reasons, answer.reasons
    started = model.operate(request_id, answer.token, OPEN, aisle, answer.snapshot.ring_head)
    assert not started.reasons, started.reasons
    return answer.token


def ride(model: ShelfModel, token: int, for_ms: int, *, every_ms: int = 200, counter: int = 0) -> int:
    """Keep the lease alive for a while; answers the last counter used."""
    end_ms = model.now_ms + for_ms
    while model.now_ms < end_ms:
        counter += 1
        model.renew_lease(token, counter, model.sequence)
        model.advance(min(end_ms, model.now_ms + every_ms))
    return counter


def open_aisle(model: ShelfModel, request_id: int, aisle: int) -> None:
    """Open an aisle the whole way."""
    token = begin(model, request_id, aisle)
    ride(model, token, 20_000)
    assert model.outcome_of(request_id) is Outcome.DONE


def test_opens_an_aisle_the_whole_way() -> None:
    model = ShelfModel(plan_bank())
    assert model.snapshot().open_aisles == {11}
    token = begin(model, 7, 4)
    assert model.state is BankState.WARNING
    model.advance(400)
    ride(model, token, 1400)
    assert model.state is BankState.MOVING
    ride(model, token, 15_000, counter=100)
    snapshot = model.snapshot()
    assert (snapshot.state, snapshot.open_aisles) == (BankState.IDLE, {4})
    assert snapshot.widths_mm[4] == 800
    assert snapshot.last_request is not None
    assert snapshot.last_request.outcome is Outcome.DONE
    assert snapshot.contacts[4] == (False, True)  # column 5: the open aisle at its left, column 6 at its right


def test_the_journey_takes_the_time_that_speed_and_stagger_say() -> None:
    model = ShelfModel(plan_bank())
    token = begin(model, 1, 1)
    counter = ride(model, token, 1500)
    started_ms = model.now_ms
    while model.state is BankState.MOVING:
        counter = ride(model, token, 100, every_ms=100, counter=counter)
    taken_ms = model.now_ms - started_ms
    # 800 mm at 80 mm/s, half the ramps, nine staggered starts of 250 ms
    assert 10_000 + 9 * 250 <= taken_ms <= 10_000 + 9 * 250 + 800
    assert taken_ms <= model.plan.longest_travel_ms * 1.2


def test_without_renewal_the_lease_ends_motion_within_the_stop_distance() -> None:
    model = ShelfModel(plan_bank())
    token = begin(model, 1, 3)
    ride(model, token, 5000)
    assert model.state is BankState.MOVING
    width_mm = model.rails.width_mm(3)
    model.advance(model.now_ms + 2500)
    assert model.state is BankState.STOPPED
    assert model.outcome_of(1) is Outcome.LAPSED
    assert model.renew_lease(token, 9999, model.sequence) == {Reason.LAPSED}
    times = model.plan.times
    assert model.rails.width_mm(3) - width_mm <= times.speed_mm_s * 0.5 + model.plan.stop_distance_mm + 1


def test_stop_ends_motion_within_the_printed_distance() -> None:
    model = ShelfModel(plan_bank(speed_mm_s=133))
    token = begin(model, 1, 3)
    ride(model, token, 4000)
    before_mm = model.rails.positions_mm
    model.stop()
    model.advance(model.now_ms + 1500)
    assert model.state is BankState.STOPPED
    assert model.outcome_of(1) is Outcome.STOPPED
    travelled = max(abs(a - b) for a, b in zip(before_mm, model.rails.positions_mm, strict=True))
    assert 0 < travelled <= model.plan.stop_distance_mm + 1
    open_aisle(model, 2, 3)  # a stopped bank takes a new request, and only that


def test_lease_is_refused_for_old_sequence_counter_and_token() -> None:
    model = ShelfModel(plan_bank())
    token = begin(model, 1, 3)
    sequence = model.sequence
    assert model.renew_lease(token ^ 1, 1, sequence) == {Reason.WRONG_TOKEN}
    assert model.renew_lease(token, 1, sequence) == frozenset()
    assert model.renew_lease(token, 1, sequence) == {Reason.OLD_COUNTER}
    model.advance(450)
    assert model.renew_lease(token, 2, sequence) == frozenset()
    model.advance(520)
    assert model.renew_lease(token, 3, sequence) == {Reason.STALE_SEQUENCE}
    assert model.renew_lease(token, 4, (model.sequence + 1) & 0xFFFF) == {Reason.STALE_SEQUENCE}


def test_a_selection_dies_after_two_seconds_and_can_be_given_back() -> None:
    model = ShelfModel(plan_bank())
    answer = model.select(1, OPEN, Indication(3))
    assert model.select(2, OPEN, Indication(4)).reasons == {Reason.ALREADY_SELECTED}
    model.advance(2000)
    assert model.outcome_of(1) is Outcome.EXPIRED
    late = model.operate(1, answer.token, OPEN, 3, answer.snapshot.ring_head)
    assert late.reasons == {Reason.NOT_SELECTED}
    model.select(3, OPEN, Indication(4))
    model.deselect()
    assert (model.state, model.outcome_of(3)) == (BankState.IDLE, Outcome.DESELECTED)
    assert model.motions == []


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda m, a: (m, 1, a.token ^ 1, 3, a.snapshot.ring_head), Reason.WRONG_TOKEN),
        (lambda m, a: (m, 2, a.token, 3, a.snapshot.ring_head), Reason.WRONG_REQUEST),
        (lambda m, a: (m, 1, a.token, 4, a.snapshot.ring_head), Reason.OTHER_TARGET),
        (lambda m, a: (m, 1, a.token, 3, a.snapshot.ring_head - 1), Reason.RING_MOVED),
    ],
)
def test_operate_refuses_what_was_not_selected(change: Callable[..., tuple[Any, ...]], reason: Reason) -> None:
    model = ShelfModel(plan_bank())
    answer = model.select(1, OPEN, Indication(3))
    _, request_id, token, aisle, head = change(model, answer)
    assert reason in model.operate(request_id, token, OPEN, aisle, head).reasons
    assert model.state is BankState.IDLE
    assert model.motions == []


def test_an_event_between_select_and_operate_refuses() -> None:
    model = ShelfModel(plan_bank())
    answer = model.select(1, OPEN, Indication(3))
    model.press_confirm(1)
    assert model.operate(1, answer.token, OPEN, 3, answer.snapshot.ring_head).reasons == {Reason.RING_MOVED}


def test_a_request_id_moves_steel_once() -> None:
    model = ShelfModel(plan_bank())
    open_aisle(model, 5, 3)
    assert model.select(5, OPEN, Indication(9)).reasons == {Reason.DUPLICATE_REQUEST}
    assert model.outcome_of(5) is Outcome.DONE
    assert model.motions == [(5, OPEN, 3)]


def test_somebody_seen_in_the_closing_aisle_refuses_and_others_do_not() -> None:
    model = ShelfModel(plan_bank())
    model.enter(Person("wang", 11, Posture.STILL))
    assert model.snapshot().seen == {11}
    assert model.select(1, OPEN, Indication(3)).reasons == {Reason.OCCUPIED}
    model.leave("wang")
    open_aisle(model, 2, 3)


def test_a_foot_beam_does_not_see_the_ladder_but_the_edge_feels_it() -> None:
    plan = plan_bank()
    model = ShelfModel(BankPlan(columns=plan.columns, sensors=(SensorKind.FOOT_BEAM, SensorKind.EDGE)))
    model.enter(Person("li", 11, Posture.LADDER))
    assert model.snapshot().seen == frozenset()
    token = begin(model, 1, 3)
    ride(model, token, 12_000)
    assert model.outcome_of(1) is Outcome.STOPPED
    assert SafetyInput.EDGE in model.snapshot().safety
    assert 0 < model.occupancy.squeezed_mm["li"] <= 50
    model.leave("li")
    assert Reason.TRIPPED in model.select(2, OPEN, Indication(3)).reasons  # only a local reset clears it
    model.reset_locally()
    open_aisle(model, 3, 3)


def test_broken_entry_beams_stop_a_closing_aisle() -> None:
    model = ShelfModel(plan_bank())
    token = begin(model, 1, 3)
    ride(model, token, 4000)
    model.enter(Person("zhao", 11))
    ride(model, token, 1000, counter=500)
    assert model.state is BankState.STOPPED
    assert SafetyInput.BEAM in model.snapshot().safety
    assert [e.kind for e in model.events][-3:] == [EventKind.OCCUPIED, EventKind.BEAM_BROKEN, EventKind.MOTION_ENDED]
    assert model.rails.width_mm(11) > 500


def test_somebody_entering_during_the_warning_drops_the_request() -> None:
    model = ShelfModel(plan_bank())
    token = begin(model, 1, 3)
    ride(model, token, 800)
    model.enter(Person("zhao", 11))
    assert (model.state, model.outcome_of(1)) == (BankState.STOPPED, Outcome.STOPPED)
    model.leave("zhao")
    ride(model, token, 5000, counter=50)
    assert model.rails.travelled_mm == 0  # what was dropped does not come back by itself


@pytest.mark.parametrize(
    ("hold", "reason"),
    [
        (lambda m: m.hold(SafetyInput.EMERGENCY_STOP), Reason.EMERGENCY_STOP),
        (lambda m: m.hold(SafetyInput.FIRE), Reason.FIRE),
        (lambda m: m.hold(SafetyInput.MAINTENANCE), Reason.MAINTENANCE),
        (lambda m: m.set_lock(11), Reason.LOCKED),
        (lambda m: m.stick_sensor(11, SensorKind.FOOT_BEAM, reading=True), Reason.OCCUPIED),
        (lambda m: m.turn_handle(4, 30.0), Reason.POSITION_UNKNOWN),
    ],
)
@pytest.mark.parametrize("stage", ["select", "operate", "warning", "moving"])
def test_every_interlock_holds_at_every_stage(hold: Callable[[ShelfModel], Any], reason: Reason, stage: str) -> None:
    model = ShelfModel(plan_bank())
    if stage == "select":
        hold(model)
        assert reason in model.select(1, OPEN, Indication(3)).reasons
        return
    if stage == "operate":
        answer = model.select(1, OPEN, Indication(3))
        hold(model)
        refused = model.operate(1, answer.token, OPEN, 3, answer.snapshot.ring_head).reasons
        assert refused & {reason, Reason.NOT_SELECTED}  # a handle voids the selection itself
        assert model.motions == []
        return
    token = begin(model, 1, 3)
    ride(model, token, 800 if stage == "warning" else 4000)
    travelled_mm = model.rails.travelled_mm
    hold(model)
    ride(model, token, 1000, counter=900)
    assert not model.rails.moving
    assert model.outcome_of(1) in (Outcome.STOPPED, Outcome.FAILED)
    if stage == "warning":
        assert model.rails.travelled_mm == travelled_mm == 0


def test_power_loss_forgets_requests_positions_and_occupancy() -> None:
    model = ShelfModel(plan_bank(), seed=3)
    token = begin(model, 1, 3)
    boot_id = model.boot_id
    ride(model, token, 4000)
    model.cut_power()
    model.advance(model.now_ms + 3000)
    model.restore_power()
    snapshot = model.snapshot()
    assert snapshot.boot_id != boot_id
    assert (snapshot.state, set(snapshot.qualities)) == (BankState.UNKNOWN, {Quality.UNKNOWN})
    assert snapshot.unknown == set(model.plan.aisles)
    assert model.outcome_of(1) is Outcome.NONE
    assert model.renew_lease(token, 1000, model.sequence) == {Reason.NOT_SELECTED}
    assert model.select(2, OPEN, Indication(3)).reasons == {Reason.POSITION_UNKNOWN}
    model.home_locally()
    model.advance(model.now_ms + 5000)
    open_aisle(model, 3, 3)


def test_a_stuck_column_becomes_a_fault_that_only_a_local_reset_clears() -> None:
    model = ShelfModel(plan_bank())
    model.rails.jam(11)
    token = begin(model, 1, 3)
    ride(model, token, 4000)
    assert (model.state, model.faults) == (BankState.FAULT, {FaultCode.JAM})
    assert model.outcome_of(1) is Outcome.FAILED
    assert Reason.FAULT in model.select(2, OPEN, Indication(3)).reasons
    model.rails.jam(11, jammed=False)
    model.reset_locally()
    open_aisle(model, 3, 3)


def test_a_sleeping_bank_wakes_first_and_moves_nothing() -> None:
    plan = plan_bank()
    model = ShelfModel(BankPlan(columns=plan.columns, times=BankTimes(sleep_after_ms=10_000)))
    model.advance(10_000)
    assert model.state is BankState.ASLEEP
    assert model.select(1, OPEN, Indication(3)).reasons == {Reason.ASLEEP}
    assert model.act(2, Operation.WAKE) == frozenset()
    model.advance(11_999)
    assert model.state is BankState.WAKING
    model.advance(12_000)
    assert model.state is BankState.IDLE
    assert model.rails.travelled_mm == 0


def test_the_button_at_the_bank_moves_without_us_and_says_so() -> None:
    model = ShelfModel(plan_bank())
    assert model.press_open(5) == frozenset()
    model.advance(20_000)
    assert model.snapshot().open_aisles == {5}
    assert [(e.kind, e.argument) for e in model.events] == [
        (EventKind.POWER_ON, 0),
        (EventKind.BUTTON, 5 << 8 | 1),
        (EventKind.BUTTON, 5 << 8),
        (EventKind.LOCAL_MOTION, 5),
        (EventKind.MOTION_ENDED, 5),
    ]
    assert model.events[-1].about is Cause.ARRIVED


def test_places_outside_the_bank_are_refused() -> None:
    model = ShelfModel(plan_bank())
    assert model.select(1, OPEN, Indication(12)).reasons == {Reason.NO_SUCH_AISLE}
    assert model.select(2, OPEN, Indication(3, "A", 5, 1)).reasons == {Reason.NO_SUCH_PLACE}
    assert model.select(3, OPEN, Indication(11, "A", 1, 1)).reasons == {
        Reason.NO_SUCH_PLACE
    }  # the end stop has no face
    assert model.select(4, Operation.VENTILATE, Indication(3)).reasons == {Reason.NO_SUCH_AISLE}


def test_close_all_gathers_the_width_at_home() -> None:
    model = ShelfModel(plan_bank())
    open_aisle(model, 1, 3)
    answer = model.select(2, Operation.CLOSE_ALL, Indication(0))
    assert answer.aisle == 0
    assert not model.operate(2, answer.token, Operation.CLOSE_ALL, 0, answer.snapshot.ring_head).reasons
    ride(model, answer.token, 20_000)
    assert model.snapshot().open_aisles == {11}


def two_segments() -> BankPlan:
    """Two segments around a fixed column in the middle; two free aisles in the left one."""
    columns = tuple(ColumnPlan(no, fixed=no in (1, 6, 9)) for no in range(1, 10))
    return BankPlan(columns=columns, free_aisles=(2, 1))


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(1, 11), st.integers(0, 14_000), st.sampled_from(["ride", "stop", "lapse", "cut"])),
        min_size=1,
        max_size=4,
    ),
    st.booleans(),
)
def test_gaps_always_sum_to_the_free_width(acts: list[tuple[int, int, str]], two: bool) -> None:
    plan = two_segments() if two else plan_bank(aisle_mm=750)
    model = ShelfModel(plan)
    for request_id, (aisle, for_ms, then) in enumerate(acts):
        answer = model.select(request_id, OPEN, Indication(aisle))
        if not answer.reasons:
            model.operate(request_id, answer.token, OPEN, aisle, answer.snapshot.ring_head)
            ride(model, answer.token, for_ms, every_ms=170)
        if then == "stop":
            model.stop()
        elif then == "cut":
            model.cut_power()
            model.restore_power()
            model.home_locally()
        model.advance(model.now_ms + 6000)
        widths = model.rails.widths_mm()
        assert min(widths.values()) >= 0
        for index, aisles in enumerate(plan.segments):
            assert sum(widths[no] for no in aisles) == pytest.approx(plan.free_width_mm(index), abs=1e-6)
    started = [request_id for request_id, _, _ in model.motions]
    assert len(started) == len(set(started))


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(1, 400), min_size=1, max_size=60), st.integers(1, 10))
def test_the_result_does_not_depend_on_how_often_time_is_advanced(steps: list[int], aisle: int) -> None:
    fine, coarse = ShelfModel(plan_bank()), ShelfModel(plan_bank())
    for model in (fine, coarse):
        assert model.press_open(aisle) == frozenset()
    for step_ms in steps:
        fine.advance(fine.now_ms + step_ms)
    coarse.advance(fine.now_ms)
    assert fine.snapshot() == coarse.snapshot()
    assert fine.rails.positions_mm == coarse.rails.positions_mm


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 900), st.booleans()), min_size=1, max_size=25))
def test_nothing_moves_without_a_live_lease(renewals: list[tuple[int, bool]]) -> None:
    model = ShelfModel(plan_bank())
    token = begin(model, 1, 2)
    leased_until_ms = model.now_ms + 500
    for counter, (pause_ms, renew) in enumerate(renewals):
        if renew and not model.renew_lease(token, counter, model.sequence):
            leased_until_ms = model.now_ms + 500
        before_mm = model.rails.travelled_mm
        standing = not model.rails.moving
        model.advance(model.now_ms + pause_ms)
        grace_ms = model.plan.times.reaction_ms + 1000 * 80 // model.plan.times.braking_mm_s2 + 10
        if standing and model.now_ms - pause_ms > leased_until_ms + grace_ms:
            assert model.rails.travelled_mm == before_mm
        if model.now_ms > leased_until_ms + grace_ms:
            assert not model.rails.moving
