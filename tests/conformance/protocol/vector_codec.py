"""Our codec's reading and writing of a vector, as the same plain values the vectors use."""

from __future__ import annotations

from collections.abc import Callable
from enum import IntEnum, IntFlag
from typing import Any

from firmware_protocol import codes, pdu
from firmware_protocol import messages as m
from firmware_protocol import registers as map_
from firmware_protocol.crc import crc16
from firmware_protocol.frame import Frame, FrameReader, Role
from firmware_protocol.geometry import (
    AisleShape,
    BankShape,
    ColumnShape,
    SegmentShape,
    StopKind,
    geometry_bytes,
    geometry_hash,
)
from firmware_protocol.wear import Wear

READ_BLOCKS = {"motion": m.MotionSnapshot, "identity": m.Identity, "select_answer": m.SelectAnswer,
               "reasons_answer": m.ReasonsAnswer}  # fmt: skip
ASKED = {"select": m.SelectRequest, "operate": m.OperateRequest, "act": m.ActRequest, "lease": m.Lease,
         "indicator": m.Indicator}  # fmt: skip
REQUESTS = {"read", "write_one", "write_many", "stop", "deselect", "identification_ask", *ASKED}
WHERE = {
    "select": (map_.SELECT, map_.SELECT_ANSWER),
    "operate": (map_.OPERATE, map_.OPERATE_ANSWER),
    "act": (map_.ACT, map_.ACT_ANSWER),
}
WRITES = {"lease": map_.LEASE, "indicator": map_.INDICATOR}
COLUMNS, AISLES = 5, 4  # of the vectors' DETAIL


def name_bits(value: IntFlag) -> list[str]:
    return [str(bit.name) for bit in value]


def show_target(value: m.Target) -> dict[str, Any]:
    return {"operation": value.operation.name, "aisle": value.aisle}


def show_place(value: m.Place) -> dict[str, Any]:
    return {"face": value.face.name, "section": value.section, "tier": value.tier}


def show_motion(s: m.MotionSnapshot) -> dict[str, Any]:
    return {
        "state": s.state.name, "open_aisles": list(m.aisles_of(s.open_aisles)), **show_target(s.target),
        "progress_permille": None if s.progress_permille == 0xFFFF else s.progress_permille,
        "safety": name_bits(s.safety), "faults": name_bits(s.faults), "occupied": list(m.aisles_of(s.occupancy_seen)),
        "occupancy_unknown": list(m.aisles_of(s.occupancy_unknown)), "contacts": list(m.unpack_pairs(s.contacts, 24)),
        "sequence": s.sequence, "ring_head": s.ring_head, "boot_id_low": s.boot_id_low,
        "last_request_id_low": s.last_request_id_low, "outcome": s.outcome.name, "cause": s.cause.name,
    }  # fmt: skip


def show_identity(i: m.Identity) -> dict[str, Any]:
    shown = {name: getattr(i, name) for name in i.__slots__}
    return shown | {"capabilities": name_bits(i.capabilities)}


def show_detail(d: m.Detail) -> dict[str, Any]:
    assert d.temperature_c is not None
    assert d.relative_humidity is not None
    return {
        "positions_mm": list(d.positions_mm), "qualities": [quality.name for quality in d.qualities],
        "temperature_dc": round(d.temperature_c * 10), "humidity_permille": round(d.relative_humidity * 10),
        "in_aisle_locks": list(m.aisles_of(d.in_aisle_locks)), "gateway_locks": list(m.aisles_of(d.gateway_locks)),
        "indicator_aisle": d.indicator_aisle, **show_place(d.indicator_place), "lights": list(m.aisles_of(d.lights)),
        "lease_refusal": d.lease_refusal.name, "lease_left_ms": d.lease_left_ms, "stop_reason": d.stop_reason,
        "aisle_widths_mm": list(d.aisle_widths_mm), **({"room_inputs": name_bits(d.room_inputs)} if d.room_inputs else {}),
    }  # fmt: skip


def show_message(message: Any) -> dict[str, Any]:
    """Show a message field by field, targets and places flattened."""
    if isinstance(message, m.MotionSnapshot):
        return show_motion(message)
    if isinstance(message, m.Identity):
        return show_identity(message)
    if isinstance(message, m.Detail):
        return show_detail(message)
    shown: dict[str, Any] = {}
    for name in message.__slots__:
        shown |= show_field(name, getattr(message, name))
    return shown


