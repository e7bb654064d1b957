"""How a gateway reaches shelf controllers: an RS-485 line (device or serial server), or a broker in the room."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self

from pydantic import Discriminator, Field, Tag, field_validator, model_validator

from edge.bank_settings import Id, Section
from firmware_protocol.timing import Line

BUS_KINDS: Final = ("serial", "mqtt")
SERVER_NETWORK_MS: Final = 10
SERVER_URL = re.compile(r"^(?:socket|rfc2217)://(?:\[[0-9A-Fa-f:]+\]|[A-Za-z0-9.-]+):(?P<port>\d{1,5})$")


class SerialBusSettings(Section):
    """One RS-485 line with one or more bank controllers."""

    id: Id
    kind: Literal["serial"] = "serial"
    port: str  # a by-id device path, a pty, socket://host:port or rfc2217://host:port
    baud: Literal[9600, 19200, 38400, 57600, 115200] = 19200
    parity: Literal["N", "E", "O"] = "E"
    stop_bits: Literal[1, 2] = 1
    # what a serial server may add to an exchange, both ways together; None: 10 behind a server, nothing on a device
    network_ms: int | None = Field(default=None, ge=1, le=30)

    @property
    def line(self) -> Line:
        """The line's arithmetic: how many banks move at once, how far steel runs."""
        added_ms = self.network_ms or (SERVER_NETWORK_MS if SERVER_URL.match(self.port) else 0)
        return Line(self.baud, added_ms)

    @field_validator("port")
    @classmethod
    def require_device_or_server(cls, port: str) -> str:
        url = SERVER_URL.match(port)
        if url is None and (not port.startswith("/") or "\0" in port):
            raise ValueError("must be the path of a device, socket://host:port or rfc2217://host:port")
        if url is not None and not 1 <= int(url["port"]) <= 65_535:
            raise ValueError("its TCP port must be 1 to 65535")
        return port

    @model_validator(mode="after")
    def require_room_for_a_lease(self) -> Self:
        if not self.line.max_moving_banks:
            raise ValueError(f"network_ms: at {self.baud} baud no lease could be renewed in time")
        return self


class MqttBusSettings(Section):
    """Controllers on a broker in the room, which is never bridged and has no user of the centre."""

    id: Id
    kind: Literal["mqtt"]
    host: str = Field(min_length=1, max_length=255)
    port: int = Field(default=1883, ge=1, le=65_535)
    user: Id = "gateway"
    password_file: Path | None = None
    ca_file: Path | None = None  # None: no TLS, for a broker on a wire of its own
    turn_ms: int = Field(default=60, ge=5, le=60)  # longest way of a request and its answer, as measured

    @model_validator(mode="after")
    def require_password_over_the_wire(self) -> Self:
        if self.password_file is None and self.host not in {"127.0.0.1", "::1", "localhost"}:
            raise ValueError("password_file is missing: only a broker on this machine may do without")
        return self


def read_kind(table: Any) -> str | None:
    """Tell which kind of bus a table describes; a line unless it says otherwise."""
    if isinstance(table, dict):
        kind = table.get("kind", "serial")
        return kind if isinstance(kind, str) else None
    return getattr(table, "kind", None)


BusSettings = Annotated[
    Annotated[SerialBusSettings, Tag("serial")] | Annotated[MqttBusSettings, Tag("mqtt")], Discriminator(read_kind)
]


def anchor_bus(bus: SerialBusSettings | MqttBusSettings, folder: Path) -> SerialBusSettings | MqttBusSettings:
    """Make relative file paths of a bus absolute from the settings file's folder."""
    if isinstance(bus, SerialBusSettings):
        return bus
    files = {name: path for name in ("password_file", "ca_file") if (path := getattr(bus, name)) is not None}
    return bus.model_copy(update={name: folder / path for name, path in files.items()})
