"""The messages of the shelf wire as JSON on a broker in the room, both directions (SPEC 7). No client, no time.

As a gateway: `write_request` gives topic leaf and bytes, `read_report` what a controller published. As a controller:
`read_request`, `RequestGate.admit`, `write_report`. Decoders return a MessageFault for what a peer got wrong.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from firmware_protocol.codes import LeaseRefusal, Reasons, StopReason
from firmware_protocol.fields import MessageFault
from firmware_protocol.json_blocks import BLOCK_READERS, BLOCK_WRITERS, Block, list_contacts, read_contacts
from firmware_protocol.json_fields import Fields, JsonError, dump, list_aisles, name_flags, show_place, show_target
from firmware_protocol.messages import (
    ActRequest,
    Deselect,
    Indicator,
    Lease,
    OperateRequest,
    ReasonsAnswer,
    SelectAnswer,
    SelectRequest,
    Stop,
)
from firmware_protocol.registers import MAX_AISLES

PREFIX = "openaisle-shelf/v1/"
EVERY_BANK = "all"  # STOP alone may be said to every bank of the broker
MAX_EXPIRY_S = 2
_TOPIC = re.compile(r"openaisle-shelf/v1/([A-Za-z0-9]{1,8})/([a-z]{1,16})\Z")
_U32 = 0xFFFFFFFF


class Sheet(Enum):
    """What a gateway can ask to be published; the value is the topic's leaf."""

    IDENTITY = "identity"
    MOTION = "motion"
    DETAIL = "detail"
    LOG = "log"
    EVENT = "event"
    WEAR = "wear"


class Decline(Enum):
    """Why a request was not even looked at."""

    NONCE = "NONCE"  # of another gateway, or of one that is gone
    NUMBER = "NUMBER"  # not newer than the last one of this gateway
    INVALID = "INVALID"  # a message that means nothing
    BROKEN = "BROKEN"  # the controller itself is broken


@dataclass(frozen=True, slots=True)
class Stamp:
    """Whose request: the nonce that the gateway drew at its start, and a number that rises with every request."""

    nonce: int
    number: int


@dataclass(frozen=True, slots=True)
class Read:
    """Ask for one sheet; asking for the identity also introduces a gateway (SPEC 7.6)."""

    sheet: Sheet


@dataclass(frozen=True, slots=True)
class LeaseAnswer:
    """NONE = the lease was renewed."""

    refusal: LeaseRefusal


@dataclass(frozen=True, slots=True)
class Done:
    """Answer to STOP, DESELECT and INDICATOR; False for a DESELECT of another's selection."""

    done: bool


@dataclass(frozen=True, slots=True)
class Declined:
    """The request was not looked at."""

    error: Decline


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to the request on this leaf."""

    leaf: str
    content: SelectAnswer | ReasonsAnswer | LeaseAnswer | Done | Declined


@dataclass(frozen=True, slots=True)
class Presence:
    """The controller came, or (its last will) is gone."""

    online: bool
    boot_id: int


Request = SelectRequest | OperateRequest | ActRequest | Lease | Stop | Deselect | Indicator | Read
Report = Answer | Presence | Block


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as a controller gets it; a STOP may come without a stamp."""

    stamp: Stamp | None
    request: Request


@dataclass(frozen=True, slots=True)
class Told:
    """A report as a gateway gets it; without a stamp the controller spoke of its own accord."""

    stamp: Stamp | None
    report: Report


def name_topic(bank: str, leaf: str) -> str:
    """Return the topic of one kind of message of a bank."""
    return f"{PREFIX}{bank}/{leaf}"


def split_topic(topic: str) -> tuple[str, str] | None:
    """Return bank and leaf, or None for a topic that isn't ours."""
    found = _TOPIC.match(topic)
    return (found[1], found[2]) if found else None


# ---------------------------------------------------------------- requests


