"""What happened, in the past tense: the only inputs of `decide`.

Drivers, link and kiosk push events; the runtime adds look-ups, newest readings and fresh ids before they are decided,
so that replay needs neither replica nor randomness. All fields survive the journal: literals, numbers, tuples, records.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from edge.core.room import RoomSettings
from edge.core.rows import BoxRow, PlaceRow, StaffRow
from edge.core.snapshot import Capability, Operation, Outcome, RingEntry, SelectAnswer, ShelfDetail, ShelfSnapshot

SourceKind = Literal["serial", "trigger", "camera", "typed"]
ControllerCondition = Literal["online", "silent", "rebooted", "geometry_mismatch"]
WireStage = Literal["select", "operate", "lease", "stop", "outcome", "deselect", "indicator", "act"]
DeviceCondition = Literal["online", "unplugged", "out_of_labels", "fault", "paused"]
StoreCondition = Literal["ok", "full", "locked", "failed"]


@dataclass(frozen=True, slots=True)
class Now:
    """The moment of one step; monotonic for safety, wall for people."""

    mono_ms: int
    wall_at: datetime
    clock_ok: bool = True


# -- what the runtime adds ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Fresh:
    """Ids drawn by the runtime for one event: a request id of 64 random bits and four UUIDs (version 7)."""

    request_id: int
    ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Reading:
    """Newest MOTION reading of a bank when the event was taken from the inbox."""

    bank: str
    sequence: int
    ring_head: int
    read_mono_ms: int


@dataclass(frozen=True, slots=True)
class Lookup:
    """What the replica knows of the code at hand."""

    revision: int = 0
    box: BoxRow | None = None
    place: PlaceRow | None = None
    staff: StaffRow | None = None


# -- shelf ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SnapshotArrived:
    bank: str
    snapshot: ShelfSnapshot
    read_mono_ms: int  # when the last byte of the reply was in


@dataclass(frozen=True, slots=True)
class DetailArrived:
    bank: str
    detail: ShelfDetail
    read_mono_ms: int


@dataclass(frozen=True, slots=True)
class RingEventsRead:
    """Entries not reported before, oldest first. `lost`: the ring turned over since the last reading."""

    bank: str
    entries: tuple[RingEntry, ...]
    head: int
    read_mono_ms: int
    lost: bool = False
    fresh: Fresh | None = None
    readings: tuple[Reading, ...] = ()


@dataclass(frozen=True, slots=True)
class RingHistoryRead:
    """Entries from before this gateway looked at this boot of the controller, oldest first: history, never a press.

    `lost`: so many more had been overwritten.
    """

    bank: str
    entries: tuple[RingEntry, ...]
    head: int
    read_mono_ms: int
    lost: int = 0


@dataclass(frozen=True, slots=True)
class SelectAnswered:
    bank: str
    request_id: int
    answer: SelectAnswer
    read_mono_ms: int
    readings: tuple[Reading, ...] = ()


@dataclass(frozen=True, slots=True)
class OperateAnswered:
    bank: str
    request_id: int
    reasons: tuple[str, ...]  # empty: accepted
    read_mono_ms: int


@dataclass(frozen=True, slots=True)
class ActAnswered:
    """The controller carried an act out that moves nothing, or says why not."""

    bank: str
    request_id: int
    reasons: tuple[str, ...]  # empty: done
    read_mono_ms: int


@dataclass(frozen=True, slots=True)
class OutcomeRead:
    """The controller's own record of a request; `outcome` None: it knows no such request."""

    bank: str
    request_id: int
    outcome: Outcome | None
    read_mono_ms: int


@dataclass(frozen=True, slots=True)
class StopReadBack:
    bank: str
    standstill: bool
    read_mono_ms: int = 0


@dataclass(frozen=True, slots=True)
class ControllerChanged:
    bank: str
    state: ControllerCondition
    boot_id: int | None = None  # low 16 bits
    detail: str = ""
    capabilities: tuple[Capability, ...] | None = None  # None: not told, the controller refuses what it can't do


@dataclass(frozen=True, slots=True)
class WireFailed:
    """An order has no readable answer. `request_id` 0 for orders without one."""

    bank: str
    request_id: int
    stage: WireStage
    reason: str


# -- people and devices ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CodeRead:
    """A scanner or camera read something; whatever it was."""

    source_id: str
    source_kind: SourceKind
    text: str
    read_mono_ms: int
    lookup: Lookup | None = None
    fresh: Fresh | None = None
    readings: tuple[Reading, ...] = ()


@dataclass(frozen=True, slots=True)
class CodeTyped:
    """A code typed at the kiosk's keypad. It never confirms."""

    point_id: str
    text: str
    lookup: Lookup | None = None
    fresh: Fresh | None = None
    readings: tuple[Reading, ...] = ()


@dataclass(frozen=True, slots=True)
class BadgeTyped:
    """A badge code typed at the kiosk: forgotten or damaged badge."""

    point_id: str
    text: str
    lookup: Lookup | None = None
    fresh: Fresh | None = None


@dataclass(frozen=True, slots=True)
class PinChecked:
    """A PIN was compared outside the core, tries counted on disk; the PIN itself never enters an event."""

    point_id: str
    staff_code: str
    verdict: Literal["ok", "wrong", "locked", "no_pin"]
    tries_left: int = 0
    fresh: Fresh | None = None


