"""Every view of a page image is written down before the image leaves."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from central.domain.audit import AuditAct, AuditEntry
from central.domain.people import Actor
from central.store.audit import add_audit


def note_page_view(
    session: Session,
    actor: Actor,
    *,
    subject_kind: str,
    subject_id: str,
    subject_name: str,
    page_no: int,
    now: datetime,
    printed: bool = False,
) -> None:
    """Write down who looked at, or printed, which page of what."""
    after = {"page_no": page_no, "printed": printed}
    add_audit(
        session, actor, AuditEntry(AuditAct.PAGE_VIEWED, subject_kind, subject_id, subject_name, after=after), now
    )