def _show_select(asked: SelectRequest) -> dict[str, object]:
    return {"request_id": f"{asked.request_id:016x}", **show_target(asked.target), **show_place(asked.place)}


def _show_operate(asked: OperateRequest) -> dict[str, object]:
    shown = {"request_id": f"{asked.request_id:016x}", "token": asked.token}
    return {**shown, **show_target(asked.target), "ring_head": asked.ring_head}


def _show_act(asked: ActRequest) -> dict[str, object]:
    return {"request_id": f"{asked.request_id:016x}", **show_target(asked.target)}


def _show_lease(asked: Lease) -> dict[str, object]:
    return {"token": asked.token, "counter": asked.counter, "sequence": asked.sequence}


_REQUEST_WRITERS: Mapping[type[Any], tuple[str, Callable[[Any], dict[str, object]]]] = {
    SelectRequest: ("select", _show_select),
    OperateRequest: ("operate", _show_operate),
    ActRequest: ("act", _show_act),
    Lease: ("lease", _show_lease),
    Stop: ("stop", lambda asked: {"reason": asked.reason}),
    Deselect: ("deselect", lambda asked: {"token_low": asked.token_low}),
    Indicator: ("indicator", lambda asked: {"aisle": asked.aisle, **show_place(asked.place)}),
    Read: ("read", lambda asked: {"sheet": asked.sheet.value}),
}


def write_request(request: Request, stamp: Stamp) -> tuple[str, bytes]:
    """Return topic leaf and bytes of a request."""
    leaf, show = _REQUEST_WRITERS[type(request)]
    return leaf, dump(_show_stamp(stamp) | show(request))


def _request_id(fields: Fields) -> int:
    request_id = fields.hexadecimal("request_id")
    if not request_id:
        raise fields.fault("request_id")
    return request_id


def _read_select(fields: Fields) -> Request:
    return SelectRequest(_request_id(fields), fields.target(), fields.place())


def _read_operate(fields: Fields) -> Request:
    token, head = fields.integer("token", _U32, 1), fields.integer("ring_head")
    return OperateRequest(_request_id(fields), token, fields.target(), head)


def _read_lease(fields: Fields) -> Request:
    return Lease(fields.integer("token", _U32), fields.integer("counter"), fields.integer("sequence"))


def _read_sheet(fields: Fields) -> Request:
    value = fields.value("sheet")
    found = next((sheet for sheet in Sheet if sheet.value == value), None)
    if found is None:
        raise fields.fault("sheet")
    return Read(found)


_REQUEST_READERS: Mapping[str, Callable[[Fields], Request]] = {
    "select": _read_select,
    "operate": _read_operate,
    "act": lambda fields: ActRequest(_request_id(fields), fields.target()),
    "lease": _read_lease,
    "stop": lambda fields: Stop(fields.integer("reason")),
    "deselect": lambda fields: Deselect(fields.integer("token_low")),
    "indicator": lambda fields: Indicator(fields.integer("aisle", MAX_AISLES), fields.place()),
    "read": _read_sheet,
}
REQUEST_LEAVES = tuple(_REQUEST_READERS)


def read_request(leaf: str, octets: bytes) -> Asked | MessageFault:
    """Read a request; whatever comes on `stop` is a STOP (SPEC 7.7)."""
    read = _REQUEST_READERS.get(leaf)
    if read is None:
        return MessageFault("leaf", 0)
    try:
        fields = Fields.parse(octets)
        return Asked(_read_stamp(fields), read(fields))
    except JsonError as fault:
        return Asked(None, Stop(StopReason.OTHER)) if leaf == "stop" else MessageFault(str(fault), 0)


# ---------------------------------------------------------------- reports


