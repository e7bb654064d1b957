"""Settings of the technician's page: where it listens, its certificate, who may log in. No section: no page."""

from __future__ import annotations

import ipaddress
from pathlib import Path
from typing import Annotated

from pydantic import Field, StringConstraints, field_validator

from edge.bank_settings import Section

HostName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$|^[0-9a-f:]{2,39}$")]


class DevicePageSettings(Section):
    """The device page over the LAN: TLS and log-in. It counts as from afar and never moves steel."""

    host: str = "0.0.0.0"  # noqa: S104 - the LAN is meant; without this section nothing listens
    port: int = Field(default=8443, ge=0, le=65_535)
    names: tuple[HostName, ...] = Field(min_length=1, max_length=16)  # names and addresses that browsers ask it by
    certificate_file: Path
    key_file: Path
    technicians_file: Path  # names with argon2 hashes, written by `openaisle-gateway set-technician`

    @field_validator("host")
    @classmethod
    def require_address(cls, host: str) -> str:
        ipaddress.ip_address(host)
        return host


def anchor_device_page(page: DevicePageSettings | None, folder: Path) -> DevicePageSettings | None:
    """Make relative file paths absolute from the settings file's folder."""
    if page is None:
        return None
    files = ("certificate_file", "key_file", "technicians_file")
    return page.model_copy(update={name: folder / getattr(page, name) for name in files})
