"""Messages of urges: made for each person who is to hear of one, and sent on by the ways that person has opened."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from central.domain.calendars import ONE_DAY, Calendar, Hours
from central.domain.messages import CHOICE_OF, Channel, Letter, Note, choose_time, place_of
from central.domain.sweeps import SubjectKind, UrgeKind, list_levels
from central.store.calendars import load_calendar
from central.store.case_names import load_case_names
from central.store.claims import QUEUED, claim_rows, postpone_row, settle_row
from central.store.ids import new_id
from central.store.messages import Recipients, claim_untold, load_channels, load_facts, stop_deliveries
from central.store.organisation import load_tree
from central.store.people import PersonRow
from central.store.rules import load_rules
from central.store.urges import ChannelRow, DeliveryRow, MessageRow, UrgeRow

#: Urges made into messages in one transaction, deliveries claimed at once.
URGES_AT_ONCE = 200
DELIVERIES_AT_ONCE = 100
LEASE = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Told:
    """What one chunk came to; `urges` 0: nothing waits."""

    urges: int = 0
    messages: int = 0


def tell_urges(session: Session, hours: Hours, now: datetime, limit: int = URGES_AT_ONCE) -> Told:
    """Make the messages of urges that have none yet; what was answered meanwhile needs none."""
    urges = claim_untold(session, limit)
    if not urges:
        return Told()
    calendar, people = load_calendar(session), Recipients(session, load_tree(session), now)
    rules = load_rules(session)
    facts = _load_all_facts(session, urges)
    names = load_case_names(session, {about.get("case_id") for about in facts.values()})
    made: list[tuple[MessageRow, UrgeKind]] = []
    for urge in urges:
        urge.told_at = now
        about = facts.get((urge.subject_kind, urge.subject_id))
        if urge.answered_at is not None or about is None:
            continue
        kind = UrgeKind(urge.kind)
        levels = list_levels(kind, urge.occurrence, rules.at(_find_limit_end(urge, about, calendar)))
        if kind is UrgeKind.DEBT:
            about |= {"due_at": about["owed_until"]}
        shown = {name: _plain(value) for name, value in about.items() if name not in _WHOSE}
        called = names.get(about.get("case_id", ""))
        if called is not None:
            step = about["step"]
            shown |= {"step_name": called.name_step(step, chinese=True)}
            shown |= {"step_name_en": called.name_step(step, chinese=False)}
        for person_id in sorted(people.find(levels, about["handler_id"], about["unit_id"])):
            message = MessageRow(
                id=new_id(),
                person_id=person_id,
                urge_id=urge.id,
                kind=kind.value,
                facts=shown | {"level": urge.level},
                href=place_of(kind),
                made_at=now,
            )
            made.append((message, kind))
    session.add_all(message for message, _ in made)
    session.flush()
    _queue_deliveries(session, made, calendar, hours, now)
    return Told(len(urges), len(made))


def claim_letters(session: Session, worker: str, now: datetime) -> list[Letter]:
    """Take the deliveries that are due and return them as letters; what needs no sending any more is stopped."""
    rows = claim_rows(session, DeliveryRow, worker, now, lease=LEASE, limit=DELIVERIES_AT_ONCE)
    if not rows:
        return []
    query = (
        select(DeliveryRow.id, DeliveryRow.channel, MessageRow, PersonRow, UrgeRow.answered_at)
        .join(MessageRow, MessageRow.id == DeliveryRow.message_id)
        .join(PersonRow, PersonRow.id == MessageRow.person_id)
        .outerjoin(UrgeRow, UrgeRow.id == MessageRow.urge_id)
        .where(DeliveryRow.id.in_([row.id for row in rows]))
        .order_by(DeliveryRow.id)
    )
    found = session.execute(query).all()
    ways = {
        (row.person_id, row.channel): row
        for rows_of in load_channels(session, {message.person_id for _, _, message, _, _ in found}).values()
        for row in rows_of
    }
    letters: dict[tuple[str, str, str], list[tuple[str, Note]]] = defaultdict(list)
    owners: dict[tuple[str, str, str], tuple[PersonRow, ChannelRow]] = {}
    stopped = []
    for delivery_id, channel, message, person, answered_at in found:
        way = ways.get((message.person_id, channel))
        if answered_at is not None or way is None or not person.active:
            stopped.append(delivery_id)
            continue
        key = (message.person_id, channel, "" if way.digest else delivery_id)
        letters[key].append((delivery_id, Note(UrgeKind(message.kind), message.facts, message.href)))
        owners[key] = (person, way)
    stop_deliveries(session, stopped, worker)
    return [
        Letter(
            Channel(way.channel),
            way.address,
            person.login or "",
            person.language,
            [note for _, note in letters[key]],
            [delivery_id for delivery_id, _ in letters[key]],
        )
        for key, (person, way) in owners.items()
    ]


def settle_letter(session: Session, letter: Letter, worker: str, error: str | None, now: datetime) -> None:
    """Note that a letter was taken (`error` None), or when each of its deliveries is tried again."""
    for delivery_id in letter.delivery_ids:
        if error is None:
            settle_row(session, DeliveryRow, delivery_id, worker, now)
        else:
            row = session.get(DeliveryRow, delivery_id)
            if row is not None:
                postpone_row(session, DeliveryRow, row, worker, now, error=error)


def _find_limit_end(urge: UrgeRow, about: dict[str, Any], calendar: Calendar) -> datetime:
    """Return when the limit was over for which it is urged: the rules of that moment say who hears of it."""
    if urge.kind == UrgeKind.DEBT and about["owed_until"] is not None:
        return calendar.start_of(about["owed_until"] + ONE_DAY)
    ended_at = about["due_at"]
    return ended_at if isinstance(ended_at, datetime) else urge.due_at


_WHOSE = ("id", "handler_id", "unit_id", "case_id", "owed_until")


def _load_all_facts(session: Session, urges: Sequence[UrgeRow]) -> dict[tuple[str, str], dict[str, Any]]:
    ids: dict[SubjectKind, set[str]] = defaultdict(set)
    for urge in urges:
        ids[SubjectKind(urge.subject_kind)].add(urge.subject_id)
    return {
        (subject.value, subject_id): about
        for subject, wanted in ids.items()
        for subject_id, about in load_facts(session, subject, wanted).items()
    }


def _queue_deliveries(
    session: Session, made: Sequence[tuple[MessageRow, UrgeKind]], calendar: Calendar, hours: Hours, now: datetime
) -> None:
    ways = load_channels(session, {message.person_id for message, _ in made})
    for message, kind in made:
        for way in ways.get(message.person_id, ()):
            if CHOICE_OF.get(kind, kind).value in way.kinds:
                session.add(
                    DeliveryRow(
                        id=new_id(),
                        message_id=message.id,
                        channel=way.channel,
                        state=QUEUED,
                        attempts=0,
                        next_try_at=choose_time(calendar, hours, now, digest=way.digest),
                    )
                )


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, (datetime, date)) else value
