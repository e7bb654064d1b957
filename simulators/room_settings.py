"""What `openaisle-sim room` is told: one strict TOML file. An unknown key is an error that names it."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from simulators.room_plan import RoomOptions

DeviceId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,31}$")]
Port = Annotated[int, Field(ge=0, le=65_535)]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class BankSettings(_Section):
    """The bank and its line."""

    id: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9]{1,8}$")] = "A"
    unit: int = Field(default=1, ge=1, le=247)
    baud: int = Field(default=19200, ge=1200, le=115_200)
    moving_columns: int = Field(default=10, ge=1, le=15)
    aisle_mm: int = Field(default=800, ge=100, le=3000)
    speed_mm_s: int = Field(default=80, ge=1, le=133)
    service_port: Port = 0


class ScannerSettings(_Section):
    """One scanner on a pty."""

    id: DeviceId
    trigger: bool = True


class PortSettings(_Section):
    """A device that listens on a port of loopback; 0 takes a free one."""

    port: Port = 0


class RoomSettings(_Section):
    """All devices of one simulated room."""

    dir: Path
    seed: int = 1
    bank: BankSettings = BankSettings()
    scanner: tuple[ScannerSettings, ...] = (ScannerSettings(id="scan-1"),)
    camera: PortSettings = PortSettings()
    printer: PortSettings = PortSettings()
    control: PortSettings = PortSettings()

    @property
    def options(self) -> RoomOptions:
        """Return what of it shapes the bank."""
        return RoomOptions(
            seed=self.seed,
            bank_id=self.bank.id,
            moving_columns=self.bank.moving_columns,
            aisle_mm=self.bank.aisle_mm,
            speed_mm_s=self.bank.speed_mm_s,
        )


def read_room_settings(path: Path) -> RoomSettings:
    """Read the file; relative folders start at its own. Raises pydantic's ValidationError or a TOML error."""
    document = tomllib.loads(path.read_text(encoding="utf-8"))
    settings = RoomSettings.model_validate(document)
    return settings.model_copy(update={"dir": path.resolve().parent / settings.dir})
