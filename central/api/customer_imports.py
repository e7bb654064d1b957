"""Files of customers: uploaded and checked, looked through, applied, taken back."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Annotated

from anyio.to_thread import run_sync
from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict
from starlette.datastructures import UploadFile

from central.api.fields import RowId
from central.api.problems import document_problems
from central.api.transactions import CurrentActor, ReadSession
from central.domain.permissions import Action, needs
from central.domain.refusals import Reason, Refusal
from central.services.customer_imports import list_faults, list_imports, show_import

router = APIRouter(prefix="/api/v1/imports", tags=["imports"])

#: The body is described by hand: no parameter reads it before the guard let the person in.
UPLOAD_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {"file": {"type": "string", "format": "binary"}},
                }
            }
        },
    }
}


class ImportOut(BaseModel):
    """A file of customers and how far it is; `share_read`: hundredths of it that were read, while it is staging."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    name: str
    state: str
    rows: int
    rows_done: int
    rows_faulty: int
    rows_known: int
    rows_kept: int
    ignored: list[str]
    created_at: datetime
    created_by_name: str
    applied_at: datetime | None
    reversed_at: datetime | None
    applied_before: bool
    share_read: int
    fault: str


class FaultOut(BaseModel):
    """A row of the spreadsheet that can't be applied, and why."""

    number: int
    code: str
    field: str
    fact: str
    customer_no: str
    name: str


class ImportIdOut(BaseModel):
    """The import that came into being."""

    id: str


@router.get("", responses=document_problems(401, 403))
@needs(Action.IMPORT_CUSTOMERS)
def get_imports(session: ReadSession, actor: CurrentActor) -> list[ImportOut]:
    """List the files of customers, the newest first."""
    return [ImportOut.model_validate(each) for each in list_imports(session, actor)]


@router.post("", status_code=201, responses=document_problems(401, 403, 413, 422), openapi_extra=UPLOAD_BODY)
@needs(Action.IMPORT_CUSTOMERS)
async def post_import(request: Request, actor: CurrentActor) -> ImportIdOut:
    """Upload a CSV (UTF-8 or GB18030) or XLSX file. It is read and checked in the background: ask for its state.

    Its state is `staging` meanwhile, then `checked`, or `refused` with the fault; nothing is applied yet.
    """
    form = await request.form()
    try:
        file = form.get("file")
        if not isinstance(file, UploadFile):
            raise Refusal(Reason.INVALID, details=("file: a file is missing",))
        take = partial(request.app.state.customer_imports.take_file, actor, file.filename or "", file.file)
        return ImportIdOut(id=await run_sync(take))
    finally:
        await form.close()


@router.get("/{import_id}", responses=document_problems(401, 403, 404))
@needs(Action.IMPORT_CUSTOMERS)
def get_import(import_id: RowId, session: ReadSession, actor: CurrentActor) -> ImportOut:
    """Show one file and how far it is."""
    return ImportOut.model_validate(show_import(session, actor, import_id))


@router.get("/{import_id}/faults", responses=document_problems(401, 403, 404))
@needs(Action.IMPORT_CUSTOMERS)
def get_import_faults(
    import_id: RowId,
    session: ReadSession,
    actor: CurrentActor,
    after: Annotated[int, Query(ge=0, le=1_000_000, description="Row number after which to begin")] = 0,
) -> list[FaultOut]:
    """List rows that can't be applied, with the reason; at most 200 at a time."""
    show_import(session, actor, import_id)
    return [
        FaultOut(
            number=line.number,
            code=line.fault.code,
            field=line.fault.field,
            fact=line.fault.fact,
            customer_no=line.fields.get("customer_no", ""),
            name=line.fields.get("name", ""),
        )
        for line in list_faults(session, actor, import_id, after)
        if line.fault is not None
    ]


@router.post("/{import_id}/application", status_code=202, responses=document_problems(401, 403, 404, 409))
@needs(Action.IMPORT_CUSTOMERS)
def post_application(request: Request, import_id: RowId, actor: CurrentActor) -> Response:
    """Apply the rows without a fault, as one batch in steps."""
    request.app.state.customer_imports.apply(actor, import_id)
    return Response(status_code=202)


@router.post("/{import_id}/cancellation", status_code=202, responses=document_problems(401, 403, 404, 409))
@needs(Action.IMPORT_CUSTOMERS)
def post_cancellation(request: Request, import_id: RowId, actor: CurrentActor) -> Response:
    """Stop reading a file, drop one that was read, or stop applying it and take back what was applied so far."""
    request.app.state.customer_imports.cancel(actor, import_id)
    return Response(status_code=202)


@router.post("/{import_id}/reversal", status_code=202, responses=document_problems(401, 403, 404, 409))
@needs(Action.IMPORT_CUSTOMERS)
def post_reversal(request: Request, import_id: RowId, actor: CurrentActor) -> Response:
    """Take an applied file back; refused while some of its customers have cases, papers or contracts."""
    request.app.state.customer_imports.reverse(actor, import_id)
    return Response(status_code=202)
