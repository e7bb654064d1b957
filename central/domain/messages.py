"""Messages to people: by which ways they go out, and their words, which the sender puts into the reader's language."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from central.domain.calendars import ONE_DAY, Calendar, Hours, find_delivery
from central.domain.sweeps import UrgeKind
from central.domain.wording import N_


class Channel(StrEnum):
    """Ways out beside the application itself, where every message stands."""

    MAIL = "mail"
    WEBHOOK = "webhook"
    WECOM = "wecom"
    DINGTALK = "dingtalk"
    FEISHU = "feishu"


class DeliveryState(StrEnum):
    """What became of one message on one way out."""

    QUEUED = "queued"
    SENT = "sent"
    DEAD = "dead"
    #: What it urged for was done, or the way was closed, before it went out.
    STOPPED = "stopped"


#: Kinds as a person chooses them: a warning goes the way of its urge, a debt that of other papers.
CHOICES = (UrgeKind.SEND, UrgeKind.SCAN, UrgeKind.LIMIT, UrgeKind.CONTRACT)
CHOICE_OF = {
    UrgeKind.SEND_WARNING: UrgeKind.SEND,
    UrgeKind.SCAN_WARNING: UrgeKind.SCAN,
    UrgeKind.LIMIT_WARNING: UrgeKind.LIMIT,
    UrgeKind.DEBT: UrgeKind.SCAN,
}
#: Facts: case_no, step (named in the reader's language), name, due_at.
SENTENCES = {
    UrgeKind.SEND_WARNING: N_("Case %(case_no)s, step %(step)s: scan its papers and send them by %(due_at)s."),
    UrgeKind.SEND: N_("Case %(case_no)s, step %(step)s: its papers were to be scanned and sent by %(due_at)s."),
    UrgeKind.SCAN_WARNING: N_("Case %(case_no)s: the paper %(name)s is to be scanned by %(due_at)s."),
    UrgeKind.SCAN: N_("Case %(case_no)s: the paper %(name)s was to be scanned by %(due_at)s."),
    UrgeKind.DEBT: N_("Case %(case_no)s: the paper %(name)s was to follow by %(due_at)s."),
    UrgeKind.LIMIT_WARNING: N_("Case %(case_no)s: the step %(step)s has to end by %(due_at)s."),
    UrgeKind.LIMIT: N_("Case %(case_no)s: the step %(step)s had to end by %(due_at)s and still runs."),
    UrgeKind.CONTRACT: N_("Contract %(name)s ends on %(due_at)s."),
}
#: Part of the reminders page on which the matter of a message stands.
PLACES = {
    UrgeKind.SEND: "to_send",
    UrgeKind.SCAN: "to_add",
    UrgeKind.LIMIT: "limit",
    UrgeKind.CONTRACT: "contract",
}
SUBJECT_ONE = N_("OpenAisle: something waits for you")
SUBJECT_MANY = N_("OpenAisle: %(count)s things wait for you")
FOOT = N_("You chose this way in your account, under Messages; there you can change it.")

Translate = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Note:
    """One message, before it has words."""

    kind: UrgeKind
    facts: Mapping[str, Any]
    href: str


@dataclass(frozen=True, slots=True)
class Letter:
    """What goes out at once by one channel to one person: one note, or all of a digest."""

    channel: Channel
    address: str
    login: str
    language: str
    notes: Sequence[Note]
    delivery_ids: Sequence[str]


def choose_time(calendar: Calendar, hours: Hours, now: datetime, *, digest: bool) -> datetime:
    """Return when a message may go out; a digest waits for the next opening."""
    if digest:
        now = calendar.start_of(calendar.find_day(now) + ONE_DAY)
    return find_delivery(calendar, hours, now)


def place_of(kind: UrgeKind) -> str:
    """Return the address of the page on which the matter stands."""
    return f"/reminders#{PLACES[CHOICE_OF.get(kind, kind)]}"


def word_note(
    kind: UrgeKind, facts: Mapping[str, Any], calendar: Calendar, translate: Translate, *, chinese: bool
) -> str:
    """Return the sentence of a message; instants are shown in the calendar's zone, steps and papers by their names."""
    shown = {"case_no": "—", "step": "—", "name": "—"} | dict(facts)
    for fact, name in (("step", "step_name"), ("name", "name")):
        shown[fact] = facts.get(name if chinese else f"{name}_en") or shown[fact]
    due_at = str(facts.get("due_at", ""))
    if "T" in due_at:
        due_at = datetime.fromisoformat(due_at).astimezone(calendar.zone).strftime("%Y-%m-%d %H:%M")
    return translate(SENTENCES[kind]) % (shown | {"due_at": due_at})


def word_letter(letter: Letter, base_url: str, calendar: Calendar, translate: Translate) -> tuple[str, str]:
    """Return subject and text of a letter."""
    chinese = letter.language.startswith("zh")
    lines = [word_note(note.kind, note.facts, calendar, translate, chinese=chinese) for note in letter.notes]
    many = len(lines) > 1
    subject = translate(SUBJECT_MANY) % {"count": len(lines)} if many else translate(SUBJECT_ONE)
    links = sorted({f"{base_url}{note.href}" for note in letter.notes}) if base_url else []
    return subject, "\n".join([*lines, "", *links, translate(FOOT)])
