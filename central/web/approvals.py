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
    SearchOwn,
    decide_approval,
    export_own,
    find_own,
    list_own,
    list_waiting,
    withdraw_approval,
)
from central.services.exports import Listed, note_export
from central.web.lists import PAGE_ROWS, After, Sort, make_foot, make_heads
from central.web.render import actor_of, address, render, say_in
from central.web.table_files import Cell, FileKind, Table, answer_table
from central.web.transactions import ReadSession, WriteSession
from central.web.troubles import put_into_words
from central.web.words import APPROVAL_ACTS, APPROVAL_STATES, DONE_NOTES

router = APIRouter(prefix="/approvals")
#: The list as a file stands beside the list, not below it.
files = APIRouter()

DEFAULT_SORT = "asked"
#: (sort key or none, text)
HEADS = (
    (None, N_("Act")),
    ("subject", N_("About")),
    (None, N_("State")),
    (None, N_("Asked by")),
    (None, N_("Decided by")),
    ("asked", N_("Asked")),
)
FILE_HEADS = (
    N_("Act"),
    N_("About"),
    N_("State"),
    N_("Asked by"),
    N_("Asked"),
    N_("Why"),
    N_("Decided by"),
    N_("Decided"),
    N_("Reason of the decision"),
)


@router.get("", response_class=HTMLResponse)
@needs(Action.SELF)
def show_approvals(
    request: Request,
    session: ReadSession,
    *,
    state: ApprovalState | None = None,
    sort: Sort = DEFAULT_SORT,
    after: After = "",
    done: str = "",
) -> HTMLResponse:
    """What waits for me, then what I asked for or decided."""
    actor, say, now = actor_of(request), say_in(request), request.app.state.read_clock()
    page = list_own(session, actor, SearchOwn(state, sort, after or None, PAGE_ROWS), now)
    query = {"state": state.value if state is not None else "", "sort": sort if sort != DEFAULT_SORT else ""}
    chips = [("", say(N_("All states"))), *((each, say(word.text)) for each, word in APPROVAL_STATES.items())]
    return render(
        request,
        "approvals.html",
        here="approvals",
        done=DONE_NOTES.get(done),
        waiting=list_waiting(session, actor, now),
        own=page.items,
        filtered=state is not None,
        chips=[
            {"text": text, "href": address("/approvals", query | {"state": each}), "chosen": each == query["state"]}
            for each, text in chips
        ],
        heads=make_heads(say, "/approvals", query, HEADS, sort=sort, default=DEFAULT_SORT, falling="asked"),
        foot=make_foot("/approvals", query, after, page.next_after),
        acts=APPROVAL_ACTS,
        states=APPROVAL_STATES,
    )


@files.get("/approvals.{kind}")
@needs(Action.SELF)
async def export_list(
    request: Request, kind: FileKind, *, state: ApprovalState | None = None, sort: Sort = DEFAULT_SORT
) -> Response:
    """What I asked for or decided, as CSV or for Excel."""
    actor, say, now = actor_of(request), say_in(request), request.app.state.read_clock()

    def list_cells(each: ApprovalSeen) -> list[Cell]:
        words: list[Cell] = [say(APPROVAL_ACTS[each.act]), each.subject_name, say(APPROVAL_STATES[each.state].text)]
        decision: list[Cell] = [each.decided_by_name, each.decided_at, each.decision_why]
        return [*words, each.asked_by_name, each.asked_at, each.why, *decision]

    table = Table(
        "approvals",
        FILE_HEADS,
        lambda session: note_export(session, actor, Listed.APPROVALS, {"state": state}, now),
        lambda session: map(list_cells, export_own(session, actor, SearchOwn(state, sort), now)),
    )
    return await answer_table(request, kind, table)


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
    approval = waiting.get(approval_id) or find_own(session, actor, approval_id, now)
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
