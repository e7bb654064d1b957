"""The live part of each page: what it shows, made anew each second from the house. Rows only; templates draw them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from edge.device.house import House
from edge.device.selftest import run_checks
from edge.device.troubles import NotFoundError
from edge.device.words import Words
from edge.line_view import RegisterReading

RING_SHOWN = 200


def tell_overview(house: House, words: Words, _key: str) -> dict[str, Any]:
    """Everything that is connected, with its state."""
    view, state = house.read_view(), house.read_state()
    good, health = house.read_health()
    now_ms = house.mono_ms()
    banks = []
    for settings in house.room.banks:
        bank = state.banks[settings.id]
        shown = next((each for each in view["banks"] if each["bank"] == settings.id), None) if view else None
        banks.append(
            {
                "id": settings.id,
                "name": settings.name,
                "bus": line.bus_id if (line := house.find_line_of(settings.id)) else "",
                "state": shown["state"] if shown else "offline",
                "controller": bank.controller,
                "heard": words.age(now_ms - bank.read_mono_ms) if bank.snapshot is not None else "–",
                "faults": [words.code(fault) for fault in shown["faults"]] if shown else [],
            }
        )
    devices = [
        {
            "row": device,
            "state": state.devices.get(device.id, "online"),
            "last": next((words.moment(read.wall_ms) for read in house.watch.list_reads(device.id)), "–"),
        }
        for device in house.devices
    ]
    conditions = (
        [{"level": each["level"], "text": words.say(each["message"])} for each in view["states"]] if view else []
    )
    gateway = [
        (words("Gateway"), "ok" if good else "fault", house.version),
        (words("Disk"), state.store, ""),
        (words("Centre"), state.link, ""),
        (words("Clock"), "ok" if state.clock_steady else "fault", ""),
    ]
    lines = [line.counts() for line in house.lines]
    return {
        "banks": banks, "devices": devices, "conditions": conditions, "gateway": gateway, "lines": lines,
        "backlog": health["link"].get("backlog", 0),
    }  # fmt: skip


def tell_bank(house: House, words: Words, bank: str) -> dict[str, Any]:
    """One bank: identity, state, self-test, sensors."""
    settings = next((each for each in house.room.banks if each.id == bank), None)
    line = house.find_line_of(bank)
    if settings is None:
        raise NotFoundError(bank)
    state = house.read_state()
    seen = state.banks[bank]
    view = house.read_view()
    shown = next((each for each in view["banks"] if each["bank"] == bank), None) if view else None
    changed = house.watch.find_controller(bank)
    identity = [each for each in line.read_registers(bank) if each.block == "identity"] if line else []
    return {
        "settings": settings,
        "check_words": name_checks(words),
        "bank_state": shown["state"] if shown else "offline",
        "controller": seen.controller,
        "since": words.moment(changed[2]) if changed else "–",
        "why": changed[1] if changed else "",
        "heard": words.age(house.mono_ms() - seen.read_mono_ms) if seen.snapshot is not None else "–",
        "open_aisles": list(seen.snapshot.open_aisles) if seen.snapshot is not None else [],
        "faults": [words.code(fault) for fault in shown["faults"]] if shown else [],
        "occupancy": [(each["no"], each["occupancy"]) for each in shown["aisles"]] if shown else [],
        "identity": [name_row(each, words) for each in identity],
        "checks": run_checks(line, house.sheets[bank], house.expected_map_hash) if line else [],
        "sensors": tell_sensors(house, bank),
    }


def name_checks(words: Words) -> dict[str, str]:
    """Word the questions of the self-test."""
    return {
        "identity": words("Identity was read"),
        "map": words("Register map is ours"),
        "geometry": words("Geometry is the one that was signed"),
        "boot": words("Same start as when identity was read"),
        "motion": words("Motion block reads back"),
        "detail": words("Detail block reads back"),
        "round_trip": words("Answers come in time"),
        "line": words("The line is clean"),
    }


def tell_sensors(house: House, bank: str) -> list[dict[str, Any]]:
    """Declared sensors with their sight and proof test, and how the core stands to them."""
    settings = next(each for each in house.room.banks if each.id == bank)
    view = house.read_view()
    shown = next((each for each in view["banks"] if each["bank"] == bank), None) if view else None
    states = {each["id"]: each["state"] for each in shown["sensors"]} if shown else {}
    return [{"sensor": sensor, "state": states.get(sensor.id, "unknown")} for sensor in settings.sensors]


def tell_registers(house: House, words: Words, bank: str) -> dict[str, Any]:
    """Every register that was read of a bank, by block."""
    line = house.find_line_of(bank)
    if line is None:
        raise NotFoundError(bank)
    blocks: dict[str, list[dict[str, Any]]] = {}
    for reading in line.read_registers(bank):
        blocks.setdefault(reading.block or "other", []).append(name_row(reading, words))
    return {"blocks": [(name, words.code(name), rows) for name, rows in blocks.items()]}


def name_row(reading: RegisterReading, words: Words) -> dict[str, Any]:
    """One register for a table: code name, its word, value with unit, raw number."""
    told = [reading.value] if reading.value else []
    said = [words.code(word) for word in reading.words]
    return {
        "address": f"{reading.address:04X}",
        "name": reading.name + (f"[{reading.index}]" if reading.index else ""),
        "word": words.code(reading.name) if reading.name else "",
        "value": ("、" if words.language == "zh_CN" else ", ").join(said + told) or "–",
        "unit": reading.unit,
        "raw": " ".join(f"{word:04X}" for word in reading.raw),
        "age": words.age(reading.age_ms),
    }


def tell_events(house: House, words: Words, bank: str) -> dict[str, Any]:
    """The event ring of a bank's controller, newest first."""
    if all(each.id != bank for each in house.room.banks):
        raise NotFoundError(bank)
    ring, lost = house.watch.list_ring(bank)
    line = house.find_line_of(bank)
    wired = name_wired(line.read_registers(bank)) if line else {}
    rows = [
        {
            "sequence": each.sequence,
            "at": words.moment(each.wall_ms),
            "kind": wired.pop(each.sequence, each.kind),  # once: after a restart a controller counts anew
            "argument": each.argument,
            "earlier": each.earlier,
        }
        for each in ring[:RING_SHOWN]
    ]
    return {"ring": rows, "lost": lost, "missed": house.watch.count_missed(bank), "total": len(ring)}


