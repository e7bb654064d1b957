"""Four eyes: who may decide, and what an approval carries."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from central.domain.approvals import (
    LIFE,
    Approval,
    ApprovalAct,
    ApprovalFault,
    ApprovalState,
    digest_payload,
    find_deciding_scope,
    judge_decision,
    judge_use,
)
from central.domain.people import Actor, Grant, Role

NOW = datetime(2026, 11, 24, 8, tzinfo=UTC)
PAYLOAD = {"keep": "d1", "merge": ["d2"], "note": "同一客户"}
ASKED = Approval(
    act=ApprovalAct.MERGE_DOSSIERS,
    subject_id="d1",
    payload_digest=digest_payload(PAYLOAD),
    asked_by="wang",
    expires_at=NOW + LIFE,
    state=ApprovalState.ASKED,
    unit_id="c1",
)
APPROVED = replace(ASKED, state=ApprovalState.APPROVED)


def test_the_digest_is_that_of_canonical_json() -> None:
    text = '{"keep":"d1","merge":["d2"],"note":"同一客户"}'
    assert (
        digest_payload({"note": "同一客户", "merge": ["d2"], "keep": "d1"}) == hashlib.sha256(text.encode()).hexdigest()
    )


def test_another_person_decides_in_time() -> None:
    assert judge_decision(ASKED, "li", NOW) is None
    assert judge_decision(ASKED, "wang", NOW) is ApprovalFault.SAME_PERSON
    assert judge_decision(replace(ASKED, asked_for="li"), "li", NOW) is ApprovalFault.SAME_PERSON
    assert judge_decision(ASKED, "li", NOW + LIFE) is ApprovalFault.EXPIRED
    assert judge_decision(APPROVED, "li", NOW) is ApprovalFault.NOT_OPEN


def test_a_role_lent_by_who_asks_decides_nothing() -> None:
    archivist = Grant(Role.ARCHIVIST, "r01", unit_ids=frozenset({"c1"}))
    lent = replace(archivist, deputy_for="wang")
    assert find_deciding_scope(Actor("li", "li", "李", frozenset({archivist})), ASKED).covers_case("c1")
    assert find_deciding_scope(Actor("li", "li", "李", frozenset({lent})), ASKED).empty
    assert not find_deciding_scope(Actor("li", "li", "李", frozenset({lent})), replace(ASKED, asked_by="chen")).empty


@pytest.mark.parametrize(
    ("approval", "act", "subject", "payload", "later", "fault"),
    [
        (APPROVED, ApprovalAct.MERGE_DOSSIERS, "d1", PAYLOAD, timedelta(), None),
        (APPROVED, ApprovalAct.MERGE_DOSSIERS, "d1", PAYLOAD | {"merge": ["d3"]}, timedelta(), "other_payload"),
        (APPROVED, ApprovalAct.MERGE_DOSSIERS, "d9", PAYLOAD, timedelta(), "other_payload"),
        (APPROVED, ApprovalAct.EDIT_TEMPLATE, "d1", PAYLOAD, timedelta(), "other_payload"),
        (APPROVED, ApprovalAct.MERGE_DOSSIERS, "d1", PAYLOAD, LIFE, "expired"),
        (ASKED, ApprovalAct.MERGE_DOSSIERS, "d1", PAYLOAD, timedelta(), "not_approved"),
        (
            replace(ASKED, state=ApprovalState.USED),
            ApprovalAct.MERGE_DOSSIERS,
            "d1",
            PAYLOAD,
            timedelta(),
            "not_approved",
        ),
        (
            replace(ASKED, state=ApprovalState.REFUSED),
            ApprovalAct.MERGE_DOSSIERS,
            "d1",
            PAYLOAD,
            timedelta(),
            "not_approved",
        ),
    ],
)
def test_an_approval_carries_exactly_what_was_approved(
    approval: Approval,
    act: ApprovalAct,
    subject: str,
    *,
    payload: dict[str, object],
    later: timedelta,
    fault: str | None,
) -> None:
    assert judge_use(approval, act, subject, payload, NOW + later) == fault
