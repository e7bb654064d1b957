"""Pages of the rules of time: what counts now, every version with its reason, and the form that sets them anew."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool

from central.domain.permissions import Action, allows, needs
from central.domain.refusals import Reason, Refusal
from central.domain.rules import Rules, dump_rules, parse_rules
from central.domain.urges import Level
from central.domain.wording import N_
from central.services.rules import AHEAD_DAYS_MAX, RulesSeen, SetRules, VersionSeen, set_rules, show_rules
from central.web.case_words import VERSION_STATES
from central.web.forms import Field
from central.web.render import Say, actor_of, render, say_in
from central.web.rule_words import LEVELS, NOTES, RULES, UNIT_NAMES, say_rule, say_rules
from central.web.template_pages import read_date
from central.web.transactions import ReadSession
from central.web.words import DONE_NOTES

router = APIRouter()

LIMITS, POLICIES = ("digitise", "send"), ("urging", "limit_urging")
WHY_LENGTH = 400
NUMBER = re.compile(r"[0-9]{1,4}")


@router.get("/rules", response_class=HTMLResponse)
@needs(Action.SEE_RULES)
def show_rules_page(request: Request, session: ReadSession, done: str = "") -> HTMLResponse:
    """What counts for what begins now, what is set for later, and all that was."""
    actor, say = actor_of(request), say_in(request)
    seen = show_rules(session, actor, request.app.state.read_clock())
    return render(
        request,
        "rules.html",
        here="rules",
        done=DONE_NOTES.get(done),
        seen=seen,
        rules=say_rules(say, seen.rules),
        versions=[_show_version(say, each) for each in seen.versions],
        may_edit=allows(actor, Action.EDIT_RULES),
        may_see_calendar=allows(actor, Action.SEE_CALENDAR),
    )


@router.get("/rules/new", response_class=HTMLResponse)
@needs(Action.EDIT_RULES)
def edit_rules(request: Request, session: ReadSession) -> HTMLResponse:
    """The form, filled with the rules that will count then."""
    seen = show_rules(session, actor_of(request), request.app.state.read_clock())
    newest = max(seen.versions, key=lambda each: each.version, default=None)
    typed = _fill(newest.rules if newest is not None else seen.rules)
    typed |= {"effective_from": f"{seen.today + timedelta(days=1)}", "after_version": f"{seen.newest_version}"}
    return _show_form(request, seen, typed, {})


@router.post("/rules/new", response_class=HTMLResponse)
@needs(Action.EDIT_RULES)
async def save_rules(request: Request) -> Response:
    """Set the rules from a day on; every fault is named at its field, and what was typed is kept."""
    state, actor = request.app.state, actor_of(request)
    form = await request.form(max_files=0, max_fields=40)
    typed = {name: str(value).strip()[:WHY_LENGTH] for name, value in form.items()}

    def keep(session: Session) -> Response:
        now = state.read_clock()
        command, errors = _read_form(say_in(request), typed)
        if command is not None:
            try:
                set_rules(session, actor, command, now)
            except Refusal as refusal:
                errors = _find_errors(say_in(request), refusal)
                if not errors:
                    raise
        if errors:
            return _show_form(request, show_rules(session, actor, now), typed, errors)
        return RedirectResponse("/rules?done=rules_set", status_code=303)

    async with state.tx.write_async() as session:
        return await run_in_threadpool(keep, session)


def _show_version(say: Say, each: VersionSeen) -> dict[str, Any]:
    word = "coming" if each.ahead else "in_force" if each.in_force else "past"
    return {
        "seen": each,
        "word": VERSION_STATES[word],
        "changes": [
            (
                say(RULES[change.name]),
                say_rule(say, change.name, change.before),
                say_rule(say, change.name, change.after),
            )
            for change in each.changes
        ],
    }


def _fill(rules: Rules) -> dict[str, str]:
    """Return the fields of the form for these rules; people count urges from 1."""
    data, typed = dump_rules(rules), {}
    for name in LIMITS:
        for part in ("count", "unit", "warn_before"):
            typed[f"{name}_{part}"] = str(data[name][part])
    for name in POLICIES:
        for part in ("after_hours", "every_hours"):
            typed[f"{name}_{part}"] = str(data[name][part])
        for level in Level:
            first = data[name]["reached_at"].get(level.value)
            typed[f"{name}_{level.value}"] = "" if first is None else str(first + 1)
    typed["contract_days"] = ", ".join(str(days) for days in data["contract_days"])
    typed["limit_pack"] = data["limit_pack"]
    return typed


def _read_form(say: Say, typed: Mapping[str, str]) -> tuple[SetRules | None, dict[str, str]]:
    """Return the command, or what is wrong at which field."""
    errors: dict[str, str] = {}

    def number(name: str) -> int:
        if not NUMBER.fullmatch(typed.get(name, "")):
            errors[name] = say(N_("Enter a whole number."))
            return 0
        return int(typed[name])

    data: dict[str, Any] = {"limit_pack": typed.get("limit_pack", "").upper()}
    for name in LIMITS:
        data[name] = {
            "count": number(f"{name}_count"),
            "unit": typed.get(f"{name}_unit", ""),
            "warn_before": number(f"{name}_warn_before"),
        }
    for name in POLICIES:
        data[name] = {"after_hours": number(f"{name}_after_hours"), "every_hours": number(f"{name}_every_hours")}
        reached = [level for level in Level if typed.get(f"{name}_{level.value}")]
        data[name]["reached_at"] = {level.value: number(f"{name}_{level.value}") - 1 for level in reached}
    days = [each for each in re.split(r"[\s,,、/]+", typed.get("contract_days", "")) if each]
    if not days or not all(NUMBER.fullmatch(each) for each in days):
        errors["contract_days"] = say(N_("Enter numbers of days, the earliest first, like 90, 60, 30."))
    data["contract_days"] = [int(each) for each in days if NUMBER.fullmatch(each)]
    day = read_date(typed.get("effective_from", ""))
    if day is None:
        errors["effective_from"] = say(N_("Enter a day like 2026-12-01."))
    if not typed.get("why"):
        errors["why"] = say(N_("Say why the rules change, for example the number of the notice."))
    if errors:
        return None, errors
    try:
        rules = parse_rules(data)
    except Refusal as refusal:
        return None, _find_errors(say, refusal)
    version = typed.get("after_version", "")
    assert day is not None, "a day that can't be read is an error above"
    return SetRules(rules, day, typed["why"], int(version) if NUMBER.fullmatch(version) else -1), {}


def _find_errors(say: Say, refusal: Refusal) -> dict[str, str]:
    """Return at which field a refusal belongs, {} when it concerns none."""
    if refusal.reason is Reason.BAD_PERIOD:
        text = N_("Choose a day from tomorrow on, at most %(days)s days ahead: what began today is counted already.")
        return {"effective_from": say(text, days=AHEAD_DAYS_MAX)}
    if refusal.reason is not Reason.BAD_RULES:
        return {}
    texts = {
        "digitise": ("digitise_count", N_("The limit is at least 1, and its warning no longer than itself.")),
        "send": ("send_count", N_("The limit is at least 1, and its warning no longer than itself.")),
        "urging": ("urging_after_hours", POLICY_FAULT),
        "limit_urging": ("limit_urging_after_hours", POLICY_FAULT),
        "contract_days": ("contract_days", N_("From 1 to 6 different days of 1 to 366, the earliest first.")),
        "limit_pack": ("limit_pack", N_("The pack is one letter, like C.")),
    }
    found = {}
    for detail in refusal.details:
        name = re.split(r"[.:]", detail)[0]
        field, text = texts.get(name, ("why", N_("These are the rules that count then already: nothing would change.")))
        found[field] = say(text)
    return found


#: What a policy has to keep.
POLICY_FAULT = N_(
    "Urging begins within 720 hours and comes every 1 to 720 hours; the first person hears urge 1, and those above "
    "them not before those below."
)


def _show_form(request: Request, seen: RulesSeen, typed: Mapping[str, str], errors: Mapping[str, str]) -> HTMLResponse:
    say = say_in(request)
    return render(
        request,
        "rules_edit.html",
        status=422 if errors else 200,
        here="rules",
        errors=dict(errors),
        after_version=typed.get("after_version", ""),
        groups=[
            *((say(RULES[name]), say(NOTES[name]), _list_limit_fields(say, name, typed)) for name in LIMITS),
            *((say(RULES[name]), say(NOTES[name]), _list_policy_fields(say, name, typed)) for name in POLICIES),
            (say(N_("Contracts and packs")), "", _list_other_fields(say, typed)),
            (say(N_("From when on, and why")), "", _list_last_fields(say, typed, seen.today + timedelta(days=1))),
        ],
    )


def _list_limit_fields(say: Say, name: str, typed: Mapping[str, str]) -> list[Field]:
    units = tuple((unit.value, say(text)) for unit, text in UNIT_NAMES.items())
    return [
        Field(f"{name}_count", say(N_("Limit")), value=typed.get(f"{name}_count", "")),
        Field(f"{name}_unit", say(N_("Counted in")), "select", typed.get(f"{name}_unit", ""), options=units),
        Field(
            f"{name}_warn_before",
            say(N_("Warning so long before the end")),
            value=typed.get(f"{name}_warn_before", ""),
            hint=say(N_("In the same unit; 0 for none.")),
        ),
    ]


def _list_policy_fields(say: Say, name: str, typed: Mapping[str, str]) -> list[Field]:
    fields = [
        Field(
            f"{name}_after_hours",
            say(N_("Begins so many hours after the end of the limit")),
            value=typed.get(f"{name}_after_hours", ""),
        ),
        Field(f"{name}_every_hours", say(N_("Again every so many hours")), value=typed.get(f"{name}_every_hours", "")),
    ]
    hint = say(N_("The number of the urge, 1 for the first; empty: never."))
    fields += [
        Field(
            f"{name}_{level.value}",
            say(N_("Goes to the %(who)s from urge"), who=say(text)),
            value=typed.get(f"{name}_{level.value}", ""),
            hint=hint,
            required=False,
        )
        for level, text in LEVELS.items()
    ]
    return fields


def _list_other_fields(say: Say, typed: Mapping[str, str]) -> list[Field]:
    return [
        Field(
            "contract_days",
            say(N_("Days before the end of a contract on which it is announced")),
            value=typed.get("contract_days", ""),
            hint=say(N_("The earliest first, like 90, 60, 30.")),
        ),
        Field("limit_pack", say(RULES["limit_pack"]), value=typed.get("limit_pack", ""), hint=say(NOTES["limit_pack"])),
    ]


def _list_last_fields(say: Say, typed: Mapping[str, str], first: date) -> list[Field]:
    hint = say(N_("For what begins from this day on; the earliest is %(day)s."), day=first)
    notice = say(N_("For example the number of the notice."))
    return [
        Field("effective_from", say(N_("Counts from")), "date", typed.get("effective_from", ""), hint),
        Field("why", say(N_("Why")), "area", typed.get("why", ""), notice),
    ]
