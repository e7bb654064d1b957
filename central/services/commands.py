"""Ask the people or devices of a room for something (link-protocol 8). No command moves steel."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from central.domain.commands import TTL_MS_MAX, Command, find_fault
from central.store.ids import new_id


@dataclass(frozen=True, slots=True)
class CommandAnswer:
    """What the gateway said; `unknown` when it said nothing in time."""

    command_id: str
    result: str
    reason: str | None = None
    detail: dict[str, Any] = field(default_factory=dict)


class CommandPort(Protocol):
    """The way to the gateways; the link job is one."""

    def ask_gateway(self, room_id: str, command: Command) -> CommandAnswer:
        """Send a command and wait for its answer, at most its life."""
        ...


def send_command(
    port: CommandPort,
    room_id: str,
    kind: str,
    body: Mapping[str, Any],
    *,
    asked_by: str,
    now: datetime,
    ttl_ms: int = TTL_MS_MAX,
) -> CommandAnswer:
    """Send a command and return its answer; blocks for at most `ttl_ms`, so call it outside any transaction."""
    command = Command(new_id(), kind, now, min(ttl_ms, TTL_MS_MAX), asked_by[:64], dict(body))
    fault = find_fault(command)
    if fault is not None:
        return CommandAnswer(command.id, "refused", fault)
    return port.ask_gateway(room_id, command)
