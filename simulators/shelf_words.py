"""What the model says in the numbers of the shelf wire, and back. Tables and images of blocks; no behaviour."""

from __future__ import annotations

import math
from collections.abc import Iterable
from functools import lru_cache

from firmware_protocol import codes
from firmware_protocol.blocks import UNKNOWN_PROGRESS
from firmware_protocol.geometry import AisleShape, BankShape, ColumnShape, SegmentShape, StopKind, geometry_hash
from firmware_protocol.messages import (
    Detail,
    Identity,
    LogEntry,
    MotionSnapshot,
    Place,
    RingEvent,
    Target,
    mask_of,
    pack_pairs,
)
from firmware_protocol.wear import Wear
from simulators import shelf_record as record
from simulators.bank_plan import BankPlan, SensorKind
from simulators.shelf_model import ShelfModel
from simulators.shelf_people import CONTACT_MM
from simulators.shelf_record import (
    BankState,
    Cause,
    FaultCode,
    Indication,
    ModelSnapshot,
    Operation,
    Outcome,
    Reason,
    RequestEntry,
    RoomInput,
    SafetyInput,
)

OPERATIONS = {
    Operation.NONE: codes.Operation.NONE,
    Operation.OPEN_AISLE: codes.Operation.OPEN,
    Operation.CLOSE_ALL: codes.Operation.CLOSE_ALL,
    Operation.VENTILATE: codes.Operation.VENTILATE,
    Operation.PARK: codes.Operation.PARK,
    Operation.HOME: codes.Operation.HOME,
    Operation.LOCK: codes.Operation.LOCK,
    Operation.UNLOCK: codes.Operation.UNLOCK,
    Operation.LIGHT_ON: codes.Operation.LIGHT_ON,
    Operation.LIGHT_OFF: codes.Operation.LIGHT_OFF,
    Operation.CLEAR_FAULT: codes.Operation.CLEAR_FAULT,
    Operation.WAKE: codes.Operation.WAKE,
    Operation.SLEEP: codes.Operation.SLEEP,
}
OPERATIONS_READ = {number: operation for operation, number in OPERATIONS.items()}

REASONS = {
    Reason.NOT_SUPPORTED: codes.Reasons.NOT_SUPPORTED,
    Reason.NO_SUCH_AISLE: codes.Reasons.NO_SUCH_TARGET,
    Reason.NO_SUCH_PLACE: codes.Reasons.NO_SUCH_TARGET,
    Reason.ASLEEP: codes.Reasons.NOT_AWAKE,
    Reason.BUSY: codes.Reasons.BUSY,
    Reason.ALREADY_SELECTED: codes.Reasons.SELECTED_ELSEWHERE,
    Reason.DUPLICATE_REQUEST: codes.Reasons.ID_USED,
    Reason.OCCUPIED: codes.Reasons.OCCUPIED,
    Reason.LOCKED: codes.Reasons.LOCKED,
    Reason.TRIPPED: codes.Reasons.LOCAL,
    Reason.EMERGENCY_STOP: codes.Reasons.LOCAL,
    Reason.FIRE: codes.Reasons.FIRE,
    Reason.FAULT: codes.Reasons.FAULT,
    Reason.POSITION_UNKNOWN: codes.Reasons.POSITION_UNKNOWN,
    Reason.MAINTENANCE: codes.Reasons.LOCAL_CONTROL,
    Reason.NOT_SELECTED: codes.Reasons.NOT_SELECTED,
    Reason.WRONG_TOKEN: codes.Reasons.NOT_SELECTED,
    Reason.WRONG_REQUEST: codes.Reasons.NOT_SELECTED,
    Reason.OTHER_TARGET: codes.Reasons.OTHER_TARGET,
    Reason.RING_MOVED: codes.Reasons.RING_MOVED,
}

LEASE_REFUSALS = {
    Reason.NOT_SELECTED: codes.LeaseRefusal.NO_MOTION,
    Reason.WRONG_TOKEN: codes.LeaseRefusal.WRONG_TOKEN,
    Reason.OLD_COUNTER: codes.LeaseRefusal.COUNTER,
    Reason.LAPSED: codes.LeaseRefusal.LAPSED,
    Reason.STALE_SEQUENCE: codes.LeaseRefusal.SEQUENCE_OLD,
}

_OUTCOMES: dict[Outcome, codes.Outcome] = {Outcome.RUNNING: codes.Outcome.ACCEPTED}
_OUTCOMES |= {outcome: codes.Outcome[outcome.name] for outcome in Outcome if outcome is not Outcome.RUNNING}

