"""One exchange of the shelf wire in its two spellings: the session's RTU bytes, and JSON for a broker (SPEC 7).

So controllers on a broker get the very session and schedule that lines get. Pure; a stamp is put in by the caller.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from firmware_protocol import pdu
from firmware_protocol import registers as map_
from firmware_protocol.blocks import log_registers, ring_registers
from firmware_protocol.codes import LeaseRefusal
from firmware_protocol.fields import MessageFault
from firmware_protocol.frame import BROADCAST_UNIT, READ_WRITE, WRITE_MANY, Frame, FrameReader, Role
from firmware_protocol.json_blocks import Events, RequestLog
from firmware_protocol.json_form import Answer, Declined, Done, LeaseAnswer, Read, Sheet, Stamp, Told, write_request
from firmware_protocol.messages import (
    ActRequest,
    Deselect,
    Indicator,
    Lease,
    OperateRequest,
    SelectRequest,
    Stop,
)

_WRITES: Final[Mapping[int, Any]] = {
    map_.STOP.address: Stop,
    map_.DESELECT.address: Deselect,
    map_.LEASE.address: Lease,
    map_.INDICATOR.address: Indicator,
    map_.SELECT.address: SelectRequest,
    map_.OPERATE.address: OperateRequest,
    map_.ACT.address: ActRequest,
}
# Sheets are named as their blocks, but for two.
_SHEETS: Final[Mapping[str, Sheet]] = {sheet.value: sheet for sheet in Sheet} | {
    map_.REQUEST_LOG.name: Sheet.LOG,
    map_.EVENT_RING.name: Sheet.EVENT,
}


@dataclass(frozen=True, slots=True)
class Spelled:
    """A request as it is published; `everybody`: a STOP for all banks of the broker, which nobody answers."""

    leaf: str
    payload: bytes
    everybody: bool


def spell_request(octets: bytes, stamp: Stamp) -> Spelled:
    """Spell a request frame of the session as JSON."""
    leaf, payload = write_request(_understand(read_asked(octets)), stamp)
    return Spelled(leaf, payload, octets[0] == BROADCAST_UNIT)


def spell_answer(octets: bytes, told: Told) -> bytes | None:
    """Spell what was told as the answer frame to this request; None when it can't be its answer."""
    asked, unit, report = read_asked(octets), octets[0], told.report
    if isinstance(report, Answer):
        return _spell_reply(asked, unit, report)
    if not isinstance(asked, pdu.ReadRegisters):
        return None
    image = draw_image(report)
    block = map_.find_block(asked.address, asked.count, "r")
    if image is None or block is None or image[0] != block.name:
        return None
    return slice_image(octets, image[1])


def draw_image(report: Any) -> tuple[str, tuple[int, ...]] | None:
    """Return the block that a sheet fills, and its registers."""
    if isinstance(report, RequestLog):
        return map_.REQUEST_LOG.name, log_registers(report.entries)
    if isinstance(report, Events):
        return map_.EVENT_RING.name, ring_registers(report.entries)
    name = _BLOCK_NAMES.get(type(report).__name__)
    return None if name is None else (name, report.to_registers())


_BLOCK_NAMES: Final = {
    "Identity": map_.IDENTITY.name,
    "MotionSnapshot": map_.MOTION.name,
    "Detail": map_.DETAIL.name,
    "Wear": "wear",
}


def slice_image(octets: bytes, image: tuple[int, ...]) -> bytes | None:
    """Answer a read with the part of a block's image that it asks for; None when the image is too short."""
    asked = read_asked(octets)
    assert isinstance(asked, pdu.ReadRegisters)
    block = map_.find_block(asked.address, asked.count, "r")
    if block is None:
        return None
    begin = asked.address - block.address
    values = image[begin : begin + asked.count]
    return pdu.answer_registers(octets[0], asked.function, values) if len(values) == asked.count else None


def read_asked(octets: bytes) -> pdu.Request:
    """Read a request frame of our own session."""
    frame = FrameReader(Role.REQUEST).feed(octets, True)[0]
    assert isinstance(frame, Frame), "our own session speaks whole frames"
    return pdu.read_request(frame)


def _understand(asked: pdu.Request) -> Any:
    if isinstance(asked, pdu.ReadRegisters):
        block = map_.find_block(asked.address, asked.count, "r")
        assert block is not None, asked
        return Read(_SHEETS[block.name])
    assert isinstance(asked, pdu.WriteRegisters | pdu.ReadWriteRegisters), asked
    address = asked.write_address if isinstance(asked, pdu.ReadWriteRegisters) else asked.address
    message = _WRITES[address].from_registers(asked.values)
    assert not isinstance(message, MessageFault), message
    return message


def _spell_reply(asked: pdu.Request, unit: int, reply: Answer) -> bytes | None:
    if not isinstance(asked, pdu.WriteRegisters | pdu.ReadWriteRegisters):
        return None
    if reply.leaf != write_request(_understand(asked), Stamp(0, 0))[0]:
        return None
    function = READ_WRITE if isinstance(asked, pdu.ReadWriteRegisters) else asked.function
    content = reply.content
    refused = (
        isinstance(content, Declined)
        or (isinstance(content, LeaseAnswer) and content.refusal is not LeaseRefusal.NONE)
        or (isinstance(content, Done) and not content.done)
    )
    if refused:
        return pdu.answer_exception(unit, function, pdu.ExceptionCode.ILLEGAL_VALUE)
    if isinstance(asked, pdu.ReadWriteRegisters):
        values: tuple[int, ...] = getattr(content, "to_registers", tuple)()
        return pdu.answer_registers(unit, function, values) if len(values) == asked.read_count else None
    if function == WRITE_MANY:
        return pdu.answer_write_many(unit, asked.address, len(asked.values))
    return pdu.answer_write(unit, asked.address, asked.values[0])
