"""The room's feed, pure (link-protocol 7): bodies of its rows, canonical form, digest, pages."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from central.domain.locations import Location

PAGE_ROWS_MAX = 500
PAGE_BYTES_MAX = 786_432
ZERO_DIGEST = "0" * 64
_MODULUS = 2**256

#: One encoder for all: `json.dumps` would build a new one each time.
_CANONICAL = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False).encode

Body = dict[str, Any]


@dataclass(frozen=True, slots=True)
class FeedChange:
    """A row's new body, or its end (None)."""

    kind: str
    key: str
    body: Body | None


def format_time(at: datetime) -> str:
    """Return UTC with milliseconds and Z."""
    return f"{at.astimezone(UTC).isoformat(timespec='milliseconds')[:-6]}Z"


def encode_canonical(value: Any) -> str:
    """Return canonical JSON; the caller answers for its having no fractions."""
    return _CANONICAL(value)


def digest_row(kind: str, key: str, revision: int, body_text: str) -> str:
    """Return a live row's part of the digest; `body_text` is its canonical body."""
    head = encode_canonical([kind, key, revision])
    return sha256(f"{head[:-1]},{body_text}]".encode()).hexdigest()


def shift_digest(total: str, removed: Sequence[str], added: Sequence[str]) -> str:
    """Return the digest after rows lost the parts `removed` and gained the parts `added`."""
    value = int(total, 16) + sum(int(part, 16) for part in added) - sum(int(part, 16) for part in removed)
    return f"{value % _MODULUS:064x}"


def room_body(*, room_id: str, name: str, number: str) -> Body:
    return {"id": room_id, "name": name, "number": number}


def bank_body(
    *, key: str, name: str, columns: Sequence[Mapping[str, Any]], sections: int, tiers: int, slots: int
) -> Body:
    """`columns`: each with no, fixed, width_mm, faces (list of letters)."""
    return {
        "columns": [{name: column[name] for name in ("no", "fixed", "width_mm", "faces")} for column in columns],
        "id": key,
        "name": name,
        "sections": sections,
        "slots": slots,
        "tiers": tiers,
    }


def place_body(*, code: str, bank: str, column: int, face: str, section: int, tier: int, slot: int) -> Body:
    return {
        "bank": bank,
        "code": code,
        "column": column,
        "face": face,
        "section": section,
        "slot": slot,
        "tier": tier,
    }


def box_body(
    *, code: str, title: str, customer_no: str | None, customer_name: str | None, location: Location | None
) -> Body:
    return {
        "code": code,
        "customer_name": customer_name,
        "customer_no": customer_no,
        "holder_code": location.holder_code if location else None,
        "place_key": location.place_key if location else None,
        "since": format_time(location.since) if location else None,
        "state": location.state.value if location else "nowhere",
        "title": title,
    }


def staff_body(*, code: str, name: str, pin_hash: str, active: bool, valid_until: datetime | None = None) -> Body:
    return {
        "active": active,
        "code": code,
        "name": name,
        "pin_hash": pin_hash,
        "valid_until": format_time(valid_until) if valid_until else None,
    }


def task_body(
    *, task_id: str, kind: str, title: str, state: str, box_code: str | None = None, due_at: datetime | None = None
) -> Body:
    return {
        "box_code": box_code,
        "due_at": format_time(due_at) if due_at else None,
        "id": task_id,
        "kind": kind,
        "state": state,
        "title": title,
    }
