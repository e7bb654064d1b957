"""What a session tells its owner. Times are milliseconds on the owner's monotonic clock."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from firmware_protocol.blocks import Detail, Identity, MotionSnapshot, RingEvent
from firmware_protocol.codes import EndCause, Outcome, Reasons
from firmware_protocol.messages import SelectAnswer
from firmware_protocol.wear import Wear


class Condition(Enum):
    """How a controller stands with the gateway."""

    ONLINE = "online"
    SILENT = "silent"
    REBOOTED = "rebooted"
    MISMATCH = "mismatch"


class Stage(Enum):
    """Which order an answer or failure belongs to."""

    SELECT = "select"
    OPERATE = "operate"
    LEASE = "lease"
    OUTCOME = "outcome"
    DESELECT = "deselect"
    INDICATOR = "indicator"
    ACT = "act"


@dataclass(frozen=True, slots=True)
class ConditionChanged:
    """`detail` names what doesn't match."""

    condition: Condition
    identity: Identity | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class MotionRead:
    """`at_ms`: when the answer was in, or earlier where it may have been late (SPEC 6.10)."""

    snapshot: MotionSnapshot
    at_ms: float


@dataclass(frozen=True, slots=True)
class DetailRead:
    detail: Detail
    at_ms: float


@dataclass(frozen=True, slots=True)
class WearRead:
    wear: Wear
    at_ms: float


@dataclass(frozen=True, slots=True)
class RingRecalled:
    """Events from before the first look at this boot, oldest first: history. `lost`: entries overwritten."""

    events: tuple[RingEvent, ...]
    head: int
    lost: int
    at_ms: float


@dataclass(frozen=True, slots=True)
class RingRead:
    """Events not told before, oldest first; `lost` when the ring had turned over."""

    events: tuple[RingEvent, ...]
    head: int
    lost: bool
    at_ms: float


@dataclass(frozen=True, slots=True)
class SelectAnswered:
    request_id: int
    answer: SelectAnswer
    at_ms: float


@dataclass(frozen=True, slots=True)
class OperateAnswered:
    request_id: int
    reasons: Reasons
    at_ms: float


@dataclass(frozen=True, slots=True)
class ActAnswered:
    request_id: int
    reasons: Reasons
    at_ms: float


@dataclass(frozen=True, slots=True)
class OutcomeRead:
    """The controller's own word on a request; None = this boot knows no such request."""

    request_id: int
    outcome: Outcome | None
    cause: EndCause
    at_ms: float


@dataclass(frozen=True, slots=True)
class StopReadBack:
    """Standstill was read after a STOP, or (False) has not been read in the bank's own time."""

    standstill: bool
    at_ms: float


@dataclass(frozen=True, slots=True)
class WireFailed:
    """An order was not carried out, or nobody can tell (`unknown`)."""

    request_id: int
    stage: Stage
    reason: str


Report = (
    ConditionChanged
    | MotionRead
    | DetailRead
    | WearRead
    | RingRecalled
    | RingRead
    | SelectAnswered
    | OperateAnswered
    | ActAnswered
    | OutcomeRead
    | StopReadBack
    | WireFailed
)
