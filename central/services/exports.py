"""Lists that people take along as files: each leaves a row in the audit log that says what was searched for."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Final

from sqlalchemy.orm import Session

from central.domain.audit import AuditAct, AuditEntry
from central.domain.people import Actor
from central.domain.permissions import Action, allows
from central.domain.refusals import Reason, Refusal
from central.store.audit import add_audit


class Listed(StrEnum):
    """What a list holds, as the audit log calls it."""

    AUDIT = "audit"
    BOXES = "boxes"
    CASES = "cases"
    DOSSIERS = "dossiers"
    CONTRACTS = "contracts"
    TASKS = "tasks"
    REVIEWS = "reviews"
    ACCEPTANCES = "acceptances"
    REMINDERS = "reminders"
    DELIVERIES = "deliveries"
    APPROVALS = "approvals"
    SCANS = "scans"


#: By list: the act, and who may do it.
EXPORTS: Final[dict[Listed, tuple[AuditAct, Action]]] = {
    Listed.AUDIT: (AuditAct.AUDIT_EXPORTED, Action.SEE_AUDIT),
    Listed.BOXES: (AuditAct.BOXES_EXPORTED, Action.EXPORT_BOXES),
    Listed.CASES: (AuditAct.CASES_EXPORTED, Action.SEE_CASES),
    Listed.DOSSIERS: (AuditAct.DOSSIERS_EXPORTED, Action.SEE_DOSSIERS),
    Listed.CONTRACTS: (AuditAct.CONTRACTS_EXPORTED, Action.SEE_DOSSIERS),
    Listed.TASKS: (AuditAct.TASKS_EXPORTED, Action.SEE_TASKS),
    Listed.REVIEWS: (AuditAct.PAPERS_EXPORTED, Action.REVIEW_DOCUMENT),
    Listed.ACCEPTANCES: (AuditAct.PAPERS_EXPORTED, Action.ACCEPT_DOCUMENT),
    Listed.REMINDERS: (AuditAct.REMINDERS_EXPORTED, Action.SELF),
    Listed.DELIVERIES: (AuditAct.DELIVERIES_EXPORTED, Action.SEE_MESSAGES),
    Listed.APPROVALS: (AuditAct.APPROVALS_EXPORTED, Action.SELF),
    Listed.SCANS: (AuditAct.SCANS_EXPORTED, Action.SORT_SCANS),
}


def note_export(session: Session, actor: Actor, listed: Listed, search: Mapping[str, object], now: datetime) -> None:
    """Write down that somebody takes a list with them, and what it was narrowed to."""
    act, action = EXPORTS[listed]
    if not allows(actor, action):
        raise Refusal(Reason.NOT_ALLOWED)
    after = {name: value for name, value in search.items() if value not in (None, "", False)}
    add_audit(session, actor, AuditEntry(act, listed.value, "export", after=after), now)
