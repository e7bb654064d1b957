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
    """Return a JSON object of at most so many bytes, None for anything else."""
    try:
        message = json.loads(payload) if len(payload) <= bytes_max else None
    except (ValueError, RecursionError):
        return None
    return message if isinstance(message, dict) else None
