"""Cases over the API: search, and one case as a whole with gates and due dates that explain themselves."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, TypeAdapter

from central.api.fields import After, Limit, PageOut, RowId
from central.api.problems import document_problems
from central.api.transactions import CurrentActor, ReadSession
from central.domain.cases import Standing
from central.domain.clocks import Band
from central.domain.permissions import Action, needs
from central.domain.search import LONGEST_QUERY
from central.services.case_details import CaseSeen, show_case
from central.services.cases import SearchCases, search_cases

router = APIRouter(prefix="/api/v1/cases", tags=["cases"])

Text = Annotated[
    str, Query(max_length=LONGEST_QUERY, description="Words that must all occur in number, title or customer")
]
Sort = Literal["known", "case_no", "opened", "due", "-known", "-case_no", "-opened", "-due"]
Odd = Annotated[bool, Query(description="Only cases whose news contradict each other")]


class StepOut(BaseModel):
    """A step that goes on; the band is that of this moment."""

    model_config = ConfigDict(from_attributes=True)

    code: str
    name: str
    name_en: str
    due_at: datetime | None
    warn_at: datetime | None
    provisional: bool
    band: Band


class CaseOut(BaseModel):
    """A case as lists show it."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    case_no: str
    title: str
    business: str
    business_name: str
    business_name_en: str
    customers: list[tuple[str, str]]
    unit_name: str
    handler_name: str
    opened_at: datetime | None
    closed_at: datetime | None
    standing: Standing
    odd: int
    steps: list[StepOut]


@router.get("", responses=document_problems(401, 403, 422))
@needs(Action.SEE_CASES)
def get_cases(
    request: Request,
    session: ReadSession,
    actor: CurrentActor,
    *,
    text: Text = "",
    band: Band | None = None,
    standing: Standing | None = None,
    odd: Odd = False,
    sort: Sort = "known",
    after: After = None,
    limit: Limit = 50,
) -> PageOut[CaseOut]:
    """Search cases that you may see; `known`: the newest first. A minus turns an order round."""
    search = SearchCases(text, band, standing, odd, sort, after, limit)
    page = search_cases(session, actor, search, request.app.state.read_clock())
    return PageOut(items=[CaseOut.model_validate(case) for case in page.items], next_after=page.next_after)


@router.get("/{case_id}", responses=document_problems(401, 403, 404))
@needs(Action.SEE_CASES)
def get_case(request: Request, session: ReadSession, actor: CurrentActor, case_id: RowId) -> dict[str, Any]:
    """Show one case: steps with gate and clock, what is missing, documents, news, customers."""
    seen = show_case(session, actor, case_id, request.app.state.read_clock())
    shown: dict[str, Any] = _SEEN.dump_python(seen, mode="json")
    return shown


_SEEN = TypeAdapter(CaseSeen)
