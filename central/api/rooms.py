"""Rooms: list, map, live state, what stands where, and the proposal of an aisle."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict

from central.api.answers import AnswerOut, give_answer
from central.api.fields import AisleNo, BankKey, RoomId
from central.api.problems import document_problems
from central.api.transactions import CurrentActor, ReadSession
from central.domain.permissions import Action, needs
from central.services.aisles import ProposeAisle
from central.services.rooms import RoomMap, list_places, list_rooms, show_room

router = APIRouter(prefix="/api/v1/rooms", tags=["rooms"])


class FromAttributes(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class RoomOut(FromAttributes):
    """A room in a list."""

    id: str
    number: str
    name: str


class ColumnOut(FromAttributes):
    """A column of a bank."""

    no: int
    fixed: bool
    width_mm: int
    faces: list[str]


class BankOut(FromAttributes):
    """The steel of a bank; aisle n lies right of column n."""

    key: str
    name: str
    sections: int
    tiers: int
    slots: int
    passable_gap_mm: int
    speed_mm_s: int
    rail_mm: int
    columns: list[ColumnOut]
    aisles: list[int]


class FaceOut(FromAttributes):
    """How full one column face is."""

    bank: str
    column: int
    face: str
    places: int
    boxes: int


class RoomMapOut(BaseModel):
    """A room's fixed part."""

    room: RoomOut
    banks: list[BankOut]
    faces: list[FaceOut]


class BoxOnPlaceOut(FromAttributes):
    """A box at a place."""

    id: str
    code: str
    title: str
    customer_name: str


class PlaceOut(FromAttributes):
    """A place and what stands there."""

    key: str
    code: str
    section: int
    tier: int
    slot: int
    boxes: list[BoxOnPlaceOut]


class LiveOut(BaseModel):
    """Bank views as the gateway last published them; stale ones say so."""

    room_id: str
    presence: dict[str, Any]
    banks: dict[str, dict[str, Any]]


class AisleProposedOut(BaseModel):
    """What became of a proposal. Nothing moves from afar: the most is a prompt on the spot."""

    room_id: str
    bank: str
    aisle: int
    answer: AnswerOut


@router.get("", responses=document_problems(401, 403))
@needs(Action.SEE_ROOMS)
def get_rooms(session: ReadSession, actor: CurrentActor) -> list[RoomOut]:
    """List the rooms that you may see."""
    return [RoomOut.model_validate(room) for room in list_rooms(session, actor)]


@router.get("/{room_id}", responses=document_problems(401, 403, 404))
@needs(Action.SEE_ROOMS)
def get_room(room_id: RoomId, session: ReadSession, actor: CurrentActor) -> RoomMapOut:
    """Show the fixed part of a room's map."""
    return _to_map(show_room(session, actor, room_id))


@router.get("/{room_id}/live", responses=document_problems(401, 403, 404))
@needs(Action.SEE_ROOMS)
def get_live(request: Request, room_id: RoomId, session: ReadSession, actor: CurrentActor) -> LiveOut:
    """Show what the room looks like now, as far as its gateway says."""
    show_room(session, actor, room_id)
    room = request.app.state.live.snapshot()["rooms"].get(room_id, {})
    return LiveOut(
        room_id=room_id,
        presence=room.get("presence", {"state": "never", "at": None, "version": ""}),
        banks=room.get("banks", {}),
    )


@router.get("/{room_id}/banks/{bank}/places", responses=document_problems(401, 403, 404))
@needs(Action.SEE_BOXES)
def get_places(
    room_id: RoomId,
    bank: BankKey,
    *,
    column: Annotated[int, Query(ge=1, le=99)],
    face: Annotated[str, Query(pattern="^[AB]$")],
    session: ReadSession,
    actor: CurrentActor,
) -> list[PlaceOut]:
    """List the places of one column face with the boxes on them."""
    places = list_places(session, actor, room_id, bank=bank, column=column, face=face)
    return [PlaceOut.model_validate(place) for place in places]


@router.post("/{room_id}/banks/{bank}/aisles/{aisle}/proposal", responses=document_problems(401, 403, 404, 503))
@needs(Action.PROPOSE_AISLE)
def post_aisle_proposal(
    request: Request, room_id: RoomId, bank: BankKey, aisle: AisleNo, actor: CurrentActor
) -> AisleProposedOut:
    """Ask the people in the room to open an aisle."""
    proposed = request.app.state.acts.propose_aisle(actor, ProposeAisle(room_id, bank, aisle))
    return AisleProposedOut(
        room_id=proposed.room_id, bank=proposed.bank, aisle=proposed.aisle, answer=give_answer(proposed.answer)
    )


def _to_map(room: RoomMap) -> RoomMapOut:
    return RoomMapOut(
        room=RoomOut.model_validate(room.room),
        banks=[BankOut.model_validate(bank) for bank in room.banks],
        faces=[FaceOut.model_validate(face) for face in room.faces],
    )
