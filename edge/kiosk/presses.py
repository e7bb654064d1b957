"""Presses: each act of the desk as a JSON endpoint under /api and as a plain form, from the same row of a table.

A press is taken, never carried out, here: what became of it stands in the view.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Form
from fastapi.responses import JSONResponse, RedirectResponse
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from edge.core.snapshot import Operation
from edge.kiosk.desk import Desk, Verdict

Identifier = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[\x21-\x7e]+$")]
TypedText = Annotated[
    str, StringConstraints(min_length=1, max_length=64, strip_whitespace=True, to_upper=True, pattern=r"^[\x21-\x7e]+$")
]
Pin = Annotated[str, StringConstraints(pattern=r"^[0-9]{4,12}$")]
# the most a press may lead to; only `starts` may move steel, and only as the answer to a prompt
Effect = Literal["starts", "stops", "prompt", "orders", "withdraws", "session", "prints"]
STATUS = {"taken": 202, "refused": 409, "overloaded": 503}


class Body(BaseModel):
    """A press with exactly these fields."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Confirm(Body):
    point_id: Identifier
    prompt_id: Identifier


class Dismiss(Body):
    prompt_id: Identifier


class Stop(Body):
    bank: Identifier | None = None


class Code(Body):
    text: TypedText


class Badge(Body):
    text: TypedText
    pin: Pin | None = None


class PinEntry(Body):
    pin: Pin


class Withdraw(Body):
    queue_id: Identifier


class Move(Body):
    queue_id: Identifier
    place: int = Field(ge=0, le=1000)


class Operate(Body):
    bank: Identifier
    operation: Operation
    aisle: int | None = Field(default=None, ge=1, le=64)


class Undo(Body):
    act_id: Identifier


class SignOff(Body):
    source_id: Identifier


class Resume(Body):
    """Nothing to be said beside the press."""


class Reprint(Body):
    job_id: Identifier


@dataclass(frozen=True, slots=True)
class PressDef:
    """One act of the desk: its fields, the most it may lead to, and what it is for."""

    name: str
    body: type[Body]
    act: Callable[[Desk, Any], Verdict]
    effect: Effect
    words: str


PRESSES = (
    PressDef("confirm", Confirm, lambda desk, press: desk.confirm(press.point_id, press.prompt_id), "starts",
             "Confirm the prompt on show after looking, at this very point."),
    PressDef("dismiss", Dismiss, lambda desk, press: desk.dismiss(press.prompt_id), "withdraws",
             "Turn a prompt down."),
    PressDef("stop", Stop, lambda desk, press: desk.stop(press.bank), "stops",
             "Stop a bank, or all of them; needs nobody signed on."),
    PressDef("operate", Operate, lambda desk, press: desk.operate(press.bank, press.operation, press.aisle), "prompt",
             "Ask a bank for an operation; one that moves steel becomes a prompt."),
    PressDef("code", Code, lambda desk, press: desk.type_code(press.text), "prompt",
             "A typed code, for a damaged label or a forgotten badge; it never confirms."),
    PressDef("move", Move, lambda desk, press: desk.move_request(press.queue_id, press.place), "orders",
             "Put a waiting request to another place of its bank's queue."),
    PressDef("withdraw", Withdraw, lambda desk, press: desk.withdraw(press.queue_id), "withdraws",
             "Withdraw a waiting request."),
    PressDef("undo", Undo, lambda desk, press: desk.undo(press.act_id), "prompt",
             "Reverse a record; for a motion only a prompt for the former aisle."),
    PressDef("badge", Badge, lambda desk, press: desk.sign_on(press.text, press.pin or ""), "session",
             "A typed badge, with its PIN if it is known already."),
    PressDef("pin", PinEntry, lambda desk, press: desk.enter_pin(press.pin), "session",
             "The PIN of the person who just showed a badge here."),
    PressDef("sign-off", SignOff, lambda desk, press: desk.sign_off(press.source_id), "session",
             "End a session."),
    PressDef("resume-printing", Resume, lambda desk, _press: desk.resume_printing(), "prints",
             "Go on printing: somebody has loaded labels."),
    PressDef("reprint", Reprint, lambda desk, press: desk.reprint(press.job_id), "prints",
             "Print a label of unknown outcome again."),
)  # fmt: skip


def press_routes(desk: Desk) -> APIRouter:
    """Routes of all presses: POST /api/<act> with JSON, POST /<act> with a form."""
    routes = APIRouter()
    for press in PRESSES:
        act = partial(press.act, desk)
        routes.add_api_route(f"/api/{press.name}", json_endpoint(press.body, act), methods=["POST"])
        routes.add_api_route(f"/{press.name}", form_endpoint(press.body, act), methods=["POST"])
    return routes


def json_endpoint(body: type[Body], act: Callable[[Any], Verdict]) -> Callable[..., JSONResponse]:
    """Build the endpoint the page's script and the tools use."""

    def take_press(press: Body) -> JSONResponse:
        verdict = act(press)
        return JSONResponse({"verdict": verdict}, status_code=STATUS[verdict])

    take_press.__annotations__["press"] = body
    return take_press


def form_endpoint(body: type[Body], act: Callable[[Any], Verdict]) -> Callable[..., RedirectResponse]:
    """Build the endpoint a plain form posts to; the page that follows shows what became of it."""

    def take_form(press: Body) -> RedirectResponse:
        act(press)
        return RedirectResponse("/", status_code=303)

    # the fields of the record are the fields of the form
    take_form.__annotations__["press"] = (
        Annotated[body, Form()] if body.model_fields else Annotated[body, Depends(body)]
    )
    return take_form
