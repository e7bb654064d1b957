"""A kiosk's site around a hand-hung board: what it was asked is kept as events."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from fastapi import FastAPI
from prometheus_client import CollectorRegistry, Counter

from edge.core.events import Event
from edge.core.shown import KioskView
from edge.kiosk.desk import Desk
from edge.kiosk.rendering import Renderer
from edge.kiosk.site import create_site
from tests.integration.edge_rim.kiosk_views import PlainBoard


class KioskHouse:
    """One site at point `kiosk-a`, its board, and all it posted."""

    def __init__(self, view: KioskView | None) -> None:
        self.board = PlainBoard(view)
        self.events: list[Event] = []
        self.pins: list[tuple[str, str, str]] = []
        self.has_room = True
        self.healthy = True
        registry = CollectorRegistry()
        refusals = Counter("kiosk_refusals_total", "refused", ("reason",), registry=registry)
        desk = Desk("kiosk-a", self.take, lambda *entry: self.pins.append(entry), self.board)
        renderer = Renderer("kiosk-a", "zh_CN", ZoneInfo("Asia/Shanghai"))
        self.site: FastAPI = create_site(
            desk, renderer, registry, lambda: (self.healthy, {"ok": self.healthy}), refusals
        )

    def take(self, event: Event) -> bool:
        if self.has_room:
            self.events.append(event)
        return self.has_room
