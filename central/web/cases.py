"""Pages of cases: search with filters in the address, one case as a whole, the list as a file."""

from __future__ import annotations

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
    search_cases,
)
from central.services.exports import Listed, note_export
from central.web.case_words import BANDS, STANDINGS, pick_name, say_left
from central.web.lists import PAGE_ROWS, After, Sort, make_foot, make_heads
from central.web.render import Say, actor_of, address, language_of, render, say_in
from central.web.table_files import Cell, FileKind, Table, answer_table
from central.web.transactions import ReadSession

router = APIRouter()

DEFAULT_SORT = "known"
HEADS = (
    N_("Case"),
    N_("Business"),
    N_("Title"),
    N_("Customer"),
    N_("Step at hand"),
    N_("Due"),
    N_("State"),
    N_("Handler"),
    N_("Team"),
    N_("Opened"),
)
#: (sort key or none, text) of the page, where title stands below business and team below handler.
PAGE_HEADS = (
    ("case_no", N_("Case")),
    (None, N_("Business")),
    (None, N_("Customer")),
    (None, N_("Step at hand")),
    ("due", N_("Due")),
    (None, N_("State")),
    (None, N_("Handler")),
    ("opened", N_("Opened")),
)


@dataclass(frozen=True, slots=True)
class Filters:
    """What is looked for, as it stands in the address."""

    text: str
    band: Band | None
    standing: Standing | None
    odd: bool

    def to_search(self, sort: str = DEFAULT_SORT, after: str = "") -> SearchCases:
        """Return the search."""
        return SearchCases(self.text.strip(), self.band, self.standing, self.odd, sort, after or None, PAGE_ROWS)

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
    request: Request, session: ReadSession, filters: Chosen, *, sort: Sort = DEFAULT_SORT, after: After = ""
) -> HTMLResponse:
    """The list of cases that a search finds."""
    actor, say, now = actor_of(request), say_in(request), request.app.state.read_clock()
    page = search_cases(session, actor, filters.to_search(sort, after), now)
    count = count_found(session, actor, filters.to_search(), now)
    filtered = any(filters.to_query().values())
    query = filters.to_query() | {"sort": sort if sort != DEFAULT_SORT else ""}
    return render(
        request,
        "cases.html",
        here="cases",
        filters=filters,
        filtered=filtered,
        sort=query["sort"],
        cases=[show_row(request, case) for case in page.items],
        count_text=say(N_("more than %(count)s cases"), count=COUNT_LIMIT)
        if count >= COUNT_LIMIT
        else say(N_("%(count)s cases"), count=count),
        chips=_list_chips(say, query),
        clear_href=address("/cases", query | {"q": ""}),
        heads=make_heads(say, "/cases", query, PAGE_HEADS, sort=sort, default=DEFAULT_SORT, falling="opened"),
        foot=make_foot("/cases", query, after, page.next_after),
    )


@router.get("/cases.{kind}")
@needs(Action.SEE_CASES)
async def export_list(request: Request, kind: FileKind, filters: Chosen, sort: Sort = DEFAULT_SORT) -> Response:
    """Everything that the search finds, as CSV or for Excel."""
    actor, now = actor_of(request), request.app.state.read_clock()
    return await answer_table(
        request,
        kind,
        Table(
            "cases",
            HEADS,
            lambda session: note_export(session, actor, Listed.CASES, filters.to_query(), now),
            lambda session: (
                _list_cells(request, case) for case in export_cases(session, actor, filters.to_search(sort), now)
            ),
        ),
    )


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


def _list_cells(request: Request, case: CaseFound) -> list[Cell]:
    row = show_row(request, case)
    customers = "; ".join(f"{number} {name}".strip() for number, name in case.customers)
    state = say_in(request)(row["word"].text)
    texts: list[Cell] = [case.case_no, row["business"], case.title, customers, row["step"], row["due_at"], state]
    return [*texts, case.handler_name, case.unit_name, case.opened_at]
