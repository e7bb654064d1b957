"""Templates over the API: versions, drafts, and the way into force by a second person."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Body, Request
from pydantic import BaseModel, ConfigDict, Field

from central.api.fields import RowId
from central.api.problems import document_problems
from central.api.transactions import CurrentActor, ReadSession, WriteSession
from central.domain.permissions import Action, needs
from central.domain.templates import dump_template
from central.services.templates import (
    VersionSeen,
    VersionState,
    ask_to_put_in_force,
    compare_versions,
    draft_version,
    list_templates,
    put_in_force,
    show_version,
    take_file,
    withdraw_draft,
)

router = APIRouter(prefix="/api/v1/templates", tags=["templates"])


class VersionOut(BaseModel):
    """One version of one kind of business."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    business: str
    version: int
    name: str
    name_en: str
    state: VersionState
    effective_from: date | None
    created_at: datetime
    created_by: str
    approved_at: datetime | None
    approval_id: str | None


class TemplateOut(VersionOut):
    """A version with its content, as the editor and `openaisle` files have it."""

    body: dict[str, Any]


class ChangeOut(BaseModel):
    """One difference; an empty side means added or removed."""

    model_config = ConfigDict(from_attributes=True)

    where: str
    before: str
    after: str


class DraftOut(BaseModel):
    """The draft that was written or changed."""

    id: str


class ApprovalAskedOut(BaseModel):
    """The question that a second person decides."""

    approval_id: str


class AskIn(BaseModel):
    """From when the draft shall hold, and why."""

    model_config = ConfigDict(extra="forbid")

    effective_from: date
    why: str = Field(min_length=1, max_length=400, pattern=r"^[^\x00-\x1f\x7f]+$")


@router.get("", responses=document_problems(401, 403))
@needs(Action.SEE_TEMPLATES)
def get_templates(request: Request, session: ReadSession, actor: CurrentActor) -> list[VersionOut]:
    """List all versions of all kinds of business, the newest of each first."""
    groups = list_templates(session, actor, request.app.state.read_clock())
    return [VersionOut.model_validate(each) for versions in groups for each in versions]


@router.post("", status_code=201, responses=document_problems(401, 403, 409, 422))
@needs(Action.EDIT_TEMPLATE)
def post_template(
    request: Request, session: WriteSession, actor: CurrentActor, body: Annotated[dict[str, Any], Body()]
) -> DraftOut:
    """Draft what a file holds: the first version of a new kind of business, or a new version of a known one."""
    return DraftOut(id=take_file(session, actor, body, request.app.state.read_clock()))


@router.get("/{template_id}", responses=document_problems(401, 403, 404))
@needs(Action.SEE_TEMPLATES)
def get_template(request: Request, session: ReadSession, actor: CurrentActor, template_id: RowId) -> TemplateOut:
    """Show one version with its content."""
    return _show(show_version(session, actor, template_id, request.app.state.read_clock()))


@router.get("/{template_id}/changes/{since_id}", responses=document_problems(401, 403, 404))
@needs(Action.SEE_TEMPLATES)
def get_changes(session: ReadSession, actor: CurrentActor, template_id: RowId, since_id: RowId) -> list[ChangeOut]:
    """List what a version changes in an earlier one of the same business."""
    changes = compare_versions(session, actor, since_id, template_id).changes
    return [ChangeOut.model_validate(each) for each in changes]


@router.post("/{template_id}/drafts", status_code=201, responses=document_problems(401, 403, 404, 409, 422))
@needs(Action.EDIT_TEMPLATE)
def post_draft(
    request: Request,
    session: WriteSession,
    actor: CurrentActor,
    template_id: RowId,
    body: Annotated[dict[str, Any], Body()],
) -> DraftOut:
    """Draft a new version, or change this one if it is a draft; every fault is named at once."""
    return DraftOut(id=draft_version(session, actor, template_id, body, request.app.state.read_clock()))


@router.post("/{template_id}/approval-requests", status_code=201, responses=document_problems(401, 403, 404, 409, 422))
@needs(Action.EDIT_TEMPLATE)
def post_approval_request(
    request: Request, session: WriteSession, actor: CurrentActor, template_id: RowId, ask: AskIn
) -> ApprovalAskedOut:
    """Put a draft before a second person."""
    now = request.app.state.read_clock()
    asked = ask_to_put_in_force(session, actor, template_id, effective_from=ask.effective_from, why=ask.why, now=now)
    return ApprovalAskedOut(approval_id=asked)


@router.post("/{template_id}/validity", status_code=204, responses=document_problems(401, 403, 404, 409))
@needs(Action.EDIT_TEMPLATE)
def post_validity(request: Request, session: WriteSession, actor: CurrentActor, template_id: RowId) -> None:
    """Make an approved draft valid from its day on."""
    put_in_force(session, actor, template_id, request.app.state.read_clock())


@router.delete("/{template_id}", status_code=204, responses=document_problems(401, 403, 404, 409))
@needs(Action.EDIT_TEMPLATE)
def delete_draft(request: Request, session: WriteSession, actor: CurrentActor, template_id: RowId) -> None:
    """Give a draft up; it stays readable as withdrawn."""
    withdraw_draft(session, actor, template_id, request.app.state.read_clock())


def _show(seen: VersionSeen) -> TemplateOut:
    fields = VersionOut.model_validate(seen).model_dump()
    return TemplateOut(**fields, body=dump_template(seen.template))
