"""The kiosk's routes: what stands in the table is served, nothing beside it, and one press alone may start motion."""

from __future__ import annotations

import pytest
from fastapi.routing import iter_route_contexts
from starlette.testclient import TestClient

from edge.core.events import OperationAsked, PromptConfirmed
from edge.core.snapshot import MOVING
from edge.kiosk.presses import PRESSES, PressDef
from tests.arch.source_tree import ROOT
from tests.integration.edge_rim.kiosk_house import KioskHouse
from tests.integration.edge_rim.kiosk_views import asking_view
from tests.integration.edge_rim.test_kiosk_endpoints import HERE
from tests.integration.edge_rim.test_kiosk_endpoints import PRESSES as PRESSED

PAGES = {"/", "/operations", "/queue", "/keypad", "/language", "/stream", "/api/view", "/metrics", "/health"}


def list_paths(house: KioskHouse) -> set[str]:
    return {route.path for route in iter_route_contexts(house.site.routes) if route.methods and route.path}


def test_nothing_is_served_beside_the_table() -> None:
    presses = {f"/{prefix}{press.name}" for press in PRESSES for prefix in ("", "api/")}
    assert list_paths(KioskHouse(None)) == presses | PAGES


def test_every_route_stands_in_the_document() -> None:
    text = (ROOT / "docs" / "routes.md").read_text(encoding="utf-8")
    table = text[text.index("kiosk-routes") : text.index("device-routes")]
    assert all(f" {path}` |" in table for path in list_paths(KioskHouse(None)))


@pytest.mark.parametrize("press", PRESSES, ids=lambda press: press.name)
def test_only_the_confirming_press_may_start_motion(press: PressDef) -> None:
    house = KioskHouse(asking_view())
    with TestClient(house.site, base_url=HERE, client=("127.0.0.1", 50_000), headers={"origin": HERE}) as client:
        for act, fields, _ in PRESSED:
            if act == press.name:
                assert client.post(f"/api/{act}", json=fields).status_code == 202
    started = [event for event in house.events if isinstance(event, PromptConfirmed)]
    assert bool(started) == (press.effect == "starts")
    # what moves steel is asked for as a wish, which the core turns into a prompt
    assert all(isinstance(each, OperationAsked) for each in house.events if getattr(each, "operation", None) in MOVING)
