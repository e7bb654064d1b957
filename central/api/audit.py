"""The audit log: search, one row, the end of the chain. The export is a page's."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict

from central.api.fields import ONE_LINE, ROW_ID, After, Limit, Moment, PageOut, RowId
from central.api.problems import document_problems
from central.api.transactions import CurrentActor, ReadSession
from central.domain.audit import AuditAct
from central.domain.permissions import Action, needs
from central.services.audit import SearchAudit, search_audit, show_audit_row, show_head

router = APIRouter(prefix="/api/v1/audit", tags=["audit"])


class AuditOut(BaseModel):
    """A row of the log; `seq` is its number in the chain, null as long as it waits for its link."""

    model_config = ConfigDict(from_attributes=True)

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
    before: dict[str, Any]
    after: dict[str, Any]
    address: str
    session_id: str
    seq: int | None


class HeadOut(BaseModel):
    """The end of the chain, and how many rows wait for their link."""

    seq: int
    hash: str
    waiting: int


@router.get("", responses=document_problems(401, 403, 422))
@needs(Action.SEE_AUDIT)
def get_audit(
    session: ReadSession,
    actor: CurrentActor,
    *,
    text: Annotated[str, Query(max_length=80, pattern=ONE_LINE)] = "",
    act: AuditAct | None = None,
    person: Annotated[str, Query(pattern=f"^$|{ROW_ID}")] = "",
    subject_kind: Annotated[str, Query(max_length=24, pattern=r"^[a-z_]*$")] = "",
    subject: Annotated[str, Query(max_length=80, pattern=ONE_LINE)] = "",
    from_at: Moment | None = None,
    until_at: Moment | None = None,
    after: After = None,
    limit: Limit = 50,
) -> PageOut[AuditOut]:
    """Search the log, the newest first."""
    command = SearchAudit(
        text=text.strip(),
        act=act.value if act is not None else "",
        person_id=person,
        subject_kind=subject_kind,
        subject_id=subject,
        from_at=from_at,
        until_at=until_at,
        after=after,
        limit=limit,
    )
    page = search_audit(session, actor, command)
    return PageOut(items=[AuditOut.model_validate(row) for row in page.items], next_after=page.next_after)


@router.get("/head", responses=document_problems(401, 403))
@needs(Action.SEE_AUDIT)
def get_head(session: ReadSession, actor: CurrentActor) -> HeadOut:
    """Show the end of the chain, to be written down elsewhere."""
    head, waiting = show_head(session, actor)
    return HeadOut(seq=head.seq, hash=head.hash, waiting=waiting)


@router.get("/{row_id}", responses=document_problems(401, 403, 404))
@needs(Action.SEE_AUDIT)
def get_audit_row(row_id: RowId, session: ReadSession, actor: CurrentActor) -> AuditOut:
    """Show one row."""
    return AuditOut.model_validate(show_audit_row(session, actor, row_id))
