"""The gateway's one settings object: TOML file, then environment, read once at start.

Units stand last in every name. Secrets come from files whose paths stand here; no secret is ever a value here.
Defaults are those of a plain room; what an installer must decide has no default.
"""

from __future__ import annotations

import ipaddress
import os
import re
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit, urlunsplit

from pydantic import Field, StringConstraints, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from edge.bank_settings import BankSettings, Id, Name, Section
from edge.bus_settings import BusSettings, MqttBusSettings, SerialBusSettings, anchor_bus
from edge.device_settings import DevicePageSettings, anchor_device_page
from edge.settings_problems import SettingsError, describe_problem

ENV_PREFIX = "OPENAISLE_GATEWAY_"
HIDDEN = "***"
SECRET_KEYS = re.compile(r"(password|secret|token|pin)$", re.IGNORECASE)

RoomNumber = Annotated[str, StringConstraints(pattern=r"^[0-9A-HJKMNP-TV-Z]{2}$")]


class RoomSettings(Section):
    """The archive room this gateway serves."""

    id: Id
    name: Name
    number: RoomNumber  # stands in every printed code of the room
    time_zone: str = "Asia/Shanghai"


class ClimateSettings(Section):
    """What temperature and humidity paper bears; outside of it people are told."""

    temperature_min_c: float = Field(default=14, ge=-40, le=60)
    temperature_max_c: float = Field(default=24, ge=-40, le=60)
    humidity_min_percent: float = Field(default=45, ge=0, le=100)
    humidity_max_percent: float = Field(default=60, ge=0, le=100)
    # an alarm ends only so far inside its band again: a value on the edge is told once
    temperature_slack_c: float = Field(default=0.5, ge=0, le=10)
    humidity_slack_percent: float = Field(default=2, ge=0, le=20)

    @model_validator(mode="after")
    def require_wide_bands(self) -> Self:
        if self.temperature_min_c >= self.temperature_max_c:
            raise ValueError("temperature_min_c must be less than temperature_max_c")
        if self.humidity_min_percent >= self.humidity_max_percent:
            raise ValueError("humidity_min_percent must be less than humidity_max_percent")
        return self


class ScanAloneSettings(Section):
    """Where the owner's decision stands that in some banks a scan alone may open an aisle. No file: nowhere."""

    file: Path | None = None


class StoreSettings(Section):
    """Where journal, outbox and replica live, and how much of the journal is kept."""

    dir: Path
    journal_keep_days: int = Field(default=7, ge=1, le=90)
    journal_limit_mb: int = Field(default=512, ge=16, le=65_536)


class LinkSettings(Section):
    """The centre's broker. The user name is the room's id."""

    host: str
    port: int = Field(default=8883, ge=1, le=65_535)
    password_file: Path
    ca_file: Path | None = None  # None: no TLS, for a broker on loopback


class KioskSettings(Section):
    """The page in the room. It listens on loopback only: a session over the LAN would count as from afar."""

    host: str = "127.0.0.1"
    port: int = Field(default=8090, ge=0, le=65_535)
    point_id: Id  # the confirmation point at which this screen hangs
    language: Literal["zh_CN", "en"] = "zh_CN"

    @field_validator("host")
    @classmethod
    def require_loopback(cls, host: str) -> str:
        if host != "localhost" and not ipaddress.ip_address(host).is_loopback:
            raise ValueError("must be a loopback address: nothing moves from afar")
        return host


class ScannerSettings(Section):
    """A barcode scanner that talks over a serial line (USB CDC or RS-232)."""

    id: Id
    name: Name
    port: str
    baud: int = Field(default=9600, ge=1200, le=115_200)
    station: Id | None = None  # scanners of one station share the session of who signed on there; None: its own
    trigger: bool  # True: reads only while a person holds its trigger, so it may read a confirm card


class CameraSettings(Section):
    """A camera that reads labels held before it. It never confirms anything."""

    id: Id
    name: Name
    source: str  # device path or http URL of an MJPEG stream
    station: Id | None = None
    agreeing_reads: int = Field(default=2, ge=2, le=10)
    repeat_after_ms: int = Field(default=3000, ge=500, le=60_000)
    stale_after_ms: int = Field(default=5000, ge=1000, le=60_000)


class PrinterSettings(Section):
    """A label printer that speaks ZPL on a TCP port."""

    id: Id
    name: Name
    host: str
    port: int = Field(default=9100, ge=1, le=65_535)
    font_file: Path  # a TrueType or OpenType font with Chinese glyphs
    font_index: int = Field(default=0, ge=0, le=64)  # face within a font collection
    dots_per_mm: Literal[8, 12] = 8
    label_width_mm: int = Field(default=100, ge=90, le=110)
    label_height_mm: int = Field(default=50, ge=48, le=150)
    confirm_timeout_ms: int = Field(default=10_000, ge=1000, le=60_000)


class LogSettings(Section):
    """How much is said."""

    level: Literal["debug", "info", "warning", "error"] = "info"


