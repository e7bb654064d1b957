"""Figures of the shelves: each says what happened, counted once, and nothing is claimed that isn't measured."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from edge.core.effects import AnswerCommand, Effect, GiveFeedback, RecordFact, SendStop
from edge.core.events import Event, LinkChanged, OperateAnswered, SnapshotArrived
from edge.core.state import Bank, StopWatch
from edge.line_view import RegisterReading
from edge.shelf_metrics import Readings, ShelfWatch, list_refusals, read_banks, read_equipment, read_wear
from tests.integration.edge_rim.kiosk_views import many_banks_view
from tests.unit.edge_core.scene import make_bank, make_snapshot

NOW = datetime(2026, 11, 24, 16, tzinfo=UTC)


def outcome(result: str, operation: str = "open_aisle") -> RecordFact:
    return RecordFact("motion", {"bank": "A", "operation": operation, "phase": "outcome", "outcome": result})


def read_watch(*steps: tuple[Event, list[Effect]], now_ms: int = 0) -> dict[str, dict[tuple[str, ...], float]]:
    watch = ShelfWatch()
    for event, effects in steps:
        watch.note_step(event, effects)
    return spread(watch.read([make_bank("A")], {"A": [11]}, now_ms))


def spread(readings: Readings) -> dict[str, dict[tuple[str, ...], float]]:
    return {name.removeprefix("openaisle_gateway_"): dict(values) for name, values in readings.items()}


def see(read_mono_ms: int, open_aisles: tuple[int, ...] = (3,), **more: Any) -> tuple[Event, list[Effect]]:
    return SnapshotArrived("A", make_snapshot(open_aisles, **more), read_mono_ms), []


@pytest.mark.parametrize(
    ("effects", "reasons"),
    [
        ([RecordFact("scan_refused", {"reason": "wrong_check"})], {"wrong_check"}),
        (
            [RecordFact("scan_refused", {"reason": "refused.beam"}), GiveFeedback("scan-1", "no", "refused.beam")],
            {"beam"},
        ),
        ([GiveFeedback("kiosk-a", "look", "operation.queued", {"reason": {"key": "refused.busy"}})], {"busy"}),
        ([AnswerCommand("c1", "refused", "refused.fire")], {"fire"}),
        ([AnswerCommand("c1", "prompted"), GiveFeedback("scan-1", "ok", "scan.taken")], set()),
    ],
)
def test_refusal_is_counted_once_by_its_row(effects: list[Effect], reasons: set[str]) -> None:
    assert list_refusals(effects) == reasons


def test_stops_and_outcomes_are_counted() -> None:
    link = LinkChanged("offline")
    read = read_watch(
        (link, [SendStop("A", "button"), outcome("failed")]),
        (link, [SendStop("A", "button"), outcome("unknown")]),
        (link, [outcome("unknown", "park"), RecordFact("motion", {"phase": "intent"})]),
    )
    assert read["stops_total"] == {("A", "button"): 2}
    assert read["outcomes_total"] == {("A", "failed"): 1, ("A", "unknown"): 2}


def test_opening_time_runs_from_operate_to_the_reading_that_settled_it() -> None:
    operated = OperateAnswered("A", 1, (), 10_000)
    settled = see(22_500)[0]
    assert read_watch((operated, []), (settled, [outcome("done")]))["opening_seconds"] == {("A",): 12.5}
    assert read_watch((operated, []), (settled, [outcome("failed")]))["opening_seconds"] == {}
    assert read_watch((operated, []), (settled, [outcome("done", "park")]))["opening_seconds"] == {}
    refused = OperateAnswered("A", 1, ("moving",), 10_000)
    assert read_watch((refused, []), (settled, [outcome("done")]))["opening_seconds"] == {}


def test_motion_lasts_until_the_steel_stands() -> None:
    moving = [see(1_000, state="warning"), see(4_000, state="moving")]
    assert read_watch(*moving, now_ms=9_000)["motion_seconds"] == {("A",): 8}
    assert read_watch(*moving, see(9_500), now_ms=20_000)["motion_seconds"] == {("A",): 0}


def test_aisle_that_stands_open_is_timed_but_not_the_home_one() -> None:
    read = read_watch(see(1_000, (3, 11)), see(61_000, (3, 5, 11)), now_ms=121_000)
    assert read["aisle_open_seconds"] == {("A", "3"): 120, ("A", "5"): 60}
    closed = read_watch(see(1_000, (3,)), see(2_000, ()), see(3_000, (3,)), now_ms=4_000)
    assert closed["aisle_open_seconds"] == {("A", "3"): 1}


def test_silence_and_an_unconfirmed_stop_show() -> None:
    alarm = StopWatch("button", 0, 1_000, alarm=True)
    read = spread(read_banks({"A": Bank(read_mono_ms=4_000), "B": Bank(read_mono_ms=9_500, stop=alarm)}, 10_000))
    assert read["reading_age_seconds"] == {("A",): 6, ("B",): 0.5}
    assert read["stop_unconfirmed"] == {("A",): 0, ("B",): 1}


def test_equipment_shows_as_the_kiosk_shows_it() -> None:
    read = spread(read_equipment(many_banks_view(), NOW))
    # the blind sensor watches aisle 3 alone, the other one all of them
    assert {labels for labels, value in read["sensor_blind"].items() if value} == {("A", "3")}
    assert ("A", "11") in read["sensor_blind"]
    assert read["proof_test_days"]["A", "foot-a"] == 158
    assert read["proof_test_days"]["A", "pir-a"] == -23
    assert (read["temperature_celsius"]["B",], read["humidity_percent"]["B",]) == (26.8, 65.5)
    assert ("C",) not in read["temperature_celsius"]
    assert {labels for labels, value in read["climate_out_of_band"].items() if value} == {("B", "hot"), ("B", "humid")}
    assert {labels for labels, value in read["hazard"].items() if value} == {("E", "water")}
    assert (read["scan_alone"]["A",], read["scan_alone"]["B",]) == (1, 0)
    assert read["scan_alone_days"] == {("A",): 158}
    assert read["people_in_room"] == {(): 2}


def register(name: str, raw: tuple[int, ...], age_ms: int = 0, words: tuple[str, ...] = ()) -> RegisterReading:
    value = "" if words else str(raw[-1])
    return RegisterReading(0x0500, name, 2, value, "", words, raw, age_ms)


def test_wear_is_read_only_where_a_controller_tells_it() -> None:
    told = [register("column_cycles", (1, 5), 500_000), register("motor_current_ma", (1_350,))]
    read = spread(read_wear({"A": told, "B": [register("column_cycles", (0xFFFF, 0xFFFF), words=("unknown",))]}))
    assert read["column_cycles_total"] == {("A", "2"): 65_541}
    assert read["motor_current_amperes"] == {("A", "2"): 1.35}
    old = spread(read_wear({"A": [register("motor_current_ma", (1_350,), age_ms=90_000)]}))
    assert old["motor_current_amperes"] == {}