def _show_answer(answer: Answer, columns: int) -> dict[str, object]:
    content = answer.content
    match content:
        case SelectAnswer():
            return {
                **show_target(content.target),
                "reasons": name_flags(content.reasons),
                "token": content.token,
                "sequence": content.sequence,
                "occupancy_seen": list_aisles(content.occupancy_seen),
                "contacts": list_contacts(content.contacts, columns),
                "ring_head": content.ring_head,
            }
        case ReasonsAnswer():
            return {**show_target(content.target), "reasons": name_flags(content.reasons)}
        case LeaseAnswer():
            return {"refusal": content.refusal.name}
        case Done():
            return {"done": content.done}
        case Declined():
            return {"error": content.error.value}


def write_report(report: Report, stamp: Stamp | None, columns: int) -> tuple[str, bytes]:
    """Return topic leaf and bytes of what a controller of so many columns publishes."""
    if isinstance(report, Answer):
        assert stamp is not None, "an answer belongs to a request"
        return "answer", dump(_show_stamp(stamp) | {"to": report.leaf} | _show_answer(report, columns))
    if isinstance(report, Presence):
        return "presence", dump({"online": report.online, "boot_id": report.boot_id})
    leaf, show = BLOCK_WRITERS[type(report)]
    return leaf, dump(_show_stamp(stamp) | show(report, columns))


def _read_select_answer(fields: Fields) -> SelectAnswer:
    reasons, token = fields.flags("reasons", Reasons, strict=True), fields.integer("token", _U32)
    # Refused with a token, or selected without one: neither may be believed.
    if bool(reasons) == bool(token):
        raise fields.fault("token")
    return SelectAnswer(
        fields.target(), reasons, token, fields.integer("sequence"), fields.aisles("occupancy_seen"),
        read_contacts(fields), fields.integer("ring_head"),
    )  # fmt: skip


def _read_reasons_answer(fields: Fields) -> ReasonsAnswer:
    return ReasonsAnswer(fields.target(), fields.flags("reasons", Reasons, strict=True))


_ANSWER_READERS: Mapping[str, Callable[[Fields], SelectAnswer | ReasonsAnswer | LeaseAnswer | Done]] = {
    "select": _read_select_answer,
    "operate": _read_reasons_answer,
    "act": _read_reasons_answer,
    "lease": lambda fields: LeaseAnswer(fields.number("refusal", LeaseRefusal)),
    "stop": lambda fields: Done(fields.boolean("done")),
    "deselect": lambda fields: Done(fields.boolean("done")),
    "indicator": lambda fields: Done(fields.boolean("done")),
}


def _read_answer(fields: Fields) -> Report:
    leaf = fields.value("to")
    if not isinstance(leaf, str) or leaf not in _REQUEST_READERS:
        raise fields.fault("to")
    if fields.has("error"):
        error = fields.value("error")
        found = next((decline for decline in Decline if decline.value == error), None)
        if found is None:
            raise fields.fault("error")
        return Answer(leaf, Declined(found))
    if leaf not in _ANSWER_READERS:
        raise fields.fault("to")
    return Answer(leaf, _ANSWER_READERS[leaf](fields))


def read_report(leaf: str, octets: bytes) -> Told | MessageFault:
    """Read what a controller published."""
    try:
        fields = Fields.parse(octets)
        if leaf == "presence":
            return Told(None, Presence(fields.boolean("online"), fields.integer("boot_id", _U32)))
        stamp = _read_stamp(fields)
        if leaf == "answer":
            return MessageFault("nonce", 0) if stamp is None else Told(stamp, _read_answer(fields))
        read = BLOCK_READERS.get(leaf)
        return MessageFault("leaf", 0) if read is None else Told(stamp, read(fields))
    except JsonError as fault:
        return MessageFault(str(fault), 0)


def _show_stamp(stamp: Stamp | None) -> dict[str, object]:
    return {} if stamp is None else {"nonce": f"{stamp.nonce:016x}", "number": stamp.number}


def _read_stamp(fields: Fields) -> Stamp | None:
    if not fields.has("nonce") and not fields.has("number"):
        return None
    return Stamp(fields.hexadecimal("nonce"), fields.integer("number", _U32))
