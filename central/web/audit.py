"""Pages of the audit log: search with filters in the address, one row with before and after, the export."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import HTMLResponse

from central.domain.permissions import Action, needs
from central.domain.wording import N_
from central.services.audit import (
    AuditSeen,
    SearchAudit,
    export_audit,
    search_audit,
    show_audit_row,
    show_head,
)
from central.services.exports import Listed, note_export
from central.web import forms
from central.web.lists import PAGE_ROWS, After, make_foot
from central.web.render import Say, actor_of, address, render, say_in
from central.web.table_files import Cell, FileKind, Table, answer_table
from central.web.transactions import ReadSession
from central.web.words import AUDIT_ACTS, SUBJECT_KINDS

router = APIRouter()

HEADS = (
    N_("When"),
    N_("Who"),
    N_("What"),
    N_("About"),
    N_("Name"),
    N_("Why"),
    N_("Before"),
    N_("After"),
    N_("Address"),
    N_("Session"),
    N_("Number in the chain"),
)


@dataclass(frozen=True, slots=True)
class Filters:
    """What of the log is looked at, as it stands in the address."""

    text: str
    act: str
    subject: str
    person: str
    from_day: str
    until_day: str

    def to_search(self, after: str = "") -> SearchAudit:
        """Return the search; a day that is none filters nothing."""
        kind, _, subject_id = self.subject.partition(":")
        return SearchAudit(
            text=self.text.strip(),
            act=self.act,
            person_id=self.person,
            subject_kind=kind,
            subject_id=subject_id,
            from_at=forms.read_day(self.from_day),
            until_at=forms.read_last_day(self.until_day),
            after=after or None,
            limit=PAGE_ROWS,
        )

    def to_query(self) -> dict[str, str]:
        """Return the part of the address that says the same."""
        return {
            "q": self.text,
            "act": self.act,
            "subject": self.subject,
            "person": self.person,
            "from": self.from_day,
            "until": self.until_day,
        }


def read_filters(
    *,
    text: Annotated[str, Query(alias="q", max_length=80)] = "",
    act: Annotated[str, Query(max_length=40)] = "",
    subject: Annotated[str, Query(max_length=120)] = "",
    person: Annotated[str, Query(max_length=36)] = "",
    from_day: Annotated[str, Query(alias="from", max_length=20)] = "",
    until_day: Annotated[str, Query(alias="until", max_length=20)] = "",
) -> Filters:
    """Read the filters of an address."""
    return Filters(text, act, subject, person, from_day, until_day)


Chosen = Annotated[Filters, Depends(read_filters)]


@router.get("/audit", response_class=HTMLResponse)
@needs(Action.SEE_AUDIT)
def show_audit(request: Request, session: ReadSession, filters: Chosen, after: After = "") -> HTMLResponse:
    """The log, the newest first."""
    actor, say = actor_of(request), say_in(request)
    page = search_audit(session, actor, filters.to_search(after))
    head, waiting = show_head(session, actor)
    query = filters.to_query()
    return render(
        request,
        "audit.html",
        here="audit",
        rows=[show_row(say, row) for row in page.items],
        filters=filters,
        filtered=any(query.values()),
        acts=sorted(((act, say(word)) for act, word in AUDIT_ACTS.items()), key=lambda each: each[1]),
        head=head,
        waiting=waiting,
        foot=make_foot("/audit", query, after, page.next_after),
    )


@router.get("/audit.{kind}")
@needs(Action.SEE_AUDIT)
async def export_log(request: Request, kind: FileKind, filters: Chosen) -> Response:
    """Everything that the search finds, as CSV or for Excel; that it was taken is written down first."""
    say, actor, now = say_in(request), actor_of(request), request.app.state.read_clock()
    return await answer_table(
        request,
        kind,
        Table(
            "audit",
            HEADS,
            lambda session: note_export(session, actor, Listed.AUDIT, filters.to_query(), now),
            lambda session: (_list_cells(say, row) for row in export_audit(session, actor, filters.to_search())),
        ),
    )


@router.get("/audit/{row_id}", response_class=HTMLResponse)
@needs(Action.SEE_AUDIT)
def show_audit_page(request: Request, session: ReadSession, row_id: str) -> HTMLResponse:
    """One row: before and after side by side."""
    say, row = say_in(request), show_audit_row(session, actor_of(request), row_id)
    keys = sorted({*row.before, *row.after})
    return render(
        request,
        "audit_row.html",
        here="audit",
        row=show_row(say, row),
        changes=[(key, say_value(row.before, key), say_value(row.after, key)) for key in keys],
        same_href=address("/audit", {"subject": f"{row.subject_kind}:{row.subject_id}"}),
    )


def show_row(say: Say, row: AuditSeen) -> dict[str, Any]:
    """Return a row as the page shows it."""
    kind = SUBJECT_KINDS.get(row.subject_kind)
    return {
        "row": row,
        "act": say(AUDIT_ACTS[row.act]) if row.act in AUDIT_ACTS else row.act,
        "kind": say(kind) if kind is not None else row.subject_kind,
        "name": row.subject_name or row.subject_id,
    }


def say_value(values: Mapping[str, Any], key: str) -> str | None:
    """Return one value as text; None where there is none."""
    if key not in values:
        return None
    value = values[key]
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _list_cells(say: Say, row: AuditSeen) -> list[Cell]:
    shown = show_row(say, row)
    return [
        row.at,
        row.person_name,
        shown["act"],
        shown["kind"],
        shown["name"],
        row.why,
        json.dumps(row.before, ensure_ascii=False) if row.before else "",
        json.dumps(row.after, ensure_ascii=False) if row.after else "",
        row.address,
        row.session_id,
        row.seq,
    ]
