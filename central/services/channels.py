"""A person's own messages, by which ways they want to hear of what, and the deliveries that an admin looks after."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from central.domain.audit import AuditAct, AuditEntry
from central.domain.messages import Channel, DeliveryState
from central.domain.people import Actor
from central.domain.refusals import NotFound
from central.domain.sweeps import UrgeKind
from central.store.audit import add_audit
from central.store.channels import list_channels, list_own_messages, read_all
from central.store.claims import revive_row
from central.store.messages import list_deliveries, load_ways
from central.store.urges import ChannelRow, DeliveryRow


@dataclass(frozen=True, slots=True)
class MessageSeen:
    """One of my messages, with what became of it on each way out."""

    kind: UrgeKind
    facts: dict[str, Any]
    href: str
    made_at: datetime
    read: bool
    answered_at: datetime | None
    ways: Sequence[tuple[Channel, DeliveryState]]


@dataclass(frozen=True, slots=True)
class ChannelChoice:
    """What a person wants by one channel."""

    channel: Channel
    address: str = ""
    kinds: tuple[str, ...] = ()
    digest: bool = False
    active: bool = False


@dataclass(frozen=True, slots=True)
class DeliverySeen:
    """One message on its way to somebody."""

    id: str
    person: str
    channel: str
    kind: UrgeKind
    facts: dict[str, Any]
    state: str
    attempts: int
    made_at: datetime
    next_try_at: datetime
    sent_at: datetime | None
    last_error: str | None


def list_messages(session: Session, actor: Actor, limit: int) -> list[MessageSeen]:
    """Return my newest messages."""
    rows = list_own_messages(session, actor.person_id, limit)
    ways = load_ways(session, [row.id for row, _ in rows])
    return [
        MessageSeen(
            UrgeKind(row.kind),
            row.facts,
            row.href,
            row.made_at,
            row.read_at is not None,
            answered_at,
            [(Channel(channel), DeliveryState(state)) for channel, state in ways.get(row.id, ())],
        )
        for row, answered_at in rows
    ]


def read_messages(session: Session, actor: Actor, now: datetime) -> None:
    """Note that I have looked at my messages."""
    read_all(session, actor.person_id, now)


def list_choices(session: Session, actor: Actor) -> dict[Channel, ChannelChoice]:
    """Return what I want to hear, by channel; a channel never touched is closed."""
    found = {channel: ChannelChoice(channel) for channel in Channel}
    for row in list_channels(session, actor.person_id):
        channel = Channel(row.channel)
        found[channel] = ChannelChoice(channel, row.address, tuple(row.kinds), row.digest, row.active)
    return found


def choose_channel(session: Session, actor: Actor, choice: ChannelChoice, now: datetime) -> None:
    """Keep what I want to hear by one channel."""
    row = session.get(ChannelRow, (actor.person_id, choice.channel.value))
    if row is None:
        row = ChannelRow(person_id=actor.person_id, channel=choice.channel.value)
        session.add(row)
    row.address, row.kinds, row.digest, row.active = choice.address, list(choice.kinds), choice.digest, choice.active
    row.changed_at = now


def list_sendings(session: Session, state: DeliveryState | None, limit: int) -> list[DeliverySeen]:
    """Return messages on their way out, the newest first."""
    return [
        DeliverySeen(
            row.id,
            name,
            row.channel,
            UrgeKind(message.kind),
            message.facts,
            row.state,
            row.attempts,
            message.made_at,
            row.next_try_at,
            row.sent_at,
            row.last_error,
        )
        for row, message, name in list_deliveries(session, state.value if state is not None else None, limit)
    ]


def send_again(session: Session, actor: Actor, delivery_id: str, now: datetime) -> None:
    """Queue a delivery again that was given up."""
    row = session.get(DeliveryRow, delivery_id)
    before = {"attempts": row.attempts, "last_error": row.last_error or ""} if row is not None else {}
    if not revive_row(session, DeliveryRow, delivery_id, now):
        raise NotFound
    add_audit(session, actor, AuditEntry(AuditAct.MESSAGE_REVIVED, "delivery", delivery_id, before=before), now)
