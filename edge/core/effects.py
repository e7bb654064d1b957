"""What is to be done, in the imperative: the only outputs of `decide` beside the new state.

Orders to a shelf carry their own deadline; a driver that comes to one late drops it and reports `WireFailed`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from edge.core.snapshot import Operation

Sound = Literal["ok", "look", "no"]


@dataclass(frozen=True, slots=True)
class SendSelect:
    bank: str
    request_id: int
    operation: Operation
    aisle: int
    face: str  # "" when no place is meant
    section: int
    tier: int
    deadline_mono_ms: int


@dataclass(frozen=True, slots=True)
class SendOperate:
    bank: str
    request_id: int
    token: int
    operation: Operation
    aisle: int
    ring_head: int  # the event-ring head this order relies on
    deadline_mono_ms: int


@dataclass(frozen=True, slots=True)
class PermitLease:
    """The driver may renew the lease of this token until the moment given, not a millisecond longer."""

    bank: str
    token: int
    until_mono_ms: int


@dataclass(frozen=True, slots=True)
class SendStop:
    """Withdraws every permit of the bank; repeated by the driver until standstill is read back."""

    bank: str
    reason: str


@dataclass(frozen=True, slots=True)
class SendDeselect:
    bank: str


@dataclass(frozen=True, slots=True)
class SendWake:
    """Wakes a sleeping bank; waking moves nothing."""

    bank: str
    deadline_mono_ms: int


@dataclass(frozen=True, slots=True)
class SendAct:
    """An act that moves nothing: lock, unlock, light_on, light_off, clear_fault, sleep. Sent once, answered once."""

    bank: str
    request_id: int
    operation: Operation
    aisle: int  # 0: the whole bank
    deadline_mono_ms: int


@dataclass(frozen=True, slots=True)
class SetIndicator:
    """Show a place at the bank; aisle 0 puts the indicator out."""

    bank: str
    aisle: int
    face: str
    section: int
    tier: int


@dataclass(frozen=True, slots=True)
class ReadOutcome:
    bank: str
    request_id: int


@dataclass(frozen=True, slots=True)
class RecallRing:
    """Read the event ring behind what was told of it: low half of the boot id and the entry; None: nothing was told."""

    bank: str
    boot_id: int | None
    sequence: int


ShelfOrder = (
    SendSelect
    | SendOperate
    | PermitLease
    | SendStop
    | SendDeselect
    | SendWake
    | SendAct
    | SetIndicator
    | ReadOutcome
    | RecallRing
)


@dataclass(frozen=True, slots=True)
class RecordFact:
    """Keep a fact: journal and outbox in one commit. `fact_id` None: the outbox draws one."""

    kind: str
    body: dict[str, Any]
    fact_id: str | None = None


@dataclass(frozen=True, slots=True)
class PrintLabel:
    """Print one label. `label`: code, title, customer_no, customer_name, place_path."""

    job_id: str
    label: dict[str, Any]


@dataclass(frozen=True, slots=True)
class GiveFeedback:
    """Answer where the hand is: sound and light of a scanner, and a sentence."""

    source_id: str
    sound: Sound
    key: str
    params: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AnswerCommand:
    command_id: str
    result: str  # done | prompted | queued | refused
    reason: str | None = None
    detail: dict[str, Any] = field(default_factory=dict)


Effect = ShelfOrder | RecordFact | PrintLabel | GiveFeedback | AnswerCommand

# effects that may leave only after the commit which holds them
DURABLE = (SendSelect, SendOperate, RecordFact, PrintLabel)
