"""The air and the dangers of a room: temperature and humidity against their band, water, smoke, fire. Only observed.

An alarm begins at the edge of its band and ends only some way inside, so that it doesn't flutter. Nothing here moves.
"""

from __future__ import annotations

from dataclasses import replace

from edge.core.effects import Effect
from edge.core.facts import record_shelf_event
from edge.core.room import ClimateBands
from edge.core.snapshot import RingEntry, SafetySign, ShelfDetail
from edge.core.state import Bank

HAZARDS: tuple[SafetySign, ...] = ("fire", "smoke", "water")
OVER = "_over"


def list_hazards(bank: Bank) -> tuple[SafetySign, ...]:
    """List the dangers that stand: by the newest readings, or by the event ring until something tells of their end."""
    signs = bank.snapshot.safety if bank.snapshot is not None else ()
    inputs = (bank.detail.room_inputs or ()) if bank.detail is not None else ()
    return tuple(hazard for hazard in HAZARDS if hazard in signs or hazard in inputs or hazard in bank.hazards)


def note_hazards(bank: Bank, entries: tuple[RingEntry, ...]) -> Bank:
    """Take beginnings and ends of dangers out of new ring entries."""
    standing = set(bank.hazards)
    for entry in entries:
        if entry.kind in HAZARDS:
            standing.add(entry.kind)
        elif entry.kind.endswith(OVER):
            standing.discard(entry.kind.removesuffix(OVER))
    if standing == set(bank.hazards):
        return bank
    return replace(bank, hazards=tuple(sorted(standing)))


def forget_hazards(bank: Bank) -> Bank:
    """Drop what only the event ring told, where a later reading of the contact itself says otherwise."""
    told = bank.capabilities or ()
    snapshot, detail = bank.snapshot, bank.detail
    gone: set[str] = set()
    if snapshot is not None and "fire_input" in told and "fire" not in snapshot.safety:
        gone.add("fire")
    if detail is not None and detail.room_inputs is not None:
        gone |= {each for each in ("smoke", "water") if f"{each}_input" in told and each not in detail.room_inputs}
    return replace(bank, hazards=tuple(each for each in bank.hazards if each not in gone)) if gone else bank


def judge_climate(bands: ClimateBands, detail: ShelfDetail, before: tuple[str, ...]) -> tuple[str, ...]:
    """Decide which alarms stand; a value that is not measured keeps the alarm it had."""
    measures = (
        ("hot", detail.temperature_dc, bands.temperature_max_dc, bands.temperature_slack_dc),
        ("cold", negate(detail.temperature_dc), -bands.temperature_min_dc, bands.temperature_slack_dc),
        ("humid", detail.humidity_permille, bands.humidity_max_permille, bands.humidity_slack_permille),
        ("dry", negate(detail.humidity_permille), -bands.humidity_min_permille, bands.humidity_slack_permille),
    )
    standing = []
    for kind, value, limit, slack in measures:
        stood = kind in before
        if stood if value is None else value > (limit - slack if stood else limit):
            standing.append(kind)
    return tuple(standing)


def negate(value: int | None) -> int | None:
    """Turn a lower bound into an upper one."""
    return None if value is None else -value


def tell_climate(bank_id: str, bank: Bank, detail: ShelfDetail, after: tuple[str, ...]) -> list[Effect]:
    """Record each alarm that began or ended, with the value at which it did."""
    effects: list[Effect] = []
    for kind in sorted(set(bank.alarms) ^ set(after)):
        value = detail.temperature_dc if kind in {"hot", "cold"} else detail.humidity_permille
        name = f"climate_{kind}" if kind in after else f"climate_{kind}{OVER}"
        effects.append(record_shelf_event(bank_id, name, value))
    return effects
