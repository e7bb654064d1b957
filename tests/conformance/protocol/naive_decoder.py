"""A second reading of the SPEC: slow, plain, bit by bit, and without a line of the codec it checks.

`decode(octets, say)` returns the fields of a vector's value, or {"reject": why}. Numbers below are copied from
SPEC.md's tables by hand.
"""

from __future__ import annotations

import zlib
from typing import Any

STATES = ["UNKNOWN", "ASLEEP", "WAKING", "IDLE", "SELECTED", "WARNING", "MOVING", "SETTLING", "STOPPED", "FAULT"]
OPERATIONS = {
    0: "NONE", 1: "OPEN", 2: "CLOSE_ALL", 3: "VENTILATE", 4: "PARK", 5: "HOME", 16: "LOCK", 17: "UNLOCK",
    18: "LIGHT_ON", 19: "LIGHT_OFF", 20: "CLEAR_FAULT", 21: "WAKE", 23: "SLEEP",
}  # fmt: skip
REASONS = [
    "NOT_AWAKE", "OCCUPIED", "LOCKED", "LOCAL", "BUSY", "SELECTED_ELSEWHERE", "FAULT", "POSITION_UNKNOWN",
    "LOCAL_CONTROL", "NOT_SUPPORTED", "NOT_SELECTED", "RING_MOVED", "ID_USED", "OTHER_TARGET", "FIRE", "NO_SUCH_TARGET",
]  # fmt: skip
SAFETY = [
    "ESTOP_OPEN", "EDGE_TRIPPED", "BEAM_BROKEN", "TRIP_LATCHED", "CLUTCH_RELEASED", "LOCAL_PANEL", "MAINTENANCE_KEY",
    "IN_AISLE_LOCK", "GATEWAY_LOCK", "FIRE_INPUT", "WARNING_ON", "DRIVE_POWER", "LEASE_LIVE", "STANDSTILL",
    "SWEEP_TRIPPED", "DRIVE_SUPPLY_LOST",
]  # fmt: skip
FAULTS = [
    "DRIVE", "JAM", "POSITION_LOST", "CONTACT_MISMATCH", "SENSOR", "TRAVEL_TIME", "COLUMN_BUS", "SUPPLY_LOW",
    "SELF_TEST", "INDICATOR", "LOCK", "CLIMATE", "OVERLOAD",
]  # fmt: skip
OUTCOMES = [
    "NONE", "SELECTED", "ACCEPTED", "DONE", "REFUSED", "STOPPED", "LAPSED", "FAILED", "EXPIRED", "DESELECTED",
]  # fmt: skip
CAUSES = [
    "NONE", "ARRIVED", "STOP_WIRE", "STOP_LOCAL", "LEASE", "ESTOP", "EDGE", "BEAM", "OCCUPANCY", "LOCK",
    "LOCAL_CONTROL", "TRAVEL_TIME", "WARNING_TIME", "FAULT", "POWER", "FIRE",
]  # fmt: skip
EVENTS = [
    "NONE", "POWER_ON", "BUTTON", "HANDLE", "OCCUPIED", "CLEARED", "BEAM_BROKEN", "BEAM_RESTORED", "EDGE_TRIPPED",
    "EDGE_RESTORED", "ESTOP_OPENED", "ESTOP_CLOSED", "LOCK_SET", "LOCK_RELEASED", "LOCAL_MOTION", "MOTION_ENDED",
    "FAULT_SET", "FAULT_CLEARED", "DOOR", "FIRE", "MAINTENANCE", "ASLEEP", "AWAKE", "POSITION_LOST", "HOMED",
    "STOP_PRESSED", "TRIP_RESET", "", "SWEEP_TRIPPED", "SWEEP_RESTORED", "OVERLOAD", "POWER_FAILED", "POWER_RETURNED",
    "SMOKE", "WATER",
]  # fmt: skip
CAPABILITIES = [
    "MEASURES_POSITION", "CLOSE_ALL", "VENTILATE", "PARK", "HOME", "LOCK", "LIGHT", "INDICATOR", "CLIMATE", "WAKE",
    "CLEAR_FAULT", "FOOT_BEAMS", "PIR", "EDGES", "ENTRY_BEAMS", "FIRE_INPUT", "INDICATOR_PER_PLACE", "WEAR", "SWEEPS",
    "SMOKE_INPUT", "WATER_INPUT", "DOOR_CONTACT", "CONTACTS_ONLY", "SLEEP",
]  # fmt: skip
ROOM = ["SMOKE", "WATER", "DOOR_OPEN"]
FACES = ["NONE", "A", "B"]
QUALITIES = ["UNKNOWN", "INFERRED", "CONTACTS_ONLY", "MEASURED"]
LEASE_REFUSALS = ["NONE", "NO_MOTION", "WRONG_TOKEN", "COUNTER", "SEQUENCE_OLD", "LAPSED"]


