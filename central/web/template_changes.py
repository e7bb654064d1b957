"""What one version of a template changes in another, in words: in which step, at what, from what to what."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse

from central.domain.permissions import Action, needs
from central.domain.refusals import NotFound
from central.domain.templates import Change, DocumentPart, LimitPart, StepPart, Template
from central.domain.wording import N_
from central.services.templates import compare_versions, list_versions, show_version
from central.web.case_words import MEDIA, NEEDS, RETENTIONS, pick_name, say_limit
from central.web.render import Say, actor_of, language_of, render, say_in
from central.web.rule_words import UNIT_NAMES
from central.web.template_pages import say_condition
from central.web.transactions import ReadSession
from central.web.words import Word

router = APIRouter()

KINDS = {
    "added": Word("normal", "in", N_("added")),
    "removed": Word("stop", "out", N_("removed")),
    "changed": Word("warning", "move", N_("changed")),
}
FIELDS = {
    "code": N_("Code"),
    "name": N_("Name in Chinese"),
    "name_en": N_("Name in English"),
    "note": N_("Note"),
    "when": N_("Only when"),
    "need": N_("Needed"),
    "owed_days": N_("Days to hand it in"),
    "medium": N_("Medium"),
    "copies": N_("Copies"),
    "gate": N_("Review gate it must have passed"),
    "retention": N_("Kept"),
    "pack": N_("Pack"),
    "count": N_("How long the step may take"),
    "unit": N_("Counted in"),
    "warn_before": N_("Warns so long before its end"),
    "source": N_("Source"),
    "stated_on": N_("Stated on"),
    "assessed": N_("Assessed"),
    "steps": N_("Order of the steps"),
    "documents": N_("Order of the documents"),
    "limits": N_("Order of the limits"),
}
VALUES: dict[str, Any] = {"need": NEEDS, "medium": MEDIA, "retention": RETENTIONS, "unit": UNIT_NAMES}


@router.get("/templates/{template_id}/changes", response_class=HTMLResponse)
@needs(Action.SEE_TEMPLATES)
def show_changes(
    request: Request, session: ReadSession, template_id: str, since: Annotated[str, Query(max_length=36)] = ""
) -> HTMLResponse:
    """What this version changes in an earlier one; without a choice the one before it."""
    actor, language, say = actor_of(request), language_of(request), say_in(request)
    now = request.app.state.read_clock()
    seen = show_version(session, actor, template_id, now)
    versions = [each for each in list_versions(session, actor, seen.business, now) if each.id != seen.id]
    older = next((each for each in versions if each.version < seen.version), None)
    chosen = next((each for each in versions if each.id == since), older)
    if chosen is None:
        raise NotFound
    changes = compare_versions(session, actor, chosen.id, seen.id).changes
    return render(
        request,
        "template_changes.html",
        here="rules",
        seen=seen,
        name=pick_name(language, seen.name, seen.name_en),
        chosen=chosen,
        versions=versions,
        changes=[word_change(say, language, (chosen.template, seen.template), each) for each in changes],
    )


def word_change(say: Say, language: str, templates: tuple[Template, Template], change: Change) -> dict[str, Any]:
    """Return a difference in words, the places by their names in the newer of two templates that has them."""
    kind = "changed" if change.field else "added" if change.old is None else "removed"
    return {
        "place": _name_place(say, language, templates, change),
        "where": change.where,
        "field": say(FIELDS.get(change.field, change.field)) if change.field else "",
        "word": KINDS[kind],
        "before": _say_value(say, language, change.field, change.old),
        "after": _say_value(say, language, change.field, change.new),
    }


def _name_place(say: Say, language: str, templates: tuple[Template, Template], change: Change) -> str:
    names = []
    steps = [step for step in (each.find_step(change.step) for each in reversed(templates)) if step is not None]
    if steps:
        names.append(pick_name(language, steps[0].name, steps[0].name_en))
    documents = [part for step in steps for part in step.documents if part.code == change.part]
    if documents:
        names.append(pick_name(language, documents[0].name, documents[0].name_en))
    elif change.part:
        names.append(say(N_("Time limit")))
    return " › ".join(names) or say(N_("the business as a whole"))


def _say_value(say: Say, language: str, field: str, value: Any) -> str:
    if isinstance(value, StepPart | DocumentPart):
        return f"{pick_name(language, value.name, value.name_en)} {value.code}"
    if isinstance(value, LimitPart):
        words = [
            say_limit(say, value.to_limit()),
            say(N_("pack %(pack)s"), pack=value.pack),
            say_condition(say, value.when),
        ]
        return " · ".join(filter(None, words))
    if isinstance(value, bool):
        return say(N_("yes")) if value else say(N_("no"))
    if field == "when":
        return say_condition(say, value)
    if field in VALUES and value is not None:
        return say(VALUES[field][value])
    if isinstance(value, list):
        value = " > ".join(map(str, value))
    return "" if value is None else str(value)
