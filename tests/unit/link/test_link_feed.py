"""The feed's receiver over a model of replica and centre, and hostile bytes at every parser of the gateway."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import given

from edge.core.link import (
    ZERO_DIGEST,
    BoxPlace,
    Command,
    FeedHead,
    FeedPage,
    FeedPosition,
    FeedReceiver,
    FeedRow,
    OwnMove,
    Refusal,
    digest_row,
    encode_canonical,
    judge_command,
    parse_ack,
    parse_centre_presence,
    parse_command,
    parse_feed,
    place_of,
    shift_digest,
)
from edge.core.link.feed import ApplyPage, AskPage, BeginReload, FeedAction

CENTRE, OTHER = "c" * 32, "d" * 32
EPOCH = "e" * 32


@dataclass
class Feed:
    """The centre's side: rows by key, each with its revision."""

    centre: str = CENTRE
    head: int = 0
    rows: dict[str, tuple[int, dict[str, Any] | None]] = field(default_factory=dict)

    def put(self, key: str, body: dict[str, Any] | None) -> None:
        self.head += 1
        self.rows[key] = (self.head, body)

    def digest(self) -> str:
        total = ZERO_DIGEST
        for key, (revision, body) in self.rows.items():
            if body is not None:
                total = shift_digest(total, None, digest_row("box", key, revision, body))
        return total

    def page(self, ask: AskPage, size: int = 2) -> FeedPage:
        after = ask.after if ask.centre == self.centre and ask.after <= self.head else 0
        rows = sorted((rev, key, body) for key, (rev, body) in self.rows.items() if rev > after)
        if after == 0:
            rows = [row for row in rows if row[2] is not None]
        taken = rows[:size]
        revision = taken[-1][0] if len(rows) > size else self.head
        made = tuple(FeedRow("box", key, rev, body, EPOCH, 0) for rev, key, body in taken)
        return FeedPage(ask.ask, self.centre, after, revision, self.head, self.digest(), made)


@dataclass
class Follower:
    """The gateway's side: receiver, replica and its shadow."""

    receiver: FeedReceiver = field(
        default_factory=lambda: FeedReceiver(FeedPosition(None, 0, ZERO_DIGEST), random.Random(1))
    )
    live: dict[str, tuple[int, dict[str, Any]]] = field(default_factory=dict)
    shadow: dict[str, tuple[int, dict[str, Any]]] | None = None
    reloads: int = 0
    asks: list[AskPage] = field(default_factory=list)

    def act(self, actions: list[FeedAction], now_ms: int = 0) -> None:
        for action in actions:
            if isinstance(action, AskPage):
                self.asks.append(action)
            elif isinstance(action, BeginReload):
                self.shadow = {}
                self.reloads += 1
            elif isinstance(action, ApplyPage):
                self.apply(action, now_ms)

    def apply(self, action: ApplyPage, now_ms: int) -> None:
        rows = self.shadow if action.reloading and self.shadow is not None else self.live
        for row in action.page.rows:
            rows.pop(row.key, None)
            if row.body is not None:
                rows[row.key] = (row.revision, row.body)
        digest = ZERO_DIGEST
        for key, (revision, body) in rows.items():
            digest = shift_digest(digest, None, digest_row("box", key, revision, body))
        if action.reloading and action.last:
            self.live, self.shadow = rows, None
        self.act(self.receiver.note_applied(action.page, digest, now_ms), now_ms)

    def follow(self, feed: Feed) -> None:
        while self.asks:
            self.act(self.receiver.note_page(feed.page(self.asks.pop(0)), 0))


def live_rows(feed: Feed) -> dict[str, tuple[int, dict[str, Any]]]:
    return {key: (revision, body) for key, (revision, body) in feed.rows.items() if body is not None}


def followed(feed: Feed) -> Follower:
    follower = Follower()
    follower.act(follower.receiver.note_connected(0))
    follower.follow(feed)
    return follower


def full_feed(count: int = 7) -> Feed:
    feed = Feed()
    for number in range(count):
        feed.put(f"box-{number}", {"n": number})
    return feed


def test_a_first_load_takes_all_pages_into_a_shadow() -> None:
    feed = full_feed()
    follower = followed(feed)
    assert (follower.live, follower.reloads) == (live_rows(feed), 1)
    assert follower.receiver.position == FeedPosition(CENTRE, 7, feed.digest())


def test_later_changes_and_tombstones_come_page_by_page_without_a_reload() -> None:
    feed = full_feed()
    follower = followed(feed)
    feed.put("box-3", None)
    feed.put("box-1", {"n": 100})
    follower.act(follower.receiver.note_head(FeedHead(CENTRE, feed.head), 0))
    follower.follow(feed)
    assert (follower.live, follower.reloads) == (live_rows(feed), 1)


def test_a_change_during_the_load_is_not_missed() -> None:
    feed = full_feed()
    follower = Follower()
    follower.act(follower.receiver.note_connected(0))
    follower.act(follower.receiver.note_page(feed.page(follower.asks.pop(0)), 0))
    feed.put("box-0", None)
    feed.put("box-6", {"n": 66})
    follower.follow(feed)
    assert follower.live == live_rows(feed)


def test_a_notice_during_an_open_ask_is_remembered() -> None:
    feed = full_feed(1)
    follower = Follower()
    follower.act(follower.receiver.note_connected(0))
    page = feed.page(follower.asks.pop(0))
    feed.put("box-9", {"n": 9})
    assert follower.receiver.note_head(FeedHead(CENTRE, feed.head), 0) == []
    follower.act(follower.receiver.note_page(page, 0))
    follower.follow(feed)
    assert follower.live == live_rows(feed)


