"""Facts of the room as the link's contract words them; one builder per kind, nothing else makes a `RecordFact`.

Bounds of the contract are kept here, so that no peer's text can break a record.
"""

from __future__ import annotations

from typing import Any

from edge.core.effects import RecordFact
from edge.core.state import Request, Session

TEXT_MAX = 64
REASON_MAX = 200


def clip_text(text: str, limit: int) -> str:
    """Cut text to a bound and replace what is no character."""
    return text.encode("utf-8", "replace").decode("utf-8")[:limit]


def drop_empty(body: dict[str, Any]) -> dict[str, Any]:
    """Leave out optional fields that say nothing."""
    return {name: value for name, value in body.items() if value is not None and value != ""}


def record_movement(
    fact_id: str | None, action: str, box_code: str, session: Session | None, place_key: str | None = None
) -> RecordFact:
    """Record that a box was taken, put or moved."""
    body = {
        "box_code": box_code,
        "action": action,
        "place_key": place_key,
        "staff_code": session.staff_code if session else None,
        "session_id": session.id if session else None,
    }
    return RecordFact("movement", drop_empty(body), fact_id)


def record_undo(fact_id: str | None, box_code: str, undo_of: str, session: Session | None) -> RecordFact:
    """Record that a movement was reversed; both stay in history."""
    made = record_movement(fact_id, "undo", box_code, session)
    return RecordFact("movement", {**made.body, "undo_of": undo_of}, fact_id)


def format_request_id(request_id: int) -> str:
    """Write a request id as 16 hex digits."""
    return f"{request_id:016x}"


def record_intent(request: Request) -> RecordFact:
    """Record that a motor is about to be asked to turn."""
    return RecordFact("motion", drop_empty({**describe_motion(request), "phase": "intent"}))


def record_outcome(request: Request, outcome: str, reason: str) -> RecordFact:
    """Record what became of a motion."""
    body = {
        **describe_motion(request),
        "phase": "outcome",
        "outcome": outcome,
        "reason": clip_text(reason, REASON_MAX),
    }
    return RecordFact("motion", drop_empty(body))


def describe_motion(request: Request) -> dict[str, Any]:
    """Collect what intent and outcome of a motion have in common."""
    return {
        "bank": request.wish.bank,
        "operation": request.wish.target.operation,
        "aisle": request.wish.target.aisle,
        "request_id": format_request_id(request.request_id),
        "staff_code": request.wish.staff_code,
        "point_id": request.point_id,
    }


def record_refused_scan(text: str, source_id: str, reason: str, staff_code: str | None) -> RecordFact:
    """Record a scan that changed nothing."""
    body = {
        "text": clip_text(text, TEXT_MAX),
        "source_id": source_id,
        "reason": reason,
        "staff_code": staff_code,
    }
    return RecordFact("scan_refused", {**drop_empty(body), "text": body["text"]})


def record_print(job_id: str, box_code: str | None, outcome: str, detail: str, command_id: str | None) -> RecordFact:
    """Record what became of a label."""
    body = {
        "job_id": job_id,
        "box_code": box_code,
        "outcome": outcome,
        "detail": clip_text(detail, REASON_MAX),
        "command_id": command_id,
    }
    return RecordFact("print_settled", drop_empty(body))


def record_shelf_event(bank: str, event: str, arg: int | None = None, ring_seq: int | None = None) -> RecordFact:
    """Record something the shelf did or saw by itself."""
    return RecordFact("shelf_event", drop_empty({"bank": bank, "event": event, "arg": arg, "ring_seq": ring_seq}))


def record_gateway_state(state: str, detail: str = "") -> RecordFact:
    """Record a named state of the gateway."""
    return RecordFact("gateway_state", drop_empty({"state": state, "detail": clip_text(detail, REASON_MAX)}))


def record_session(session: Session, phase: str) -> RecordFact:
    """Record that a person signed on or off."""
    return RecordFact("session", {"session_id": session.id, "phase": phase, "staff_code": session.staff_code})
