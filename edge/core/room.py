"""What the core must know of its room: banks, buses, points in sight, sources. Enters as part of `GatewayStarted`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from edge.core.geometry import Geometry

PointKind = Literal["kiosk", "button", "card"]
SensorKind = Literal["foot_beam", "pir", "edge", "entry_beams"]


@dataclass(frozen=True, slots=True)
class Point:
    """A confirmation point whose line of sight to one bank an installer signed for."""

    id: str
    kind: PointKind
    name: str
    card_code: str | None = None  # of a confirm card
    button: int | None = None  # number of a button at the bank


@dataclass(frozen=True, slots=True)
class Sensor:
    """Sensors of one kind in some aisles, with their declared sight. None ever says "empty"."""

    id: str
    kind: SensorKind
    name: str
    aisles: tuple[int, ...]  # every aisle it watches, named one by one
    sees_up_to_tier: int = 15  # who is at a higher tier stands on a ladder, out of its sight
    sees_stillness: bool = True
    tested_on: str = ""  # ISO date of the last proof test
    test_due_at: datetime | None = None  # from then on its proof test has run out; None: never proven


@dataclass(frozen=True, slots=True)
class ScanAlone:
    """The owner's decision, in a file on the gateway, that a scan alone may open this bank; it ends by itself."""

    names: tuple[str, ...]
    document: str
    signed_on: str  # ISO date
    expires_at: datetime  # the proof test of its sensors ends then


@dataclass(frozen=True, slots=True)
class ClimateBands:
    """Where temperature and humidity of a room may lie; an alarm ends only `slack` inside its band again."""

    temperature_min_dc: int = 140
    temperature_max_dc: int = 240
    humidity_min_permille: int = 450
    humidity_max_permille: int = 600
    temperature_slack_dc: int = 5
    humidity_slack_permille: int = 20


@dataclass(frozen=True, slots=True)
class BankSettings:
    """One bank as signed by its installer."""

    id: str
    name: str
    bus: str
    geometry: Geometry
    points: tuple[Point, ...]
    speed_mm_s: int = 80
    wake_ms: int = 2_000
    warning_ms: int = 3_000
    travel_ms: int = 30_000
    stop_confirm_ms: int = 1_000
    # False: the adapter has no proven STOP and read-back, so it never opens by scan alone
    scan_opens: bool = True
    # where a gap narrows a scan alone opens only by this entry of a file on the gateway
    scan_alone: ScanAlone | None = None
    sensors: tuple[Sensor, ...] = ()
    positions: Literal["measured", "contacts"] = "measured"  # contacts: open and closed are known, no millimetres
    numbered_from: Literal["left", "right"] = "left"  # where column 1 stands, seen from the operating end


@dataclass(frozen=True, slots=True)
class Source:
    """A scanner or camera. Sources of one station share the session of who signed on there."""

    id: str
    name: str
    station: str


@dataclass(frozen=True, slots=True)
class RoomSettings:
    """Everything the core is told of its room."""

    id: str
    name: str
    number: str  # two characters, as in printed codes
    banks: tuple[BankSettings, ...]
    sources: tuple[Source, ...] = ()
    # how many banks may move at once, by bus: computed from the baud rate
    moving_limit: tuple[tuple[str, int], ...] = ()
    climate: ClimateBands = ClimateBands()


def find_bank_settings(settings: RoomSettings, bank: str) -> BankSettings | None:
    """Find the settings of a bank by its id."""
    for each in settings.banks:
        if each.id == bank:
            return each
    return None


def find_point(settings: RoomSettings, bank: str, point_id: str) -> Point | None:
    """Find the point, if the bank lies in its signed line of sight."""
    each = find_bank_settings(settings, bank)
    if each is None:
        return None
    return next((point for point in each.points if point.id == point_id), None)


def find_moving_limit(settings: RoomSettings, bus: str) -> int:
    """Tell how many banks of a bus may move at once; one when nothing was computed."""
    return dict(settings.moving_limit).get(bus, 1)


def find_station(settings: RoomSettings, source_id: str) -> str:
    """Find the station whose session a source serves; a source without one is its own."""
    for source in settings.sources:
        if source.id == source_id:
            return source.station
    return source_id
