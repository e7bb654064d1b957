"""Canonical bytes: records, batches, feed rows and their digest (link-protocol 1.5, 3, 4, 7.5, 7.6).

A record is serialised once, here, when its fact happens. Nothing in this file may parse a record again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

ZERO_HASH = "0" * 64
ZERO_DIGEST = "0" * 64
RECORD_BYTES_MAX = 16_384
BATCH_RECORDS_MAX = 500
# Leaves room below the broker's packet limit of 1 MiB for topic and properties.
BATCH_BYTES_MAX = 917_504
INTEGER_MAX = 2**53 - 1
DEPTH_MAX = 8
_DIGEST_MODULUS = 2**256


@dataclass(frozen=True, slots=True)
class EpochSpan:
    """One epoch on disk: acknowledged up to `through`, written up to `head`."""

    epoch: str
    through: int
    head: int


@dataclass(frozen=True, slots=True)
class FeedRow:
    """One row of the room's feed; body None is a tombstone. It contains all facts of `up_epoch` up to `as_of_up`."""

    kind: str
    key: str
    revision: int
    body: dict[str, Any] | None
    up_epoch: str | None
    as_of_up: int


@dataclass(frozen=True, slots=True)
class FeedPosition:
    """How far the replica has read the feed; centre None before the first page."""

    centre: str | None
    revision: int
    digest: str


@dataclass(frozen=True, slots=True)
class BoxPlace:
    """Where a box is: state word, place key, holder."""

    state: str
    place_key: str | None
    holder_code: str | None


@dataclass(frozen=True, slots=True)
class OwnMove:
    """This gateway's newest movement of a box, as record (epoch, seq)."""

    epoch: str
    seq: int
    place: BoxPlace


def encode_canonical(value: Any) -> bytes:
    """Return canonical JSON; ValueError for what has no such form (fractions, lone surrogates, depth)."""
    _refuse_uncanonical(value, DEPTH_MAX)
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return text.encode("utf-8")


def encode_record(
    *,
    epoch: str,
    seq: int,
    prev: str,
    fact_id: str,
    kind: str,
    at: str,
    clock_ok: bool,
    boot: str,
    mono_ms: int,
    body: Mapping[str, Any],
) -> bytes:
    """Return the bytes of one record, to be stored and sent as they are; ValueError if it breaks a bound."""
    line = encode_canonical(
        {
            "at": at,
            "body": dict(body),
            "boot": boot,
            "clock_ok": clock_ok,
            "epoch": epoch,
            "id": fact_id,
            "kind": kind,
            "mono_ms": mono_ms,
            "prev": prev,
            "seq": seq,
            "v": 1,
        }
    )
    if len(line) > RECORD_BYTES_MAX:
        raise ValueError(f"record of {len(line)} bytes, at most {RECORD_BYTES_MAX}")
    return line


def hash_record(line: bytes) -> str:
    """SHA-256 of a record's bytes in hex."""
    return hashlib.sha256(line).hexdigest()


def encode_batch(
    *, batch: str, centre: str | None, epoch: str, first: int, head: int, lines: Sequence[bytes]
) -> tuple[bytes, int]:
    """Return a batch of as many of the lines as fit, and their number."""
    count, size = 0, 400  # no header is longer than 400 bytes
    for line in lines[:BATCH_RECORDS_MAX]:
        size += len(line) + 1
        if size > BATCH_BYTES_MAX:
            break
        count += 1
    header = encode_canonical(
        {"batch": batch, "centre": centre, "count": count, "epoch": epoch, "first": first, "head": head, "v": 1}
    )
    return b"\n".join([header, *lines[:count]]), count


def digest_row(kind: str, key: str, revision: int, body: Mapping[str, Any]) -> str:
    """Return a live row's part of the feed digest, in hex."""
    return hashlib.sha256(encode_canonical([kind, key, revision, dict(body)])).hexdigest()


def shift_digest(total: str, removed: str | None, added: str | None) -> str:
    """Return the feed digest after one row lost the part `removed` and gained the part `added`."""
    value = int(total, 16)
    if removed is not None:
        value -= int(removed, 16)
    if added is not None:
        value += int(added, 16)
    return f"{value % _DIGEST_MODULUS:064x}"


def place_of(row: FeedRow, own: OwnMove | None) -> tuple[BoxPlace, bool]:
    """Where the gateway takes a box to be, and whether its own movement still stands above the centre's row."""
    if own is not None and not (own.epoch == row.up_epoch and own.seq <= row.as_of_up):
        return own.place, True
    body = row.body or {}
    return BoxPlace(str(body.get("state", "unknown")), body.get("place_key"), body.get("holder_code")), False


def _refuse_uncanonical(value: Any, depth: int) -> None:
    if isinstance(value, str):
        value.encode("utf-8")  # UnicodeEncodeError is a ValueError
    elif isinstance(value, int):
        if abs(value) > INTEGER_MAX:
            raise ValueError("integer beyond 2^53-1")
    elif isinstance(value, (dict, list, tuple)):
        if depth == 0:
            raise ValueError(f"nested deeper than {DEPTH_MAX}")
        if isinstance(value, dict):
            _refuse_keys(value)
        for item in value.values() if isinstance(value, dict) else value:
            _refuse_uncanonical(item, depth - 1)
    elif value is not None:
        raise ValueError(f"no canonical form for {type(value).__name__}")


def _refuse_keys(value: dict[Any, Any]) -> None:
    for key in value:
        if not isinstance(key, str):
            raise ValueError("a key must be text")  # noqa: TRY004 - one kind of refusal for every reason
        key.encode("utf-8")
