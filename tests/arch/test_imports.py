"""Who may import what, beyond the contracts of import-linter: no cycles, short chains, pure layers, one commit."""

from __future__ import annotations

import ast
import functools

import pytest

from tests.arch.source_tree import Source, import_graph, imported_names, sources

# from the entrance of the gateway through the core, whose rules rest on each other: decide, scans … state, room, geometry
CHAIN_MOST = 16

PURE = ("firmware_protocol", "edge/core", "central/domain")
IMPURE_MODULES = {
    "asyncio",
    "logging",
    "os",
    "requests",
    "secrets",
    "select",
    "serial",
    "socket",
    "sqlite3",
    "structlog",
    "subprocess",
    "sys",
    "threading",
    "time",
    "uuid",
    "uuid_utils",
}
CLOCK_CALLS = {"now", "utcnow", "today"}
# Commands that make files of the protocol (tables, vectors) run by hand and by ./dev check, never by the gateway.
COMMANDS: dict[str, str] = {}

# `now` is an argument here: one use case, one instant.
TOLD_THE_TIME = ("firmware_protocol", "edge/core", "edge/store", "central/domain", "central/store", "central/services")

WEB_FRAMEWORK_ROOMS = (
    "central/app",
    "central/api",
    "central/web",
    "edge/app",
    "edge/device",
    "edge/kiosk",
    "simulators",
)
COMMIT_ROOM = "central/store/tx.py"


def strongly_connected(graph: dict[str, frozenset[str]]) -> list[set[str]]:
    """Groups of modules that reach each other; a sound tree has none of two or more."""
    reach: dict[str, set[str]] = {}
    for start, targets in graph.items():
        seen: set[str] = set()
        todo = list(targets)
        while todo:
            module = todo.pop()
            if module not in seen:
                seen.add(module)
                todo.extend(graph[module])
        reach[start] = seen
    cycles = {frozenset({a} | {b for b in reach[a] if a in reach[b]}) for a in graph if a in reach[a]}
    return [set(cycle) for cycle in cycles]


def test_no_import_cycles_lazy_ones_counted() -> None:
    assert strongly_connected(import_graph()) == []


def test_import_chains_are_short() -> None:
    """Counted within each room of the house; the world, which runs the others' code on purpose, is a room of its own."""
    graph = import_graph()

    def room(module: str) -> str:
        return "simulators.world" if module.startswith("simulators.world") else module.split(".", maxsplit=1)[0]

    @functools.cache
    def longest(module: str) -> tuple[str, ...]:
        ways = (longest(target) for target in graph[module] if room(target) == room(module))
        return (module, *max(ways, key=len, default=()))

    chain = max((longest(module) for module in graph), key=len)
    assert len(chain) <= CHAIN_MOST, " -> ".join(chain)


def test_cycles_are_seen() -> None:
    graph = {"a": frozenset({"b"}), "b": frozenset({"c"}), "c": frozenset({"b"})}
    assert strongly_connected(graph) == [{"b", "c"}]


def in_rooms(source: Source, rooms: tuple[str, ...]) -> bool:
    return any(source.path == f"{room}.py" or source.path.startswith(f"{room}/") for room in rooms)


@pytest.mark.parametrize("room", PURE)
def test_pure_rooms_import_no_world(room: str) -> None:
    found = [
        f"{source.path}:{line} {name}"
        for source in sources(room)
        if source.path not in COMMANDS
        for line, name in imported_names(source)
        if name.split(".")[0] in IMPURE_MODULES
    ]
    assert not found, "clock, chance, log or I/O in a pure room:\n" + "\n".join(found)


@pytest.mark.parametrize("room", PURE)
def test_pure_rooms_are_given_their_chance(room: str) -> None:
    """A generator may be taken as an argument, so the module's name may stand in an annotation; making or calling one may not."""
    found = [
        f"{source.path}:{node.lineno} {ast.unparse(node)}"
        for source in sources(room)
        if source.path not in COMMANDS
        for node in ast.walk(source.tree)
        if (isinstance(node, ast.Call) and ast.unparse(node.func).startswith("random."))
        or (isinstance(node, ast.ImportFrom) and node.module == "random")
    ]
    assert not found, "\n".join(found)


def test_inner_rooms_are_told_the_time() -> None:
    found = []
    for source in sources():
        if not in_rooms(source, TOLD_THE_TIME) or source.path in COMMANDS:
            continue
        for node in ast.walk(source.tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in CLOCK_CALLS:
                owner = ast.unparse(node.func.value)
                if owner.split(".")[-1] in {"datetime", "date"}:
                    found.append(f"{source.path}:{node.lineno} {owner}.{node.func.attr}()")
            if isinstance(node, ast.Attribute) and ast.unparse(node) in {"time.time", "time.time_ns"}:
                found.append(f"{source.path}:{node.lineno} {ast.unparse(node)}")
    assert not found, "\n".join(found)


def test_fastapi_stays_in_its_rooms() -> None:
    found = [
        f"{source.path}:{line} {name}"
        for source in sources()
        if not in_rooms(source, WEB_FRAMEWORK_ROOMS)
        for line, name in imported_names(source)
        if name.split(".")[0] in {"fastapi", "starlette"}
    ]
    assert not found, "\n".join(found)


def test_one_place_commits() -> None:
    found = [
        f"{source.path}:{node.lineno}"
        for source in sources("central")
        if source.path != COMMIT_ROOM
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "commit"
    ]
    assert not found, f"a commit outside {COMMIT_ROOM}:\n" + "\n".join(found)


def test_services_do_not_import_services() -> None:
    found = [
        f"{module} -> {target}"
        for module, targets in import_graph().items()
        for target in targets
        if module.startswith("central.services.") and target.startswith("central.services.")
    ]
    assert not found, "\n".join(found)


def test_drivers_do_not_know_each_other() -> None:
    """The driver of one device may be several files of one prefix; `label_` and `line_` files know no device."""

    def device(module: str) -> str:
        return module.removeprefix("edge.drivers.").split(".")[0].split("_")[0]

    found = [
        f"{module} -> {target}"
        for module, targets in import_graph().items()
        for target in targets
        if module.startswith("edge.drivers.") and target.startswith("edge.drivers.")
        if device(target) not in {device(module), "label", "line"}
    ]
    assert not found, "\n".join(found)
