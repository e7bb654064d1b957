"""Pages of the organisation: the tree of units, and which unit each archive room serves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from sqlalchemy.orm import Session

from central.domain.organisation import UnitKind
from central.domain.permissions import Action, allows, needs
from central.domain.refusals import NotFound, Refusal
from central.domain.wording import N_
from central.services.organisation import (
    UnitDraft,
    UnitSeen,
    assign_room,
    change_unit,
    close_unit,
    create_unit,
    list_served_rooms,
    list_units,
)
from central.web import forms
from central.web.render import Say, actor_of, render, say_in
from central.web.transactions import ReadSession, WriteSession
from central.web.words import DONE_NOTES, UNIT_KINDS

router = APIRouter(prefix="/organisation")

Text = Annotated[str, Form(max_length=80)]
Choice = Annotated[str, Query(max_length=36)]


@router.get("", response_class=HTMLResponse)
@needs(Action.SEE_ORGANISATION)
def show_organisation(request: Request, session: ReadSession, done: str = "") -> HTMLResponse:
    """The tree, and the archive rooms."""
    actor = actor_of(request)
    units = list_units(session, actor)
    names = {unit.id: unit.name for unit in units}
    rooms = list_served_rooms(session, actor)
    room_names = {room.id: room.name for room in rooms}
    return render(
        request,
        "organisation.html",
        here="people",
        done=DONE_NOTES.get(done),
        may_edit=allows(actor, Action.EDIT_ORGANISATION),
        sees_people=allows(actor, Action.SEE_PEOPLE),
        units=[
            {"unit": unit, "kind": UNIT_KINDS[unit.kind], "rooms": [room_names[each] for each in unit.room_ids]}
            for unit in units
        ],
        rooms=[{"room": room, "unit": names.get(room.unit_id or "")} for room in rooms],
    )


@router.get("/units/new", response_class=HTMLResponse)
@needs(Action.EDIT_ORGANISATION)
def show_new_unit(request: Request, session: ReadSession, parent: Choice = "") -> HTMLResponse:
    """The form for a new unit."""
    units = list_units(session, actor_of(request))
    above = next((unit for unit in units if unit.id == parent), None)
    kind = UnitKind.DEPARTMENT if above is None else UnitKind.TEAM if above.kind is UnitKind.CENTRE else UnitKind.CENTRE
    return _show_new_unit(request, units, {"kind": kind.value, "parent_id": parent if above else ""})


@router.post("/units/new", response_class=HTMLResponse)
@needs(Action.EDIT_ORGANISATION)
def found_unit(
    request: Request, session: WriteSession, *, kind: Text = "", name: Text = "", parent_id: Text = ""
) -> Response:
    """Found a unit, or show the form again with what is wrong."""
    actor, say = actor_of(request), say_in(request)
    typed = {"kind": kind, "name": name, "parent_id": parent_id}
    errors = {}
    if not name.strip():
        errors["name"] = say(N_("Enter the name."))
    if kind not in set(UnitKind):
        errors["kind"] = say(N_("Choose what it is."))
    refusal = None
    if not errors:
        draft = UnitDraft(UnitKind(kind), name.strip(), parent_id or None)
        try:
            create_unit(session, actor, draft, request.app.state.read_clock())
        except NotFound:
            raise
        except Refusal as fault:
            refusal = fault
        else:
            return RedirectResponse("/organisation?done=unit_created", status_code=303)
    return _show_new_unit(request, list_units(session, actor), typed, errors, refusal)


@router.get("/units/{unit_id}/edit", response_class=HTMLResponse)
@needs(Action.EDIT_ORGANISATION)
def show_edit_unit(request: Request, session: ReadSession, unit_id: str) -> HTMLResponse:
    """The form for name and place of a unit."""
    units = list_units(session, actor_of(request))
    unit = _find(units, unit_id)
    return _show_edit_unit(request, units, unit, name=unit.name, parent_id=unit.parent_id or "")


@router.post("/units/{unit_id}/edit", response_class=HTMLResponse)
@needs(Action.EDIT_ORGANISATION)
def edit_unit(request: Request, session: WriteSession, unit_id: str, name: Text = "", parent_id: Text = "") -> Response:
    """Rename a unit or put it under another one."""
    actor, say = actor_of(request), say_in(request)
    units = list_units(session, actor)
    unit = _find(units, unit_id)
    if not name.strip():
        errors = {"name": say(N_("Enter the name."))}
        return _show_edit_unit(request, units, unit, name=name, parent_id=parent_id, errors=errors)
    now = request.app.state.read_clock()
    try:
        change_unit(session, actor, unit_id, name=name.strip(), parent_id=parent_id or None, now=now)
    except NotFound:
        raise
    except Refusal as refusal:
        return _show_edit_unit(request, units, unit, name=name, parent_id=parent_id, refusal=refusal)
    return RedirectResponse("/organisation?done=changed", status_code=303)


@router.get("/units/{unit_id}/close", response_class=HTMLResponse)
@needs(Action.EDIT_ORGANISATION)
def show_close_unit(request: Request, session: ReadSession, unit_id: str) -> HTMLResponse:
    """Ask before a unit is closed."""
    return _show_close(request, _find(list_units(session, actor_of(request)), unit_id))


@router.post("/units/{unit_id}/close", response_class=HTMLResponse)
@needs(Action.EDIT_ORGANISATION)
def shut_unit(request: Request, session: WriteSession, unit_id: str) -> Response:
    """Close a unit to which nothing belongs any more."""
    actor = actor_of(request)
    unit = _find(list_units(session, actor), unit_id)
    try:
        close_unit(session, actor, unit_id, request.app.state.read_clock())
    except Refusal as refusal:
        return _show_close(request, unit, refusal)
    return RedirectResponse("/organisation?done=unit_closed", status_code=303)


@router.get("/rooms/{room_id}", response_class=HTMLResponse)
@needs(Action.EDIT_ORGANISATION)
def show_assign(request: Request, session: ReadSession, room_id: str) -> HTMLResponse:
    """The form for the unit that an archive room serves."""
    return _show_assign(request, session, room_id)


@router.post("/rooms/{room_id}")
@needs(Action.EDIT_ORGANISATION)
def assign(request: Request, session: WriteSession, room_id: str, unit_id: Text = "") -> Response:
    """Say which unit an archive room serves."""
    assign_room(session, actor_of(request), room_id, unit_id or None, request.app.state.read_clock())
    return RedirectResponse("/organisation?done=changed", status_code=303)


def _find(units: tuple[UnitSeen, ...], unit_id: str) -> UnitSeen:
    unit = next((each for each in units if each.id == unit_id), None)
    if unit is None:
        raise NotFound
    return unit


def _list_parents(say: Say, units: tuple[UnitSeen, ...]) -> tuple[tuple[str, str], ...]:
    fitting = (unit for unit in units if unit.kind is not UnitKind.TEAM)
    return (("", say(N_("at the top"))), *((unit.id, "\u3000" * unit.depth + unit.name) for unit in fitting))


def _way(say: Say) -> tuple[tuple[str, str], ...]:
    return (("/people", say(N_("People"))), ("/organisation", say(N_("Organisation"))))


def _show_new_unit(
    request: Request,
    units: tuple[UnitSeen, ...],
    typed: Mapping[str, str],
    errors: Mapping[str, str] | None = None,
    refusal: Refusal | None = None,
) -> HTMLResponse:
    say = say_in(request)
    form = forms.Form(
        title=say(N_("Add a unit")),
        lead=say(N_("A department stands at the top, service centres under it, teams under those.")),
        action="/organisation/units/new",
        submit=say(N_("Add the unit")),
        back="/organisation",
        crumbs=_way(say),
    )
    kinds = tuple((kind, say(text)) for kind, text in UNIT_KINDS.items())
    fields = (
        forms.Field("kind", say(N_("What it is")), kind="radio", value=typed.get("kind", ""), options=kinds),
        forms.Field("name", say(N_("Name")), value=typed.get("name", "")),
        forms.Field(
            "parent_id",
            say(N_("Lies under")),
            kind="select",
            value=typed.get("parent_id", ""),
            options=_list_parents(say, units),
        ),
    )
    return forms.show_form(request, form, fields, errors=errors, refusal=refusal)


def _show_edit_unit(
    request: Request,
    units: tuple[UnitSeen, ...],
    unit: UnitSeen,
    *,
    name: str,
    parent_id: str,
    errors: Mapping[str, str] | None = None,
    refusal: Refusal | None = None,
) -> HTMLResponse:
    say = say_in(request)
    form = forms.Form(
        title=say(N_("Change %(name)s"), name=unit.name),
        lead=say(N_("Roles held for the unit go along with it when it moves.")),
        action=f"/organisation/units/{unit.id}/edit",
        submit=say(N_("Save")),
        back="/organisation",
        crumbs=_way(say),
    )
    parents = _list_parents(say, tuple(each for each in units if each.id != unit.id))
    fields = (
        forms.Field("name", say(N_("Name")), value=name),
        forms.Field("parent_id", say(N_("Lies under")), kind="select", value=parent_id, options=parents),
    )
    return forms.show_form(request, form, fields, errors=errors, refusal=refusal)


def _show_close(request: Request, unit: UnitSeen, refusal: Refusal | None = None) -> HTMLResponse:
    say = say_in(request)
    form = forms.Form(
        title=say(N_("Close %(name)s"), name=unit.name),
        lead=say(N_("A closed unit takes nobody in any more; cases and papers that belonged to it stay.")),
        action=f"/organisation/units/{unit.id}/close",
        submit=say(N_("Close %(name)s"), name=unit.name),
        back="/organisation",
        crumbs=_way(say),
        danger=True,
    )
    return forms.show_form(request, form, (), refusal=refusal)


def _show_assign(request: Request, session: Session, room_id: str) -> HTMLResponse:
    actor, say = actor_of(request), say_in(request)
    room = next((each for each in list_served_rooms(session, actor) if each.id == room_id), None)
    if room is None:
        raise NotFound
    form = forms.Form(
        title=say(N_("Which unit does %(name)s serve?"), name=room.name),
        lead=say(N_("Archivists of the room see the dossiers of this unit; its manager sees the room.")),
        action=f"/organisation/rooms/{room_id}",
        submit=say(N_("Save")),
        back="/organisation",
        crumbs=_way(say),
    )
    options = (("", say(N_("none"))), *_list_parents(say, list_units(session, actor))[1:])
    field = forms.Field("unit_id", say(N_("Serves")), kind="select", value=room.unit_id or "", options=options)
    return forms.show_form(request, form, (field,))
