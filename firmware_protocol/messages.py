"""What is asked and answered on the shelf wire, typed, for both ends. No framing, no timing, no state.

As a gateway: `pdu.ask_*` with a message's `to_registers()`; `X.from_registers(values)` on the answer's values.

As a controller (a simulator, a test bench):
* `FrameReader()` hears neighbours too: of `feed(octets, silence)` skip FrameFault, other units and role RESPONSE;
  unit 0 is broadcast: heed STOP alone and never answer.
* `pdu.read_request(frame)` gives one of: WriteRegisters at STOP, DESELECT, LEASE, INDICATOR (`Lease.from_registers(
  request.values)` ..., answered by `pdu.answer_write` for 06, `answer_write_many` for 16); ReadWriteRegisters at SELECT
  / SELECT_ANSWER, OPERATE / OPERATE_ANSWER, ACT / ACT_ANSWER (answered by `pdu.answer_registers(unit, 0x17,
  SelectAnswer(...).to_registers())`); the same written by 16, then the answer block read by 03 (technicians' tools);
  ReadRegisters: `registers.find_block(address, count, "r")`, then a slice of the block's image; RequestFault:
  `pdu.answer_exception(unit, request.function, request.code)`.
* Images are made of `MotionSnapshot(...).to_registers()`, `Detail(...)`, `Identity(...)`, `log_registers(entries)`,
  `ring_registers(events)`. A span outside a block is ILLEGAL_ADDRESS; a MessageFault is ILLEGAL_VALUE.
Decoders return a MessageFault for what a peer got wrong; encoders assert, for a wrong number there is our own mistake.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from firmware_protocol import registers as map_
from firmware_protocol.blocks import (
    Detail,
    Identity,
    LogEntry,
    MotionSnapshot,
    RingEvent,
    log_registers,
    read_log,
    ring_registers,
    ring_slot,
)
from firmware_protocol.codes import Reasons
from firmware_protocol.fields import (
    NO_PLACE,
    NO_TARGET,
    MessageFault,
    Place,
    Target,
    aisles_of,
    is_newer,
    join_words,
    mask_of,
    pack_pairs,
    split_u32,
    split_u64,
    unpack_pairs,
)

__all__ = [
    "NO_PLACE",
    "NO_TARGET",
    "ActAnswer",
    "ActRequest",
    "Deselect",
    "Detail",
    "Identity",
    "Indicator",
    "Lease",
    "LogEntry",
    "MessageFault",
    "MotionSnapshot",
    "OperateAnswer",
    "OperateRequest",
    "Place",
    "ReasonsAnswer",
    "RingEvent",
    "SelectAnswer",
    "SelectRequest",
    "Stop",
    "Target",
    "aisles_of",
    "is_newer",
    "log_registers",
    "mask_of",
    "pack_pairs",
    "read_log",
    "ring_registers",
    "ring_slot",
    "unpack_pairs",
]


@dataclass(frozen=True, slots=True)
class SelectRequest:
    request_id: int
    target: Target
    place: Place = NO_PLACE

    def to_registers(self) -> tuple[int, ...]:
        assert 0 < self.request_id < 1 << 64, self.request_id
        return *split_u64(self.request_id), self.target.to_register(), self.place.to_register()

    @classmethod
    def from_registers(cls, words: Sequence[int]) -> Self | MessageFault:
        if len(words) != map_.SELECT.count:
            return MessageFault("select_length", len(words))
        target, place = Target.from_register(words[4]), Place.from_register(words[5])
        if isinstance(target, MessageFault):
            return target
        if isinstance(place, MessageFault):
            return place
        return cls(join_words(words[:4]), target, place)


@dataclass(frozen=True, slots=True)
class SelectAnswer:
    """`reasons` 0 = selected; else the token is 0. The rest is the snapshot that OPERATE will be judged by."""

    target: Target
    reasons: Reasons
    token: int
    sequence: int
    occupancy_seen: int
    contacts: tuple[int, int, int]
    ring_head: int

    def to_registers(self) -> tuple[int, ...]:
        return (
            self.target.to_register(), self.reasons, *split_u32(self.token), self.sequence, self.occupancy_seen,
            *self.contacts, self.ring_head,
        )  # fmt: skip

    @classmethod
    def from_registers(cls, words: Sequence[int]) -> Self | MessageFault:
        if len(words) != map_.SELECT_ANSWER.count:
            return MessageFault("select_answer_length", len(words))
        target = Target.from_register(words[0])
        if isinstance(target, MessageFault):
            return target
        token = join_words(words[2:4])
        # Refused with a token, or selected without one: neither may be believed.
        if (words[1] == 0) != (token != 0):
            return MessageFault("select_token", token)
        return cls(
            target, Reasons(words[1]), token, words[4], words[5], (words[6], words[7], words[8]), words[9]
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class OperateRequest:
    request_id: int
    token: int
    target: Target
    ring_head: int

    def to_registers(self) -> tuple[int, ...]:
        assert 0 < self.request_id < 1 << 64, self.request_id
        assert 0 < self.token < 1 << 32, self.token
        return *split_u64(self.request_id), *split_u32(self.token), self.target.to_register(), self.ring_head

    @classmethod
    def from_registers(cls, words: Sequence[int]) -> Self | MessageFault:
        if len(words) != map_.OPERATE.count:
            return MessageFault("operate_length", len(words))
        target = Target.from_register(words[6])
        if isinstance(target, MessageFault):
            return target
        return cls(join_words(words[:4]), join_words(words[4:6]), target, words[7])


@dataclass(frozen=True, slots=True)
class ActRequest:
    """An operation that moves no steel: lock, unlock, light, clear fault, wake."""

    request_id: int
    target: Target

    def to_registers(self) -> tuple[int, ...]:
        assert 0 < self.request_id < 1 << 64, self.request_id
        return *split_u64(self.request_id), self.target.to_register()

    @classmethod
    def from_registers(cls, words: Sequence[int]) -> Self | MessageFault:
        if len(words) != map_.ACT.count:
            return MessageFault("act_length", len(words))
        target = Target.from_register(words[4])
        return target if isinstance(target, MessageFault) else cls(join_words(words[:4]), target)


@dataclass(frozen=True, slots=True)
class ReasonsAnswer:
    """Answer to OPERATE and to ACT: the target again, and the reasons (0 = accepted)."""

    target: Target
    reasons: Reasons

    def to_registers(self) -> tuple[int, ...]:
        return self.target.to_register(), self.reasons

    @classmethod
    def from_registers(cls, words: Sequence[int]) -> Self | MessageFault:
        if len(words) != map_.OPERATE_ANSWER.count:
            return MessageFault("answer_length", len(words))
        target = Target.from_register(words[0])
        return target if isinstance(target, MessageFault) else cls(target, Reasons(words[1]))


OperateAnswer = ActAnswer = ReasonsAnswer


@dataclass(frozen=True, slots=True)
class Lease:
    """One renewal: the counter rises by at least 1 each time, the sequence is that of the latest MOTION seen."""

    token: int
    counter: int
    sequence: int

    def to_registers(self) -> tuple[int, ...]:
        return *split_u32(self.token), self.counter, self.sequence

    @classmethod
    def from_registers(cls, words: Sequence[int]) -> Self | MessageFault:
        if len(words) != map_.LEASE.count:
            return MessageFault("lease_length", len(words))
        return cls(join_words(words[:2]), words[2], words[3])


@dataclass(frozen=True, slots=True)
class Indicator:
    """What to show at the bank; aisle 0 switches it off."""

    aisle: int
    place: Place = NO_PLACE

    def to_registers(self) -> tuple[int, ...]:
        assert 0 <= self.aisle <= map_.MAX_AISLES, self.aisle
        return self.aisle, self.place.to_register()

    @classmethod
    def from_registers(cls, words: Sequence[int]) -> Self | MessageFault:
        if len(words) != map_.INDICATOR.count:
            return MessageFault("indicator_length", len(words))
        if words[0] > map_.MAX_AISLES:
            return MessageFault("indicator_aisle", words[0])
        place = Place.from_register(words[1])
        return place if isinstance(place, MessageFault) else cls(words[0], place)


@dataclass(frozen=True, slots=True)
class Stop:
    """STOP holds any value: the controller stops, whatever it reads."""

    reason: int

    def to_register(self) -> int:
        return self.reason

    @classmethod
    def from_registers(cls, words: Sequence[int]) -> Self:
        return cls(words[0])


@dataclass(frozen=True, slots=True)
class Deselect:
    """0 drops whatever is selected; else the low half of the token that is to be dropped."""

    token_low: int = 0

    def to_register(self) -> int:
        return self.token_low

    @classmethod
    def from_registers(cls, words: Sequence[int]) -> Self:
        return cls(words[0])
