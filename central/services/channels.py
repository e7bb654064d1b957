"""A person's own messages, by which ways they want to hear of what, and the deliveries that an admin looks after."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from central.domain.audit import AuditAct, AuditEntry
from central.domain.messages import Channel, DeliveryState
from central.domain.paging import LONGEST_PAGE, Page, walk_pages
from central.domain.people import Actor
from central.domain.refusals import NotFound
from central.domain.search import split_query
from central.domain.sweeps import UrgeKind
from central.store.audit import add_audit
from central.store.channels import list_channels, list_own_messages, read_all
from central.store.claims import revive_row
from central.store.keyset import find_order, read_page
from central.store.messages import DELIVERY_ORDERS, load_ways, select_deliveries
from central.store.urges import ChannelRow, DeliveryRow, MessageRow


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
class SearchDeliveries:
    """Which messages on their way out are looked for; `person`: words that occur in the name."""

    state: DeliveryState | None = None
    channel: Channel | None = None
    person: str = ""
    sort: str = "newest"
    after: str | None = None
    limit: int = 50


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


def list_sendings(session: Session, search: SearchDeliveries) -> Page[DeliverySeen]:
    """Return messages on their way out, the newest first unless sorted."""
    state = search.state.value if search.state is not None else None
    channel = search.channel.value if search.channel is not None else None
    query = select_deliveries(state, channel, split_query(search.person))
    order = find_order(DELIVERY_ORDERS, search.sort)
    rows, next_after = read_page(session, query, order, search.after, search.limit)
    return Page(tuple(_see(row, message, name) for row, message, name, *_ in rows), next_after)


def export_sendings(session: Session, search: SearchDeliveries) -> Iterator[DeliverySeen]:
    """Yield everything that is found."""
    return walk_pages(lambda after: list_sendings(session, replace(search, after=after, limit=LONGEST_PAGE)))


def send_again(session: Session, actor: Actor, delivery_id: str, now: datetime) -> None:
    """Queue a delivery again that was given up."""
    row = session.get(DeliveryRow, delivery_id)
    before = {"attempts": row.attempts, "last_error": row.last_error or ""} if row is not None else {}
    if not revive_row(session, DeliveryRow, delivery_id, now):
        raise NotFound
    add_audit(session, actor, AuditEntry(AuditAct.MESSAGE_REVIVED, "delivery", delivery_id, before=before), now)


def _see(row: DeliveryRow, message: MessageRow, name: str) -> DeliverySeen:
    return DeliverySeen(
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
