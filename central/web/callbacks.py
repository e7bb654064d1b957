"""The page of callbacks to the marketing system: what waits, what went out, what was given up."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from central.domain.permissions import Action, allows, needs
from central.services.callbacks import list_callbacks, revive_callback
from central.store.callbacks import CallbackRow
from central.store.claims import count_rows
from central.web.case_words import GATES
from central.web.render import actor_of, render
from central.web.time_words import CALLBACK_STATES, TIME_NOTES
from central.web.transactions import ReadSession, WriteSession

router = APIRouter(prefix="/callbacks")

ROWS = 100


@router.get("", response_class=HTMLResponse)
@needs(Action.SEE_MESSAGES)
def show_callbacks(request: Request, session: ReadSession, state: str = "", done: str = "") -> HTMLResponse:
    """Callbacks by state, the newest first."""
    counts = count_rows(session, CallbackRow)
    chosen = state if state in CALLBACK_STATES else None
    return render(
        request,
        "callbacks.html",
        here="deliveries",
        done=TIME_NOTES.get(done),
        state=chosen or "",
        states=[{"state": each, "count": counts.get(each, 0), "word": word} for each, word in CALLBACK_STATES.items()],
        words=CALLBACK_STATES,
        gates=GATES,
        rows=list_callbacks(session, chosen, ROWS),
        rows_most=ROWS,
        callbacks_here=True,
        may_send=allows(actor_of(request), Action.EDIT_MESSAGES),
        address_set=bool(request.app.state.settings.marketing.callback_url),
    )


@router.post("/{callback_id}/again")
@needs(Action.EDIT_MESSAGES)
def send_callback_again(request: Request, session: WriteSession, callback_id: str) -> Response:
    """Queue a callback again that was given up."""
    revive_callback(session, actor_of(request), callback_id, request.app.state.read_clock())
    return RedirectResponse("/callbacks?state=dead&done=callback_again", status_code=303)
