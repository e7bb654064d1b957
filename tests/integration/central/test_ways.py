"""Every page that somebody may see is reached by links alone, from the home page on."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from fastapi.routing import iter_route_contexts
from sqlalchemy import update

from central.domain.organisation import UnitKind
from central.domain.people import Grant, Role
from central.domain.permissions import OPEN_TO_ALL, TABLE, Action, find_need
from central.store.rooms import RoomRow
from tests.integration.business.office import open_office
from tests.integration.central.centre import Centre, load_room
from tests.integration.central.room_files import room_file
from tests.plugins.postgres import Databases, empty_tables

LINK = re.compile(r'<a [^>]*?href="(/[^"#]*)')
#: No page for people: streams, files, what machines read, and the two doors.
NO_PAGE = re.compile(
    r"/(live|login|logout|health|metrics|docs.*|redoc|openapi.*|api/.*|static/.*)$|\.(csv|xlsx)$|^/(api|static|language)"
)
#: To everybody else nothing is ever put before.
DECIDING = set(TABLE[Action.APPROVE_MERGE]) | set(TABLE[Action.APPROVE_TEMPLATE])
#: In an address: which row of a list it is.
ROW = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}|\d+")


@pytest.fixture(scope="module")
def centre(databases: Databases) -> Iterator[Centre]:
    """One database is enough: what links a page holds doesn't depend on it."""
    engine = databases.engine("sqlite")
    empty_tables(engine)
    with open_office(engine) as centre:
        load_room(centre.tx, room_file("r01", "01"))
        with centre.tx.write() as session:
            session.execute(update(RoomRow).values(unit_id=centre.units[UnitKind.CENTRE]))
        yield centre


def list_pages(centre: Centre, roles: set[Role]) -> set[str]:
    """Addresses without a part to fill in that these roles may open."""
    found = set()
    for route in iter_route_contexts(centre.app.routes):
        need = find_need(route.endpoint)
        page = need is not None and "GET" in (route.methods or ()) and "{" not in route.path
        if page and not NO_PAGE.search(route.path) and (need in OPEN_TO_ALL or roles & set(TABLE[need])):
            found.add(route.path)
    return found


def walk(centre: Centre, login: str) -> set[str]:
    """Follow links from the home page, to one page of each kind; return every address that answered, without query."""
    client = centre.client_of(login)
    client.headers["Accept"] = "text/html"
    seen: set[str] = set()
    answered, waiting = set(), ["/"]
    while waiting:
        address = waiting.pop(0)
        path = address.split("?")[0]
        kind = ROW.sub("N", path)
        if NO_PAGE.search(path) or kind in seen:
            continue
        seen.add(kind)
        answer = client.get(address, follow_redirects=True)
        assert answer.status_code == 200, (login, address, answer.status_code)
        answered |= {path, answer.url.path}
        waiting += [each.replace("&amp;", "&") for each in LINK.findall(answer.text)]
    return answered


@pytest.mark.parametrize("roles", [*[{role} for role in Role], set(Role)], ids=lambda roles: "+".join(sorted(roles)))
def test_nothing_that_somebody_may_see_is_out_of_reach(centre: Centre, roles: set[Role]) -> None:
    login = "walker-" + "-".join(role.value[:3] for role in sorted(roles))
    centre.found_person(login, *(Grant(role, None, centre.found_unit(role)) for role in sorted(roles)))
    assert list_pages(centre, roles) - walk(centre, login) == (set() if roles & DECIDING else {"/approvals"})
