"""What the core must know of its room: banks, buses, points in sight, sources. Enters as part of `GatewayStarted`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from edge.core.geometry import Geometry

PointKind = Literal["kiosk", "button", "card"]


@dataclass(frozen=True, slots=True)
class Point:
    """A confirmation point whose line of sight to one bank an installer signed for."""

    id: str
    kind: PointKind
    name: str
    card_code: str | None = None  # of a confirm card
    button: int | None = None  # number of a button at the bank


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
