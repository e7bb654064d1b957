"""What stands at a bank, for pages: operations offered, sensors, climate, and the owner's entry for scans alone."""

from __future__ import annotations

from edge.core.climate import list_hazards
from edge.core.events import Now
from edge.core.geometry import find_home_aisle
from edge.core.operations import ASKABLE
from edge.core.outcomes import format_instant
from edge.core.requests import offers
from edge.core.room import BankSettings, ClimateBands, Sensor
from edge.core.sensors import is_scan_alone_valid, tell_sensor
from edge.core.shown import ClimateView, OperationView, ScanAloneView, SensorView
from edge.core.snapshot import MOVING
from edge.core.state import Bank


def list_operations(bank: Bank) -> list[OperationView]:
    """List everything that can be asked for, offered by this controller or not."""
    return [
        OperationView(operation=operation, moves=operation in MOVING, offered=offers(bank, operation))
        for operation in ASKABLE
    ]


def list_sensors(settings: BankSettings, bank: Bank, now: Now) -> list[SensorView]:
    """List the sensors with their declared sight and state."""
    return [show_sensor(sensor, bank, now) for sensor in settings.sensors]


def show_sensor(sensor: Sensor, bank: Bank, now: Now) -> SensorView:
    """Show one sensor."""
    return SensorView(
        id=sensor.id,
        kind=sensor.kind,
        name=sensor.name,
        aisles=list(sensor.aisles),
        state=tell_sensor(sensor, bank, now),
        tested_on=sensor.tested_on,
        test_due_at=format_instant(sensor.test_due_at) if sensor.test_due_at is not None else "",
    )


def show_scan_alone(settings: BankSettings, now: Now, *, steady: bool) -> ScanAloneView | None:
    """Show the owner's entry, also when it has ended."""
    entry = settings.scan_alone
    if entry is None:
        return None
    return ScanAloneView(
        active=is_scan_alone_valid(settings, now, steady=steady),
        names=list(entry.names),
        document=entry.document,
        signed_on=entry.signed_on,
        expires_at=format_instant(entry.expires_at),
    )


def show_climate(bank: Bank, bands: ClimateBands) -> ClimateView:
    """Show temperature and humidity with their bands and the alarms that stand."""
    detail = bank.detail
    return ClimateView(
        temperature_dc=detail.temperature_dc if detail is not None else None,
        humidity_permille=detail.humidity_permille if detail is not None else None,
        out=list(bank.alarms),
        temperature_band_dc=[bands.temperature_min_dc, bands.temperature_max_dc],
        humidity_band_permille=[bands.humidity_min_permille, bands.humidity_max_permille],
    )


def tell_door(bank: Bank) -> bool | None:
    """Tell whether the room's door stands open, where a controller has its contact."""
    told = bank.detail.room_inputs if bank.detail is not None else None
    return None if told is None or "door_contact" not in (bank.capabilities or ()) else "door_open" in told


def name_hazards(bank: Bank) -> list[str]:
    """Name the dangers that stand."""
    return list(list_hazards(bank))


def list_home_aisles(settings: BankSettings) -> list[int]:
    """List the aisles that hold the free width when all is closed."""
    return [find_home_aisle(segment) for segment in settings.geometry.segments]