_INPUTS = {
    SafetyInput.EMERGENCY_STOP: codes.SafetyBits.ESTOP_OPEN,
    SafetyInput.EDGE: codes.SafetyBits.EDGE_TRIPPED | codes.SafetyBits.TRIP_LATCHED,
    SafetyInput.BEAM: codes.SafetyBits.BEAM_BROKEN | codes.SafetyBits.TRIP_LATCHED,
    SafetyInput.SWEEP: codes.SafetyBits.SWEEP_TRIPPED | codes.SafetyBits.TRIP_LATCHED,
    SafetyInput.SUPPLY_LOST: codes.SafetyBits.DRIVE_SUPPLY_LOST,
    SafetyInput.SMOKE: codes.SafetyBits.NONE,  # told in DETAIL
    SafetyInput.FIRE: codes.SafetyBits.FIRE_INPUT,
    SafetyInput.MAINTENANCE: codes.SafetyBits.MAINTENANCE_KEY,
}

_INPUT_BITS = {held: int(bits) for held, bits in _INPUTS.items()}
_IN_AISLE_LOCK, _GATEWAY_LOCK, _WARNING_ON, _DRIVE_POWER, _LEASE_LIVE, _STANDSTILL = map(
    int,
    (
        codes.SafetyBits.IN_AISLE_LOCK,
        codes.SafetyBits.GATEWAY_LOCK,
        codes.SafetyBits.WARNING_ON,
        codes.SafetyBits.DRIVE_POWER,
        codes.SafetyBits.LEASE_LIVE,
        codes.SafetyBits.STANDSTILL,
    ),
)
_STATES = {state: codes.BankState[state.name] for state in BankState}
_CAUSES = {cause: codes.EndCause[cause.name] for cause in Cause}

_FAULTS = {
    FaultCode.JAM: codes.FaultBits.JAM,
    FaultCode.TRAVEL_TIME: codes.FaultBits.TRAVEL_TIME,
    FaultCode.SENSOR: codes.FaultBits.SENSOR,
    FaultCode.DRIVE: codes.FaultBits.DRIVE,
    FaultCode.OVERLOAD: codes.FaultBits.OVERLOAD,
}

_SENSORS = {
    SensorKind.FOOT_BEAM: codes.Capabilities.FOOT_BEAMS,
    SensorKind.PIR: codes.Capabilities.PIR,
    SensorKind.EDGE: codes.Capabilities.EDGES,
    SensorKind.ENTRY_BEAMS: codes.Capabilities.ENTRY_BEAMS,
}

_CAPABILITIES = (
    codes.Capabilities.CLOSE_ALL | codes.Capabilities.PARK | codes.Capabilities.HOME | codes.Capabilities.LOCK
    | codes.Capabilities.LIGHT | codes.Capabilities.INDICATOR | codes.Capabilities.INDICATOR_PER_PLACE
    | codes.Capabilities.CLIMATE | codes.Capabilities.WAKE | codes.Capabilities.CLEAR_FAULT
    | codes.Capabilities.FIRE_INPUT | codes.Capabilities.WEAR | codes.Capabilities.SWEEPS
    | codes.Capabilities.SMOKE_INPUT | codes.Capabilities.WATER_INPUT | codes.Capabilities.DOOR_CONTACT
)  # fmt: skip

_NOTHING_SHOWN = Indication(0)
_FACES = {"": codes.Face.NONE, "A": codes.Face.A, "B": codes.Face.B}
_FACES_READ = {number: face for face, number in _FACES.items()}


def shape_bank(plan: BankPlan) -> BankShape:
    """Return the geometry that the hash covers."""
    last = plan.columns[-1]
    columns = [ColumnShape(c.no, c.fixed, c.faces, c.width_mm) for c in plan.columns]
    aisles = [AisleShape(no, no, no + 1 if no < len(plan.columns) else 0) for no in plan.aisles]
    segments = [
        SegmentShape(
            StopKind.FIXED_COLUMN,
            StopKind.END_STOP if aisles[-1] == last.no and not last.fixed else StopKind.FIXED_COLUMN,
            aisles[0],
            aisles[-1],
            plan.free_aisles[index],
            plan.free_width_mm(index),
        )
        for index, aisles in enumerate(plan.segments)
    ]
    return BankShape(columns, aisles, segments, plan.sections, plan.tiers, plan.passable_gap_mm)


