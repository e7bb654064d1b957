"""Between the wire's numbers and the core's words: tables only, nothing is decided here."""

from __future__ import annotations

from functools import lru_cache

from edge.core import snapshot as core
from edge.core.events import ControllerCondition, WireStage
from firmware_protocol.blocks import Detail, MotionSnapshot, RingEvent
from firmware_protocol.codes import (
    BankState,
    Capabilities,
    EventKind,
    Face,
    FaultBits,
    Operation,
    Outcome,
    PositionQuality,
    Reasons,
    RoomInputs,
    SafetyBits,
    StopReason,
)
from firmware_protocol.codes import Contact as ContactBits
from firmware_protocol.fields import Place, Target, aisles_of, unpack_pairs
from firmware_protocol.messages import SelectAnswer as WireSelectAnswer
from firmware_protocol.reports import Condition, Stage

STATES: dict[BankState, core.BankCondition] = {
    BankState.UNKNOWN: "unknown",
    BankState.ASLEEP: "asleep",
    BankState.WAKING: "waking",
    BankState.IDLE: "idle",
    BankState.SELECTED: "selected",
    BankState.WARNING: "warning",
    BankState.MOVING: "moving",
    BankState.SETTLING: "settling",
    BankState.STOPPED: "stopped",
    BankState.FAULT: "fault",
}
OPERATIONS: dict[Operation, core.Operation] = {
    Operation.NONE: "none",
    Operation.OPEN: "open_aisle",
    Operation.CLOSE_ALL: "close_all",
    Operation.VENTILATE: "ventilate",
    Operation.PARK: "park",
    Operation.HOME: "home",
    Operation.LOCK: "lock",
    Operation.UNLOCK: "unlock",
    Operation.LIGHT_ON: "light_on",
    Operation.LIGHT_OFF: "light_off",
    Operation.CLEAR_FAULT: "clear_fault",
    Operation.WAKE: "wake",
    Operation.SLEEP: "sleep",
}
WIRE_OPERATIONS: dict[core.Operation, Operation] = {word: number for number, word in OPERATIONS.items()}
CAPABILITIES: dict[Capabilities, core.Capability] = {
    Capabilities.MEASURES_POSITION: "measures_position",
    Capabilities.CLOSE_ALL: "close_all",
    Capabilities.VENTILATE: "ventilate",
    Capabilities.PARK: "park",
    Capabilities.HOME: "home",
    Capabilities.LOCK: "lock",
    Capabilities.LIGHT: "light",
    Capabilities.INDICATOR: "indicator",
    Capabilities.CLIMATE: "climate",
    Capabilities.WAKE: "wake",
    Capabilities.SLEEP: "sleep",
    Capabilities.CLEAR_FAULT: "clear_fault",
    Capabilities.FOOT_BEAMS: "foot_beams",
    Capabilities.PIR: "pir",
    Capabilities.EDGES: "edges",
    Capabilities.ENTRY_BEAMS: "entry_beams",
    Capabilities.FIRE_INPUT: "fire_input",
    Capabilities.INDICATOR_PER_PLACE: "indicator_per_place",
    Capabilities.WEAR: "wear",
    Capabilities.SWEEPS: "sweeps",
    Capabilities.SMOKE_INPUT: "smoke_input",
    Capabilities.WATER_INPUT: "water_input",
    Capabilities.DOOR_CONTACT: "door_contact",
    Capabilities.CONTACTS_ONLY: "contacts_only",
}
# A selection that ended without motion leaves nothing to report on; what broke a motion off is a failure.
OUTCOMES: dict[Outcome, core.Outcome] = {
    Outcome.NONE: "none",
    Outcome.SELECTED: "none",
    Outcome.EXPIRED: "none",
    Outcome.DESELECTED: "none",
    Outcome.ACCEPTED: "running",
    Outcome.DONE: "done",
    Outcome.REFUSED: "refused",
    Outcome.STOPPED: "failed",
    Outcome.LAPSED: "failed",
    Outcome.FAILED: "failed",
}
QUALITIES: dict[PositionQuality, core.Quality] = {
    PositionQuality.UNKNOWN: "unknown",
    PositionQuality.INFERRED: "inferred",
    PositionQuality.CONTACTS_ONLY: "contacts",
    PositionQuality.MEASURED: "measured",
}
SIGNS: tuple[tuple[SafetyBits, core.SafetySign], ...] = (
    (SafetyBits.ESTOP_OPEN, "emergency_stop"),
    (SafetyBits.EDGE_TRIPPED, "edge"),
    (SafetyBits.SWEEP_TRIPPED, "sweep"),
    (SafetyBits.BEAM_BROKEN, "beam"),
    (SafetyBits.IN_AISLE_LOCK, "aisle_lock"),
    (SafetyBits.MAINTENANCE_KEY, "maintenance"),
    (SafetyBits.FIRE_INPUT, "fire"),
    (SafetyBits.LOCAL_PANEL, "panel"),
    (SafetyBits.CLUTCH_RELEASED, "handle"),
    (SafetyBits.DRIVE_SUPPLY_LOST, "supply_lost"),
    (SafetyBits.TRIP_LATCHED, "other"),
)
RING_KINDS: dict[EventKind, core.RingKind] = {
    EventKind.POWER_ON: "power",
    EventKind.POWER_RETURNED: "power",
    EventKind.POWER_FAILED: "power_failed",
    EventKind.HANDLE: "handle_moved",
    EventKind.POSITION_LOST: "clutch_released",
    EventKind.OCCUPIED: "occupancy",
    EventKind.CLEARED: "occupancy_over",
    EventKind.BEAM_BROKEN: "beam",
    EventKind.BEAM_RESTORED: "beam_restored",
    EventKind.EDGE_TRIPPED: "edge",
    EventKind.EDGE_RESTORED: "edge_restored",
    EventKind.SWEEP_TRIPPED: "sweep",
    EventKind.ESTOP_OPENED: "emergency_stop",
    EventKind.ESTOP_CLOSED: "emergency_stop_over",
    EventKind.STOP_PRESSED: "trip",
    EventKind.TRIP_RESET: "trip_reset",
    EventKind.LOCK_SET: "lock_set",
    EventKind.LOCK_RELEASED: "lock_released",
    EventKind.LOCAL_MOTION: "panel_motion",
    EventKind.FAULT_SET: "fault",
    EventKind.FAULT_CLEARED: "fault_cleared",
    EventKind.OVERLOAD: "overload",
    EventKind.ASLEEP: "asleep",
    EventKind.AWAKE: "awake",
    EventKind.HOMED: "homed",
}
# Kinds whose entry says by its argument whether a thing began (not 0) or is over (0).
SWITCHED_KINDS: dict[EventKind, tuple[core.RingKind, core.RingKind]] = {
    EventKind.FIRE: ("fire", "fire_over"),
    EventKind.SMOKE: ("smoke", "smoke_over"),
    EventKind.WATER: ("water", "water_over"),
    EventKind.MAINTENANCE: ("maintenance", "maintenance_over"),
}
# Kinds with a number in the high byte of their argument, and begin or end in the low one.
NUMBERED_KINDS: dict[EventKind, tuple[core.RingKind, core.RingKind]] = {
    EventKind.BUTTON: ("button_pressed", "button_released"),
    EventKind.DOOR: ("door", "door"),  # a door that closes may have let somebody in
}
CONDITIONS: dict[Condition, ControllerCondition] = {
    Condition.ONLINE: "online",
    Condition.SILENT: "silent",
    Condition.REBOOTED: "rebooted",
    Condition.MISMATCH: "geometry_mismatch",
}
ROOM_INPUTS: dict[RoomInputs, core.RoomInput] = {
    RoomInputs.SMOKE: "smoke",
    RoomInputs.WATER: "water",
    RoomInputs.DOOR_OPEN: "door_open",
}
STAGES: dict[Stage, WireStage] = {
    Stage.SELECT: "select",
    Stage.OPERATE: "operate",
    Stage.LEASE: "lease",
    Stage.OUTCOME: "outcome",
    Stage.DESELECT: "deselect",
    Stage.INDICATOR: "indicator",
    Stage.ACT: "act",
}
STOP_REASONS = {"pressed": StopReason.PERSON, "travel_time": StopReason.DEADLINE, "stale": StopReason.STALE}
FACES = {"": Face.NONE, "A": Face.A, "B": Face.B}


