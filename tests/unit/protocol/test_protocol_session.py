"""One controller: from first contact to a finished motion, and everything that can go missing on the way."""

from __future__ import annotations

from firmware_protocol import registers as map_
from firmware_protocol.codes import BankState, EndCause, Operation, Outcome, Reasons
from firmware_protocol.fields import Place, Target
from firmware_protocol.messages import ActRequest, Indicator, OperateRequest
from firmware_protocol.reports import (
    ActAnswered,
    Condition,
    ConditionChanged,
    DetailRead,
    MotionRead,
    OperateAnswered,
    OutcomeRead,
    RingRead,
    SelectAnswered,
    Stage,
    StopReadBack,
    WireFailed,
)
from firmware_protocol.spare import DETAIL_PIECE, SlowReader
from simulators import shelf_record
from tests.unit.protocol.virtual_bus import VirtualBus, gaps, online, written_address

ID = 0x1122334455667788
SELECT, OPERATE, LEASE, STOP = (block.address for block in (map_.SELECT, map_.OPERATE, map_.LEASE, map_.STOP))


def lose(address: int, times: int = 1):  # noqa: ANN201
    """A fate that loses the first answers to writes at this address."""
    left = [times]

    def fate(asked: bytes, answer: bytes) -> list[tuple[float, bytes]]:
        if written_address(asked) == address and left[0] > 0:
            left[0] -= 1
            return []
        return [(0.0, answer)]

    return fate


def test_identity_first_then_online_then_idle_polls_four_times_a_second() -> None:
    """SPEC 6.1, 6.9."""
    bus = online(VirtualBus())
    assert bus.sent[0][1][:6] == bytes((1, 3, 0, 0, 0, 60))
    changed = bus.told(ConditionChanged)
    assert [change.condition for change in changed] == [Condition.ONLINE]
    assert changed[0].identity is not None
    assert changed[0].identity.columns == 11
    bus.run(4000)
    polls = [at for at in bus.reads(0x0100) if at > bus.now_ms - 4000]
    assert 15 <= len(polls) <= 17


def test_opens_an_aisle_with_renewals_in_time() -> None:
    """SPEC 5.2, 5.4, 5.5, 5.7."""
    bus = online(VirtualBus())
    bus.open_aisle(3)
    bus.run_until(lambda: bus.last(MotionRead).snapshot.outcome is Outcome.DONE, 20_000)
    last = bus.last(MotionRead).snapshot
    assert (last.state, last.open_aisles, last.cause) == (BankState.IDLE, 1 << 2, EndCause.ARRIVED)
    assert bus.told(OperateAnswered) == [OperateAnswered(ID, Reasons.NONE, bus.told(OperateAnswered)[0].at_ms)]
    leases = [at for at, _ in bus.writes(LEASE)]
    assert len(leases) > 100
    assert max(gaps(leases)) <= 250
    assert len(bus.writes(SELECT)) == len(bus.writes(OPERATE)) == 1
    frames = sum(len(octets) for _, octets in (*bus.writes(SELECT), *bus.writes(OPERATE)))
    assert frames + 25 + 9 <= 90, "both with their answers"


def test_every_renewal_has_a_new_counter_and_the_newest_sequence() -> None:
    """SPEC 6.4."""
    bus = online(VirtualBus())
    bus.open_aisle(3)
    bus.run(5000)
    counters = [int.from_bytes(octets[11:13], "big") for _, octets in bus.writes(LEASE)]
    assert counters == list(range(1, len(counters) + 1))
    for at, octets in bus.writes(LEASE):
        newest = [r.snapshot.sequence for when, _, r in bus.reports if isinstance(r, MotionRead) and when <= at][-1]
        assert int.from_bytes(octets[13:15], "big") == newest


def test_without_permits_the_motion_dies_and_is_not_revived() -> None:
    """SPEC 5.7, 6.4; safety: the permit is at most 250 ms old."""
    bus = online(VirtualBus())
    bus.open_aisle(3)
    bus.run_until(lambda: bus.last(MotionRead).snapshot.state is BankState.MOVING, 5000)
    bus.permitting = False
    silent_from = bus.now_ms
    bus.run(3000)
    assert all(at <= silent_from + 250 for at, _ in bus.writes(LEASE))
    assert bus.last(MotionRead).snapshot.outcome is Outcome.LAPSED
    bus.permitting = True
    bus.permit(1, bus.now_ms + 250)
    renewed = len(bus.writes(LEASE))
    bus.run(1000)
    assert len(bus.writes(LEASE)) == renewed


