"""Pages of acts that need a second person: what waits for me, and the decision."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from sqlalchemy.orm import Session

from central.domain.approvals import ApprovalState
from central.domain.permissions import Action, needs
from central.domain.refusals import NotFound, Reason, Refusal
from central.domain.wording import N_
from central.services.approvals import (
    ApprovalSeen,
    DecideApproval,
    decide_approval,
    list_own,
    list_waiting,
    withdraw_approval,
)
from central.web.render import actor_of, render, say_in
from central.web.transactions import ReadSession, WriteSession
from central.web.troubles import put_into_words
from central.web.words import APPROVAL_ACTS, APPROVAL_STATES, DONE_NOTES

router = APIRouter(prefix="/approvals")


@router.get("", response_class=HTMLResponse)
@needs(Action.SELF)
def show_approvals(request: Request, session: ReadSession, done: str = "") -> HTMLResponse:
    """What waits for me, then what I asked for or decided."""
    actor, now = actor_of(request), request.app.state.read_clock()
    return render(
        request,
        "approvals.html",
        here="approvals",
        done=DONE_NOTES.get(done),
        waiting=list_waiting(session, actor, now),
        own=list_own(session, actor, now),
        acts=APPROVAL_ACTS,
        states=APPROVAL_STATES,
    )


@router.get("/{approval_id}", response_class=HTMLResponse)
@needs(Action.SELF)
def show_approval(request: Request, session: ReadSession, approval_id: str) -> HTMLResponse:
    """Exactly what would be done, and the decision."""
    return _show(request, session, approval_id)


@router.post("/{approval_id}/decide", response_class=HTMLResponse)
@needs(Action.SELF)
def decide(
    request: Request,
    session: WriteSession,
    approval_id: str,
    decision: Annotated[str, Form(max_length=12)] = "",
    why: Annotated[str, Form(max_length=400)] = "",
) -> Response:
    """Approve or refuse; a refusal says why."""
    say = say_in(request)
    errors = {}
    if decision not in {"approve", "refuse"}:
        errors["decision"] = say(N_("Choose what you decide."))
    if decision == "refuse" and not why.strip():
        errors["why"] = say(N_("Say why you refuse: the other person has to know."))
    if errors:
        return _show(request, session, approval_id, errors=errors, why=why)
    command = DecideApproval(approval_id, decision == "approve", why.strip())
    try:
        decide_approval(session, actor_of(request), command, request.app.state.read_clock())
    except NotFound:
        raise
    except Refusal as refusal:
        if refusal.reason is not Reason.SAME_PERSON:
            raise
        return _show(request, session, approval_id, why=why, refusal=refusal)
    return RedirectResponse("/approvals?done=decided", status_code=303)


@router.post("/{approval_id}/withdraw")
@needs(Action.SELF)
def withdraw(request: Request, session: WriteSession, approval_id: str) -> Response:
    """Take back what one asked for."""
    withdraw_approval(session, actor_of(request), approval_id, request.app.state.read_clock())
    return RedirectResponse("/approvals?done=taken_back", status_code=303)


def _show(
    request: Request,
    session: Session,
    approval_id: str,
    *,
    errors: dict[str, str] | None = None,
    why: str = "",
    refusal: Refusal | None = None,
) -> HTMLResponse:
    actor, now = actor_of(request), request.app.state.read_clock()
    waiting = {each.id: each for each in list_waiting(session, actor, now)}
    known: dict[str, ApprovalSeen] = {each.id: each for each in list_own(session, actor, now)} | waiting
    approval = known.get(approval_id)
    if approval is None:
        raise NotFound
    return render(
        request,
        "approval.html",
        status=409 if refusal is not None else 422 if errors else 200,
        here="approvals",
        approval=approval,
        act=APPROVAL_ACTS[approval.act],
        word=APPROVAL_STATES[approval.state],
        decides=approval_id in waiting,
        own=approval.asked_by == actor.person_id and approval.state is ApprovalState.ASKED,
        errors=errors or {},
        why=why,
        problem=put_into_words(request, refusal) if refusal is not None else None,
    )