def describe_snapshot(wire: MotionSnapshot, columns: int) -> core.ShelfSnapshot:
    """Tell a MOTION block of a bank of so many columns in the core's words."""
    return core.ShelfSnapshot(
        state=STATES[wire.state],
        open_aisles=aisles_of(wire.open_aisles),
        sequence=wire.sequence,
        ring_head=wire.ring_head,
        boot_id=wire.boot_id_low,
        operation=OPERATIONS[wire.target.operation],
        target_aisle=wire.target.aisle or None,
        progress_permille=wire.progress_permille if wire.progress_permille <= 1000 else 0,
        safety=describe_signs(int(wire.safety)),
        faults=name_bits(wire.faults),
        occupied=aisles_of(wire.occupancy_seen),
        occupancy_unknown=aisles_of(wire.occupancy_unknown),
        contacts=describe_contacts(wire.contacts, columns),
        last_request_low=wire.last_request_id_low,
        outcome=OUTCOMES[wire.outcome],
    )


@lru_cache(maxsize=256)
def describe_signs(bits: int) -> tuple[core.SafetySign, ...]:
    """Name the local safety devices that hold the bank."""
    return tuple(sign for bit, sign in SIGNS if bits & bit)


@lru_cache(maxsize=256)
def describe_contacts(words: tuple[int, int, int], columns: int) -> tuple[core.Contact, ...]:
    """Tell each column's contacts."""
    pairs = unpack_pairs(words, columns)
    return tuple(core.Contact(bool(pair & ContactBits.LEFT), bool(pair & ContactBits.RIGHT)) for pair in pairs)


