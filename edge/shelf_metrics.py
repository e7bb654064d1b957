"""Figures of the shelves: what the watch notes as steps are decided, and what newest view and registers say."""

from __future__ import annotations

import threading
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from edge.core.effects import AnswerCommand, Effect, GiveFeedback, RecordFact, SendStop
from edge.core.events import Event, OperateAnswered, RingHistoryRead, SnapshotArrived
from edge.core.room import BankSettings
from edge.core.shown import BankView, KioskView
from edge.core.snapshot import UNDER_WAY
from edge.core.state import Bank
from edge.line_view import RegisterReading

CLIMATE_KINDS = ("hot", "cold", "humid", "dry")
HAZARD_KINDS = ("fire", "smoke", "water")
REFUSED = "refused."
DAY_S = 86_400
# a reading older than this tells nothing of the present
FRESH_MS = 60_000

#: Label values and number.
Reading = tuple[tuple[str, ...], float]
Readings = dict[str, list[Reading]]


def add(readings: Readings, name: str, values: Iterable[Reading]) -> None:
    """Put values into the readings."""
    readings[name] = [(labels, float(value)) for labels, value in values]


def list_refusals(effects: Sequence[Effect]) -> set[str]:
    """List the rows that one step refused by; a refusal both told and recorded is one."""
    reasons: set[str] = set()
    for effect in effects:
        if isinstance(effect, RecordFact) and effect.kind == "scan_refused":
            reasons.add(str(effect.body.get("reason", "unnamed")))
        elif isinstance(effect, AnswerCommand) and effect.result == "refused":
            reasons.add(str(effect.reason or "unnamed"))
        elif isinstance(effect, GiveFeedback):
            reasons |= {key for key in list_keys(effect.key, effect.params) if key.startswith(REFUSED)}
    return {reason.removeprefix(REFUSED) for reason in reasons}


def list_keys(key: str, params: Mapping[str, Any]) -> Iterator[str]:
    """List a sentence's key and those of the sentences inside it."""
    yield key
    for value in params.values():
        if isinstance(value, Mapping) and "key" in value:
            yield str(value["key"])


class ShelfWatch:
    """Notes stops, outcomes and since when things last. The executor writes, a scrape reads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._stops: Counter[tuple[str, str]] = Counter()
        self._outcomes: Counter[tuple[str, str]] = Counter()
        self._recalled: Counter[tuple[str]] = Counter()
        self._missed: Counter[tuple[str]] = Counter()
        self._operated_ms: dict[str, int] = {}
        self._opening_ms: dict[str, int] = {}
        self._moving_since_ms: dict[str, int] = {}
        self._open_since_ms: defaultdict[str, dict[int, int]] = defaultdict(dict)

    def note_step(self, event: Event, effects: Sequence[Effect]) -> None:
        """Note one decision."""
        with self._lock:
            if isinstance(event, OperateAnswered) and not event.reasons:
                self._operated_ms[event.bank] = event.read_mono_ms
            for effect in effects:
                if isinstance(effect, SendStop):
                    self._stops[effect.bank, effect.reason] += 1
                elif isinstance(effect, RecordFact) and effect.body.get("phase") == "outcome":
                    self._note_outcome(effect.body, event)
            if isinstance(event, SnapshotArrived):
                self._note_reading(event)
            elif isinstance(event, RingHistoryRead):
                self._recalled[event.bank,] += len(event.entries)
                self._missed[event.bank,] += event.lost

    def _note_outcome(self, body: Mapping[str, Any], event: Event) -> None:
        bank, outcome = str(body["bank"]), str(body["outcome"])
        self._outcomes[bank, outcome] += 1
        began_ms = self._operated_ms.pop(bank, None)
        ended_ms = getattr(event, "read_mono_ms", None)
        opened = body["operation"] == "open_aisle" and outcome == "done"
        if opened and began_ms is not None and ended_ms is not None:
            self._opening_ms[bank] = ended_ms - began_ms

    def _note_reading(self, event: SnapshotArrived) -> None:
        if event.snapshot.state in UNDER_WAY:
            self._moving_since_ms.setdefault(event.bank, event.read_mono_ms)
        else:
            self._moving_since_ms.pop(event.bank, None)
        before = self._open_since_ms[event.bank]
        open_aisles = event.snapshot.open_aisles
        self._open_since_ms[event.bank] = {no: before.get(no, event.read_mono_ms) for no in open_aisles}

    def read(self, banks: Sequence[BankSettings], home_aisles: Mapping[str, Sequence[int]], now_ms: int) -> Readings:
        """Read what was noted; of aisles the home one is left out, for it stands open when all is closed."""
        readings: Readings = {}
        with self._lock:
            add(readings, "openaisle_gateway_stops_total", sorted(self._stops.items()))
            add(readings, "openaisle_gateway_outcomes_total", sorted(self._outcomes.items()))
            add(readings, "openaisle_gateway_ring_recalled_total", sorted(self._recalled.items()))
            add(readings, "openaisle_gateway_ring_missed_total", sorted(self._missed.items()))
            moving = [
                ((bank.id,), (now_ms - self._moving_since_ms.get(bank.id, now_ms)) / 1000) for bank in banks
            ]  # fmt: skip
            add(readings, "openaisle_gateway_motion_seconds", moving)
            opening = [((bank,), took_ms / 1000) for bank, took_ms in sorted(self._opening_ms.items())]
            add(readings, "openaisle_gateway_opening_seconds", opening)
            stands = [
                ((bank, str(no)), (now_ms - since_ms) / 1000)
                for bank, aisles in sorted(self._open_since_ms.items())
                for no, since_ms in aisles.items()
                if no not in home_aisles.get(bank, ())
            ]
            add(readings, "openaisle_gateway_aisle_open_seconds", stands)
        limits = [((bank.id,), (bank.warning_ms + bank.travel_ms) / 1000) for bank in banks]
        add(readings, "openaisle_gateway_travel_limit_seconds", limits)
        return readings


def read_banks(banks: Mapping[str, Bank], now_ms: int) -> Readings:
    """Read how old each bank's reading is (never read: as old as the boot), and whether a stop is unconfirmed."""
    readings: Readings = {}
    ages = [((bank,), max(0, now_ms - each.read_mono_ms) / 1000) for bank, each in banks.items()]
    add(readings, "openaisle_gateway_reading_age_seconds", ages)
    unconfirmed = [((bank,), each.stop is not None and each.stop.alarm) for bank, each in banks.items()]
    add(readings, "openaisle_gateway_stop_unconfirmed", unconfirmed)
    return readings


