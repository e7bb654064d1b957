"""The device page can't press, confirm or start: seen in its source, not only in what it did when tried."""

from __future__ import annotations

import ast
import typing
from pathlib import Path

from edge.core import effects, events
from edge.core.operations import ASKABLE
from edge.device.house import ASKED, POINT
from edge.device.needs import ROUTES

ROOM = Path(__file__).parents[3] / "edge" / "device"
EVENTS = {kind.__name__ for kind in typing.get_args(events.Event)}
ORDERS = {kind.__name__ for kind in typing.get_args(effects.ShelfOrder)}
# made by the page itself; every other event it may only recognise as it passes
MADE = {"OperationAsked"}


def trees() -> list[tuple[str, ast.Module]]:
    return [(path.name, ast.parse(path.read_text(encoding="utf-8"))) for path in sorted(ROOM.glob("*.py"))]


def test_it_makes_one_event_and_no_order() -> None:
    made: dict[str, set[str]] = {}
    for name, tree in trees():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in EVENTS | ORDERS:
                made.setdefault(node.func.id, set()).add(name)
    assert made == {"OperationAsked": {"house.py"}}


def test_what_it_makes_is_marked_as_from_afar_and_named_as_no_point() -> None:
    calls = [
        node
        for name, tree in trees()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "OperationAsked"
    ]
    assert [ast.unparse(call) for call in calls] == ["OperationAsked(POINT, bank, operation, aisle, afar=True)"]
    assert POINT == "device"


def test_the_way_into_the_inbox_is_used_in_one_place() -> None:
    users = [
        f"{name}:{node.lineno}"
        for name, tree in trees()
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and node.attr in {"_post", "post", "submit"}
    ]
    assert [user.split(":")[0] for user in users] == ["house.py"]


def test_it_knows_no_wire_no_driver_and_no_kiosk() -> None:
    foreign = ("firmware_protocol", "edge.drivers", "edge.kiosk", "edge.runtime", "edge.link", "edge.app")
    found = [
        f"{name} {node.module}"
        for name, tree in trees()
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(foreign)
    ]
    assert found == []


def test_what_may_be_asked_for_only_ever_becomes_a_prompt() -> None:
    assert set(ASKED) == {"open_aisle", "close_all", "ventilate", "park", "home"}
    assert set(ASKED) <= set(ASKABLE)
    assert {route.name for route in ROUTES if route.effect == "prompt"} == {"propose", "ask_checklist"}
    assert all(route.method == "POST" for route in ROUTES if route.effect in {"prompt", "prints", "notes"})
