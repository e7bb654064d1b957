"""The six reminders by role and scope: each appears and goes away by its own rule, in lists, counts and the top bar."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import date

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, select, update
from sqlalchemy.orm import Session

from central.domain.messages import DeliveryState
from central.domain.organisation import UnitKind
from central.domain.people import Actor, Role
from central.domain.reminders import ReminderKind
from central.services.messages import tell_urges
from central.services.reminders import SearchReminders, count_all_reminders, list_reminders, search_reminders
from central.services.sweeps import sweep_due
from central.settings import MessageSettings
from central.store.audit import AuditRow
from central.store.customers import ContractRow
from central.store.documents import DocumentRow, TaskRow
from central.store.grants import load_grants
from central.store.movements import BoxLocationRow
from central.store.urges import ChannelRow, DeliveryRow
from tests.integration.business.timed import HOUR, House
from tests.integration.central.centre import START, Centre, load_room, open_centre
from tests.integration.central.room_files import room_file

ROLES = (Role.HANDLER, Role.COLLECTOR, Role.TEAM_LEADER, Role.CENTRE_MANAGER)


@pytest.fixture
def centre(clean_engine: Engine) -> Iterator[Centre]:
    with open_centre(clean_engine) as centre:
        load_room(centre.tx, room_file("r01", "01"))
        yield centre


@pytest.fixture
def clients(centre: Centre) -> dict[Role, TestClient]:
    return {role: centre.client(role) for role in (*ROLES, Role.ARCHIVIST)}


def fill(centre: Centre) -> House:
    """Let one thing of each kind wait in the team of the test's people."""
    people = {role.value: centre.people[role.value.replace("_", "-")] for role in ROLES}
    house = House(centre.tx, people, {kind.value: id_ for kind, id_ in centre.units.items()})
    assert UnitKind.TEAM.value in house.units
    with centre.tx.write() as session:
        case = house.add_case(session)
        task = house.add_task(session, case, "A", START + HOUR)
        house.add_task(session, case, "B", START - HOUR, "to_send")
        house.add_document(session, task, "TITLE", START - HOUR, "reviewed")
        house.add_document(session, task, "DUE", START + HOUR)
        house.add_step(session, case, "C", START + HOUR)
        house.add_step(session, case, "D", START + 99 * HOUR)
        house.add_contract(session, "HT-1", date(2027, 1, 10))
        house.add_contract(session, "HT-2", date(2027, 12, 10))
    return house


def count(session: Session, person_id: str) -> dict[str, int]:
    actor = Actor(person_id=person_id, name="", login="", grants=load_grants(session, person_id, START))
    counts = count_all_reminders(session, actor, START)
    lists = list_reminders(session, actor, START, 50)
    assert {each.kind: each.count for each in lists} == counts.kinds
    assert all(len(each.first) == min(50, each.count) for each in lists)
    return {kind.value: number for kind, number in counts.kinds.items()}


def test_each_waits_for_its_own_people_and_goes_away(centre: Centre, clients: dict[Role, TestClient]) -> None:
    house = fill(centre)
    stranger = centre.found_person("stranger")
    with centre.tx.read() as session:
        handler = {"to_add": 1, "to_send": 1, "contract": 1, "limit": 1}
        assert count(session, house.people["handler"]) == handler
        assert count(session, house.people["collector"]) == {"to_transfer": 1}
        assert count(session, house.people["team_leader"]) == {"contract": 1, "limit": 1}
        assert count(session, house.people["centre_manager"]) == {}
        assert count(session, stranger) == {}
    with centre.tx.write() as session:
        session.execute(update(TaskRow).values(state="sent"))
        session.execute(update(DocumentRow).values(state="accepted"))
        session.execute(update(ContractRow).values(ended_on=date(2026, 11, 1)))
    with centre.tx.read() as session:
        assert count(session, house.people["handler"]) == dict.fromkeys(handler, 0) | {"limit": 1}
        assert count(session, house.people["collector"]) == {"to_transfer": 0}
    assert clients


