"""The organisation: units, and which unit an archive room serves."""

from __future__ import annotations

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field

from central.api.fields import ROW_ID, Name, RoomId, RowId, Strict
from central.api.people import CreatedOut
from central.api.problems import document_problems
from central.api.transactions import CurrentActor, ReadSession, WriteSession
from central.domain.organisation import UnitKind
from central.domain.permissions import Action, needs
from central.services.organisation import UnitDraft, assign_room, change_unit, close_unit, create_unit, list_units

router = APIRouter(prefix="/api/v1", tags=["organisation"])


class UnitIn(Strict):
    """A new unit under another one; a department has none above it."""

    kind: UnitKind
    name: Name
    parent_id: str | None = Field(default=None, pattern=ROW_ID)


class UnitChangeIn(Strict):
    """What a unit is called and where it lies."""

    name: Name
    parent_id: str | None = Field(default=None, pattern=ROW_ID)


class RoomUnitIn(Strict):
    """The unit that an archive room serves; null: none."""

    unit_id: str | None = Field(pattern=ROW_ID)


class UnitOut(BaseModel):
    """A unit; `depth` 0 is the top."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    kind: UnitKind
    name: str
    parent_id: str | None
    depth: int
    people: int
    room_ids: list[str]


@router.get("/units", responses=document_problems(401, 403))
@needs(Action.SEE_ORGANISATION)
def get_units(session: ReadSession, actor: CurrentActor) -> list[UnitOut]:
    """List the units, each after the one it lies under."""
    return [UnitOut.model_validate(unit) for unit in list_units(session, actor)]


@router.post("/units", status_code=201, responses=document_problems(401, 403, 404, 422))
@needs(Action.EDIT_ORGANISATION)
def post_unit(request: Request, unit: UnitIn, actor: CurrentActor, session: WriteSession) -> CreatedOut:
    """Found a department, a service centre or a team."""
    draft = UnitDraft(unit.kind, unit.name, unit.parent_id)
    return CreatedOut(id=create_unit(session, actor, draft, request.app.state.read_clock()))


@router.patch("/units/{unit_id}", status_code=204, responses=document_problems(401, 403, 404, 422))
@needs(Action.EDIT_ORGANISATION)
def patch_unit(
    request: Request, unit_id: RowId, change: UnitChangeIn, actor: CurrentActor, session: WriteSession
) -> None:
    """Rename a unit or put it under another one."""
    now = request.app.state.read_clock()
    change_unit(session, actor, unit_id, name=change.name, parent_id=change.parent_id, now=now)


@router.post("/units/{unit_id}/closing", status_code=204, responses=document_problems(401, 403, 404, 409))
@needs(Action.EDIT_ORGANISATION)
def post_closing(request: Request, unit_id: RowId, actor: CurrentActor, session: WriteSession) -> None:
    """Close a unit to which nothing belongs any more."""
    close_unit(session, actor, unit_id, request.app.state.read_clock())


@router.put("/rooms/{room_id}/unit", status_code=204, responses=document_problems(401, 403, 404, 422))
@needs(Action.EDIT_ORGANISATION)
def put_room_unit(
    request: Request, room_id: RoomId, body: RoomUnitIn, actor: CurrentActor, session: WriteSession
) -> None:
    """Say which service centre or department an archive room serves."""
    assign_room(session, actor, room_id, body.unit_id, request.app.state.read_clock())
