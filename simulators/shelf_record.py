"""Values a shelf controller hands out: states, reasons, outcomes, events, snapshots. No behaviour, no bytes."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class BankState(StrEnum):
    """What a bank is doing."""

    ASLEEP = "asleep"
    WAKING = "waking"
    IDLE = "idle"
    SELECTED = "selected"
    WARNING = "warning"
    MOVING = "moving"
    SETTLING = "settling"
    STOPPED = "stopped"
    FAULT = "fault"
    UNKNOWN = "unknown"


class Operation(StrEnum):
    """What can be asked of a bank."""

    NONE = "none"  # a number that asks for nothing; refused and remembered like any other
    OPEN_AISLE = "open_aisle"
    CLOSE_ALL = "close_all"
    VENTILATE = "ventilate"
    PARK = "park"
    HOME = "home"
    LOCK = "lock"
    UNLOCK = "unlock"
    LIGHT_ON = "light_on"
    LIGHT_OFF = "light_off"
    CLEAR_FAULT = "clear_fault"
    WAKE = "wake"
    SLEEP = "sleep"


MOVING_OPERATIONS = frozenset(
    {Operation.OPEN_AISLE, Operation.CLOSE_ALL, Operation.VENTILATE, Operation.PARK, Operation.HOME}
)


class Reason(StrEnum):
    """Why a request is refused or a motion ended."""

    NOT_SUPPORTED = "not_supported"
    NO_SUCH_AISLE = "no_such_aisle"
    NO_SUCH_PLACE = "no_such_place"
    ASLEEP = "asleep"
    BUSY = "busy"
    ALREADY_SELECTED = "already_selected"
    DUPLICATE_REQUEST = "duplicate_request"
    OCCUPIED = "occupied"
    LOCKED = "locked"
    TRIPPED = "tripped"
    EMERGENCY_STOP = "emergency_stop"
    FIRE = "fire"
    FAULT = "fault"
    POSITION_UNKNOWN = "position_unknown"
    MAINTENANCE = "maintenance"
    NOT_SELECTED = "not_selected"
    WRONG_TOKEN = "wrong_token"  # noqa: S105 - a reason, no secret
    WRONG_REQUEST = "wrong_request"
    OTHER_TARGET = "other_target"
    RING_MOVED = "ring_moved"
    STALE_SEQUENCE = "stale_sequence"
    OLD_COUNTER = "old_counter"
    LAPSED = "lapsed"


class Outcome(StrEnum):
    """How a request ended, or where it is."""

    NONE = "none"
    REFUSED = "refused"
    SELECTED = "selected"
    EXPIRED = "expired"
    DESELECTED = "deselected"
    RUNNING = "running"
    DONE = "done"
    STOPPED = "stopped"
    LAPSED = "lapsed"
    FAILED = "failed"


class Cause(StrEnum):
    """What ended a selection or a motion."""

    NONE = "none"
    ARRIVED = "arrived"
    STOP_WIRE = "stop_wire"
    STOP_LOCAL = "stop_local"
    LEASE = "lease"
    ESTOP = "estop"
    EDGE = "edge"
    BEAM = "beam"
    OCCUPANCY = "occupancy"
    LOCK = "lock"
    LOCAL_CONTROL = "local_control"
    TRAVEL_TIME = "travel_time"
    FAULT = "fault"
    POWER = "power"
    FIRE = "fire"


class SafetyInput(StrEnum):
    """Inputs that hold or cut the drive without any of our doing."""

    EMERGENCY_STOP = "emergency_stop"
    EDGE = "edge"
    SWEEP = "sweep"
    BEAM = "beam"
    FIRE = "fire"
    SMOKE = "smoke"
    MAINTENANCE = "maintenance"
    SUPPLY_LOST = "supply_lost"


class FaultCode(StrEnum):
    """What the controller found broken."""

    JAM = "jam"
    TRAVEL_TIME = "travel_time"
    SENSOR = "sensor"
    DRIVE = "drive"
    OVERLOAD = "overload"


class EventKind(StrEnum):
    """What the event ring remembers."""

    POWER_ON = "power_on"
    BUTTON = "button"
    HANDLE = "handle"
    OCCUPIED = "occupied"
    CLEARED = "cleared"
    BEAM_BROKEN = "beam_broken"
    BEAM_RESTORED = "beam_restored"
    EDGE_TRIPPED = "edge_tripped"
    EDGE_RESTORED = "edge_restored"
    ESTOP_OPENED = "estop_opened"
    ESTOP_CLOSED = "estop_closed"
    LOCK_SET = "lock_set"
    LOCK_RELEASED = "lock_released"
    LOCAL_MOTION = "local_motion"
    MOTION_ENDED = "motion_ended"
    FAULT_SET = "fault_set"
    FAULT_CLEARED = "fault_cleared"
    FIRE = "fire"
    MAINTENANCE = "maintenance"
    ASLEEP = "asleep"
    AWAKE = "awake"
    POSITION_LOST = "position_lost"
    HOMED = "homed"
    STOP_PRESSED = "stop_pressed"
    TRIP_RESET = "trip_reset"
    SWEEP_TRIPPED = "sweep_tripped"
    SWEEP_RESTORED = "sweep_restored"
    OVERLOAD = "overload"
    POWER_FAILED = "power_failed"
    POWER_RETURNED = "power_returned"
    SMOKE = "smoke"
    WATER = "water"
    DOOR = "door"


class RoomInput(StrEnum):
    """What contacts in the room say; none of it holds a drive."""

    WATER = "water"
    DOOR_OPEN = "door_open"


class Quality(StrEnum):
    """How well a column's position is known."""

    MEASURED = "measured"
    CONTACTS = "contacts"
    INFERRED = "inferred"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Indication:
    """The place that the lights show."""

    aisle: int
    face: str = ""
    section: int = 0
    tier: int = 0


@dataclass(frozen=True)
class RingEvent:
    """One entry of the event ring."""

    number: int
    kind: EventKind
    argument: int
    at_ms: int
    about: Cause | FaultCode | Operation | None = None


@dataclass(frozen=True)
class RequestEntry:
    """What became of one request id in this boot."""

    request_id: int
    operation: Operation
    aisle: int
    outcome: Outcome
    cause: Cause = Cause.NONE


@dataclass(frozen=True)
class ModelSnapshot:
    """Everything a reader may know about the bank at one moment."""

    now_ms: int
    state: BankState
    open_aisles: frozenset[int]
    operation: Operation | None
    target_aisle: int
    progress_permille: int
    safety: frozenset[SafetyInput]
    faults: frozenset[FaultCode]
    seen: frozenset[int]
    unknown: frozenset[int]
    contacts: tuple[tuple[bool, bool], ...]  # per column: touches left, touches right
    sequence: int
    ring_head: int
    boot_id: int
    last_request: RequestEntry | None
    positions_mm: tuple[int | None, ...]
    qualities: tuple[Quality, ...]
    widths_mm: dict[int, int]
    locks: frozenset[int]
    indication: Indication | None


@dataclass(frozen=True)
class SelectAnswer:
    """The answer to a SELECT; a token only when there are no reasons."""

    operation: Operation
    aisle: int
    reasons: frozenset[Reason]
    token: int
    snapshot: ModelSnapshot


@dataclass(frozen=True)
class OperateAnswer:
    """The answer to an OPERATE; no reasons means it goes."""

    operation: Operation
    aisle: int
    reasons: frozenset[Reason]
