"""What the replica knows of boxes, places and people, as it enters the core with an event."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

BoxCondition = Literal["nowhere", "labelled", "shelved", "in_hand", "on_loan", "unknown"]


@dataclass(frozen=True, slots=True)
class PlaceRow:
    """A place of the replica."""

    code: str
    key: str
    bank: str
    column: int
    face: str
    section: int
    tier: int
    slot: int
    box_code: str | None = None  # the box that stands there


@dataclass(frozen=True, slots=True)
class BoxRow:
    """A box of the replica, with this gateway's own later movements on top."""

    code: str
    title: str
    state: BoxCondition
    customer_no: str | None = None
    customer_name: str | None = None
    place: PlaceRow | None = None
    holder_code: str | None = None
    holder_name: str | None = None
    movement_id: str | None = None  # this gateway's last movement of it, if that is the newest


@dataclass(frozen=True, slots=True)
class StaffRow:
    """A person of this room's staff."""

    code: str
    name: str
    active: bool = True
    badge_valid: bool = True  # neither run out nor older than the offline days allow
