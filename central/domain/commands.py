"""Commands to gateways and their answers as JSON, pure (link-protocol 8)."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from central.domain.feed import encode_canonical, format_time

TTL_MS_MAX = 5_000
ANSWER_BYTES_MAX = 16_384
RESULTS = frozenset({"done", "prompted", "queued", "refused", "failed", "unknown"})
_WORD = re.compile(r"[a-z_]{1,32}")
_CODE = re.compile(r"[0-9A-Z]{11}")
_BANK = re.compile(r"[A-Za-z0-9]{1,8}")


@dataclass(frozen=True, slots=True)
class Command:
    """One command as it is sent."""

    id: str
    kind: str
    issued_at: datetime
    ttl_ms: int
    asked_by: str
    body: dict[str, Any]


def find_fault(command: Command) -> str | None:
    """Return what is wrong with a command before it is sent, None if nothing is."""
    body = command.body
    if not 1 <= command.ttl_ms <= TTL_MS_MAX:
        return "ttl_ms"
    match command.kind:
        case "ping":
            return None
        case "print_label":
            return None if _is_code(body.get("box_code")) else "box_code"
        case "propose_aisle":
            aisle, bank = body.get("aisle"), body.get("bank")
            by_aisle = isinstance(bank, str) and _BANK.fullmatch(bank) and isinstance(aisle, int) and 0 < aisle < 256
            return None if _is_code(body.get("box_code")) or by_aisle else "box_code"
        case _:
            return "kind"


def encode_command(command: Command) -> bytes:
    return encode_canonical(
        {
            "asked_by": command.asked_by,
            "body": command.body,
            "id": command.id,
            "issued_at": format_time(command.issued_at),
            "kind": command.kind,
            "ttl_ms": command.ttl_ms,
            "v": 1,
        }
    ).encode()


def parse_answer(payload: bytes) -> Mapping[str, Any] | None:
    """Read a gateway's answer: id, result, reason, detail; None for what can't be read."""
    if len(payload) > ANSWER_BYTES_MAX:
        return None
    try:
        message = json.loads(payload)
    except (ValueError, RecursionError):
        return None
    if not isinstance(message, dict) or message.get("v") != 1 or message.get("result") not in RESULTS:
        return None
    reason, detail = message.get("reason"), message.get("detail", {})
    if not isinstance(message.get("id"), str) or not isinstance(detail, dict):
        return None
    if reason is not None and (not isinstance(reason, str) or not _WORD.fullmatch(reason)):
        return None
    return {"id": message["id"], "result": message["result"], "reason": reason, "detail": detail}


def _is_code(value: Any) -> bool:
    return isinstance(value, str) and _CODE.fullmatch(value) is not None
