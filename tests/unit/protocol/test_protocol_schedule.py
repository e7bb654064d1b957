"""Several controllers on one line: turns, silence, STOP before all, and how many may move at once."""

from __future__ import annotations

import pytest

from firmware_protocol import registers as map_
from firmware_protocol.codes import BankState, Outcome
from firmware_protocol.pdu import answer_registers
from firmware_protocol.reports import (
    Condition,
    ConditionChanged,
    MotionRead,
    OperateAnswered,
    SelectAnswered,
    Stage,
    StopReadBack,
    WireFailed,
)
from firmware_protocol.timing import Line, compute_stop_distances, describe_commissioning
from tests.unit.protocol.virtual_bus import VirtualBus, gaps, online, written_address

SELECT, OPERATE, LEASE, STOP = (block.address for block in (map_.SELECT, map_.OPERATE, map_.LEASE, map_.STOP))


@pytest.mark.parametrize(
    ("baud", "read_ms", "lease_ms", "longest_ms", "moving"),
    # Hand sums: (bytes x 11 + 2 x 38.5) / baud; moving = floor((250 - 60 - longest) / lease) - 1.
    [
        (9600, 59.58, 36.67, 59.58, 2),
        (19200, 29.79, 18.33, 32.66, 3),
        (115200, 4.97, 3.06, 5.44, 11),
    ],
)
def test_wire_times_and_how_many_banks_may_move(
    baud: int, read_ms: float, lease_ms: float, longest_ms: float, moving: int
) -> None:
    """SPEC 2.4, 6.6, 6.7."""
    line = Line(baud)
    assert line.wire_ms(8, 37) == pytest.approx(read_ms, abs=0.01)
    assert line.wire_ms(17, 8) == pytest.approx(lease_ms, abs=0.01)
    assert line.longest_exchange_ms == pytest.approx(longest_ms, abs=0.01)
    assert line.longest_exchange_ms <= 60
    assert line.max_moving_banks == moving
    # by hand: (moving + 1) readings of one bank each, behind the leases of all, less the age of a permit
    assert line.renewal_gap_ms(moving) == pytest.approx((moving + 1) * (longest_ms + moving * lease_ms) - 250, abs=1)
    assert max(line.renewal_interval_ms(moving), line.renewal_gap_ms(moving)) <= 250
    assert max(line.renewal_interval_ms(moving + 1), line.renewal_gap_ms(moving + 1)) > 250
    assert line.splits_select == (baud == 9600)


def test_stop_distances_by_hand() -> None:
    """SPEC 6.11: by silence 80 mm/s x (250 + 500 + 40) ms + 12 mm."""
    distances = compute_stop_distances(Line(19200), 80, 40, 12)
    assert distances.by_silence_mm == pytest.approx(75.2)
    # Longest answer 32.66 ms, silence 2.01 ms, STOP 4.58 ms, reaction 40 ms.
    assert distances.by_stop_mm == pytest.approx(0.08 * (32.66 + 2.01 + 4.58 + 40) + 12, abs=0.01)
    sheet = describe_commissioning(Line(9600), 80, 40, 12)
    assert (sheet["max_moving_banks"], sheet["baud"]) == (2, 9600)


def test_silence_precedes_every_request() -> None:
    """SPEC 2.4."""
    bus = online(VirtualBus(units=(1, 2)))
    bus.open_aisle()
    bus.run(3000)
    line = bus.line
    for (before, octets), (after, _) in zip(bus.sent, bus.sent[1:], strict=False):
        assert after - before >= line.sending_ms(len(octets)) + line.silence_ms - 1e-6
    heard = [at for at, _, report in bus.reports if isinstance(report, MotionRead)]
    for at, _ in bus.sent:
        last = max((moment for moment in heard if moment <= at), default=0.0)
        assert at - last >= line.silence_ms - 0.02 or at == heard[0]


def test_stop_goes_before_everything_else_on_the_bus() -> None:
    """SPEC 6.5, 6.8."""
    bus = online(VirtualBus(units=(1, 2, 3)))
    bus.open_aisle(3, 5, unit=1)
    bus.run_until(lambda: bus.last(MotionRead, 1).snapshot.state is BankState.MOVING, 5000)
    bus.select(3, 6, unit=2)
    bus.select(3, 7, unit=3)
    bus.schedule.sessions[3].order_stop(1, bus.now_ms)
    ordered = len(bus.sent)
    bus.run(60)
    assert written_address(bus.sent[ordered][1]) == STOP
    assert bus.sent[ordered][1][0] == 3


