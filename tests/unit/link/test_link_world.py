"""Sender and receiver against each other over a network that loses, repeats and reorders, with both ends losing their past.

The gateway's disk and the centre's database are models of a few lines; sender, codec, parser and judge are the real ones.
"""

from __future__ import annotations

import copy
import random
from dataclasses import dataclass, field

import hypothesis.strategies as st
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from central.domain import ingest, link
from edge.core.link import (
    ZERO_HASH,
    Action,
    BeginEpoch,
    EpochSpan,
    MarkSafe,
    MarkThrough,
    SendBatch,
    UplinkSender,
    encode_batch,
    encode_record,
    hash_record,
    parse_ack,
)

AT = "2026-11-24T03:33:07.042Z"


@dataclass
class Disk:
    """The gateway's outbox: epochs in order, their lines and their acknowledged mark."""

    lines: dict[str, list[bytes]] = field(default_factory=dict)
    facts: dict[str, list[str]] = field(default_factory=dict)
    through: dict[str, int] = field(default_factory=dict)

    def open_epoch(self, epoch: str) -> None:
        self.lines[epoch], self.facts[epoch], self.through[epoch] = [], [], 0

    @property
    def epoch(self) -> str:
        return list(self.lines)[-1]

    def write(self, fact_id: str, salt: int) -> None:
        lines = self.lines[self.epoch]
        lines.append(
            encode_record(
                epoch=self.epoch,
                seq=len(lines) + 1,
                prev=hash_record(lines[-1]) if lines else ZERO_HASH,
                fact_id=fact_id,
                kind="gateway_state",
                at=AT,
                clock_ok=True,
                boot="b",
                mono_ms=salt,
                body={"state": "ok"},
            )
        )
        self.facts[self.epoch].append(fact_id)

    def begin_epoch(self, after: int, epoch: str) -> None:
        old = self.epoch
        moved = self.facts[old][after:]
        del self.lines[old][after:], self.facts[old][after:]
        self.open_epoch(epoch)
        for fact_id in moved:
            self.write(fact_id, 0)

    def spans(self) -> list[EpochSpan]:
        return [EpochSpan(epoch, self.through[epoch], len(lines)) for epoch, lines in self.lines.items()]

    def hash_of(self, epoch: str, seq: int) -> str | None:
        lines = self.lines.get(epoch, [])
        if seq == 0:
            return ZERO_HASH
        return hash_record(lines[seq - 1]) if seq <= len(lines) else None

    def fact_ids(self) -> set[str]:
        return {fact_id for facts in self.facts.values() for fact_id in facts}


@dataclass
class Centre:
    """The centre's database: records per epoch, in the order of arrival of the epochs."""

    epoch: str
    records: dict[str, list[ingest.Record]] = field(default_factory=dict)
    states: dict[str, ingest.EpochState] = field(default_factory=dict)
    quarantine: int = 0

    def take(self, payload: bytes) -> bytes:
        batch = ingest.parse_batch(payload)
        assert batch is not None
        if batch.epoch not in self.states:
            first = not self.states
            self.states[batch.epoch] = ingest.EpochState.ADMITTED if first else ingest.EpochState.PENDING
            self.records[batch.epoch] = []
        records = self.records[batch.epoch]
        through_hash = records[-1].hash if records else ingest.ZERO_HASH
        cursor = ingest.Cursor(self.states[batch.epoch], len(records), through_hash)
        known = {record.seq: record.hash for record in records}
        verdict = ingest.judge_batch(cursor, batch, known)
        self.quarantine += verdict.quarantine
        records.extend(verdict.fresh)
        return link.encode_ack(
            batch=batch.batch,
            centre=self.epoch,
            epoch=batch.epoch,
            state=verdict.state,
            through=len(records),
            through_hash=records[-1].hash if records else ingest.ZERO_HASH,
            safe=0,
            fork_at=verdict.fork_at,
            reason=verdict.reason,
        )

    def fact_ids(self) -> list[str]:
        return [record.id for records in self.records.values() for record in records]


