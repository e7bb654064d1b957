"""The readable blocks as JSON sheets: identity, motion, detail, request log, events. Both directions (SPEC 7.5)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from firmware_protocol import registers as map_
from firmware_protocol.blocks import UNKNOWN_PROGRESS, Detail, Identity, LogEntry, MotionSnapshot, RingEvent
from firmware_protocol.codes import (
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
from firmware_protocol.fields import pack_pairs, unpack_pairs
from firmware_protocol.json_fields import Fields, list_aisles, name_flags, show_place, show_target
from firmware_protocol.wear import Wear

_U32 = 0xFFFFFFFF
_MAX_MM = 0xFFFE  # 0xFFFF is the register's word for unknown


@dataclass(frozen=True, slots=True)
class RequestLog:
    """The last request ids, newest first."""

    entries: tuple[LogEntry, ...]


@dataclass(frozen=True, slots=True)
class Events:
    """Ring entries, oldest first: those that just happened, or all the ring holds."""

    head: int
    entries: tuple[RingEvent, ...]


Block = Identity | MotionSnapshot | Detail | RequestLog | Events | Wear


def list_contacts(contacts: tuple[int, int, int], columns: int) -> list[str]:
    """Name what each column touches."""
    return [str(Contact(pair).name) if pair else "NEITHER" for pair in unpack_pairs(contacts, columns)]


def read_contacts(fields: Fields) -> tuple[int, int, int]:
    """Take one name per column."""
    names = fields.items("contacts", map_.MAX_COLUMNS)
    pairs = [Contact.__members__.get(name) if isinstance(name, str) else None for name in names]
    known = [pair for pair in pairs if pair is not None]
    if len(known) != len(pairs):
        raise fields.fault("contacts")
    return pack_pairs(known)


_IDENTITY_NUMBERS = (
    ("protocol_version", 0xFFFF), ("map_hash", _U32), ("geometry_hash", _U32), ("boot_id", _U32),
    ("columns", map_.MAX_COLUMNS), ("aisles", map_.MAX_AISLES), ("sections", 63), ("tiers", 63),
    ("passable_gap_mm", 0xFFFF), ("warning_time_ms", 0xFFFF), ("nominal_speed_mm_s", 0xFFFF),
    ("travel_time_ms", 655_350), ("wake_time_ms", 655_350), ("settle_time_ms", 0xFFFF), ("reaction_time_ms", 0xFFFF),
    ("braking_mm", 0xFFFF),
)  # fmt: skip
_IDENTITY_TEXTS = (("maker", 16), ("model", 16), ("serial_number", 16), ("firmware_version", 8))


def _show_identity(block: Identity, _columns: int) -> dict[str, object]:
    numbers: dict[str, object] = {name: getattr(block, name) for name, _most in _IDENTITY_NUMBERS}
    texts: dict[str, object] = {name: getattr(block, name) for name, _most in _IDENTITY_TEXTS}
    return numbers | {"capabilities": name_flags(block.capabilities)} | texts


def _read_identity(fields: Fields) -> Block:
    numbers = {name: fields.integer(name, most) for name, most in _IDENTITY_NUMBERS}
    texts = {name: fields.text(name, most) for name, most in _IDENTITY_TEXTS}
    if numbers["protocol_version"] >> 8 != map_.PROTOCOL_VERSION >> 8:
        raise fields.fault("protocol_version")
    for name in ("columns", "aisles", "boot_id"):
        if not numbers[name]:
            raise fields.fault(name)
    values: dict[str, Any] = numbers | texts
    return Identity(**values, capabilities=fields.flags("capabilities", Capabilities))


def _show_motion(block: MotionSnapshot, columns: int) -> dict[str, object]:
    progress = None if block.progress_permille == UNKNOWN_PROGRESS else block.progress_permille
    return {
        "state": block.state.name,
        "open_aisles": list_aisles(block.open_aisles),
        **show_target(block.target),
        "progress_permille": progress,
        "safety_bits": name_flags(block.safety),
        "fault_bits": name_flags(block.faults),
        "occupancy_seen": list_aisles(block.occupancy_seen),
        "occupancy_unknown": list_aisles(block.occupancy_unknown),
        "contacts": list_contacts(block.contacts, columns),
        "sequence": block.sequence,
        "event_ring_head": block.ring_head,
        "boot_id_low": block.boot_id_low,
        "last_request_id_low": block.last_request_id_low,
        "outcome": block.outcome.name,
        "cause": block.cause.name,
    }


def _read_motion(fields: Fields) -> Block:
    progress = fields.optional("progress_permille", 1000)
    return MotionSnapshot(
        fields.number("state", BankState), fields.aisles("open_aisles"), fields.target(),
        UNKNOWN_PROGRESS if progress is None else progress,
        fields.flags("safety_bits", SafetyBits), fields.flags("fault_bits", FaultBits),
        fields.aisles("occupancy_seen"), fields.aisles("occupancy_unknown"), read_contacts(fields),
        fields.integer("sequence"), fields.integer("event_ring_head"), fields.integer("boot_id_low"),
        fields.integer("last_request_id_low"), fields.number("outcome", Outcome), fields.number("cause", EndCause),
    )  # fmt: skip


def _show_detail(block: Detail, _columns: int) -> dict[str, object]:
    return {
        "column_position_mm": list(block.positions_mm),
        "position_quality": [quality.name for quality in block.qualities],
        "temperature": block.temperature_c,
        "relative_humidity": block.relative_humidity,
        "in_aisle_locks": list_aisles(block.in_aisle_locks),
        "gateway_locks": list_aisles(block.gateway_locks),
        "indicator_aisle": block.indicator_aisle,
        **show_place(block.indicator_place),
        "lights": list_aisles(block.lights),
        "lease_refusal": block.lease_refusal.name,
        "lease_left_ms": block.lease_left_ms,
        "stop_reason": block.stop_reason,
        "aisle_width_mm": list(block.aisle_widths_mm),
        **({"room_inputs": name_flags(block.room_inputs)} if block.room_inputs else {}),
    }


def _read_detail(fields: Fields) -> Block:
    return Detail(
        fields.integers("column_position_mm", _MAX_MM, map_.MAX_COLUMNS),
        fields.numbers("position_quality", PositionQuality, map_.MAX_COLUMNS),
        fields.tenths("temperature", 3276.7, -3276.7), fields.tenths("relative_humidity", 100.0),
        fields.aisles("in_aisle_locks"), fields.aisles("gateway_locks"),
        fields.integer("indicator_aisle", map_.MAX_AISLES), fields.place(), fields.aisles("lights"),
        fields.number("lease_refusal", LeaseRefusal), fields.integer("lease_left_ms"), fields.integer("stop_reason"),
        fields.integers("aisle_width_mm", _MAX_MM, map_.MAX_AISLES),
        fields.flags("room_inputs", RoomInputs) if fields.has("room_inputs") else RoomInputs.NONE,
    )  # fmt: skip


def _show_log(block: RequestLog, _columns: int) -> dict[str, object]:
    return {
        "entries": [
            {
                "request_id": f"{entry.request_id:016x}",
                **show_target(entry.target),
                "outcome": entry.outcome.name,
                "cause": entry.cause.name,
            }
            for entry in block.entries
        ]
    }


def _read_log_entry(entry: Fields) -> LogEntry:
    request_id = entry.hexadecimal("request_id")
    return LogEntry(request_id, entry.target(), entry.number("outcome", Outcome), entry.number("cause", EndCause))


def _read_log(fields: Fields) -> Block:
    return RequestLog(tuple(_read_log_entry(entry) for entry in fields.objects("entries", map_.LOG_ENTRIES)))


def _show_events(block: Events, _columns: int) -> dict[str, object]:
    entries = [
        {"sequence": each.sequence, "kind": each.kind.name, "argument": each.argument, "age_ms": each.age_ms}
        for each in block.entries
    ]
    return {"event_ring_head": block.head, "entries": entries}


def _read_event(entry: Fields) -> RingEvent:
    kind, age_ms = entry.number("kind", EventKind), entry.integer("age_ms", 655_350)
    return RingEvent(entry.integer("sequence"), kind, entry.integer("argument"), age_ms)


def _read_events(fields: Fields) -> Block:
    entries = tuple(_read_event(entry) for entry in fields.objects("entries", map_.RING_ENTRIES))
    return Events(fields.integer("event_ring_head"), entries)


def _show_wear(block: Wear, _columns: int) -> dict[str, object]:
    return {name: list(getattr(block, name)) for name in Wear.__slots__}


def _read_wear(fields: Fields) -> Block:
    return Wear(
        fields.integers("column_cycles", _U32 - 1, map_.MAX_COLUMNS),
        fields.integers("motor_current_ma", _MAX_MM, map_.MAX_COLUMNS),
        fields.integers("opening_time_ms", _MAX_MM * 10, map_.MAX_AISLES),
    )


BLOCK_WRITERS: Mapping[type[Any], tuple[str, Callable[[Any, int], dict[str, object]]]] = {
    Identity: ("identity", _show_identity),
    MotionSnapshot: ("motion", _show_motion),
    Detail: ("detail", _show_detail),
    RequestLog: ("log", _show_log),
    Events: ("event", _show_events),
    Wear: ("wear", _show_wear),
}
BLOCK_READERS: Mapping[str, Callable[[Fields], Block]] = {
    "identity": _read_identity,
    "motion": _read_motion,
    "detail": _read_detail,
    "log": _read_log,
    "event": _read_events,
    "wear": _read_wear,
}
