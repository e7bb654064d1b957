"""The six reminders: what waits for whom, by role. Which rows that is stands in `central.services.reminders`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from central.domain.people import Actor, Role
from central.domain.permissions import Action, Scope, find_scope


class ReminderKind(StrEnum):
    #: 待添加: a step is done, its required papers are not scanned.
    TO_ADD = "to_add"
    #: 待发送: scanned, not yet sent to the collector.
    TO_SEND = "to_send"
    #: 待移交: passed in review, the paper not yet accepted by the archive room.
    TO_TRANSFER = "to_transfer"
    #: 待移交卷宗: boxed, not on a shelf.
    TO_SHELVE = "to_shelve"
    #: 合同预警: a contract ends soon.
    CONTRACT = "contract"
    #: 业扩时限预警: a running step is in its warning or overdue.
    LIMIT = "limit"


@dataclass(frozen=True, slots=True)
class ReminderRule:
    """Who is reminded: these roles, as far as they may do this."""

    action: Action
    roles: frozenset[Role]


_RUNNING = frozenset({Role.HANDLER, Role.TEAM_LEADER})
RULES = {
    ReminderKind.TO_ADD: ReminderRule(Action.ADD_DOCUMENT, frozenset({Role.HANDLER})),
    ReminderKind.TO_SEND: ReminderRule(Action.SEND_DOCUMENT, frozenset({Role.HANDLER})),
    ReminderKind.TO_TRANSFER: ReminderRule(Action.REVIEW_DOCUMENT, frozenset({Role.COLLECTOR})),
    ReminderKind.TO_SHELVE: ReminderRule(Action.SEE_BOXES, frozenset({Role.ARCHIVIST})),
    ReminderKind.CONTRACT: ReminderRule(Action.SEE_CASES, _RUNNING),
    ReminderKind.LIMIT: ReminderRule(Action.SEE_CASES, _RUNNING),
}


def find_reminded_scope(actor: Actor, kind: ReminderKind) -> Scope:
    """Return where a person is reminded of this; empty for those whose matter it is not."""
    rule = RULES[kind]
    held = frozenset(grant for grant in actor.grants if grant.role in rule.roles)
    return find_scope(replace(actor, grants=held), rule.action)
