"""Messages to people on their way out: found by state, way and person, taken along, sent again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from sqlalchemy.orm import Session

from central.domain.messages import CHOICE_OF, Channel, DeliveryState, word_note
from central.domain.permissions import Action, allows, needs
from central.domain.wording import N_
from central.services.channels import DeliverySeen, SearchDeliveries, export_sendings, list_sendings, send_again
from central.services.exports import Listed, note_export
from central.store.calendars import load_calendar
from central.store.claims import count_rows
from central.store.urges import DeliveryRow
from central.web.lists import PAGE_ROWS, After, Sort, make_foot, make_heads
from central.web.render import actor_of, address, language_of, render, say_in
from central.web.table_files import Cell, FileKind, Table, answer_table
from central.web.time_words import CHANNELS, CHOICES, DELIVERY_STATES, TIME_NOTES
from central.web.transactions import ReadSession, WriteSession

router = APIRouter()

DEFAULT_SORT = "newest"
#: (sort key or none, text)
HEADS = (
    ("person", N_("To")),
    (None, N_("Way out")),
    (None, N_("Message")),
    (None, N_("State")),
    (None, N_("Tries")),
    (None, N_("Last trouble")),
    ("when", N_("When")),
)


@dataclass(frozen=True, slots=True)
class Filters:
    """What is looked for, as it stands in the address."""

    state: DeliveryState | None
    channel: Channel | None
    person: str

    def to_search(self, sort: str, after: str = "") -> SearchDeliveries:
        """Return the search."""
        return SearchDeliveries(self.state, self.channel, self.person, sort, after or None, PAGE_ROWS)

    def to_query(self) -> dict[str, str]:
        """Return the part of the address that says the same."""
        return {"state": self.state or "", "channel": self.channel or "", "q": self.person}


def read_filters(
    *,
    state: DeliveryState | None = None,
    channel: Channel | None = None,
    person: Annotated[str, Query(alias="q", max_length=80)] = "",
) -> Filters:
    """Read the filters of an address."""
    return Filters(state, channel, person)


Chosen = Annotated[Filters, Depends(read_filters)]


@router.get("/deliveries", response_class=HTMLResponse)
@needs(Action.SEE_MESSAGES)
def show_deliveries(
    request: Request,
    session: ReadSession,
    filters: Chosen,
    *,
    sort: Sort = DEFAULT_SORT,
    after: After = "",
    done: str = "",
) -> HTMLResponse:
    """Messages on their way out, the newest first."""
    say, counts = say_in(request), count_rows(session, DeliveryRow)
    page, show = list_sendings(session, filters.to_search(sort, after)), _show_in(request, session)
    query = filters.to_query() | {"sort": sort if sort != DEFAULT_SORT else ""}
    ways = [("", say(N_("every way"))), *((each.value, say(text)) for each, text in CHANNELS.items())]
    return render(
        request,
        "deliveries.html",
        here="deliveries",
        done=TIME_NOTES.get(done),
        filters=filters,
        filtered=any(filters.to_query().values()),
        sort=query["sort"],
        states=[
            {
                "count": counts.get(each.value, 0),
                "word": word,
                "chosen": each is filters.state,
                "href": address("/deliveries", query | {"state": "" if each is filters.state else each.value}),
            }
            for each, word in DELIVERY_STATES.items()
        ],
        chips=[
            {
                "text": text,
                "href": address("/deliveries", query | {"channel": way}),
                "chosen": query["channel"] == way,
            }
            for way, text in ways
        ],
        clear_href=address("/deliveries", query | {"q": ""}),
        may_send=allows(actor_of(request), Action.EDIT_MESSAGES),
        rows=[show(each) for each in page.items],
        heads=make_heads(
            say, "/deliveries", query, HEADS, sort=sort, default=DEFAULT_SORT, falling="when", numbers={N_("Tries")}
        ),
        foot=make_foot("/deliveries", query, after, page.next_after),
    )


@router.get("/deliveries.{kind}")
@needs(Action.SEE_MESSAGES)
async def export_list(request: Request, kind: FileKind, filters: Chosen, sort: Sort = DEFAULT_SORT) -> Response:
    """Messages on their way out, as CSV or for Excel."""
    actor, say, now = actor_of(request), say_in(request), request.app.state.read_clock()

    def list_cells(row: dict[str, Any]) -> list[Cell]:
        state = say(row["word"].text)
        return [row["person"], row["channel"], row["text"], state, row["attempts"], row["last_error"], row["at"]]

    table = Table(
        "messages",
        [head for _, head in HEADS],
        lambda session: note_export(session, actor, Listed.DELIVERIES, filters.to_query(), now),
        lambda session: map(
            list_cells, map(_show_in(request, session), export_sendings(session, filters.to_search(sort)))
        ),
    )
    return await answer_table(request, kind, table)


@router.post("/deliveries/{delivery_id}/again")
@needs(Action.EDIT_MESSAGES)
def send_delivery_again(request: Request, session: WriteSession, delivery_id: str) -> Response:
    """Queue a message again that was given up."""
    send_again(session, actor_of(request), delivery_id, request.app.state.read_clock())
    return RedirectResponse("/deliveries?state=dead&done=again", status_code=303)


def _show_in(request: Request, session: Session) -> Callable[[DeliverySeen], dict[str, Any]]:
    """Return what shows one delivery; whoever looks after the ways out need not know whose case it is."""
    say, calendar, chinese = say_in(request), load_calendar(session), language_of(request) == "zh-CN"
    sees_cases = allows(actor_of(request), Action.SEE_CASES)

    def show(each: DeliverySeen) -> dict[str, Any]:
        text = word_note(each.kind, each.facts, calendar, say, chinese=chinese) if sees_cases else ""
        return {
            "id": each.id,
            "person": each.person,
            "channel": say(CHANNELS[Channel(each.channel)]),
            "text": text or say(CHOICES[CHOICE_OF.get(each.kind, each.kind)]),
            "word": DELIVERY_STATES[DeliveryState(each.state)],
            "attempts": each.attempts,
            "last_error": each.last_error,
            "at": each.sent_at or each.next_try_at,
            "dead": each.state == DeliveryState.DEAD,
        }

    return show
