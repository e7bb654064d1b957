"""The simulated marketing system: the same seed does the same business, and honours the gate."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

from simulators.marketing_cases import STEPS, Courier, CourierFaults, MarketingOffice, Stage

START = datetime(2026, 11, 2, tzinfo=UTC)


def run_office(seed: int, days: int = 20) -> tuple[MarketingOffice, list[dict[str, Any]]]:
    """Let every gate open at once."""
    office = MarketingOffice(seed, START)
    events: list[dict[str, Any]] = []
    for hour in range(24 * days):
        now = START + timedelta(hours=hour)
        events += office.work(now)
        for case in office.list_at_gate():
            events += office.pass_gate(case, now)
    return office, events


def test_the_same_seed_tells_the_same_news() -> None:
    assert run_office(3, days=4)[1] == run_office(3, days=4)[1]
    assert run_office(3, days=4)[1] != run_office(4, days=4)[1]


def test_cases_walk_through_their_steps_in_order() -> None:
    office, events = run_office(1)
    assert len({event["id"] for event in events}) == len(events)
    done: dict[str, list[str]] = {}
    for event in events:
        if event["type"].endswith("step_completed"):
            done.setdefault(event["data"]["case_no"], []).append(event["data"]["step"])
    for case in office.cases:
        assert tuple(done.get(case.number, ())) == STEPS[case.business][: len(done.get(case.number, ()))]
    assert sum(case.stage is Stage.CLOSED for case in office.cases) > 50
    kinds = Counter(event["type"].rpartition(".")[2] for event in events)
    assert min(kinds[kind] for kind in ("case_paused", "case_resumed", "contract_signed", "case_closed")) > 10
    assert {len(case.customers) for case in office.cases} > {1}


def test_a_closed_gate_holds_its_case() -> None:
    office = MarketingOffice(1, START)
    list(office.work(START + timedelta(days=20)))
    assert office.cases
    assert {case.position for case in office.cases} == {0}


def test_times_never_run_backwards_for_one_case() -> None:
    _, events = run_office(2)
    by_case: dict[str, list[str]] = {}
    for event in events:
        if "case_no" in event["data"]:
            by_case.setdefault(event["data"]["case_no"], []).append(event["time"])
    for times in by_case.values():
        assert all(earlier <= later for earlier, later in pairwise(times))


def test_a_bad_courier_loses_nothing() -> None:
    _, events = run_office(5, days=5)
    courier = Courier(CourierFaults(twice=0.2, late=0.3, nonsense=0.1), seed=9)
    sent: list[dict[str, Any]] = []
    for first in range(0, len(events), 7):
        sent += courier.pack(events[first : first + 7], last=first + 7 >= len(events))
    assert min(courier.counts.values()) > 10
    good = [event["id"] for event in sent if not event["id"].endswith("-x")]
    assert set(good) == {event["id"] for event in events}
    assert good != [event["id"] for event in events]