def show_field(name: str, value: Any) -> dict[str, Any]:
    """Show one field in the vectors' words."""
    if isinstance(value, m.Target):
        return show_target(value)
    if isinstance(value, m.Place):
        return show_place(value)
    if name == "occupancy_seen":
        return {"occupied": list(m.aisles_of(value))}
    if name == "contacts":
        return {"contacts": list(m.unpack_pairs(value, 24))}
    if isinstance(value, IntFlag):
        return {name: name_bits(value)}
    return {name: value.name if isinstance(value, IntEnum) else value}


def find_frame(octets: bytes, say: str) -> Frame | None:
    """Let the reader find exactly one frame that takes up all bytes."""
    role = Role.REQUEST if say in REQUESTS else Role.RESPONSE
    found = FrameReader(role).feed(octets, True)
    frame = found[0] if len(found) == 1 else None
    return frame if isinstance(frame, Frame) and len(frame.body) + 4 == len(octets) else None


def decode(octets: bytes, say: str) -> dict[str, Any]:
    """Read one frame as the message it is said to be."""
    if say == "crc":
        return {"crc": crc16(octets)}
    frame = find_frame(octets, say)
    if frame is None:
        return {"reject": "frame"}
    shown = _decode_request(frame, say) if say in REQUESTS else _decode_answer(frame, say)
    return shown if "reject" in shown else {"unit": frame.unit, **shown}


def _refuse(fault: m.MessageFault) -> dict[str, Any]:
    return {"reject": fault.field}


def _decode_request(frame: Frame, say: str) -> dict[str, Any]:
    request = pdu.read_request(frame)
    if isinstance(request, pdu.ReadRegisters):
        return {"function": request.function, "address": request.address, "count": request.count}
    if isinstance(request, pdu.ReadIdentification):
        return {"code": request.code, "object": request.object_id}
    assert isinstance(request, pdu.WriteRegisters | pdu.ReadWriteRegisters)
    if say in ASKED:
        message = ASKED[say].from_registers(request.values)
        return _refuse(message) if isinstance(message, m.MessageFault) else show_message(message)
    assert isinstance(request, pdu.WriteRegisters)
    return _decode_write(request, say)


def _decode_write(request: pdu.WriteRegisters, say: str) -> dict[str, Any]:
    if say == "stop":
        assert request.address == map_.STOP.address
        return show_message(m.Stop.from_registers(request.values))
    if say == "deselect":
        assert request.address == map_.DESELECT.address
        return show_message(m.Deselect.from_registers(request.values))
    if say == "write_one":
        return {"address": request.address, "value": request.values[0]}
    return {"address": request.address, "values": list(request.values)}


def _decode_answer(frame: Frame, say: str) -> dict[str, Any]:
    answer = pdu.read_answer(frame)
    match answer:
        case pdu.Refused():
            return {"function": answer.function, "code": answer.code}
        case pdu.WriteConfirmed():
            return {"address": answer.address, "count": answer.value}
        case pdu.IdentificationRead():
            return {"objects": {str(number): text.decode("ascii") for number, text in answer.objects}}
        case pdu.RegistersRead():
            return _decode_words(answer.values, frame.function, say)
    return {"reject": "answer"}


def _decode_words(words: tuple[int, ...], function: int, say: str) -> dict[str, Any]:
    if say == "registers":
        return {"function": function, "values": list(words)}
    if say == "log":
        entries = m.read_log(words)
        if isinstance(entries, m.MessageFault):
            return _refuse(entries)
        return {"entries": [show_message(entry) for entry in entries]}
    if say == "ring":
        events = [m.RingEvent.from_registers(words[at : at + 4]) for at in range(0, len(words), 4)]
        faults = [event for event in events if isinstance(event, m.MessageFault)]
        return _refuse(faults[0]) if faults else {"events": [show_message(event) for event in events]}
    if say == "wear":
        wear = Wear.from_registers(words, COLUMNS, AISLES)
        return (
            _refuse(wear)
            if isinstance(wear, m.MessageFault)
            else {name: list(getattr(wear, name)) for name in wear.__slots__}
        )
    if say == "detail":
        message: Any = m.Detail.from_registers(words, COLUMNS, AISLES)
    else:
        message = READ_BLOCKS[say].from_registers(words)
    return _refuse(message) if isinstance(message, m.MessageFault) else show_message(message)


# ---------------------------------------------------------------- and back


