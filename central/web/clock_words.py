"""Why something is due when it is, in words: the days counted, left out and paused, the limit, rules and calendar."""

from __future__ import annotations

from datetime import date
from typing import Any

from central.domain.calendars import DayKind
from central.domain.clocks import Due
from central.domain.rules import Rules, dump_rules
from central.domain.wording import N_
from central.store.clocks import PaperClock
from central.web.case_words import DAY_KINDS
from central.web.render import Say
from central.web.rule_words import say_rule


def word_clock(say: Say, clock: PaperClock) -> dict[str, Any]:
    """Return the clock of a paper or of a task as the fold "Why?" shows it."""
    rules = Rules(digitise=clock.limit) if clock.name == "digitise" else Rules(send=clock.limit)
    return {
        "limit": say_rule(say, clock.name, dump_rules(rules)[clock.name]),
        "version": clock.version,
        "due": clock.due,
        "why": explain(say, clock.due),
    }


def explain(say: Say, due: Due) -> list[tuple[str, str]]:
    """Return why a due date is what it is, as (what, days)."""
    why = due.explanation
    rows = [
        (say(N_("Days counted")), _list_days(why.counted)),
        (
            say(N_("Days left out")),
            " · ".join(f"{day:%m-%d} {_name_day(say, kind, name)}" for day, kind, name in why.skipped),
        ),
        (say(N_("Made-up working days among them")), _list_days(why.made_up)),
        (say(N_("Days on which the clock stood")), _list_days(why.paused)),
        (
            say(N_("The clock stood for")),
            say(N_("%(count)s minutes"), count=why.paused_minutes) if why.paused_minutes else "",
        ),
    ]
    return [(what, text) for what, text in rows if text]


def _name_day(say: Say, kind: DayKind, name: str) -> str:
    return name or say(DAY_KINDS[kind].text)


def _list_days(days: tuple[date, ...]) -> str:
    return " · ".join(f"{day:%m-%d}" for day in days)
