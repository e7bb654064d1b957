"""What stands inside a frame: reads, writes, answers, exceptions, for both ends. Knows registers as numbers only.

The gateway uses the `ask_*` builders and `read_answer`; a controller uses `read_request` and the `answer_*` builders.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache
from struct import Struct, pack, unpack
from typing import NamedTuple

from firmware_protocol.crc import append_crc
from firmware_protocol.frame import (
    DEVICE_ID,
    EXCEPTION_BIT,
    READ_HOLDING,
    READ_INPUT,
    READ_WRITE,
    WRITE_MANY,
    WRITE_ONE,
    Frame,
)

MAX_READ_REGISTERS = 125
MAX_WRITE_REGISTERS = 121
_ENCAPSULATION = 0x0E


class ExceptionCode(IntEnum):
    """Modbus exception codes a controller uses (SPEC 2.6)."""

    ILLEGAL_FUNCTION = 1
    ILLEGAL_ADDRESS = 2
    ILLEGAL_VALUE = 3
    DEVICE_FAILURE = 4
    BUSY = 6


@dataclass(frozen=True, slots=True)
class ReadRegisters:
    function: int
    address: int
    count: int


@dataclass(frozen=True, slots=True)
class WriteRegisters:
    """Function 06 or 16: `function` tells which, the answer differs."""

    function: int
    address: int
    values: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ReadWriteRegisters:
    read_address: int
    read_count: int
    write_address: int
    values: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ReadIdentification:
    code: int
    object_id: int


@dataclass(frozen=True, slots=True)
class RequestFault:
    """A request that must be answered with this exception."""

    function: int
    code: ExceptionCode


class RegistersRead(NamedTuple):
    values: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class WriteConfirmed:
    """Echo of 06 (address, value) or of 16 (address, count)."""

    function: int
    address: int
    value: int


@dataclass(frozen=True, slots=True)
class IdentificationRead:
    objects: tuple[tuple[int, bytes], ...]
    more: bool
    next_id: int


@dataclass(frozen=True, slots=True)
class Refused:
    """A Modbus exception; a code outside the standard stays a number."""

    function: int
    code: int


@dataclass(frozen=True, slots=True)
class AnswerFault:
    """A whole frame whose inside makes no sense."""

    reason: str


Request = ReadRegisters | WriteRegisters | ReadWriteRegisters | ReadIdentification | RequestFault
Answer = RegistersRead | WriteConfirmed | IdentificationRead | Refused | AnswerFault

_REGISTER_ANSWERS = frozenset({READ_HOLDING, READ_INPUT, READ_WRITE})
_SIX = Struct(">BBHH").pack
_READ_WRITE_HEAD = Struct(">BBHHHHB").pack
_WRITE_MANY_HEAD = Struct(">BBHHB").pack
_WORDS = tuple(Struct(f">{count}H") for count in range(MAX_READ_REGISTERS + 1))
_UNPACK_WORDS = tuple(words.unpack_from for words in _WORDS)


# ---------------------------------------------------------------- the gateway's side


@lru_cache(maxsize=512)
def ask_registers(unit: int, address: int, count: int, function: int = READ_HOLDING) -> bytes:
    """Frame that reads `count` registers."""
    return append_crc(_SIX(unit, function, address, count))


def ask_write(unit: int, address: int, value: int) -> bytes:
    """Frame that writes one register (function 06)."""
    return append_crc(_SIX(unit, WRITE_ONE, address, value))


def ask_write_many(unit: int, address: int, values: tuple[int, ...]) -> bytes:
    """Frame that writes registers (function 16)."""
    count = len(values)
    head = _WRITE_MANY_HEAD(unit, WRITE_MANY, address, count, count * 2)
    return append_crc(head + _WORDS[count].pack(*values))


def ask_read_write(unit: int, read_address: int, read_count: int, write_address: int, values: tuple[int, ...]) -> bytes:
    """Frame that writes, then reads, in one exchange (function 23)."""
    count = len(values)
    head = _READ_WRITE_HEAD(unit, READ_WRITE, read_address, read_count, write_address, count, count * 2)
    return append_crc(head + _WORDS[count].pack(*values))


def ask_identification(unit: int, code: int = 1, object_id: int = 0) -> bytes:
    """Frame that reads the device identification (function 43, type 14)."""
    return append_crc(pack(">BBBBB", unit, DEVICE_ID, _ENCAPSULATION, code, object_id))


def read_answer(frame: Frame) -> Answer:
    """Tell what a response says. Never raises on a frame that FrameReader let through."""
    function, body = frame.function, frame.body
    if function in _REGISTER_ANSWERS:
        return RegistersRead(_UNPACK_WORDS[body[0] >> 1](body, 1))
    if function in {WRITE_ONE, WRITE_MANY}:
        return WriteConfirmed(function, *unpack(">HH", body))
    if function & EXCEPTION_BIT:
        return Refused(function & 0x7F, body[0])
    if function == DEVICE_ID and body[0] == _ENCAPSULATION:
        return _read_identification(body)
    return AnswerFault("unknown_function")


def _read_identification(body: bytes) -> IdentificationRead:
    objects, at = [], 6
    for _ in range(body[5]):
        length = body[at + 1]
        objects.append((body[at], body[at + 2 : at + 2 + length]))
        at += 2 + length
    return IdentificationRead(tuple(objects), body[3] == 0xFF, body[4])


# ---------------------------------------------------------------- the controller's side


def read_request(frame: Frame) -> Request:
    """Tell what a request asks, or which exception it earns. Never raises on a frame that FrameReader let through."""
    reader = _REQUEST_READERS.get(frame.function)
    if reader is None:
        return RequestFault(frame.function, ExceptionCode.ILLEGAL_FUNCTION)
    return reader(frame.function, frame.body)


def _read_registers_request(function: int, body: bytes) -> Request:
    address, count = unpack(">HH", body)
    if not 1 <= count <= MAX_READ_REGISTERS:
        return RequestFault(function, ExceptionCode.ILLEGAL_VALUE)
    return ReadRegisters(function, address, count)


def _read_write_one(function: int, body: bytes) -> Request:
    address, value = unpack(">HH", body)
    return WriteRegisters(function, address, (value,))


def _read_write_many(function: int, body: bytes) -> Request:
    address, count = unpack(">HH", body[:4])
    return WriteRegisters(function, address, _WORDS[count].unpack_from(body, 5))


def _read_read_write(function: int, body: bytes) -> Request:
    read_address, read_count, write_address, count = unpack(">HHHH", body[:8])
    if not 1 <= read_count <= MAX_READ_REGISTERS or count > MAX_WRITE_REGISTERS:
        return RequestFault(function, ExceptionCode.ILLEGAL_VALUE)
    return ReadWriteRegisters(read_address, read_count, write_address, _WORDS[count].unpack_from(body, 9))


def _read_identification_request(function: int, body: bytes) -> Request:
    if body[0] != _ENCAPSULATION:
        return RequestFault(function, ExceptionCode.ILLEGAL_FUNCTION)
    if body[1] not in {1, 2, 3, 4}:
        return RequestFault(function, ExceptionCode.ILLEGAL_VALUE)
    return ReadIdentification(body[1], body[2])


_REQUEST_READERS: dict[int, Callable[[int, bytes], Request]] = {
    READ_HOLDING: _read_registers_request,
    READ_INPUT: _read_registers_request,
    WRITE_ONE: _read_write_one,
    WRITE_MANY: _read_write_many,
    READ_WRITE: _read_read_write,
    DEVICE_ID: _read_identification_request,
}


def answer_registers(unit: int, function: int, values: tuple[int, ...]) -> bytes:
    """Answer to 03, 04 or 23."""
    count = len(values)
    return append_crc(bytes((unit, function, count * 2)) + _WORDS[count].pack(*values))


def answer_write(unit: int, address: int, value: int) -> bytes:
    """Answer to 06: the request again."""
    return append_crc(_SIX(unit, WRITE_ONE, address, value))


def answer_write_many(unit: int, address: int, count: int) -> bytes:
    """Answer to 16."""
    return append_crc(_SIX(unit, WRITE_MANY, address, count))


def answer_exception(unit: int, function: int, code: ExceptionCode) -> bytes:
    """Answer that refuses a request of this function."""
    return append_crc(bytes((unit, function | EXCEPTION_BIT, code)))


def answer_identification(unit: int, code: int, objects: tuple[tuple[int, bytes], ...]) -> bytes:
    """Answer to 43/14 with all objects in one frame; the caller keeps them under 240 bytes together."""
    body = b"".join(bytes((number, len(text))) + text for number, text in objects)
    # Conformity 0x83: basic, regular and extended objects by stream and one by one.
    head = bytes((unit, DEVICE_ID, _ENCAPSULATION, code, 0x83, 0, 0, len(objects)))
    return append_crc(head + body)
