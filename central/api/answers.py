"""What a gateway answered to a command, for callers."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from central.domain.refusals import Reason, Refusal
from central.services.commands import CommandAnswer

#: Reasons for which the room never heard of the command.
UNREACHED = frozenset({"no_broker", "link_down"})


class AnswerOut(BaseModel):
    """done, prompted, queued, refused, failed, or unknown when no answer came in time."""

    command_id: str
    result: str
    reason: str | None
    detail: dict[str, Any]


def give_answer(answer: CommandAnswer) -> AnswerOut:
    """Return an answer; refuse with words where the room wasn't reached."""
    if answer.reason in UNREACHED:
        raise Refusal(Reason.GATEWAY_OFFLINE)
    return AnswerOut(command_id=answer.command_id, result=answer.result, reason=answer.reason, detail=answer.detail)