def describe_detail(wire: Detail) -> core.ShelfDetail:
    """Tell a DETAIL block in the core's words."""
    return core.ShelfDetail(
        positions_mm=wire.positions_mm,
        quality=tuple(QUALITIES[quality] for quality in wire.qualities),
        aisle_widths_mm=wire.aisle_widths_mm,
        temperature_dc=None if wire.temperature_c is None else round(wire.temperature_c * 10),
        humidity_permille=None if wire.relative_humidity is None else round(wire.relative_humidity * 10),
        locked=aisles_of(wire.in_aisle_locks),
        gateway_locked=aisles_of(wire.gateway_locks),
        lights=aisles_of(wire.lights),
        room_inputs=tuple(word for bit, word in ROOM_INPUTS.items() if wire.room_inputs & bit),
    )


def describe_select_answer(wire: WireSelectAnswer, columns: int) -> core.SelectAnswer:
    """Tell an answer to SELECT in the core's words."""
    return core.SelectAnswer(
        operation=OPERATIONS[wire.target.operation],
        aisle=wire.target.aisle,
        reasons=name_bits(wire.reasons),
        token=wire.token,
        sequence=wire.sequence,
        ring_head=wire.ring_head,
        occupied=aisles_of(wire.occupancy_seen),
        contacts=describe_contacts(wire.contacts, columns),
    )


def describe_ring_event(wire: RingEvent) -> core.RingEntry:
    """Tell a ring entry. A kind without a word is "other": the ring's head has moved all the same."""
    kind, argument = wire.kind, wire.argument
    if kind in NUMBERED_KINDS:
        word = NUMBERED_KINDS[kind][0 if argument & 0xFF else 1]
        return core.RingEntry(wire.sequence, word, argument >> 8, wire.age_ms)
    if kind in SWITCHED_KINDS:
        return core.RingEntry(wire.sequence, SWITCHED_KINDS[kind][0 if argument else 1], argument, wire.age_ms)
    return core.RingEntry(wire.sequence, RING_KINDS.get(kind, "other"), argument, wire.age_ms)


@lru_cache(maxsize=1024)
def name_bits(bits: Reasons | FaultBits) -> tuple[str, ...]:
    """Name the bits that are set, in small letters."""
    return tuple((bit.name or "other").lower() for bit in bits)


def describe_capabilities(wire: Capabilities) -> tuple[core.Capability, ...]:
    """Name what a controller can do."""
    return tuple(word for bit, word in CAPABILITIES.items() if wire & bit)


def wire_target(operation: core.Operation, aisle: int) -> Target:
    """Make the wire's target of the core's words."""
    return Target(WIRE_OPERATIONS[operation], aisle)


def wire_place(face: str, section: int, tier: int) -> Place:
    """Make the wire's place of the core's words; no face = no place."""
    return Place(FACES[face], section, tier) if face else Place()