class GatewaySettings(BaseSettings):
    """Everything one gateway is told at start."""

    model_config = SettingsConfigDict(
        extra="forbid",
        frozen=True,
        env_prefix=ENV_PREFIX,
        env_nested_delimiter="__",
        nested_model_default_partial_update=True,
    )

    room: RoomSettings
    store: StoreSettings
    link: LinkSettings
    kiosk: KioskSettings
    climate: ClimateSettings = ClimateSettings()
    scan_alone: ScanAloneSettings = ScanAloneSettings()
    bus: tuple[BusSettings, ...] = Field(min_length=1)
    bank: tuple[BankSettings, ...] = Field(min_length=1)
    scanner: tuple[ScannerSettings, ...] = ()
    camera: tuple[CameraSettings, ...] = ()
    printer: tuple[PrinterSettings, ...] = Field(default=(), max_length=1)
    device_page: DevicePageSettings | None = None  # None: nothing listens beyond this machine
    log: LogSettings = LogSettings()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Environment over file; the file arrives as the constructor's arguments."""
        del settings_cls, dotenv_settings, file_secret_settings
        return env_settings, init_settings

    @model_validator(mode="after")
    def require_known_references(self) -> Self:
        require_unique("bus", (bus.id for bus in self.bus))
        require_unique("bank", (bank.id for bank in self.bank))
        devices = [scanner.id for scanner in self.scanner]
        devices += [camera.id for camera in self.camera]
        devices += [printer.id for printer in self.printer]
        require_unique("scanner, camera, printer", devices)
        require_unique("bank: unit on bus", (f"{bank.bus}/{bank.unit}" for bank in self.bank if bank.unit))
        self._require_known_buses()
        kiosk_points = {point.id for bank in self.bank for point in bank.point if point.kind == "kiosk"}
        if self.kiosk.point_id not in kiosk_points:
            raise ValueError(f"kiosk.point_id: {self.kiosk.point_id!r} isn't a [[bank.point]] of kind 'kiosk'")
        return self

    def _require_known_buses(self) -> None:
        buses = {bus.id: bus for bus in self.bus}
        for bank in self.bank:
            bus = buses.get(bank.bus)
            if bus is None:
                raise ValueError(f"bank {bank.id}: bus {bank.bus!r} isn't described by any [[bus]]")
            if isinstance(bus, SerialBusSettings) and bank.unit == 0:
                raise ValueError(f"bank {bank.id}: unit is missing; each controller on a line has its own")
            if isinstance(bus, MqttBusSettings) and bank.unit != 0:
                raise ValueError(f"bank {bank.id}: unit belongs to a line; on a broker the id names the controller")
        for bus in self.bus:
            if isinstance(bus, MqttBusSettings) and (bus.host, bus.port) == (self.link.host, self.link.port):
                raise ValueError(f"bus {bus.id}: its broker must stand in the room, not be that of the centre")


def require_unique(what: str, ids: Iterable[str]) -> None:
    """Raise ValueError naming the first id that occurs twice."""
    seen: set[str] = set()
    for each in ids:
        if each in seen:
            raise ValueError(f"{what}: {each!r} is used twice")
        seen.add(each)


def read_settings(path: Path, environ: Mapping[str, str] | None = None) -> GatewaySettings:
    """Read the TOML file and the environment; raise SettingsError that names every bad key."""
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError([f"{path}: can't be read: {error.strerror}"]) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError([f"{path}: isn't valid TOML: {error}"]) from error
    unknown = unknown_environment_keys(os.environ if environ is None else environ)
    if unknown:
        raise SettingsError([f"environment: unknown key {name}" for name in unknown])
    try:
        settings = GatewaySettings(**document)
    except ValidationError as error:
        # "too short" only repeats that an entry of the list was bad
        problems = [problem for problem in error.errors() if problem["type"] != "too_short"] or error.errors()
        raise SettingsError([describe_problem(path, problem) for problem in problems]) from error
    # paths of the file are meant from the file's own folder
    return anchor_paths(settings, path.resolve().parent)


def unknown_environment_keys(environ: Mapping[str, str]) -> list[str]:
    """Variables with our prefix that no setting answers to."""
    known = {name.upper() for name in GatewaySettings.model_fields}
    return sorted(
        name
        for name in environ
        if name.startswith(ENV_PREFIX) and name.removeprefix(ENV_PREFIX).split("__")[0].upper() not in known
    )


def anchor_paths(settings: GatewaySettings, folder: Path) -> GatewaySettings:
    """Make relative file paths absolute from the settings file's folder."""
    link = settings.link
    anchored_link = link.model_copy(
        update={
            "password_file": folder / link.password_file,
            "ca_file": None if link.ca_file is None else folder / link.ca_file,
        }
    )
    printers = tuple(p.model_copy(update={"font_file": folder / p.font_file}) for p in settings.printer)
    store = settings.store.model_copy(update={"dir": folder / settings.store.dir})
    buses = tuple(anchor_bus(bus, folder) for bus in settings.bus)
    file = settings.scan_alone.file
    scan_alone = settings.scan_alone if file is None else ScanAloneSettings(file=folder / file)
    return settings.model_copy(
        update={
            "link": anchored_link,
            "printer": printers,
            "store": store,
            "bus": buses,
            "scan_alone": scan_alone,
            "device_page": anchor_device_page(settings.device_page, folder),
        }
    )


def redact(key: str, value: Any) -> Any:
    """Hide what a key or a URL shows of secrets; secret files are named, never opened."""
    if isinstance(value, dict):
        return {name: redact(name, inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [redact(key, inner) for inner in value]
    if isinstance(value, str) and SECRET_KEYS.search(key):
        return HIDDEN
    if isinstance(value, str) and "://" in value and "@" in value:
        parts = urlsplit(value)
        if parts.username or parts.password:
            return urlunsplit(parts._replace(netloc=f"{HIDDEN}@{parts.netloc.rpartition('@')[2]}"))
    return value


def redacted_settings(settings: GatewaySettings) -> dict[str, Any]:
    """Dump the settings as JSON-able values fit to be shown to anyone."""
    shown: dict[str, Any] = redact("", settings.model_dump(mode="json"))
    return shown
