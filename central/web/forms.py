"""Forms of one thing: a column of fields, an error summary, what was typed kept. Which fields, says the page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from fastapi import Request
from fastapi.responses import HTMLResponse

from central.domain.refusals import Refusal
from central.domain.wording import word_refusal
from central.web.render import ZONE, render
from central.web.troubles import put_into_words


@dataclass(frozen=True, slots=True)
class Field:
    """One field; `kind` is text, password, date, area, select, radio or checks, the last three with options."""

    name: str
    label: str
    kind: str = "text"
    value: str | tuple[str, ...] = ""
    hint: str = ""
    options: tuple[tuple[str, str], ...] = ()
    required: bool = True
    autocomplete: str = "off"


@dataclass(frozen=True, slots=True)
class Form:
    """What a form asks for, and where it leads; `crumbs` are (address, text) up to it."""

    title: str
    lead: str
    action: str
    submit: str
    back: str
    crumbs: tuple[tuple[str, str], ...] = ()
    here: str = "people"
    danger: bool = False
    #: Sentences between the lead and the fields: what exactly will happen.
    notes: tuple[str, ...] = ()


def show_form(
    request: Request,
    form: Form,
    fields: Sequence[Field],
    *,
    errors: Mapping[str, str] | None = None,
    refusal: Refusal | None = None,
) -> HTMLResponse:
    """Answer with the form; with errors or a refusal, under the status that says the same to machines."""
    status = word_refusal(refusal.reason).status if refusal is not None else 422 if errors else 200
    problem = put_into_words(request, refusal) if refusal is not None else None
    return render(
        request,
        "form.html",
        status=status,
        here=form.here,
        form=form,
        fields=fields,
        errors=dict(errors or {}),
        problem=problem,
    )


def read_day(text: str) -> datetime | None:
    """Return the beginning of a day typed as 2026-11-24, where people read the pages; None when it is no day."""
    try:
        day = datetime.strptime(text.strip(), "%Y-%m-%d")  # noqa: DTZ007 - the zone follows
    except ValueError:
        return None
    return datetime.combine(day.date(), time(), ZONE) if 2000 <= day.year < 2200 else None


def read_last_day(text: str) -> datetime | None:
    """Return the end of the last day that counts: the beginning of the next one."""
    day = read_day(text)
    return day + timedelta(days=1) if day is not None else None


def show_last_day(moment: datetime) -> str:
    """Return the last day that counts before this moment."""
    return (moment.astimezone(ZONE) - timedelta(seconds=1)).strftime("%Y-%m-%d")


def show_day(moment: datetime) -> str:
    """Return the day of a moment, where people read the pages."""
    return moment.astimezone(ZONE).strftime("%Y-%m-%d")
