"""The marketing system's news: what is read, what is refused, and whose signature holds."""

from __future__ import annotations

import hashlib
import hmac
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from central.domain.cases import CaseEventKind
from central.domain.marketing import (
    EventFault,
    MarketingEvent,
    SignatureFault,
    check_signature,
    read_event,
    sign_body,
    to_case_event,
)

NOW = datetime(2026, 11, 24, 4, tzinfo=UTC)
COMPLETED: dict[str, Any] = {
    "specversion": "1.0",
    "id": "evt-000123",
    "source": "urn:marketing:chengdu",
    "type": "openaisle.marketing.step_completed",
    "time": "2026-11-24T10:30:00+08:00",
    "data": {
        "case_no": "100000200017",
        "step": "ACCEPT",
        "handler": "wang.fang",
        "papers": {"APPLICATION": "2026-11-23T09:00:00+08:00"},
    },
}


def test_a_completed_step_is_read_and_becomes_news_of_its_case() -> None:
    event = read_event(COMPLETED, NOW)
    assert isinstance(event, MarketingEvent)
    assert (event.subject, event.occurred_at) == ("100000200017", datetime(2026, 11, 24, 2, 30, tzinfo=UTC))
    told = to_case_event(event)
    assert told.kind is CaseEventKind.STEP_COMPLETED
    assert told.facts == {
        "step": "ACCEPT",
        "handler": "wang.fang",
        "papers": {"APPLICATION": "2026-11-23T09:00:00+08:00"},
    }


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"specversion": "0.3"}, "specversion"),
        ({"id": ""}, "id"),
        ({"id": "中文"}, "id"),
        ({"time": "2026-11-24T10:30:00"}, "time"),
        ({"time": "2026-11-24T05:00:00Z"}, "time: lies in the future"),
        ({"type": "openaisle.marketing.step_skipped"}, "type: openaisle.marketing.step_skipped is not known"),
        ({"corrects": "evt-000123"}, "corrects: itself"),
        ({"data": []}, "data"),
        ({"data": {**COMPLETED["data"], "stp": "X"}}, "data.stp"),
        ({"data": {**COMPLETED["data"], "step": "受理"}}, "data.step"),
        ({"data": {**COMPLETED["data"], "papers": {"A": "yesterday"}}}, "data.papers.A"),
        ({"data": {"case_no": "1' OR 1=1", "step": "A"}}, "data.case_no"),
        ({"padding": "x" * 70_000}, "larger than 65536 bytes"),
    ],
)
def test_refused_with_its_reason(change: dict[str, Any], reason: str) -> None:
    fault = read_event({**COMPLETED, **change}, NOW, position=3)
    assert isinstance(fault, EventFault)
    assert fault.position == 3
    assert any(each.startswith(reason) for each in fault.reasons), fault.reasons


@pytest.mark.parametrize(
    ("kind", "data", "reason"),
    [
        ("customer_created", {"customer_no": "5101"}, "data.name"),
        ("customers_merged", {"from_no": "5101", "into_no": "5101"}, "data.into_no"),
        (
            "contract_signed",
            {"contract_no": "C1", "customer_no": "5101", "signed_on": "2026-11-24", "ends_on": "2026-11-23"},
            "data.ends_on",
        ),
        ("case_opened", {"case_no": "1", "business": "METER", "customers": ["5101", "5101"]}, "data.customers"),
        ("customer_split", {"from_no": "5101", "into": [{"customer_no": "5102"}]}, "data.into"),
    ],
)
def test_news_that_contradicts_itself(kind: str, data: dict[str, Any], reason: str) -> None:
    fault = read_event({**COMPLETED, "type": f"openaisle.marketing.{kind}", "data": data}, NOW)
    assert isinstance(fault, EventFault)
    assert fault.reasons[0].startswith(reason)


ANYTHING = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=10)),
    lambda part: st.lists(part, max_size=3) | st.dictionaries(st.text(max_size=8), part, max_size=4),
    max_leaves=10,
)


@given(ANYTHING, st.dictionaries(st.sampled_from([*COMPLETED, "corrects", "subject"]), ANYTHING, max_size=3))
def test_nothing_makes_the_reader_fall(anything: Any, changes: dict[str, Any]) -> None:
    assert isinstance(read_event(anything, NOW), MarketingEvent | EventFault)
    assert isinstance(read_event({**COMPLETED, **changes}, NOW), MarketingEvent | EventFault)
    assert isinstance(read_event({**COMPLETED, "data": changes}, NOW), MarketingEvent | EventFault)


KEYS = {"2026-11": b"first key of thirty-two bytes....", "2026-12": b"second key"}
BODY = '{"id":"事件"}'.encode()


def test_the_signature_is_hmac_sha256_of_time_and_body() -> None:
    """Expected digest straight from RFC 2104 by the standard library, over "<seconds>.<body>"."""
    seconds = int(NOW.timestamp())
    digest = hmac.new(KEYS["2026-11"], f"{seconds}.".encode() + BODY, hashlib.sha256).hexdigest()
    assert sign_body(KEYS["2026-11"], "2026-11", BODY, NOW) == f"t={seconds},k=2026-11,v1={digest}"


@pytest.mark.parametrize("key_id", KEYS)
def test_every_key_in_force_is_taken(key_id: str) -> None:
    header = sign_body(KEYS[key_id], key_id, BODY, NOW)
    assert check_signature(KEYS, header, BODY, NOW + timedelta(minutes=5)) == (key_id, None)


GOOD = sign_body(KEYS["2026-11"], "2026-11", BODY, NOW)


@pytest.mark.parametrize(
    ("header", "body", "after", "fault"),
    [
        (None, BODY, timedelta(), SignatureFault.MISSING),
        ("t=1", BODY, timedelta(), SignatureFault.UNREADABLE),
        (GOOD.replace("2026-11", "2026-10"), BODY, timedelta(), SignatureFault.UNKNOWN_KEY),
        (GOOD.replace("2026-11", "2026-12"), BODY, timedelta(), SignatureFault.WRONG),
        (GOOD, BODY + b" ", timedelta(), SignatureFault.WRONG),
        (
            GOOD.replace(f"t={int(NOW.timestamp())}", f"t={int(NOW.timestamp()) + 1}"),
            BODY,
            timedelta(),
            SignatureFault.WRONG,
        ),
        (GOOD, BODY, timedelta(minutes=5, seconds=1), SignatureFault.TOO_OLD),
        (GOOD, BODY, timedelta(minutes=-6), SignatureFault.TOO_OLD),
    ],
)
def test_what_does_not_hold(header: str | None, body: bytes, after: timedelta, fault: SignatureFault) -> None:
    assert check_signature(KEYS, header, body, NOW + after)[1] is fault
