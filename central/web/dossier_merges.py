"""Pages of merging: asking for it, doing what was approved, taking it back."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from sqlalchemy.orm import Session

from central.domain.permissions import Action, needs
from central.domain.refusals import NotFound, Reason, Refusal
from central.domain.wording import N_
from central.services.dossier_merges import (
    AskMerge,
    MergeSeen,
    ask_merge,
    list_asked,
    list_merges,
    merge_dossiers,
    undo_merge,
)
from central.services.dossiers import show_dossier
from central.web import forms
from central.web.dossier_words import MERGE_OBSTACLES
from central.web.dossiers import list_tabs
from central.web.render import actor_of, render, say_in
from central.web.transactions import ReadSession, WriteSession
from central.web.words import APPROVAL_STATES, DONE_NOTES

router = APIRouter()

Why = Annotated[str, Form(max_length=400)]
Number = Annotated[str, Form(max_length=40)]


@router.get("/dossier-merges", response_class=HTMLResponse)
@needs(Action.MERGE_DOSSIERS)
def show_merges(request: Request, session: ReadSession, done: str = "") -> HTMLResponse:
    """What waits for approval or to be done, and what was done."""
    actor, say = actor_of(request), say_in(request)
    return render(
        request,
        "dossier_merges.html",
        here="dossiers",
        tabs=list_tabs(say, actor, "/dossier-merges"),
        done=DONE_NOTES.get(done),
        asked=list_asked(session, actor, request.app.state.read_clock()),
        states=APPROVAL_STATES,
        merges=list_merges(session, actor),
    )


@router.get("/dossiers/{dossier_id}/merge", response_class=HTMLResponse)
@needs(Action.MERGE_DOSSIERS)
def show_merge_form(request: Request, session: ReadSession, dossier_id: str) -> HTMLResponse:
    """The form that asks for a merging."""
    return _show_ask(request, session, dossier_id)


@router.post("/dossiers/{dossier_id}/merge", response_class=HTMLResponse)
@needs(Action.MERGE_DOSSIERS)
def ask(request: Request, session: WriteSession, dossier_id: str, into_no: Number = "", why: Why = "") -> Response:
    """Put the merging before a second person."""
    say, typed = say_in(request), {"into_no": into_no.strip(), "why": why.strip()}
    errors = {}
    if not typed["into_no"]:
        errors["into_no"] = say(N_("Enter the customer number whose dossier is kept."))
    if not typed["why"]:
        errors["why"] = say(N_("Say how you know that both are one customer's."))
    if errors:
        return _show_ask(request, session, dossier_id, typed, errors)
    command = AskMerge(dossier_id, typed["into_no"], typed["why"])
    try:
        ask_merge(session, actor_of(request), command, request.app.state.read_clock())
    except NotFound:
        show_dossier(session, actor_of(request), dossier_id)
        text = say(N_("There is no dossier with this customer number among those that you look after."))
        return _show_ask(request, session, dossier_id, typed, {"into_no": text})
    except Refusal as refusal:
        if refusal.reason is not Reason.NOT_MERGEABLE:
            raise
        return _show_ask(request, session, dossier_id, typed, {"into_no": say(MERGE_OBSTACLES[refusal.details[0]])})
    return RedirectResponse("/dossier-merges?done=merge_asked", status_code=303)


@router.post("/dossier-merges/do")
@needs(Action.MERGE_DOSSIERS)
def do_merge(
    request: Request, session: WriteSession, approval_id: Annotated[str, Form(max_length=36)] = ""
) -> Response:
    """Do a merging that was approved."""
    merge_dossiers(session, actor_of(request), approval_id, request.app.state.read_clock())
    return RedirectResponse("/dossier-merges?done=merged", status_code=303)


@router.get("/dossier-merges/{merge_id}/undo", response_class=HTMLResponse)
@needs(Action.MERGE_DOSSIERS)
def show_undo_form(request: Request, session: ReadSession, merge_id: str) -> HTMLResponse:
    """The form that takes a merging back."""
    return _show_undo(request, _find(session, request, merge_id))


@router.post("/dossier-merges/{merge_id}/undo", response_class=HTMLResponse)
@needs(Action.MERGE_DOSSIERS)
def undo(request: Request, session: WriteSession, merge_id: str, why: Why = "") -> Response:
    """Take a merging back, with a reason."""
    say = say_in(request)
    if not why.strip():
        errors = {"why": say(N_("Say why the two dossiers are different customers' after all."))}
        return _show_undo(request, _find(session, request, merge_id), errors)
    try:
        undo_merge(session, actor_of(request), merge_id, why.strip(), request.app.state.read_clock())
    except Refusal as refusal:
        if refusal.reason is not Reason.NOT_MERGEABLE:
            raise
        errors = {"why": say(MERGE_OBSTACLES[refusal.details[0]])}
        return _show_undo(request, _find(session, request, merge_id), errors)
    return RedirectResponse("/dossier-merges?done=merge_undone", status_code=303)


def _find(session: Session, request: Request, merge_id: str) -> MergeSeen:
    found = {each.id: each for each in list_merges(session, actor_of(request))}.get(merge_id)
    if found is None:
        raise NotFound
    return found


def _show_ask(
    request: Request,
    session: Session,
    dossier_id: str,
    typed: dict[str, str] | None = None,
    errors: dict[str, str] | None = None,
) -> HTMLResponse:
    say, values = say_in(request), typed or {"into_no": "", "why": ""}
    found = show_dossier(session, actor_of(request), dossier_id).found
    form = forms.Form(
        title=say(N_("Merge this dossier into another")),
        lead=say(N_("For two dossiers of one and the same customer. A second person has to approve it.")),
        action=f"/dossiers/{dossier_id}/merge",
        submit=say(N_("Ask for approval")),
        back=f"/dossiers/{dossier_id}",
        crumbs=(("/dossiers", say(N_("Dossiers"))), (f"/dossiers/{dossier_id}", found.customer_no)),
        here="dossiers",
        notes=(
            say(
                N_("All papers of %(number)s %(name)s go into the other dossier."),
                number=found.customer_no,
                name=found.name,
            ),
            say(N_("Nothing is deleted. The merging can be taken back whole.")),
        ),
    )
    fields = (
        forms.Field("into_no", say(N_("Customer number of the dossier that is kept")), value=values["into_no"]),
        forms.Field("why", say(N_("How you know that both are one customer's")), "area", values["why"]),
    )
    return forms.show_form(request, form, fields, errors=errors)


def _show_undo(request: Request, merge: MergeSeen, errors: dict[str, str] | None = None) -> HTMLResponse:
    say = say_in(request)
    form = forms.Form(
        title=say(N_("Take a merging back")),
        lead=say(N_("%(number)s gets its dossier back, with all its papers."), number=merge.from_no),
        action=f"/dossier-merges/{merge.id}/undo",
        submit=say(N_("Take back")),
        back="/dossier-merges",
        crumbs=(("/dossier-merges", say(N_("Mergings"))),),
        here="dossiers",
        danger=True,
        notes=(say(N_("Papers that came into %(number)s since go where their case belongs."), number=merge.into_no),),
    )
    return forms.show_form(request, form, (forms.Field("why", say(N_("Why")), "area"),), errors=errors)
