"""The law of motion, proven twice: by reading the code, and by throwing arbitrary events at it."""

from __future__ import annotations

import ast
from collections.abc import Callable
from functools import cache
from pathlib import Path

import edge.core
from edge.core.decide import HANDLERS
from edge.core.operations import ASKABLE
from edge.core.snapshot import MOVING

CORE = Path(edge.core.__file__).parent

# who may call the one function that makes SELECT
PRESS_HANDLERS = {"confirm_at_screen", "confirm_by_card", "confirm_by_button", "open_by_scan"}
# and which events reach those
PRESS_EVENTS = {"PromptConfirmed", "CodeRead", "CodeTyped", "BadgeTyped", "RingEventsRead"}


@cache
def functions() -> dict[str, tuple[str, ast.FunctionDef]]:
    found: dict[str, tuple[str, ast.FunctionDef]] = {}
    for path in CORE.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef):
                assert node.name not in found, f"{node.name} stands twice"
                found[node.name] = (path.name, node)
    return found


def users_of(name: str) -> set[str]:
    """Functions in which a name is used in any way but as an annotation."""
    users = set()
    for function, (_, node) in functions().items():
        bodies = [inner for statement in node.body for inner in ast.walk(statement)]
        if any(isinstance(inner, ast.Name) and inner.id == name for inner in bodies) and function != name:
            users.add(function)
    return users


@cache
def tables() -> dict[tuple[str, str], set[str]]:
    """Names that a file's own tables hold, by file and table: they hand an event on, so the walk follows them too."""
    found: dict[tuple[str, str], set[str]] = {}
    for path in CORE.glob("*.py"):
        for node in ast.parse(path.read_text()).body:
            targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
            value = getattr(node, "value", None)
            for target in targets:
                if isinstance(target, ast.Name) and isinstance(value, (ast.Dict, ast.Tuple)):
                    names = {inner.id for inner in ast.walk(value) if isinstance(inner, ast.Name)}
                    found[path.name, target.id] = names
    return found


def reached_from(handler: Callable[..., object]) -> set[str]:
    """Every function of the core that a handler may call, directly or not, also by way of a table."""
    known, held = functions(), tables()
    seen: set[str] = set()
    todo = [handler.__name__]
    while todo:
        name = todo.pop()
        if name in seen or name not in known:
            continue
        seen.add(name)
        file, function = known[name]
        for inner in ast.walk(function):
            if isinstance(inner, ast.Name):
                todo += [inner.id, *held.get((file, inner.id), ())]
    return seen


def test_select_is_made_in_one_function_called_by_press_and_scan_handlers_only() -> None:
    assert users_of("SendSelect") == {"select_aisle"}
    assert users_of("select_aisle") == PRESS_HANDLERS


def test_only_presses_and_scans_reach_select() -> None:
    reaching = {event.__name__ for event, handler in HANDLERS.items() if "select_aisle" in reached_from(handler)}
    assert reaching <= PRESS_EVENTS
    assert {"PromptConfirmed", "CodeRead", "RingEventsRead"} <= reaching


def test_operate_is_made_only_in_answer_to_select() -> None:
    assert users_of("SendOperate") == {"answer_select"}
    assert users_of("answer_select") == set()
    assert [event.__name__ for event, handler in HANDLERS.items() if handler.__name__ == "answer_select"] == [
        "SelectAnswered"
    ]


def test_acts_are_made_in_one_function_and_none_of_them_moves() -> None:
    assert users_of("SendAct") == {"order_act"}
    assert users_of("order_act") == {"send_act", "unlock_aisles"}
    assert users_of("unlock_aisles") == {"select_aisle"}, "a lock is released by a press alone"
    acting = {name for name, function in ASKABLE.items() if function.__name__ != "propose"}
    assert not acting & MOVING
    assert {name for name in ASKABLE if name not in acting} == MOVING | {"unlock"}


def test_the_owners_entry_is_only_ever_read() -> None:
    assert users_of("ScanAlone") == set()
    makers = {path.name for path in CORE.parent.rglob("*.py") if "ScanAlone(" in path.read_text()}
    assert makers <= {"installation.py", "room.py"}, "it comes from a file on the gateway and from nowhere else"


def test_permits_are_made_in_one_function() -> None:
    assert users_of("PermitLease") == {"permit_lease"}
    assert users_of("permit_lease") == {"watch_motion", "watch_travel"}
    assert users_of("watch_motion") == {"take_snapshot"}


def test_the_core_is_pure() -> None:
    banned = {"time", "random", "secrets", "socket", "threading", "os", "sqlite3", "uuid", "uuid_utils", "structlog"}
    for path in CORE.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                assert not {alias.name.split(".")[0] for alias in node.names} & banned, path
            if isinstance(node, ast.ImportFrom):
                assert (node.module or "").split(".")[0] not in banned, path
