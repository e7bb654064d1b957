"""The page of one case: steps with gate and clock, what is missing, documents, news, customers."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from central.domain.permissions import Action, needs
from central.domain.step_gates import GateAnswer
from central.domain.wording import N_
from central.services.case_details import NewsSeen, StepSeen, show_case
from central.web.case_words import (
    ATTRIBUTES,
    BANDS,
    DOCUMENT_STATES,
    GATE_REASONS,
    GATES,
    LACKS,
    MEDIA,
    NEEDS,
    NEWS_KINDS,
    ODD,
    STANDINGS,
    pick_name,
    say_left,
    say_left_of_clock,
    say_limit,
)
from central.web.clock_words import explain
from central.web.render import Say, actor_of, language_of, render, say_in
from central.web.transactions import ReadSession
from central.web.words import Word

router = APIRouter()

#: Facts of news that people read; the rest of an event is for machines.
SHOWN_FACTS = ("step", "reason", "handler", "team", "business", "title")


@router.get("/cases/{case_id}", response_class=HTMLResponse)
@needs(Action.SEE_CASES)
def show_case_page(request: Request, session: ReadSession, case_id: str) -> HTMLResponse:
    """One case as it stands at this moment."""
    say, language, now = say_in(request), language_of(request), request.app.state.read_clock()
    case = show_case(session, actor_of(request), case_id, now)
    steps = [show_step(say, step, now, language) for step in case.steps]
    names = {step.code: pick_name(language, step.name, step.name_en) for step in case.steps}
    return render(
        request,
        "case.html",
        here="cases",
        case=case,
        business=pick_name(language, case.business_name, case.business_name_en),
        word=STANDINGS[case.standing],
        steps=steps,
        blocking=[step for step in steps if step["told"] and step["gate"] is not None and step["missing"]],
        documents=[
            {
                "seen": each,
                "name": pick_name(language, each.name, each.name_en),
                "step": names.get(each.step, each.step),
                "word": DOCUMENT_STATES[each.state],
                "need": say(NEEDS[each.need]),
                "medium": say(MEDIA[each.medium]),
            }
            for each in case.documents
        ],
        news=[show_news(say, each, names) for each in case.news],
        odd_count=sum(1 for each in case.news if each.odd),
        attributes=[
            (say(ATTRIBUTES.get(key, key)), say_value(say, value)) for key, value in sorted(case.attributes.items())
        ],
    )


def show_step(say: Say, step: StepSeen, now: datetime, language: str) -> dict[str, Any]:
    """Return one step with its gate's answer and its clock in words."""
    ended = step.state is not None and step.state.completed_at is not None
    return {
        "seen": step,
        "told": step.state is not None,
        "ended": ended,
        "name": pick_name(language, step.name, step.name_en),
        "gate": GATES[step.gate.state] if step.gate is not None else None,
        "missing": say_missing(say, step.gate, language) if step.gate is not None else [],
        "limit": say_limit(say, step.limit.to_limit()) if step.limit is not None else "",
        "band": BANDS[step.band] if step.due is not None else None,
        "left": _say_due(say, step, ended=ended, now=now, language=language),
        "why": explain(say, step.due) if step.due is not None else [],
    }


def say_missing(say: Say, gate: GateAnswer, language: str) -> list[str]:
    """Return a sentence for everything that keeps a gate shut or is owed."""
    found = [say(GATE_REASONS[reason]) for reason in gate.reasons]
    for each in gate.missing:
        lack = say(LACKS[each.lack], gate=each.gate, until=each.until)
        found.append(say(N_("%(name)s: %(lack)s"), name=pick_name(language, each.name, each.name_en), lack=lack))
    return found


def show_news(say: Say, each: NewsSeen, names: dict[str, str]) -> dict[str, Any]:
    """Return one piece of news in words."""
    facts = [
        names.get(str(each.facts[key]), str(each.facts[key])) if key == "step" else str(each.facts[key])
        for key in SHOWN_FACTS
        if each.facts.get(key)
    ]
    note: Word | None = None
    if each.odd:
        note = Word("warning", "attention", ODD.get(each.odd, each.odd))
    elif each.corrected:
        note = Word("offline", "undo", N_("corrected by later news"))
    return {"seen": each, "kind": say(NEWS_KINDS.get(each.kind, each.kind)), "facts": " · ".join(facts), "note": note}


def say_value(say: Say, value: object) -> str:
    """Return the value of an attribute as people read it."""
    if isinstance(value, bool):
        return say(N_("yes")) if value else say(N_("no"))
    return str(value)


def _say_due(say: Say, step: StepSeen, *, ended: bool, now: datetime, language: str) -> str:
    due = step.due
    if due is None or step.limit is None or ended:
        return ""
    if due.at is None:
        return say_left_of_clock(say, due.left, step.limit.unit)
    return say_left(say, due.at, now, language)