@dataclass(frozen=True, slots=True)
class PromptConfirmed:
    """Somebody pressed the confirming field of a prompt at a point. `afar`: not at the screen in the room."""

    point_id: str
    prompt_id: str
    afar: bool = False
    fresh: Fresh | None = None
    readings: tuple[Reading, ...] = ()


@dataclass(frozen=True, slots=True)
class PromptDismissed:
    """Somebody turned a prompt down."""

    point_id: str
    prompt_id: str


@dataclass(frozen=True, slots=True)
class StopPressed:
    """Stop was asked for; `bank` None: every bank."""

    point_id: str
    bank: str | None = None


@dataclass(frozen=True, slots=True)
class RequestWithdrawn:
    """A queued request was withdrawn by its person."""

    point_id: str
    queue_id: str


@dataclass(frozen=True, slots=True)
class RequestMoved:
    """A queued request was moved to another place of its bank's queue; 0 is the first."""

    point_id: str
    queue_id: str
    place: int


@dataclass(frozen=True, slots=True)
class OperationAsked:
    """Somebody asked a bank for an operation. One that moves steel only ever becomes a prompt, also from afar.

    `afar`: not at the screen in the room; a lock may be set and a light lit from there, nothing released.
    """

    point_id: str
    bank: str
    operation: Operation
    aisle: int | None = None  # None: the whole bank
    afar: bool = False
    fresh: Fresh | None = None
    readings: tuple[Reading, ...] = ()


@dataclass(frozen=True, slots=True)
class UndoAsked:
    """One of the last acts is to be reversed: a record only, never a motion. `lookup.box` is the act's box."""

    point_id: str
    act_id: str
    lookup: Lookup | None = None
    fresh: Fresh | None = None
    readings: tuple[Reading, ...] = ()


@dataclass(frozen=True, slots=True)
class SessionEnded:
    """A person signed off at the kiosk; `source_id` names whose session."""

    point_id: str
    source_id: str


@dataclass(frozen=True, slots=True)
class PrintResumed:
    """A person loaded labels and pressed "go on printing"."""

    point_id: str


@dataclass(frozen=True, slots=True)
class ReprintAsked:
    """A person decided to print a job of unknown outcome again."""

    point_id: str
    job_id: str


@dataclass(frozen=True, slots=True)
class PrintSettled:
    job_id: str
    outcome: Literal["done", "failed", "unknown"]
    detail: str = ""
    fresh: Fresh | None = None


@dataclass(frozen=True, slots=True)
class DeviceChanged:
    """A scanner, camera or printer is in another state."""

    device_id: str
    state: DeviceCondition
    detail: str = ""


# -- link, store, process -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CommandArrived:
    """A command of the centre. `earlier`: the answer given before, when its id stands in the journal."""

    command_id: str
    kind: str
    payload: dict[str, Any]
    issued_at: datetime
    ttl_ms: int
    earlier: tuple[str, str | None] | None = None  # result, reason
    lookup: Lookup | None = None
    fresh: Fresh | None = None
    readings: tuple[Reading, ...] = ()


@dataclass(frozen=True, slots=True)
class FeedApplied:
    revision: int


@dataclass(frozen=True, slots=True)
class LinkChanged:
    state: str  # connecting | online | waiting_centre | pending | forked | refused | offline | untrusted | unknown_here


@dataclass(frozen=True, slots=True)
class StoreChanged:
    """The disk can't take what must be kept, or can again. `source_id`: whose act could not be recorded."""

    state: StoreCondition
    detail: str = ""
    source_id: str | None = None


@dataclass(frozen=True, slots=True)
class ClockChanged:
    """The wall clock jumped against the monotonic one, or has been steady again."""

    steady: bool
    step_ms: int = 0


@dataclass(frozen=True, slots=True)
class OverloadChanged:
    """The inbox could not take a fault or a fact in time, or has room again."""

    active: bool


@dataclass(frozen=True, slots=True)
class GatewayStarted:
    """A process began: nothing it did not see is believed, and nothing is sent again."""

    boot_id: str
    code_version: str
    settings: RoomSettings
    fresh: Fresh | None = None


@dataclass(frozen=True, slots=True)
class DeadlinePassed:
    """A moment that `next_deadline` named has come."""


Event = (
    SnapshotArrived
    | DetailArrived
    | RingEventsRead
    | RingHistoryRead
    | SelectAnswered
    | OperateAnswered
    | ActAnswered
    | OutcomeRead
    | StopReadBack
    | ControllerChanged
    | WireFailed
    | CodeRead
    | CodeTyped
    | BadgeTyped
    | PinChecked
    | PromptConfirmed
    | PromptDismissed
    | StopPressed
    | RequestWithdrawn
    | RequestMoved
    | OperationAsked
    | UndoAsked
    | SessionEnded
    | PrintResumed
    | ReprintAsked
    | PrintSettled
    | DeviceChanged
    | CommandArrived
    | FeedApplied
    | LinkChanged
    | StoreChanged
    | ClockChanged
    | OverloadChanged
    | GatewayStarted
    | DeadlinePassed
)