def test_a_permit_for_another_token_renews_nothing() -> None:
    """SPEC 6.4."""
    bus = online(VirtualBus())
    bus.open_aisle(3)
    bus.tokens[1] ^= 1
    bus.run(3000)
    assert bus.writes(LEASE) == []


def test_lost_answer_to_select_is_read_never_repeated_and_given_back() -> None:
    """SPEC 6.2."""
    bus = online(VirtualBus(fate=lose(SELECT)))
    bus.select()
    bus.run_until(lambda: bus.told(OutcomeRead), 1000)
    assert bus.told(OutcomeRead)[0].outcome is Outcome.SELECTED
    bus.run(1500)
    assert len(bus.writes(SELECT)) == 1
    assert len(bus.writes(map_.DESELECT.address)) == 1
    assert bus.last(MotionRead).snapshot.outcome is Outcome.DESELECTED


def test_lost_answer_to_operate_is_read_and_the_motion_goes_on() -> None:
    """SPEC 6.2."""
    bus = online(VirtualBus(fate=lose(OPERATE)))
    bus.open_aisle()
    bus.run_until(lambda: bus.told(OutcomeRead), 1000)
    assert bus.told(WireFailed, request_id=ID)[0] == WireFailed(ID, Stage.OPERATE, "timed_out")
    assert bus.told(OutcomeRead)[0].outcome is Outcome.ACCEPTED
    bus.run_until(lambda: bus.last(MotionRead).snapshot.outcome is Outcome.DONE, 20_000)
    assert len(bus.writes(OPERATE)) == 1


def test_operate_that_never_arrived_is_told_by_the_log() -> None:
    """SPEC 5.9, 6.2."""
    bus = online(VirtualBus())
    bus.hears = lambda octets: written_address(octets) != OPERATE
    bus.open_aisle()
    bus.run_until(lambda: bus.told(OutcomeRead), 3000)
    assert bus.told(OutcomeRead)[0].outcome is Outcome.SELECTED
    bus.run(4000)
    assert len(bus.writes(OPERATE)) == 1
    assert bus.last(MotionRead).snapshot.state is BankState.IDLE


def test_select_that_never_arrived_is_absent_from_the_log() -> None:
    """SPEC 5.9."""
    bus = online(VirtualBus())
    bus.hears = lambda octets: written_address(octets) != SELECT
    bus.select()
    bus.run_until(lambda: bus.told(OutcomeRead), 3000)
    assert bus.told(OutcomeRead)[0].outcome is None


def test_unreadable_outcome_is_unknown_and_stops() -> None:
    """SPEC 6.2, 6.8."""
    bus = online(VirtualBus())
    deaf = [False]

    def fate(asked: bytes, answer: bytes) -> list[tuple[float, bytes]]:
        deaf[0] |= written_address(asked) == OPERATE
        return [] if deaf[0] else [(0.0, answer)]

    bus.fate = fate
    bus.open_aisle()
    bus.run(2000)
    assert bus.told(WireFailed, stage=Stage.OUTCOME) == [WireFailed(ID, Stage.OUTCOME, "unknown")]
    assert len(bus.writes(OPERATE)) == 1
    stops = [at for at, _ in bus.writes(STOP)]
    assert len(stops) > 8
    assert [octets[0] for _, octets in bus.writes(STOP)][:4] == [1, 0, 1, 0]
    assert bus.told(StopReadBack) == [StopReadBack(False, bus.told(StopReadBack)[0].at_ms)]
    with bus.controllers[1].at_now() as model:
        assert model.snapshot().state.value == "stopped"
    deaf[0] = False
    bus.fate = lambda _asked, answer: [(0.0, answer)]
    bus.run_until(lambda: bus.told(StopReadBack, standstill=True), 1000)
    stopped = len(bus.writes(STOP))
    bus.run(1000)
    assert len(bus.writes(STOP)) == stopped, "read back: no more"


def test_standstill_is_told_once_for_each_stop() -> None:
    """SPEC 6.8: a reading long after one STOP must not pass for the answer to the next."""
    bus = online(VirtualBus())
    bus.schedule.sessions[1].order_stop(1, bus.now_ms)
    bus.run_until(lambda: bus.told(StopReadBack, standstill=True), 1000)
    bus.run(3000)
    assert len(bus.told(StopReadBack, standstill=True)) == 1
    bus.schedule.sessions[1].order_stop(1, bus.now_ms)
    bus.run(1000)
    assert len(bus.told(StopReadBack, standstill=True)) == 2


