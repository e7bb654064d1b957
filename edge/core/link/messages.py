"""The JSON messages of the link as the gateway reads and writes them (link-protocol 5, 7, 8, 9).

The centre's bytes are hostile: a parser returns None for what it can't read and never raises.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, TypeGuard

from edge.core.link.records import INTEGER_MAX, FeedRow, encode_canonical

MESSAGE_BYTES_MAX = 1_048_576
PAGE_ROWS_MAX = 500
TTL_MS_MAX = 5_000
AHEAD_MS_MAX = 5_000
ACK_STATES = frozenset({"ok", "gap", "fork", "pending", "refused", "malformed", "busy"})
ROW_KINDS = frozenset({"room", "bank", "place", "box", "staff", "task"})

_EPOCH = re.compile(r"[0-9a-f]{32}")
_HASH = re.compile(r"[0-9a-f]{64}")
_TOKEN = re.compile(r"[0-9a-f]{16}")
_WORD = re.compile(r"[a-z_]{1,32}")
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


@dataclass(frozen=True, slots=True)
class Ack:
    """The centre's answer to one batch."""

    batch: str
    centre: str
    epoch: str
    state: str
    through: int
    through_hash: str
    safe: int
    fork_at: int | None
    reason: str


@dataclass(frozen=True, slots=True)
class FeedHead:
    """The centre has a newer revision."""

    centre: str
    revision: int


@dataclass(frozen=True, slots=True)
class FeedPage:
    """Rows after `after`, in rising revision."""

    ask: str
    centre: str
    after: int
    revision: int
    head: int
    digest: str
    rows: tuple[FeedRow, ...]


@dataclass(frozen=True, slots=True)
class Command:
    """A wish of the centre, not yet judged."""

    id: str
    kind: str
    issued_at: datetime
    ttl_ms: int
    asked_by: str
    body: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a command isn't taken."""

    reason: str


def parse_ack(payload: bytes) -> Ack | None:
    message = _load(payload)
    if message is None:
        return None
    through, safe, fork_at = message.get("through"), message.get("safe"), message.get("fork_at")
    reason = message.get("reason", "")
    if not (
        _fits(_TOKEN, message.get("batch"))
        and _fits(_EPOCH, message.get("centre"))
        and _fits(_EPOCH, message.get("epoch"))
        and message.get("state") in ACK_STATES
        and _counts(through)
        and _counts(safe)
        and safe <= through
        and _fits(_HASH, message.get("through_hash"))
        and (fork_at is None or _counts(fork_at))
        and isinstance(reason, str)
    ):
        return None
    return Ack(
        batch=message["batch"],
        centre=message["centre"],
        epoch=message["epoch"],
        state=message["state"],
        through=through,
        through_hash=message["through_hash"],
        safe=safe,
        fork_at=fork_at,
        reason=reason[:200],
    )


def parse_feed(payload: bytes) -> FeedHead | FeedPage | None:
    message = _load(payload)
    if message is None or not _fits(_EPOCH, message.get("centre")) or not _counts(message.get("revision")):
        return None
    if message.get("type") == "head":
        return FeedHead(message["centre"], message["revision"])
    if message.get("type") != "page":
        return None
    return _parse_page(message)


def parse_centre_presence(payload: bytes) -> tuple[bool, str] | None:
    """Whether the centre is online, and its epoch."""
    message = _load(payload)
    if message is None or message.get("state") not in ("online", "offline") or not _fits(_EPOCH, message.get("centre")):
        return None
    return message["state"] == "online", message["centre"]


def parse_command(payload: bytes) -> Command | None:
    message = _load(payload)
    if message is None:
        return None
    ttl_ms, body, asked_by = message.get("ttl_ms"), message.get("body"), message.get("asked_by", "")
    if not (
        _fits(_UUID, message.get("id"))
        and _fits(_WORD, message.get("kind"))
        and _counts(ttl_ms)
        and 1 <= ttl_ms <= TTL_MS_MAX
        and isinstance(body, dict)
        and isinstance(asked_by, str)
    ):
        return None
    issued_at = parse_time(message.get("issued_at"))
    if issued_at is None:
        return None
    return Command(message["id"], message["kind"], issued_at, ttl_ms, asked_by[:64], body)