class NonsenseError(Exception):
    """A whole frame that says nothing valid; carries the field."""


def crc_bit_by_bit(octets: bytes) -> int:
    register = 0xFFFF
    for octet in octets:
        register ^= octet
        for _ in range(8):
            odd = register % 2
            register //= 2
            if odd:
                register ^= 0xA001
    return register


def is_whole(octets: bytes) -> bool:
    if len(octets) < 4:
        return False
    return octets[-2] + 256 * octets[-1] == crc_bit_by_bit(octets[:-2])


def word(octets: bytes, at: int) -> int:
    return 256 * octets[at] + octets[at + 1]


def words(octets: bytes, at: int, count: int) -> list[int]:
    return [word(octets, at + 2 * index) for index in range(count)]


def number(parts: list[int]) -> int:
    value = 0
    for part in parts:
        value = value * 65536 + part
    return value


def bits(value: int, names: list[str]) -> list[str]:
    return [name for index, name in enumerate(names) if value // 2**index % 2]


def aisles(mask: int) -> list[int]:
    return [index + 1 for index in range(16) if mask // 2**index % 2]


def pairs(three: list[int], count: int) -> list[int]:
    return [three[column // 8] // 4 ** (column % 8) % 4 for column in range(count)]


def pick(names: list[str], index: int, field: str) -> str:
    if index >= len(names) or not names[index]:
        raise NonsenseError(field)
    return names[index]


def target(value: int) -> dict[str, Any]:
    if value // 256 not in OPERATIONS or value % 256 > 16:
        raise NonsenseError("target")
    return {"operation": OPERATIONS[value // 256], "aisle": value % 256}


def place(value: int) -> dict[str, Any]:
    return {"face": pick(FACES, value // 4096, "place"), "section": value // 64 % 64, "tier": value % 64}


def maybe(value: int) -> int | None:
    return None if value == 0xFFFF else value


def text(parts: list[int]) -> str:
    return "".join(chr(part // 256) + chr(part % 256) for part in parts).rstrip("\0")


def answer_words(octets: bytes) -> list[int]:
    if octets[2] != len(octets) - 5:
        raise NonsenseError("frame")
    return words(octets, 3, octets[2] // 2)


def asked_words(octets: bytes) -> list[int]:
    """What a 23 or a 16 writes."""
    head = 11 if octets[1] == 0x17 else 7
    if octets[head - 1] != len(octets) - head - 2 or word(octets, head - 3) * 2 != octets[head - 1]:
        raise NonsenseError("frame")
    return words(octets, head, octets[head - 1] // 2)


def decode_motion(w: list[int]) -> dict[str, Any]:
    if len(w) != 16:
        raise NonsenseError("motion_length")
    state = pick(STATES, w[0], "state")
    aim = target(w[2])
    if w[3] > 1000 and w[3] != 0xFFFF:
        raise NonsenseError("progress_permille")
    return {
        "state": state, "open_aisles": aisles(w[1]), **aim, "progress_permille": maybe(w[3]),
        "safety": bits(w[4], SAFETY), "faults": bits(w[5], FAULTS), "occupied": aisles(w[6]),
        "occupancy_unknown": aisles(w[7]), "contacts": pairs(w[8:11], 24), "sequence": w[11], "ring_head": w[12],
        "boot_id_low": w[13], "last_request_id_low": w[14], "outcome": pick(OUTCOMES, w[15] // 256, "outcome"),
        "cause": pick(CAUSES, w[15] % 256, "outcome"),
    }  # fmt: skip


def decode_identity(w: list[int]) -> dict[str, Any]:
    if w[0] // 256 != 1:
        raise NonsenseError("protocol_version")
    if not 1 <= w[7] <= 24:
        raise NonsenseError("columns")
    if not 1 <= w[8] <= 16:
        raise NonsenseError("aisles")
    return {
        "protocol_version": w[0], "map_hash": number(w[1:3]), "geometry_hash": number(w[3:5]),
        "boot_id": number(w[5:7]), "columns": w[7], "aisles": w[8], "sections": w[9], "tiers": w[10],
        "passable_gap_mm": w[11], "warning_time_ms": w[12], "nominal_speed_mm_s": w[13], "travel_time_ms": 10 * w[14],
        "wake_time_ms": 10 * w[15], "settle_time_ms": w[16], "reaction_time_ms": w[17], "braking_mm": w[18],
        "capabilities": bits(number(w[19:21]), CAPABILITIES), "maker": text(w[32:40]), "model": text(w[40:48]),
        "serial_number": text(w[48:56]), "firmware_version": text(w[56:60]),
    }  # fmt: skip


def decode_detail(w: list[int]) -> dict[str, Any]:
    """Five columns and four aisles, as in the vectors."""
    lit = place(w[32])
    return {
        "positions_mm": [maybe(mm) for mm in w[:5]],
        "qualities": [QUALITIES[pair] for pair in pairs(w[24:27], 5)],
        "temperature_dc": w[27] - 65536 if w[27] >= 32768 else w[27], "humidity_permille": w[28],
        "in_aisle_locks": aisles(w[29]), "gateway_locks": aisles(w[30]), "indicator_aisle": w[31], **lit,
        "lights": aisles(w[33]), "lease_refusal": pick(LEASE_REFUSALS, w[34], "lease_refusal"), "lease_left_ms": w[35],
        "stop_reason": w[36], "aisle_widths_mm": [maybe(mm) for mm in w[40:44]],
        **({"room_inputs": bits(w[37], ROOM)} if w[37] % 8 else {}),
    }  # fmt: skip


def decode_wear(w: list[int]) -> dict[str, Any]:
    """Five columns and four aisles, as in the vectors."""
    sized(w, 88, "wear_length")
    cycles = [number(w[2 * column : 2 * column + 2]) for column in range(5)]
    return {
        "column_cycles": [None if count == 0xFFFFFFFF else count for count in cycles],
        "motor_current_ma": [maybe(ma) for ma in w[48:53]],
        "opening_time_ms": [None if ms == 0xFFFF else 10 * ms for ms in w[72:76]],
    }


def decode_ring(w: list[int]) -> dict[str, Any]:
    events = []
    for at in range(0, len(w), 4):
        kind = pick(EVENTS, w[at + 1], "event_kind")
        events.append({"sequence": w[at], "kind": kind, "argument": w[at + 2], "age_ms": 10 * w[at + 3]})
    return {"events": events}


def decode_log(w: list[int]) -> dict[str, Any]:
    entries = []
    for at in range(0, len(w), 6):
        aim = target(w[at + 4])
        outcome = pick(OUTCOMES, w[at + 5] // 256, "log_outcome")
        cause = pick(CAUSES, w[at + 5] % 256, "log_outcome")
        entries.append({"request_id": number(w[at : at + 4]), **aim, "outcome": outcome, "cause": cause})
    return {"entries": entries}


def decode_select_answer(w: list[int]) -> dict[str, Any]:
    aim, token = target(w[0]), number(w[2:4])
    if (w[1] == 0) == (token == 0):
        raise NonsenseError("select_token")
    return {
        **aim, "reasons": bits(w[1], REASONS), "token": token, "sequence": w[4], "occupied": aisles(w[5]),
        "contacts": pairs(w[6:9], 24), "ring_head": w[9],
    }  # fmt: skip


def sized(w: list[int], count: int, field: str) -> list[int]:
    if len(w) != count:
        raise NonsenseError(field)
    return w


def decode_select(w: list[int]) -> dict[str, Any]:
    return {"request_id": number(w[:4]), **target(w[4]), **place(w[5])}


def decode_operate(w: list[int]) -> dict[str, Any]:
    return {"request_id": number(w[:4]), "token": number(w[4:6]), **target(w[6]), "ring_head": w[7]}


def decode_indicator(w: list[int]) -> dict[str, Any]:
    sized(w, 2, "indicator_length")
    if w[0] > 16:
        raise NonsenseError("indicator_aisle")
    return {"aisle": w[0], **place(w[1])}


def decode_lease(w: list[int]) -> dict[str, Any]:
    sized(w, 4, "lease_length")
    return {"token": number(w[:2]), "counter": w[2], "sequence": w[3]}


def decode_identification(octets: bytes) -> dict[str, Any]:
    objects, at = {}, 8
    for _ in range(octets[7]):
        objects[str(octets[at])] = octets[at + 2 : at + 2 + octets[at + 1]].decode("ascii")
        at += 2 + octets[at + 1]
    return {"objects": objects}


ANSWERS = {
    "motion": decode_motion, "identity": decode_identity, "detail": decode_detail, "wear": decode_wear, "ring": decode_ring,
    "log": decode_log, "select_answer": decode_select_answer,
    "reasons_answer": lambda w: {**target(w[0]), "reasons": bits(w[1], REASONS)},
}  # fmt: skip
ASKED = {
    "select": decode_select, "operate": decode_operate, "lease": decode_lease, "indicator": decode_indicator,
    "act": lambda w: {"request_id": number(w[:4]), **target(w[4])},
}  # fmt: skip
WHOLE = {
    "read": lambda o: {"function": o[1], "address": word(o, 2), "count": word(o, 4)},
    "write_one": lambda o: {"address": word(o, 2), "value": word(o, 4)},
    "write_many": lambda o: {"address": word(o, 2), "values": asked_words(o)},
    "written_many": lambda o: {"address": word(o, 2), "count": word(o, 4)},
    "registers": lambda o: {"function": o[1], "values": answer_words(o)},
    "stop": lambda o: {"reason": word(o, 4)},
    "deselect": lambda o: {"token_low": word(o, 4)},
    "exception": lambda o: {"function": o[1] - 128, "code": o[2]},
    "identification_ask": lambda o: {"code": o[3], "object": o[4]},
    "identification": decode_identification,
}
LENGTHS = {"exception": 5, "stop": 8, "deselect": 8, "read": 8, "write_one": 8, "written_many": 8}


def decode(octets: bytes, say: str) -> dict[str, Any]:
    """Read one frame as the message it is said to be."""
    if say == "crc":
        return {"crc": crc_bit_by_bit(octets)}
    if say == "geometry":
        return {"hash": zlib.crc32(octets)}
    if not is_whole(octets) or len(octets) != LENGTHS.get(say, len(octets)):
        return {"reject": "frame"}
    try:
        if say in WHOLE:
            fields = WHOLE[say](octets)
        elif say in ANSWERS:
            fields = ANSWERS[say](answer_words(octets))
        else:
            body = [word(octets, 2), word(octets, 4)] if octets[1] == 6 else None
            fields = ASKED[say]([body[1]] if body else asked_words(octets))
    except NonsenseError as nonsense:
        return {"reject": str(nonsense)}
    return {"unit": octets[0], **fields}