def test_stop_abandons_an_answer_that_has_not_begun() -> None:
    """SPEC 6.8: no drain precedes it."""
    bus = online(VirtualBus())
    bus.fate = lambda _asked, _answer: []
    asked = len(bus.sent)
    bus.run_until(lambda: len(bus.sent) > asked, 1000)
    bus.run(10)  # the request is out, nobody answers
    bus.schedule.sessions[1].order_stop(1, bus.now_ms)
    bus.run(3)
    assert written_address(bus.sent[-1][1]) == STOP


def test_stop_lets_an_answer_that_has_begun_end() -> None:
    """SPEC 6.8."""
    bus = online(VirtualBus())
    heard = bus.schedule.counters.bytes_heard
    bus.run_until(lambda: bus.schedule.counters.bytes_heard > heard, 1000)
    bus.schedule.sessions[1].order_stop(1, bus.now_ms)
    answers = bus.schedule.counters.answers
    bus.run_until(lambda: bus.writes(STOP), 60)
    assert bus.schedule.counters.answers == answers + 1, "first the answer, whole"
    assert bus.schedule.counters.timeouts == 0


def test_stop_leaves_even_on_a_line_that_never_falls_silent() -> None:
    """SPEC 6.8: somebody babbles; the STOP waits for a tenth of a second, not for ever."""
    bus = online(VirtualBus())
    bus.schedule.sessions[1].order_stop(1, bus.now_ms)
    ordered_ms = bus.now_ms
    while not bus.writes(STOP):
        bus.schedule.receive(b"\xff", bus.now_ms)
        bus.run(1.0)
        assert bus.now_ms - ordered_ms < 250
    bus.run_until(lambda: bus.told(StopReadBack, standstill=True), 2000)


def test_leases_of_two_banks_at_9600_keep_their_interval() -> None:
    """SPEC 6.7: while a third bank asks for a selection and everything is polled."""
    bus = online(VirtualBus(baud=9600, units=(1, 2, 3)))
    bus.open_aisle(3, 5, unit=1)
    bus.run(300)
    bus.open_aisle(4, 6, unit=2)
    bus.run_until(lambda: bus.told(OperateAnswered, 2), 1000)
    bus.select(5, 7, unit=3)
    bus.run(6000)
    for unit in (1, 2):
        assert max(gaps(at for at, _ in bus.writes(LEASE, unit))) <= 250
        assert bus.last(MotionRead, unit).snapshot.state is BankState.MOVING
    assert bus.told(WireFailed, 3) == [WireFailed(7, Stage.SELECT, "bus_full")], "a third bank waits"


def test_select_is_split_where_it_would_hold_up_a_lease() -> None:
    """SPEC 5.14, 6.6: at 9600 baud 23 takes 65 ms."""
    bus = online(VirtualBus(baud=9600, units=(1, 2)))
    bus.open_aisle(3, 5, unit=1)
    assert bus.writes(SELECT)[0][1][1] == 0x17
    bus.run(500)
    bus.open_aisle(4, 6, unit=2)
    assert bus.writes(SELECT, 2)[0][1][1] == 0x10
    assert bus.told(SelectAnswered, 2)[0].answer.token
    bus.run_until(lambda: bus.last(MotionRead, 2).snapshot.outcome is Outcome.DONE, 40_000)
    assert len(bus.writes(SELECT, 2)) == 1


def test_split_select_without_its_answer_is_read_by_id() -> None:
    """SPEC 6.2, 6.6."""
    bus = online(VirtualBus(baud=9600, units=(1, 2)))
    bus.open_aisle(3, 5, unit=1)
    bus.run(500)

    def fate(asked: bytes, answer: bytes) -> list[tuple[float, bytes]]:
        return [] if asked[:4] == bytes((2, 3, 0x08, 0x10)) else [(0.0, answer)]

    bus.fate = fate
    bus.select(4, 6, unit=2)
    bus.run(2500)
    assert WireFailed(6, Stage.SELECT, "timed_out") in bus.told(WireFailed, 2)
    assert len(bus.writes(SELECT, 2)) == 1
    assert len(bus.writes(map_.DESELECT.address, 2)) == 1


def test_silent_unit_is_not_probed_while_a_lease_runs() -> None:
    """SPEC 6.9."""
    bus = online(VirtualBus(units=(1, 2)))
    bus.hears = lambda octets: octets[0] != 2
    bus.run_until(lambda: bus.last(ConditionChanged, 2).condition is Condition.SILENT, 2000)
    bus.open_aisle(3, unit=1)
    bus.run_until(lambda: bus.told(OperateAnswered, 1), 500)
    from_ms = bus.now_ms
    bus.run_until(lambda: bus.last(MotionRead, 1).snapshot.outcome is Outcome.DONE, 20_000)
    assert not [at for at, octets in bus.sent if octets[0] == 2 and at > from_ms]
    bus.hears = lambda _octets: True
    bus.run_until(lambda: bus.last(ConditionChanged, 2).condition is Condition.ONLINE, 6000)


