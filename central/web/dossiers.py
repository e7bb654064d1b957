"""Pages of dossiers: the list with its search, one dossier with all that lies in it, contracts that end soon."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import HTMLResponse
from sqlalchemy.orm import Session

from central.domain.paging import Page
from central.domain.people import Actor
from central.domain.permissions import Action, allows, needs
from central.domain.wording import N_
from central.services.boxes import list_customer_boxes
from central.services.contracts import (
    SPANS_DAYS,
    EndingContract,
    count_ending_contracts,
    export_ending_contracts,
    list_ending_contracts,
)
from central.services.dossiers import (
    DocumentInDossier,
    DossierFound,
    SearchDossiers,
    count_dossiers,
    export_dossiers,
    list_dossier_documents,
    search_dossiers,
    show_dossier,
)
from central.services.exports import Listed, note_export
from central.store.case_names import load_case_names
from central.web.boxes import BankNames, locate_on_map, show_row
from central.web.dossier_words import CONTRACT_SPANS, DOCUMENT_MEDIA, DOSSIER_STATES
from central.web.lists import PAGE_ROWS, After, Sort, make_foot, make_heads
from central.web.render import Say, actor_of, address, language_of, render, say_in
from central.web.table_files import Cell, FileKind, Table, answer_table
from central.web.transactions import ReadSession
from central.web.words import DOCUMENT_STATES, DONE_NOTES

router = APIRouter()

DEFAULT_SORT = "customer_no"
HEADS = (
    ("customer_no", N_("Customer number")),
    ("name", N_("Customer")),
    (None, N_("Address")),
    (None, N_("Meter number")),
    (None, N_("Team")),
    (None, N_("Handler")),
    (None, N_("State")),
)
CONTRACT_SORT = "ends_on"
CONTRACT_HEADS = (
    ("contract_no", N_("Contract")),
    ("customer_no", N_("Customer number")),
    (None, N_("Customer")),
    ("ends_on", N_("Ends on")),
    (None, N_("Left")),
    (None, N_("State")),
    (None, N_("Team")),
    (None, N_("Handler")),
)
Text = Annotated[str, Query(alias="q", max_length=80)]
State = Annotated[Literal["", "open", "merged"], Query(alias="state")]
Days = Annotated[int, Query(alias="days", ge=1, le=366)]


@router.get("/dossiers", response_class=HTMLResponse)
@needs(Action.SEE_DOSSIERS)
def show_dossiers(
    request: Request,
    session: ReadSession,
    *,
    text: Text = "",
    state: State = "",
    sort: Sort = DEFAULT_SORT,
    after: After = "",
) -> HTMLResponse:
    """The list of dossiers that a search finds."""
    actor, say = actor_of(request), say_in(request)
    page = search_dossiers(session, actor, SearchDossiers(text, state or None, sort, after or None, PAGE_ROWS))
    query = {"q": text, "state": state, "sort": sort if sort != DEFAULT_SORT else ""}
    return render(
        request,
        "dossiers.html",
        here="dossiers",
        tabs=list_tabs(say, actor, "/dossiers"),
        text=text,
        state=state,
        sort=query["sort"],
        dossiers=page.items,
        states=DOSSIER_STATES,
        chips=_list_chips(say, query),
        count_text=_count(say, session, actor, page, text=text, state=state, after=after),
        filtered=bool(text or state),
        heads=make_heads(say, "/dossiers", query, HEADS, sort=sort, default=DEFAULT_SORT),
        foot=make_foot("/dossiers", query, after, page.next_after),
    )


@router.get("/dossiers.{kind}")
@needs(Action.SEE_DOSSIERS)
async def export_list(
    request: Request, kind: FileKind, *, text: Text = "", state: State = "", sort: Sort = DEFAULT_SORT
) -> Response:
    """Everything that the search finds, as CSV or for Excel; without ID numbers."""
    actor, say, now = actor_of(request), say_in(request), request.app.state.read_clock()
    command = SearchDossiers(text, state or None, sort)
    table = Table(
        "dossiers",
        [heading for _, heading in HEADS],
        lambda session: note_export(session, actor, Listed.DOSSIERS, {"q": text, "state": state}, now),
        lambda session: (_to_cells(say, each) for each in export_dossiers(session, actor, command)),
    )
    return await answer_table(request, kind, table)


@router.get("/dossiers/{dossier_id}", response_class=HTMLResponse)
@needs(Action.SEE_DOSSIERS)
def show_dossier_page(
    request: Request, session: ReadSession, dossier_id: str, after: After = "", done: str = ""
) -> HTMLResponse:
    """One dossier: its customer, cases, papers filed and cited, contracts, and where its boxes are now."""
    actor, say = actor_of(request), say_in(request)
    dossier = show_dossier(session, actor, dossier_id)
    documents = list_dossier_documents(session, actor, dossier_id, after or None, PAGE_ROWS)
    chinese = language_of(request) == "zh-CN"
    called = load_case_names(session, [each.id for each in dossier.cases])
    boxes = None
    if allows(actor, Action.SEE_BOXES):
        names = BankNames(session, actor)
        boxes = [
            show_row(say, box, names) | {"map_href": locate_on_map(box)}
            for box in list_customer_boxes(session, actor, dossier.numbers)
        ]
    return render(
        request,
        "dossier.html",
        here="dossiers",
        done=DONE_NOTES.get(done),
        dossier=dossier,
        case_words={
            each.id: (
                called[each.id].name_business(chinese=chinese),
                called[each.id].name_step(each.step or "", chinese=chinese),
            )
            for each in dossier.cases
            if each.id in called
        },
        customer=dossier.found,
        word=DOSSIER_STATES[dossier.found.state],
        documents=[_show_document(say, language_of(request), each) for each in documents.items],
        boxes=boxes,
        may_merge=allows(actor, Action.MERGE_DOSSIERS) and dossier.merged_into is None,
        next_href=address(f"/dossiers/{dossier_id}", {"after": documents.next_after}) if documents.next_after else None,
    )


@router.get("/contracts", response_class=HTMLResponse)
@needs(Action.SEE_DOSSIERS)
def show_contracts(
    request: Request,
    session: ReadSession,
    *,
    days: Days = SPANS_DAYS[0],
    sort: Sort = CONTRACT_SORT,
    after: After = "",
) -> HTMLResponse:
    """Contracts that end within 90, 60 or 30 days."""
    actor, say, now = actor_of(request), say_in(request), request.app.state.read_clock()
    page = list_ending_contracts(session, actor, now, within_days=days, sort=sort, after=after or None, limit=PAGE_ROWS)
    counts = count_ending_contracts(session, actor, now)
    query = {"days": str(days), "sort": sort if sort != CONTRACT_SORT else ""}
    return render(
        request,
        "contracts.html",
        here="dossiers",
        tabs=list_tabs(say, actor, "/contracts"),
        contracts=[_show_contract(say, each) for each in page.items],
        chips=[
            {
                "text": say(N_("within %(days)s days (%(count)s)"), days=each, count=count),
                "href": address("/contracts", query | {"days": str(each)}),
                "chosen": each == days,
            }
            for each, count in counts.items()
        ],
        heads=make_heads(say, "/contracts", query, CONTRACT_HEADS, sort=sort, default=CONTRACT_SORT),
        foot=make_foot("/contracts", query, after, page.next_after),
    )


@router.get("/contracts.{kind}")
@needs(Action.SEE_DOSSIERS)
async def export_contracts(
    request: Request, kind: FileKind, *, days: Days = SPANS_DAYS[0], sort: Sort = CONTRACT_SORT
) -> Response:
    """Contracts that end within some days, as CSV or for Excel."""
    actor, say, now = actor_of(request), say_in(request), request.app.state.read_clock()

    def list_cells(each: EndingContract) -> list[Cell]:
        names: list[Cell] = [each.contract_no, each.customer_no, each.customer_name, each.ends_on, each.days_left]
        return [*names, say(CONTRACT_SPANS[each.span_days].text), each.unit_name, each.handler_name]

    table = Table(
        "contracts",
        [head for _, head in CONTRACT_HEADS],
        lambda session: note_export(session, actor, Listed.CONTRACTS, {"days": days}, now),
        lambda session: map(list_cells, export_ending_contracts(session, actor, now, within_days=days, sort=sort)),
    )
    return await answer_table(request, kind, table)


def list_tabs(say: Say, actor: Actor, here: str) -> list[dict[str, Any]]:
    """Return the pages around dossiers that a person may open."""
    tabs = (
        ("/dossiers", N_("Dossiers"), Action.SEE_DOSSIERS),
        ("/contracts", N_("Contracts ending soon"), Action.SEE_DOSSIERS),
        ("/dossier-merges", N_("Mergings"), Action.MERGE_DOSSIERS),
        ("/imports", N_("Files of customers"), Action.IMPORT_CUSTOMERS),
    )
    return [
        {"href": href, "text": say(text), "here": href == here} for href, text, action in tabs if allows(actor, action)
    ]


def _to_cells(say: Say, each: DossierFound) -> list[Cell]:
    state = say(DOSSIER_STATES[each.state].text)
    texts = (each.customer_no, each.name, each.address, each.meter_no, each.unit_name, each.handler_name, state)
    return list(texts)


def _list_chips(say: Say, query: dict[str, str]) -> list[dict[str, Any]]:
    chips = [("", N_("All states")), *((state, word.text) for state, word in DOSSIER_STATES.items())]
    return [
        {
            "text": say(text),
            "href": address("/dossiers", query | {"state": state}),
            "chosen": query["state"] == state,
        }
        for state, text in chips
    ]


def _count(
    say: Say, session: Session, actor: Actor, page: Page[DossierFound], *, text: str, state: str, after: str
) -> str:
    """Say how many dossiers there are: exactly where counting is cheap, else that there are more."""
    shown = len(page.items)
    if not text:
        return say(N_("%(count)s dossiers"), count=count_dossiers(session, actor, state or None))
    if page.next_after is not None or after:
        return say(N_("%(count)s shown, there are more"), count=shown)
    return say(N_("%(count)s dossiers"), count=shown)


def _show_document(say: Say, language: str, each: DocumentInDossier) -> dict[str, Any]:
    return {
        "id": each.id,
        "name": each.name if language == "zh-CN" else each.name_en,
        "case_no": each.case_no,
        "medium": say(DOCUMENT_MEDIA[each.medium]),
        "pages": each.pages,
        "created_at": each.paper_created_at,
        "word": DOCUMENT_STATES[each.state],
        "cited_from": each.cited_from,
        "href": f"/documents/{each.id}" if each.opens else None,
    }


def _show_contract(say: Say, each: EndingContract) -> dict[str, Any]:
    left = each.days_left
    text = say(N_("%(days)s days left"), days=left) if left >= 0 else say(N_("ran out %(days)s days ago"), days=-left)
    return {"contract": each, "word": CONTRACT_SPANS[each.span_days], "left": text}
