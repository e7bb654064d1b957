"""Asking a room to open an aisle. Nothing moves from afar: the most that comes of it is a prompt on the spot."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from central.domain.locations import State
from central.domain.people import Actor
from central.domain.permissions import Action, find_scope
from central.domain.places import find_aisle, parse_place_key
from central.domain.refusals import NotFound, Reason, Refusal
from central.store.boxes import find_box
from central.store.rooms import load_banks


@dataclass(frozen=True, slots=True)
class ProposeAisle:
    """An aisle of a bank."""

    room_id: str
    bank: str
    aisle: int


@dataclass(frozen=True, slots=True)
class Proposal:
    """A checked proposal: which room is asked for what."""

    room_id: str
    bank: str
    aisle: int
    body: dict[str, Any]


def propose_aisle(session: Session, actor: Actor, command: ProposeAisle) -> Proposal:
    """Check a proposal for an aisle by its number."""
    if not find_scope(actor, Action.PROPOSE_AISLE).covers(command.room_id):
        raise NotFound
    bank = next((bank for bank in load_banks(session, command.room_id) if bank.key == command.bank), None)
    if bank is None:
        raise NotFound
    if command.aisle not in bank.aisles:
        raise Refusal(Reason.NO_SUCH_AISLE)
    return Proposal(command.room_id, command.bank, command.aisle, {"bank": command.bank, "aisle": command.aisle})


def propose_box_aisle(session: Session, actor: Actor, box_id: str) -> Proposal:
    """Check a proposal for the aisle in which a box stands; the room finds the place in its own records."""
    box = find_box(session, find_scope(actor, Action.PROPOSE_AISLE), box_id)
    if box is None:
        raise NotFound
    key = parse_place_key(box.place_key) if box.state == State.SHELVED and box.place_key else None
    if key is None:
        raise Refusal(Reason.BOX_HAS_NO_PLACE)
    return Proposal(box.room_id, key.bank, find_aisle(key), {"box_code": box.code})