def test_stop_is_repeated_every_100_ms_until_standstill_is_read_back() -> None:
    """SPEC 5.8, 6.8."""
    bus = online(VirtualBus())
    bus.open_aisle()
    bus.run_until(lambda: bus.last(MotionRead).snapshot.state is BankState.MOVING, 5000)
    bus.run(2000)
    ordered_ms = bus.now_ms
    bus.schedule.sessions[1].order_stop(1, bus.now_ms)
    bus.run_until(lambda: bus.told(StopReadBack), 2000)
    stops = [at for at, _ in bus.writes(STOP)]
    assert stops[0] - ordered_ms < 60
    assert all(95 <= gap <= 165 for gap in gaps(stops))
    assert not [at for at, _ in bus.writes(LEASE) if at > ordered_ms], "every permit is withdrawn"
    assert bus.last(MotionRead).snapshot.is_standing
    assert bus.last(MotionRead).snapshot.outcome is Outcome.STOPPED


def test_orders_are_refused_during_a_stop() -> None:
    """SPEC 6.8."""
    bus = online(VirtualBus())
    bus.fate = lambda _asked, _answer: []
    bus.schedule.sessions[1].order_stop(1, bus.now_ms)
    bus.select()
    bus.run(300)
    assert WireFailed(ID, Stage.SELECT, "stopping") in bus.told(WireFailed)
    assert bus.writes(SELECT) == []


def test_late_orders_are_dropped() -> None:
    """SPEC 6.3."""
    bus = online(VirtualBus())
    bus.select(within_ms=-1)
    bus.run(500)
    assert bus.told(WireFailed) == [WireFailed(ID, Stage.SELECT, "late")]
    assert bus.writes(SELECT) == []
    bus.select(request_id=5)
    bus.run_until(lambda: bus.told(SelectAnswered), 500)
    bus.run(2005)
    bus.operate(within_ms=10_000)
    bus.run(500)
    assert bus.told(OperateAnswered) == [], "2,000 ms after the SELECT answer it is too late whatever the deadline"


def test_the_same_request_id_is_never_sent_again() -> None:
    """SPEC 6.2."""
    bus = online(VirtualBus())
    bus.select()
    bus.run(300)
    bus.select()
    bus.run(3000)
    assert WireFailed(ID, Stage.SELECT, "sent_before") in bus.told(WireFailed)
    assert len(bus.writes(SELECT)) == 1


def test_operate_needs_the_standing_selection() -> None:
    """SPEC 5.5."""
    bus = online(VirtualBus())
    session = bus.schedule.sessions[1]
    session.order_operate(OperateRequest(ID, 7, Target(Operation.OPEN, 3), 0), bus.now_ms + 300)
    bus.select()
    bus.run(200)
    answered = bus.last(SelectAnswered).answer
    other = OperateRequest(ID, answered.token, Target(Operation.OPEN, 4), answered.ring_head)
    session.order_operate(other, bus.now_ms + 300)
    bus.run(500)
    assert bus.told(WireFailed) == [WireFailed(ID, Stage.OPERATE, "not_selected")] * 2
    assert bus.writes(OPERATE) == []


def test_another_boot_voids_everything() -> None:
    """SPEC 5.1, 6.1."""
    bus = online(VirtualBus())
    bus.open_aisle()
    bus.run_until(lambda: bus.last(MotionRead).snapshot.state is BankState.MOVING, 5000)
    with bus.controllers[1].at_now() as model:
        model.cut_power()
        model.restore_power()
    cut_ms = bus.now_ms
    bus.run(2000)
    conditions = [change.condition for change in bus.told(ConditionChanged)]
    assert conditions == [Condition.ONLINE, Condition.REBOOTED, Condition.ONLINE]
    assert not [at for at, _ in bus.writes(LEASE) if at > cut_ms + 150]
    assert bus.last(MotionRead).snapshot.state is BankState.UNKNOWN


def test_outcome_of_a_request_of_another_boot_is_unknown() -> None:
    """SPEC 5.9, 6.1."""
    bus = online(VirtualBus())
    bus.hears = lambda octets: written_address(octets) != SELECT
    bus.select()
    bus.run_until(lambda: bus.told(WireFailed), 1000)
    with bus.controllers[1].at_now() as model:
        model.cut_power()
        model.restore_power()
    bus.run_until(lambda: bus.told(WireFailed, stage=Stage.OUTCOME), 2000)
    assert bus.told(OutcomeRead) == []