def read_equipment(view: KioskView | None, wall_at: datetime) -> Readings:
    """Read sensors, climate, dangers, scan-alone banks and people from the newest view."""
    readings: Readings = {}
    if view is None:
        return readings
    banks = view["banks"]
    add(readings, "openaisle_gateway_sensor_blind", [each for bank in banks for each in tell_blind(bank)])
    proofs = [
        ((bank["bank"], sensor["id"]), count_days(sensor["test_due_at"], wall_at))
        for bank in banks
        for sensor in bank["sensors"]
        if sensor["test_due_at"]
    ]
    add(readings, "openaisle_gateway_proof_test_days", proofs)
    for name, key in (("temperature_celsius", "temperature_dc"), ("humidity_percent", "humidity_permille")):
        told = [((bank["bank"],), bank["climate"].get(key)) for bank in banks]
        known = [(labels, float(value) / 10) for labels, value in told if isinstance(value, int)]
        add(readings, f"openaisle_gateway_{name}", known)
    out = [((bank["bank"], kind), kind in bank["climate"]["out"]) for bank in banks for kind in CLIMATE_KINDS]
    add(readings, "openaisle_gateway_climate_out_of_band", out)
    dangers = [((bank["bank"], kind), kind in bank["hazards"]) for bank in banks for kind in HAZARD_KINDS]
    add(readings, "openaisle_gateway_hazard", dangers)
    decided = [(bank["bank"], bank["scan_alone"]) for bank in banks]
    alone = [((bank,), entry is not None and entry["active"]) for bank, entry in decided]
    add(readings, "openaisle_gateway_scan_alone", alone)
    ends = [((bank,), count_days(entry["expires_at"], wall_at)) for bank, entry in decided if entry is not None]
    add(readings, "openaisle_gateway_scan_alone_days", ends)
    people = {session["staff_code"] for session in view["sessions"]}
    add(readings, "openaisle_gateway_people_in_room", [((), len(people))])
    return readings


def tell_blind(bank: BankView) -> list[Reading]:
    """Tell for each watched aisle whether a sensor there is blind."""
    blind = {no for sensor in bank["sensors"] if sensor["state"] == "faulty" for no in sensor["aisles"]}
    watched = sorted({no for sensor in bank["sensors"] for no in sensor["aisles"]})
    return [((bank["bank"], str(no)), no in blind) for no in watched]


def count_days(instant: str, wall_at: datetime) -> float:
    """Count the days until an instant; negative when it is over."""
    return (datetime.fromisoformat(instant) - wall_at).total_seconds() / DAY_S


def read_wear(registers: Mapping[str, Sequence[RegisterReading]]) -> Readings:
    """Read cycles and motor currents by column, as far as controllers tell them."""
    readings: Readings = {}
    for name, register, divisor in (
        ("openaisle_gateway_column_cycles_total", "column_cycles", 1),
        ("openaisle_gateway_motor_current_amperes", "motor_current_ma", 1000),
    ):
        told = [
            ((bank, str(each.index or 1)), join_words(each.raw) / divisor)
            for bank, entries in registers.items()
            for each in entries
            if each.name == register
            and each.value
            and "unknown" not in each.words
            # a count stays true, a current doesn't
            and (divisor == 1 or each.age_ms < FRESH_MS)
        ]
        add(readings, name, told)
    return readings


def join_words(raw: Sequence[int]) -> int:
    """Put 16-bit words together, the higher first."""
    number = 0
    for word in raw:
        number = number << 16 | word
    return number
