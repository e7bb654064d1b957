"""By which ways a person hears of what."""

from __future__ import annotations

import re
from collections.abc import Mapping

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData

from central.domain.messages import CHOICES as KINDS
from central.domain.messages import Channel
from central.domain.permissions import Action, needs
from central.domain.wording import N_
from central.services.channels import ChannelChoice, choose_channel, list_choices
from central.web.forms import Field
from central.web.render import Say, actor_of, render, say_in
from central.web.time_words import CHANNELS, CHOICES, TIME_NOTES
from central.web.transactions import ReadSession

router = APIRouter()

MAIL_ADDRESS = re.compile(r"[^@\s<>,;:\"]{1,64}@[A-Za-z0-9.-]{1,120}")
#: A robot is told whom to mention by a number or name of its own system.
ROBOT_ADDRESS = re.compile(r"[\w.@+-]{0,64}")


@router.get("/me/messages", response_class=HTMLResponse)
@needs(Action.SELF)
def show_channels(request: Request, session: ReadSession, done: str = "") -> HTMLResponse:
    """The form of my ways."""
    return _show(request, list_choices(session, actor_of(request)), {}, done)


@router.post("/me/messages", response_class=HTMLResponse)
@needs(Action.SELF)
async def set_channels(request: Request) -> Response:
    """Keep what I chose for every way that this centre has."""
    state, actor, now = request.app.state, actor_of(request), request.app.state.read_clock()
    typed = await request.form(max_files=0, max_fields=80)
    choices = {channel: _read_choice(channel, typed) for channel in state.settings.messages.list_open_channels()}
    errors = _find_errors(say_in(request), choices)
    if errors:
        return _show(request, choices, errors)

    def keep(session: Session) -> None:
        for choice in choices.values():
            choose_channel(session, actor, choice, now)

    async with state.tx.write_async() as session:
        await run_in_threadpool(keep, session)
    return RedirectResponse("/me/messages?done=channels", status_code=303)


def _read_choice(channel: Channel, typed: FormData) -> ChannelChoice:
    known = {kind.value for kind in KINDS}
    options = typed.getlist(f"{channel.value}_options")
    return ChannelChoice(
        channel,
        str(typed.get(f"{channel.value}_address", "")).strip()[:200],
        tuple(str(kind) for kind in typed.getlist(f"{channel.value}_kinds") if kind in known),
        digest="digest" in options,
        active="active" in options,
    )


def _find_errors(say: Say, choices: Mapping[Channel, ChannelChoice]) -> dict[str, str]:
    errors: dict[str, str] = {}
    for channel, choice in choices.items():
        name = f"{channel.value}_address"
        if channel is Channel.MAIL and choice.active and not MAIL_ADDRESS.fullmatch(choice.address):
            errors[name] = say(N_("Enter a mail address like name@example.cn."))
        elif channel not in {Channel.MAIL, Channel.WEBHOOK} and not ROBOT_ADDRESS.fullmatch(choice.address):
            errors[name] = say(N_("Enter figures and letters only, or leave it empty."))
    return errors


def _show(
    request: Request, choices: Mapping[Channel, ChannelChoice], errors: dict[str, str], done: str = ""
) -> HTMLResponse:
    say = say_in(request)
    return render(
        request,
        "channels.html",
        status=422 if errors else 200,
        here="me",
        done=TIME_NOTES.get(done),
        errors=errors,
        channels=[
            {"channel": channel.value, "name": say(CHANNELS[channel]), "fields": _list_fields(say, choices[channel])}
            for channel in request.app.state.settings.messages.list_open_channels()
        ],
    )


def _list_fields(say: Say, choice: ChannelChoice) -> list[Field]:
    name = choice.channel.value
    fields = []
    if choice.channel is Channel.MAIL:
        fields.append(Field(f"{name}_address", say(N_("Mail address")), value=choice.address, autocomplete="email"))
    elif choice.channel is not Channel.WEBHOOK:
        hint = say(N_("Your number or name there, if the robot is to mention you."))
        fields.append(Field(f"{name}_address", say(N_("Address")), value=choice.address, hint=hint, required=False))
    kinds = tuple((kind.value, say(CHOICES[kind])) for kind in KINDS)
    fields.append(
        Field(f"{name}_kinds", say(N_("What I want to hear")), kind="checks", value=choice.kinds, options=kinds)
    )
    chosen = (("active",) if choice.active else ()) + (("digest",) if choice.digest else ())
    options = (("active", say(N_("use this way"))), ("digest", say(N_("once a day, all in one"))))
    fields.append(Field(f"{name}_options", say(N_("How I hear it")), kind="checks", value=chosen, options=options))
    return fields
