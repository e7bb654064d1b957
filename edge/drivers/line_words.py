"""A kept frame in plain words: unit, function, block, registers by name with their values. Made only when looked at.

All from the register map as data: a register this file has no words for is shown as a number.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import IntEnum, IntFlag

from edge.line_view import Direction, FrameView, RegisterReading
from firmware_protocol import codes, pdu
from firmware_protocol import registers as map_
from firmware_protocol.fields import MessageFault, Place, Target, aisles_of, join_words, read_text, unpack_pairs
from firmware_protocol.frame import (
    DEVICE_ID,
    EXCEPTION_BIT,
    READ_HOLDING,
    READ_INPUT,
    READ_WRITE,
    WRITE_MANY,
    WRITE_ONE,
    Frame,
    FrameReader,
    Role,
)
from firmware_protocol.registers import RegisterDef

UNKNOWN_U16 = 0xFFFF
UNKNOWN_S16 = 0x8000
ACTS = {
    READ_HOLDING: "read",
    READ_INPUT: "read",
    WRITE_ONE: "write",
    WRITE_MANY: "write",
    READ_WRITE: "read_write",
    DEVICE_ID: "identify",
}
ENUMS: dict[str, type[IntEnum]] = {
    "state": codes.BankState,
    "lease_refusal": codes.LeaseRefusal,
    "event_kind": codes.EventKind,
    "stop_reason": codes.StopReason,
    "stop": codes.StopReason,
}
FLAGS: dict[str, type[IntFlag]] = {
    "safety_bits": codes.SafetyBits,
    "fault_bits": codes.FaultBits,
    "capabilities": codes.Capabilities,
    "room_inputs": codes.RoomInputs,
}
HEX_NAMES = ("hash", "token", "request_id", "boot_id", "version")
# registers whose highest number means "not known"
UNKNOWABLE = ("position_mm", "width_mm", "progress", "humidity", "current", "cycles")
# every occurrence of every row by its address
OCCURRENCES: dict[int, tuple[RegisterDef, int]] = {
    row.address + index * row.stride: (row, index) for row in map_.REGISTERS for index in range(row.repeat)
}


@dataclass(slots=True)
class Spoken:
    """A frame, or bytes that were none, as the bus thread kept it."""

    direction: Direction
    octets: bytes
    mono_ms: float
    frame: Frame | None = None
    fault: str = ""
    length: int = 0
    act: str = ""
    request: bytes = b""  # what a heard frame answers
    round_trip_ms: float | None = None
    number: int = 0
    wall_ms: int = 0


def describe_frame(spoken: Spoken, banks: Mapping[int, str]) -> FrameView:
    """Tell a kept frame in words."""
    octets = spoken.octets
    if spoken.frame is not None:
        octets = bytes((spoken.frame.unit, spoken.frame.function)) + spoken.frame.body
    unit, function = (octets[0], octets[1]) if len(octets) > 1 and not spoken.fault else (0, 0)
    act, what = spoken.act, ""
    registers: list[RegisterReading] = []
    if spoken.direction == "sent":
        act, what, registers = describe_request(octets)
    elif spoken.request and spoken.frame is not None:
        act, what, registers = describe_answer(spoken.request, spoken.frame)
    return FrameView(
        number=spoken.number,
        mono_ms=spoken.mono_ms,
        wall_ms=spoken.wall_ms,
        direction=spoken.direction,
        unit=unit,
        bank=banks.get(unit, ""),
        function=function,
        act=act,
        what=what,
        fault=spoken.fault,
        registers=tuple(registers),
        octets=octets,
        round_trip_ms=spoken.round_trip_ms,
    )


def describe_request(octets: bytes) -> tuple[str, str, list[RegisterReading]]:
    """Tell act, block and written registers of a request of ours."""
    found = FrameReader(Role.REQUEST).feed(octets, True)
    frame = next((each for each in found if isinstance(each, Frame)), None)
    if frame is None:
        return "", "", []
    request = pdu.read_request(frame)
    act = ACTS.get(frame.function, "")
    match request:
        case pdu.ReadRegisters():
            return act, name_span(request.address, request.count), []
        case pdu.WriteRegisters():
            return act, name_span(request.address, len(request.values)), name_words(request.address, request.values)
        case pdu.ReadWriteRegisters():
            words = name_words(request.write_address, request.values)
            return act, name_span(request.write_address, len(request.values)), words
        case _:
            return act, "", []


def describe_answer(request: bytes, frame: Frame) -> tuple[str, str, list[RegisterReading]]:
    """Tell act, block and read registers of an answer to a request of ours."""
    what = name_request(request)
    answer = pdu.read_answer(frame)
    match answer:
        case pdu.RegistersRead():
            return ACTS[frame.function], what, name_words(int.from_bytes(request[2:4], "big"), answer.values)
        case pdu.Refused():
            code = answer.code
            known = code in set(pdu.ExceptionCode)
            word = pdu.ExceptionCode(code).name.lower() if known else f"exception {code}"
            return "exception", what, [RegisterReading(0, "exception_code", 0, str(code), "", (word,), (code,))]
        case _:
            return ACTS.get(frame.function & ~EXCEPTION_BIT, ""), what, []


def name_request(request: bytes) -> str:
    """Name what a request was about: the block it reads, or the one it writes."""
    if request[1] == READ_WRITE:
        return name_span(int.from_bytes(request[6:8], "big"), 1)
    if request[1] == DEVICE_ID or len(request) < 6:
        return ""
    return name_span(int.from_bytes(request[2:4], "big"), 1)


def name_span(address: int, count: int) -> str:
    """Name the block in which a span lies, or give its addresses."""
    for block in map_.BLOCKS:
        if block.address <= address and address + count <= block.end:
            return block.name
    return f"{address:04X}+{count}"


def name_words(address: int, words: tuple[int, ...]) -> list[RegisterReading]:
    """Name the registers of a span."""
    return list_readings({address + offset: (word, 0.0) for offset, word in enumerate(words)}, 0.0)


def list_readings(words: Mapping[int, tuple[int, float]], now_ms: float) -> list[RegisterReading]:
    """Name every register all of whose words are at hand, by address; what the map doesn't know goes last."""
    columns = words[0x0007][0] if 0x0007 in words else map_.MAX_COLUMNS
    aisles = words[0x0008][0] if 0x0008 in words else map_.MAX_AISLES
    most = {map_.MAX_COLUMNS: columns, map_.MAX_AISLES: aisles}
    readings: list[RegisterReading] = []
    nameless: list[RegisterReading] = []
    named_to = 0
    for address in sorted(words):
        if address < named_to:
            continue
        found = OCCURRENCES.get(address)
        span = range(address, address + found[0].registers) if found else range(address, address + 1)
        age_ms = max(0, int(now_ms - min(words[each][1] for each in span if each in words)))
        if found is None or not all(each in words for each in span):
            word = words[address][0]
            if word:
                nameless.append(RegisterReading(address, "", 0, str(word), "", (), (word,), age_ms))
            continue
        row, index = found
        named_to = span.stop
        if index < most.get(row.repeat, row.repeat):  # the bank may have fewer columns or aisles than the map
            raw = tuple(words[each][0] for each in span)
            readings.append(name_register(row, index, raw, columns, age_ms))
    return readings + nameless


