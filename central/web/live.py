"""The event stream of the room map: newest bank views of a room. Holds no session; one reader fans out to all."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from typing import Any, Protocol

from anyio import CapacityLimiter
from anyio.to_thread import run_sync
from fastapi.sse import ServerSentEvent

#: A stream ends after this long and the browser opens it anew: log-in and scope are looked at again then.
STREAM_S = 600.0
#: Longest silence on a stream; proxies cut what is silent for longer.
BEAT_S = 10.0


class Board(Protocol):
    """Newest state of every room, with a version that rises at every change."""

    def snapshot(self) -> dict[str, Any]: ...
    def wait(self, version: int, timeout_s: float) -> dict[str, Any]: ...


class Fan:
    """One thread waits on the board for all streams of this process."""

    def __init__(self, board: Board) -> None:
        self.board = board
        self._limiter = CapacityLimiter(1)
        self._waiting: asyncio.Task[dict[str, Any]] | None = None

    async def next_after(self, version: int) -> dict[str, Any]:
        """Return the newest snapshot, at once when it is newer than `version`, else at the next change or beat."""
        snapshot = self.board.snapshot()
        if snapshot["version"] != version:
            return snapshot
        if self._waiting is None or self._waiting.done():
            self._waiting = asyncio.create_task(self._wait(version))
        return await asyncio.shield(self._waiting)

    async def _wait(self, version: int) -> dict[str, Any]:
        return await run_sync(self.board.wait, version, BEAT_S, limiter=self._limiter, abandon_on_cancel=True)


def read_banks(board: Board, room_id: str) -> dict[str, dict[str, Any]]:
    """Return the newest views of the banks of a room, by bank key."""
    banks: dict[str, dict[str, Any]] = board.snapshot()["rooms"].get(room_id, {}).get("banks", {})
    return banks


def read_presence(board: Board, room_id: str) -> dict[str, Any]:
    """Return what the gateway of a room last said of itself; {} when it never did."""
    presence: dict[str, Any] = board.snapshot()["rooms"].get(room_id, {}).get("presence", {})
    return presence


async def stream_room(fan: Fan, room_id: str) -> AsyncIterator[ServerSentEvent]:
    """Yield each bank view of a room when it changed, and a beat when nothing did."""
    ends_at = time.monotonic() + STREAM_S
    version = -1
    sent: dict[str, str] = {}
    while time.monotonic() < ends_at:
        snapshot = await fan.next_after(version)
        if snapshot["version"] == version:
            yield ServerSentEvent(event="beat", raw_data="{}")
            continue
        version = snapshot["version"]
        for key, view in snapshot["rooms"].get(room_id, {}).get("banks", {}).items():
            text = json.dumps(view, ensure_ascii=False, separators=(",", ":"))
            if sent.get(key) != text:
                sent[key] = text
                yield ServerSentEvent(event="bank", raw_data=text)