def encode(value: dict[str, Any], octets: bytes) -> bytes | None:
    """Write the same message with our builders; None where a vector says nothing about writing."""
    say, unit = value["say"], value.get("unit", 0)
    if say in WHERE:
        write, read = WHERE[say]
        return pdu.ask_read_write(unit, read.address, read.count, write.address, build_message(value).to_registers())
    if say in WRITES:
        return pdu.ask_write_many(unit, WRITES[say].address, build_message(value).to_registers())
    if say in READ_BLOCKS or say in {"detail", "wear", "log", "ring"}:
        return _encode_block(say, octets)
    return PLAIN[say](unit, value) if say in PLAIN else None


PLAIN: dict[str, Callable[[int, dict[str, Any]], bytes]] = {
    "read": lambda unit, v: pdu.ask_registers(unit, v["address"], v["count"], v["function"]),
    "write_one": lambda unit, v: pdu.ask_write(unit, v["address"], v["value"]),
    "write_many": lambda unit, v: pdu.ask_write_many(unit, v["address"], tuple(v["values"])),
    "written_many": lambda unit, v: pdu.answer_write_many(unit, v["address"], v["count"]),
    "registers": lambda unit, v: pdu.answer_registers(unit, v["function"], tuple(v["values"])),
    "stop": lambda unit, v: pdu.ask_write(unit, map_.STOP.address, m.Stop(v["reason"]).to_register()),
    "deselect": lambda unit, v: pdu.ask_write(unit, map_.DESELECT.address, m.Deselect(v["token_low"]).to_register()),
    "exception": lambda unit, v: pdu.answer_exception(unit, v["function"], pdu.ExceptionCode(v["code"])),
    "identification_ask": lambda unit, v: pdu.ask_identification(unit, v["code"], v["object"]),
    "identification": lambda unit, v: pdu.answer_identification(
        unit, 1, tuple((int(number), text.encode()) for number, text in v["objects"].items())
    ),
}


def build_message(value: dict[str, Any]) -> Any:
    """Build the message of an asked vector from its words."""
    target = m.Target(codes.Operation[value["operation"]], value["aisle"]) if "operation" in value else None
    place = m.Place(codes.Face[value["face"]], value["section"], value["tier"]) if "face" in value else None
    match value["say"]:
        case "select":
            assert target is not None
            assert place is not None
            return m.SelectRequest(value["request_id"], target, place)
        case "operate":
            assert target is not None
            return m.OperateRequest(value["request_id"], value["token"], target, value["ring_head"])
        case "act":
            assert target is not None
            return m.ActRequest(value["request_id"], target)
        case "lease":
            return m.Lease(value["token"], value["counter"], value["sequence"])
    assert place is not None
    return m.Indicator(value["aisle"], place)


def _encode_block(say: str, octets: bytes) -> bytes:
    """Decode and encode a block again: what was read from a peer's bytes must become those bytes."""
    words = tuple(int.from_bytes(octets[at : at + 2], "big") for at in range(3, len(octets) - 2, 2))
    if say == "detail":
        again: Any = m.Detail.from_registers(words, COLUMNS, AISLES).to_registers()
    elif say == "wear":
        again = Wear.from_registers(words, COLUMNS, AISLES).to_registers()  # type: ignore[union-attr]
    elif say == "log":
        entries = m.read_log(words)
        assert not isinstance(entries, m.MessageFault)
        again = m.log_registers(entries)[: len(words)]
    elif say == "ring":
        again = [
            n for at in range(0, len(words), 4) for n in m.RingEvent.from_registers(words[at : at + 4]).to_registers()
        ]
    else:
        again = READ_BLOCKS[say].from_registers(words).to_registers()[: len(words)]
    return pdu.answer_registers(octets[0], octets[1], tuple(int(number) for number in again))


def build_shape(value: dict[str, Any]) -> BankShape:
    """Build the geometry of a vector."""
    return BankShape(
        [ColumnShape(*column) for column in value["columns"]],
        [AisleShape(*aisle) for aisle in value["aisles"]],
        [SegmentShape(StopKind[left], StopKind[right], *rest) for left, right, *rest in value["segments"]],
        value["sections"],
        value["tiers"],
        value["passable_gap_mm"],
    )


def hash_shape(value: dict[str, Any]) -> tuple[bytes, int]:
    """Return the bytes and the hash of a vector's geometry."""
    return geometry_bytes(build_shape(value)), geometry_hash(build_shape(value))
