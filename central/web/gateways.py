"""Pages of gateways: presence, how far their records have come, and admitting a new record book."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from sqlalchemy.orm import Session

from central.domain.ingest import EpochState
from central.domain.permissions import Action, allows, find_scope, needs
from central.domain.refusals import NotFound, Reason, Refusal
from central.domain.wording import N_
from central.services.gateways import GatewaySeen, admit_epoch, list_gateways
from central.web.attention import list_matters
from central.web.render import actor_of, render, say_in
from central.web.transactions import ReadSession, WriteSession
from central.web.words import EPOCH_STATES, GATEWAY_STATES, Word

router = APIRouter()

ADMITTED = Word(
    "normal", "done", N_("The new record book is admitted. The records that waited come in by themselves now.")
)


@router.get("/gateways", response_class=HTMLResponse)
@needs(Action.SEE_GATEWAYS)
def show_gateways(request: Request, session: ReadSession, done: str = "") -> HTMLResponse:
    """All gateways of the reader's rooms."""
    actor = actor_of(request)
    return render(
        request,
        "gateways.html",
        here="gateways",
        attention=len(list_matters(session, actor, say_in(request))),
        done=ADMITTED if done == "admitted" else None,
        may_admit=allows(actor, Action.ADMIT_EPOCH),
        gateways=[show_gateway(gateway) for gateway in list_gateways(session, actor)],
    )


@router.get("/gateways/{room_id}/admit", response_class=HTMLResponse)
@needs(Action.ADMIT_EPOCH)
def show_admit(request: Request, session: ReadSession, room_id: str) -> HTMLResponse:
    """The form that asks for the number of the room before a new record book is admitted."""
    gateway = show_gateway(_find_gateway(request, session, room_id))
    if not gateway["asked_epoch"]:
        raise Refusal(Reason.EPOCH_UNKNOWN)
    return render(request, "admit.html", here="gateways", gateway=gateway, errors={}, number="")


@router.post("/gateways/{room_id}/admit", response_class=HTMLResponse)
@needs(Action.ADMIT_EPOCH)
def admit_book(
    request: Request,
    session: WriteSession,
    room_id: str,
    *,
    epoch: Annotated[str, Form(max_length=64)] = "",
    number: Annotated[str, Form(max_length=32)] = "",
) -> Response:
    """Admit a new record book once the right room was named."""
    found = _find_gateway(request, session, room_id)
    gateway = show_gateway(found)
    if number.strip() != room_id:
        text = say_in(request)(N_("This isn't the number of the room. Type %(number)s."), number=room_id)
        errors = {"number": text}
        return render(request, "admit.html", status=422, here="gateways", gateway=gateway, errors=errors, number=number)
    admit_epoch(session, actor_of(request), room_id, epoch, request.app.state.read_clock())
    return RedirectResponse("/gateways?done=admitted", status_code=303)


def show_gateway(gateway: GatewaySeen) -> dict[str, Any]:
    """Return a gateway as the list shows it."""
    admitted = [epoch for epoch in gateway.epochs if epoch.state == EpochState.ADMITTED]
    pending = [epoch for epoch in gateway.epochs if epoch.state == EpochState.PENDING]
    book = admitted[-1] if admitted else None
    state = "none" if book is None else "forked" if book.fork_at is not None else book.state
    return {
        "room_id": gateway.room_id,
        "room_name": gateway.room_name,
        "word": GATEWAY_STATES[gateway.state],
        "since": gateway.state_at if gateway.state != "never" else None,
        "version": gateway.version,
        "epoch": book.epoch if book else None,
        "through": book.through if book else None,
        "safe": book.safe if book else None,
        "waiting": max(0, book.head - book.through) if book else None,
        "book": EPOCH_STATES[state],
        "asked_epoch": pending[-1].epoch if pending else None,
    }


def _find_gateway(request: Request, session: Session, room_id: str) -> GatewaySeen:
    actor = actor_of(request)
    if not find_scope(actor, Action.ADMIT_EPOCH).covers(room_id):
        raise NotFound
    gateway = next((each for each in list_gateways(session, actor) if each.room_id == room_id), None)
    if gateway is None:
        raise NotFound
    return gateway
