"""Dossiers: search, export, one dossier with its contents; merging and taking that back; contracts that end soon."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict, StringConstraints

from central.api.fields import ONE_LINE, After, Limit, PageOut, RowId, Strict
from central.api.problems import document_problems
from central.api.table_files import answer_csv
from central.api.transactions import CurrentActor, ReadSession, WriteSession
from central.domain.approvals import ApprovalState
from central.domain.permissions import Action, needs
from central.domain.search import LONGEST_QUERY
from central.services.contracts import SPANS_DAYS, list_ending_contracts
from central.services.dossier_merges import (
    AskMerge,
    ask_merge,
    list_asked,
    list_merges,
    merge_dossiers,
    undo_merge,
)
from central.services.dossiers import (
    SearchDossiers,
    export_dossiers,
    find_dossier_id,
    list_dossier_documents,
    search_dossiers,
    show_dossier,
)
from central.services.exports import Listed, note_export

router = APIRouter(prefix="/api/v1", tags=["dossiers"])

Text = Annotated[
    str, Query(max_length=LONGEST_QUERY, description="Words that must all occur in number, name, address or meter")
]
State = Annotated[Literal["open", "merged"] | None, Query(description="Only dossiers in this state")]
Sort = Literal["customer_no", "name"]
CustomerNo = Annotated[str, StringConstraints(min_length=1, max_length=40, pattern=ONE_LINE, strip_whitespace=True)]
Reasoned = Annotated[str, StringConstraints(min_length=1, max_length=400, pattern=r"^[^\x00]*$", strip_whitespace=True)]
CSV_FIELDS = ("dossier_no", "customer_no", "name", "address", "meter_no", "state", "unit_name", "handler_name")


class Out(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class DossierOut(Out):
    """A dossier and its customer."""

    id: str
    dossier_no: str
    customer_no: str
    name: str
    address: str
    meter_no: str
    state: str
    unit_name: str | None
    handler_name: str | None


class CaseOut(Out):
    """A case of the dossier's customer."""

    id: str
    case_no: str
    business: str
    title: str
    step: str | None
    opened_at: datetime | None
    closed_at: datetime | None
    paused: bool
    handler_name: str | None


class ContractOut(Out):
    """A contract of the dossier's customer."""

    contract_no: str
    signed_on: date
    ends_on: date | None
    ended_on: date | None
    renews_itself: bool


class DossierDetailOut(DossierOut):
    """One dossier with what hangs on it; the ID number as the reader's role may see it."""

    opened_at: datetime
    id_number: str
    id_number_masked: bool
    numbers: list[str]
    merged_into: str | None
    cases: list[CaseOut]
    contracts: list[ContractOut]


class DocumentOut(Out):
    """A paper in a dossier; `cited_from` names the dossier that it is filed in, null when this one."""

    id: str
    code: str
    name: str
    name_en: str
    medium: str
    state: str
    step: str
    case_no: str
    pages: int
    paper_created_at: datetime
    cited_from: str | None


class MergeAskIn(Strict):
    """Into which customer's dossier, and why the two are one customer's."""

    into_no: CustomerNo
    why: Reasoned


class MergeIn(Strict):
    """The approval that carries the merging."""

    approval_id: Annotated[str, StringConstraints(pattern=r"^[0-9a-f-]{36}$")]


class MergeUndoIn(Strict):
    """Why it is taken back."""

    why: Reasoned


class MergeAskedOut(Out):
    """A merging that waits for a decision, or, approved, to be done."""

    approval_id: str
    from_no: str
    into_no: str
    from_name: str
    into_name: str
    why: str
    state: ApprovalState
    asked_by_name: str
    asked_at: datetime


class MergeOut(Out):
    """A merging that was done, and perhaps taken back."""

    id: str
    from_id: str
    into_id: str
    from_no: str
    from_name: str
    into_no: str
    merged_at: datetime
    merged_by_name: str
    undone_at: datetime | None
    undone_by_name: str | None


class MergesOut(BaseModel):
    """What was asked for, and what was done."""

    asked: list[MergeAskedOut]
    done: list[MergeOut]


class IdOut(BaseModel):
    """The row that came into being."""

    id: str


class EndingContractOut(Out):
    """A contract whose end comes near; `days_left` below zero: it has run out."""

    contract_no: str
    signed_on: date
    ends_on: date
    days_left: int
    span_days: int
    customer_no: str
    customer_name: str
    dossier_id: str | None
    unit_name: str | None
    handler_name: str | None


@router.get("/dossiers", responses=document_problems(401, 403, 422))
@needs(Action.SEE_DOSSIERS)
def get_dossiers(
    session: ReadSession,
    actor: CurrentActor,
    *,
    text: Text = "",
    state: State = None,
    sort: Sort = "customer_no",
    after: After = None,
    limit: Limit = 50,
) -> PageOut[DossierOut]:
    """Search dossiers that you may see."""
    page = search_dossiers(session, actor, SearchDossiers(text, state, sort, after, limit))
    return PageOut(items=[DossierOut.model_validate(each) for each in page.items], next_after=page.next_after)


