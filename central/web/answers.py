"""The answer of an archive room, carried over one redirect so that a reload never asks twice. Shown once."""

from __future__ import annotations

import json
from dataclasses import dataclass

from fastapi import Request, Response

from central.services.commands import CommandAnswer
from central.web.render import Say, say_in
from central.web.words import AISLE_ANSWERS, PRINT_ANSWERS, REASONS, UNKNOWN_REASON, Word

COOKIE = "openaisle_answer"
KEEP_S = 60
TABLES = {"print_label": PRINT_ANSWERS, "propose_aisle": AISLE_ANSWERS}


@dataclass(frozen=True, slots=True)
class Answer:
    """What to say above the box."""

    word: Word
    detail: str
    path: str

    def forget(self, response: Response) -> None:
        """Take the carried answer away again."""
        response.delete_cookie(COOKIE, path=self.path)


def carry_answer(response: Response, path: str, kind: str, answer: CommandAnswer) -> None:
    """Put the answer to a command on its way to the page at `path`."""
    carried = json.dumps([kind, answer.result, (answer.reason or "")[:40]])
    response.set_cookie(COOKIE, carried.encode().hex(), max_age=KEEP_S, path=path, httponly=True, samesite="strict")


def take_answer(request: Request, path: str) -> Answer | None:
    """Return the answer that was carried here, None without one; a forged one can only say what the tables hold."""
    try:
        kind, result, reason = json.loads(bytes.fromhex(request.cookies.get(COOKIE, "")))
        word = TABLES[kind][result]
    except (ValueError, TypeError, KeyError):
        return None
    return Answer(word, say_reason(say_in(request), str(reason)), path)


def say_reason(say: Say, reason: str) -> str:
    """Return the sentence for a reason that a gateway gave; empty without one."""
    key = reason.removeprefix("refused.")
    if not key:
        return ""
    return say(REASONS[key]) if key in REASONS else say(UNKNOWN_REASON, reason=key[:40])
