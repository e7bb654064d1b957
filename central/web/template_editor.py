"""The editor of templates: the version as an outline, and one form for each of its parts. Every save is a draft."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from pydantic import BaseModel
from pydantic import Field as Bound
from sqlalchemy.orm import Session

from central.domain.conditions import Condition
from central.domain.permissions import Action, needs
from central.domain.refusals import NotFound
from central.domain.template_edits import (
    BadPartError,
    Fault,
    Place,
    move_part,
    name_template,
    put_document,
    put_limit,
    put_step,
    read_part,
    remove_part,
)
from central.domain.templates import DocumentPart, LimitPart, StepPart, Template, digest_template
from central.domain.wording import N_
from central.services.templates import VersionSeen, edit_version, show_version
from central.web.case_words import pick_name
from central.web.forms import Field
from central.web.render import actor_of, language_of, render, say_in
from central.web.template_fields import (
    FAULTS,
    WhenForm,
    fill_document,
    fill_limit,
    fill_step,
    list_document_fields,
    list_limit_fields,
    list_name_fields,
    list_step_fields,
    read_when,
    show_when,
    word_when,
)
from central.web.template_pages import is_draft, show_steps
from central.web.transactions import ReadSession, WriteSession
from central.web.words import DONE_NOTES

router = APIRouter(prefix="/templates/{template_id}")

NEW = "new"
Part = StepPart | DocumentPart | LimitPart
Line = Annotated[str, Bound(max_length=80)]
Seen = Annotated[str, Bound(max_length=64)]


class NamesForm(BaseModel):
    """Names of a kind of business."""

    seen: Seen = ""
    name: Line = ""
    name_en: Line = ""
    note: Annotated[str, Bound(max_length=400)] = ""


class StepForm(WhenForm):
    """A step without what it yields."""

    seen: Seen = ""
    code: Line = ""
    name: Line = ""
    name_en: Line = ""


class DocumentForm(StepForm):
    """A document of a step."""

    need: Line = ""
    owed_days: Line = ""
    medium: Line = ""
    copies: Line = ""
    gate: Line = ""
    retention: Line = ""
    note: Annotated[str, Bound(max_length=400)] = ""


class LimitForm(WhenForm):
    """A limit of a step."""

    seen: Seen = ""
    pack: Line = ""
    count: Line = ""
    unit: Line = ""
    warn_before: Line = ""
    source: Annotated[str, Bound(max_length=400)] = ""
    stated_on: Line = ""
    assessed: Line = ""


class PlaceForm(BaseModel):
    """A part that is moved or taken out."""

    seen: Seen = ""
    step: Line = ""
    document: Line = ""
    limit: Annotated[int, Bound(ge=0, le=999)] | None = None
    by: Annotated[int, Bound(ge=-1, le=1)] = 0

    def to_place(self) -> Place:
        """Return which part it is."""
        return Place(self.step, self.document or None, self.limit)


@dataclass(frozen=True, slots=True)
class Filled:
    """A form as it is shown: what stands in its fields, of which version, and what is wrong with it."""

    typed: dict[str, Any]
    digest: str
    old_when: Condition | None = None
    faults: dict[str, Fault] = field(default_factory=dict)


@router.get("/edit", response_class=HTMLResponse)
@needs(Action.EDIT_TEMPLATE)
def edit_template(request: Request, session: ReadSession, template_id: str, done: str = "") -> HTMLResponse:
    """The outline: every part with what may be done to it."""
    seen = _see(request, session, template_id)
    return render(
        request,
        "template_edit.html",
        here="rules",
        done=DONE_NOTES.get(done),
        seen=seen,
        digest=digest_template(seen.template),
        name=pick_name(language_of(request), seen.name, seen.name_en),
        is_draft=is_draft(seen),
        steps=show_steps(say_in(request), language_of(request), seen.template),
    )


@router.get("/names", response_class=HTMLResponse)
@needs(Action.EDIT_TEMPLATE)
def names_form(request: Request, session: ReadSession, template_id: str) -> HTMLResponse:
    """The form of its names."""
    seen = _see(request, session, template_id)
    template = seen.template
    typed = {"name": template.name, "name_en": template.name_en, "note": template.note}
    return _show_names(request, seen, Filled(typed, digest_template(template)))


@router.post("/names", response_class=HTMLResponse)
@needs(Action.EDIT_TEMPLATE)
def save_names(
    request: Request, session: WriteSession, template_id: str, form: Annotated[NamesForm, Form()]
) -> Response:
    """Name it anew."""
    typed = {name: getattr(form, name).strip() for name in ("name", "name_en", "note")}
    # A name of a business obeys what names of steps obey.
    part = {"code": "ANY", "name": typed["name"], "name_en": typed["name_en"]}
    try:
        read_part(StepPart, part)
    except BadPartError as error:
        filled = Filled(typed, form.seen, faults=error.faults)
        return _show_names(request, _see(request, session, template_id), filled)
    return _save(request, session, template_id, form.seen, lambda template: name_template(template, **typed))


@router.get("/steps/{step}", response_class=HTMLResponse)
@needs(Action.EDIT_TEMPLATE)
def step_form(request: Request, session: ReadSession, template_id: str, step: str) -> HTMLResponse:
    """The form of a step; `new` is none yet."""
    seen = _see(request, session, template_id)
    part = None if step == NEW else _find_step(seen.template, step)
    return _show_step(request, seen, step, _fill(seen, part, fill_step(part)))


@router.post("/steps/{step}", response_class=HTMLResponse)
@needs(Action.EDIT_TEMPLATE)
def save_step(
    request: Request, session: WriteSession, template_id: str, step: str, form: Annotated[StepForm, Form()]
) -> Response:
    """Change a step, or add one at the end."""
    seen = _see(request, session, template_id)
    old = None if step == NEW else _find_step(seen.template, step)
    code = old.code if old is not None else None
    try:
        typed = {name: getattr(form, name).strip() for name in ("code", "name", "name_en")}
        part = read_part(StepPart, typed | {"when": read_when(form, _old_when(old))})
        put_step(seen.template, code, part)
    except BadPartError as error:
        return _show_step(request, seen, step, _refill(form, old, error))
    return _save(
        request, session, template_id, form.seen, lambda template: put_step(template, code, part), f"step-{part.code}"
    )


@router.get("/steps/{step}/documents/{document}", response_class=HTMLResponse)
@needs(Action.EDIT_TEMPLATE)
def document_form(request: Request, session: ReadSession, template_id: str, step: str, document: str) -> HTMLResponse:
    """The form of a document of a step; `new` is none yet."""
    seen = _see(request, session, template_id)
    part = None if document == NEW else _find_document(_find_step(seen.template, step), document)
    return _show_document(request, seen, step, document, _fill(seen, part, fill_document(part)))


@router.post("/steps/{step}/documents/{document}", response_class=HTMLResponse)
@needs(Action.EDIT_TEMPLATE)
def save_document(  # noqa: PLR0917 - the parts of its address and its form
    request: Request,
    session: WriteSession,
    template_id: str,
    step: str,
    document: str,
    form: Annotated[DocumentForm, Form()],
) -> Response:
    """Change a document, or add one at the end of the step."""
    seen = _see(request, session, template_id)
    held = _find_step(seen.template, step)
    old = None if document == NEW else _find_document(held, document)
    code = old.code if old is not None else None
    try:
        names = ("code", "name", "name_en", "need", "medium", "copies", "gate", "retention", "note")
        typed: dict[str, Any] = {name: getattr(form, name).strip() for name in names}
        typed["owed_days"] = form.owed_days.strip() or "0" if form.need == "owed" else "0"
        part = read_part(DocumentPart, typed | {"when": read_when(form, _old_when(old))})
        put_document(seen.template, step, code, part)
    except BadPartError as error:
        return _show_document(request, seen, step, document, _refill(form, old, error))
    return _save(
        request,
        session,
        template_id,
        form.seen,
        lambda template: put_document(template, step, code, part),
        f"document-{part.code}",
    )


@router.get("/steps/{step}/limits/{number}", response_class=HTMLResponse)
@needs(Action.EDIT_TEMPLATE)
def limit_form(request: Request, session: ReadSession, template_id: str, step: str, number: str) -> HTMLResponse:
    """The form of a limit of a step; `new` is none yet."""
    seen = _see(request, session, template_id)
    part = None if number == NEW else _find_limit(_find_step(seen.template, step), number)
    return _show_limit(request, seen, step, number, _fill(seen, part, fill_limit(part)))


@router.post("/steps/{step}/limits/{number}", response_class=HTMLResponse)
@needs(Action.EDIT_TEMPLATE)
def save_limit(  # noqa: PLR0917 - the parts of its address and its form
    request: Request,
    session: WriteSession,
    template_id: str,
    step: str,
    number: str,
    form: Annotated[LimitForm, Form()],
) -> Response:
    """Change a limit, or add one after the others."""
    seen = _see(request, session, template_id)
    held = _find_step(seen.template, step)
    old = None if number == NEW else _find_limit(held, number)
    at = None if old is None else int(number)
    try:
        names = ("pack", "count", "unit", "warn_before", "source", "stated_on")
        typed: dict[str, Any] = {name: getattr(form, name).strip() for name in names}
        typed |= {"pack": typed["pack"].upper(), "assessed": form.assessed == "yes"}
        part = read_part(LimitPart, typed | {"when": read_when(form, _old_when(old))})
    except BadPartError as error:
        return _show_limit(request, seen, step, number, _refill(form, old, error))
    return _save(
        request, session, template_id, form.seen, lambda template: put_limit(template, step, at, part), f"step-{step}"
    )


@router.post("/move")
@needs(Action.EDIT_TEMPLATE)
def move(request: Request, session: WriteSession, template_id: str, form: Annotated[PlaceForm, Form()]) -> Response:
    """Move a part up or down among its like."""
    place = form.to_place()
    anchor = f"document-{place.document}" if place.document else f"step-{place.step}"
    return _save(request, session, template_id, form.seen, lambda template: move_part(template, place, form.by), anchor)


@router.post("/remove")
@needs(Action.EDIT_TEMPLATE)
def remove(request: Request, session: WriteSession, template_id: str, form: Annotated[PlaceForm, Form()]) -> Response:
    """Take a part out of the draft; the version in force keeps it."""
    place = form.to_place()
    anchor = f"step-{place.step}" if place.document or place.limit is not None else ""
    return _save(request, session, template_id, form.seen, lambda template: remove_part(template, place), anchor)


def _see(request: Request, session: Session, template_id: str) -> VersionSeen:
    return show_version(session, actor_of(request), template_id, request.app.state.read_clock())


def _save(  # noqa: PLR0917 - what is saved by whom, and where the page goes on
    request: Request,
    session: Session,
    template_id: str,
    seen: str,
    edit: Callable[[Template], Template],
    anchor: str = "",
) -> Response:
    draft_id = edit_version(session, actor_of(request), template_id, seen, edit, request.app.state.read_clock())
    address = f"/templates/{draft_id}/edit?done=template_saved"
    return RedirectResponse(f"{address}#{anchor}" if anchor else address, status_code=303)


def _fill(seen: VersionSeen, part: Part | None, typed: dict[str, str]) -> Filled:
    return Filled(typed | show_when(_old_when(part)), digest_template(seen.template), _old_when(part))


def _refill(form: StepForm | LimitForm, part: Part | None, error: BadPartError) -> Filled:
    return Filled(form.model_dump(), form.seen, _old_when(part), error.faults)


def _old_when(part: Part | None) -> Condition | None:
    return part.when if part is not None else None


def _show_part(  # noqa: PLR0917 - the parts of one page
    request: Request, seen: VersionSeen, address: str, title: str, filled: Filled, fields: tuple[Field, ...]
) -> HTMLResponse:
    say = say_in(request)
    return render(
        request,
        "template_part.html",
        status=422 if filled.faults else 200,
        here="rules",
        seen=seen,
        digest=filled.digest,
        name=pick_name(language_of(request), seen.name, seen.name_en),
        action=f"/templates/{seen.id}/{address}",
        title=title,
        fields=fields,
        when=word_when(say, filled.typed, filled.old_when) if "when_kept" in filled.typed else None,
        errors={name: say(FAULTS.get((name, fault), FAULTS["", fault])) for name, fault in filled.faults.items()},
    )


def _show_names(request: Request, seen: VersionSeen, filled: Filled) -> HTMLResponse:
    say = say_in(request)
    fields = list_name_fields(say, filled.typed)
    return _show_part(request, seen, "names", say(N_("Names of the business")), filled, fields)


def _show_step(request: Request, seen: VersionSeen, step: str, filled: Filled) -> HTMLResponse:
    say = say_in(request)
    title = say(N_("Add a step")) if step == NEW else say(N_("Change step %(code)s"), code=step)
    return _show_part(request, seen, f"steps/{step}", title, filled, list_step_fields(say, filled.typed))


def _show_document(request: Request, seen: VersionSeen, step: str, code: str, filled: Filled) -> HTMLResponse:
    say, called = say_in(request), _name_step(request, seen, step)
    title = (
        say(N_("Add a document to %(step)s"), step=called)
        if code == NEW
        else say(N_("Change document %(code)s"), code=code)
    )
    fields = list_document_fields(say, filled.typed)
    return _show_part(request, seen, f"steps/{step}/documents/{code}", title, filled, fields)


def _show_limit(request: Request, seen: VersionSeen, step: str, number: str, filled: Filled) -> HTMLResponse:
    say, called = say_in(request), _name_step(request, seen, step)
    title = (
        say(N_("Add a limit to %(step)s"), step=called)
        if number == NEW
        else say(N_("Change a limit of %(step)s"), step=called)
    )
    fields = list_limit_fields(say, filled.typed)
    return _show_part(request, seen, f"steps/{step}/limits/{number}", title, filled, fields)


def _name_step(request: Request, seen: VersionSeen, code: str) -> str:
    part = _find_step(seen.template, code)
    return pick_name(language_of(request), part.name, part.name_en)


def _find_step(template: Template, code: str) -> StepPart:
    part = template.find_step(code)
    if part is None:
        raise NotFound
    return part


def _find_document(step: StepPart, code: str) -> DocumentPart:
    part = next((each for each in step.documents if each.code == code), None)
    if part is None:
        raise NotFound
    return part


def _find_limit(step: StepPart, number: str) -> LimitPart:
    if not number.isdecimal() or not number.isascii() or len(number) > 3 or int(number) >= len(step.limits):
        raise NotFound
    return step.limits[int(number)]
