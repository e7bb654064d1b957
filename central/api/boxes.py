"""Boxes: search, export, one box with its history, its label and its aisle."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict

from central.api.answers import AnswerOut, give_answer
from central.api.fields import After, Limit, PageOut, RowId
from central.api.problems import document_problems
from central.api.rooms import AisleProposedOut
from central.api.table_files import answer_csv
from central.api.transactions import CurrentActor, ReadSession, WriteSession
from central.domain.locations import State
from central.domain.permissions import Action, needs
from central.domain.search import LONGEST_QUERY
from central.services.boxes import (
    BoxFound,
    SearchBoxes,
    export_boxes,
    list_box_history,
    search_boxes,
    show_box,
    show_box_by_code,
)
from central.services.exports import Listed, note_export
from central.services.labels import PrintLabel

router = APIRouter(prefix="/api/v1/boxes", tags=["boxes"])

Text = Annotated[
    str, Query(max_length=LONGEST_QUERY, description="Words that must all occur in number, customer or title")
]
Room = Annotated[str | None, Query(pattern=r"^[a-z0-9]{1,16}$")]
Conflicts = Annotated[bool, Query(description="Only boxes whose last movements contradict")]
Sort = Literal["code", "customer_no", "customer_name", "title"]
BoxCode = Annotated[str, Path(pattern=r"^[0-9A-Z]{11}$")]

CSV_FIELDS = (
    "code",
    "title",
    "customer_no",
    "customer_name",
    "room_id",
    "state",
    "place_key",
    "holder_code",
    "holder_name",
    "since",
    "conflict",
)


class BoxOut(BaseModel):
    """A box and where it is: on a place, in someone's hand, or nowhere yet."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    room_id: str
    code: str
    title: str
    customer_no: str
    customer_name: str
    state: State
    place_key: str | None
    holder_code: str | None
    holder_name: str | None
    since: datetime | None
    conflict: str | None


class MovementOut(BaseModel):
    """One line of a box's history."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    room_id: str
    action: str
    place_key: str | None
    staff_code: str | None
    staff_name: str | None
    occurred_at: datetime
    recorded_at: datetime
    source: str
    late: bool
    undo_of: str | None


class LabelPrintedOut(BaseModel):
    """A label in the ledger and what its room answered; `queued` is settled later."""

    label_id: str
    code: str
    copy_no: int
    answer: AnswerOut


@router.get("", responses=document_problems(401, 403, 422))
@needs(Action.SEE_BOXES)
def get_boxes(
    session: ReadSession,
    actor: CurrentActor,
    *,
    text: Text = "",
    room: Room = None,
    state: State | None = None,
    conflict: Conflicts = False,
    sort: Sort = "code",
    after: After = None,
    limit: Limit = 50,
) -> PageOut[BoxOut]:
    """Search boxes in your rooms."""
    command = SearchBoxes(text, room, state, conflict=conflict, sort=sort, after=after, limit=limit)
    page = search_boxes(session, actor, command)
    return PageOut(items=[BoxOut.model_validate(box) for box in page.items], next_after=page.next_after)


@router.get(
    "/export",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/csv": {"schema": {"type": "string"}}}}, **document_problems(401, 403)},
)
@needs(Action.EXPORT_BOXES)
def get_box_export(
    request: Request,
    session: WriteSession,
    actor: CurrentActor,
    *,
    text: Text = "",
    room: Room = None,
    state: State | None = None,
    conflict: Conflicts = False,
    sort: Sort = "code",
) -> StreamingResponse:
    """Export what a search finds as CSV for spreadsheets (UTF-8 with byte order mark)."""
    command = SearchBoxes(text, room, state, conflict=conflict, sort=sort)
    sought = {"q": text, "room": room, "state": state.value if state is not None else "", "conflict": conflict}
    note_export(session, actor, Listed.BOXES, sought, request.app.state.read_clock())
    return answer_csv(
        request,
        "boxes",
        CSV_FIELDS,
        lambda reading: ([_to_cell(box, name) for name in CSV_FIELDS] for box in export_boxes(reading, actor, command)),
    )


@router.get("/by-code/{code}", responses=document_problems(401, 403, 404))
@needs(Action.SEE_BOXES)
def get_box_by_code(code: BoxCode, session: ReadSession, actor: CurrentActor) -> BoxOut:
    """Show the box that carries a printed code."""
    return BoxOut.model_validate(show_box_by_code(session, actor, code))


@router.get("/{box_id}", responses=document_problems(401, 403, 404))
@needs(Action.SEE_BOXES)
def get_box(box_id: RowId, session: ReadSession, actor: CurrentActor) -> BoxOut:
    """Show one box."""
    return BoxOut.model_validate(show_box(session, actor, box_id))


@router.get("/{box_id}/movements", responses=document_problems(401, 403, 404))
@needs(Action.SEE_BOXES)
def get_box_history(
    box_id: RowId, session: ReadSession, actor: CurrentActor, after: After = None, limit: Limit = 50
) -> PageOut[MovementOut]:
    """List the movements of a box, newest first."""
    page = list_box_history(session, actor, box_id, after, limit)
    return PageOut(items=[MovementOut.model_validate(line) for line in page.items], next_after=page.next_after)


@router.post("/{box_id}/labels", status_code=201, responses=document_problems(401, 403, 404, 503))
@needs(Action.PRINT_LABEL)
def post_label(request: Request, box_id: RowId, actor: CurrentActor) -> LabelPrintedOut:
    """Have a label printed in the box's room; each further one of the same box carries the next copy number."""
    printed = request.app.state.acts.print_label(actor, PrintLabel(box_id))
    return LabelPrintedOut(
        label_id=printed.label_id,
        code=printed.code,
        copy_no=printed.copy_no,
        answer=give_answer(printed.answer),
    )


@router.post("/{box_id}/proposal", responses=document_problems(401, 403, 404, 409, 503))
@needs(Action.PROPOSE_AISLE)
def post_box_proposal(request: Request, box_id: RowId, actor: CurrentActor) -> AisleProposedOut:
    """Ask the people in the room to open the aisle of a box."""
    proposed = request.app.state.acts.propose_box_aisle(actor, box_id)
    return AisleProposedOut(
        room_id=proposed.room_id, bank=proposed.bank, aisle=proposed.aisle, answer=give_answer(proposed.answer)
    )


def _to_cell(box: BoxFound, name: str) -> str:
    value = getattr(box, name)
    return value.isoformat() if isinstance(value, datetime) else str(value or "")
