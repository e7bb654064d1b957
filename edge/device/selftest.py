"""The self-test of a bank: judged from what was read anyway. It asks nothing of the bus and writes nothing, ever."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from edge.line_view import LineCounts, RegisterReading, RoundTrips
from edge.ports import LineWatch

Verdict = Literal["good", "bad", "open"]
MOTION_FRESH_MS = 1_000
DETAIL_FRESH_MS = 60_000
REPLY_LIMIT_MS = 60.0
FAULTS_MOST_PERMILLE = 10
BLOCKS = (("motion", MOTION_FRESH_MS), ("detail", DETAIL_FRESH_MS))


@dataclass(frozen=True, slots=True)
class Check:
    """One question, its verdict, and the numbers behind it."""

    name: str  # pages word it
    verdict: Verdict
    detail: str


def run_checks(line: LineWatch, sheet: Mapping[str, Any], map_hash: int) -> list[Check]:
    """Judge everything that can be judged without asking."""
    bank = str(sheet["bank"])
    readings = line.read_registers(bank)
    found = {reading.name: reading for reading in readings if reading.index <= 1}
    return [
        *check_identity(found, sheet, map_hash),
        *check_freshness(readings),
        check_round_trips(line.list_round_trips(bank)),
        check_line(line.counts()),
    ]


def check_identity(found: Mapping[str, RegisterReading], sheet: Mapping[str, Any], map_hash: int) -> list[Check]:
    """Judge who answers: texts, map, geometry, and whether it is still the same start."""
    texts = [found[name].value for name in ("maker", "model", "serial_number", "firmware_version") if name in found]
    told = " · ".join(text for text in texts if text)
    return [
        Check("identity", "good" if "map_hash" in found else "open", told),
        compare("map", found.get("map_hash"), f"{map_hash:08X}"),
        compare("geometry", found.get("geometry_hash"), str(sheet["geometry_hash"])),
        compare("boot", found.get("boot_id_low"), low_half(found.get("boot_id"))),
    ]


def low_half(reading: RegisterReading | None) -> str:
    """Give the lower four digits of a number of eight."""
    return reading.value[-4:] if reading is not None else ""


def compare(name: str, reading: RegisterReading | None, wanted: str) -> Check:
    """Judge a reading against what it must be."""
    if reading is None or not wanted:
        return Check(name, "open", "")
    same = reading.value == wanted
    return Check(name, "good" if same else "bad", wanted if same else f"{reading.value} ≠ {wanted}")


def check_freshness(readings: Sequence[RegisterReading]) -> list[Check]:
    """Judge whether the blocks are read back."""
    checks = []
    for block, limit_ms in BLOCKS:
        ages = [reading.age_ms for reading in readings if reading.block == block]
        verdict: Verdict = "open" if not ages else "good" if max(ages) <= limit_ms else "bad"
        checks.append(Check(block, verdict, f"{max(ages)} ms ≤ {limit_ms} ms" if ages else ""))
    return checks


def check_round_trips(trips: Sequence[RoundTrips]) -> Check:
    """Judge how long answers take against the time a session waits for one to begin."""
    name = "round_trip"
    if not trips:
        return Check(name, "open", "")
    worst = max(trips, key=lambda each: each.p95_ms)
    detail = f"{worst.what}: p50 {worst.median_ms:.0f} ms, p95 {worst.p95_ms:.0f} ms"
    # an answer's own bytes come on top of the wait for its first one
    return Check(name, "good" if worst.p95_ms <= 2 * REPLY_LIMIT_MS else "bad", detail)


def check_line(counts: LineCounts) -> Check:
    """Judge how clean the line is."""
    faults = sum(counts.faults.values()) + counts.timeouts
    if not counts.sent:
        return Check("line", "open", "")
    permille = faults * 1000 / counts.sent
    verdict: Verdict = "good" if permille <= FAULTS_MOST_PERMILLE else "bad"
    return Check("line", verdict, f"{faults} / {counts.sent} = {permille:.1f} ‰")
