"""Staff badges on their way to the gateways of their rooms."""

from __future__ import annotations

from sqlalchemy.orm import Session

from central.domain.feed import FeedChange, staff_body
from central.store.feed import publish_rows
from central.store.people import PersonRow, load_badges


def publish_badges(session: Session, person: PersonRow) -> None:
    """Send a person's badges to the gateways of their rooms, as they are now."""
    session.flush()
    rooms: dict[str, list[FeedChange]] = {}
    for badge in load_badges(session, person.id):
        body = staff_body(
            code=badge.code,
            name=person.name,
            pin_hash=badge.pin_hash,
            active=badge.active,
            valid_until=badge.valid_until,
        )
        rooms.setdefault(badge.room_id, []).append(FeedChange("staff", badge.code, body))
    for room_id in sorted(rooms):
        publish_rows(session, room_id, rooms[room_id])