def test_unequal_geometry_is_seen_but_never_selected() -> None:
    """SPEC 3.4."""
    bus = online(VirtualBus(geometry_hash=1))
    assert bus.told(ConditionChanged)[0].condition is Condition.MISMATCH
    bus.select()
    bus.run(500)
    assert bus.told(WireFailed) == [WireFailed(ID, Stage.SELECT, "geometry_mismatch")]
    assert bus.writes(SELECT) == []


def test_silent_unit_is_probed_ever_more_seldom_and_found_again() -> None:
    """SPEC 6.9."""
    bus = online(VirtualBus())
    heard_ms = bus.now_ms
    bus.hears = lambda _octets: False
    bus.run(28_000)
    assert bus.last(ConditionChanged).condition is Condition.SILENT
    fell_ms = next(at for at, _, report in bus.reports if report == bus.last(ConditionChanged))
    assert 1000 <= fell_ms - heard_ms < 1600
    starts = [at for at in bus.reads(0x0000) if at > heard_ms]
    waits = [gap for gap in gaps(starts) if gap > 100]  # a probe and its one retry count as one
    assert 200 < starts[0] - fell_ms < 400
    assert all(250 < wait < 450 for wait in waits[:11])
    assert [round(wait / 1000) for wait in waits[11:15]] == [1, 2, 5, 5]
    bus.hears = lambda _octets: True
    bus.run_until(lambda: bus.last(ConditionChanged).condition is Condition.ONLINE, 6000)
    bus.run(500)
    assert bus.last(MotionRead).at_ms > bus.now_ms - 500


def test_reads_the_event_ring_up_to_its_head() -> None:
    """SPEC 5.10, 6.12."""
    bus = online(VirtualBus())
    with bus.controllers[1].at_now() as model:
        for point in (4, 5, 6):
            model.press_confirm(point)
    bus.run(1000)
    events = [event for read in bus.told(RingRead) for event in read.events]
    assert [event.argument for event in events] == [0x401, 0x400, 0x501, 0x500, 0x601, 0x600]
    assert not any(read.lost for read in bus.told(RingRead))


def test_a_ring_that_turned_over_is_told_as_lost() -> None:
    """SPEC 6.12."""
    bus = online(VirtualBus())
    with bus.controllers[1].at_now() as model:
        for _ in range(20):
            model.press_confirm(1)
    bus.run(2000)
    reads = bus.told(RingRead)
    assert reads[0].lost
    assert sum(len(read.events) for read in reads) == 32
    assert reads[-1].head == bus.last(MotionRead).snapshot.ring_head


def test_reads_detail_in_spare_time_in_short_pieces() -> None:
    """SPEC 6.6."""
    bus = online(VirtualBus())
    bus.run_until(lambda: bus.told(DetailRead), 2000)
    detail = bus.last(DetailRead).detail
    assert len(detail.positions_mm) == 11
    assert sum(width or 0 for width in detail.aisle_widths_mm) == 800
    bus.open_aisle()
    bus.run(6000)
    assert len(bus.told(DetailRead)) > 8, "oftener while columns travel"
    assert max(len(octets) + 5 + 2 * octets[5] for _, octets in bus.sent if octets[1] == 3 and octets[2]) <= 45


def test_indicator_deselect_and_wake() -> None:
    """SPEC 5.8, 5.12, 5.13."""
    bus = online(VirtualBus())
    session = bus.schedule.sessions[1]
    session.order_indicator(Indicator(3, Place()))
    session.order_act(ActRequest(9, Target(Operation.WAKE)), bus.now_ms + 500)
    bus.run(300)
    assert bus.told(ActAnswered) == [ActAnswered(9, Reasons.NONE, bus.told(ActAnswered)[0].at_ms)]
    with bus.controllers[1].at_now() as model:
        assert model.indication is not None
        assert model.indication.aisle == 3
    bus.select()
    bus.run_until(lambda: bus.told(SelectAnswered), 500)
    session.order_deselect()
    bus.run(300)
    assert bus.last(MotionRead).snapshot.outcome is Outcome.DESELECTED


def test_refusal_by_an_interlock_is_an_answer() -> None:
    """SPEC 5.6."""
    bus = online(VirtualBus())
    with bus.controllers[1].at_now() as model:
        model.set_lock(11)
    bus.select()
    bus.run_until(lambda: bus.told(SelectAnswered), 500)
    answer = bus.last(SelectAnswered).answer
    assert (answer.reasons, answer.token) == (Reasons.LOCKED, 0)


