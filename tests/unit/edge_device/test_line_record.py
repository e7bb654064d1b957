"""The record of a bus, fed with bytes that pymodbus and mbpoll made; the words expected are those of the vectors."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.drivers.line_record import FRAMES_KEPT, IMAGES_KEPT, LineRecord
from edge.line_view import FrameView, RegisterReading
from tests.integration.edge_device.vectors import FRAMES

WALL_MS = 1_800_000_000_000
UNIT = 17
BYTE_MS = 11_000 / 19200


def new_record() -> LineRecord:
    return LineRecord("bus1", 19200, {UNIT: "A", 2: "B"}, lambda: WALL_MS)


def exchange(record: LineRecord, asked: str, told: str, at_ms: float = 1000.0) -> FrameView:
    record.note_sent(FRAMES[asked], at_ms)
    record.note_heard(FRAMES[told], at_ms + 40)
    return record.list_frames(1)[-1]


def by_name(readings: tuple[RegisterReading, ...] | list[RegisterReading]) -> dict[str, RegisterReading]:
    return {f"{each.name}{each.index or ''}": each for each in readings}


def test_an_answer_is_told_by_name_unit_and_word() -> None:
    record = new_record()
    frame = exchange(record, "read-motion", "motion-moving")
    assert (frame.bank, frame.unit, frame.function, frame.act, frame.what) == ("A", 17, 3, "read", "motion")
    assert (frame.direction, frame.fault, frame.wall_ms) == ("heard", "", WALL_MS)
    assert frame.round_trip_ms == pytest.approx(40 - 8 * BYTE_MS)
    told = by_name(frame.registers)
    assert told["state"].words == ("moving",)
    assert told["open_aisles"].value == "3, 10"
    assert (told["target"].words, told["target"].value) == (("open",), "7")
    assert (told["progress_permille"].value, told["progress_permille"].unit) == ("333", "permille")
    assert told["safety_bits"].words == ("warning_on", "drive_power", "lease_live")
    assert told["fault_bits"].words == ("sensor",)
    assert (told["occupancy_seen"].value, told["occupancy_unknown"].value) == ("6", "1, 11")
    assert told["contacts1"].words[:4] == ("1 both", "2 left", "3 right", "4 neither")
    assert told["sequence"].value == "43981"
    assert told["boot_id_low"].value == "3C5A"
    assert told["outcome"].words == ("accepted", "none")


def test_a_request_is_told_too() -> None:
    record = new_record()
    record.note_sent(FRAMES["select"], 0)
    record.note_sent(FRAMES["stop-broadcast"], 100)
    select, stop = record.list_frames()
    assert (select.act, select.what, select.direction) == ("read_write", "select", "sent")
    assert "select_request_id" in by_name(select.registers)
    assert (stop.act, stop.what, stop.unit, stop.bank) == ("write", "stop", 0, "")
    assert record.counts().timeouts == 1  # nobody answers a broadcast, so only SELECT went unanswered


def test_the_newest_register_of_every_block_is_kept_with_its_age() -> None:
    record = new_record()
    exchange(record, "read-motion", "motion-moving")
    names = [reading.name for reading in record.read_registers("A")]
    assert names[:5] == ["state", "open_aisles", "target", "progress_permille", "safety_bits"]
    assert record.read_registers("B") == []
    assert record.read_registers("nowhere") == []
    told = record.read_registers("A")[0]
    assert (told.block, told.address) == ("motion", 0x0100)
    assert told.age_ms >= 0


def test_climate_and_positions_have_units_and_may_be_unknown() -> None:
    record = new_record()
    asked = bytes.fromhex("110302000038") + b"\0\0"
    # the request's own checksum does not matter to the record: it pairs by address and count
    record.note_sent(asked, 0)
    record.note_heard(FRAMES["detail"], 100)
    told = by_name(record.list_frames()[-1].registers)
    assert [told[f"column_position_mm{n}"].value for n in (1, 2, 3)] == ["0", "550", "1100"]
    assert told["column_position_mm1"].unit == "mm"
    assert told["column_position_mm4"].words == ("unknown",)
    assert told["temperature"].unit == "degC"


@pytest.mark.parametrize(
    ("name", "kind"), [("motion-crc-swapped", "crc"), ("motion-bit-flipped", "crc"), ("motion-byte-lost", "truncated")]
)
def test_a_bad_frame_is_counted_by_kind_and_its_request_times_out(name: str, kind: str) -> None:
    record = new_record()
    record.note_sent(FRAMES["read-motion"], 0)
    record.note_heard(FRAMES[name], 40)
    record.note_sent(FRAMES["read-motion"], 160)
    counts = record.counts()
    assert counts.faults.get(kind), counts.faults
    assert (counts.sent, counts.answers, counts.timeouts, counts.retries) == (2, 0, 1, 1)
    bad = next(frame for frame in record.list_frames() if frame.fault == kind)
    assert bad.octets == FRAMES[name][: len(bad.octets)]
    assert record.read_registers("A") == []


def test_exceptions_strays_and_echoes_are_told_apart() -> None:
    record = new_record()
    frame = exchange(record, "read-input-detail", "exception-value", 0)
    assert frame.act == "stray"  # of another unit and another function
    frame = exchange(record, "indicator", "exception-value", 200)
    assert frame.act == "exception"
    assert frame.registers[0].words == ("illegal_value",)
    record.note_sent(FRAMES["read-motion"], 400)
    record.note_heard(FRAMES["read-motion"], 405)  # an adapter that hears itself
    record.note_heard(FRAMES["motion-moving"], 440)
    acts = [each.act for each in record.list_frames()[-2:]]
    assert acts == ["echo", "read"]
    counts = record.counts()
    assert (counts.exceptions, counts.strays, counts.answers) == (1, 2, 2)


def test_an_answer_torn_in_pieces_is_one_frame() -> None:
    record = new_record()
    record.note_sent(FRAMES["read-motion"], 0)
    for at, octet in enumerate(FRAMES["motion-moving"]):
        record.note_heard(bytes((octet,)), 20.0 + at)
    assert [frame.act for frame in record.list_frames()] == ["read", "read"]
    assert record.counts().answers == 1


def test_a_lost_line_is_noted_and_nothing_is_paired_across_it() -> None:
    record = new_record()
    record.note_sent(FRAMES["read-motion"], 0)
    record.note_lost(50)
    record.note_heard(FRAMES["motion-moving"], 60)
    assert [frame.act for frame in record.list_frames()] == ["read", "lost_line", "stray"]
    assert record.counts().lost_lines == 1


def test_load_is_wire_time_of_the_last_minute() -> None:
    record = new_record()
    for turn in range(100):
        exchange(record, "read-motion", "motion-moving", turn * 100.0)
    wire_ms = 100 * (len(FRAMES["read-motion"]) + len(FRAMES["motion-moving"])) * BYTE_MS
    assert record.counts().load_permille == pytest.approx(wire_ms * 1000 / 9940, abs=2)
    trips = record.list_round_trips("A")
    assert [(each.what, each.count) for each in trips] == [("motion", 100)]
    assert trips[0].median_ms == pytest.approx(40 - 8 * BYTE_MS)


def test_the_record_is_bounded() -> None:
    record = new_record()
    for turn in range(FRAMES_KEPT):
        exchange(record, "read-motion", "motion-moving", turn * 100.0)
    assert len(record.list_frames()) == FRAMES_KEPT
    assert record.list_frames()[-1].number == 2 * FRAMES_KEPT
    for at in range(IMAGES_KEPT + 50):
        record.note_sent(bytes((UNIT, 3, at >> 8, at & 0xFF, 0, 16, 0, 0)), 1e6 + at)
        record.note_heard(FRAMES["motion-moving"], 1e6 + at + 0.5)
    assert len(record._images) == IMAGES_KEPT


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("sent"), st.sampled_from(sorted(FRAMES)).map(FRAMES.__getitem__)),
            st.tuples(st.just("heard"), st.binary(min_size=1, max_size=300)),
            st.tuples(st.just("heard"), st.sampled_from(sorted(FRAMES)).map(FRAMES.__getitem__)),
            st.tuples(st.just("lost"), st.just(b"")),
        ),
        max_size=30,
    )
)
def test_no_bytes_of_a_peer_can_upset_it(steps: list[tuple[str, bytes]]) -> None:
    record = new_record()
    for at, (what, octets) in enumerate(steps):
        if what == "sent":
            record.note_sent(octets, at * 10.0)
        elif what == "heard":
            record.note_heard(octets, at * 10.0)
        else:
            record.note_lost(at * 10.0)
    counts = record.counts()
    assert counts.answers + counts.timeouts <= counts.sent
    assert 0 <= counts.load_permille <= 1000
    for frame in record.list_frames():
        assert frame.direction in {"sent", "heard"}
    record.read_registers("A")
    record.list_round_trips("A")
