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
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit, urlunsplit

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

ENV_PREFIX = "OPENAISLE_GATEWAY_"
HIDDEN = "***"
SECRET_KEYS = re.compile(r"(password|secret|token|pin)$", re.IGNORECASE)

Id = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,31}$")]
Name = Annotated[str, StringConstraints(min_length=1, max_length=40, strip_whitespace=True)]
Face = Literal["A", "B"]
StopKind = Literal["fixed_column", "end_stop", "wall"]
# Crockford's alphabet: digits and letters without I, L, O, U
RoomNumber = Annotated[str, StringConstraints(pattern=r"^[0-9A-HJKMNP-TV-Z]{2}$")]
CardCode = Annotated[str, StringConstraints(pattern=r"^CF[0-9A-HJKMNP-TV-Z]{8}[0-9A-Z]$")]


class SettingsError(Exception):
    """The settings can't be used; each line of `problems` names one key and what is wrong with it."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class Section(BaseModel):
    """A table of the file: unknown keys are refused, values never change after start."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class RoomSettings(Section):
    """The archive room this gateway serves."""

    id: Id
    name: Name
    number: RoomNumber  # stands in every printed code of the room
    time_zone: str = "Asia/Shanghai"


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


class BusSettings(Section):
    """One RS-485 line with one or more bank controllers."""

    id: Id
    port: str  # a by-id device path, a pty, or a pyserial URL
    baud: Literal[9600, 19200, 38400, 57600, 115200] = 19200
    parity: Literal["N", "E", "O"] = "E"
    stop_bits: Literal[1, 2] = 1


class ColumnSettings(Section):
    """One column as it stands on the rails, counted from the fixed one."""

    no: int = Field(ge=1, le=64)
    width_mm: int = Field(ge=100, le=3000)
    faces: tuple[Face, ...] = Field(min_length=1, max_length=2)
    fixed: bool = False


class SegmentSettings(Section):
    """Columns between two stops, whose gaps always sum to the free width."""

    first_column: int = Field(ge=1, le=64)
    last_column: int = Field(ge=1, le=64)
    free_width_mm: int = Field(ge=600, le=20_000)
    free_aisles: int = Field(default=1, ge=1, le=8)
    left_stop: StopKind = "fixed_column"
    right_stop: StopKind = "end_stop"
    # the aisle that holds the free width when all is closed; None: the one before the right stop
    home_aisle: int | None = Field(default=None, ge=1, le=64)


class PointSettings(Section):
    """A confirmation point whose line of sight to the bank an installer signed for."""

    id: Id
    kind: Literal["kiosk", "button", "card"]
    name: Name
    signed_by: Name
    signed_on: date
    card_code: CardCode | None = None
    # number the controller gives to the button at the bank; below 65 are the buttons that open an aisle (SPEC 5)
    button: int | None = Field(default=None, ge=65, le=255)

    @model_validator(mode="after")
    def require_card_or_button(self) -> Self:
        if (self.kind == "card") != (self.card_code is not None):
            raise ValueError("card_code belongs to points of kind 'card', and each of them needs one")
        if (self.kind == "button") != (self.button is not None):
            raise ValueError("button belongs to points of kind 'button', and each of them needs one")
        return self


class BankSettings(Section):
    """One bank of columns behind one controller, as signed by its installer."""

    id: Id
    name: Name
    bus: Id
    unit: int = Field(ge=1, le=247)
    sections: int = Field(ge=1, le=15)
    tiers: int = Field(ge=1, le=15)
    slots: int = Field(default=17, ge=1, le=99)  # places of one tier in one section
    passable_gap_mm: int = Field(default=700, ge=600, le=2000)
    speed_mm_s: int = Field(default=80, ge=1, le=133)
    reaction_ms: int = Field(default=50, ge=0, le=1000)  # controller: order received -> drive off
    braking_mm: int = Field(default=15, ge=0, le=200)
    wake_ms: int = Field(default=2000, ge=0, le=150_000)
    warning_ms: int = Field(default=3000, ge=500, le=30_000)
    travel_ms: int = Field(ge=1000, le=300_000)
    stop_confirm_ms: int = Field(default=1000, ge=100, le=2000)
    column: tuple[ColumnSettings, ...] = Field(min_length=2, max_length=64)
    segment: tuple[SegmentSettings, ...] = Field(min_length=1)
    point: tuple[PointSettings, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def require_sound_geometry(self) -> Self:
        if [column.no for column in self.column] != list(range(1, len(self.column) + 1)):
            raise ValueError("column: numbers must run 1, 2, 3 … without a gap")
        expected = 1
        for segment in self.segment:
            if segment.first_column != expected or segment.last_column < segment.first_column:
                raise ValueError("segment: segments must cover all columns in order, without gap or overlap")
            expected = segment.last_column + 1
        if expected != len(self.column) + 1:
            raise ValueError("segment: segments must cover all columns in order, without gap or overlap")
        if self.segment[0].free_width_mm < self.passable_gap_mm:
            raise ValueError("segment: free_width_mm is less than passable_gap_mm, so no aisle could ever open")
        return self


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
    bus: tuple[BusSettings, ...] = Field(min_length=1)
    bank: tuple[BankSettings, ...] = Field(min_length=1)
    scanner: tuple[ScannerSettings, ...] = ()
    camera: tuple[CameraSettings, ...] = ()
    printer: tuple[PrinterSettings, ...] = Field(default=(), max_length=1)
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
        require_unique("bank: unit on bus", (f"{bank.bus}/{bank.unit}" for bank in self.bank))
        known = {bus.id for bus in self.bus}
        for bank in self.bank:
            if bank.bus not in known:
                raise ValueError(f"bank {bank.id}: bus {bank.bus!r} isn't described by any [[bus]]")
        kiosk_points = {point.id for bank in self.bank for point in bank.point if point.kind == "kiosk"}
        if self.kiosk.point_id not in kiosk_points:
            raise ValueError(f"kiosk.point_id: {self.kiosk.point_id!r} isn't a [[bank.point]] of kind 'kiosk'")
        return self


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


def describe_problem(path: Path, problem: Mapping[str, Any] | Any) -> str:
    """One line: file, key, what is wrong."""
    key = ""
    for part in problem["loc"]:
        key += f"[{part}]" if isinstance(part, int) else f".{part}" if key else str(part)
    if problem["type"] == "extra_forbidden":
        return f"{path}: unknown key {key!r}"
    if problem["type"] == "missing":
        return f"{path}: {key!r} is missing"
    message = problem["msg"].removeprefix("Value error, ")
    return f"{path}: {key}: {message}" if key else f"{path}: {message}"


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
    return settings.model_copy(update={"link": anchored_link, "printer": printers, "store": store})


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
