"""Pages of boxes: search with filters in the address, one box with its history, the list as a file."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import HTMLResponse
from sqlalchemy.orm import Session

from central.domain.locations import State
from central.domain.paging import Page
from central.domain.people import Actor
from central.domain.permissions import Action, allows, needs
from central.domain.places import find_aisle, parse_place_key
from central.domain.wording import N_
from central.services.boxes import (
    BoxFound,
    MovementSeen,
    SearchBoxes,
    count_boxes,
    export_boxes,
    list_box_history,
    search_boxes,
    show_box,
)
from central.services.exports import Listed, note_export
from central.services.rooms import RoomShape, list_rooms, show_shape
from central.web.answers import take_answer
from central.web.attention import list_matters
from central.web.lists import PAGE_ROWS, After, Sort, make_foot, make_heads
from central.web.places import say_place
from central.web.render import Say, actor_of, address, render, say_in
from central.web.table_files import Cell, FileKind, Table, answer_table
from central.web.transactions import ReadSession
from central.web.words import BOX_STATES, CONFLICTS, MOVEMENTS, SOURCES

router = APIRouter()

DEFAULT_SORT = "code"
#: (sort key or none, heading)
HEADS = (
    ("title", N_("Box")),
    ("customer_name", N_("Customer")),
    ("customer_no", N_("Customer number")),
    ("code", N_("Box number")),
    (None, N_("State")),
    (None, N_("Place or person")),
    (None, N_("Since")),
)

Text = Annotated[str, Query(alias="q", max_length=80)]
Room = Annotated[str, Query(alias="room", max_length=32)]


@router.get("/boxes", response_class=HTMLResponse)
@needs(Action.SEE_BOXES)
def show_boxes(
    request: Request,
    session: ReadSession,
    *,
    text: Text = "",
    room: Room = "",
    state: State | None = None,
    conflict: bool = False,
    sort: Sort = DEFAULT_SORT,
    after: After = "",
) -> HTMLResponse:
    """The list of boxes that a search finds."""
    actor, say = actor_of(request), say_in(request)
    search = SearchBoxes(
        text=text,
        room_id=room or None,
        state=state,
        conflict=conflict,
        sort=sort,
        after=after or None,
        limit=PAGE_ROWS,
    )
    page = search_boxes(session, actor, search)
    query = {
        "q": text,
        "room": room,
        "state": state.value if state else "",
        "conflict": "1" if conflict else "",
        "sort": sort if sort != DEFAULT_SORT else "",
    }
    rooms = list_rooms(session, actor)
    names = BankNames(session, actor)
    room_ids = {box.room_id for box in page.items}
    return render(
        request,
        "boxes.html",
        here="boxes",
        attention=len(list_matters(session, actor, say)),
        search_text=text,
        boxes=[show_row(say, box, names) for box in page.items],
        filtered=bool(state or room or conflict),
        count_text=_count(say, session, actor, search, page),
        state_chips=_list_state_chips(say, query),
        room_chips=_list_room_chips(say, query, room, [(each.id, each.name) for each in rooms]),
        heads=make_heads(say, "/boxes", query, HEADS, sort=sort, default=DEFAULT_SORT),
        clear_href=address("/boxes", query | {"q": ""}),
        map_href=address(f"/rooms/{room_ids.pop()}", {"q": text}) if text and len(room_ids) == 1 else None,
        foot=make_foot("/boxes", query, after, page.next_after, files=allows(actor, Action.EXPORT_BOXES)),
    )


@router.get("/boxes.{kind}")
@needs(Action.EXPORT_BOXES)
async def export_list(
    request: Request,
    kind: FileKind,
    *,
    text: Text = "",
    room: Room = "",
    state: State | None = None,
    conflict: bool = False,
    sort: Sort = DEFAULT_SORT,
) -> Response:
    """Everything that the search finds, as CSV or for Excel."""
    actor, say, now = actor_of(request), say_in(request), request.app.state.read_clock()
    search = SearchBoxes(text=text, room_id=room or None, state=state, conflict=conflict, sort=sort)
    sought = {"q": text, "room": room, "state": state.value if state else "", "conflict": conflict}

    def read_rows(session: Session) -> Iterator[list[Cell]]:
        names = BankNames(session, actor)
        return (_list_cells(say, box, names) for box in export_boxes(session, actor, search))

    table = Table(
        "boxes",
        [heading for _, heading in HEADS],
        lambda session: note_export(session, actor, Listed.BOXES, sought, now),
        read_rows,
    )
    return await answer_table(request, kind, table)


@router.get("/boxes/{box_id}", response_class=HTMLResponse)
@needs(Action.SEE_BOXES)
def show_box_page(request: Request, session: ReadSession, box_id: str, after: After = "") -> HTMLResponse:
    """One box: where it is, who had it, what may be done."""
    actor, say = actor_of(request), say_in(request)
    box = show_box(session, actor, box_id)
    history = list_box_history(session, actor, box_id, after or None)
    names = BankNames(session, actor)
    row = show_row(say, box, names)
    row["conflict"] = CONFLICTS.get(box.conflict) if box.conflict else None
    row["map_href"] = locate_on_map(box)
    row["room_name"] = names.find_room(box.room_id).room.name
    undone = {each.undo_of for each in history.items if each.undo_of}
    answer = take_answer(request, request.url.path)
    page = render(
        request,
        "box.html",
        here="boxes",
        attention=len(list_matters(session, actor, say)),
        box=row,
        answer=answer,
        may_print=allows(actor, Action.PRINT_LABEL),
        may_propose=allows(actor, Action.PROPOSE_AISLE),
        movements=[show_movement(say, each, names, undone) for each in history.items],
        with_box=False,
        next_href=address(f"/boxes/{box_id}", {"after": history.next_after}) if history.next_after else None,
    )
    if answer is not None:
        answer.forget(page)
    return page


class BankNames:
    """Names of rooms and banks, read once per page as they are needed."""

    def __init__(self, session: Session, actor: Actor) -> None:
        self._session = session
        self._actor = actor
        self._rooms: dict[str, RoomShape] = {}

    def find_room(self, room_id: str) -> RoomShape:
        """Return a room and its banks."""
        if room_id not in self._rooms:
            self._rooms[room_id] = show_shape(self._session, self._actor, room_id)
        return self._rooms[room_id]

    def banks(self, room_id: str) -> Mapping[str, str]:
        """Return the names of a room's banks by key."""
        return {bank.key: bank.name for bank in self.find_room(room_id).banks}


