"""Pages of people: who there is, and founding a new person."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, Any

from anyio.to_thread import run_sync
from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import HTMLResponse, Response
from sqlalchemy.orm import Session

from central.domain.people import Grant, Role
from central.domain.permissions import Action, allows, needs
from central.domain.refusals import Reason, Refusal
from central.domain.wording import N_
from central.services.people import CreatePerson, PersonSeen, SearchPeople, create_person, list_people
from central.store.ids import new_one_time_password
from central.web import forms
from central.web.once import show_one_time
from central.web.render import Say, actor_of, address, render, say_in
from central.web.scope_names import ScopeNames
from central.web.transactions import ReadSession
from central.web.troubles import put_into_words
from central.web.words import PERSON_STATES, ROLES

router = APIRouter()

LOGIN = re.compile(r"[a-z0-9][a-z0-9.-]{2,39}")


@dataclass(frozen=True, slots=True)
class PersonForm:
    """What was typed; kept when something is wrong."""

    name: str = ""
    login: str = ""
    unit_id: str = ""
    role: str = ""
    scope: str = ""

    def to_grants(self) -> frozenset[Grant]:
        """Return the first role; further ones are given on the person's page."""
        if not self.role:
            return frozenset()
        kind, _, held_for = self.scope.partition(":")
        room_id = held_for if kind == "room" else None
        return frozenset({Grant(Role(self.role), room_id, held_for if kind == "unit" else None)})


@router.get("/people", response_class=HTMLResponse)
@needs(Action.SEE_PEOPLE)
def show_people(
    request: Request,
    session: ReadSession,
    *,
    text: Annotated[str, Query(alias="q", max_length=60)] = "",
    unit: Annotated[str, Query(max_length=36)] = "",
    role: Annotated[str, Query(max_length=24)] = "",
    after: Annotated[str, Query(max_length=600)] = "",
) -> HTMLResponse:
    """Everybody, by name; with filters in the address."""
    actor, say = actor_of(request), say_in(request)
    chosen = Role(role) if role in set(Role) else None
    search = SearchPeople(text=text.strip(), unit_id=unit or None, role=chosen, after=after or None)
    page = list_people(session, actor, search, request.app.state.read_clock())
    names = ScopeNames(session, request)
    query = {"q": text, "unit": unit, "role": role}
    return render(
        request,
        "people.html",
        here="people",
        may_create=allows(actor, Action.CREATE_PERSON),
        people=[show_person_row(say, person, names) for person in page.items],
        text=text,
        unit=unit,
        role=role,
        filtered=any(query.values()),
        units=names.list_units(say)[1:],
        roles=[(each, say(word)) for each, word in ROLES.items()],
        first_href=address("/people", query) if after else None,
        next_href=address("/people", query | {"after": page.next_after}) if page.next_after else None,
    )


@router.get("/people/new", response_class=HTMLResponse)
@needs(Action.CREATE_PERSON)
def show_new_person(request: Request, session: ReadSession) -> HTMLResponse:
    """The empty form."""
    return _show_form(request, session, PersonForm(), {})


@router.post("/people", response_class=HTMLResponse)
@needs(Action.CREATE_PERSON)
async def add_person(
    request: Request,
    *,
    name: Annotated[str, Form(max_length=80)] = "",
    login: Annotated[str, Form(max_length=60)] = "",
    unit_id: Annotated[str, Form(max_length=36)] = "",
    role: Annotated[str, Form(max_length=24)] = "",
    scope: Annotated[str, Form(max_length=60)] = "",
) -> Response:
    """Found a person and show the one-time password, or the form again with what was typed and what is wrong."""
    actor, say, state = actor_of(request), say_in(request), request.app.state
    form = PersonForm(name.strip(), login.strip(), unit_id, role if role in set(Role) else "", scope)
    errors = find_errors(say, form)
    refusal: Refusal | None = None
    if not errors:
        password = new_one_time_password()
        # Hashing takes longer than a write may.
        hashed = await run_sync(state.hasher.hash_secret, password)
        command = CreatePerson(form.login, form.name, hashed, form.to_grants(), form.unit_id or None, one_time=True)
        try:
            async with state.tx.write_async() as session:
                person_id = await run_sync(create_person, session, actor, command, state.read_clock())
        except Refusal as fault:
            if fault.reason is Reason.LOGIN_TAKEN:
                errors["login"] = put_into_words(request, fault)["happened"]
            else:
                refusal = fault
        else:
            return show_one_time(request, person_id, name=form.name, login=form.login, password=password)
    async with state.tx.read_async() as session:
        return await run_sync(_show_form, request, session, form, errors, refusal)


def find_errors(say: Say, form: PersonForm) -> dict[str, str]:
    """Return what is wrong with the form, by field."""
    errors: dict[str, str] = {}
    if not form.name:
        errors["name"] = say(N_("Enter the name."))
    if not LOGIN.fullmatch(form.login):
        errors["login"] = say(N_("Enter a log-in name of small letters, figures, dot or hyphen, 3 to 40 characters."))
    return errors


def show_person_row(say: Say, person: PersonSeen, names: ScopeNames) -> dict[str, Any]:
    """Return a person as the list shows them."""
    roles = [f"{say(ROLES[grant.role])} ({names.say_scope(say, grant)})" for grant in person.grants]
    return {
        "id": person.id,
        "name": person.name,
        "login": person.login,
        "unit": person.unit_name,
        "roles": roles or [say(N_("none; staff badge only"))],
        "word": PERSON_STATES[person.active],
    }


def _show_form(
    request: Request,
    session: Session,
    typed: PersonForm,
    errors: dict[str, str],
    refusal: Refusal | None = None,
) -> HTMLResponse:
    say = say_in(request)
    names = ScopeNames(session, request)
    form = forms.Form(
        title=say(N_("Add a person")),
        lead=say(
            N_("They get a one-time password, which is shown to you once, and choose their own at the first log-in.")
        ),
        action="/people",
        submit=say(N_("Add this person")),
        back="/people",
        crumbs=(("/people", say(N_("People"))),),
    )
    roles = (("", say(N_("no role yet"))), *((role, say(text)) for role, text in ROLES.items()))
    login_hint = say(N_("Small letters, figures, dot or hyphen; 3 to 40 characters."))
    scope_hint = say(
        N_("Handlers, collectors, team leaders: a team. Centre managers: a service centre. Archivists: a room.")
    )
    fields = (
        forms.Field("name", say(N_("Name")), value=typed.name),
        forms.Field("login", say(N_("Log-in name")), value=typed.login, hint=login_hint),
        forms.Field("unit_id", say(N_("Works in")), kind="select", value=typed.unit_id, options=names.list_units(say)),
        forms.Field("role", say(N_("First role")), kind="select", value=typed.role, options=roles),
        forms.Field(
            "scope",
            say(N_("Held for")),
            kind="select",
            value=typed.scope,
            options=names.list_choices(say),
            hint=scope_hint,
        ),
    )
    return forms.show_form(request, form, fields, errors=errors, refusal=refusal)
