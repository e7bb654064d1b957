"""A document's way from due to accepted, and the three review gates 三道关 that it passes (domain words: P2, P9, P17).

    due -> scanned -> self_checked -> sent -> reviewed -> accepted
                 ^---------- returned <-----'--------'

Gate 1 is the handler's own check at capture, gate 2 the collector's review, gate 3 the archivist's acceptance of the
paper against the picture. Nobody passes the same document through two gates.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class DocumentState(StrEnum):
    DUE = "due"
    SCANNED = "scanned"
    SELF_CHECKED = "self_checked"
    SENT = "sent"
    RETURNED = "returned"
    REVIEWED = "reviewed"
    ACCEPTED = "accepted"


#: Somebody has to scan it, for the first time or anew.
UNSCANNED = frozenset({DocumentState.DUE, DocumentState.RETURNED})


class DocumentAct(StrEnum):
    """What people do to a document. Pages that are added, replaced or moved take it back to scanned."""

    CAPTURE = "capture"
    #: Pages put into another order, or taken out.
    ARRANGE = "arrange"
    SELF_CHECK = "self_check"
    SEND = "send"
    PASS_REVIEW = "pass_review"  # noqa: S105 - an act, not a secret
    RETURN = "return"
    ACCEPT = "accept"


class ReturnReason(StrEnum):
    """Why a gate sends a document back."""

    UNREADABLE = "unreadable"
    PAGES_MISSING = "pages_missing"
    WRONG_DOCUMENT = "wrong_document"
    WRONG_CUSTOMER = "wrong_customer"
    NOT_SIGNED = "not_signed"
    WRONG_SEAL = "wrong_seal"
    OUT_OF_DATE = "out_of_date"
    NOT_AS_PAPER = "not_as_paper"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class PassedGate:
    """Who took a document through a gate; a return voids the gates passed since the capture."""

    gate: int
    person_id: str
    at: datetime


GATES: dict[DocumentAct, int] = {
    DocumentAct.SELF_CHECK: 1,
    DocumentAct.PASS_REVIEW: 2,
    DocumentAct.ACCEPT: 3,
}
#: The gate that a state shows as passed.
PASSED: dict[DocumentState, int] = {
    DocumentState.DUE: 0,
    DocumentState.SCANNED: 0,
    DocumentState.RETURNED: 0,
    DocumentState.SELF_CHECKED: 1,
    DocumentState.SENT: 1,
    DocumentState.REVIEWED: 2,
    DocumentState.ACCEPTED: 3,
}
_WAYS: dict[tuple[DocumentState, DocumentAct], DocumentState] = {
    (DocumentState.DUE, DocumentAct.CAPTURE): DocumentState.SCANNED,
    (DocumentState.SCANNED, DocumentAct.CAPTURE): DocumentState.SCANNED,
    (DocumentState.RETURNED, DocumentAct.CAPTURE): DocumentState.SCANNED,
    (DocumentState.SELF_CHECKED, DocumentAct.CAPTURE): DocumentState.SCANNED,
    (DocumentState.SCANNED, DocumentAct.ARRANGE): DocumentState.SCANNED,
    (DocumentState.SELF_CHECKED, DocumentAct.ARRANGE): DocumentState.SCANNED,
    (DocumentState.SCANNED, DocumentAct.SELF_CHECK): DocumentState.SELF_CHECKED,
    (DocumentState.SELF_CHECKED, DocumentAct.SEND): DocumentState.SENT,
    (DocumentState.SENT, DocumentAct.PASS_REVIEW): DocumentState.REVIEWED,
    (DocumentState.SENT, DocumentAct.RETURN): DocumentState.RETURNED,
    (DocumentState.REVIEWED, DocumentAct.ACCEPT): DocumentState.ACCEPTED,
    (DocumentState.REVIEWED, DocumentAct.RETURN): DocumentState.RETURNED,
}


class WayRefused(StrEnum):
    """Why an act isn't possible."""

    WRONG_STATE = "wrong_state"
    NO_PAGES = "no_pages"
    #: The same person has taken this document through another gate.
    SAME_PERSON = "same_person"
    NO_REASON = "no_reason"


def find_next(state: DocumentState, act: DocumentAct) -> DocumentState | None:
    """Return the state after an act, None if the act isn't possible in this state."""
    return _WAYS.get((state, act))


def list_acts(state: DocumentState) -> tuple[DocumentAct, ...]:
    """Return what can be done in a state."""
    return tuple(act for (each, act) in _WAYS if each is state)


def judge_act(
    state: DocumentState,
    act: DocumentAct,
    person_id: str,
    passed: Iterable[PassedGate],
    *,
    pages: int,
    reason: ReturnReason | None = None,
) -> WayRefused | None:
    """Return why a person may not do this to a document, None if they may.

    `passed` are the gates passed since the newest capture. Who returns a document passes no gate.
    """
    if find_next(state, act) is None:
        return WayRefused.WRONG_STATE
    if act in (DocumentAct.SELF_CHECK, DocumentAct.SEND) and pages < 1:
        return WayRefused.NO_PAGES
    if act is DocumentAct.RETURN and reason is None:
        return WayRefused.NO_REASON
    gate = GATES.get(act)
    if gate is not None and any(each.person_id == person_id and each.gate != gate for each in passed):
        return WayRefused.SAME_PERSON
    return None
