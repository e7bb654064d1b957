"""Sensors with declared sight: which of them should have seen a person who is known to be inside, and which failed to.

No sensor says "empty". A sensor that saw nobody where somebody scanned a place is faulty until a newer proof test.
"""

from __future__ import annotations

from dataclasses import replace

from edge.core.effects import Effect
from edge.core.events import Now
from edge.core.facts import record_shelf_event
from edge.core.room import BankSettings, Sensor
from edge.core.state import Bank, FaultySensor, Sight

# a sensor may be read so long before or after the scan
SIGHT_MS = 1_500
SIGHTS_MAX = 8
# an edge feels only what it touches: it owes nobody a sighting
WATCHING = frozenset({"foot_beam", "pir", "entry_beams"})


def should_see(sensor: Sensor, aisle: int, tier: int) -> bool:
    """Tell whether the declared sight covers a person at that tier; who scans moves, so a PIR sees them too."""
    return sensor.kind in WATCHING and aisle in sensor.aisles and tier <= sensor.sees_up_to_tier


def is_blind(sensor: Sensor, bank: Bank) -> bool:
    """Tell whether the sensor failed to see somebody since its last proof test."""
    return any(mark.sensor == sensor.id for mark in bank.faulty)


def is_overdue(sensor: Sensor, now: Now) -> bool:
    """Tell whether the sensor's proof test has run out, or was never made."""
    return sensor.test_due_at is None or sensor.test_due_at <= now.wall_at


def tell_sensor(sensor: Sensor, bank: Bank, now: Now) -> str:
    """Tell a sensor's state: ok, overdue or faulty."""
    return "faulty" if is_blind(sensor, bank) else "overdue" if is_overdue(sensor, now) else "ok"


def expect_sight(settings: BankSettings, bank: Bank, aisle: int, tier: int, now: Now) -> Bank:
    """Begin to wait for a sighting of who scanned a place inside; one that stands already is enough."""
    covered = any(should_see(sensor, aisle, tier) and not is_blind(sensor, bank) for sensor in settings.sensors)
    snapshot = bank.snapshot
    if not covered or snapshot is None or bank.controller != "online" or aisle in snapshot.occupied:
        return bank
    others = tuple(sight for sight in bank.sights if sight.aisle != aisle)
    return replace(bank, sights=(*others, Sight(aisle, tier, now.mono_ms))[-SIGHTS_MAX:])


def judge_sights(settings: BankSettings, bank_id: str, bank: Bank) -> tuple[Bank, list[Effect]]:
    """Let a reading settle what is waited for: seen, or after its time each sensor that should have seen is faulty."""
    snapshot = bank.snapshot
    if not bank.sights or snapshot is None:
        return bank, []
    waiting: list[Sight] = []
    marks: list[FaultySensor] = []
    for sight in bank.sights:
        if sight.aisle in snapshot.occupied:
            continue
        if bank.read_mono_ms < sight.since_mono_ms + SIGHT_MS:
            waiting.append(sight)
        elif sight.aisle not in snapshot.occupancy_unknown:  # else it says itself that it doesn't know
            marks += [
                FaultySensor(sensor.id, sensor.tested_on)
                for sensor in settings.sensors
                if should_see(sensor, sight.aisle, sight.tier) and not is_blind(sensor, bank)
            ]
    marks = [mark for number, mark in enumerate(marks) if mark not in marks[:number]]
    facts: list[Effect] = [record_shelf_event(bank_id, f"sensor_blind_{mark.sensor}") for mark in marks]
    return replace(bank, sights=tuple(waiting), faulty=(*bank.faulty, *marks)), facts


def forgive_tested(settings: BankSettings, bank: Bank) -> Bank:
    """Take the mark from every sensor that was proven anew since, and from those that are no more."""
    tested = {sensor.id: sensor.tested_on for sensor in settings.sensors}
    kept = tuple(mark for mark in bank.faulty if mark.sensor in tested and tested[mark.sensor] <= mark.tested_on)
    return bank if kept == bank.faulty else replace(bank, faulty=kept)


def is_watched(settings: BankSettings, bank: Bank, aisle: int, now: Now) -> bool:
    """Tell whether every sensor of an aisle is proven and sound, and at least one watches it."""
    there = [sensor for sensor in settings.sensors if aisle in sensor.aisles]
    sound = all(tell_sensor(sensor, bank, now) == "ok" for sensor in there)
    return sound and any(sensor.kind in WATCHING for sensor in there)


def is_scan_alone_valid(settings: BankSettings, now: Now, *, steady: bool) -> bool:
    """Tell whether the owner's entry stands: signed, not run out by a clock that is right, on an adapter that stops."""
    entry = settings.scan_alone
    return entry is not None and settings.scan_opens and steady and now.clock_ok and now.wall_at < entry.expires_at


def may_scan_narrow(settings: BankSettings, bank: Bank, closing: tuple[int, ...], now: Now, *, steady: bool) -> bool:
    """Tell whether a scan alone may close these aisles: the entry stands and nothing speaks for a person inside.

    Presumed and seen persons, doubts and failed or unproven sensors are answered by a press after a look.
    """
    snapshot = bank.snapshot
    if snapshot is None or bank.doubted or not is_scan_alone_valid(settings, now, steady=steady):
        return False
    return all(
        aisle not in bank.presumed
        and aisle not in snapshot.occupied
        and aisle not in snapshot.occupancy_unknown
        and is_watched(settings, bank, aisle, now)
        for aisle in closing
    )
