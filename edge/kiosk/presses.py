"""Presses: each act of the desk as a JSON endpoint under /api and as a plain form, from the same row of a table.

A press is taken, never carried out, here: what became of it stands in the view.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

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


def press_routes(desk: Desk) -> APIRouter:
    """Routes of all presses: POST /api/<act> with JSON, POST /<act> with a form."""
    routes = APIRouter()
    acts: dict[str, tuple[type[Body], Callable[[Any], Verdict]]] = {
        "confirm": (Confirm, lambda press: desk.confirm(press.point_id, press.prompt_id)),
        "dismiss": (Dismiss, lambda press: desk.dismiss(press.prompt_id)),
        "stop": (Stop, lambda press: desk.stop(press.bank)),
        "code": (Code, lambda press: desk.type_code(press.text)),
        "badge": (Badge, lambda press: desk.sign_on(press.text, press.pin or "")),
        "pin": (PinEntry, lambda press: desk.enter_pin(press.pin)),
        "withdraw": (Withdraw, lambda press: desk.withdraw(press.queue_id)),
        "move": (Move, lambda press: desk.move_request(press.queue_id, press.place)),
        "operate": (Operate, lambda press: desk.operate(press.bank, press.operation, press.aisle)),
        "undo": (Undo, lambda press: desk.undo(press.act_id)),
        "sign-off": (SignOff, lambda press: desk.sign_off(press.source_id)),
        "resume-printing": (Resume, lambda _press: desk.resume_printing()),
        "reprint": (Reprint, lambda press: desk.reprint(press.job_id)),
    }
    for name, (body, act) in acts.items():
        routes.add_api_route(f"/api/{name}", json_endpoint(body, act), methods=["POST"])
        routes.add_api_route(f"/{name}", form_endpoint(body, act), methods=["POST"])
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