def name_register(row: RegisterDef, index: int, raw: tuple[int, ...], columns: int, age_ms: int) -> RegisterReading:
    """Tell one register by name, value and unit."""
    value, words = READERS.get(row.kind, read_number)(row, index, raw, columns)
    return RegisterReading(
        address=row.address + index * row.stride,
        name=row.name,
        index=index + 1 if row.repeat > 1 else 0,
        value=value,
        unit="" if not value else row.unit,
        words=words,
        raw=raw,
        age_ms=age_ms,
        block=name_span(row.address, 1),
    )


Told = tuple[str, tuple[str, ...]]


def read_number(row: RegisterDef, _index: int, raw: tuple[int, ...], _columns: int) -> Told:
    """Tell a number: scaled, as hexadecimal where it is an identity, or unknown."""
    number = join_words(raw)
    if row.name in ENUMS:
        return read_enum(row, 0, raw, 0)
    if any(part in row.name for part in HEX_NAMES):
        return f"{number:0{4 * len(raw)}X}", ()
    if row.kind == "s16":
        if number == UNKNOWN_S16:
            return "", ("unknown",)
        number = number - 0x10000 if number & 0x8000 else number
    elif number == UNKNOWN_U16 and any(part in row.name for part in UNKNOWABLE):
        return "", ("unknown",)
    return f"{number * row.scale:g}" if row.scale < 1 else str(int(number * row.scale)), ()


