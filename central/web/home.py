"""The home page: what waits for the reader, what needs attention in their rooms, then how these stand."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse
from sqlalchemy.orm import Session

from central.domain.people import Actor
from central.domain.permissions import Action, allows, needs
from central.domain.wording import N_
from central.services.boxes import BoxCounts, count_boxes, list_latest_movements
from central.services.reminders import count_all_reminders
from central.services.rooms import list_rooms, show_room
from central.services.tasks import count_waiting_documents
from central.web.attention import list_matters
from central.web.boxes import BankNames, show_movement
from central.web.render import actor_of, render, say_in
from central.web.rooms import gateway_words
from central.web.time_words import REMINDERS
from central.web.transactions import ReadSession
from central.web.words import BOX_STATES

router = APIRouter()

RECENT_ROWS = 8
#: What is put on somebody's desk by others: (address, text, what they do with it).
DESKS = (
    ("/reviews", N_("Reviews"), Action.REVIEW_DOCUMENT),
    ("/acceptances", N_("Acceptances"), Action.ACCEPT_DOCUMENT),
)


@router.get("/", response_class=HTMLResponse)
@needs(Action.SELF)
def show_home(request: Request, session: ReadSession) -> HTMLResponse:
    """What waits for the reader and what needs attention, by role."""
    actor, say = actor_of(request), say_in(request)
    sees_boxes, sees_gateways = allows(actor, Action.SEE_BOXES), allows(actor, Action.SEE_GATEWAYS)
    counts = count_boxes(session, actor) if sees_boxes else None
    waiting = count_all_reminders(session, actor, request.app.state.read_clock())
    matters = list_matters(session, actor, say)
    names = BankNames(session, actor)
    recent = list_latest_movements(session, actor, RECENT_ROWS) if sees_boxes else ()
    return render(
        request,
        "home.html",
        here="home",
        attention=len(matters) if sees_boxes or sees_gateways else None,
        matters=matters,
        desks=[
            (href, say(text), count_waiting_documents(session, actor, action))
            for href, text, action in DESKS
            if allows(actor, action)
        ],
        waiting=[(kind.value, say(REMINDERS[kind][0]), count) for kind, count in waiting.kinds.items()],
        decisions=waiting.approvals,
        sees_gateways=sees_gateways,
        figures=_list_figures(counts) if counts else [],
        rooms=_list_rooms(session, actor),
        movements=[
            show_movement(say, each.movement, names, ())
            | {"box_id": each.box_id, "box_title": each.box_title, "box_code": each.box_code}
            for each in recent
        ],
        with_box=True,
    )


def _list_figures(counts: BoxCounts) -> list[dict[str, Any]]:
    return [
        {"href": f"/boxes?state={state}", "value": counts.states.get(state, 0), "word": word}
        for state, word in BOX_STATES.items()
    ]


def _list_rooms(session: Session, actor: Actor) -> list[dict[str, Any]]:
    words = gateway_words(session, actor)
    rows = []
    for room in list_rooms(session, actor):
        faces = show_room(session, actor, room.id).faces
        rows.append(
            {
                "id": room.id,
                "name": room.name,
                "number": room.number,
                "gateway_word": words[room.id],
                "used": sum(face.boxes for face in faces),
                "places": sum(face.places for face in faces),
            }
        )
    return rows
