"""The blocks a controller offers for reading: identity, motion, detail, request log, event ring. Both directions.

Decoders return a MessageFault for what a peer got wrong. Reading any of them has no side effect (SPEC 3.1).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Self

from firmware_protocol import registers as map_
from firmware_protocol.codes import (
    MOVING_STATES,
    BankState,
    Capabilities,
    Contact,
    EndCause,
    EventKind,
    FaultBits,
    LeaseRefusal,
    Outcome,
    PositionQuality,
    RoomInputs,
    SafetyBits,
)
from firmware_protocol.fields import (
    MessageFault,
    Place,
    Target,
    join_words,
    pack_pairs,
    pack_text,
    read_text,
    split_u32,
    split_u64,
    unpack_pairs,
)

UNKNOWN_POSITION = 0xFFFF
UNKNOWN_PROGRESS = 0xFFFF
UNKNOWN_TEMPERATURE = 0x8000
_RESTING = frozenset({BankState.UNKNOWN, BankState.ASLEEP, BankState.IDLE, BankState.STOPPED, BankState.FAULT})
_STATES = {int(state): state for state in BankState}
_OUTCOMES = {int(outcome): outcome for outcome in Outcome}
_CAUSES = {int(cause): cause for cause in EndCause}
_EVENTS = {int(kind): kind for kind in EventKind}
_LEASE_REFUSALS = {int(refusal): refusal for refusal in LeaseRefusal}

# Bits a newer controller may add are dropped: flags without a name have no meaning here.
_SAFETY_MASK = sum(SafetyBits)
_FAULT_MASK = sum(FaultBits)
_CAPABILITY_MASK = sum(Capabilities)
_ROOM_MASK = sum(RoomInputs)


# Every reading has these, and few differ: making flags costs more than all the rest of a snapshot.
@lru_cache(maxsize=256)
def _read_safety(word: int) -> SafetyBits:
    return SafetyBits(word & _SAFETY_MASK)


@lru_cache(maxsize=256)
def _read_faults(word: int) -> FaultBits:
    return FaultBits(word & _FAULT_MASK)


@dataclass(frozen=True, slots=True)
class Identity:
    """Who answers, which map and geometry it holds, and the bank's own times (SPEC 3.2); texts may be empty."""

    geometry_hash: int
    boot_id: int
    columns: int
    aisles: int
    sections: int
    tiers: int
    passable_gap_mm: int
    warning_time_ms: int
    nominal_speed_mm_s: int
    travel_time_ms: int
    wake_time_ms: int
    settle_time_ms: int
    reaction_time_ms: int
    braking_mm: int
    capabilities: Capabilities
    maker: str = ""
    model: str = ""
    serial_number: str = ""
    firmware_version: str = ""
    protocol_version: int = map_.PROTOCOL_VERSION
    map_hash: int = map_.MAP_HASH

    def to_registers(self) -> tuple[int, ...]:
        """Return the whole IDENTITY block."""
        numbers = (
            self.protocol_version, *split_u32(self.map_hash), *split_u32(self.geometry_hash), *split_u32(self.boot_id),
            self.columns, self.aisles, self.sections, self.tiers, self.passable_gap_mm, self.warning_time_ms,
            self.nominal_speed_mm_s, self.travel_time_ms // 10, self.wake_time_ms // 10, self.settle_time_ms,
            self.reaction_time_ms, self.braking_mm, *split_u32(self.capabilities),
        )  # fmt: skip
        texts = (
            *pack_text(self.maker, 8), *pack_text(self.model, 8),
            *pack_text(self.serial_number, 8), *pack_text(self.firmware_version, 4),
        )  # fmt: skip
        filled = numbers + (0,) * (map_.IDENTITY_TEXTS_AT - len(numbers)) + texts
        return filled + (0,) * (map_.IDENTITY.count - len(filled))

    @classmethod
    def from_registers(cls, words: Sequence[int]) -> Self | MessageFault:
        """Decode the numbers (22 registers) or the whole block."""
        if len(words) < map_.IDENTITY_NUMBERS:
            return MessageFault("identity_length", len(words))
        if words[0] >> 8 != map_.PROTOCOL_VERSION >> 8:
            return MessageFault("protocol_version", words[0])
        if not 1 <= words[7] <= map_.MAX_COLUMNS:
            return MessageFault("columns", words[7])
        if not 1 <= words[8] <= map_.MAX_AISLES:
            return MessageFault("aisles", words[8])
        # Missing texts read as empty: slices of a short answer are empty.
        return cls(
            join_words(words[3:5]), join_words(words[5:7]), words[7], words[8], words[9], words[10], words[11],
            words[12], words[13], words[14] * 10, words[15] * 10, words[16], words[17], words[18],
            Capabilities(join_words(words[19:21]) & _CAPABILITY_MASK),
            read_text(words[32:40]), read_text(words[40:48]), read_text(words[48:56]), read_text(words[56:60]),
            words[0], join_words(words[1:3]),
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class MotionSnapshot:
    """The MOTION block, always read whole (16 registers)."""

    state: BankState
    open_aisles: int
    target: Target
    progress_permille: int
    safety: SafetyBits
    faults: FaultBits
    occupancy_seen: int
    occupancy_unknown: int
    contacts: tuple[int, int, int]
    sequence: int
    ring_head: int
    boot_id_low: int
    last_request_id_low: int
    outcome: Outcome
    cause: EndCause

    @property
    def is_standing(self) -> bool:
        """The controller itself says that nothing moves and nothing is about to."""
        return bool(self.safety & SafetyBits.STANDSTILL) and self.state not in MOVING_STATES

    @property
    def is_resting(self) -> bool:
        """Nothing is selected, under way or about to be."""
        return self.state in _RESTING

    def contact_of(self, column: int) -> Contact:
        """Tell what column 1..24 touches."""
        return Contact(self.contacts[column - 1 >> 3] >> (column - 1 & 7) * 2 & 3)

    def to_registers(self) -> tuple[int, ...]:
        return (
            self.state, self.open_aisles, self.target.to_register(), self.progress_permille, self.safety, self.faults,
            self.occupancy_seen, self.occupancy_unknown, *self.contacts, self.sequence, self.ring_head,
            self.boot_id_low, self.last_request_id_low, self.outcome << 8 | self.cause,
        )  # fmt: skip

    @classmethod
    def from_registers(cls, words: Sequence[int]) -> Self | MessageFault:
        if len(words) != map_.MOTION.count:
            return MessageFault("motion_length", len(words))
        state = _STATES.get(words[0])
        if state is None:
            return MessageFault("state", words[0])
        target = Target.from_register(words[2])
        if isinstance(target, MessageFault):
            return target
        progress = words[3]
        if progress > 1000 and progress != UNKNOWN_PROGRESS:
            return MessageFault("progress_permille", progress)
        outcome, cause = _OUTCOMES.get(words[15] >> 8), _CAUSES.get(words[15] & 0xFF)
        if outcome is None or cause is None:
            return MessageFault("outcome", words[15])
        return cls(
            state, words[1], target, progress, _read_safety(words[4]), _read_faults(words[5]),
            words[6], words[7], (words[8], words[9], words[10]), words[11], words[12], words[13], words[14],
            outcome, cause,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Detail:
    """The DETAIL block: slow values. A position may be None (unknown); so may the climate (no sensor)."""

    positions_mm: tuple[int | None, ...]
    qualities: tuple[PositionQuality, ...]
    temperature_c: float | None
    relative_humidity: float | None
    in_aisle_locks: int
    gateway_locks: int
    indicator_aisle: int
    indicator_place: Place
    lights: int
    lease_refusal: LeaseRefusal
    lease_left_ms: int
    stop_reason: int
    aisle_widths_mm: tuple[int | None, ...]
    room_inputs: RoomInputs = RoomInputs.NONE

    def to_registers(self) -> tuple[int, ...]:
        positions = _pad([UNKNOWN_POSITION if mm is None else mm for mm in self.positions_mm], map_.MAX_COLUMNS)
        widths = _pad([UNKNOWN_POSITION if mm is None else mm for mm in self.aisle_widths_mm], map_.MAX_AISLES)
        climate = UNKNOWN_TEMPERATURE if self.temperature_c is None else round(self.temperature_c * 10) & 0xFFFF
        damp = UNKNOWN_POSITION if self.relative_humidity is None else round(self.relative_humidity * 10)
        return (
            *positions, *pack_pairs(self.qualities), climate, damp, self.in_aisle_locks, self.gateway_locks,
            self.indicator_aisle, self.indicator_place.to_register(), self.lights, self.lease_refusal,
            self.lease_left_ms, self.stop_reason, self.room_inputs, 0, 0, *widths,
        )  # fmt: skip

    @classmethod
    def from_registers(cls, words: Sequence[int], columns: int, aisles: int) -> Self | MessageFault:
        """Decode the whole block for a bank of so many columns and aisles."""
        if len(words) != map_.DETAIL.count:
            return MessageFault("detail_length", len(words))
        place = Place.from_register(words[32])
        if isinstance(place, MessageFault):
            return place
        refusal = _LEASE_REFUSALS.get(words[34])
        if refusal is None:
            return MessageFault("lease_refusal", words[34])
        signed = words[27] - 0x10000 if words[27] & 0x8000 else words[27]
        return cls(
            tuple(None if mm == UNKNOWN_POSITION else mm for mm in words[:columns]),
            tuple(PositionQuality(pair) for pair in unpack_pairs(words[24:27], columns)),
            None if words[27] == UNKNOWN_TEMPERATURE else signed / 10,
            None if words[28] == UNKNOWN_POSITION else words[28] / 10,
            words[29], words[30], words[31], place, words[33], refusal, words[35], words[36],
            tuple(None if mm == UNKNOWN_POSITION else mm for mm in words[40 : 40 + aisles]),
            RoomInputs(words[37] & _ROOM_MASK),
        )  # fmt: skip


def _pad(values: list[int], count: int) -> list[int]:
    return values + [UNKNOWN_POSITION] * (count - len(values))


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One request the controller remembers: id, what it asked, what became of it."""

    request_id: int
    target: Target
    outcome: Outcome
    cause: EndCause

    def to_registers(self) -> tuple[int, ...]:
        return *split_u64(self.request_id), self.target.to_register(), self.outcome << 8 | self.cause

    @classmethod
    def from_registers(cls, words: Sequence[int]) -> Self | MessageFault:
        target = Target.from_register(words[4])
        if isinstance(target, MessageFault):
            return target
        outcome, cause = _OUTCOMES.get(words[5] >> 8), _CAUSES.get(words[5] & 0xFF)
        if outcome is None or cause is None:
            return MessageFault("log_outcome", words[5])
        return cls(join_words(words[:4]), target, outcome, cause)


def log_registers(entries: Sequence[LogEntry]) -> tuple[int, ...]:
    """Fill the REQUEST LOG block, newest request first."""
    assert len(entries) <= map_.LOG_ENTRIES, len(entries)
    words = [word for entry in entries for word in entry.to_registers()]
    return tuple(words + [0] * (map_.REQUEST_LOG.count - len(words)))


def read_log(words: Sequence[int]) -> tuple[LogEntry, ...] | MessageFault:
    """Decode the newest entries from a read that began at the block's start; unused entries (id 0) are left out."""
    if len(words) % map_.LOG_ENTRY_REGISTERS:
        return MessageFault("log_length", len(words))
    entries = []
    for at in range(0, len(words), map_.LOG_ENTRY_REGISTERS):
        entry = LogEntry.from_registers(words[at : at + map_.LOG_ENTRY_REGISTERS])
        if isinstance(entry, MessageFault):
            return entry
        if entry.request_id:
            entries.append(entry)
    return tuple(entries)


@dataclass(frozen=True, slots=True)
class RingEvent:
    """One entry of the event ring; `age_ms` counts back from the read and stays at 655,350 when older."""

    sequence: int
    kind: EventKind
    argument: int
    age_ms: int

    def to_registers(self) -> tuple[int, ...]:
        return self.sequence, self.kind, self.argument, min(self.age_ms // 10, 0xFFFF)

    @classmethod
    def from_registers(cls, words: Sequence[int]) -> Self | MessageFault:
        kind = _EVENTS.get(words[1])
        return MessageFault("event_kind", words[1]) if kind is None else cls(words[0], kind, words[2], words[3] * 10)


def ring_slot(sequence: int) -> int:
    """Address of the entry with this sequence number: slot = sequence mod 32."""
    return map_.EVENT_RING.address + sequence % map_.RING_ENTRIES * map_.RING_ENTRY_REGISTERS


def ring_registers(events: Iterable[RingEvent]) -> tuple[int, ...]:
    """Fill the EVENT RING block with the latest events, each in its slot."""
    words = [0] * map_.EVENT_RING.count
    for event in events:
        at = ring_slot(event.sequence) - map_.EVENT_RING.address
        words[at : at + map_.RING_ENTRY_REGISTERS] = event.to_registers()
    return tuple(words)
