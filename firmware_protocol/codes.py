"""The numbers of the shelf wire by name: states, operations, reasons, bits, events, outcomes. No logic but lookup.

Numbers are fixed by SPEC chapter 4 and never re-used. Bits not named here are sent as 0 and ignored when read.
"""

from __future__ import annotations

from enum import IntEnum, IntFlag


class BankState(IntEnum):
    """What the bank does now (SPEC 5.2)."""

    UNKNOWN = 0
    ASLEEP = 1
    WAKING = 2
    IDLE = 3
    SELECTED = 4
    WARNING = 5
    MOVING = 6
    SETTLING = 7
    STOPPED = 8
    FAULT = 9


class Operation(IntEnum):
    """What can be asked for. OPEN .. HOME move steel and need SELECT and OPERATE; the others go by ACT."""

    NONE = 0
    OPEN = 1
    CLOSE_ALL = 2
    VENTILATE = 3
    PARK = 4
    HOME = 5
    LOCK = 16
    UNLOCK = 17
    LIGHT_ON = 18
    LIGHT_OFF = 19
    CLEAR_FAULT = 20
    WAKE = 21
    SLEEP = 23  # 22 is never given: a vector of 1.0 rejects it


MOVING_OPERATIONS = frozenset(
    {Operation.OPEN, Operation.CLOSE_ALL, Operation.VENTILATE, Operation.PARK, Operation.HOME},
)


MOVING_STATES = frozenset({BankState.WARNING, BankState.MOVING, BankState.SETTLING})


class Reasons(IntFlag):
    """Why SELECT, OPERATE or ACT was refused; 0 = not refused (SPEC 5.6)."""

    NONE = 0
    NOT_AWAKE = 1 << 0
    OCCUPIED = 1 << 1
    LOCKED = 1 << 2
    LOCAL = 1 << 3
    BUSY = 1 << 4
    SELECTED_ELSEWHERE = 1 << 5
    FAULT = 1 << 6
    POSITION_UNKNOWN = 1 << 7
    LOCAL_CONTROL = 1 << 8
    NOT_SUPPORTED = 1 << 9
    NOT_SELECTED = 1 << 10
    RING_MOVED = 1 << 11
    ID_USED = 1 << 12
    OTHER_TARGET = 1 << 13
    FIRE = 1 << 14
    NO_SUCH_TARGET = 1 << 15


class SafetyBits(IntFlag):
    """Inputs and states that matter for safety, as they are now."""

    NONE = 0
    ESTOP_OPEN = 1 << 0
    EDGE_TRIPPED = 1 << 1
    BEAM_BROKEN = 1 << 2
    TRIP_LATCHED = 1 << 3
    CLUTCH_RELEASED = 1 << 4
    LOCAL_PANEL = 1 << 5
    MAINTENANCE_KEY = 1 << 6
    IN_AISLE_LOCK = 1 << 7
    GATEWAY_LOCK = 1 << 8
    FIRE_INPUT = 1 << 9
    WARNING_ON = 1 << 10
    DRIVE_POWER = 1 << 11
    LEASE_LIVE = 1 << 12
    STANDSTILL = 1 << 13
    SWEEP_TRIPPED = 1 << 14
    DRIVE_SUPPLY_LOST = 1 << 15


class FaultBits(IntFlag):
    """Standing faults."""

    NONE = 0
    DRIVE = 1 << 0
    JAM = 1 << 1
    POSITION_LOST = 1 << 2
    CONTACT_MISMATCH = 1 << 3
    SENSOR = 1 << 4
    TRAVEL_TIME = 1 << 5
    COLUMN_BUS = 1 << 6
    SUPPLY_LOW = 1 << 7
    SELF_TEST = 1 << 8
    INDICATOR = 1 << 9
    LOCK = 1 << 10
    CLIMATE = 1 << 11
    OVERLOAD = 1 << 12


class Outcome(IntEnum):
    """What became of a request id (SPEC 5.9)."""

    NONE = 0
    SELECTED = 1
    ACCEPTED = 2
    DONE = 3
    REFUSED = 4
    STOPPED = 5
    LAPSED = 6
    FAILED = 7
    EXPIRED = 8
    DESELECTED = 9


