"""Acts that need two people: one asks, another decides, and only exactly what was decided is done. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from central.domain.people import Actor, Grant
from central.domain.permissions import Action, Scope, find_scope


class ApprovalAct(StrEnum):
    MERGE_DOSSIERS = "merge_dossiers"
    EDIT_TEMPLATE = "edit_template"


#: What a person must be allowed to do to decide; and how long a decision may be waited for, and then used.
DECIDES: dict[ApprovalAct, Action] = {
    ApprovalAct.MERGE_DOSSIERS: Action.APPROVE_MERGE,
    ApprovalAct.EDIT_TEMPLATE: Action.APPROVE_TEMPLATE,
}
LIFE = timedelta(days=7)


class ApprovalState(StrEnum):
    ASKED = "asked"
    APPROVED = "approved"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    #: Approved and done; once.
    USED = "used"
    EXPIRED = "expired"


class ApprovalFault(StrEnum):
    """Why a decision or its use is refused."""

    SAME_PERSON = "same_person"
    NOT_OPEN = "not_open"
    EXPIRED = "expired"
    OTHER_PAYLOAD = "other_payload"
    NOT_APPROVED = "not_approved"


@dataclass(frozen=True, slots=True)
class Approval:
    """What is asked: an act on a subject with exactly this payload."""

    act: ApprovalAct
    subject_id: str
    payload_digest: str
    asked_by: str
    expires_at: datetime
    state: ApprovalState
    #: The absent person in whose name it was asked.
    asked_for: str | None = None
    unit_id: str | None = None


def digest_payload(payload: Mapping[str, Any]) -> str:
    """Return the SHA-256 of a payload in canonical JSON: what was approved is what is done, to the byte."""
    text = json.dumps(payload, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def read_state(state: ApprovalState, expires_at: datetime, now: datetime) -> ApprovalState:
    """Return the state as it counts now: what nobody decided or used in time has expired."""
    open_states = {ApprovalState.ASKED, ApprovalState.APPROVED}
    return ApprovalState.EXPIRED if state in open_states and now >= expires_at else state


def find_deciding_scope(actor: Actor, approval: Approval) -> Scope:
    """Return where the actor may decide such an act, without the roles lent by the people who ask for it."""
    asking = {approval.asked_by, approval.asked_for}
    grants = frozenset(grant for grant in actor.grants if not _is_lent_by(grant, asking))
    decider = Actor(actor.person_id, actor.login, actor.name, grants)
    return find_scope(decider, DECIDES[approval.act])


def judge_decision(approval: Approval, decider_id: str, now: datetime) -> ApprovalFault | None:
    """Return why this person may not decide, None if they may."""
    if decider_id in {approval.asked_by, approval.asked_for}:
        return ApprovalFault.SAME_PERSON
    state = read_state(approval.state, approval.expires_at, now)
    if state is ApprovalState.EXPIRED:
        return ApprovalFault.EXPIRED
    return None if state is ApprovalState.ASKED else ApprovalFault.NOT_OPEN


def judge_use(
    approval: Approval, act: ApprovalAct, subject_id: str, payload: Mapping[str, Any], now: datetime
) -> ApprovalFault | None:
    """Return why an approval doesn't carry this act, None if it does."""
    state = read_state(approval.state, approval.expires_at, now)
    if state is ApprovalState.EXPIRED:
        return ApprovalFault.EXPIRED
    if state is not ApprovalState.APPROVED:
        return ApprovalFault.NOT_APPROVED
    same = approval.act is act and approval.subject_id == subject_id
    return None if same and approval.payload_digest == digest_payload(payload) else ApprovalFault.OTHER_PAYLOAD


def _is_lent_by(grant: Grant, people: set[str | None]) -> bool:
    return grant.deputy_for is not None and grant.deputy_for in people
