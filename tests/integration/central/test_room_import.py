"""A room from its file: everything or nothing, the same file twice changes nothing, history goes before the file."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sqlalchemy import Engine, func, select

from central.domain.locations import Action, Movement, State
from central.domain.people import Role
from central.domain.refusals import Reason, Refusal
from central.domain.seeds import parse_seed
from central.services.room_import import Imported, find_changes
from central.store.feed import FeedHeadRow, FeedRowRow
from central.store.movements import add_movements, advance_locations, load_locations, rebuild_locations
from central.store.people import BadgeRow, PersonRow
from central.store.rooms import RoomRow, load_banks
from central.store.schema import metadata
from central.store.tx import Transactions
from tests.integration.central.centre import HASHER, START, load_room, person
from tests.integration.central.room_files import PIN, box_code, place_key, room_file

NOTHING = Imported(places=0, boxes=0, changed_boxes=0, staff=0, users=0)


@pytest.fixture
def tx(clean_engine: Engine) -> Transactions:
    return Transactions(clean_engine)


def read_all(tx: Transactions) -> dict[str, list[Any]]:
    with tx.read() as session:
        return {
            name: sorted(map(repr, session.execute(select(table)).all()))
            for name, table in metadata.tables.items()
            if not name.startswith("audit_")  # that it was imported is written down each time
        }


def test_a_room_is_founded_and_published(tx: Transactions) -> None:
    assert load_room(tx, room_file()) == Imported(places=34, boxes=20, changed_boxes=0, staff=1, users=3)
    with tx.read() as session:
        (bank,) = load_banks(session, "r01")
        assert (bank.aisles, bank.rail_mm) == (tuple(range(1, 12)), 6850)
        locations = load_locations(session, [box_code(1), box_code(5)])
        assert locations[box_code(1)].place_key == place_key(1)
        assert locations[box_code(5)].state is State.NOWHERE
        kinds = dict(map(tuple, session.execute(select(FeedRowRow.kind, func.count()).group_by(FeedRowRow.kind))))
        assert kinds == {"room": 1, "bank": 1, "place": 34, "box": 20, "staff": 1}
        badge = session.scalar(select(BadgeRow))
        assert badge is not None
        assert PIN not in badge.pin_hash
        assert HASHER.verify_secret(badge.pin_hash, PIN)


def test_the_same_file_again_changes_nothing(tx: Transactions) -> None:
    load_room(tx, room_file())
    before = read_all(tx)
    assert load_room(tx, room_file()) == NOTHING
    assert read_all(tx) == before


def test_a_changed_file_brings_its_changes_only(tx: Transactions) -> None:
    load_room(tx, room_file())
    with tx.read() as session:
        revision = session.scalar(select(FeedHeadRow.revision)) or 0
    changed = room_file(boxes=21)
    changed["boxes"][0]["title"] = "改过的题名"
    assert load_room(tx, changed) == Imported(places=0, boxes=1, changed_boxes=1, staff=0, users=0)
    with tx.read() as session:
        rows = session.execute(select(FeedRowRow.key).where(FeedRowRow.revision > revision)).scalars().all()
    assert set(rows) == {box_code(1), box_code(21)}


def test_facts_known_before_the_box_stand(tx: Transactions) -> None:
    """A gateway may report a box that the centre hears of later; the file must not move it back."""
    early = room_file(boxes=0)
    load_room(tx, early)
    fact = Movement("f1", "r01", box_code(1), Action.PUT_AWAY, place_key(30), "ST01000001A", START, START)
    with tx.write() as session:
        add_movements(session, [fact], START)
        advance_locations(session, [fact])
    load_room(tx, room_file())
    with tx.write() as session:
        assert load_locations(session, [box_code(1)])[box_code(1)].place_key == place_key(30)
        rebuild_locations(session)
        assert load_locations(session, [box_code(1)])[box_code(1)].place_key == place_key(30)


@pytest.mark.parametrize("fault", ["number", "moved_number", "code", "foreign_box"])
def test_a_file_at_odds_with_the_store_leaves_nothing(tx: Transactions, fault: str) -> None:
    load_room(tx, room_file())
    before = read_all(tx)
    other = room_file("r02", "02")
    if fault == "number":
        other = room_file("r02", "01", boxes=0)
        other["users"], other["staff"] = [], []
    elif fault == "moved_number":
        other = room_file("r01", "03")
    elif fault == "code":
        other = room_file()
        other["places"][0]["code"], other["places"][1]["code"] = other["places"][1]["code"], other["places"][0]["code"]
    else:
        other = room_file(boxes=21)
        with tx.write() as session:
            session.add(RoomRow(id="r09", number="09", name="别处", created_at=START))
            session.flush()
            from central.store.boxes import BoxRow

            session.add(
                BoxRow(
                    id="b",
                    room_id="r09",
                    code=box_code(21),
                    title="别处",
                    customer_no="",
                    customer_name="",
                    search_text="",
                    created_at=START,
                )
            )
        before = read_all(tx)
    with pytest.raises(Refusal) as caught:
        load_room(tx, other)
    assert caught.value.reason is Reason.BAD_SEED
    assert caught.value.details
    assert read_all(tx) == before


def test_people_of_the_file_get_their_rooms(tx: Transactions) -> None:
    load_room(tx, room_file())
    from central.store.grants import load_grants
    from central.store.people import find_person_by_login

    with tx.read() as session:
        scopes = {}
        for login in ("archivist-r01", "mender-r01", "keeper-r01"):
            found = find_person_by_login(session, login)
            assert found is not None
            scopes[login] = {(grant.role, grant.room_id) for grant in load_grants(session, found.id, START)}
        assert session.scalar(select(func.count()).select_from(PersonRow)) == 4
    assert scopes == {
        "archivist-r01": {(Role.ARCHIVIST, "r01")},
        "mender-r01": {(Role.TECHNICIAN, "r01")},
        "keeper-r01": {(Role.ADMIN, None)},
    }


@pytest.mark.parametrize("role", [Role.ARCHIVIST, Role.TECHNICIAN, Role.ADMIN])
def test_only_an_administrator_of_the_centre_may_import(tx: Transactions, role: Role) -> None:
    seed = parse_seed(json.dumps(room_file()))
    with pytest.raises(Refusal) as caught, tx.read() as session:
        find_changes(session, person(role), seed)
    assert caught.value.reason is Reason.NOT_ALLOWED