def judge_command(command: Command, wall_at: datetime, *, clock_ok: bool) -> Refusal | None:
    """Refuse a command past its life or from the future; without a right clock the broker's expiry must do."""
    if not clock_ok:
        return None
    age = wall_at - command.issued_at
    if age > timedelta(milliseconds=command.ttl_ms):
        return Refusal("expired")
    if -age > timedelta(milliseconds=AHEAD_MS_MAX):
        return Refusal("from_the_future")
    return None


def encode_ask(ask: str, centre: str | None, after: int) -> bytes:
    return encode_canonical({"after": after, "ask": ask, "centre": centre, "v": 1})


def encode_answer(
    command_id: str, result: str, reason: str | None, detail: dict[str, Any], answered_at: datetime
) -> bytes:
    return encode_canonical(
        {
            "answered_at": format_time(answered_at),
            "detail": detail,
            "id": command_id,
            "reason": reason,
            "result": result,
            "v": 1,
        }
    )


def encode_presence(*, online: bool, at: datetime, boot: str, epoch: str, version: str) -> bytes:
    return encode_canonical(
        {
            "at": format_time(at),
            "boot": boot,
            "epoch": epoch,
            "state": "online" if online else "offline",
            "v": 1,
            "version": version,
        }
    )


def format_time(at: datetime) -> str:
    """UTC with milliseconds and Z."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"


def parse_time(text: Any) -> datetime | None:
    if not _fits(_TIME, text):
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def _parse_page(message: dict[str, Any]) -> FeedPage | None:
    rows, up_epoch = message.get("rows"), message.get("up_epoch")
    if not (
        _fits(_TOKEN, message.get("ask"))
        and _counts(message.get("after"))
        and _counts(message.get("head"))
        and _fits(_HASH, message.get("digest"))
        and (up_epoch is None or _fits(_EPOCH, up_epoch))
        and isinstance(rows, list)
        and len(rows) <= PAGE_ROWS_MAX
    ):
        return None
    parsed: list[FeedRow] = []
    newest = message["after"]
    for raw in rows:
        row = _parse_row(raw, up_epoch)
        if row is None or row.revision <= newest or row.revision > message["revision"]:
            return None
        newest = row.revision
        parsed.append(row)
    return FeedPage(
        ask=message["ask"],
        centre=message["centre"],
        after=message["after"],
        revision=message["revision"],
        head=message["head"],
        digest=message["digest"],
        rows=tuple(parsed),
    )


def _parse_row(raw: Any, up_epoch: str | None) -> FeedRow | None:
    if not isinstance(raw, dict):
        return None
    key, body = raw.get("key"), raw.get("body")
    if not (
        _fits(_WORD, raw.get("kind"))
        and isinstance(key, str)
        and 1 <= len(key) <= 64
        and _counts(raw.get("revision"))
        and _counts(raw.get("as_of_up"))
        and (body is None or isinstance(body, dict))
    ):
        return None
    if body is not None:
        try:
            encode_canonical(body)
        except ValueError:
            return None
    return FeedRow(raw["kind"], key, raw["revision"], body, up_epoch, raw["as_of_up"])


def _load(payload: bytes) -> dict[str, Any] | None:
    if len(payload) > MESSAGE_BYTES_MAX:
        return None
    try:
        text = payload.decode("utf-8")  # `loads` by itself would let half characters pass, which no disk takes
        message = json.loads(text)
        if "\\u" in text:
            json.dumps(message, ensure_ascii=False).encode("utf-8")
    except (ValueError, RecursionError):
        return None
    if not isinstance(message, dict) or message.get("v") != 1:
        return None
    return message


def _fits(pattern: re.Pattern[str], value: Any) -> bool:
    return isinstance(value, str) and pattern.fullmatch(value) is not None


def _counts(value: Any) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= INTEGER_MAX