def test_each_list_as_a_whole_holds_every_thing_once(centre: Centre, clients: dict[Role, TestClient]) -> None:
    """Three things of each kind, all due at the same moment, read one by one in every order."""
    house = fill(centre)
    with centre.tx.write() as session:
        for number in ("9001", "9002"):
            case = house.add_case(session, number)
            house.add_document(session, house.add_task(session, case, "A", START + HOUR), "TITLE", START, "reviewed")
            house.add_task(session, case, "B", START - HOUR, "to_send")
            house.add_step(session, case, "C", START + HOUR)
            house.add_contract(session, f"HT-{number}", date(2027, 1, 10))
    for login, kinds in (("handler", ("to_add", "to_send", "contract", "limit")), ("collector", ("to_transfer",))):
        person = house.people[login]
        with centre.tx.read() as session:
            actor = Actor(person_id=person, name="", login="", grants=load_grants(session, person, START))
            for kind in map(ReminderKind, kinds):
                for sort in ("due", "-due", "number", "-number", "handler"):
                    found: list[str] = []
                    after: str | None = None
                    while len(found) < 9:
                        search = SearchReminders(kind, sort, after, 1)
                        page = search_reminders(session, actor, search, START)
                        found += [each.number for each in page.items]
                        after = page.next_after
                        if after is None:
                            break
                    assert len(set(found)) == len(found) == 3, (kind, sort, found)
                    if sort.endswith("number"):
                        assert found == sorted(found, reverse=sort.startswith("-"))
    handler = clients[Role.HANDLER]
    text = handler.get("/reminders/to_add?sort=number", headers={"Accept": "text/html"}).text
    assert [text.find(each) > 0 for each in ("8001", "9001", "9002", "/reminders/to_add.xlsx?sort=number")] == [
        True
    ] * 4
    lines = handler.get("/reminders/contract.csv").content.decode("utf-8-sig").splitlines()
    assert len(lines) == 4
    assert "2027-01-10" in lines[1]
    assert handler.get("/reminders/to_transfer").status_code == 404
    assert handler.get("/reminders/nonsense").status_code == 422
    with centre.tx.read() as session:
        assert session.scalar(select(AuditRow.after).where(AuditRow.act == "reminders_exported")) == {
            "kind": "contract"
        }


def test_a_box_is_to_be_shelved_until_it_was_scanned_into_a_place(centre: Centre) -> None:
    archivist = centre.client(Role.ARCHIVIST)

    def read_figure() -> int:
        page = archivist.get("/reminders", headers={"Accept": "text/html"})
        shown = re.search(r'data-reminder="to_shelve">(\d+)<', page.text)
        assert shown is not None, page.text
        return int(shown[1])

    nowhere = BoxLocationRow.state == "nowhere"
    with centre.tx.write() as session:
        session.execute(update(BoxLocationRow).values(state="shelved"))
        waiting = session.scalars(select(BoxLocationRow)).all()[:3]
        for row in waiting:
            row.state = "nowhere"
        code = waiting[0].box_code
    assert read_figure() == 3
    with centre.tx.write() as session:
        session.execute(update(BoxLocationRow).where(nowhere, BoxLocationRow.box_code == code).values(state="shelved"))
    assert read_figure() == 2


def test_the_page_and_the_bar_and_the_stream_say_the_same(centre: Centre, clients: dict[Role, TestClient]) -> None:
    house = fill(centre)
    with centre.tx.write() as session:
        session.add(
            ChannelRow(
                person_id=house.people["handler"],
                channel="mail",
                address="li@example.cn",
                kinds=["send"],
                changed_at=START,
            )
        )
    with centre.tx.write() as session:
        sweep_due(session, START)
        assert tell_urges(session, MessageSettings().to_hours(), START).messages == 7
    page = clients[Role.HANDLER].get("/reminders", headers={"Accept": "text/html", "Accept-Language": "en"})
    assert page.status_code == 200
    bar = re.search(r'is-reminders has-some".*?<b>(\d+)</b>', page.text)
    assert bar is not None
    assert bar[1] == "4"
    assert "waits to go out" in page.text
    assert "only here" in page.text
    assert clients[Role.HANDLER].post("/reminders/messages/read").status_code == 303
    with clients[Role.HANDLER].stream("GET", "/reminders/live") as stream:
        lines = stream.iter_lines()
        assert next(lines) == "event: reminders"
        told = json.loads(next(lines).removeprefix("data: "))
    assert told == {"total": 4, "kinds": {"to_add": 1, "to_send": 1, "contract": 1, "limit": 1}}


def test_a_given_up_message_is_seen_and_sent_again_by_an_admin(centre: Centre, clients: dict[Role, TestClient]) -> None:
    house = fill(centre)
    with centre.tx.write() as session:
        session.add(
            ChannelRow(person_id=house.people["handler"], channel="mail", address="x", kinds=["send"], changed_at=START)
        )
        session.flush()
        sweep_due(session, START)
        tell_urges(session, MessageSettings().to_hours(), START)
        session.execute(update(DeliveryRow).values(state="dead", last_error="451 come back later"))
        delivery_id = session.scalars(select(DeliveryRow.id)).first()
    admin = centre.client(Role.ADMIN)
    page = admin.get("/deliveries?state=dead", headers={"Accept": "text/html", "Accept-Language": "en"})
    assert "451 come back later" in page.text
    # an admin looks after ways, not after cases
    assert "Papers of a step not scanned and sent" in page.text
    assert "8001" not in page.text
    assert admin.post(f"/deliveries/{delivery_id}/again").status_code == 303
    assert admin.post(f"/deliveries/{delivery_id}/again").status_code == 404
    with centre.tx.read() as session:
        assert session.get_one(DeliveryRow, delivery_id).state == DeliveryState.QUEUED
    assert clients[Role.HANDLER].post(f"/deliveries/{delivery_id}/again").status_code == 403
