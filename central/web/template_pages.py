"""Pages of templates: the list, one version, the version as text, and the way into force."""

from __future__ import annotations

import json
from datetime import date, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from central.domain.conditions import Condition
from central.domain.permissions import Action, allows, needs
from central.domain.refusals import Reason, Refusal
from central.domain.templates import Template, dump_template
from central.domain.wording import N_
from central.services.templates import (
    VersionSeen,
    VersionState,
    ask_to_put_in_force,
    draft_version,
    list_templates,
    list_versions,
    put_in_force,
    show_version,
    withdraw_draft,
)
from central.web.case_words import ATTRIBUTES, MEDIA, NEEDS, RETENTIONS, VERSION_STATES, pick_name, say_limit
from central.web.forms import Field, show_form
from central.web.forms import Form as FormShape
from central.web.render import Say, actor_of, language_of, render, say_in
from central.web.transactions import ReadSession, WriteSession
from central.web.words import DONE_NOTES

router = APIRouter()

BODY_LENGTH = 200_000
COMPARISONS = {
    "is": N_("%(name)s is %(value)s"),
    "in": N_("%(name)s is one of %(value)s"),
    "at_least": N_("%(name)s is at least %(value)s"),
    "at_most": N_("%(name)s is at most %(value)s"),
}


@router.get("/templates", response_class=HTMLResponse)
@needs(Action.SEE_TEMPLATES)
def show_templates(request: Request, session: ReadSession) -> HTMLResponse:
    """Every kind of business with its version in force and what comes next."""
    actor, language = actor_of(request), language_of(request)
    rows = []
    for versions in list_templates(session, actor, request.app.state.read_clock()):
        current = next((each for each in versions if each.state is VersionState.IN_FORCE), versions[-1])
        rows.append(
            {
                "current": current,
                "name": pick_name(language, current.name, current.name_en),
                "word": VERSION_STATES[current.state],
                "steps": len(current.template.steps),
                "documents": sum(len(step.documents) for step in current.template.steps),
                "next": [
                    (each, VERSION_STATES[each.state])
                    for each in versions
                    if each.version > current.version and each.state is not VersionState.WITHDRAWN
                ],
            }
        )
    return render(request, "templates.html", here="rules", rows=rows, may_edit=allows(actor, Action.EDIT_TEMPLATE))


@router.get("/templates/{template_id}", response_class=HTMLResponse)
@needs(Action.SEE_TEMPLATES)
def show_template(request: Request, session: ReadSession, template_id: str, done: str = "") -> HTMLResponse:
    """One version: its steps, their limits with source and date, their documents."""
    actor, say, language = actor_of(request), say_in(request), language_of(request)
    now = request.app.state.read_clock()
    seen = show_version(session, actor, template_id, now)
    versions = list_versions(session, actor, seen.business, now)
    return render(
        request,
        "template.html",
        here="rules",
        done=DONE_NOTES.get(done),
        seen=seen,
        name=pick_name(language, seen.name, seen.name_en),
        word=VERSION_STATES[seen.state],
        versions=[(each, VERSION_STATES[each.state]) for each in versions],
        steps=show_steps(say, language, seen.template),
        before=next((each for each in versions if each.version < seen.version), None),
        may_edit=allows(actor, Action.EDIT_TEMPLATE) and seen.state is not VersionState.WITHDRAWN,
        may_copy=allows(actor, Action.EDIT_TEMPLATE),
        is_draft=is_draft(seen),
    )


@router.get("/templates/{template_id}/text", response_class=HTMLResponse)
@needs(Action.EDIT_TEMPLATE)
def edit_text(request: Request, session: ReadSession, template_id: str) -> HTMLResponse:
    """This version as the text of its file, for whoever prefers that."""
    seen = show_version(session, actor_of(request), template_id, request.app.state.read_clock())
    text = json.dumps(dump_template(seen.template), ensure_ascii=False, indent=1)
    return _show_text(request, seen, text)


@router.post("/templates/{template_id}/text", response_class=HTMLResponse)
@needs(Action.EDIT_TEMPLATE)
def save_text(
    request: Request,
    session: WriteSession,
    template_id: str,
    body: Annotated[str, Form(max_length=BODY_LENGTH)] = "",
) -> Response:
    """Keep it as a draft, or name every fault at once with the text as it was typed."""
    actor, now = actor_of(request), request.app.state.read_clock()
    seen = show_version(session, actor, template_id, now)
    say = say_in(request)
    try:
        data = json.loads(body)
    except json.JSONDecodeError as error:
        fault = say(N_("Line %(line)s, column %(column)s: this is not JSON."), line=error.lineno, column=error.colno)
        return _show_text(request, seen, body, (fault,))
    except RecursionError:
        return _show_text(request, seen, body, (say(N_("It is nested too deeply.")),))
    try:
        draft_id = draft_version(session, actor, template_id, data, now)
    except Refusal as refusal:
        if refusal.reason is not Reason.BAD_TEMPLATE:
            raise
        return _show_text(request, seen, body, refusal.details)
    return RedirectResponse(f"/templates/{draft_id}?done=template_saved", status_code=303)


@router.get("/templates/{template_id}/ask", response_class=HTMLResponse)
@needs(Action.EDIT_TEMPLATE)
def ask_form(request: Request, session: ReadSession, template_id: str) -> HTMLResponse:
    """The form that puts a draft before a second person."""
    seen = show_version(session, actor_of(request), template_id, request.app.state.read_clock())
    return _show_ask(request, seen, "", "", {})


