"""What the installer signed, as the core and the shelf wire want it: settings in, room and bank shapes out. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from edge.bank_settings import BankSettings as InstalledBank
from edge.bank_settings import SensorSettings
from edge.bus_settings import MqttBusSettings, SerialBusSettings
from edge.core.geometry import Column, Geometry, Segment
from edge.core.room import BankSettings, ClimateBands, Point, RoomSettings, ScanAlone, Sensor, Source
from edge.scan_alone import ScanAloneEntry
from edge.settings import ClimateSettings, GatewaySettings
from firmware_protocol.geometry import BankShape, ColumnShape, SegmentShape, StopKind, geometry_hash, list_aisle_shapes
from firmware_protocol.timing import LEASE_MS, SEQUENCE_AGE_MS, describe_commissioning

STOP_KINDS = {
    "fixed_column": StopKind.FIXED_COLUMN,
    "end_stop": StopKind.END_STOP,
    "wall": StopKind.WALL,
}


def describe_room(settings: GatewaySettings, scan_alone: Sequence[ScanAloneEntry] = ()) -> RoomSettings:
    """Tell the core its room; dates begin and end at midnight of the room."""
    zone = ZoneInfo(settings.room.time_zone)
    decided = {entry.bank: describe_scan_alone(entry, zone) for entry in scan_alone}
    sources = [Source(s.id, s.name, s.station or settings.kiosk.point_id) for s in settings.scanner]
    sources += [Source(c.id, c.name, c.station or settings.kiosk.point_id) for c in settings.camera]
    return RoomSettings(
        id=settings.room.id,
        name=settings.room.name,
        number=settings.room.number,
        banks=tuple(replace(describe_bank(bank, zone), scan_alone=decided.get(bank.id)) for bank in settings.bank),
        sources=tuple(sources),
        moving_limit=tuple((bus.id, limit_moving(bus, settings)) for bus in settings.bus),
        climate=describe_climate(settings.climate),
    )


def describe_climate(climate: ClimateSettings) -> ClimateBands:
    """Tell the core what the paper bears, in tenths of a degree and per mille."""
    return ClimateBands(
        temperature_min_dc=round(climate.temperature_min_c * 10),
        temperature_max_dc=round(climate.temperature_max_c * 10),
        humidity_min_permille=round(climate.humidity_min_percent * 10),
        humidity_max_permille=round(climate.humidity_max_percent * 10),
        temperature_slack_dc=round(climate.temperature_slack_c * 10),
        humidity_slack_permille=round(climate.humidity_slack_percent * 10),
    )


def describe_scan_alone(entry: ScanAloneEntry, zone: ZoneInfo) -> ScanAlone:
    """Tell the core the owner's decision about one bank."""
    return ScanAlone(
        names=entry.names,
        document=entry.document,
        signed_on=entry.signed_on.isoformat(),
        expires_at=find_midnight(entry.proof_test_expires_on, zone),
    )


def describe_sensor(sensor: SensorSettings, bank: InstalledBank, zone: ZoneInfo) -> Sensor:
    """Tell the core what a sensor can see."""
    return Sensor(
        id=sensor.id,
        kind=sensor.kind,
        name=sensor.name,
        aisles=sensor.aisles or bank.aisles,
        sees_up_to_tier=sensor.sees_up_to_tier,
        sees_stillness=sensor.sees_stillness,
        tested_on=sensor.tested_on.isoformat(),
        test_due_at=find_midnight(sensor.test_due_on, zone),
    )


def find_midnight(day: date, zone: ZoneInfo) -> datetime:
    """Find the moment at which a day begins in the room."""
    return datetime.combine(day, time(), zone).astimezone(UTC)


def limit_moving(bus: SerialBusSettings | MqttBusSettings, settings: GatewaySettings) -> int:
    """Tell how many banks of a bus may move at once. On a broker no lease waits for another."""
    if isinstance(bus, SerialBusSettings):
        return bus.line.max_moving_banks
    return sum(bank.bus == bus.id for bank in settings.bank)


def describe_bank(bank: InstalledBank, zone: ZoneInfo) -> BankSettings:
    """Tell the core one bank."""
    return BankSettings(
        id=bank.id,
        name=bank.name,
        bus=bank.bus,
        geometry=describe_geometry(bank),
        points=tuple(Point(p.id, p.kind, p.name, p.card_code, p.button) for p in bank.point),
        speed_mm_s=bank.speed_mm_s,
        wake_ms=bank.wake_ms,
        warning_ms=bank.warning_ms,
        travel_ms=bank.travel_ms,
        stop_confirm_ms=bank.stop_confirm_ms,
        sensors=tuple(describe_sensor(sensor, bank, zone) for sensor in bank.sensor),
        positions=bank.positions,
        numbered_from=bank.numbered_from,
    )


