"""Somebody on the broker of the room who is not its gateway: asks for an aisle, reads the answer, orders the motion.

The broker gives a stranger no leaf to write and none to read (the list of who may do what), and a controller obeys only
the gateway that introduced itself (its nonce). Either alone keeps the steel still.
"""

from __future__ import annotations

import random
from typing import Protocol

from firmware_protocol.codes import Operation
from firmware_protocol.fields import MessageFault, Target
from firmware_protocol.json_form import Answer, Stamp, read_report, write_request
from firmware_protocol.messages import OperateRequest, SelectAnswer, SelectRequest
from simulators.world.agenda import Agenda, Deed

GATEWAY, STRANGER = "gateway", "stranger"
ANSWER_WAIT_MS = 100.0


class StrangeLine(Protocol):
    """What a broker offers to whoever has connected."""

    def publish_as(self, user: str, leaf: str, payload: bytes, now_ms: float) -> None: ...

    def listen_as(self, user: str) -> tuple[str, bytes] | None: ...


def is_listed(user: str) -> bool:
    """Whether the broker's list lets this user speak to banks, and hear them."""
    return user == GATEWAY


def meddle(line: StrangeLine, aisle: int, agenda: Agenda, dice: random.Random) -> Deed:
    """Select an aisle as if one were a gateway, read the answer over its shoulder, and order the motion."""
    nonce, request_id = dice.getrandbits(64), dice.getrandbits(64) | 1
    target = Target(Operation.OPEN, aisle)
    asked = write_request(SelectRequest(request_id, target), Stamp(nonce, 1))
    line.publish_as(STRANGER, *asked, agenda.now_ms)
    yield ANSWER_WAIT_MS
    heard = line.listen_as(STRANGER)
    told = MessageFault("nothing", 0) if heard is None else read_report(*heard)
    if isinstance(told, MessageFault) or not isinstance(told.report, Answer):
        return
    answer = told.report.content
    if isinstance(answer, SelectAnswer) and answer.token:
        order = OperateRequest(request_id, answer.token, target, answer.ring_head)
        line.publish_as(STRANGER, *write_request(order, Stamp(nonce, 2)), agenda.now_ms)
    yield ANSWER_WAIT_MS