@router.post("/templates/{template_id}/ask", response_class=HTMLResponse)
@needs(Action.EDIT_TEMPLATE)
def ask(
    request: Request,
    session: WriteSession,
    template_id: str,
    effective_from: Annotated[str, Form(max_length=20)] = "",
    why: Annotated[str, Form(max_length=400)] = "",
) -> Response:
    """Ask; the day must not have passed and the reason must be said."""
    actor, now, say = actor_of(request), request.app.state.read_clock(), say_in(request)
    seen = show_version(session, actor, template_id, now)
    day, errors = read_date(effective_from), {}
    if day is None:
        errors["effective_from"] = say(N_("Enter a day like 2026-12-01."))
    if not why.strip():
        errors["why"] = say(N_("Say why the template changes: the second person has to know."))
    if day is None or errors:
        return _show_ask(request, seen, effective_from, why, errors)
    try:
        ask_to_put_in_force(session, actor, template_id, effective_from=day, why=why.strip(), now=now)
    except Refusal as refusal:
        if refusal.reason is not Reason.BAD_PERIOD:
            raise
        errors["effective_from"] = say(N_("This day has passed. A version can begin today at the earliest."))
        return _show_ask(request, seen, effective_from, why, errors)
    return RedirectResponse(f"/templates/{template_id}?done=template_asked", status_code=303)


@router.post("/templates/{template_id}/put-in-force")
@needs(Action.EDIT_TEMPLATE)
def make_valid(request: Request, session: WriteSession, template_id: str) -> Response:
    """Make an approved draft valid from its day on."""
    put_in_force(session, actor_of(request), template_id, request.app.state.read_clock())
    return RedirectResponse(f"/templates/{template_id}?done=template_valid", status_code=303)


@router.post("/templates/{template_id}/withdraw")
@needs(Action.EDIT_TEMPLATE)
def withdraw(request: Request, session: WriteSession, template_id: str) -> Response:
    """Give a draft up."""
    withdraw_draft(session, actor_of(request), template_id, request.app.state.read_clock())
    return RedirectResponse(f"/templates/{template_id}?done=changed", status_code=303)


def say_condition(say: Say, condition: Condition | None) -> str:
    """Return a checked condition as a sentence; nothing for none."""
    if condition is None:
        return ""
    for word, sentence in (("all", N_("all of: %(parts)s")), ("any", N_("one of: %(parts)s"))):
        if word in condition:
            return say(sentence, parts=" · ".join(say_condition(say, part) for part in condition[word]))
    if "not" in condition:
        return say(N_("not (%(condition)s)"), condition=say_condition(say, condition["not"]))
    name = condition["attribute"]
    name = say(ATTRIBUTES[name]) if name in ATTRIBUTES else name
    if "present" in condition:
        return say(N_("%(name)s is known") if condition["present"] else N_("%(name)s is not known"), name=name)
    word = next(each for each in COMPARISONS if each in condition)
    return say(COMPARISONS[word], name=name, value=_say_value(say, condition[word]))


def read_date(text: str) -> date | None:
    """Return a day typed as 2026-11-24, None when it is none."""
    try:
        day = datetime.strptime(text.strip(), "%Y-%m-%d").date()  # noqa: DTZ007 - a day has no zone
    except ValueError:
        return None
    return day if 2000 <= day.year < 2200 else None


def _say_value(say: Say, value: Any) -> str:
    if isinstance(value, list):
        return " / ".join(_say_value(say, each) for each in value)
    if isinstance(value, bool):
        return say(N_("yes")) if value else say(N_("no"))
    return str(value)


def is_draft(seen: VersionSeen) -> bool:
    """Return whether a version may still be changed."""
    return seen.state in (VersionState.DRAFT, VersionState.ASKED, VersionState.DECIDED, VersionState.TURNED_DOWN)


def show_steps(say: Say, language: str, template: Template) -> list[dict[str, Any]]:
    """Return the steps of a template in words, each with its limits and documents."""
    return [
        {
            "part": step,
            "name": pick_name(language, step.name, step.name_en),
            "when": say_condition(say, step.when),
            "limits": [
                {"part": limit, "text": say_limit(say, limit.to_limit()), "when": say_condition(say, limit.when)}
                for limit in step.limits
            ],
            "documents": [
                {
                    "part": part,
                    "name": pick_name(language, part.name, part.name_en),
                    "need": say(NEEDS[part.need]),
                    "medium": say(MEDIA[part.medium]),
                    "retention": say(RETENTIONS[part.retention]),
                    "when": say_condition(say, part.when),
                }
                for part in step.documents
            ],
        }
        for step in template.steps
    ]


def _show_text(request: Request, seen: VersionSeen, text: str, faults: tuple[str, ...] = ()) -> HTMLResponse:
    return render(
        request,
        "template_text.html",
        status=422 if faults else 200,
        here="rules",
        seen=seen,
        name=pick_name(language_of(request), seen.name, seen.name_en),
        is_draft=is_draft(seen),
        text=text,
        faults=faults,
    )


def _show_ask(request: Request, seen: VersionSeen, day: str, why: str, errors: dict[str, str]) -> HTMLResponse:
    say = say_in(request)
    name = pick_name(language_of(request), seen.name, seen.name_en)
    form = FormShape(
        title=say(N_("Ask for approval of version %(number)s"), number=seen.version),
        lead=name,
        action=f"/templates/{seen.id}/ask",
        submit=say(N_("Put it before a second person")),
        back=f"/templates/{seen.id}",
        crumbs=(("/templates", say(N_("Templates"))), (f"/templates/{seen.id}", name)),
        here="rules",
        notes=(say(N_("Cases that have begun keep their version; the new one is for those that begin later.")),),
    )
    fields = (
        Field("effective_from", say(N_("In force from")), "date", day, say(N_("The first day; today or later."))),
        Field("why", say(N_("Why")), "area", why, say(N_("For example the number and date of the notice."))),
    )
    return show_form(request, form, fields, errors=errors)