def describe_geometry(bank: InstalledBank) -> Geometry:
    """Tell the core the steel of one bank."""
    return Geometry(
        columns=tuple(Column(c.no, c.width_mm, c.faces, c.fixed) for c in bank.column),
        segments=tuple(
            Segment(s.first_column, s.last_column, s.free_width_mm, s.free_aisles, s.home_aisle) for s in bank.segment
        ),
        sections=bank.sections,
        tiers=bank.tiers,
        slots=bank.slots,
        passable_gap_mm=bank.passable_gap_mm,
    )


def hash_geometry(bank: InstalledBank) -> int:
    """Compute the hash that the controller of this bank must answer."""
    columns = [ColumnShape(c.no, c.fixed, "".join(c.faces), c.width_mm) for c in bank.column]
    segments = [
        SegmentShape(
            STOP_KINDS[s.left_stop], STOP_KINDS[s.right_stop], s.first_column, s.last_column, s.free_aisles,
            s.free_width_mm,
        )
        for s in bank.segment
    ]  # fmt: skip
    return geometry_hash(
        BankShape(
            columns=columns,
            aisles=list_aisle_shapes(columns, bank.segment[-1].last_column),
            segments=segments,
            sections=bank.sections,
            tiers=bank.tiers,
            passable_gap_mm=bank.passable_gap_mm,
        )
    )


def commissioning_sheet(settings: GatewaySettings) -> list[dict[str, Any]]:
    """List for each bank what the installer must print and sign: stop distances, bus sum, geometry."""
    buses = {bus.id: bus for bus in settings.bus}
    return [commission_bank(bank, buses[bank.bus], settings) for bank in settings.bank]


def commission_bank(
    bank: InstalledBank, bus: SerialBusSettings | MqttBusSettings, settings: GatewaySettings
) -> dict[str, Any]:
    """Compute the sheet of one bank."""
    return {
        "bank": bank.id,
        "name": bank.name,
        "bus": bus.id,
        "kind": bus.kind,
        "unit": bank.unit,
        "banks_on_bus": sum(each.bus == bus.id for each in settings.bank),
        **commission_bus(bank, bus, settings),
        "stop_confirm_ms": bank.stop_confirm_ms,
        "passable_gap_mm": bank.passable_gap_mm,
        "geometry_hash": f"{hash_geometry(bank):08X}",
        "sensors": [
            {
                "id": s.id,
                "kind": s.kind,
                "name": s.name,
                "aisles": list(s.aisles or bank.aisles),
                "sees_up_to_tier": s.sees_up_to_tier,
                "sees_stillness": s.sees_stillness,
                "tested_by": s.tested_by,
                "tested_on": s.tested_on.isoformat(),
                "test_due_on": s.test_due_on.isoformat(),
            }
            for s in bank.sensor
        ],
        "points": [
            {"id": p.id, "kind": p.kind, "name": p.name, "signed_by": p.signed_by, "signed_on": p.signed_on.isoformat()}
            for p in bank.point
        ],
    }


def commission_bus(
    bank: InstalledBank, bus: SerialBusSettings | MqttBusSettings, settings: GatewaySettings
) -> dict[str, Any]:
    """Compute what a bank owes to its bus: how many move at once, how far steel runs after a STOP or after silence."""
    if isinstance(bus, SerialBusSettings):
        return describe_commissioning(bus.line, bank.speed_mm_s, bank.reaction_ms, bank.braking_mm)
    return {
        "max_moving_banks": limit_moving(bus, settings),
        "turn_limit_ms": bus.turn_ms,
        **measure_broker(bank, bus.turn_ms),
    }


def measure_broker(bank: InstalledBank, turn_ms: float) -> dict[str, Any]:
    """Compute how far steel runs behind a broker with this turn, set or measured (SPEC 7.11)."""
    # A broker may hold a renewal back for as long as the controller takes the reading in it for fresh.
    silence_ms = SEQUENCE_AGE_MS + LEASE_MS + bank.reaction_ms
    return {
        "longest_exchange_ms": turn_ms,
        "stop_distance_by_stop_mm": round(bank.speed_mm_s * (turn_ms + bank.reaction_ms) / 1000 + bank.braking_mm, 1),
        "stop_distance_by_silence_mm": round(bank.speed_mm_s * silence_ms / 1000 + bank.braking_mm, 1),
    }