def identify(model: ShelfModel, serial_number: str) -> Identity:
    """Fill the IDENTITY block."""
    plan, times = model.plan, model.plan.times
    capabilities = _CAPABILITIES
    if plan.measures:
        capabilities |= codes.Capabilities.MEASURES_POSITION | codes.Capabilities.VENTILATE
    else:
        capabilities |= codes.Capabilities.CONTACTS_ONLY
    if times.sleep_after_ms:
        capabilities |= codes.Capabilities.SLEEP
    for kind in plan.sensors:
        capabilities |= _SENSORS[kind]
    return Identity(
        geometry_hash=geometry_hash(shape_bank(plan)),
        boot_id=model.boot_id,
        columns=len(plan.columns),
        aisles=len(plan.aisles),
        sections=plan.sections,
        tiers=plan.tiers,
        passable_gap_mm=plan.passable_gap_mm,
        warning_time_ms=times.warning_ms,
        nominal_speed_mm_s=times.speed_mm_s,
        travel_time_ms=plan.longest_travel_ms,
        wake_time_ms=times.wake_ms,
        settle_time_ms=times.settle_ms,
        reaction_time_ms=times.reaction_ms,
        braking_mm=math.ceil(times.speed_mm_s**2 / (2 * times.braking_mm_s2)),
        capabilities=capabilities,
        maker="OpenAisle",
        model="Simulated bank",
        serial_number=serial_number,
        firmware_version="sim 1.0",
    )


def identify_texts(identity: Identity) -> dict[int, str]:
    """Tell an identity as the objects of function 43/14 (SPEC 3.5)."""
    version = identity.protocol_version
    return {
        0x00: identity.maker,
        0x01: identity.model,
        0x02: identity.firmware_version,
        0x80: identity.serial_number,
        0x81: f"{version >> 8}.{version & 0xFF}",
        0x82: f"{identity.map_hash:08X}",
        0x83: f"{identity.geometry_hash:08X}",
        0x84: f"{identity.boot_id:08X}",
    }


def show_motion(model: ShelfModel) -> MotionSnapshot:
    """Tell the MOTION block."""
    told = MotionSnapshot.from_registers(show_motion_registers(model))
    assert isinstance(told, MotionSnapshot), told
    return told


def show_motion_registers(model: ShelfModel) -> tuple[int, ...]:
    """Fill the MOTION block. Read oftener than all else together: the model is asked for no more than it shows."""
    last, task, known = model.last_request, model.task, model.positions_known
    outcome, cause = outcome_words(last)
    return (
        _STATES[model.state],
        _show_open(model),
        OPERATIONS[task.operation] << 8 | task.aisle if task else 0,
        model.progress_permille if known else UNKNOWN_PROGRESS,
        _safety(model),
        _show_faults(model),
        mask_of(model.seen),
        mask_of(model.occupancy.unknown),
        *pack_contacts(model.contacts),
        model.sequence,
        model.ring_head,
        model.boot_id & 0xFFFF,
        last.request_id & 0xFFFF if last else 0,
        outcome << 8 | cause,
    )


def _show_open(model: ShelfModel) -> int:
    """Tell which aisles are passable; by contacts alone: which stand apart."""
    if not model.positions_known:
        return 0
    if model.plan.measures:
        return mask_of(model.list_open())
    return mask_of(no for no, width in model.rails.widths_mm().items() if width >= CONTACT_MM)


def _show_faults(model: ShelfModel) -> codes.FaultBits:
    if model.faults:
        faults = _join_faults(model.faults)
        return faults if model.positions_known else faults | codes.FaultBits.POSITION_LOST
    return codes.FaultBits.NONE if model.positions_known else codes.FaultBits.POSITION_LOST


def _safety(model: ShelfModel) -> int:
    """Join the safety bits as a number: flags are joined so slowly that it would be felt."""
    bits = 0
    for held in model.circumstances.inputs:
        bits |= _INPUT_BITS[held]
    if model.circumstances.locks:
        bits |= _IN_AISLE_LOCK
    if model.circumstances.gateway_locks:
        bits |= _GATEWAY_LOCK
    if model.state in (BankState.WARNING, BankState.MOVING):
        bits |= _WARNING_ON
    if model.state is BankState.MOVING and not model.ending:
        bits |= _DRIVE_POWER
    if model.lease_left_ms:
        bits |= _LEASE_LIVE
    if not model.rails.moving:
        bits |= _STANDSTILL
    return bits


def _join_faults(faults: Iterable[FaultCode]) -> codes.FaultBits:
    bits = codes.FaultBits.NONE
    for fault in faults:
        bits |= _FAULTS[fault]
    return bits


def show_contacts(now: ModelSnapshot) -> tuple[int, int, int]:
    """Pack what every column touches."""
    return pack_contacts(now.contacts)