class LinkWorld(RuleBasedStateMachine):
    """One room, one centre, and everything between them that can go wrong."""

    @initialize(seed=st.integers(0, 2**32))
    def build(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.now_ms = 0
        self.disk = Disk()
        self.disk.open_epoch(self.draw_epoch())
        self.centre = Centre(self.draw_epoch())
        self.sender = UplinkSender(self.rng)
        self.up: list[bytes] = []
        self.down: list[bytes] = []
        self.disk_image: Disk | None = None
        self.backup: Centre | None = None
        self.serial = 0
        self.rolled_back = self.restored = False
        self.act(self.sender.note_connected(self.disk.spans(), self.now_ms))

    def draw_epoch(self) -> str:
        return f"{self.rng.getrandbits(128):032x}"

    def act(self, actions: list[Action]) -> None:
        for action in actions:
            match action:
                case SendBatch():
                    lines = self.disk.lines[action.epoch][action.after : action.after + action.limit]
                    payload, _ = encode_batch(
                        batch=action.batch,
                        centre=action.centre,
                        epoch=action.epoch,
                        first=action.after + 1,
                        head=action.head,
                        lines=lines,
                    )
                    self.up.append(payload)
                case MarkThrough(epoch, seq):
                    self.disk.through[epoch] = seq
                case MarkSafe():
                    pass
                case BeginEpoch(epoch, after):
                    assert epoch == self.disk.epoch
                    self.disk.begin_epoch(after, self.draw_epoch())
                    self.act(self.sender.note_epoch_begun(self.disk.spans(), self.now_ms))

    def hear(self, payload: bytes) -> None:
        ack = parse_ack(payload)
        assert ack is not None
        self.act(self.sender.note_ack(ack, self.disk.hash_of(ack.epoch, ack.through), self.now_ms))

    # -- what people and networks do --------------------------------------------------------------------------------

    @rule(count=st.integers(1, 4))
    def write_facts(self, count: int) -> None:
        for _ in range(count):
            self.serial += 1
            self.disk.write(f"019ab3c4-0000-7000-8000-{self.serial:012x}", self.serial)
        self.act(self.sender.note_written(self.disk.spans(), self.now_ms))

    @precondition(lambda self: self.up)
    @rule(data=st.data(), repeat=st.booleans())
    def deliver_up(self, data: st.DataObject, repeat: bool) -> None:
        at = data.draw(st.integers(0, len(self.up) - 1))
        payload = self.up[at] if repeat else self.up.pop(at)
        self.down.append(self.centre.take(payload))

    @precondition(lambda self: self.down)
    @rule(data=st.data(), repeat=st.booleans())
    def deliver_down(self, data: st.DataObject, repeat: bool) -> None:
        at = data.draw(st.integers(0, len(self.down) - 1))
        self.hear(self.down[at] if repeat else self.down.pop(at))

    @precondition(lambda self: self.up or self.down)
    @rule()
    def lose_everything_under_way(self) -> None:
        self.up.clear()
        self.down.clear()

    @rule(elapsed_ms=st.integers(1, 40_000))
    def let_time_pass(self, elapsed_ms: int) -> None:
        self.now_ms += elapsed_ms
        self.act(self.sender.note_time(self.now_ms))

    @rule()
    def reconnect(self) -> None:
        self.sender.note_disconnected()
        self.act(self.sender.note_connected(self.disk.spans(), self.now_ms))

    @rule()
    def restart_gateway(self) -> None:
        self.sender = UplinkSender(self.rng)
        self.act(self.sender.note_connected(self.disk.spans(), self.now_ms))

    @rule()
    def back_up_centre(self) -> None:
        self.backup = copy.deepcopy(self.centre)

    @precondition(lambda self: self.backup is not None and not self.rolled_back)
    @rule(announced=st.booleans())
    def restore_centre(self, announced: bool) -> None:
        assert self.backup is not None
        self.centre = copy.deepcopy(self.backup)
        self.restored = True
        if announced:
            self.centre.epoch = self.draw_epoch()
        self.act(self.sender.note_connected(self.disk.spans(), self.now_ms))

    @rule()
    def copy_disk(self) -> None:
        self.disk_image = copy.deepcopy(self.disk)

    # Both ends losing their past is a double fault: then facts can be gone.
    @precondition(lambda self: self.disk_image is not None and not self.restored)
    @rule(meanwhile=st.integers(0, 3))
    def roll_disk_back(self, meanwhile: int) -> None:
        assert self.disk_image is not None
        self.disk = copy.deepcopy(self.disk_image)
        self.rolled_back = True
        self.sender = UplinkSender(self.rng)
        for _ in range(meanwhile):
            self.serial += 1
            self.disk.write(f"019ab3c4-0000-7000-8000-{self.serial:012x}", self.serial)
        self.act(self.sender.note_connected(self.disk.spans(), self.now_ms))

    @rule()
    def admit_epochs(self) -> None:
        for epoch in self.centre.states:
            self.centre.states[epoch] = ingest.EpochState.ADMITTED

    # -- what must hold ---------------------------------------------------------------------------------------------

    @invariant()
    def chains_verify(self) -> None:
        for epoch, records in getattr(self, "centre", Centre("")).records.items():
            prev = ZERO_HASH
            for seq, record in enumerate(records, 1):
                assert (record.seq, record.prev) == (seq, prev), epoch
                prev = hash_record(record.line)

    @invariant()
    def no_epoch_holds_a_fact_twice(self) -> None:
        for records in getattr(self, "centre", Centre("")).records.values():
            assert len({record.id for record in records}) == len(records)

    def teardown(self) -> None:
        if not hasattr(self, "centre"):
            return
        before = set(self.centre.fact_ids())
        for _ in range(400):
            self.admit_epochs()
            while self.up or self.down:
                while self.up:
                    self.down.append(self.centre.take(self.up.pop(0)))
                while self.down:
                    self.hear(self.down.pop(0))
            if not self.sender.backlog and self.sender.state == "online":
                break
            deadline = self.sender.next_deadline()
            self.now_ms = max(self.now_ms + 1, deadline if deadline is not None else 0)
            self.act(self.sender.note_time(self.now_ms))
        arrived = self.centre.fact_ids()
        assert self.disk.fact_ids() <= set(arrived), "a fact on disk never arrived"
        assert before <= set(arrived), "a committed fact is gone"
        if not self.rolled_back:
            assert len(arrived) == len(set(arrived)), "a fact was committed twice"
            assert not self.centre.quarantine, "quarantine without a fork"
            assert len(self.centre.records) == 1


TestLinkWorld = LinkWorld.TestCase
TestLinkWorld.settings = settings(max_examples=150, stateful_step_count=40)


def run_story(*, seed: int = 1) -> LinkWorld:
    world = LinkWorld()
    world.build(seed)
    return world


def settle(world: LinkWorld) -> None:
    while world.up or world.down:
        while world.up:
            world.down.append(world.centre.take(world.up.pop(0)))
        while world.down:
            world.hear(world.down.pop(0))


def test_a_rolled_back_disk_forks_and_its_new_facts_come_in_a_new_epoch_once_admitted() -> None:
    world = run_story()
    world.write_facts(2)
    settle(world)
    world.copy_disk()
    world.write_facts(3)
    settle(world)
    old = world.disk.epoch
    world.roll_disk_back(4)
    fresh = world.disk.fact_ids() - set(world.centre.fact_ids())
    settle(world)
    assert world.disk.epoch != old
    assert world.sender.state == "pending"
    assert not fresh & set(world.centre.fact_ids()), "nothing comes in before an admin has looked"
    world.admit_epochs()
    world.let_time_pass(40_000)
    settle(world)
    assert world.sender.state == "online"
    assert fresh <= set(world.centre.fact_ids())
    assert len(world.centre.fact_ids()) == len(set(world.centre.fact_ids())) == 2 + 3 + 4


def test_a_fork_that_reaches_the_centre_is_quarantined() -> None:
    world = run_story()
    world.write_facts(1)
    settle(world)
    world.copy_disk()
    world.write_facts(1)
    settle(world)
    world.disk = world.disk_image  # type: ignore[assignment]
    world.write_facts(1)
    batch = world.disk.lines[world.disk.epoch][1:]
    payload, _ = encode_batch(batch="0" * 16, centre=None, epoch=world.disk.epoch, first=2, head=2, lines=batch)
    ack = parse_ack(world.centre.take(payload))
    assert ack is not None
    assert (ack.state, ack.fork_at, ack.through) == ("fork", 2, 2)
    assert world.centre.quarantine == 1


def test_a_restored_centre_gets_everything_again() -> None:
    world = run_story()
    world.write_facts(2)
    settle(world)
    world.back_up_centre()
    world.write_facts(3)
    settle(world)
    assert world.disk.through[world.disk.epoch] == 5
    world.restore_centre(announced=True)
    settle(world)
    assert world.centre.fact_ids() == world.disk.facts[world.disk.epoch]
    assert world.sender.state == "online"
