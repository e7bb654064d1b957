"""Gateways: presence, how far their facts have come, and admitting a store that changed."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from pydantic import BaseModel, ConfigDict

from central.api.fields import RoomId
from central.api.problems import document_problems
from central.api.transactions import CurrentActor, ReadSession, WriteSession
from central.domain.permissions import Action, needs
from central.services.gateways import admit_epoch, list_gateways

router = APIRouter(prefix="/api/v1/gateways", tags=["gateways"])

Epoch = Annotated[str, Path(pattern=r"^[0-9a-f]{32}$")]


class EpochOut(BaseModel):
    """One store of a gateway, and how far the centre has its facts."""

    model_config = ConfigDict(from_attributes=True)

    epoch: str
    state: str
    head: int
    through: int
    safe: int
    fork_at: int | None


class GatewayOut(BaseModel):
    """The gateway of one room."""

    model_config = ConfigDict(from_attributes=True)

    room_id: str
    room_name: str
    state: str
    state_at: datetime
    version: str | None
    detail: dict[str, Any]
    epochs: list[EpochOut]


@router.get("", responses=document_problems(401, 403))
@needs(Action.SEE_GATEWAYS)
def get_gateways(session: ReadSession, actor: CurrentActor) -> list[GatewayOut]:
    """List the gateways of your rooms."""
    return [GatewayOut.model_validate(gateway) for gateway in list_gateways(session, actor)]


@router.post("/{room_id}/epochs/{epoch}/admission", status_code=204, responses=document_problems(401, 403, 404))
@needs(Action.ADMIT_EPOCH)
def post_admission(request: Request, room_id: RoomId, epoch: Epoch, actor: CurrentActor, session: WriteSession) -> None:
    """Let a changed store of a gateway in: its disk was replaced or rolled back, and somebody knows why."""
    admit_epoch(session, actor, room_id, epoch, request.app.state.read_clock())
