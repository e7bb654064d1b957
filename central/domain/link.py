"""Topics and small messages of the link as the centre reads and writes them, pure (link-protocol 2, 5, 9)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from central.domain.feed import encode_canonical, format_time
from central.domain.ingest import is_room_id, parse_time

ROOT = "openaisle/v1"
CENTRE_PRESENCE = f"{ROOT}/centre/presence"
STATE_BYTES_MAX = 65_536
PRESENCE_BYTES_MAX = 4_096
#: What pages draw a bank from, at the least.
VIEW_FIELDS: Mapping[str, type] = {
    "state": str,
    "columns": list,
    "aisles": list,
    "closing_aisles": list,
    "faults": list,
    "rail_mm": int,
    "as_of": str,
}


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic of a room: `name` is up, ask, answer, presence or state; `tail` the bank or client in it."""

    room_id: str
    name: str
    tail: str = ""


_NAMES = {
    ("up",): "up",
    ("feed", "ask"): "ask",
    ("presence",): "presence",
}


def parse_topic(topic: str) -> Topic | None:
    """Read a topic that gateways publish; None for any other."""
    parts = topic.split("/")
    if len(parts) < 5 or "/".join(parts[:2]) != ROOT or parts[2] != "rooms" or not is_room_id(parts[3]):
        return None
    rest = tuple(parts[4:])
    if rest in _NAMES:
        return Topic(parts[3], _NAMES[rest])
    if len(rest) == 2 and rest[0] in ("state", "answer") and 1 <= len(rest[1]) <= 64:
        return Topic(parts[3], rest[0], rest[1])
    return None


def room_topic(room_id: str, name: str) -> str:
    return f"{ROOT}/rooms/{room_id}/{name}"


def encode_ack(
    *,
    batch: str,
    centre: str,
    epoch: str,
    state: str,
    through: int,
    through_hash: str,
    safe: int,
    fork_at: int | None,
    reason: str,
) -> bytes:
    return encode_canonical(
        {
            "batch": batch,
            "centre": centre,
            "epoch": epoch,
            "fork_at": fork_at,
            "reason": reason[:200],
            "safe": safe,
            "state": state,
            "through": through,
            "through_hash": through_hash,
            "v": 1,
        }
    ).encode()


def encode_centre_presence(*, online: bool, at: datetime, centre: str) -> bytes:
    state = "online" if online else "offline"
    return encode_canonical({"at": format_time(at), "centre": centre, "state": state, "v": 1}).encode()


def parse_presence(payload: bytes) -> Mapping[str, Any] | None:
    """Read a gateway's presence: state, at (datetime), boot, epoch, version; None for what can't be read."""
    message = load_message(payload, PRESENCE_BYTES_MAX)
    if message is None or message.get("v") != 1 or message.get("state") not in ("online", "offline"):
        return None
    at = parse_time(message.get("at"))
    words = {name: message.get(name, "") for name in ("boot", "epoch", "version")}
    if at is None or not all(isinstance(word, str) and len(word) <= 64 for word in words.values()):
        return None
    return {"state": message["state"], "at": at, **words}


def load_message(payload: bytes, bytes_max: int) -> dict[str, Any] | None:
    """Return a JSON object of at most so many bytes, None for anything else; nothing in it breaks who writes it on."""
    if len(payload) > bytes_max:
        return None
    try:
        text = payload.decode("utf-8")  # `loads` by itself would let half characters pass
        message = json.loads(text, parse_constant=_refuse_constant)
        if "\\u" in text:
            json.dumps(message, ensure_ascii=False).encode("utf-8")
    except (ValueError, RecursionError):
        return None
    return message if isinstance(message, dict) else None


def parse_bank_view(payload: bytes, bank: str) -> dict[str, Any] | None:
    """Read a bank view that pages can draw; None for anything else."""
    view = load_message(payload, STATE_BYTES_MAX)
    if view is None or view.get("bank") != bank:
        return None
    if not all(isinstance(view.get(name), kind) for name, kind in VIEW_FIELDS.items()):
        return None
    numbers = [(each, name) for each in view["columns"] for name in ("no", "width_mm", "x_mm")]
    numbers += [(each, name) for each in view["aisles"] for name in ("no", "width_mm")]
    drawable = all(isinstance(each, dict) and isinstance(each.get(name), int) for each, name in numbers)
    return view if drawable else None


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no number")
