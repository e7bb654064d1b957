"""The page's one event stream: rendered pieces when they changed, banks as they come, and a heartbeat."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import anyio
from anyio.to_thread import run_sync
from fastapi import HTTPException
from fastapi.sse import ServerSentEvent

from edge.core.shown import KioskView
from edge.kiosk.desk import Board
from edge.kiosk.rendering import Renderer

STREAM_LIMIT = 8  # one screen, its reload, and a technician's look: more is a leak
BEAT_INTERVAL_S = 1.0
RENDER_INTERVAL_S = 0.05


class Streams:
    """Hands out event streams; each waits for newer views in a worker thread of its own."""

    def __init__(self, board: Board, renderer: Renderer) -> None:
        self._board = board
        self._renderer = renderer
        self._open = 0
        self._limiter: anyio.CapacityLimiter | None = None

    @property
    def open_count(self) -> int:
        """Pages that listen now."""
        return self._open

    def admit(self) -> None:
        """Refuse one page too many."""
        if self._open >= STREAM_LIMIT:
            raise HTTPException(429, "too_many_pages")

    async def follow(self, language: str) -> AsyncIterator[ServerSentEvent]:
        """Send every change of the view until the page goes away."""
        if self._limiter is None:
            # waiting streams must not take threads away from presses
            self._limiter = anyio.CapacityLimiter(STREAM_LIMIT)
        sent: dict[str, Any] = {}
        number, self._open = -1, self._open + 1
        try:
            while True:
                newer, view = await run_sync(self._board.wait_newer, number, BEAT_INTERVAL_S, limiter=self._limiter)
                if newer == number or view is None:
                    yield ServerSentEvent(event="beat", data=number)
                    continue
                number = newer
                for event in self._changes(view, language, sent):
                    yield event
                await anyio.sleep(RENDER_INTERVAL_S)
        finally:
            self._open -= 1

    def _changes(self, view: KioskView, language: str, sent: dict[str, Any]) -> list[ServerSentEvent]:
        """List what differs from what this page has."""
        pieces: dict[str, Any] = {
            **self._renderer.render_pieces(view, language),
            "pulse": self._renderer.pulse(view, language),
        }
        events = []
        for name, piece in pieces.items():
            if sent.get(name) != piece:
                sent[name] = piece
                events.append(ServerSentEvent(event=name, data=piece))
        for bank in view["banks"]:
            key = f"bank {bank['bank']}"
            if sent.get(key) != bank:
                sent[key] = bank
                events.append(ServerSentEvent(event="bank", data=bank))
        return events or [ServerSentEvent(event="beat", data=0)]
