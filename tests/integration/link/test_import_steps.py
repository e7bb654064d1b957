"""A room's import in steps: nothing of it before it is applied, gone on with after a stop, taken back as a whole."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, select

from central.domain.locations import Action, Movement, State
from central.domain.seeds import parse_seed
from central.jobs.room_import import drop_import, finish_imports, run_import, take_back_import
from central.services.room_import import (
    Imported,
    Progress,
    apply_import,
    begin_import,
    find_changes,
    hash_new_secrets,
    stage_next,
)
from central.store import imports
from central.store.audit import AuditRow
from central.store.feed import FeedRowRow, load_heads
from central.store.movements import add_movements, advance_locations, load_locations, rebuild_locations
from central.store.people import BadgeRow
from central.store.schema import metadata
from central.store.tx import Transactions
from tests.integration.central.centre import HASHER, START, load_room
from tests.integration.central.room_files import box_code, place_key, room_file

STAGING = {"room_imports", "room_import_places", "room_import_boxes"}
BOXES = 600


@pytest.fixture
def tx(clean_engine: Engine) -> Transactions:
    return Transactions(clean_engine)


def large_file(boxes: int) -> dict[str, Any]:
    """A room file with more boxes than places; those beyond have none yet."""
    document = room_file(boxes=20)
    document["boxes"] += [
        {
            "code": box_code(no),
            "title": f"用电档案 {no}",
            "customer_no": f"5101{no:05d}",
            "customer_name": "锦江区",
            "place_key": place_key(no) if no < 34 else None,
        }
        for no in range(21, boxes + 1)
    ]
    return document


class StoppedError(Exception):
    """The machine went dark."""


class StopAfter:
    """Reports until the step that it dies at."""

    def __init__(self, steps: int) -> None:
        self.left = steps
        self.told: list[tuple[str, Progress]] = []

    def __call__(self, what: str, progress: Progress) -> None:
        self.told.append((what, progress))
        self.left -= 1
        if self.left == 0:
            raise StoppedError


def read_all(tx: Transactions, *without: str) -> dict[str, list[Any]]:
    """Everything in the database but what is only staged."""
    with tx.read() as session:
        return {
            name: sorted(map(repr, session.execute(select(table)).all()))
            for name, table in metadata.tables.items()
            if name not in STAGING and name not in without
        }


def run(tx: Transactions, document: dict[str, Any], report: StopAfter) -> Imported:
    seed = parse_seed(json.dumps(document))
    return run_import(tx, None, seed, hasher=HASHER, read_clock=lambda: START, report=report)


def take_back(tx: Transactions) -> list[str]:
    later = START + timedelta(hours=1)
    return take_back_import(tx, None, "r01", now=later, report=lambda _what, _progress: None)


def test_a_stopped_import_has_done_nothing_and_goes_on(tx: Transactions) -> None:
    before = read_all(tx)
    with pytest.raises(StoppedError):
        run(tx, large_file(BOXES), StopAfter(3))
    assert read_all(tx) == before
    again = StopAfter(0)
    assert run(tx, large_file(BOXES), again) == Imported(34, BOXES, 0, 1, 3)
    # what was staged before the stop was not staged again
    assert [progress.done for what, progress in again.told if what == "staged"] == [500, 634]


def test_a_feed_left_behind_by_a_stop_is_brought_up(tx: Transactions) -> None:
    seed = parse_seed(json.dumps(large_file(BOXES)))
    with tx.read() as session:
        changes, secrets = find_changes(session, None, seed), hash_new_secrets(session, HASHER, seed)
    with tx.write() as session:
        progress = begin_import(session, "r01", changes, START)
    while progress.done < progress.rows:
        with tx.write() as session:
            progress = stage_next(session, progress.import_id, changes)
    with tx.write() as session:
        apply_import(session, None, seed, secrets, import_id=progress.import_id, now=START)
    with tx.read() as session:
        assert load_heads(session) == {}
    with pytest.raises(StoppedError):
        finish_imports(tx, StopAfter(1))
    finish_imports(tx, StopAfter(0))
    with tx.read() as session:
        kinds = session.scalars(select(FeedRowRow.kind)).all()
        assert (kinds.count("place"), kinds.count("box"), kinds.count("staff")) == (34, BOXES, 1)
        assert imports.list_unfinished(session) == []


def test_no_step_takes_more_than_a_chunk(tx: Transactions) -> None:
    report = StopAfter(0)
    run(tx, large_file(BOXES), report)
    steps = [progress.done for what, progress in report.told if what == "published"]
    assert steps == [250, 500, 634]


def test_an_import_can_be_given_up(tx: Transactions) -> None:
    before = read_all(tx)
    with pytest.raises(StoppedError):
        run(tx, large_file(BOXES), StopAfter(3))
    assert drop_import(tx, "r01")
    assert not drop_import(tx, "r01")
    assert read_all(tx) == before
    with tx.read() as session:
        assert session.scalars(select(imports.StagedBoxRow)).all() == []
        assert session.scalars(select(imports.StagedPlaceRow)).all() == []


def test_another_file_begins_anew(tx: Transactions) -> None:
    with pytest.raises(StoppedError):
        run(tx, large_file(BOXES), StopAfter(3))
    assert run(tx, large_file(30), StopAfter(0)).boxes == 30


def test_taken_back_all_is_as_before_but_for_history(tx: Transactions) -> None:
    load_room(tx, room_file())
    before = read_all(tx, "movements", "box_locations", "feed_rows", "feed_heads", "audit_rows", "audit_pending")
    larger = large_file(60)
    larger["boxes"][0]["title"] = "改过的题名"
    load_room(tx, larger, START + timedelta(minutes=1))
    assert take_back(tx) == []
    with tx.read() as session:
        (told,) = session.scalars(select(AuditRow).where(AuditRow.act == "room_import_reversed"))
    counts = {"places": 0, "boxes": 40, "changed_boxes": 1, "staff": 0, "users": 0}
    assert (told.subject_id, told.before, told.after, told.person_id) == ("r01", counts, {}, None)
    after = read_all(tx, "movements", "box_locations", "feed_rows", "feed_heads", "audit_rows", "audit_pending")
    assert after == before
    with tx.write() as session:
        cached = load_locations(session, [box_code(31)])[box_code(31)]
        assert (cached.state, cached.place_key) == (State.NOWHERE, None)
        rebuild_locations(session)
        assert load_locations(session, [box_code(31)])[box_code(31)] == cached
        live = session.execute(select(FeedRowRow.key, FeedRowRow.body).where(FeedRowRow.kind == "box")).all()
    assert {key for key, body in live if body is not None} == {box_code(no) for no in range(1, 21)}
    assert "改过的题名" not in "".join(body or "" for _, body in live)
    # and the same file once more
    assert load_room(tx, larger, START + timedelta(hours=2)) == Imported(0, 40, 1, 0, 0)
    with tx.read() as session:
        assert load_locations(session, [box_code(31)])[box_code(31)].place_key == place_key(31)


def test_a_founded_room_taken_back_keeps_its_steel_and_closes_its_people(tx: Transactions) -> None:
    load_room(tx, room_file())
    assert take_back(tx) == []
    with tx.read() as session:
        assert [badge.active for badge in session.scalars(select(BadgeRow))] == [False]
        rows = session.execute(select(FeedRowRow.kind).where(FeedRowRow.body.is_not(None))).scalars().all()
    assert sorted(rows) == ["bank", "room", "staff"]


def test_a_box_that_moved_keeps_the_import_where_it_is(tx: Transactions) -> None:
    load_room(tx, room_file())
    at = START + timedelta(minutes=5)
    moved = Movement("f1", "r01", box_code(1), Action.TAKE_OUT, None, "ST01000001A", at, at)
    with tx.write() as session:
        add_movements(session, [moved], at)
        advance_locations(session, [moved])
    before = read_all(tx)
    assert take_back(tx) == [f"box {box_code(1)} has moved since"]
    assert read_all(tx) == before


def test_nothing_to_take_back_is_said(tx: Transactions) -> None:
    assert take_back(tx) == ["no import of this room holds"]
