"""The marketing system's door: signed events in, step gates out. No session, no person: the signature is the log-in."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Header, Path, Request, Response
from pydantic import BaseModel, ConfigDict
from starlette.concurrency import run_in_threadpool

from central.api.problems import document_problems
from central.api.transactions import ReadSession
from central.domain.marketing import (
    BATCH_EVENTS_MAX,
    EventFault,
    MarketingEvent,
    SignatureFault,
    check_signature,
    read_event,
)
from central.domain.permissions import Action, allows, find_scope, needs
from central.domain.refusals import Reason, Refusal
from central.services.marketing import Taken, take_news
from central.services.step_gates import ask_gate

router = APIRouter(prefix="/api/v1", tags=["marketing"])

ONE = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"
#: Events written in one transaction: a full batch must not hold the gate for all others.
EVENTS_AT_ONCE = 3
BODY = {"content": {ONE: {"schema": {"type": "object"}}, BATCH: {"schema": {"type": "array"}}}, "required": True}
Signature = Annotated[str | None, Header(alias="OpenAisle-Signature", max_length=200)]
CaseNo = Annotated[str, Path(pattern=r"^[A-Za-z0-9._/-]{1,40}$")]
StepCode = Annotated[str, Path(pattern=r"^[A-Z0-9][A-Z0-9_-]{0,23}$")]


class EventOut(BaseModel):
    """What became of one event; a refused one names its reasons and changed nothing."""

    position: int
    id: str
    result: Literal["new", "known", "conflict", "refused"]
    reasons: tuple[str, ...] = ()


class EventsOut(BaseModel):
    """What became of a batch, event by event, in its order."""

    taken: int
    refused: int
    events: list[EventOut]


class MissingOut(BaseModel):
    """One document that stands in the way, or is owed until a day."""

    model_config = ConfigDict(from_attributes=True)

    code: str
    name: str
    name_en: str
    lack: str
    gate: int
    until: str | None


class GateOut(BaseModel):
    """May the case leave the step? `open_with_debt`: yes, and what is owed is urged."""

    case_no: str
    step: str
    name: str
    name_en: str
    state: Literal["open", "open_with_debt", "closed"]
    missing: list[MissingOut]
    reasons: list[str]


@router.post("/marketing/events", responses=document_problems(401, 404, 413), openapi_extra={"requestBody": BODY})
@needs(Action.PUBLIC)
async def take_marketing_events(request: Request, response: Response, signature: Signature = None) -> EventsOut:
    """Take one CloudEvent (structured mode) or a batch of them. Each event counts once, in whatever order they come."""
    body = await request.body()
    now = request.app.state.read_clock()
    key_id = _check(request, signature, body)
    found = [read_event(data, now, position) for position, data in enumerate(_read_body(request, body))]
    ends: dict[int, EventOut] = {}
    good: list[tuple[int, MarketingEvent]] = []
    for position, each in enumerate(found):
        if isinstance(each, EventFault):
            ends[position] = EventOut(position=position, id=each.event_id, result="refused", reasons=each.reasons)
        else:
            good.append((position, each))
    while good:
        part, good = good[:EVENTS_AT_ONCE], good[EVENTS_AT_ONCE:]
        async with request.app.state.tx.write_async() as session:
            news = await run_in_threadpool(take_news, session, [event for _, event in part], key_id, now)
        for (position, event), end in zip(part, news.events, strict=True):
            ends[position] = EventOut(position=position, id=event.id, result=end.result.value)
    events = [ends[position] for position in range(len(found))]
    refused = sum(each.result in ("refused", Taken.CONFLICT) for each in events)
    response.status_code = 200 if refused < len(events) or not events else 422
    return EventsOut(taken=len(events) - refused, refused=refused, events=events)


@router.get("/cases/{case_no}/gates/{step}", responses=document_problems(401, 404))
@needs(Action.PUBLIC)
def ask_step_gate(
    session: ReadSession, request: Request, case_no: CaseNo, step: StepCode, signature: Signature = None
) -> GateOut:
    """Say whether the case may leave the step. The marketing system signs the text "GET <path>" instead of a body."""
    actor = request.state.actor
    scope = None
    if actor is not None and allows(actor, Action.SEE_CASES):
        scope = find_scope(actor, Action.SEE_CASES)
    else:
        _check(request, signature, f"GET {request.url.path}".encode())
    asked = ask_gate(session, scope, case_no, step, request.app.state.read_clock())
    missing = [
        MissingOut(
            code=each.code,
            name=each.name,
            name_en=each.name_en,
            lack=each.lack,
            gate=each.gate,
            until=each.until.isoformat() if each.until is not None else None,
        )
        for each in asked.answer.missing
    ]
    return GateOut(
        case_no=asked.case_no,
        step=asked.step,
        name=asked.name,
        name_en=asked.name_en,
        state=asked.answer.state.value,
        missing=missing,
        reasons=list(asked.answer.reasons),
    )


def _check(request: Request, signature: str | None, signed: bytes) -> str:
    """Return the id of the key that signed, or refuse."""
    state = request.app.state
    key_id, fault = check_signature(state.marketing_keys, signature, signed, state.read_clock())
    if fault is SignatureFault.MISSING and not state.marketing_keys:
        raise Refusal(Reason.NOT_FOUND)
    if fault is not None:
        raise Refusal(Reason.WRONG_SIGNATURE, details=(f"{fault.value}: {key_id}" if key_id else fault.value,))
    return key_id


def _read_body(request: Request, body: bytes) -> list[Any]:
    kind = request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    try:
        data = json.loads(body)
    except (ValueError, RecursionError):
        raise Refusal(Reason.INVALID, details=("body: not JSON",)) from None
    if kind == ONE:
        return [data]
    if kind != BATCH or not isinstance(data, list):
        raise Refusal(Reason.INVALID, details=(f"Content-Type: {ONE} with one event, or {BATCH} with a list",))
    if len(data) > BATCH_EVENTS_MAX:
        raise Refusal(Reason.INVALID, details=(f"body: more than {BATCH_EVENTS_MAX} events",))
    return data
