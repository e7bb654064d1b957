"""Pages of people: who may log in, and founding a new person."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, Any

from anyio.to_thread import run_sync
from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from central.domain.people import Grant, Role
from central.domain.permissions import Action, allows, needs
from central.domain.refusals import Reason, Refusal
from central.domain.wording import N_
from central.services.people import CreatePerson, PersonSeen, check_password, create_person, list_people
from central.services.rooms import list_rooms
from central.web.attention import list_matters
from central.web.render import Say, actor_of, address, render, say_in
from central.web.transactions import ReadSession
from central.web.troubles import put_into_words
from central.web.words import PERSON_STATES, ROLES, Word

router = APIRouter()

ADDED = Word("normal", "done", N_("The person is added and can log in."))
LOGIN = re.compile(r"[a-z0-9][a-z0-9.-]{2,39}")
#: Roles that can be held for single rooms; the others hold for the whole centre.
ROOM_ROLES = frozenset({Role.ARCHIVIST})


@dataclass(frozen=True, slots=True)
class PersonForm:
    """What was typed; kept when something is wrong, but for the password."""

    name: str = ""
    login: str = ""
    roles: tuple[Role, ...] = ()
    room_ids: tuple[str, ...] = ()


@router.get("/people", response_class=HTMLResponse)
@needs(Action.SEE_PEOPLE)
def show_people(request: Request, session: ReadSession, after: str = "", done: str = "") -> HTMLResponse:
    """Everybody, by name."""
    actor, say = actor_of(request), say_in(request)
    page = list_people(session, actor, after or None)
    rooms = {room.id: room.name for room in list_rooms(session, actor)}
    return render(
        request,
        "people.html",
        here="people",
        attention=len(list_matters(session, actor, say)),
        done=ADDED if done == "added" else None,
        may_create=allows(actor, Action.CREATE_PERSON),
        people=[show_person(say, person, rooms) for person in page.items],
        next_href=address("/people", {"after": page.next_after}) if page.next_after else None,
    )


@router.get("/people/new", response_class=HTMLResponse)
@needs(Action.CREATE_PERSON)
def show_new_person(request: Request, session: ReadSession) -> HTMLResponse:
    """The empty form."""
    rooms = [(room.id, room.name) for room in list_rooms(session, actor_of(request))]
    return _show_form(request, rooms, PersonForm(), {})


@router.post("/people", response_class=HTMLResponse)
@needs(Action.CREATE_PERSON)
async def add_person(
    request: Request,
    *,
    name: Annotated[str, Form(max_length=80)] = "",
    login: Annotated[str, Form(max_length=60)] = "",
    password: Annotated[str, Form(max_length=128)] = "",
    roles: Annotated[list[Role] | None, Form()] = None,
    room_ids: Annotated[list[str] | None, Form()] = None,
) -> Response:
    """Found a person, or show the form again with what was typed and what is wrong."""
    actor, say, tx = actor_of(request), say_in(request), request.app.state.tx
    form = PersonForm(name.strip(), login.strip(), tuple(roles or ()), tuple(room_ids or ()))
    errors = find_errors(request, say, form, password)
    if not errors:
        # Hashing takes longer than a write may.
        hashed = await run_sync(request.app.state.hasher.hash_secret, password)
        command = CreatePerson(form.login, form.name, hashed, to_grants(form))
        try:
            async with tx.write_async() as session:
                await run_sync(create_person, session, actor, command, request.app.state.read_clock())
        except Refusal as refusal:
            if refusal.reason is not Reason.LOGIN_TAKEN:
                raise
            errors["login"] = put_into_words(request, refusal)["happened"]
        else:
            return RedirectResponse("/people?done=added", status_code=303)
    async with tx.read_async() as session:
        rooms = [(room.id, room.name) for room in await run_sync(list_rooms, session, actor)]
    return _show_form(request, rooms, form, errors)


def find_errors(request: Request, say: Say, form: PersonForm, password: str) -> dict[str, str]:
    """Return what is wrong with the form, by field."""
    errors: dict[str, str] = {}
    if not form.name:
        errors["name"] = say(N_("Enter the name."))
    if not LOGIN.fullmatch(form.login):
        errors["login"] = say(N_("Enter a log-in name of small letters, figures, dot or hyphen, 3 to 40 characters."))
    try:
        check_password(form.login, password)
    except Refusal as refusal:
        errors["password"] = put_into_words(request, refusal)["happened"]
    if not form.roles:
        errors["roles"] = say(N_("Choose at least one role."))
    if ROOM_ROLES & set(form.roles) and not form.room_ids:
        errors["room_ids"] = say(N_("Choose the archive rooms of the archivist."))
    return errors


def to_grants(form: PersonForm) -> frozenset[Grant]:
    """Return the grants of a form: room roles for each chosen room, the others for the centre."""
    return frozenset(
        Grant(role, room_id) for role in form.roles for room_id in (form.room_ids if role in ROOM_ROLES else (None,))
    )


def show_person(say: Say, person: PersonSeen, rooms: dict[str, str]) -> dict[str, Any]:
    """Return a person as the list shows them."""
    room_ids = sorted({grant.room_id for grant in person.grants if grant.room_id})
    everywhere = any(grant.room_id is None for grant in person.grants)
    roles = [say(ROLES[role]) for role in sorted({grant.role for grant in person.grants})]
    return {
        "name": person.name,
        "login": person.login,
        "roles": roles or [say(N_("staff badge only"))],
        "rooms": [say(N_("all"))] if everywhere else [rooms.get(room_id, room_id) for room_id in room_ids] or ["—"],
        "word": PERSON_STATES[person.active],
    }


def _show_form(
    request: Request, rooms: list[tuple[str, str]], form: PersonForm, errors: dict[str, str]
) -> HTMLResponse:
    say = say_in(request)
    return render(
        request,
        "person_new.html",
        status=422 if errors else 200,
        here="people",
        form=form,
        errors=errors,
        role_choices=[{"value": role, "text": say(text)} for role, text in ROLES.items()],
        room_choices=[{"value": room_id, "text": name} for room_id, name in rooms],
    )