def test_a_late_answer_does_not_answer_a_later_request() -> None:
    """SPEC 2.7, 6.10: the answer to the first SELECT comes 400 ms late, when another may be waited for."""
    bus = online(VirtualBus())
    first = [True]

    def fate(asked: bytes, answer: bytes) -> list[tuple[float, bytes]]:
        if written_address(asked) == SELECT and first[0]:
            first[0] = False
            return [(400.0, answer)]
        return [(0.0, answer)]

    bus.fate = fate
    bus.select(3, request_id=5)
    bus.run(300)
    bus.select(4, request_id=6)
    bus.run_until(lambda: bus.told(SelectAnswered), 3000)
    answered = bus.told(SelectAnswered)
    assert [(answer.request_id, answer.answer.target.aisle) for answer in answered] == [(6, 4)]


def test_a_late_reading_is_dated_back() -> None:
    """SPEC 6.10: the first answer comes when its retry's is waited for, and may not pass for fresh."""
    bus = online(VirtualBus())
    delays = [62.0, 50.0]

    def fate(asked: bytes, answer: bytes) -> list[tuple[float, bytes]]:
        is_motion = asked[:4] == bytes((1, 3, 0x01, 0x00))
        return [(delays.pop(0) if is_motion and delays else 0.0, answer)]

    bus.run(600)
    readings, asked = len(bus.told(MotionRead)), len(bus.reads(0x0100))
    bus.fate = fate
    bus.run_until(lambda: len(bus.told(MotionRead)) > readings, 1000)
    at_ms, report = next((at, r) for at, _, r in bus.reports[::-1] if isinstance(r, MotionRead))
    first_ms, retry_ms = bus.reads(0x0100)[asked:]
    assert first_ms <= report.at_ms < retry_ms, "as of the first of the requests it may belong to"
    assert at_ms - report.at_ms >= 70
    bus.run(200)
    assert bus.schedule.counters.strays == 1


def test_a_controller_whose_clock_stands_is_no_news() -> None:
    """SPEC 5.3, 6.10: the same sequence again is not fresh."""
    bus = online(VirtualBus())
    frozen = bytes.fromhex("010320") + bytes(22)
    snapshot = bus.last(MotionRead).snapshot
    image = answer_registers(1, 3, tuple(int(number) for number in snapshot.to_registers()))
    assert len(image) == len(frozen) + 12
    bus.fate = lambda asked, answer: [(0.0, image if asked[2:4] == b"\x01\x00" else answer)]
    readings = len(bus.told(MotionRead))
    bus.run(2000)
    assert len(bus.told(MotionRead)) <= readings + 1


def test_answers_of_neighbours_and_noise_are_passed_over() -> None:
    """SPEC 2.5."""
    bus = online(VirtualBus(units=(1, 2)))
    foreign = answer_registers(9, 3, (1,) * 16)
    bus.fate = lambda _asked, answer: [(0.0, foreign + b"\xfe\x00" + answer)]
    readings = len(bus.told(MotionRead))
    bus.run(2000)
    assert len(bus.told(MotionRead)) > readings + 5
    assert bus.schedule.counters.strays > 5
    assert bus.schedule.counters.faults > 5


def test_a_lost_line_voids_what_was_on_the_way() -> None:
    """SPEC 6.1, 6.2."""
    bus = online(VirtualBus())
    bus.fate = lambda _asked, _answer: []
    bus.select()
    bus.run_until(lambda: bus.writes(SELECT), 300)
    bus.schedule.lose_line(bus.now_ms)
    bus.run(1)
    failed = [(failure.stage, failure.reason) for failure in bus.told(WireFailed)]
    assert (Stage.SELECT, "timed_out") in failed
    assert (Stage.OUTCOME, "unknown") in failed
    bus.fate = lambda _asked, answer: [(0.0, answer)]
    bus.run_until(lambda: bus.last(ConditionChanged).condition is Condition.ONLINE, 1000)
    assert len(bus.writes(SELECT)) == 1


def test_retries_once_for_reads() -> None:
    """SPEC 6.5: one lost reading is asked for again at once, and nobody falls silent."""
    bus = online(VirtualBus())
    lost = [True]

    def fate(_asked: bytes, answer: bytes) -> list[tuple[float, bytes]]:
        if lost[0]:
            lost[0] = False
            return []
        return [(0.0, answer)]

    bus.run(1000)
    bus.fate = fate
    bus.run(1000)
    assert min(gaps(bus.reads(0x0100))) < 90
    assert bus.last(ConditionChanged).condition is Condition.ONLINE