class EndCause(IntEnum):
    """What ended a selection or motion; also the argument of MOTION_ENDED."""

    NONE = 0
    ARRIVED = 1
    STOP_WIRE = 2
    STOP_LOCAL = 3
    LEASE = 4
    ESTOP = 5
    EDGE = 6
    BEAM = 7
    OCCUPANCY = 8
    LOCK = 9
    LOCAL_CONTROL = 10
    TRAVEL_TIME = 11
    WARNING_TIME = 12
    FAULT = 13
    POWER = 14
    FIRE = 15


class EventKind(IntEnum):
    """Kinds of event-ring entries; what `arg` holds stands in SPEC 5.10."""

    NONE = 0
    POWER_ON = 1
    BUTTON = 2
    HANDLE = 3
    OCCUPIED = 4
    CLEARED = 5
    BEAM_BROKEN = 6
    BEAM_RESTORED = 7
    EDGE_TRIPPED = 8
    EDGE_RESTORED = 9
    ESTOP_OPENED = 10
    ESTOP_CLOSED = 11
    LOCK_SET = 12
    LOCK_RELEASED = 13
    LOCAL_MOTION = 14
    MOTION_ENDED = 15
    FAULT_SET = 16
    FAULT_CLEARED = 17
    DOOR = 18
    FIRE = 19
    MAINTENANCE = 20
    ASLEEP = 21
    AWAKE = 22
    POSITION_LOST = 23
    HOMED = 24
    STOP_PRESSED = 25
    TRIP_RESET = 26
    # 27 is never given: a vector of 1.0 says that it means nothing
    SWEEP_TRIPPED = 28
    SWEEP_RESTORED = 29
    OVERLOAD = 30
    POWER_FAILED = 31
    POWER_RETURNED = 32
    SMOKE = 33
    WATER = 34


class Face(IntEnum):
    """Face of a column."""

    NONE = 0
    A = 1
    B = 2


class PositionQuality(IntEnum):
    """How a column's position is known (2 bits a column)."""

    UNKNOWN = 0
    INFERRED = 1
    CONTACTS_ONLY = 2
    MEASURED = 3


class Contact(IntFlag):
    """Which neighbours a column touches (2 bits a column)."""

    NEITHER = 0
    LEFT = 1
    RIGHT = 2
    BOTH = 3


class Capabilities(IntFlag):
    """What a controller can do; an operation without its bit is answered NOT_SUPPORTED."""

    NONE = 0
    MEASURES_POSITION = 1 << 0
    CLOSE_ALL = 1 << 1
    VENTILATE = 1 << 2
    PARK = 1 << 3
    HOME = 1 << 4
    LOCK = 1 << 5
    LIGHT = 1 << 6
    INDICATOR = 1 << 7
    CLIMATE = 1 << 8
    WAKE = 1 << 9
    CLEAR_FAULT = 1 << 10
    FOOT_BEAMS = 1 << 11
    PIR = 1 << 12
    EDGES = 1 << 13
    ENTRY_BEAMS = 1 << 14
    FIRE_INPUT = 1 << 15
    INDICATOR_PER_PLACE = 1 << 16
    WEAR = 1 << 17
    SWEEPS = 1 << 18
    SMOKE_INPUT = 1 << 19
    WATER_INPUT = 1 << 20
    DOOR_CONTACT = 1 << 21
    CONTACTS_ONLY = 1 << 22
    SLEEP = 1 << 23


class StopReason(IntEnum):
    """Value written to STOP; the controller stops on any value and keeps this one for its log."""

    PERSON = 1
    TIME_OUT = 2
    UNKNOWN_OUTCOME = 3
    STALE = 4
    SHUTDOWN = 5
    DEADLINE = 6
    OVERLOAD = 7
    OTHER = 255


class LeaseRefusal(IntEnum):
    """Why the last refused lease renewal was refused (DETAIL)."""

    NONE = 0
    NO_MOTION = 1
    WRONG_TOKEN = 2
    COUNTER = 3
    SEQUENCE_OLD = 4
    LAPSED = 5


class RoomInputs(IntFlag):
    """What contacts in the room say, as it is now (DETAIL); none of it moves or stops steel but smoke (SPEC 5.6)."""

    NONE = 0
    SMOKE = 1 << 0
    WATER = 1 << 1
    DOOR_OPEN = 1 << 2