@lru_cache(maxsize=1024)
def pack_contacts(contacts: tuple[tuple[bool, bool], ...]) -> tuple[int, int, int]:
    """Pack pairs of left and right contact."""
    left, right = int(codes.Contact.LEFT), int(codes.Contact.RIGHT)
    return pack_pairs((left if at_left else 0) | (right if at_right else 0) for at_left, at_right in contacts)


def show_detail(model: ShelfModel, refusal: codes.LeaseRefusal, stop_reason: int) -> Detail:
    """Fill the DETAIL block. Read in pieces, each of which is cut out of a whole: asked for no more than it shows."""
    plan, known, shown = model.plan, model.positions_known, model.indication or _NOTHING_SHOWN
    quality = codes.PositionQuality.UNKNOWN
    if known:
        quality = codes.PositionQuality.MEASURED if plan.measures else codes.PositionQuality.CONTACTS_ONLY
    columns, widths = len(plan.columns), model.rails.widths_mm()
    return Detail(
        positions_mm=tuple(map(round, model.rails.positions_mm)) if known and plan.measures else (None,) * columns,
        qualities=(quality,) * columns,
        temperature_c=20.5,
        relative_humidity=52.0,
        in_aisle_locks=mask_of(model.circumstances.locks),
        gateway_locks=mask_of(model.circumstances.gateway_locks),
        indicator_aisle=shown.aisle,
        indicator_place=Place(_FACES[shown.face], shown.section, shown.tier),
        lights=mask_of(model.lights),
        lease_refusal=refusal,
        lease_left_ms=model.lease_left_ms,
        stop_reason=stop_reason,
        aisle_widths_mm=tuple([_show_width(model, round(widths[no])) for no in plan.aisles]),
        room_inputs=_show_room(model),
    )


def _show_width(model: ShelfModel, width_mm: int) -> int | None:
    if not model.positions_known:
        return None
    return width_mm if model.plan.measures or not width_mm else None


def _show_room(model: ShelfModel) -> codes.RoomInputs:
    inputs = codes.RoomInputs.NONE
    if SafetyInput.SMOKE in model.circumstances.inputs:
        inputs |= codes.RoomInputs.SMOKE
    if RoomInput.WATER in model.room_inputs:
        inputs |= codes.RoomInputs.WATER
    return inputs | codes.RoomInputs.DOOR_OPEN if RoomInput.DOOR_OPEN in model.room_inputs else inputs


def show_wear(model: ShelfModel) -> Wear:
    """Fill the WEAR block."""
    wear = model.wear
    columns = [column.no for column in model.plan.columns]
    return Wear(
        tuple(wear.cycles.get(no) for no in columns),
        tuple(wear.currents_ma.get(no) for no in columns),
        tuple(wear.opening_ms.get(no) for no in model.plan.aisles),
    )


def outcome_words(entry: RequestEntry | None) -> tuple[codes.Outcome, codes.EndCause]:
    """Name what became of a request in the wire's numbers."""
    if entry is None:
        return codes.Outcome.NONE, codes.EndCause.NONE
    return _OUTCOMES[entry.outcome], _CAUSES[entry.cause]


def show_log(model: ShelfModel) -> list[LogEntry]:
    """List the remembered requests, newest first."""
    return [
        LogEntry(entry.request_id, Target(OPERATIONS[entry.operation], entry.aisle), *outcome_words(entry))
        for entry in reversed(model.request_log)
    ]


def show_ring(model: ShelfModel) -> list[RingEvent]:
    """List the remembered events."""
    return [
        RingEvent(
            event.number,
            codes.EventKind[event.kind.name],
            _argument(event),
            model.now_ms - event.at_ms,
        )
        for event in model.events
    ]


def _argument(event: record.RingEvent) -> int:
    if isinstance(event.about, Cause):
        return codes.EndCause[event.about.name] << 8 | event.argument
    if isinstance(event.about, FaultCode):
        return int(_FAULTS[event.about]).bit_length() - 1
    if isinstance(event.about, Operation):
        return OPERATIONS[event.about] << 8 | event.argument
    return event.argument


def join_reasons(reasons: Iterable[Reason]) -> codes.Reasons:
    """Join the model's reasons into the wire's mask."""
    mask = codes.Reasons.NONE
    for reason in reasons:
        mask |= REASONS[reason]
    return mask


def read_indication(aisle: int, place: Place) -> Indication:
    """Return which place a target and a packed place mean."""
    return Indication(aisle, _FACES_READ[place.face], place.section, place.tier)
