"""The form for an absence, of oneself or of another."""

from __future__ import annotations

from collections.abc import Mapping

from fastapi import Request
from fastapi.responses import HTMLResponse
from sqlalchemy.orm import Session

from central.domain.refusals import NotFound, Refusal
from central.domain.wording import N_
from central.services.absences import SetAbsence, set_absence
from central.web import forms
from central.web.render import actor_of, say_in


def take_absence(
    request: Request, session: Session, person_id: str, typed: Mapping[str, str]
) -> tuple[dict[str, str], Refusal | None] | None:
    """Enter what was typed; return what is wrong with it, None when it is entered."""
    say = say_in(request)
    from_at, until_at = forms.read_day(typed["from_day"]), forms.read_last_day(typed["until_day"])
    errors = {
        name: say(N_("Enter a date like 2026-11-24."))
        for name, moment in (("from_day", from_at), ("until_day", until_at))
        if moment is None
    }
    if from_at is None or until_at is None:
        return errors, None
    command = SetAbsence(person_id, from_at, until_at, typed["deputy"].strip(), typed["reason"].strip()[:200])
    try:
        set_absence(session, actor_of(request), command, request.app.state.read_clock())
    except NotFound:
        raise
    except Refusal as refusal:
        return {}, refusal
    return None


def show_absence_form(
    request: Request,
    back: str,
    *,
    name: str,
    typed: Mapping[str, str],
    way: tuple[tuple[str, str], ...] = (),
    errors: Mapping[str, str] | None = None,
    refusal: Refusal | None = None,
) -> HTMLResponse:
    """Show the form for an absence, of oneself or of another."""
    say = say_in(request)
    form = forms.Form(
        title=say(N_("Absence of %(name)s"), name=name),
        lead=say(
            N_("While they are away the deputy acts in their roles; everything done so is recorded under both names.")
        ),
        action=f"{back}/absences/new",
        submit=say(N_("Enter the absence")),
        back=back,
        crumbs=way,
        here="me" if back == "/me" else "people",
    )
    fields = (
        forms.Field("from_day", say(N_("First day")), kind="date", value=typed.get("from_day", "")),
        forms.Field("until_day", say(N_("Last day")), kind="date", value=typed.get("until_day", "")),
        forms.Field(
            "deputy",
            say(N_("Log-in name of the deputy")),
            value=typed.get("deputy", ""),
            hint=say(N_("Leave it empty if nobody stands in. The role of a central admin is never lent.")),
            required=False,
        ),
        forms.Field("reason", say(N_("Reason")), value=typed.get("reason", ""), required=False),
    )
    return forms.show_form(request, form, fields, errors=errors, refusal=refusal)
