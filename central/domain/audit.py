"""The audit log, pure: what a row holds, its canonical form, the hash chain and the search for its first broken row."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from hashlib import sha256
from typing import Any

#: Hash before the first row.
GENESIS = "0" * 64
COMMAND_LINE = "command line"


class AuditAct(StrEnum):
    """What was done. Others add their acts here; the words stand in `central.web.words`."""

    LOGGED_IN = "logged_in"
    LOGGED_OUT = "logged_out"
    LOCKED_OUT = "locked_out"
    SESSION_ENDED = "session_ended"
    PASSWORD_CHANGED = "password_changed"  # noqa: S105 - an act, not a secret
    PASSWORD_RESET = "password_reset"  # noqa: S105 - an act, not a secret
    PERSON_CREATED = "person_created"
    PERSON_CHANGED = "person_changed"
    PERSON_DEACTIVATED = "person_deactivated"
    PERSON_ACTIVATED = "person_activated"
    ROLE_GRANTED = "role_granted"
    ROLE_WITHDRAWN = "role_withdrawn"
    ABSENCE_SET = "absence_set"
    ABSENCE_ENDED = "absence_ended"
    BADGE_ISSUED = "badge_issued"
    BADGE_ENDED = "badge_ended"
    UNIT_CREATED = "unit_created"
    UNIT_CHANGED = "unit_changed"
    UNIT_CLOSED = "unit_closed"
    ROOM_ASSIGNED = "room_assigned"
    ROOM_IMPORTED = "room_imported"
    ROOM_IMPORT_REVERSED = "room_import_reversed"
    EPOCH_ADMITTED = "epoch_admitted"
    LABEL_ISSUED = "label_issued"
    AUDIT_EXPORTED = "audit_exported"
    APPROVAL_ASKED = "approval_asked"
    APPROVAL_DECIDED = "approval_decided"
    APPROVAL_WITHDRAWN = "approval_withdrawn"
    APPROVAL_USED = "approval_used"
    PAGE_VIEWED = "page_viewed"
    DOSSIERS_MERGED = "dossiers_merged"
    MERGE_UNDONE = "merge_undone"
    IMPORT_APPLIED = "import_applied"
    IMPORT_REVERSED = "import_reversed"
    DOCUMENT_CAPTURED = "document_captured"
    DOCUMENT_SELF_CHECKED = "document_self_checked"
    DOCUMENT_SENT = "document_sent"
    DOCUMENT_REVIEWED = "document_reviewed"
    DOCUMENT_RETURNED = "document_returned"
    DOCUMENT_ACCEPTED = "document_accepted"
    PAGES_ARRANGED = "pages_arranged"
    PAPER_MARKED = "paper_marked"
    COPY_VERIFIED = "copy_verified"
    PAPER_MOVED = "paper_moved"
    SCAN_UNASSIGNED = "scan_unassigned"
    SCAN_PLACED = "scan_placed"
    SCAN_DISCARDED = "scan_discarded"
    SCAN_TAKEN_BACK = "scan_taken_back"
    FINDING_OVERRIDDEN = "finding_overridden"
    CONTENT_QUARANTINED = "content_quarantined"
    CONTENT_MENDED = "content_mended"
    CONTENT_CLEARED = "content_cleared"
    BUSINESS_SEEDED = "business_seeded"
    TEMPLATE_DRAFTED = "template_drafted"
    TEMPLATE_DRAFT_CHANGED = "template_draft_changed"
    TEMPLATE_DRAFT_WITHDRAWN = "template_draft_withdrawn"
    TEMPLATE_APPROVED = "template_approved"
    CALENDAR_DAY_CHANGED = "calendar_day_changed"
    CALENDAR_HORIZON_MOVED = "calendar_horizon_moved"
    RULES_SET = "rules_set"
    CASES_EXPORTED = "cases_exported"
    BOXES_EXPORTED = "boxes_exported"
    DOSSIERS_EXPORTED = "dossiers_exported"
    CONTRACTS_EXPORTED = "contracts_exported"
    TASKS_EXPORTED = "tasks_exported"
    PAPERS_EXPORTED = "papers_exported"
    REMINDERS_EXPORTED = "reminders_exported"
    DELIVERIES_EXPORTED = "deliveries_exported"
    APPROVALS_EXPORTED = "approvals_exported"
    SCANS_EXPORTED = "scans_exported"
    CALLBACK_REVIVED = "callback_revived"
    MESSAGE_REVIVED = "message_revived"


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """What a use case says of its act; who and from where come from the actor."""

    act: AuditAct
    subject_kind: str
    subject_id: str
    #: How people call the subject, as it was called at that moment.
    subject_name: str = ""
    #: Why it was done, in the words of who did it.
    why: str = ""
    before: Mapping[str, Any] = field(default_factory=dict)
    after: Mapping[str, Any] = field(default_factory=dict)
    #: The absent person for whom a deputy did it.
    acting_for: str | None = None


@dataclass(frozen=True, slots=True)
class AuditRecord:
    """A row of the log as it is chained: everything in it is covered by the hash."""

    id: str
    at: datetime
    act: str
    person_id: str | None
    person_name: str
    acting_for: str | None
    subject_kind: str
    subject_id: str
    subject_name: str
    why: str
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    address: str
    session_id: str


@dataclass(frozen=True, slots=True)
class ChainLink:
    """One link: the number of a row in the chain and the hash over it and everything before it."""

    seq: int
    row_id: str
    hash: str


@dataclass(frozen=True, slots=True)
class ChainBreak:
    """The first place at which the log isn't what was chained."""

    seq: int
    row_id: str
    #: changed, missing, gap, head (a published head says otherwise).
    kind: str