def name_wired(readings: Sequence[RegisterReading]) -> dict[int, str]:
    """Name the entries last read of a ring as the wire has them: the core keeps only the kinds it decides by."""
    numbers = {each.index: each.raw[0] for each in readings if each.name == "event_sequence"}
    kinds = {each.index: each.words[0] for each in readings if each.name == "event_kind" and each.words}
    return {numbers[index]: kind for index, kind in kinds.items() if index in numbers}


def tell_bus(house: House, _words: Words, bus: str) -> dict[str, Any]:
    """Counts of a bus, and how long its answers take."""
    line = house.find_line(bus)
    if line is None:
        raise NotFoundError(bus)
    return {"counts": line.counts(), "trips": [(bank, line.list_round_trips(bank)) for bank in line.banks]}


def tell_scanners(house: House, words: Words, _key: str) -> dict[str, Any]:
    """Every scanner and camera with what it read last."""
    state = house.read_state()
    rows = []
    for device in house.devices:
        if device.kind == "printer":
            continue
        reads = [(each, words.moment(each.wall_ms)) for each in house.watch.list_reads(device.id)]
        rows.append({"row": device, "state": state.devices.get(device.id, "online"), "reads": reads})
    return {"scanners": rows}


def tell_printer(house: House, _words: Words, _key: str) -> dict[str, Any]:
    """The printer with its last labels."""
    state, view = house.read_state(), house.read_view()
    printers = [
        {"row": device, "state": state.devices.get(device.id, "online")}
        for device in house.devices
        if device.kind == "printer"
    ]
    return {"printers": printers, "jobs": view["jobs"] if view else []}


def tell_checklist(house: House, words: Words, bank: str) -> dict[str, Any]:
    """How far the commissioning of a bank has come."""
    if all(each.id != bank for each in house.room.banks):
        raise NotFoundError(bank)
    found = house.commissioning.find(bank)
    seen = house.read_state().banks[bank].snapshot
    aisles = found.aisles if found else ()
    current = next((each for each in aisles if each.state in {"asked", "open"}), None)
    upcoming = next((each for each in aisles if each.state == "waiting"), None)
    return {
        "found": found,
        "begun": words.moment(found.begun_ms) if found else "",
        "ended": words.moment(found.ended_ms) if found and found.ended_ms is not None else "",
        "current": current,
        "ready": current is not None and any(label.fits for label in current.labels),
        "upcoming": upcoming,
        "done": sum(each.state == "done" for each in aisles),
        "open_aisles": list(seen.open_aisles) if seen is not None else [],
    }


Part = Callable[[House, Words, str], dict[str, Any]]
# by name: what makes it, what draws it
PARTS: dict[str, tuple[Part, str]] = {
    "overview": (tell_overview, "_overview.html"),
    "bank": (tell_bank, "_bank.html"),
    "registers": (tell_registers, "_registers.html"),
    "events": (tell_events, "_events.html"),
    "bus": (tell_bus, "_bus.html"),
    "scanners": (tell_scanners, "_scanners.html"),
    "printer": (tell_printer, "_printer.html"),
    "checklist": (tell_checklist, "_checklist.html"),
}
