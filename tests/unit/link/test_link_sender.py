"""The uplink's sender alone: one batch in flight, jittered resend, and what it does on each answer."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from edge.core.link import (
    ZERO_HASH,
    Ack,
    Action,
    BeginEpoch,
    EpochSpan,
    LinkState,
    MarkSafe,
    MarkThrough,
    SendBatch,
    UplinkSender,
)

OLD, NEW = "a" * 32, "b" * 32
CENTRE, OTHER_CENTRE = "c" * 32, "d" * 32
HASH = "1" * 64


def sent(actions: list[Action]) -> SendBatch:
    [batch] = [action for action in actions if isinstance(action, SendBatch)]
    return batch


def ack(batch: SendBatch, state: str, through: int, **more: object) -> Ack:
    fields: dict[str, object] = {
        "batch": batch.batch,
        "centre": CENTRE,
        "epoch": batch.epoch,
        "state": state,
        "through": through,
        "through_hash": HASH,
        "safe": 0,
        "fork_at": None,
        "reason": "",
    }
    return Ack(**{**fields, **more})  # type: ignore[arg-type]


def greeted(spans: list[EpochSpan], through: int) -> tuple[UplinkSender, list[Action]]:
    """A sender whose newest epoch has been greeted."""
    sender = UplinkSender(random.Random(1))
    greeting = sent(sender.note_connected(spans, 0))
    return sender, sender.note_ack(ack(greeting, "ok", through), HASH, 0)


def test_it_greets_first_and_then_sends_what_the_centre_lacks() -> None:
    sender = UplinkSender(random.Random(1))
    greeting = sent(sender.note_connected([EpochSpan(OLD, 0, 700)], 0))
    assert (greeting.limit, greeting.after, greeting.head) == (0, 0, 700)
    assert sender.state is LinkState.WAITING_CENTRE
    actions = sender.note_ack(ack(greeting, "ok", 150), HASH, 0)
    assert actions[0] == MarkThrough(OLD, 150)
    assert (sent(actions).after, sent(actions).limit) == (150, 500)
    assert (sender.state, sender.backlog) == (LinkState.ONLINE, 550)


def test_every_epoch_is_greeted_oldest_first() -> None:
    sender = UplinkSender(random.Random(1))
    first = sent(sender.note_connected([EpochSpan(OLD, 5, 5), EpochSpan(NEW, 0, 3)], 0))
    assert (first.epoch, first.limit) == (OLD, 0)
    second = sent(sender.note_ack(ack(first, "ok", 5), HASH, 0))
    assert (second.epoch, second.limit) == (NEW, 0)


def test_only_one_batch_is_in_flight() -> None:
    sender, _ = greeted([EpochSpan(OLD, 0, 3)], 0)
    assert sender.note_written([EpochSpan(OLD, 0, 9)], 10) == []
    assert sender.note_time(20) == []


def test_a_batch_without_answer_is_sent_again_as_it_was_ever_more_seldom() -> None:
    sender, actions = greeted([EpochSpan(OLD, 0, 3)], 0)
    first = sent(actions)
    pauses = []
    for _ in range(8):
        due = sender.next_deadline()
        assert due is not None
        assert sender.note_time(due - 1) == []
        assert sender.note_time(due) == [first]
        pauses.append(sender.next_deadline() - due)  # type: ignore[operator]
    for pause, most in zip(pauses, (2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000, 30_000), strict=True):
        assert most // 2 <= pause <= most


def test_an_answer_to_another_batch_changes_nothing() -> None:
    sender, actions = greeted([EpochSpan(OLD, 0, 3)], 0)
    first = sent(actions)
    stray = replace(ack(first, "ok", 3), batch="0" * 16)
    assert sender.note_ack(stray, HASH, 0) == []
    assert sender.backlog == 3
    assert sender.note_ack(ack(first, "ok", 3), HASH, 0) == [MarkThrough(OLD, 3)]
    assert sender.note_ack(ack(first, "ok", 3), HASH, 0) == []


@pytest.mark.parametrize("state", ["ok", "gap"])
def test_it_follows_the_centre_back(state: str) -> None:
    sender, actions = greeted([EpochSpan(OLD, 90, 100)], 90)
    again = sender.note_ack(ack(sent(actions), state, 40), HASH, 0)
    assert again[0] == MarkThrough(OLD, 40)
    assert sent(again).after == 40


def test_a_new_centre_is_asked_about_every_epoch_again() -> None:
    sender = UplinkSender(random.Random(1))
    old = sent(sender.note_connected([EpochSpan(OLD, 5, 5), EpochSpan(NEW, 0, 3)], 0))
    new = sent(sender.note_ack(ack(old, "ok", 5), HASH, 0))
    batch = sent(sender.note_ack(ack(new, "ok", 0), HASH, 0))
    again = sent(sender.note_ack(ack(batch, "ok", 3, centre=OTHER_CENTRE), HASH, 0))
    assert (again.epoch, again.limit, again.centre) == (OLD, 0, OTHER_CENTRE)


def test_safe_is_passed_on() -> None:
    sender, actions = greeted([EpochSpan(OLD, 0, 3)], 0)
    assert MarkSafe(OLD, 2) in sender.note_ack(ack(sent(actions), "ok", 3, safe=2), HASH, 0)


@pytest.mark.parametrize(
    ("state", "through", "own_hash"),
    [("fork", 2, HASH), ("ok", 2, "9" * 64), ("gap", 2, "9" * 64), ("ok", 9, None)],
    ids=["told by the centre", "another hash", "another hash in a gap", "the centre has more than we"],
)
def test_a_fork_begins_a_new_epoch_above_the_last_acknowledged(state: str, through: int, own_hash: str | None) -> None:
    sender, actions = greeted([EpochSpan(OLD, 2, 5)], 2)
    found = sender.note_ack(ack(sent(actions), state, through), own_hash, 0)
    assert found[0] == BeginEpoch(OLD, 2)
    assert sender.state is LinkState.FORKED
    greeting = sent(sender.note_epoch_begun([EpochSpan(OLD, 2, 2), EpochSpan(NEW, 0, 3)], 0))
    assert (greeting.epoch, greeting.limit) == (OLD, 0)


def test_an_epoch_left_behind_is_done_when_the_centre_has_more_of_it() -> None:
    sender = UplinkSender(random.Random(1))
    greeting = sent(sender.note_connected([EpochSpan(OLD, 2, 2), EpochSpan(NEW, 0, 3)], 0))
    following = sent(sender.note_ack(ack(greeting, "ok", 5), None, 0))
    assert (following.epoch, following.limit) == (NEW, 0)
    assert sender.backlog == 3


@pytest.mark.parametrize("state", ["pending", "refused"])
def test_an_epoch_that_is_not_let_in_is_asked_for_again_seldom(state: str) -> None:
    sender = UplinkSender(random.Random(1))
    greeting = sent(sender.note_connected([EpochSpan(OLD, 0, 3)], 0))
    assert sender.note_ack(ack(greeting, state, 0, through_hash=ZERO_HASH), ZERO_HASH, 0) == []
    assert sender.state == state
    due = sender.next_deadline()
    assert due is not None
    assert 15_000 <= due <= 30_000
    assert sender.note_time(due - 1) == []
    assert sent(sender.note_time(due)).limit == 0


def test_a_malformed_batch_is_narrowed_down_to_its_record() -> None:
    sender, actions = greeted([EpochSpan(OLD, 0, 3)], 0)
    single = sent(sender.note_ack(ack(sent(actions), "malformed", 0), HASH, 0))
    assert single.limit == 1
    second = sender.note_ack(ack(single, "ok", 1), HASH, 0)
    assert sent(second).limit == 500
    single = sent(sender.note_ack(ack(sent(second), "malformed", 1), HASH, 0))
    assert sender.note_ack(ack(single, "malformed", 1), HASH, 0) == []
    assert sender.state is LinkState.MALFORMED


def test_a_busy_centre_is_left_in_peace_until_the_resend_time() -> None:
    sender, actions = greeted([EpochSpan(OLD, 0, 3)], 0)
    first = sent(actions)
    assert sender.note_ack(ack(first, "busy", 0), HASH, 0) == []
    due = sender.next_deadline()
    assert due is not None
    assert sender.note_time(due) == [first]


def test_without_a_broker_nothing_is_sent() -> None:
    sender, _ = greeted([EpochSpan(OLD, 0, 3)], 0)
    sender.note_disconnected()
    assert sender.state is LinkState.OFFLINE
    assert sender.next_deadline() is None
    assert sender.note_written([EpochSpan(OLD, 0, 4)], 5) == []
    assert sender.note_time(10**9) == []
