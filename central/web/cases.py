"""Pages of cases: search with filters in the address, one case as a whole, the list as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import HTMLResponse

from central.domain.cases import Standing
from central.domain.clocks import Band
from central.domain.permissions import Action, needs
from central.domain.wording import N_
from central.services.cases import (
    COUNT_LIMIT,
    CaseFound,
    SearchCases,
    count_found,
    export_cases,
    note_export,
    search_cases,
)
from central.web.case_words import BANDS, STANDINGS, pick_name, say_left
from central.web.moments import say_instant
from central.web.render import Say, actor_of, address, language_of, render, say_in
from central.web.transactions import ReadSession, WriteSession

router = APIRouter()

PAGE_ROWS = 50
HEADS = (
    N_("Case"),
    N_("Business"),
    N_("Customer"),
    N_("Step at hand"),
    N_("Due"),
    N_("State"),
    N_("Handler"),
    N_("Team"),
    N_("Opened"),
)
#: Spreadsheets run a cell that begins like this as a formula.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class Filters:
    """What is looked for, as it stands in the address."""

    text: str
    band: Band | None
    standing: Standing | None
    odd: bool

    def to_search(self, after: str = "") -> SearchCases:
        """Return the search."""
        return SearchCases(self.text.strip(), self.band, self.standing, self.odd, after or None, PAGE_ROWS)

    def to_query(self) -> dict[str, str]:
        """Return the part of the address that says the same."""
        return {
            "q": self.text,
            "band": self.band or "",
            "state": self.standing or "",
            "odd": "1" if self.odd else "",
        }


def read_filters(
    *,
    text: Annotated[str, Query(alias="q", max_length=80)] = "",
    band: Band | None = None,
    standing: Annotated[Standing | None, Query(alias="state")] = None,
    odd: bool = False,
) -> Filters:
    """Read the filters of an address."""
    return Filters(text, band, standing, odd)


Chosen = Annotated[Filters, Depends(read_filters)]


@router.get("/cases", response_class=HTMLResponse)
@needs(Action.SEE_CASES)
def show_cases(
    request: Request, session: ReadSession, filters: Chosen, after: Annotated[str, Query(max_length=600)] = ""
) -> HTMLResponse:
    """The list of cases that a search finds."""
    actor, say, now = actor_of(request), say_in(request), request.app.state.read_clock()
    page = search_cases(session, actor, filters.to_search(after), now)
    count = count_found(session, actor, filters.to_search(), now)
    query = filters.to_query()
    return render(
        request,
        "cases.html",
        here="cases",
        filters=filters,
        filtered=any(query.values()),
        cases=[show_row(request, case) for case in page.items],
        count_text=say(N_("more than %(count)s cases"), count=COUNT_LIMIT)
        if count >= COUNT_LIMIT
        else say(N_("%(count)s cases"), count=count),
        chips=_list_chips(say, query),
        clear_href=address("/cases", query | {"q": ""}),
        export_href=address("/cases.csv", query),
        first_href=address("/cases", query) if after else None,
        next_href=address("/cases", query | {"after": page.next_after}) if page.next_after else None,
    )


@router.get("/cases.csv")
@needs(Action.SEE_CASES)
def export_list(request: Request, session: WriteSession, filters: Chosen) -> Response:
    """Everything that the search finds, for a spreadsheet."""
    actor, now = actor_of(request), request.app.state.read_clock()
    note_export(session, actor, filters.to_search(), now)
    session.flush()
    # Excel takes UTF-8 for what it is only by the mark at its head.
    body = "".join(_write_csv(request, export_cases(session, actor, filters.to_search(), now))).encode("utf-8-sig")
    headers = {"Content-Disposition": 'attachment; filename="cases.csv"', "Cache-Control": "no-store"}
    return Response(body, media_type="text/csv; charset=utf-8", headers=headers)


def show_row(request: Request, case: CaseFound) -> dict[str, Any]:
    """Return a case as the list shows it."""
    say, language, now = say_in(request), language_of(request), request.app.state.read_clock()
    step = case.urgent
    due = step.due_at if step is not None else None
    return {
        "case": case,
        "business": pick_name(language, case.business_name, case.business_name_en),
        "customer": case.customers[0] if case.customers else ("", ""),
        "others": max(len(case.customers) - 1, 0),
        "step": pick_name(language, step.name, step.name_en) if step is not None else "",
        "band": BANDS[step.band] if step is not None and due is not None else None,
        "left": say_left(say, due, now, language) if due is not None else "",
        "due_at": due,
        "word": STANDINGS[case.standing],
    }


def _list_chips(say: Say, query: dict[str, str]) -> list[list[dict[str, Any]]]:
    """Return the rows of filters: by band, by state, and the contradictory ones."""
    bands = [("", say(N_("any time limit"))), *((key, say(word.text)) for key, word in reversed(BANDS.items()))]
    standings = [("", say(N_("any state"))), *((key, say(word.text)) for key, word in STANDINGS.items())]
    odd = [("1", say(N_("contradictory news")))]
    return [
        [
            {
                "text": text,
                "href": address("/cases", query | {name: "" if name == "odd" and query["odd"] else key}),
                "chosen": query[name] == key,
            }
            for key, text in options
        ]
        for name, options in (("band", bands), ("state", standings), ("odd", odd))
    ]


def _write_csv(request: Request, cases: Iterator[CaseFound]) -> Iterator[str]:
    say = say_in(request)
    yield _write_line([say(heading) for heading in HEADS])
    for case in cases:
        row = show_row(request, case)
        customers = "; ".join(f"{number} {name}".strip() for number, name in case.customers)
        yield _write_line(
            [
                case.case_no,
                row["business"],
                customers,
                row["step"],
                say_instant(row["due_at"]) if row["due_at"] else "",
                say(row["word"].text),
                case.handler_name,
                case.unit_name,
                say_instant(case.opened_at) if case.opened_at else "",
            ]
        )


def _write_line(cells: list[str]) -> str:
    line = io.StringIO()
    csv.writer(line).writerow([f"'{cell}" if cell.startswith(FORMULA_STARTS) else cell for cell in cells])
    return line.getvalue()