def show_row(say: Say, box: BoxFound, names: BankNames) -> dict[str, Any]:
    """Return a box as lists and its page show it."""
    return {
        "id": box.id,
        "title": box.title,
        "customer_name": box.customer_name,
        "customer_no": box.customer_no,
        "code": box.code,
        "word": BOX_STATES[box.state],
        "where": say_where(say, box, names),
        "since": box.since,
        "place_key": box.place_key,
    }


def say_where(say: Say, box: BoxFound, names: BankNames) -> str:
    """Return the place, the person, or that nobody knows: never "somewhere"."""
    if box.state == State.SHELVED and box.place_key:
        return say_place(say, box.place_key, names.banks(box.room_id))
    if box.state == State.IN_HAND and box.holder_code:
        return say_person(say, box.holder_name, box.holder_code)
    if box.state == State.UNKNOWN:
        return say(N_("nobody knows"))
    return say(N_("no place yet"))


def say_person(say: Say, name: str | None, code: str) -> str:
    """Return name and badge; a badge that the centre doesn't know says so."""
    if name:
        return say(N_("%(name)s (badge %(code)s)"), name=name, code=code)
    return say(N_("unknown person (badge %(code)s)"), code=code)


def show_movement(say: Say, each: MovementSeen, names: BankNames, undone: Collection[str]) -> dict[str, Any]:
    """Return one line of a history."""
    return {
        "moment": each.occurred_at,
        "word": MOVEMENTS[each.action],
        "undone": each.id in undone,
        "place": say_place(say, each.place_key, names.banks(each.room_id)) if each.place_key else None,
        "person": say_person(say, each.staff_name, each.staff_code) if each.staff_code else None,
        "source": SOURCES.get(each.source, each.source),
        "late": each.late,
    }


def locate_on_map(box: BoxFound) -> str | None:
    """Return the address of the face on which a box stands."""
    key = parse_place_key(box.place_key) if box.state == State.SHELVED and box.place_key else None
    if key is None:
        return None
    query = {"bank": key.bank, "column": key.column, "face": key.face, "section": key.section, "tier": key.tier}
    return address(f"/rooms/{box.room_id}", query | {"q": box.code})


def aisle_of(box: BoxFound) -> int | None:
    """Return the aisle from which a box is reached."""
    key = parse_place_key(box.place_key) if box.place_key else None
    return find_aisle(key) if key else None


def _list_cells(say: Say, box: BoxFound, names: BankNames) -> list[Cell]:
    texts: list[Cell] = [box.title, box.customer_name, box.customer_no, box.code, say(BOX_STATES[box.state].text)]
    return [*texts, say_where(say, box, names), box.since]


def _count(say: Say, session: Session, actor: Actor, search: SearchBoxes, page: Page[BoxFound]) -> str:
    """Say how many boxes there are: exactly where counting is cheap, else that there are more."""
    shown = len(page.items)
    if not search.text:
        counts = count_boxes(session, actor, search.room_id)
        total = counts.states.get(search.state, 0) if search.state else counts.total
        return say(N_("%(count)s boxes"), count=counts.conflicts if search.conflict else total)
    if page.next_after is not None or search.after:
        return say(N_("%(count)s shown, there are more"), count=shown)
    return say(N_("%(count)s boxes"), count=shown)


def _list_state_chips(say: Say, query: Mapping[str, str]) -> list[dict[str, Any]]:
    chosen = (query["state"], query["conflict"])
    chips = [("", "", N_("All states")), *((state, "", word.text) for state, word in BOX_STATES.items())]
    chips.append(("", "1", N_("contradicting records")))
    return [
        {
            "text": say(text),
            "href": address("/boxes", {**query, "state": state, "conflict": conflict}),
            "chosen": chosen == (state, conflict),
        }
        for state, conflict, text in chips
    ]


def _list_room_chips(
    say: Say, query: Mapping[str, str], chosen: str, rooms: list[tuple[str, str]]
) -> list[dict[str, Any]]:
    chips = [{"text": say(N_("All rooms")), "href": address("/boxes", {**query, "room": ""}), "chosen": not chosen}]
    for room_id, name in rooms:
        href = address("/boxes", {**query, "room": room_id})
        chips.append({"text": name, "href": href, "chosen": chosen == room_id})
    return chips