def encode_record(record: AuditRecord) -> str:
    """Return the canonical JSON of a row."""
    body = {
        "acting_for": record.acting_for,
        "act": record.act,
        "address": record.address,
        "after": dict(record.after),
        "at": f"{record.at.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}",
        "before": dict(record.before),
        "id": record.id,
        "person_id": record.person_id,
        "person_name": record.person_name,
        "session_id": record.session_id,
        "subject_id": record.subject_id,
        "subject_kind": record.subject_kind,
        "subject_name": record.subject_name,
        "why": record.why,
    }
    return json.dumps(body, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)


def hash_link(previous: str, seq: int, record: AuditRecord) -> str:
    """Return the hash of a row in the chain."""
    return sha256(f"{previous}\n{seq}\n{encode_record(record)}".encode()).hexdigest()


def chain_records(head_seq: int, head_hash: str, records: Iterable[AuditRecord]) -> list[ChainLink]:
    """Return the links of rows that follow the head, in the order given."""
    links: list[ChainLink] = []
    seq, previous = head_seq, head_hash
    for record in records:
        seq += 1
        previous = hash_link(previous, seq, record)
        links.append(ChainLink(seq, record.id, previous))
    return links


class ChainCheck:
    """Walks the chain from its beginning; feed it every link with its row (None: the row is gone)."""

    def __init__(self, heads: Mapping[int, str]) -> None:
        self.seq = 0
        self.hash = GENESIS
        self._heads = dict(heads)

    def step(self, link: ChainLink, record: AuditRecord | None) -> ChainBreak | None:
        """Return the break at this link, if there is one."""
        if link.seq != self.seq + 1:
            return ChainBreak(self.seq + 1, link.row_id, "gap")
        if record is None:
            return ChainBreak(link.seq, link.row_id, "missing")
        if hash_link(self.hash, link.seq, record) != link.hash:
            return ChainBreak(link.seq, link.row_id, "changed")
        if self._heads.get(link.seq, link.hash) != link.hash:
            return ChainBreak(link.seq, link.row_id, "head")
        self.seq, self.hash = link.seq, link.hash
        return None

    def finish(self) -> ChainBreak | None:
        """Return the break when a published head lies beyond the end: rows were cut off."""
        beyond = [seq for seq in self._heads if seq > self.seq]
        return ChainBreak(self.seq + 1, "", "head") if beyond else None
