"""The room map: banks to scale and alive, and beside them a list of the same; face, tier and box by plain links."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from typing import Annotated, Any

from anyio.to_thread import run_sync
from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from fastapi.sse import EventSourceResponse, ServerSentEvent
from sqlalchemy.orm import Session

from central.domain.people import Actor
from central.domain.permissions import Action, allows, needs
from central.domain.places import parse_place_key
from central.domain.wording import N_
from central.services.boxes import SearchBoxes, search_boxes
from central.services.gateways import list_gateways
from central.services.rooms import RoomMap, list_places, list_rooms, show_room
from central.web.answers import take_answer
from central.web.attention import list_matters
from central.web.banks import show_geometry
from central.web.equipment import EXCESSES, SIGNS, list_signs, show_climate, tell_words
from central.web.live import read_banks, stream_room
from central.web.panel import AISLE_WORDS, Chosen, show_aisle, show_columns, show_face
from central.web.render import Say, actor_of, render, say_in
from central.web.transactions import ReadSession
from central.web.words import BANK_STATES, GATEWAY_STATES, Word

router = APIRouter()

#: Hits marked on the map; a search that finds more is too wide to be seen anyway.
HITS_LIMIT = 200
LAYERS = (("", N_("State")), ("used", N_("Places in use")))

Number = Annotated[int | None, Query(ge=0, le=999)]


@router.get("/rooms", response_class=HTMLResponse)
@needs(Action.SEE_ROOMS)
def show_rooms(request: Request, session: ReadSession) -> Response:
    """The rooms to choose from; with a single one, its map at once."""
    actor = actor_of(request)
    rooms = list_rooms(session, actor)
    if len(rooms) == 1:
        return RedirectResponse(f"/rooms/{rooms[0].id}", status_code=303)
    words = gateway_words(session, actor)
    board = request.app.state.fan.board
    shown = [
        {
            "id": room.id,
            "name": room.name,
            "number": room.number,
            "gateway_word": words[room.id],
            "signs": list_room_signs(read_banks(board, room.id)),
        }
        for room in rooms
    ]
    attention = len(list_matters(session, actor, say_in(request)))
    sees_gateways = allows(actor, Action.SEE_GATEWAYS)
    return render(request, "rooms.html", here="rooms", attention=attention, rooms=shown, sees_gateways=sees_gateways)


@router.get("/rooms/{room_id}", response_class=HTMLResponse)
@needs(Action.SEE_ROOMS)
def show_map(
    request: Request,
    session: ReadSession,
    room_id: str,
    *,
    bank: Annotated[str, Query(max_length=8)] = "",
    column: Number = None,
    face: Annotated[str, Query(max_length=1)] = "",
    aisle: Number = None,
    section: Number = None,
    tier: Number = None,
    layer: Annotated[str, Query(max_length=8)] = "",
    text: Annotated[str, Query(alias="q", max_length=80)] = "",
) -> HTMLResponse:
    """The map of one room, with what was chosen on it beside it."""
    actor, say = actor_of(request), say_in(request)
    room = show_room(session, actor, room_id)
    holdings = allows(actor, Action.SEE_BOXES)
    hits, more = find_hits(session, actor, room_id, text) if text and holdings else ((), False)
    chosen = Chosen(f"/rooms/{room_id}", bank, column, face, aisle, section, tier, {"layer": layer, "q": text}, hits)
    banks = _list_banks(request, say, room, chosen, layer)
    panel_face, panel_aisle = None, None
    if face and column is not None:
        places = list_places(session, actor, room_id, bank=bank, column=column, face=face) if holdings else ()
        panel_face = show_face(say, room, chosen, places)
    elif aisle is not None:
        panel_aisle = show_aisle(say, room, chosen, next((each["view"] for each in banks if each["key"] == bank), None))
    answer = take_answer(request, f"/rooms/{room_id}")
    # Whoever may not see gateways isn't told that there never was one.
    words = gateway_words(session, actor) if allows(actor, Action.SEE_GATEWAYS) else None
    page = render(
        request,
        "map.html",
        here="rooms",
        attention=len(list_matters(session, actor, say)),
        room={"id": room_id, "name": room.room.name, "gateway_word": words[room_id] if words is not None else None},
        banks=banks,
        face=panel_face,
        aisle=panel_aisle,
        list_href=chosen.link(),
        layer=layer,
        layer_chips=[
            {"text": say(label), "href": chosen.link(layer=name), "chosen": layer == name} for name, label in LAYERS
        ],
        map_text=text,
        clear_href=chosen.link(q=""),
        hits_text=say(
            N_("%(count)s boxes marked, there are more") if more else N_("%(count)s boxes marked"), count=len(hits)
        ),
        state_words={
            state: {"tone": word.tone, "icon": word.icon, "text": say(word.text)} for state, word in BANK_STATES.items()
        },
        equipment_words=tell_words(say),
        aisle_words={state: {"tone": word.tone, "text": say(word.text)} for state, word in AISLE_WORDS.items()},
        answer=answer,
        may_propose=allows(actor, Action.PROPOSE_AISLE),
    )
    if answer is not None:
        answer.forget(page)
    return page


@router.get("/rooms/{room_id}/live", response_class=EventSourceResponse)
@needs(Action.SEE_ROOMS)
async def stream_map(request: Request, room_id: str) -> AsyncIterator[ServerSentEvent]:
    """The banks of one room as they change. The session is closed before the stream begins."""
    async with request.app.state.tx.read_async() as session:
        await run_sync(show_room, session, actor_of(request), room_id)
    async for event in stream_room(request.app.state.fan, room_id):
        yield event


def gateway_words(session: Session, actor: Actor) -> dict[str, Any]:
    """Return how the gateway of each room stands."""
    words = {gateway.room_id: GATEWAY_STATES[gateway.state] for gateway in list_gateways(session, actor)}
    return _Default(words)


class _Default(dict[str, Any]):
    """A room whose gateway nobody has seen never connected."""

    def __missing__(self, key: str) -> Any:
        return GATEWAY_STATES["never"]


def list_room_signs(banks: Mapping[str, Mapping[str, Any]]) -> list[Word]:
    """Return what stands anywhere in a room by its newest reports: dangers first, then air out of its band."""
    signs = {code for view in banks.values() for code in list_signs(view)}
    airs = [view["climate"] for view in banks.values() if isinstance(view.get("climate"), dict)]
    out = {kind for air in airs if isinstance(air.get("out"), list) for kind in air["out"]}
    return [word for table, found in ((SIGNS, signs), (EXCESSES, out)) for code, word in table.items() if code in found]


def find_hits(session: Session, actor: Actor, room_id: str, text: str) -> tuple[tuple[str, ...], bool]:
    """Return the place keys at which boxes stand that a search finds, and whether there are more."""
    page = search_boxes(session, actor, SearchBoxes(text=text, room_id=room_id, limit=HITS_LIMIT))
    return tuple(box.place_key for box in page.items if box.place_key), page.next_after is not None


def _list_banks(request: Request, say: Say, room: RoomMap, chosen: Chosen, layer: str) -> list[dict[str, Any]]:
    live = read_banks(request.app.state.fan.board, room.room.id)
    keys = [key for key in (parse_place_key(text) for text in chosen.hits) if key]
    shown = []
    for bank in room.banks:
        view = live.get(bank.key) or show_geometry(bank)
        used = {
            f"{face.column}-{face.face}": round(face.boxes / face.places, 3)
            for face in room.faces
            if face.bank == bank.key and face.places
        }
        hits = sorted({(key.column, key.face) for key in keys if key.bank == bank.key})
        shown.append(
            {
                "key": bank.key,
                "name": bank.name,
                "sections": bank.sections,
                "view": view,
                "word": BANK_STATES.get(view["state"], BANK_STATES["unknown"]),
                "as_of": _read_instant(view.get("as_of")),
                "fills": used if layer == "used" else {},
                "hits": [{"column": column, "face": face} for column, face in hits],
                "columns": show_columns(say, room, bank, chosen, view),
                "signs": [SIGNS[code] for code in list_signs(view)],
                "climate": show_climate(say, view),
            }
        )
    return shown


def _read_instant(text: object) -> datetime | None:
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return moment if moment.tzinfo else None
