"""How each peer's vectors are made: what goes into pymodbus and mbpoll, and what the bytes mean in words.

Values are written by hand; bytes come out of the peer. Nothing here imports our codec.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from pymodbus.framer import FramerRTU
from pymodbus.pdu import DecodePDU, ExceptionResponse
from pymodbus.pdu import register_message as rm
from pymodbus.pdu.mei_message import ReadDeviceInformationRequest, ReadDeviceInformationResponse
from pymodbus.pdu.pdu import ModbusPDU

MOTION_WORDS = [
    0x0006, 0x0204, 0x0107, 0x014D, 0x1C00, 0x0010, 0x0020, 0x0401,
    0x2727, 0x0001, 0x8000, 0xABCD, 0x0102, 0x3C5A, 0x7788, 0x0200,
]  # fmt: skip
MOTION_VALUE = {
    "state": "MOVING", "open_aisles": [3, 10], "operation": "OPEN", "aisle": 7, "progress_permille": 333,
    "safety": ["WARNING_ON", "DRIVE_POWER", "LEASE_LIVE"], "faults": ["SENSOR"], "occupied": [6],
    "occupancy_unknown": [1, 11], "contacts": [3, 1, 2, 0, 3, 1, 2, 0, 1] + [0] * 14 + [2], "sequence": 0xABCD,
    "ring_head": 0x0102, "boot_id_low": 0x3C5A, "last_request_id_low": 0x7788, "outcome": "ACCEPTED", "cause": "NONE",
}  # fmt: skip
REST_WORDS = [3, 0x0400, 0, 0xFFFF, 0x2000, 0, 0, 0, 0x7FFF, 0x0007, 0, 9, 258, 0x5A3C, 0x00FF, 0x0605]
REST_VALUE = {
    "state": "IDLE", "open_aisles": [11], "operation": "NONE", "aisle": 0, "progress_permille": None,
    "safety": ["STANDSTILL"], "faults": [], "occupied": [], "occupancy_unknown": [],
    "contacts": [3, 3, 3, 3, 3, 3, 3, 1, 3, 1] + [0] * 14, "sequence": 9, "ring_head": 258, "boot_id_low": 0x5A3C,
    "last_request_id_low": 255, "outcome": "LAPSED", "cause": "ESTOP",
}  # fmt: skip
IDENTITY_WORDS = [
    0x0100, 0x1234, 0xABCD, 0x89AB, 0xCDEF, 0x0102, 0x0304, 11, 10, 4, 6, 700, 1500, 80, 1650, 200, 300, 40, 12,
    0x0001, 0x2481, *[0] * 11,
    0x4F70, 0x656E, 0x4169, 0x736C, 0x6500, 0, 0, 0,
    0x5368, 0x656C, 0x662D, 0x3131, 0, 0, 0, 0,
    0x534E, 0x2D30, 0x3037, 0, 0, 0, 0, 0,
    0x312E, 0x322E, 0x3300, 0,
]  # fmt: skip
IDENTITY_VALUE = {
    "protocol_version": 0x0100, "map_hash": 0x1234ABCD, "geometry_hash": 0x89ABCDEF, "boot_id": 0x01020304,
    "columns": 11, "aisles": 10, "sections": 4, "tiers": 6, "passable_gap_mm": 700, "warning_time_ms": 1500,
    "nominal_speed_mm_s": 80, "travel_time_ms": 16500, "wake_time_ms": 2000, "settle_time_ms": 300,
    "reaction_time_ms": 40, "braking_mm": 12,
    "capabilities": ["MEASURES_POSITION", "INDICATOR", "CLEAR_FAULT", "EDGES", "INDICATOR_PER_PLACE"],
    "maker": "OpenAisle", "model": "Shelf-11", "serial_number": "SN-007", "firmware_version": "1.2.3",
}  # fmt: skip
DETAIL_WORDS = [
    0, 550, 1100, 0xFFFF, 3000, *[0xFFFF] * 19, 0x0137, 0, 0, 0xFFDD, 456, 0x0004, 0x0008, 3, 0x10C4, 0x0201,
    4, 321, 7, 0, 0, 0, 800, 0, 0xFFFF, 12, *[0xFFFF] * 12,
]  # fmt: skip
DETAIL_VALUE = {
    "positions_mm": [0, 550, 1100, None, 3000],
    "qualities": ["MEASURED", "INFERRED", "MEASURED", "UNKNOWN", "INFERRED"],
    "temperature_dc": -35, "humidity_permille": 456, "in_aisle_locks": [3], "gateway_locks": [4],
    "indicator_aisle": 3, "face": "A", "section": 3, "tier": 4, "lights": [1, 10], "lease_refusal": "SEQUENCE_OLD",
    "lease_left_ms": 321, "stop_reason": 7, "aisle_widths_mm": [800, 0, None, 12],
}  # fmt: skip
WEAR_WORDS = [
    0, 0, 0x0001, 0x86A0, 0xFFFF, 0xFFFF, 0, 7, 0xDEAD, 0xBEE1, *[0xFFFF] * 38,
    0xFFFF, 2350, 0, 1, 0x7FFF, *[0xFFFF] * 19,
    1234, 0xFFFF, 0, 0xFFFE, *[0xFFFF] * 12,
]  # fmt: skip
WEAR_VALUE = {
    "column_cycles": [0, 100000, None, 7, 0xDEADBEE1], "motor_current_ma": [None, 2350, 0, 1, 0x7FFF],
    "opening_time_ms": [12340, None, 0, 655340],
}  # fmt: skip
REQUEST_ID = 0x1122334455667788
ID_WORDS = [0x1122, 0x3344, 0x5566, 0x7788]


@dataclass(frozen=True)
class Recipe:
    """One vector of a peer: `make` gives its bytes, `spoil` then damages them in a stated way."""

    id: str
    clause: str
    value: dict[str, Any]
    make: ModbusPDU | list[str]
    spoil: Callable[[bytes], bytes] | None = None
    peer: str = field(default="pymodbus")


def read(address: int, count: int, unit: int = 17) -> ModbusPDU:
    return rm.ReadHoldingRegistersRequest(address=address, count=count, dev_id=unit)


def told(words: list[int], unit: int = 17) -> ModbusPDU:
    return rm.ReadHoldingRegistersResponse(registers=words, dev_id=unit)


def write_read(write: int, words: list[int], read_address: int, count: int, unit: int = 17) -> ModbusPDU:
    return rm.ReadWriteMultipleRegistersRequest(
        read_address=read_address, read_count=count, write_address=write, write_registers=words, dev_id=unit
    )


def written(words: list[int], unit: int = 17) -> ModbusPDU:
    return rm.ReadWriteMultipleRegistersResponse(registers=words, dev_id=unit)


def write_many(address: int, words: list[int], unit: int = 17) -> ModbusPDU:
    return rm.WriteMultipleRegistersRequest(address=address, registers=words, dev_id=unit)


def write_one(address: int, value: int, unit: int = 17) -> ModbusPDU:
    return rm.WriteSingleRegisterRequest(address=address, registers=[value], dev_id=unit)


def changed(words: list[int], at: int, value: int) -> list[int]:
    return [*words[:at], value, *words[at + 1 :]]


def swap_crc(frame: bytes) -> bytes:
    return frame[:-2] + frame[-1:] + frame[-2:-1]


def flip_bit(at: int, bit: int) -> Callable[[bytes], bytes]:
    return lambda frame: frame[:at] + bytes((frame[at] ^ 1 << bit,)) + frame[at + 1 :]


def drop_byte(at: int) -> Callable[[bytes], bytes]:
    return lambda frame: frame[:at] + frame[at + 1 :]


def cut_tail(count: int) -> Callable[[bytes], bytes]:
    return lambda frame: frame[:-count]


def double_byte(at: int) -> Callable[[bytes], bytes]:
    return lambda frame: frame[: at + 1] + frame[at:]


SELECT_ANSWER_WORDS = [0x0107, 0, 0xDEAD, 0xBEE1, 0x0102, 0x0020, 0x2727, 1, 0x8000, 0x0304]
_select = {
    "say": "select", "unit": 17, "request_id": REQUEST_ID, "operation": "OPEN", "aisle": 7, "face": "B", "section": 2,
    "tier": 5,
}  # fmt: skip
_selected = {
    "say": "select_answer", "unit": 17, "operation": "OPEN", "aisle": 7, "reasons": [], "token": 0xDEADBEE1,
    "sequence": 0x0102, "occupied": [6], "contacts": MOTION_VALUE["contacts"], "ring_head": 0x0304,
}  # fmt: skip
_operate = {
    "say": "operate", "unit": 17, "request_id": REQUEST_ID, "token": 0xDEADBEE1, "operation": "OPEN", "aisle": 7,
    "ring_head": 0x0304,
}  # fmt: skip


def _reject(say: str, why: str) -> dict[str, Any]:
    return {"say": say, "reject": why}


PYMODBUS: tuple[Recipe, ...] = (
    Recipe("read-motion", "3.2", {"say": "read", "unit": 17, "function": 3, "address": 256, "count": 16},
           read(0x0100, 16)),
    Recipe("read-identity-unit-247", "3.2", {"say": "read", "unit": 247, "function": 3, "address": 0, "count": 60},
           read(0, 60, 247)),
    Recipe("read-input-detail", "2.2", {"say": "read", "unit": 3, "function": 4, "address": 0x0200, "count": 14},
           rm.ReadInputRegistersRequest(address=0x0200, count=14, dev_id=3)),
    Recipe("motion-moving", "5.3", {"say": "motion", "unit": 17} | MOTION_VALUE, told(MOTION_WORDS)),
    Recipe("motion-at-rest", "5.3", {"say": "motion", "unit": 2} | REST_VALUE, told(REST_WORDS, 2)),
    Recipe("identity", "3.2", {"say": "identity", "unit": 17} | IDENTITY_VALUE, told(IDENTITY_WORDS)),
    Recipe("detail", "3.2", {"say": "detail", "unit": 17} | DETAIL_VALUE, told(DETAIL_WORDS)),
    Recipe("ring-two-entries", "5.10",
           {"say": "ring", "unit": 17, "events": [
               {"sequence": 0x0102, "kind": "BUTTON", "argument": 0x0301, "age_ms": 1230},
               {"sequence": 0x0103, "kind": "EDGE_TRIPPED", "argument": 9, "age_ms": 655350}]},
           told([0x0102, 2, 0x0301, 123, 0x0103, 8, 9, 0xFFFF])),
    Recipe("log-two-entries", "5.9",
           {"say": "log", "unit": 17, "entries": [
               {"request_id": REQUEST_ID, "operation": "OPEN", "aisle": 7, "outcome": "STOPPED", "cause": "BEAM"},
               {"request_id": 0x8000000000000001, "operation": "WAKE", "aisle": 0, "outcome": "DONE",
                "cause": "ARRIVED"}]},
           told([*ID_WORDS, 0x0107, 0x0507, 0x8000, 0, 0, 1, 0x1500, 0x0301])),
    Recipe("select", "5.4", _select, write_read(0x0800, [*ID_WORDS, 0x0107, 0x2085], 0x0810, 10)),
    Recipe("select-close-all", "5.12",
           {"say": "select", "unit": 1, "request_id": 0xFEDCBA9876543210, "operation": "CLOSE_ALL", "aisle": 0,
            "face": "NONE", "section": 0, "tier": 0},
           write_read(0x0800, [0xFEDC, 0xBA98, 0x7654, 0x3210, 0x0200, 0], 0x0810, 10, 1)),
    Recipe("select-answer", "5.4", _selected, written(SELECT_ANSWER_WORDS)),
    Recipe("select-refused", "5.6",
           _selected | {"reasons": ["OCCUPIED", "LOCKED", "FIRE"], "token": 0},
           written([0x0107, 0x4006, 0, 0, *SELECT_ANSWER_WORDS[4:]])),
    Recipe("operate", "5.5", _operate,
           write_read(0x0820, [*ID_WORDS, 0xDEAD, 0xBEE1, 0x0107, 0x0304], 0x0830, 2)),
    Recipe("operate-answer", "5.5",
           {"say": "reasons_answer", "unit": 17, "operation": "OPEN", "aisle": 7, "reasons": []}, written([0x0107, 0])),
    Recipe("operate-refused", "5.6",
           {"say": "reasons_answer", "unit": 17, "operation": "OPEN", "aisle": 7,
            "reasons": ["NOT_SELECTED", "RING_MOVED"]}, written([0x0107, 0x0C00])),
    Recipe("act-wake", "5.12",
           {"say": "act", "unit": 17, "request_id": REQUEST_ID, "operation": "WAKE", "aisle": 0},
           write_read(0x0840, [*ID_WORDS, 0x1500], 0x0848, 2)),
    Recipe("act-sleep", "5.12",
           {"say": "act", "unit": 17, "request_id": REQUEST_ID, "operation": "SLEEP", "aisle": 0},
           write_read(0x0840, [*ID_WORDS, 0x1700], 0x0848, 2)),
    Recipe("act-sleep-busy", "5.12",
           {"say": "reasons_answer", "unit": 17, "operation": "SLEEP", "aisle": 0, "reasons": ["BUSY"]},
           written([0x1700, 0x0010])),
    Recipe("lease", "5.7", {"say": "lease", "unit": 17, "token": 0xDEADBEE1, "counter": 258, "sequence": 0xABCD},
           write_many(0x0850, [0xDEAD, 0xBEE1, 0x0102, 0xABCD])),
    Recipe("lease-answer", "5.7", {"say": "written_many", "unit": 17, "address": 0x0850, "count": 4},
           rm.WriteMultipleRegistersResponse(address=0x0850, count=4, dev_id=17)),
    Recipe("stop-unicast", "5.8", {"say": "stop", "unit": 17, "reason": 1}, write_one(0x0860, 1)),
    Recipe("stop-broadcast", "2.8", {"say": "stop", "unit": 0, "reason": 255}, write_one(0x0860, 255, 0)),
    Recipe("deselect", "5.8", {"say": "deselect", "unit": 17, "token_low": 0xBEE1}, write_one(0x0861, 0xBEE1)),
    Recipe("indicator", "5.13",
           {"say": "indicator", "unit": 17, "aisle": 7, "face": "A", "section": 3, "tier": 4},
           write_many(0x0870, [7, 0x10C4])),
    Recipe("exception-value", "2.6", {"say": "exception", "unit": 17, "function": 16, "code": 3},
           ExceptionResponse(16, 3, 17)),
    Recipe("identification-ask", "3.5", {"say": "identification_ask", "unit": 17, "code": 1, "object": 0},
           ReadDeviceInformationRequest(1, 0, dev_id=17)),
    Recipe("identification-answer", "3.5",
           {"say": "identification", "unit": 17, "objects": {"0": "OpenAisle", "1": "Shelf-11", "2": "1.2.3"}},
           ReadDeviceInformationResponse(1, {0: "OpenAisle", 1: "Shelf-11", 2: "1.2.3"}, dev_id=17)),
    # ---- 1.1
    Recipe("read-wear-piece", "3.2", {"say": "read", "unit": 17, "function": 3, "address": 0x0500, "count": 11},
           read(0x0500, 11)),
    Recipe("identity-1-1", "3.2",
           {"say": "identity", "unit": 17} | IDENTITY_VALUE
           | {"protocol_version": 0x0101, "capabilities": ["FIRE_INPUT", "WEAR", "CONTACTS_ONLY"]},
           told(changed(changed(changed(IDENTITY_WORDS, 0, 0x0101), 19, 0x0042), 20, 0x8000))),
    Recipe("detail-room-inputs", "3.2", {"say": "detail", "unit": 17} | DETAIL_VALUE | {"room_inputs": ["WATER"]},
           told(changed(DETAIL_WORDS, 37, 2))),
    Recipe("wear", "3.2", {"say": "wear", "unit": 17} | WEAR_VALUE, told(WEAR_WORDS)),
    Recipe("motion-sweep-and-supply", "4",
           {"say": "motion", "unit": 2} | REST_VALUE
           | {"safety": ["STANDSTILL", "SWEEP_TRIPPED", "DRIVE_SUPPLY_LOST"], "faults": ["OVERLOAD"]},
           told(changed(changed(REST_WORDS, 4, 0xE000), 5, 0x1000), 2)),
    Recipe("ring-sweep-and-water", "5.10",
           {"say": "ring", "unit": 17, "events": [
               {"sequence": 0x0102, "kind": "SWEEP_TRIPPED", "argument": 9, "age_ms": 1230},
               {"sequence": 0x0103, "kind": "WATER", "argument": 1, "age_ms": 0}]},
           told([0x0102, 28, 9, 123, 0x0103, 34, 1, 0])),
    Recipe("ring-smoke-and-power", "5.10",
           {"say": "ring", "unit": 17, "events": [
               {"sequence": 0xFFFF, "kind": "SMOKE", "argument": 1, "age_ms": 10},
               {"sequence": 0, "kind": "POWER_FAILED", "argument": 0, "age_ms": 20}]},
           told([0xFFFF, 33, 1, 1, 0, 31, 0, 2])),
    Recipe("select-park", "5.12",
           {"say": "select", "unit": 1, "request_id": 0xFEDCBA9876543210, "operation": "PARK", "aisle": 0,
            "face": "NONE", "section": 0, "tier": 0},
           write_read(0x0800, [0xFEDC, 0xBA98, 0x7654, 0x3210, 0x0400, 0], 0x0810, 10, 1)),
    Recipe("act-lock-bank", "5.12",
           {"say": "act", "unit": 17, "request_id": REQUEST_ID, "operation": "LOCK", "aisle": 0},
           write_read(0x0840, [*ID_WORDS, 0x1000], 0x0848, 2)),
    Recipe("wear-87-registers", "3.2", _reject("wear", "wear_length"), told(WEAR_WORDS[:87])),
    Recipe("wear-bit-flipped", "2.5", _reject("wear", "frame"), told(WEAR_WORDS), flip_bit(50, 2)),
    Recipe("wear-crc-swapped", "2.3", _reject("wear", "frame"), told(WEAR_WORDS), swap_crc),
    Recipe("wear-cut", "2.5", _reject("wear", "frame"), told(WEAR_WORDS), cut_tail(3)),
    Recipe("ring-kind-35", "4", _reject("ring", "event_kind"), told([0x0102, 35, 0x0301, 123])),
    Recipe("ring-byte-lost", "2.5", _reject("ring", "frame"), told([0x0102, 28, 9, 123]), drop_byte(6)),
    Recipe("act-byte-doubled", "2.5", _reject("act", "frame"),
           write_read(0x0840, [*ID_WORDS, 0x1000], 0x0848, 2), double_byte(14)),
    Recipe("act-aisle-17", "3.6", _reject("act", "target"), write_read(0x0840, [*ID_WORDS, 0x1011], 0x0848, 2)),
    Recipe("act-operation-22", "4", _reject("act", "target"), write_read(0x0840, [*ID_WORDS, 0x1600], 0x0848, 2)),
    Recipe("act-operation-24", "4", _reject("act", "target"), write_read(0x0840, [*ID_WORDS, 0x1800], 0x0848, 2)),
    Recipe("act-sleep-bytes-swapped", "3.6", _reject("act", "target"),
           write_read(0x0840, [*ID_WORDS, 0x0017], 0x0848, 2)),
    Recipe("act-sleep-cut", "2.5", _reject("act", "frame"), write_read(0x0840, [*ID_WORDS, 0x1700], 0x0848, 2),
           cut_tail(3)),
    Recipe("act-operation-6", "4", _reject("act", "target"), write_read(0x0840, [*ID_WORDS, 0x0600], 0x0848, 2)),
    # ---- what must not be believed: damaged on the way
    Recipe("motion-crc-swapped", "2.3", _reject("motion", "frame"), told(MOTION_WORDS), swap_crc),
    Recipe("motion-bit-flipped", "2.5", _reject("motion", "frame"), told(MOTION_WORDS), flip_bit(9, 3)),
    Recipe("motion-byte-lost", "2.5", _reject("motion", "frame"), told(MOTION_WORDS), drop_byte(11)),
    Recipe("motion-byte-doubled", "2.5", _reject("motion", "frame"), told(MOTION_WORDS), double_byte(12)),
    Recipe("motion-cut", "2.5", _reject("motion", "frame"), told(MOTION_WORDS), cut_tail(5)),
    Recipe("select-crc-swapped", "2.3", _reject("select", "frame"),
           write_read(0x0800, [*ID_WORDS, 0x0107, 0x2085], 0x0810, 10), swap_crc),
    Recipe("select-bit-flipped", "2.5", _reject("select", "frame"),
           write_read(0x0800, [*ID_WORDS, 0x0107, 0x2085], 0x0810, 10), flip_bit(19, 0)),
    Recipe("operate-token-bit-flipped", "2.5", _reject("operate", "frame"),
           write_read(0x0820, [*ID_WORDS, 0xDEAD, 0xBEE1, 0x0107, 0x0304], 0x0830, 2), flip_bit(20, 7)),
    Recipe("operate-count-bit-flipped", "2.5", _reject("operate", "frame"),
           write_read(0x0820, [*ID_WORDS, 0xDEAD, 0xBEE1, 0x0107, 0x0304], 0x0830, 2), flip_bit(10, 1)),
    Recipe("lease-cut", "2.5", _reject("lease", "frame"), write_many(0x0850, [0xDEAD, 0xBEE1, 0x0102, 0xABCD]),
           cut_tail(1)),
    Recipe("lease-counter-bit-flipped", "2.5", _reject("lease", "frame"),
           write_many(0x0850, [0xDEAD, 0xBEE1, 0x0102, 0xABCD]), flip_bit(12, 0)),
    Recipe("stop-crc-bit-flipped", "2.3", _reject("stop", "frame"), write_one(0x0860, 1), flip_bit(7, 6)),
    Recipe("exception-cut", "2.5", _reject("exception", "frame"), ExceptionResponse(16, 3, 17), cut_tail(2)),
    # ---- what must not be believed: whole frames that say nonsense
    Recipe("motion-state-10", "4", _reject("motion", "state"), told(changed(MOTION_WORDS, 0, 10))),
    Recipe("motion-state-0x0600", "4", _reject("motion", "state"), told(changed(MOTION_WORDS, 0, 0x0600))),
    Recipe("motion-operation-6", "4", _reject("motion", "target"), told(changed(MOTION_WORDS, 2, 0x0607))),
    Recipe("motion-aisle-17", "3.6", _reject("motion", "target"), told(changed(MOTION_WORDS, 2, 0x0111))),
    Recipe("motion-progress-1001", "3.7", _reject("motion", "progress_permille"), told(changed(MOTION_WORDS, 3, 1001))),
    Recipe("motion-outcome-10", "4", _reject("motion", "outcome"), told(changed(MOTION_WORDS, 15, 0x0A00))),
    Recipe("motion-cause-16", "4", _reject("motion", "outcome"), told(changed(MOTION_WORDS, 15, 0x0310))),
    Recipe("motion-15-registers", "3.2", _reject("motion", "motion_length"), told(MOTION_WORDS[:15])),
    Recipe("identity-version-2", "1.4", _reject("identity", "protocol_version"),
           told(changed(IDENTITY_WORDS, 0, 0x0200))),
    Recipe("identity-25-columns", "3.6", _reject("identity", "columns"), told(changed(IDENTITY_WORDS, 7, 25))),
    Recipe("identity-0-aisles", "3.6", _reject("identity", "aisles"), told(changed(IDENTITY_WORDS, 8, 0))),
    Recipe("detail-face-3", "3.6", _reject("detail", "place"), told(changed(DETAIL_WORDS, 32, 0x30C4))),
    Recipe("detail-lease-refusal-6", "4", _reject("detail", "lease_refusal"), told(changed(DETAIL_WORDS, 34, 6))),
    Recipe("ring-kind-27", "4", _reject("ring", "event_kind"), told([0x0102, 27, 0x0301, 123])),
    Recipe("log-outcome-11", "4", _reject("log", "log_outcome"), told([*ID_WORDS, 0x0107, 0x0B07])),
    Recipe("select-answer-both", "5.4", _reject("select_answer", "select_token"),
           written(changed(SELECT_ANSWER_WORDS, 1, 2))),
    Recipe("select-answer-neither", "5.4", _reject("select_answer", "select_token"),
           written([0x0107, 0, 0, 0, *SELECT_ANSWER_WORDS[4:]])),
    Recipe("select-operation-22", "4", _reject("select", "target"),
           write_read(0x0800, [*ID_WORDS, 0x1607, 0x2085], 0x0810, 10)),
    Recipe("select-face-15", "3.6", _reject("select", "place"),
           write_read(0x0800, [*ID_WORDS, 0x0107, 0xF085], 0x0810, 10)),
    Recipe("operate-aisle-255", "3.6", _reject("operate", "target"),
           write_read(0x0820, [*ID_WORDS, 0xDEAD, 0xBEE1, 0x01FF, 0x0304], 0x0830, 2)),
    Recipe("lease-3-registers", "3.1", _reject("lease", "lease_length"), write_many(0x0850, [0xDEAD, 0xBEE1, 0x0102])),
)  # fmt: skip

# mbpoll's own command line; what it puts on the wire is recorded at the other end of a pty.
MBPOLL: tuple[Recipe, ...] = (
    Recipe("mbpoll-read-motion", "2.2", {"say": "read", "unit": 17, "function": 3, "address": 256, "count": 16},
           ["-a", "17", "-r", "256", "-c", "16"], peer="mbpoll"),
    Recipe("mbpoll-read-identity", "2.2", {"say": "read", "unit": 5, "function": 3, "address": 0, "count": 21},
           ["-a", "5", "-r", "0", "-c", "21"], peer="mbpoll"),
    Recipe("mbpoll-read-input", "2.2", {"say": "read", "unit": 17, "function": 4, "address": 0x010B, "count": 1},
           ["-a", "17", "-t", "3", "-r", "267", "-c", "1"], peer="mbpoll"),
    Recipe("mbpoll-stop", "5.8", {"say": "stop", "unit": 17, "reason": 4660},
           ["-a", "17", "-r", "2144", "DEVICE", "4660"], peer="mbpoll"),
    Recipe("mbpoll-lease", "5.7", {"say": "lease", "unit": 9, "token": 0x12345678, "counter": 258, "sequence": 772},
           ["-a", "9", "-r", "2128", "DEVICE", "4660", "22136", "258", "772"], peer="mbpoll"),
    Recipe("mbpoll-indicator", "5.13",
           {"say": "indicator", "unit": 9, "aisle": 11, "face": "B", "section": 4, "tier": 6},
           ["-a", "9", "-r", "2160", "DEVICE", "11", "8454"], peer="mbpoll"),
    Recipe("mbpoll-indicator-one-register", "3.1", _reject("indicator", "indicator_length"),
           ["-a", "9", "-r", "2160", "DEVICE", "11"], peer="mbpoll"),
    Recipe("mbpoll-indicator-aisle-17", "3.6", _reject("indicator", "indicator_aisle"),
           ["-a", "9", "-r", "2160", "DEVICE", "17", "8454"], peer="mbpoll"),
    Recipe("mbpoll-read-crc-swapped", "2.3", _reject("read", "frame"), ["-a", "17", "-r", "256", "-c", "16"],
           swap_crc, peer="mbpoll"),
    Recipe("mbpoll-lease-byte-lost", "2.5", _reject("lease", "frame"),
           ["-a", "9", "-r", "2128", "DEVICE", "4660", "22136", "258", "772"], drop_byte(9), peer="mbpoll"),
)  # fmt: skip


def build_by_pymodbus(pdu: ModbusPDU) -> bytes:
    """Let pymodbus frame its own message."""
    return bytes(FramerRTU(DecodePDU(False)).buildFrame(pdu))


def is_frame_to_pymodbus(frame: bytes, asked: bool) -> bool:
    """Tell whether pymodbus takes these bytes for a whole frame."""
    framer = FramerRTU(DecodePDU(asked))
    try:
        used, _, _, body = framer.decode(frame)
    except IndexError:
        return False
    return used == len(frame) and bool(body)