@router.get(
    "/dossiers/export",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/csv": {"schema": {"type": "string"}}}}, **document_problems(401, 403)},
)
@needs(Action.SEE_DOSSIERS)
def get_dossier_export(
    request: Request,
    session: WriteSession,
    actor: CurrentActor,
    *,
    text: Text = "",
    state: State = None,
    sort: Sort = "customer_no",
) -> StreamingResponse:
    """Export what a search finds as CSV for spreadsheets (UTF-8 with byte order mark); without ID numbers."""
    command = SearchDossiers(text, state, sort)
    note_export(session, actor, Listed.DOSSIERS, {"q": text, "state": state}, request.app.state.read_clock())
    return answer_csv(
        request,
        "dossiers",
        CSV_FIELDS,
        lambda reading: (
            [getattr(each, name) or "" for name in CSV_FIELDS] for each in export_dossiers(reading, actor, command)
        ),
    )


@router.get("/dossiers/by-number/{customer_no}", responses=document_problems(401, 403, 404))
@needs(Action.SEE_DOSSIERS)
def get_dossier_by_number(
    customer_no: Annotated[str, Path(max_length=40, pattern=ONE_LINE)], session: ReadSession, actor: CurrentActor
) -> DossierDetailOut:
    """Show the dossier of a customer number."""
    return _show(session, actor, find_dossier_id(session, actor, customer_no))


@router.get("/dossiers/{dossier_id}", responses=document_problems(401, 403, 404))
@needs(Action.SEE_DOSSIERS)
def get_dossier(dossier_id: RowId, session: ReadSession, actor: CurrentActor) -> DossierDetailOut:
    """Show one dossier."""
    return _show(session, actor, dossier_id)


@router.get("/dossiers/{dossier_id}/documents", responses=document_problems(401, 403, 404, 422))
@needs(Action.SEE_DOSSIERS)
def get_dossier_documents(
    dossier_id: RowId, session: ReadSession, actor: CurrentActor, after: After = None, limit: Limit = 50
) -> PageOut[DocumentOut]:
    """List the papers filed in a dossier or cited from it."""
    page = list_dossier_documents(session, actor, dossier_id, after, limit)
    return PageOut(items=[DocumentOut.model_validate(each) for each in page.items], next_after=page.next_after)


@router.post(
    "/dossiers/{dossier_id}/merge-requests", status_code=201, responses=document_problems(401, 403, 404, 409, 422)
)
@needs(Action.MERGE_DOSSIERS)
def post_merge_request(
    request: Request, dossier_id: RowId, body: MergeAskIn, session: WriteSession, actor: CurrentActor
) -> IdOut:
    """Ask a second person to approve that this dossier goes into another one."""
    now = request.app.state.read_clock()
    return IdOut(id=ask_merge(session, actor, AskMerge(dossier_id, body.into_no, body.why), now))


@router.get("/dossier-merges", responses=document_problems(401, 403))
@needs(Action.MERGE_DOSSIERS)
def get_merges(request: Request, session: ReadSession, actor: CurrentActor) -> MergesOut:
    """List mergings that wait, and mergings that were done."""
    asked = list_asked(session, actor, request.app.state.read_clock())
    return MergesOut(
        asked=[MergeAskedOut.model_validate(each) for each in asked],
        done=[MergeOut.model_validate(each) for each in list_merges(session, actor)],
    )


@router.post("/dossier-merges", status_code=201, responses=document_problems(401, 403, 404, 409, 422))
@needs(Action.MERGE_DOSSIERS)
def post_merge(request: Request, body: MergeIn, session: WriteSession, actor: CurrentActor) -> IdOut:
    """Do a merging that was approved."""
    return IdOut(id=merge_dossiers(session, actor, body.approval_id, request.app.state.read_clock()))


@router.post("/dossier-merges/{merge_id}/undo", status_code=204, responses=document_problems(401, 403, 404, 409, 422))
@needs(Action.MERGE_DOSSIERS)
def post_merge_undo(
    request: Request, merge_id: RowId, body: MergeUndoIn, session: WriteSession, actor: CurrentActor
) -> Response:
    """Take a merging back: each paper goes where it came from."""
    undo_merge(session, actor, merge_id, body.why, request.app.state.read_clock())
    return Response(status_code=204)


@router.get("/contracts/ending", responses=document_problems(401, 403, 422))
@needs(Action.SEE_DOSSIERS)
def get_ending_contracts(
    request: Request,
    session: ReadSession,
    actor: CurrentActor,
    *,
    within_days: Annotated[int, Query(ge=1, le=366)] = SPANS_DAYS[0],
    after: After = None,
    limit: Limit = 50,
) -> PageOut[EndingContractOut]:
    """List contracts that end within so many days and don't renew themselves, the earliest first."""
    page = list_ending_contracts(
        session, actor, request.app.state.read_clock(), within_days=within_days, after=after, limit=limit
    )
    return PageOut(items=[EndingContractOut.model_validate(each) for each in page.items], next_after=page.next_after)


def _show(session: ReadSession, actor: CurrentActor, dossier_id: str) -> DossierDetailOut:
    seen = show_dossier(session, actor, dossier_id)
    return DossierDetailOut(
        **DossierOut.model_validate(seen.found).model_dump(),
        opened_at=seen.opened_at,
        id_number=seen.id_number,
        id_number_masked=seen.id_number_masked,
        numbers=list(seen.numbers),
        merged_into=seen.merged_into[1] if seen.merged_into is not None else None,
        cases=[CaseOut.model_validate(each) for each in seen.cases],
        contracts=[ContractOut.model_validate(each) for each in seen.contracts],
    )
