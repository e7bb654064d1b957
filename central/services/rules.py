"""The rules of time: read with all their versions, and set anew from a day on, with a reason."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from central.domain.audit import AuditAct, AuditEntry
from central.domain.people import Actor
from central.domain.permissions import Action, allows
from central.domain.refusals import Reason, Refusal
from central.domain.rules import DatedRules, RuleBook, RuleChange, Rules, compare_rules, dump_rules, parse_rules
from central.store.audit import add_audit
from central.store.calendars import load_calendar
from central.store.people import load_names
from central.store.rules import RuleRow, list_rule_rows, load_rules

#: So far ahead a version may be set.
AHEAD_DAYS_MAX = 366


@dataclass(frozen=True, slots=True)
class VersionSeen:
    """One version with who set it, and what it sets otherwise than the one before it."""

    version: int
    effective_from: date
    rules: Rules
    in_force: bool
    ahead: bool
    why: str
    created_at: datetime
    created_by: str
    changes: tuple[RuleChange, ...]


@dataclass(frozen=True, slots=True)
class RulesSeen:
    """The rules that count for what begins now, and all versions, the latest first."""

    rules: Rules
    version: int
    newest_version: int
    today: date
    versions: Sequence[VersionSeen]


@dataclass(frozen=True, slots=True)
class SetRules:
    """All rules as they shall be from the start of a day on; `after_version`: what the editor had before their eyes."""

    rules: Rules
    effective_from: date
    why: str
    after_version: int


def show_rules(session: Session, actor: Actor, now: datetime) -> RulesSeen:
    """Return the rules with their history."""
    _check(actor, Action.SEE_RULES)
    rows, calendar = list_rule_rows(session), load_calendar(session)
    names = load_names(session, [row.created_by for row in rows])
    book = RuleBook(tuple(DatedRules(row.version, row.effective_at, parse_rules(row.body)) for row in rows))
    found = book.find(now)
    seen, before = [], Rules()
    for row, dated in zip(rows, book.versions, strict=True):
        seen.append(
            VersionSeen(
                row.version,
                calendar.find_day(row.effective_at),
                dated.rules,
                found is dated,
                row.effective_at > now,
                row.why,
                row.created_at,
                names.get(row.created_by or "", ""),
                tuple(compare_rules(before, dated.rules)),
            )
        )
        before = dated.rules
    newest = max((row.version for row in rows), default=0)
    version = found.version if found is not None else 0
    return RulesSeen(book.at(now), version, newest, calendar.find_day(now), tuple(reversed(seen)))


def set_rules(session: Session, actor: Actor, command: SetRules, now: datetime) -> int:
    """Add a version that counts for what begins from a later day on; return its number."""
    _check(actor, Action.EDIT_RULES)
    calendar, book = load_calendar(session), load_rules(session)
    newest = max((each.version for each in book.versions), default=0)
    if newest != command.after_version:
        raise Refusal(Reason.RULES_CHANGED)
    today = calendar.find_day(now)
    # From tomorrow at the earliest: what began today is counted already.
    if not today < command.effective_from <= today + timedelta(days=AHEAD_DAYS_MAX):
        raise Refusal(Reason.BAD_PERIOD)
    effective_at = calendar.start_of(command.effective_from)
    before = book.at(effective_at)
    changes = {each.name: each for each in compare_rules(before, command.rules)}
    if not changes:
        raise Refusal(Reason.BAD_RULES, details=("nothing is set otherwise",))
    row = RuleRow(
        version=newest + 1,
        effective_at=effective_at,
        body=dump_rules(command.rules),
        why=command.why,
        created_at=now,
        created_by=actor.person_id,
    )
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError:
        # somebody else set the same version in this very moment
        raise Refusal(Reason.RULES_CHANGED) from None
    entry = AuditEntry(
        AuditAct.RULES_SET,
        "rules",
        f"{row.version}",
        f"{command.effective_from}",
        command.why,
        before={name: each.before for name, each in changes.items()},
        after={name: each.after for name, each in changes.items()},
    )
    add_audit(session, actor, entry, now)
    return row.version


def _check(actor: Actor, action: Action) -> None:
    if not allows(actor, action):
        raise Refusal(Reason.NOT_ALLOWED)
