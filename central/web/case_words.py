"""Words of cases, templates and the calendar: bands, gates, what is missing, limits, days. Tables and spans of time."""

from __future__ import annotations

from datetime import datetime

from central.domain.clocks import Limit, Unit
from central.domain.wording import N_
from central.web.moments import say_span
from central.web.render import Say
from central.web.words import Word

BANDS = {
    "normal": Word("normal", "still", N_("in time")),
    "warning": Word("warning", "clock", N_("due soon")),
    "overdue": Word("stop", "attention", N_("overdue")),
}

STANDINGS = {
    "open": Word("moving", "move", N_("under way")),
    "paused": Word("offline", "sleep", N_("paused")),
    "closed": Word("normal", "done", N_("finished")),
    "unopened": Word("unknown", "question", N_("opening not told")),
}

GATES = {
    "open": Word("normal", "open", N_("gate open")),
    "open_with_debt": Word("warning", "clock", N_("gate open with a debt")),
    "closed": Word("stop", "no", N_("gate closed")),
}

LACKS = {
    "not_captured": N_("no picture yet"),
    "returned": N_("returned, to be mended"),
    "not_passed": N_("waits for review gate %(gate)s"),
    "owed": N_("owed until %(until)s"),
    "owed_overdue": N_("owed since %(until)s, and not handed in"),
}
GATE_REASONS = {"case_not_opened": N_("nobody has told of the opening of this case yet")}

DOCUMENT_STATES = {
    "due": Word("warning", "blank", N_("to be scanned")),
    "scanned": Word("moving", "box", N_("scanned")),
    "self_checked": Word("moving", "done", N_("checked by the handler")),
    "sent": Word("moving", "out", N_("sent for review")),
    "returned": Word("stop", "undo", N_("returned")),
    "reviewed": Word("normal", "done", N_("reviewed")),
    "accepted": Word("normal", "shelf", N_("accepted into the archive")),
}

#: Attributes that conditions of the templates ask for; the marketing system may tell others, which keep their names.
ATTRIBUTES = {
    "agent": N_("Applied for by an agent"),
    "customer_works": N_("Works by the customer"),
    "dual_source": N_("Two sources of supply"),
    "hazard_found": N_("Hazard found"),
    "heavy_user": N_("Heavy user"),
    "important_customer": N_("Important customer"),
    "natural_person": N_("Natural person"),
    "tenant": N_("Tenant"),
    "tested": N_("Tested"),
    "voltage_kv": N_("Voltage in kV"),
}

NEEDS = {"required": N_("required"), "owed": N_("may be owed"), "welcome": N_("if there is one")}
MEDIA = {"paper": N_("paper"), "born_digital": N_("born digital"), "e_licence": N_("electronic licence")}
RETENTIONS = {"permanent": N_("for ever"), "years_30": N_("30 years"), "years_10": N_("10 years")}

NEWS_KINDS = {
    "opened": N_("case opened"),
    "step_started": N_("step started"),
    "step_completed": N_("step completed"),
    "paused": N_("paused by the marketing system"),
    "resumed": N_("resumed"),
    "closed": N_("case closed"),
}

ODD = {
    "opened_twice": N_("the case was open already"),
    "started_twice": N_("the step was going on already"),
    "completed_twice": N_("the step was completed already"),
    "paused_twice": N_("it was paused already"),
    "resumed_without_pause": N_("it was not paused"),
    "closed_twice": N_("the case was closed already"),
}

UNITS = {
    "hours": N_("%(count)s hours"),
    "days": N_("%(count)s days"),
    "working_days": N_("%(count)s working days"),
}

DAY_KINDS = {
    "workday": Word("normal", "done", N_("working day")),
    "made_up": Word("warning", "move", N_("made-up working day")),
    "weekend": Word("offline", "sleep", N_("weekend")),
    "holiday": Word("stop", "home", N_("holiday")),
}

VERSION_STATES = {
    "draft": Word("moving", "label", N_("draft")),
    "asked": Word("warning", "clock", N_("waits for approval")),
    "decided": Word("warning", "done", N_("approved, to be made valid")),
    "turned_down": Word("stop", "no", N_("not approved")),
    "coming": Word("moving", "clock", N_("valid later")),
    "in_force": Word("normal", "done", N_("in force")),
    "past": Word("offline", "sleep", N_("superseded")),
    "withdrawn": Word("offline", "undo", N_("withdrawn")),
}


def say_limit(say: Say, limit: Limit) -> str:
    """Return a limit as people say it: "5 working days"."""
    return say(UNITS[limit.unit], count=limit.count)


def say_left(say: Say, due_at: datetime, now: datetime, language: str) -> str:
    """Return "还有 5 小时" or "已超期 1 天"."""
    span = say_span(due_at - now, language)
    return say(N_("%(span)s left"), span=span) if due_at > now else say(N_("%(span)s overdue"), span=span)


def pick_name(language: str, name: str, name_en: str) -> str:
    """Return the name in the reader's language."""
    return name if language == "zh-CN" else name_en or name


def say_left_of_clock(say: Say, left: int, unit: Unit) -> str:
    """Return what remains on a clock that stands."""
    return say(N_("stands; %(left)s remain"), left=say(UNITS[unit], count=max(left, 0)))