def test_outcome_of_an_older_request_is_found_page_by_page() -> None:
    """SPEC 5.9: after a restart of the gateway."""
    bus = online(VirtualBus())
    for number in range(1, 8):
        bus.select(request_id=number)
        bus.run(100)
        bus.schedule.sessions[1].order_deselect()
        bus.run(200)
    bus.schedule.sessions[1].order_outcome(2)
    bus.run(1000)
    assert bus.last(OutcomeRead) == OutcomeRead(2, Outcome.DESELECTED, EndCause.NONE, bus.last(OutcomeRead).at_ms)
    bus.schedule.sessions[1].order_outcome(99)
    bus.run(2000)
    assert bus.last(OutcomeRead).outcome is None


def test_motion_at_the_bank_voids_a_selection_and_is_noted() -> None:
    """SPEC 5.11."""
    bus = online(VirtualBus())
    bus.select()
    bus.run_until(lambda: bus.told(SelectAnswered), 500)
    with bus.controllers[1].at_now() as model:
        model.press_open(5)
    bus.operate()
    bus.run_until(lambda: bus.told(OperateAnswered), 500)
    assert Reasons.NOT_SELECTED in bus.last(OperateAnswered).reasons
    bus.run(1000)
    assert [event for read in bus.told(RingRead) for event in read.events]
    assert bus.writes(LEASE) == []


def test_a_question_before_first_contact_waits_for_it() -> None:
    """SPEC 6.1."""
    bus = VirtualBus()
    bus.schedule.sessions[1].order_outcome(77)
    bus.run(1500)
    assert bus.told(OutcomeRead) == [OutcomeRead(77, None, EndCause.NONE, bus.told(OutcomeRead)[0].at_ms)]


def test_a_question_to_nobody_is_unknown() -> None:
    """SPEC 6.2, 6.9."""
    bus = VirtualBus(hears=lambda _octets: False)
    bus.schedule.sessions[1].order_outcome(77)
    bus.run(1500)
    assert bus.told(WireFailed) == [WireFailed(77, Stage.OUTCOME, "unknown")]
    assert bus.writes(STOP) == []
    assert len(bus.sent) == len(bus.reads(0x0000)), "probes alone"


def test_a_reading_does_not_wait_for_a_log_that_is_read_to_its_end() -> None:
    """SPEC 6.5: two banks whose SELECTs never arrived; sixteen entries each are read, and MOTION meanwhile."""
    bus = online(VirtualBus(units=(1, 2)))
    for unit, controller in bus.controllers.items():
        with controller.at_now() as model:
            for request_id in range(1000, 1016):
                model.act(request_id, shelf_record.Operation.LIGHT_ON)
        bus.schedule.sessions[unit].order_outcome(70 + unit)
    began_ms = bus.now_ms
    bus.run_until(lambda: all(bus.told(OutcomeRead, unit) for unit in bus.units), 3000)
    logs = [octets for at, octets in bus.sent if at >= began_ms and octets[2] == 0x03]
    assert {octets[:4].hex() for octets in logs} >= {"01030300", "01030354", "02030354"}
    assert all(int.from_bytes(o[2:4], "big") + int.from_bytes(o[4:6], "big") <= 0x0360 for o in logs)
    for unit in (1, 2):
        readings = [began_ms, *(report.at_ms for _, who, report in bus.reports
                                if who == unit and isinstance(report, MotionRead) and report.at_ms > began_ms)]  # fmt: skip
        assert max(gaps(readings)) < 400


def test_over_a_slow_way_a_snapshot_is_as_old_as_its_request() -> None:
    """SPEC 6.14, 7.10."""
    bus = online(VirtualBus(dates_by_request=True))
    bus.run(600)
    assert bus.last(MotionRead).at_ms in bus.reads(map_.MOTION.address)
    bus.select()
    bus.run_until(lambda: bus.told(SelectAnswered), 500)
    asked = [at for at, octets in bus.sent if written_address(octets) == SELECT]
    assert bus.last(SelectAnswered).at_ms == asked[-1]


def test_a_detail_round_is_given_up_when_motion_begins_or_ends() -> None:
    """Pieces from before and after a motion would tell of a bank that never stood so."""
    bus = online(VirtualBus())
    identity = bus.told(ConditionChanged)[0].identity
    for resting in (False, True):
        reader = SlowReader(5000.0, 400.0)
        reader.see(resting=not resting)
        first = reader.ask(1, 0.0).octets
        assert reader.take((0,) * DETAIL_PIECE, identity, 10.0, busy=False) is None
        assert reader.ask(1, 20.0).octets != first, "the next piece"
        reader.see(resting=not resting)
        assert reader.ask(1, 30.0).octets != first, "nothing has changed"
        reader.see(resting=resting)
        assert reader.ask(1, 40.0).octets == first, "from its beginning"
