"""The uplink's receiver alone: what it makes of each batch, of hostile bytes, of clocks."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import hypothesis.strategies as st
import pytest
from hypothesis import given

from central.domain import commands, ingest, link
from central.domain.ingest import AckState, Cursor, EpochState, judge_batch
from central.services.feed import parse_ask

GOLDEN = Path(__file__).parents[2] / "contract" / "v1"
PAYLOAD = (GOLDEN / "batch.ndjson").read_bytes()
HASHES = (GOLDEN / "record_hashes.txt").read_text().split()
NOW = datetime(2026, 11, 24, 4, 0, tzinfo=UTC)


def golden_batch() -> ingest.Batch:
    batch = ingest.parse_batch(PAYLOAD)
    assert batch is not None
    return batch


def change_header(**fields: object) -> bytes:
    head, rest = PAYLOAD.split(b"\n", 1)
    return json.dumps({**json.loads(head), **fields}).encode() + b"\n" + rest


def change_record(number: int, **fields: object) -> bytes:
    lines = PAYLOAD.split(b"\n")
    lines[number] = json.dumps({**json.loads(lines[number]), **fields}, ensure_ascii=False).encode()
    return b"\n".join(lines)


def cursor(through: int, through_hash: str | None = None, state: EpochState = EpochState.ADMITTED) -> Cursor:
    return Cursor(state, through, through_hash or (HASHES[through - 1] if through else ingest.ZERO_HASH))


class TestVerdicts:
    def test_all_new(self) -> None:
        verdict = judge_batch(cursor(0), golden_batch(), {})
        assert (verdict.state, len(verdict.fresh)) == (AckState.OK, 3)

    def test_known_ones_with_equal_hashes_are_passed_over(self) -> None:
        verdict = judge_batch(cursor(2), golden_batch(), {1: HASHES[0], 2: HASHES[1]})
        assert [record.seq for record in verdict.fresh] == [3]
        again = judge_batch(cursor(3), golden_batch(), dict(enumerate(HASHES, 1)))
        assert (again.state, again.fresh) == (AckState.OK, ())

    def test_a_known_number_with_another_hash_is_a_fork(self) -> None:
        verdict = judge_batch(cursor(2), golden_batch(), {1: HASHES[0], 2: "f" * 64})
        assert (verdict.state, verdict.fork_at, verdict.fresh, verdict.quarantine) == (AckState.FORK, 2, (), True)

    def test_a_first_record_that_does_not_continue_the_chain_is_a_fork(self) -> None:
        batch = golden_batch()
        tail = ingest.Batch(batch.batch, batch.epoch, 3, 7, batch.records[2:])
        assert judge_batch(cursor(2), tail, {}).state is AckState.OK
        assert judge_batch(cursor(2, "e" * 64), tail, {}).fork_at == 3

    def test_a_chain_broken_inside_is_a_fork_there(self) -> None:
        batch = ingest.parse_batch(change_record(2, mono_ms=1))
        assert batch is not None
        assert batch.break_at == 3
        verdict = judge_batch(cursor(0), batch, {})
        assert (verdict.state, verdict.fork_at, verdict.fresh) == (AckState.FORK, 3, ())

    def test_a_hole_is_asked_for_again(self) -> None:
        batch = golden_batch()
        tail = ingest.Batch(batch.batch, batch.epoch, 3, 7, batch.records[2:])
        verdict = judge_batch(cursor(1), tail, {})
        assert (verdict.state, verdict.fresh, verdict.quarantine) == (AckState.GAP, (), False)

    def test_a_greeting_far_ahead_is_no_hole(self) -> None:
        batch = ingest.parse_batch((GOLDEN / "greeting.ndjson").read_bytes())
        assert batch is not None
        assert judge_batch(cursor(0), batch, {}).state is AckState.OK

    @pytest.mark.parametrize(("state", "answer"), [(EpochState.PENDING, "pending"), (EpochState.REFUSED, "refused")])
    def test_nothing_of_an_epoch_that_is_not_admitted_comes_in(self, state: EpochState, answer: str) -> None:
        verdict = judge_batch(cursor(0, state=state), golden_batch(), {})
        assert (verdict.state, verdict.fresh) == (answer, ())


class TestBytes:
    @pytest.mark.parametrize(
        "fields",
        [
            {"v": 2},
            {"batch": "xyz"},
            {"batch": None},
            {"epoch": "A" * 32},
            {"first": 0},
            {"first": True},
            {"first": 2**53},
            {"head": -1},
            {"count": 501},
            {"count": 3.0},
        ],
    )
    def test_a_bad_header_can_not_be_answered(self, fields: dict[str, object]) -> None:
        assert ingest.parse_batch(change_header(**fields)) is None

    @pytest.mark.parametrize("fields", [{"count": 2}, {"first": 2}, {"epoch": "0" * 32}])
    def test_a_header_that_does_not_fit_its_records_is_malformed(self, fields: dict[str, object]) -> None:
        batch = ingest.parse_batch(change_header(**fields))
        assert batch is not None
        assert batch.fault
        assert judge_batch(cursor(0), batch, {}).state is AckState.MALFORMED

    @pytest.mark.parametrize(
        "fields",
        [
            {"v": 2},
            {"seq": 9},
            {"id": "x"},
            {"id": 7},
            {"kind": "Movement"},
            {"kind": "x" * 33},
            {"prev": "0"},
            {"at": "2026-11-24 03:33:07.042Z+"},
            {"at": "2026-13-24T03:33:07.042Z"},
            {"at": 5},
            {"body": []},
            {"body": {"reason": "x" * 17_000}},
        ],
    )
    def test_a_bad_record_makes_the_batch_malformed(self, fields: dict[str, object]) -> None:
        batch = ingest.parse_batch(change_record(2, **fields))
        assert batch is not None
        assert batch.fault.startswith("record 2")

    def test_a_payload_beyond_the_bound_is_not_read(self) -> None:
        assert ingest.parse_batch(PAYLOAD + b" " * ingest.BATCH_BYTES_MAX) is None

    def test_fields_of_a_newer_gateway_are_ignored(self) -> None:
        batch = ingest.parse_batch(change_header(colour="red"))
        assert batch is not None
        assert not batch.fault

    @given(st.binary(max_size=400))
    def test_no_bytes_raise(self, payload: bytes) -> None:
        for parse in (
            ingest.parse_batch,
            link.parse_presence,
            parse_ask,
            commands.parse_answer,
            ingest.find_moved_box,
        ):
            parse(payload)

    @given(st.integers(0, len(PAYLOAD) - 1), st.integers(0, 255))
    def test_no_single_changed_byte_comes_in_unnoticed(self, at: int, value: int) -> None:
        changed = PAYLOAD[:at] + bytes([value]) + PAYLOAD[at + 1 :]
        batch = ingest.parse_batch(changed)
        if batch is None or changed == PAYLOAD or at < PAYLOAD.index(b"\n"):
            return
        verdict = judge_batch(cursor(0), batch, {})
        # Only the last record has no successor to betray a change: its own hash is what is remembered.
        assert verdict.state is not AckState.OK or verdict.fresh[-1].hash != HASHES[2]

    @given(
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(max_size=8),
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
        )
    )
    def test_no_json_raises(self, value: object) -> None:
        payload = json.dumps(value).encode()
        for parse in (ingest.parse_batch, link.parse_presence, parse_ask, commands.parse_answer, ingest.find_moved_box):
            parse(payload)

    @pytest.mark.parametrize(
        "topic",
        [
            "openaisle/v1/rooms/r01",
            "openaisle/v1/rooms//up",
            "openaisle/v1/rooms/R01/up",
            "openaisle/v1/rooms/r01/up/more",
            "openaisle/v2/rooms/r01/up",
            "openaisle/v1/rooms/r01/state/",
            "openaisle/v1/rooms/r01/ack",
            "",
        ],
    )
    def test_other_topics_are_not_read(self, topic: str) -> None:
        assert link.parse_topic(topic) is None

    def test_topics_of_gateways_are_read(self) -> None:
        found = [
            link.parse_topic(f"openaisle/v1/rooms/r01/{end}")
            for end in ("up", "feed/ask", "presence", "state/A", "answer/central-1")
        ]
        assert [(topic.room_id, topic.name, topic.tail) for topic in found if topic is not None] == [
            ("r01", "up", ""),
            ("r01", "ask", ""),
            ("r01", "presence", ""),
            ("r01", "state", "A"),
            ("r01", "answer", "central-1"),
        ]


class TestMovements:
    @pytest.mark.parametrize(
        ("body", "wrong"),
        [
            ({"action": "fly", "box_code": "BX01000042K"}, "action"),
            ({"action": "registered", "box_code": "BX01000042K"}, "action"),
            ({"action": ["move"], "box_code": "BX01000042K"}, "action"),
            ({"action": "take_out"}, "box_code"),
            ({"action": "take_out", "box_code": "bx01000042k"}, "box_code"),
            ({"action": "put_away", "box_code": "BX01000042K"}, "place_key"),
            ({"action": "move", "box_code": "BX01000042K", "place_key": "somewhere"}, "place_key"),
            ({"action": "undo", "box_code": "BX01000042K"}, "undo_of"),
            ({"action": "take_out", "box_code": "BX01000042K", "staff_code": 7}, "staff_code"),
        ],
    )
    def test_a_body_out_of_bounds_names_its_field(self, body: dict[str, object], wrong: str) -> None:
        record = golden_batch().records[1]._replace(body=body)
        assert ingest.read_movement(record, "r01", NOW) == wrong


class TestOrder:
    def places(self, times: list[int], newest: datetime | None = None) -> list[datetime]:
        record = golden_batch().records[1]
        records = [record._replace(at=NOW + timedelta(seconds=second)) for second in times]
        return ingest.order_facts(records, newest, NOW)

    def test_the_wall_clock_orders_facts_as_long_as_it_runs_forward(self) -> None:
        assert self.places([-30, -20, -10]) == [NOW + timedelta(seconds=second) for second in (-30, -20, -10)]

    def test_a_clock_set_back_does_not_undo_the_sequence(self) -> None:
        places = self.places([-10, -3600, -5])
        assert places == sorted(places)
        assert places[1] - places[0] == timedelta(microseconds=1)
        assert places[2] == NOW - timedelta(seconds=5)

    def test_a_clock_ahead_can_not_claim_the_future(self) -> None:
        assert self.places([86_400, 86_401]) == [NOW, NOW + timedelta(microseconds=1)]

    @given(st.lists(st.integers(-(10**6), 10**6), min_size=1, max_size=30), st.integers(-(10**6), 0))
    def test_places_rise_strictly_and_end_by_the_arrival(self, times: list[int], newest_s: int) -> None:
        newest = NOW + timedelta(seconds=newest_s)
        places = self.places(times, newest)
        assert all(later > earlier for earlier, later in zip([newest, *places], places, strict=False))
        assert places[-1] <= NOW + timedelta(microseconds=len(times) + 1)
