"""What needs attention, by role: counted in the top bar of every page, listed on the home page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from central.domain.ingest import EpochState
from central.domain.locations import State
from central.domain.people import Actor
from central.domain.permissions import Action, allows
from central.domain.wording import N_
from central.services.boxes import BoxCounts, count_boxes
from central.services.gateways import GatewaySeen, list_gateways
from central.web.render import Say
from central.web.words import GATEWAY_STATES


@dataclass(frozen=True, slots=True)
class Matter:
    """One thing that somebody should look at, and where."""

    tone: str
    icon: str
    href: str
    text: str
    explanation: str
    since: datetime | None = None


def list_matters(session: Session, actor: Actor, say: Say) -> list[Matter]:
    """Return everything that needs attention in the actor's rooms."""
    matters: list[Matter] = []
    if allows(actor, Action.SEE_BOXES):
        matters += list_box_matters(say, count_boxes(session, actor))
    if allows(actor, Action.SEE_GATEWAYS):
        admits = allows(actor, Action.ADMIT_EPOCH)
        for gateway in list_gateways(session, actor):
            matters += list_gateway_matters(say, gateway, admits=admits)
    return matters


def list_box_matters(say: Say, counts: BoxCounts) -> list[Matter]:
    """Return what about boxes needs somebody's look."""
    matters = []
    unknown = counts.states.get(State.UNKNOWN, 0)
    if unknown:
        text = say(N_("Boxes whose place is unknown: %(count)s"), count=unknown)
        act = say(N_("Look for them in the repository and scan them into a place."))
        matters.append(Matter("unknown", "question", f"/boxes?state={State.UNKNOWN}", text, act))
    if counts.conflicts:
        text = say(N_("Boxes whose records contradict each other: %(count)s"), count=counts.conflicts)
        act = say(N_("The newest record stands. Each box page says what to check."))
        matters.append(Matter("warning", "attention", "/boxes?conflict=1", text, act))
    return matters


def list_gateway_matters(say: Say, gateway: GatewaySeen, *, admits: bool) -> list[Matter]:
    """Return what about a gateway needs somebody's look."""
    matters = []
    room = gateway.room_name
    if gateway.state != "online":
        word = GATEWAY_STATES[gateway.state]
        never = gateway.state == "never"
        text = N_("The gateway of %(room)s has never connected") if never else N_("The gateway of %(room)s is offline")
        act = say(N_("Work in the room goes on; its records come in once it is back."))
        since = None if never else gateway.state_at
        matters.append(Matter(word.tone, word.icon, "/gateways", say(text, room=room), act, since))
    if any(epoch.state == EpochState.PENDING for epoch in gateway.epochs):
        text = say(N_("%(room)s asks to begin a new record book"), room=room)
        act = say(N_("Its records wait until a central admin admits it; nothing is lost."))
        href = f"/gateways/{gateway.room_id}/admit" if admits else "/gateways"
        matters.append(Matter("warning", "attention", href, text, act))
    return matters