def read_enum(row: RegisterDef, _index: int, raw: tuple[int, ...], _columns: int) -> Told:
    """Tell a code by its name."""
    kind = ENUMS.get(row.name)
    if kind is None or raw[0] not in set(kind):
        return str(raw[0]), ()
    return "", (kind(raw[0]).name.lower(),)


def read_mask(row: RegisterDef, _index: int, raw: tuple[int, ...], _columns: int) -> Told:
    """Tell the bits that are set: flags by name, else aisle numbers."""
    number = join_words(raw)
    kind = codes.Reasons if row.name.endswith("reasons") else FLAGS.get(row.name)
    if kind is None:
        return (", ".join(str(aisle) for aisle in aisles_of(number)), ()) if number else ("", ("none",))
    names = tuple((bit.name or "").lower() for bit in kind if bit and number & bit)
    left = number & ~sum(kind)
    return f"+{left:X}" if left else "", names or ("none",)


def read_packed(row: RegisterDef, index: int, raw: tuple[int, ...], columns: int) -> Told:
    """Tell a packed register by what is packed in it."""
    for ending, reader in PACKED.items():
        if row.name.endswith(ending):
            return reader(index, raw[0], columns)
    return f"{raw[0]:04X}", ()


def read_target(_index: int, word: int, _columns: int) -> Told:
    """Tell operation and aisle."""
    target = Target.from_register(word)
    if isinstance(target, MessageFault):
        return f"{word:04X}", ()
    return str(target.aisle or ""), (target.operation.name.lower(),)


def read_place(_index: int, word: int, _columns: int) -> Told:
    """Tell face, section and tier."""
    place = Place.from_register(word)
    if isinstance(place, MessageFault):
        return f"{word:04X}", ()
    return (f"{place.face.name} {place.section}/{place.tier}", ()) if place.face else ("", ("none",))


def read_pairs(kind: type[IntEnum | IntFlag], index: int, word: int, columns: int) -> Told:
    """Tell two bits of each of eight columns."""
    first = index * 8 + 1
    count = max(0, min(8, columns - first + 1))
    pairs = unpack_pairs((word, 0, 0), count)
    return "", tuple(f"{first + at} {(kind(pair).name or '').lower()}" for at, pair in enumerate(pairs))


def read_outcome(_index: int, word: int, _columns: int) -> Told:
    """Tell outcome and its cause."""
    outcome, cause = word >> 8, word & 0xFF
    if outcome not in set(codes.Outcome) or cause not in set(codes.EndCause):
        return f"{word:04X}", ()
    words = (codes.Outcome(outcome).name.lower(), codes.EndCause(cause).name.lower())
    return "", tuple(dict.fromkeys(words))


def read_ascii(_row: RegisterDef, _index: int, raw: tuple[int, ...], _columns: int) -> Told:
    """Tell a text."""
    return read_text(raw), ()


PACKED: dict[str, Callable[[int, int, int], Told]] = {
    "target": read_target,
    "place": read_place,
    "contacts": lambda index, word, columns: read_pairs(codes.Contact, index, word, columns),
    "quality": lambda index, word, columns: read_pairs(codes.PositionQuality, index, word, columns),
    "outcome": read_outcome,
}
READERS: dict[str, Callable[[RegisterDef, int, tuple[int, ...], int], Told]] = {
    "enum": read_enum,
    "mask": read_mask,
    "mask32": read_mask,
    "packed": read_packed,
    "ascii8": read_ascii,
    "ascii16": read_ascii,
}
