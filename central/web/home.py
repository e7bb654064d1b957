"""The home page: what needs attention in the reader's rooms, then how they stand."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse
from sqlalchemy.orm import Session

from central.domain.locations import State
from central.domain.people import Actor
from central.domain.permissions import Action, allows, needs
from central.domain.wording import N_
from central.services.boxes import BoxCounts, count_boxes, list_latest_movements
from central.services.gateways import list_gateways
from central.services.rooms import list_rooms, show_room
from central.web.boxes import BankNames, show_movement
from central.web.gateways import show_gateway
from central.web.places import Say
from central.web.render import actor_of, render, say_in
from central.web.transactions import ReadSession
from central.web.words import BOX_STATES, GATEWAY_STATES

router = APIRouter()

RECENT_ROWS = 8


@router.get("/", response_class=HTMLResponse)
@needs(Action.SELF)
def show_home(request: Request, session: ReadSession) -> HTMLResponse:
    """What needs attention, by role."""
    actor, say = actor_of(request), say_in(request)
    sees_boxes, sees_gateways = allows(actor, Action.SEE_BOXES), allows(actor, Action.SEE_GATEWAYS)
    gateways = [show_gateway(each) for each in list_gateways(session, actor)] if sees_gateways else []
    counts = count_boxes(session, actor) if sees_boxes else None
    matters = [
        *list_box_matters(say, counts),
        *list_gateway_matters(say, gateways, admits=allows(actor, Action.ADMIT_EPOCH)),
    ]
    names = BankNames(session, actor)
    recent = list_latest_movements(session, actor, RECENT_ROWS) if sees_boxes else ()
    return render(
        request,
        "home.html",
        here="home",
        attention=len(matters),
        matters=matters,
        figures=_list_figures(counts) if counts else [],
        rooms=_list_rooms(session, actor, gateways),
        movements=[
            show_movement(say, each.movement, names, ())
            | {"box_id": each.box_id, "box_title": each.box_title, "box_code": each.box_code}
            for each in recent
        ],
        with_box=True,
    )


def list_box_matters(say: Say, counts: BoxCounts | None) -> list[dict[str, Any]]:
    """Return what about boxes needs somebody's look."""
    matters: list[dict[str, Any]] = []
    unknown = counts.states.get(State.UNKNOWN, 0) if counts else 0
    if unknown:
        matters.append(
            {
                "tone": "unknown",
                "icon": "question",
                "href": f"/boxes?state={State.UNKNOWN}",
                "text": say(N_("Boxes whose place is unknown: %(count)s"), count=unknown),
                "explanation": say(N_("Look for them in the repository and scan them into a place.")),
                "since": None,
            }
        )
    if counts and counts.conflicts:
        matters.append(
            {
                "tone": "warning",
                "icon": "attention",
                "href": "/boxes?conflict=1",
                "text": say(N_("Boxes whose records contradict each other: %(count)s"), count=counts.conflicts),
                "explanation": say(N_("The newest record stands. Each box page says what to check.")),
                "since": None,
            }
        )
    return matters


def list_gateway_matters(say: Say, gateways: list[dict[str, Any]], *, admits: bool) -> list[dict[str, Any]]:
    """Return what about gateways needs somebody's look."""
    matters: list[dict[str, Any]] = []
    for gateway in gateways:
        room = gateway["room_name"]
        if gateway["word"] is not GATEWAY_STATES["online"]:
            never = gateway["word"] is GATEWAY_STATES["never"]
            text = (
                N_("The gateway of %(room)s has never connected") if never else N_("The gateway of %(room)s is offline")
            )
            matters.append(
                {
                    "tone": gateway["word"].tone,
                    "icon": gateway["word"].icon,
                    "href": "/gateways",
                    "text": say(text, room=room),
                    "explanation": say(N_("Work in the room goes on; its records come in once it is back.")),
                    "since": gateway["since"],
                }
            )
        if gateway["asked_epoch"]:
            matters.append(
                {
                    "tone": "warning",
                    "icon": "attention",
                    "href": f"/gateways/{gateway['room_id']}/admit" if admits else "/gateways",
                    "text": say(N_("%(room)s asks to begin a new record book"), room=room),
                    "explanation": say(N_("Its records wait until a central admin admits it; nothing is lost.")),
                    "since": None,
                }
            )
    return matters


def _list_figures(counts: BoxCounts) -> list[dict[str, Any]]:
    return [
        {"href": f"/boxes?state={state}", "value": counts.states.get(state, 0), "word": word}
        for state, word in BOX_STATES.items()
    ]


def _list_rooms(session: Session, actor: Actor, gateways: list[dict[str, Any]]) -> list[dict[str, Any]]:
    words = {gateway["room_id"]: gateway["word"] for gateway in gateways}
    rows = []
    for room in list_rooms(session, actor):
        faces = show_room(session, actor, room.id).faces
        rows.append(
            {
                "id": room.id,
                "name": room.name,
                "number": room.number,
                "gateway_word": words.get(room.id, GATEWAY_STATES["never"]),
                "used": sum(face.boxes for face in faces),
                "places": sum(face.places for face in faces),
            }
        )
    return rows