@pytest.mark.parametrize("head", [0, 3, 12])
def test_another_centre_means_the_whole_anew(head: int) -> None:
    follower = followed(full_feed())
    restored = Feed(centre=OTHER)
    for number in range(head):
        restored.put(f"box-{number}", {"n": -number})
    follower.act(follower.receiver.note_head(FeedHead(OTHER, restored.head), 0))
    follower.follow(restored)
    assert (follower.live, follower.reloads) == (live_rows(restored), 2)
    assert follower.receiver.position.centre == OTHER


def test_a_wrong_digest_is_counted_and_the_whole_loaded_anew() -> None:
    feed = full_feed()
    follower = followed(feed)
    follower.live.pop("box-2")  # something went wrong on this disk
    feed.put("box-8", {"n": 8})
    follower.act(follower.receiver.note_head(FeedHead(CENTRE, feed.head), 0))
    follower.follow(feed)
    assert (follower.live, follower.reloads, follower.receiver.digest_faults) == (live_rows(feed), 2, 1)


def test_a_digest_that_stays_wrong_does_not_load_in_a_circle() -> None:
    feed = full_feed()
    feed.digest = lambda: "f" * 64  # type: ignore[method-assign]
    follower = followed(feed)
    assert follower.reloads == 1
    due = follower.receiver.next_deadline()
    assert due is not None
    assert due >= 30_000
    assert follower.live == live_rows(feed)
    follower.act(follower.receiver.note_time(due), due)
    assert len(follower.asks) == 1


def test_an_unanswered_ask_is_sent_again_and_a_stray_page_ignored() -> None:
    feed = full_feed()
    follower = Follower()
    follower.act(follower.receiver.note_connected(0))
    [ask] = follower.asks
    stray = feed.page(AskPage("0" * 16, CENTRE, 3))
    assert follower.receiver.note_page(stray, 0) == []
    due = follower.receiver.next_deadline()
    assert due is not None
    assert follower.receiver.note_time(due) == [ask]


def test_an_interrupted_load_goes_on_where_it_stood() -> None:
    feed = full_feed()
    follower = Follower()
    follower.act(follower.receiver.note_connected(0))
    follower.act(follower.receiver.note_page(feed.page(follower.asks.pop(0)), 0))
    follower.receiver.note_disconnected()
    follower.asks.clear()
    assert follower.receiver.next_deadline() is None
    follower.act(follower.receiver.note_connected(0))
    assert follower.asks[0].after == 2
    follower.follow(feed)
    assert (follower.live, follower.reloads) == (live_rows(feed), 1)


class TestOwnMovements:
    row = FeedRow("box", "b", 9, {"state": "shelved", "place_key": "P", "holder_code": None}, EPOCH, 5)

    @pytest.mark.parametrize(
        ("epoch", "seq", "stands"), [(EPOCH, 5, False), (EPOCH, 4, False), (EPOCH, 6, True), ("f" * 32, 1, True)]
    )
    def test_an_own_movement_stands_until_the_row_contains_it(self, epoch: str, seq: int, stands: bool) -> None:
        own = OwnMove(epoch, seq, BoxPlace("in_hand", None, "S"))
        assert place_of(self.row, own) == ((own.place, True) if stands else (BoxPlace("shelved", "P", None), False))

    def test_without_one_the_row_says_where(self) -> None:
        assert place_of(self.row, None) == (BoxPlace("shelved", "P", None), False)


class TestCommands:
    wall_at = datetime(2026, 11, 24, tzinfo=UTC)

    @pytest.mark.parametrize(
        ("age_ms", "clock_ok", "reason"),
        [
            (0, True, None),
            (1_000, True, None),
            (1_001, True, "expired"),
            (1_001, False, None),
            (-5_000, True, None),
            (-5_001, True, "from_the_future"),
        ],
    )
    def test_its_life_bounds_its_arrival(self, age_ms: int, clock_ok: bool, reason: str | None) -> None:
        command = Command("i", "ping", self.wall_at - timedelta(milliseconds=age_ms), 1_000, "", {})
        refusal = judge_command(command, self.wall_at, clock_ok=clock_ok)
        assert refusal == (Refusal(reason) if reason else None)

    @pytest.mark.parametrize("fields", [{"ttl_ms": 5_001}, {"ttl_ms": 0}, {"id": "x"}, {"body": []}, {"kind": "A"}])
    def test_one_out_of_bounds_is_not_read(self, fields: dict[str, object]) -> None:
        good = {
            "v": 1,
            "id": "019ab3c4-0010-7a01-8b02-0c0d0e0f1020",
            "kind": "ping",
            "issued_at": "2026-11-24T03:33:07.042Z",
            "ttl_ms": 5_000,
            "body": {},
        }
        assert parse_command(json.dumps(good).encode()) is not None
        assert parse_command(json.dumps({**good, **fields}).encode()) is None


PARSERS = (parse_ack, parse_feed, parse_command, parse_centre_presence)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
)


@given(st.binary(max_size=300))
def test_no_bytes_of_the_centre_raise(payload: bytes) -> None:
    for parse in PARSERS:
        parse(payload)


@given(JSON)
def test_no_json_of_the_centre_raises(value: object) -> None:
    for parse in PARSERS:
        parse(json.dumps({"v": 1, "rows": [value], "centre": CENTRE, "revision": 1, "type": "page"}).encode())
        parse(json.dumps(value).encode())


def test_depth_is_bounded() -> None:
    deep = b'{"v":1,"body":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    for parse in PARSERS:
        assert parse(deep) is None


@pytest.mark.parametrize("value", [1.5, {"a": float("nan")}, "\ud800", {1: 2}, 2**53, [[[[[[[[[1]]]]]]]]], b"x"])
def test_what_has_no_canonical_form_is_refused(value: object) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - each reason has its own words
        encode_canonical(value)
