"""Acts of a person on a room: have a label printed, ask for an aisle. Nothing moves from here."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse

from central.domain.permissions import Action, needs
from central.services.aisles import ProposeAisle
from central.services.commands import CommandAnswer
from central.services.labels import PrintLabel
from central.web.answers import carry_answer
from central.web.render import actor_of, address

router = APIRouter()


@router.post("/boxes/{box_id}/print-label")
@needs(Action.PRINT_LABEL)
def print_box_label(request: Request, box_id: str) -> RedirectResponse:
    """Have the label of a box printed in its room."""
    printed = request.app.state.acts.print_label(actor_of(request), PrintLabel(box_id))
    return _go_back(f"/boxes/{box_id}", "", "print_label", printed.answer)


@router.post("/boxes/{box_id}/propose-aisle")
@needs(Action.PROPOSE_AISLE)
def propose_aisle_of_box(request: Request, box_id: str) -> RedirectResponse:
    """Ask the archive room for the aisle of a box: at most a prompt on the spot comes of it."""
    proposed = request.app.state.acts.propose_box_aisle(actor_of(request), box_id)
    return _go_back(f"/boxes/{box_id}", "", "propose_aisle", proposed.answer)


@router.post("/rooms/{room_id}/banks/{bank}/aisles/{aisle}/propose")
@needs(Action.PROPOSE_AISLE)
def propose_aisle_on_map(request: Request, room_id: str, bank: str, aisle: int) -> RedirectResponse:
    """Ask the archive room for an aisle of the map."""
    proposed = request.app.state.acts.propose_aisle(actor_of(request), ProposeAisle(room_id, bank, aisle))
    chosen = address("", {"bank": bank, "aisle": aisle})
    return _go_back(f"/rooms/{room_id}", chosen, "propose_aisle", proposed.answer)


def _go_back(path: str, chosen: str, kind: str, answer: CommandAnswer) -> RedirectResponse:
    response = RedirectResponse(path + chosen, status_code=303)
    carry_answer(response, path, kind, answer)
    return response
