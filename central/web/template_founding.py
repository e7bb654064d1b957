"""Pages that found a kind of business: from nothing, like another one, or from a file; and a version as a file."""

from __future__ import annotations

import json
import re
from typing import Annotated, Any

from anyio.to_thread import run_sync
from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from sqlalchemy.orm import Session
from starlette.datastructures import UploadFile

from central.domain.permissions import Action, needs
from central.domain.refusals import Reason, Refusal
from central.domain.templates import dump_template
from central.domain.wording import N_
from central.services.templates import VersionState, copy_business, list_templates, show_version, take_file
from central.web.case_words import pick_name
from central.web.forms import Field
from central.web.render import Say, actor_of, language_of, render, say_in
from central.web.transactions import ReadSession, WriteSession

router = APIRouter(prefix="/templates")

CODE = re.compile(r"[A-Z0-9][A-Z0-9_-]{0,23}")
FILE_BYTES_MAX = 200_000
Typed = Annotated[str, Form(max_length=80)]


@router.get("/new", response_class=HTMLResponse)
@needs(Action.EDIT_TEMPLATE)
def show_new(request: Request, session: ReadSession, like: Annotated[str, Query(max_length=36)] = "") -> HTMLResponse:
    """The form of a new kind of business; `like` is the version that it begins with."""
    return _show(request, session, {"base": like})


@router.post("/new", response_class=HTMLResponse)
@needs(Action.EDIT_TEMPLATE)
def found(  # noqa: PLR0917 - the fields of the form
    request: Request,
    session: WriteSession,
    code: Typed = "",
    name: Typed = "",
    name_en: Typed = "",
    base: Typed = "",
) -> Response:
    """Draft its first version and open the editor."""
    say = say_in(request)
    typed = {"code": code.strip().upper(), "name": name.strip(), "name_en": name_en.strip(), "base": base}
    errors = _check(say, typed)
    if errors:
        return _show(request, session, typed, errors)
    try:
        draft_id = copy_business(
            session,
            actor_of(request),
            base or None,
            typed["code"],
            typed["name"],
            typed["name_en"],
            request.app.state.read_clock(),
        )
    except Refusal as refusal:
        if refusal.reason is not Reason.BAD_TEMPLATE:
            raise
        return _show(request, session, typed, {"code": say(N_("Another kind of business has this code already."))})
    return RedirectResponse(f"/templates/{draft_id}/edit", status_code=303)


@router.post("/file", response_class=HTMLResponse)
@needs(Action.EDIT_TEMPLATE)
async def take_template_file(request: Request) -> Response:
    """Draft what a file holds. No parameter reads the body: it is read after the guard let the person in."""
    actor, say, state = actor_of(request), say_in(request), request.app.state
    form = await request.form(max_files=1, max_fields=4)
    try:
        file = form.get("file")
        body = await file.read(FILE_BYTES_MAX + 1) if isinstance(file, UploadFile) else b""
    finally:
        await form.close()
    faults: tuple[str, ...]
    try:
        data = json.loads(body.decode("utf-8-sig")) if len(body) <= FILE_BYTES_MAX else None
        async with state.tx.write_async() as session:
            draft_id = await run_sync(lambda: take_file(session, actor, data, state.read_clock()))
        return RedirectResponse(f"/templates/{draft_id}?done=template_saved", status_code=303)
    except (ValueError, RecursionError):
        faults = (say(N_("This is no file of a template: it must be JSON in UTF-8, as the export writes it.")),)
    except Refusal as refusal:
        if refusal.reason is not Reason.BAD_TEMPLATE:
            raise
        faults = refusal.details
    async with state.tx.read_async() as session:
        return await run_sync(lambda: _show(request, session, {}, faults=faults))


@router.get("/{template_id}/file")
@needs(Action.SEE_TEMPLATES)
def save_file(request: Request, session: ReadSession, template_id: str) -> Response:
    """One version as a file that another centre can take."""
    seen = show_version(session, actor_of(request), template_id, request.app.state.read_clock())
    name = f"{seen.business}-{seen.version}.json"
    text = json.dumps(dump_template(seen.template), ensure_ascii=False, indent=1)
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return Response(text + "\n", media_type="application/json", headers=headers)


def _check(say: Say, typed: dict[str, str]) -> dict[str, str]:
    errors = {}
    if not CODE.fullmatch(typed["code"]):
        errors["code"] = say(N_("Enter 1 to 24 capital letters, digits, - or _, beginning with a letter or digit."))
    for name in ("name", "name_en"):
        if not typed[name] or not typed[name].isprintable():
            errors[name] = say(N_("Enter a name."))
    return errors


def _show(
    request: Request,
    session: Session,
    typed: dict[str, str],
    errors: dict[str, str] | None = None,
    faults: tuple[str, ...] = (),
) -> HTMLResponse:
    say = say_in(request)
    fields = (
        Field("name", say(N_("Name in Chinese")), value=typed.get("name", "")),
        Field("name_en", say(N_("Name in English")), value=typed.get("name_en", "")),
        Field(
            "code",
            say(N_("Code")),
            value=typed.get("code", ""),
            hint=say(N_("As the marketing system names this kind of business. It stays for good.")),
        ),
        Field("base", say(N_("Begin with")), "select", typed.get("base", ""), options=_list_bases(request, session)),
    )
    return render(
        request,
        "template_new.html",
        status=422 if errors or faults else 200,
        here="rules",
        fields=fields,
        errors=errors or {},
        faults=faults,
    )


def _list_bases(request: Request, session: Session) -> tuple[tuple[str, str], ...]:
    """Return what a new kind of business can begin with: the newest version of each that was not given up."""
    say, language = say_in(request), language_of(request)
    groups: list[Any] = list_templates(session, actor_of(request), request.app.state.read_clock())
    bases = [("", say(N_("two steps alone: acceptance and filing")))]
    for versions in groups:
        kept = [each for each in versions if each.state is not VersionState.WITHDRAWN]
        current = next((each for each in kept if each.state is VersionState.IN_FORCE), kept[0] if kept else None)
        if current is not None:
            name = pick_name(language, current.name, current.name_en)
            bases.append((current.id, say(N_("like %(name)s %(code)s"), name=name, code=current.business)))
    return tuple(bases)
