"""What the marketing system says: signed CloudEvents 1.0, each kind of news with its fields. Hostile until checked.

A batch is taken or refused event by event: one nonsense event must not hold up the others.
"""

from __future__ import annotations

import hmac
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from central.domain.cases import CaseEvent, CaseEventKind

PREFIX = "openaisle.marketing."
SPEC_VERSION = "1.0"
BATCH_EVENTS_MAX = 1_000
EVENT_BYTES_MAX = 65_536
ATTRIBUTES_MAX = 40
CUSTOMERS_MAX = 2_000
FAULTS_SHOWN = 20
#: A signature older or newer than this is refused: the same request can't be played again later.
REPLAY_WINDOW = timedelta(minutes=5)
#: News from the future is a broken clock's; a little is everybody's.
FUTURE_MAX = timedelta(minutes=10)

_SIGNATURE = re.compile(r"t=(\d{1,12}),k=([A-Za-z0-9._-]{1,40}),v1=([0-9a-f]{64})")

Word = Annotated[str, Field(min_length=1, max_length=80, pattern=r"^[^\x00-\x1f\x7f]*$")]
Text = Annotated[str, Field(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")]
Number = Annotated[str, Field(min_length=1, max_length=40, pattern=r"^[A-Za-z0-9._/-]+$")]
StepCode = Annotated[str, Field(pattern=r"^[A-Z0-9][A-Z0-9_-]{0,23}$")]
Plain = bool | int | float | Annotated[str, Field(max_length=100)]
Attributes = Annotated[dict[Annotated[str, Field(max_length=40)], Plain], Field(max_length=ATTRIBUTES_MAX)]


class Part(BaseModel):
    """Data of one kind of event: unknown fields are refused, so that a wrong spelling is noticed."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


class CustomerTold(Part):
    """customer_created and customer_changed: in a change, what isn't named stays."""

    customer_no: Number
    name: Word | None = None
    address: Text | None = None
    meter_no: Text | None = None
    id_number: Text | None = None
    team: Word | None = None
    handler: Word | None = None
    attributes: Attributes = {}


class CustomersMerged(Part):
    """Customer numbers that are from now on one (并户, or a repaired duplicate)."""

    from_no: Number
    into_no: Number
    reason: Literal["business", "duplicate"] = "business"


class CustomerSplit(Part):
    """A customer whose supply is divided (分户); the new numbers are customers of their own."""

    from_no: Number
    into: Annotated[list[CustomerTold], Field(min_length=1, max_length=50)]


class CaseOpened(Part):
    case_no: Number
    business: StepCode
    customers: Annotated[list[Number], Field(min_length=1, max_length=CUSTOMERS_MAX)]
    title: Text = ""
    team: Word | None = None
    handler: Word | None = None
    limit_pack: Annotated[str, Field(pattern="^[A-Z]$")] | None = None
    attributes: Attributes = {}


class StepTold(Part):
    """step_started and step_completed. `papers`: when each document of the step came into being, by document code."""

    case_no: Number
    step: StepCode
    handler: Word | None = None
    team: Word | None = None
    papers: Annotated[dict[StepCode, AwareDatetime], Field(max_length=60)] = {}


class PauseTold(Part):
    case_no: Number
    reason: Text = ""
    step: StepCode | None = None


class CaseClosed(Part):
    case_no: Number


class ContractSigned(Part):
    contract_no: Number
    customer_no: Number
    signed_on: date
    ends_on: date | None = None
    renews_itself: bool = False


class ContractEnded(Part):
    contract_no: Number
    ended_on: date


class Kind(StrEnum):
    """Types of events, without their prefix."""

    CUSTOMER_CREATED = "customer_created"
    CUSTOMER_CHANGED = "customer_changed"
    CUSTOMERS_MERGED = "customers_merged"
    CUSTOMER_SPLIT = "customer_split"
    CASE_OPENED = "case_opened"
    STEP_STARTED = "step_started"
    STEP_COMPLETED = "step_completed"
    CASE_PAUSED = "case_paused"
    CASE_RESUMED = "case_resumed"
    CASE_CLOSED = "case_closed"
    CONTRACT_SIGNED = "contract_signed"
    CONTRACT_ENDED = "contract_ended"


PARTS: Mapping[Kind, type[Part]] = {
    Kind.CUSTOMER_CREATED: CustomerTold,
    Kind.CUSTOMER_CHANGED: CustomerTold,
    Kind.CUSTOMERS_MERGED: CustomersMerged,
    Kind.CUSTOMER_SPLIT: CustomerSplit,
    Kind.CASE_OPENED: CaseOpened,
    Kind.STEP_STARTED: StepTold,
    Kind.STEP_COMPLETED: StepTold,
    Kind.CASE_PAUSED: PauseTold,
    Kind.CASE_RESUMED: PauseTold,
    Kind.CASE_CLOSED: CaseClosed,
    Kind.CONTRACT_SIGNED: ContractSigned,
    Kind.CONTRACT_ENDED: ContractEnded,
}
CASE_KINDS: Mapping[Kind, CaseEventKind] = {
    Kind.CASE_OPENED: CaseEventKind.OPENED,
    Kind.STEP_STARTED: CaseEventKind.STEP_STARTED,
    Kind.STEP_COMPLETED: CaseEventKind.STEP_COMPLETED,
    Kind.CASE_PAUSED: CaseEventKind.PAUSED,
    Kind.CASE_RESUMED: CaseEventKind.RESUMED,
    Kind.CASE_CLOSED: CaseEventKind.CLOSED,
}


class Envelope(BaseModel):
    """CloudEvents 1.0 in JSON. Extension attributes are allowed; ours is `corrects`."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    specversion: Literal["1.0"]
    id: Annotated[str, Field(min_length=1, max_length=80, pattern=r"^[\x21-\x7e]+$")]
    source: Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[\x21-\x7e]+$")]
    type: Annotated[str, Field(max_length=60)]
    time: AwareDatetime
    subject: Annotated[str, Field(max_length=80)] = ""
    datacontenttype: Literal["application/json", "application/json; charset=utf-8"] = "application/json"
    corrects: Annotated[str, Field(min_length=1, max_length=80)] | None = None
    data: dict[str, Any]


@dataclass(frozen=True, slots=True)
class MarketingEvent:
    """One event, read and checked. By its `digest` an id that is used again for other news is noticed."""

    source: str
    id: str
    kind: Kind
    occurred_at: datetime
    part: Part
    corrects: str | None
    digest: str
    body: Mapping[str, Any]

    @property
    def subject(self) -> str:
        """The number of the thing it speaks of."""
        for name in ("case_no", "contract_no", "customer_no", "from_no"):
            found = getattr(self.part, name, None)
            if found is not None:
                return str(found)
        raise AssertionError("an event without a subject")


@dataclass(frozen=True, slots=True)
class EventFault:
    """Why one event of a batch can't be taken; `position` counts from 0."""

    position: int
    event_id: str
    reasons: tuple[str, ...]


_ENVELOPE = TypeAdapter(Envelope)
_KINDS = {PREFIX + kind: kind for kind in Kind}


def read_event(data: Any, now: datetime, position: int = 0) -> MarketingEvent | EventFault:
    """Read one event of the JSON event format."""
    event_id = str(data.get("id", ""))[:80] if isinstance(data, dict) else ""
    try:
        envelope = _ENVELOPE.validate_python(data)
        kind = _KINDS.get(envelope.type)
        part = PARTS[kind].model_validate(envelope.data) if kind is not None else None
    except ValidationError as error:
        return EventFault(position, event_id, _list_reasons(error))
    canonical = json.dumps(data, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
    if kind is None or part is None:
        fault = f"type: {envelope.type} is not known"
    elif len(canonical) > EVENT_BYTES_MAX:
        fault = f"larger than {EVENT_BYTES_MAX} bytes"
    else:
        fault = _find_envelope_fault(envelope, kind, now) or _find_part_fault(kind, part)
        if not fault:
            digest = sha256(canonical).hexdigest()
            return MarketingEvent(
                envelope.source, envelope.id, kind, envelope.time, part, envelope.corrects, digest, data
            )
    return EventFault(position, event_id, (fault,))


def to_case_event(event: MarketingEvent) -> CaseEvent:
    """Return the news of a case as the fold knows it; `event.kind` is one of CASE_KINDS."""
    facts = event.part.model_dump(mode="json", exclude={"case_no"}, exclude_none=True)
    return CaseEvent(event.id, CASE_KINDS[event.kind], event.occurred_at, facts, event.corrects)


def sign_body(key: bytes, key_id: str, body: bytes, at: datetime) -> str:
    """Return the value of the header `OpenAisle-Signature`, for both directions."""
    seconds = int(at.timestamp())
    return f"t={seconds},k={key_id},v1={_digest(key, seconds, body)}"


class SignatureFault(StrEnum):
    MISSING = "missing"
    UNREADABLE = "unreadable"
    UNKNOWN_KEY = "unknown_key"
    TOO_OLD = "too_old"
    WRONG = "wrong"


def check_signature(
    keys: Mapping[str, bytes], header: str | None, body: bytes, now: datetime
) -> tuple[str, SignatureFault | None]:
    """Return the id of the key that signed, and why the signature doesn't hold if it doesn't.

    Several keys may hold at once: that is how one is replaced without a gap.
    """
    if header is None:
        return "", SignatureFault.MISSING
    found = _SIGNATURE.fullmatch(header)
    if found is None:
        return "", SignatureFault.UNREADABLE
    seconds, key_id, digest = int(found[1]), found[2], found[3]
    key = keys.get(key_id)
    if key is None:
        return key_id, SignatureFault.UNKNOWN_KEY
    if not hmac.compare_digest(_digest(key, seconds, body), digest):
        return key_id, SignatureFault.WRONG
    # After the digest: an unsigned time says nothing.
    if abs(now.timestamp() - seconds) > REPLAY_WINDOW.total_seconds():
        return key_id, SignatureFault.TOO_OLD
    return key_id, None


def _digest(key: bytes, seconds: int, body: bytes) -> str:
    return hmac.new(key, b"%d." % seconds + body, sha256).hexdigest()


def _find_envelope_fault(envelope: Envelope, kind: Kind, now: datetime) -> str:
    if envelope.time > now + FUTURE_MAX:
        return "time: lies in the future"
    if envelope.corrects == envelope.id:
        return "corrects: itself"
    if envelope.corrects is not None and kind not in CASE_KINDS:
        return "corrects: only news of cases can be corrected"
    return ""


def _find_part_fault(kind: Kind, part: Part) -> str:
    if kind is Kind.CUSTOMER_CREATED and isinstance(part, CustomerTold) and part.name is None:
        return "data.name: a new customer has a name"
    if isinstance(part, CustomersMerged) and part.from_no == part.into_no:
        return "data.into_no: the same customer"
    if isinstance(part, ContractSigned) and part.ends_on is not None and part.ends_on < part.signed_on:
        return "data.ends_on: before it was signed"
    if isinstance(part, CustomerSplit):
        numbers = [each.customer_no for each in part.into]
        if len(set(numbers)) < len(numbers) or any(each.name is None for each in part.into):
            return "data.into: every new customer has a number of its own and a name"
    if isinstance(part, CaseOpened) and len(set(part.customers)) < len(part.customers):
        return "data.customers: a number stands twice"
    return ""


def _list_reasons(error: ValidationError) -> tuple[str, ...]:
    faults: Sequence[Any] = error.errors(include_url=False)[:FAULTS_SHOWN]
    prefix = "" if error.title == "Envelope" else "data."
    return tuple(f"{prefix}{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in faults)
