"""Words of the rules of time: what each rule is called, and what it says, as a person would put it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from central.domain.clocks import Unit
from central.domain.rules import Rules, dump_rules
from central.domain.urges import Level
from central.domain.wording import N_
from central.web.case_words import UNITS
from central.web.render import Say

RULES = {
    "digitise": N_("Paper to be scanned within"),
    "send": N_("Papers of a step to be sent to the collector within"),
    "urging": N_("Urging for papers"),
    "limit_urging": N_("Urging for the time limit of a step"),
    "contract_days": N_("Contracts announced"),
    "limit_pack": N_("Pack of step limits"),
}
#: From when on the clock of a rule runs, and what the rule is for.
NOTES = {
    "digitise": N_("From the creation of the paper; where nobody told it, from the end of the step."),
    "send": N_("From the end of the step; then urging begins."),
    "urging": N_("Papers not sent, and owed papers whose day has passed."),
    "limit_urging": N_("Steps under assessment that have outlived their limit."),
    "contract_days": N_("Before the end of a paper contract, to its handler and the team leader."),
    "limit_pack": N_("For cases whose opening names none; the limits themselves stand in the templates."),
}
LEVELS = {
    Level.HANDLER: N_("handler"),
    Level.COLLECTOR: N_("collector"),
    Level.TEAM_LEADER: N_("team leader"),
    Level.CENTRE_MANAGER: N_("centre manager"),
}
#: The three ways of counting, for a choice.
UNIT_NAMES = {
    Unit.HOURS: N_("hours by the clock"),
    Unit.DAYS: N_("calendar days"),
    Unit.WORKING_DAYS: N_("working days"),
}


def say_rules(say: Say, rules: Rules) -> list[dict[str, str]]:
    """Return name, sentence and note of every rule."""
    return [
        {"name": say(RULES[name]), "text": say_rule(say, name, value), "note": say(NOTES[name])}
        for name, value in dump_rules(rules).items()
    ]


def say_rule(say: Say, name: str, value: Any) -> str:
    """Return what one rule says; `value` is its data."""
    if name in {"digitise", "send"}:
        return _say_limit(say, value)
    if name in {"urging", "limit_urging"}:
        return _say_urging(say, value)
    if name == "contract_days":
        days = " / ".join(str(each) for each in value)
        return say(N_("%(days)s days before the end"), days=days)
    return say(N_("pack %(letter)s"), letter=value)


def _say_limit(say: Say, value: Mapping[str, Any]) -> str:
    text = say(UNITS[value["unit"]], count=value["count"])
    if not value["warn_before"]:
        return text
    warned = say(UNITS[value["unit"]], count=value["warn_before"])
    return say(N_("%(limit)s, warning %(warning)s before"), limit=text, warning=warned)


def _say_urging(say: Say, value: Mapping[str, Any]) -> str:
    begins = say(N_("as soon as the limit is over"))
    if value["after_hours"]:
        begins = say(N_("%(count)s hours after the limit"), count=value["after_hours"])
    reached = " · ".join(
        say(N_("%(who)s from urge %(number)s on"), who=say(LEVELS[level]), number=value["reached_at"][level] + 1)
        for level in Level
        if level in value["reached_at"]
    )
    return say(
        N_("%(begins)s, then every %(count)s hours until it is done; %(reached)s"),
        begins=begins,
        count=value["every_hours"],
        reached=reached,
    )
