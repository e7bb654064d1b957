"""Outbox, replica and PIN tries on a real file."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.core.link import ZERO_DIGEST, ZERO_HASH, FeedRow, hash_record
from edge.store import Store, open_store
from edge.store.encoding import EncodingError, decode, encode
from edge.store.outbox import KEEP_MS, Fact
from edge.store.pins import LOCKED_MS, TRIES_MAX
from tests.integration.edge_core.driven_room import BADGE, BOXES, CENTRE, PIN, PLACES, fill_replica, make_rows

KEY = "A-05-A-1-2-1"
OTHER_KEY = "A-06-A-1-2-2"


class WallClock:
    def __init__(self) -> None:
        self.ms = 1_795_000_000_000

    def __call__(self) -> int:
        return self.ms


@pytest.fixture
def clock() -> WallClock:
    return WallClock()


@pytest.fixture
def store(tmp_path: Path, clock: WallClock) -> Any:
    opened = open_store(tmp_path, clock)
    fill_replica(opened)
    yield opened
    opened.close()


def record(store: Store, clock: WallClock, body: dict[str, Any], kind: str = "movement", number: int = 1) -> int:
    """Record one fact as the executor does."""
    fact_id = f"00000000-0000-7000-8000-{number:012x}"
    fact = Fact(fact_id, kind, body, "2026-11-24T03:33:07.042Z", clock.ms, True, "boot", 5)
    with store.database.write() as connection:
        epoch, seq = store.outbox.append(connection, fact)
        if kind == "movement":
            store.replica.apply_movement(connection, epoch, seq, fact_id, body)
    return seq


def take_out(box: str = BOXES[0]) -> dict[str, Any]:
    return {"box_code": box, "action": "take_out", "staff_code": BADGE}


def test_records_are_numbered_and_chained_over_their_very_bytes(store: Store, clock: WallClock) -> None:
    for number in range(1, 6):
        assert record(store, clock, {"state": "started"}, "gateway_state", number) == number
    lines = store.outbox.read_after(store.outbox.epoch, 0, 100)
    previous = ZERO_HASH
    for seq, line in lines:
        parsed = json.loads(line)
        assert (parsed["seq"], parsed["prev"], parsed["epoch"]) == (seq, previous, store.outbox.epoch)
        previous = hash_record(line)
        assert store.outbox.record_hash(store.outbox.epoch, seq) == previous
    assert [seq for seq, _ in store.outbox.read_after(store.outbox.epoch, 3, 1)] == [4]
    assert store.outbox.record_hash(store.outbox.epoch, 0) == ZERO_HASH
    assert store.outbox.record_hash(store.outbox.epoch, 6) is None
    assert store.outbox.count_waiting() == 5
    store.outbox.mark_through(store.outbox.epoch, 5)
    assert store.outbox.count_waiting() == 0
    assert store.outbox.oldest_waiting_ms() is None
    store.outbox.mark_through(store.outbox.epoch, 2)
    assert store.outbox.epochs()[0].through == 2


def test_only_what_is_safe_and_older_than_90_days_leaves(store: Store, clock: WallClock) -> None:
    epoch = store.outbox.epoch
    for number in range(1, 4):
        record(store, clock, {"state": "started"}, "gateway_state", number)
        clock.ms += 24 * 3600 * 1000
    store.outbox.mark_safe(epoch, 3)
    assert len(store.outbox.read_after(epoch, 0, 10)) == 3
    clock.ms += KEEP_MS - 2 * 24 * 3600 * 1000
    store.outbox.mark_safe(epoch, 1)
    assert [seq for seq, _ in store.outbox.read_after(epoch, 0, 10)] == [2, 3]
    clock.ms += KEEP_MS
    store.outbox.mark_safe(epoch, 1)
    assert [seq for seq, _ in store.outbox.read_after(epoch, 0, 10)] == [2, 3]
    assert record(store, clock, {"state": "started"}, "gateway_state", 9) == 4


def test_a_new_epoch_keeps_every_fact_above_the_last_acknowledged(store: Store, clock: WallClock) -> None:
    old = store.outbox.epoch
    for number in range(1, 6):
        record(store, clock, take_out(BOXES[number]), number=number)
    before = {seq: json.loads(line) for seq, line in store.outbox.read_after(old, 0, 10)}
    new = store.outbox.begin_epoch(3)
    assert new == store.outbox.epoch != old
    spans = store.outbox.epochs()
    assert [(span.epoch, span.head) for span in spans] == [(old, 3), (new, 2)]
    assert [seq for seq, _ in store.outbox.read_after(old, 0, 10)] == [1, 2, 3]
    again = [json.loads(line) for _, line in store.outbox.read_after(new, 0, 10)]
    for number, parsed in enumerate(again, start=1):
        first = before[3 + number]
        assert [parsed[name] for name in ("id", "kind", "at", "body", "boot", "mono_ms")] == [
            first[name] for name in ("id", "kind", "at", "body", "boot", "mono_ms")
        ]
        assert parsed["seq"] == number
    assert again[0]["prev"] == ZERO_HASH
    assert record(store, clock, take_out(), number=8) == 3


def test_the_store_that_was_closed_is_the_store_that_is_opened(tmp_path: Path, clock: WallClock) -> None:
    first = open_store(tmp_path, clock)
    epoch = first.outbox.epoch
    record(first, clock, {"state": "started"}, "gateway_state")
    first.close()
    second = open_store(tmp_path, clock)
    assert second.outbox.epoch == epoch
    assert second.outbox.epochs()[0].head == 1
    second.close()


def test_lookups_name_place_holder_and_who_stands_there(store: Store, clock: WallClock) -> None:
    place = store.replica.find_place(PLACES[0])
    assert place is not None
    assert (place.key, place.box_code) == (KEY, BOXES[0])
    record(store, clock, take_out())
    box = store.replica.find_box(BOXES[0])
    assert box is not None
    assert (box.state, box.place, box.holder_name) == ("in_hand", None, "李敏")
    place = store.replica.find_place_by_key(KEY)
    assert place is not None
    assert place.box_code is None
    assert store.replica.find_box("BX0100000ZZ") is None


def test_own_later_movements_stand_on_top_of_rows_until_a_row_contains_them(store: Store, clock: WallClock) -> None:
    seq = record(store, clock, take_out())
    epoch = store.outbox.epoch
    body = {"code": BOXES[0], "title": "盒0", "state": "shelved", "place_key": OTHER_KEY}
    store.replica.apply_rows(CENTRE, [FeedRow("box", BOXES[0], 2, body, epoch, seq - 1)], 2)
    box = store.replica.find_box(BOXES[0])
    assert box is not None
    assert box.state == "in_hand"
    store.replica.apply_rows(CENTRE, [FeedRow("box", BOXES[0], 3, body, "e" * 32, 999)], 3)
    box = store.replica.find_box(BOXES[0])
    assert box is not None
    assert box.state == "in_hand", "another epoch's number tells nothing"
    store.replica.apply_rows(CENTRE, [FeedRow("box", BOXES[0], 4, body, epoch, seq)], 4)
    box = store.replica.find_box(BOXES[0])
    assert box is not None
    assert box.place is not None
    assert box.place.key == OTHER_KEY
    assert box.movement_id is None, "what somebody else moved later can't be undone here"


def test_undo_puts_the_box_back_where_it_was(store: Store, clock: WallClock) -> None:
    record(store, clock, take_out(), number=1)
    box = store.replica.find_box(BOXES[0])
    assert box is not None
    assert box.movement_id == "00000000-0000-7000-8000-000000000001"
    undo = {"box_code": BOXES[0], "action": "undo", "undo_of": box.movement_id}
    record(store, clock, undo, number=2)
    box = store.replica.find_box(BOXES[0])
    assert box is not None
    assert box.place is not None
    assert (box.state, box.place.key) == ("shelved", KEY)


def test_a_reload_answers_from_the_old_set_until_it_is_whole(store: Store, clock: WallClock) -> None:
    seq = record(store, clock, take_out())
    assert seq == 1
    store.replica.begin_reload("d" * 32)
    rows = [row for row in make_rows(5) if row.key != BOXES[5]]
    digest = store.replica.apply_rows("d" * 32, rows[:4], 5)
    assert store.replica.find_box(BOXES[5]) is not None
    digest = store.replica.apply_rows("d" * 32, rows[4:], 6)
    store.replica.finish_reload()
    assert store.replica.find_box(BOXES[5]) is None
    position = store.replica.feed_position()
    assert (position.centre, position.revision, position.digest) == ("d" * 32, 6, digest)
    box = store.replica.find_box(BOXES[0])
    assert box is not None
    assert box.state == "in_hand"


def test_the_digest_is_carried_row_by_row_and_tombstones_take_their_part_away(store: Store) -> None:
    before = store.replica.feed_position().digest
    row = FeedRow("task", "t1", 7, {"id": "t1", "kind": "fetch", "title": "x", "state": "open"}, None, 0)
    after = store.replica.apply_rows(CENTRE, [row], 7)
    assert after != before
    assert store.replica.apply_rows(CENTRE, [FeedRow("task", "t1", 8, None, None, 0)], 8) == before
    assert before != ZERO_DIGEST


def test_a_badge_is_believed_for_seven_days_offline(store: Store, clock: WallClock) -> None:
    clock.ms += 7 * 24 * 3600 * 1000
    staff = store.replica.find_staff(BADGE, online=False)
    assert staff is not None
    assert staff.badge_valid
    clock.ms += 1
    staff = store.replica.find_staff(BADGE, online=False)
    assert staff is not None
    assert not staff.badge_valid
    online = store.replica.find_staff(BADGE, online=True)
    assert online is not None
    assert online.badge_valid
    store.replica.note_heard()
    again = store.replica.find_staff(BADGE, online=False)
    assert again is not None
    assert again.badge_valid


def test_pin_tries_are_counted_on_disk_and_survive_a_restart(store: Store, clock: WallClock, tmp_path: Path) -> None:
    assert store.pins.check_pin(BADGE, PIN) == ("ok", TRIES_MAX)
    assert store.pins.check_pin("ST0100000ZZ", PIN) == ("no_pin", 0)
    for left in range(TRIES_MAX - 1, 0, -1):
        assert store.pins.check_pin(BADGE, "0000") == ("wrong", left)
    assert store.pins.check_pin(BADGE, "0000") == ("locked", 0)
    other = open_store(tmp_path, clock)
    assert other.pins.check_pin(BADGE, PIN) == ("locked", 0)
    other.close()
    clock.ms += LOCKED_MS
    assert store.pins.check_pin(BADGE, PIN) == ("ok", TRIES_MAX)


def test_a_commit_that_fails_leaves_nothing_behind(store: Store, clock: WallClock) -> None:
    def fail_after_writing() -> None:
        with store.database.write() as connection:
            fact = Fact("00000000-0000-7000-8000-000000000001", "session", {}, "", clock.ms, True, "b", 0)
            store.outbox.append(connection, fact)
            raise ValueError("a fact went wrong")

    with pytest.raises(ValueError, match="fact"):
        fail_after_writing()
    assert store.outbox.epochs()[0].head == 0
    with store.database.read() as connection, pytest.raises(sqlite3.Error):
        connection.execute("DELETE FROM record")


@settings(max_examples=200)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=20),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
        max_leaves=12,
    )
)
def test_any_payload_of_a_peer_survives_the_journal(payload: Any) -> None:
    assert decode(encode({"payload": payload})) == {"payload": payload}


def test_what_this_code_does_not_know_is_named() -> None:
    with pytest.raises(EncodingError, match="Gone"):
        decode(b'{"!":"Gone"}')
    with pytest.raises(EncodingError, match="StopPressed"):
        decode(b'{"!":"StopPressed","nobody":1}')
