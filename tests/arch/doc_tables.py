"""Tables in docs/ that code knows best. `./dev docs` writes them anew; a test fails when one is out of date.

A table stands between `<!-- table: KEY -->` and `<!-- end -->`. Where the last column is meant for words by hand (settings), they are kept.
"""

from __future__ import annotations

import importlib
import re
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import typer.main
import yaml
from fastapi.routing import iter_route_contexts

from central.app import DOCS_PATHS, build_app
from central.domain.permissions import find_need
from central.settings import CentralSettings
from central.store.base import open_engine
from central.store.migrate import upgrade_schema
from edge.device.needs import ROUTES
from edge.kiosk.presses import PRESSES
from tests.arch.settings_rows import list_settings
from tests.arch.source_tree import ROOT
from tests.integration.edge_rim.kiosk_house import KioskHouse

BLOCK = re.compile(r"<!-- table: (?P<key>\S+) -->\n(?P<body>.*?)<!-- end -->", re.DOTALL)
LABEL = re.compile(r"\{\{ \$labels\.(?P<label>\w+) \}\}")
NAME = re.compile(r"^\| `(?P<name>[^`]+)` \|")


def kept_words(body: str) -> dict[str, str]:
    """Name in the first column -> words in the last one of the table as it stands."""
    rows = [line for line in body.splitlines() if NAME.match(line)]
    return {row.split("`")[1]: row.rstrip().removesuffix("|").rpartition(" | ")[2].strip() for row in rows}


def settings_table(path: str, body: str) -> Iterator[str]:
    """One row a key; the meaning is written by hand and kept."""
    module, _, name = path.partition(":")
    words = kept_words(body)
    yield "| key | default | limits | meaning |"
    yield "|---|---|---|---|"
    for row in list_settings(getattr(importlib.import_module(module), name)):
        yield f"{row.start()} {words.get(row.name, '')} |"


def metrics_table(module: str, body: str) -> Iterator[str]:
    """One row a metric, from the process's own table."""
    del body
    yield "| metric | kind | labels | what it says |"
    yield "|---|---|---|---|"
    for metric in importlib.import_module(module).METRICS:
        labels = ", ".join(f"`{label}`" for label in metric.labels) or "–"
        yield f"| `{metric.name}` | {metric.kind} | {labels} | {metric.help} |"


def walk_commands(command: Any, name: str) -> Iterator[tuple[str, str]]:
    """Full name and first sentence of each command of a console script."""
    if hasattr(command, "commands"):
        for each in sorted(command.commands):
            yield from walk_commands(command.commands[each], f"{name} {each}")
    else:
        yield name, (command.help or "").strip().split("\n\n")[0].replace("\n", " ")


def commands_table(path: str, body: str) -> Iterator[str]:
    """One row a command of a console script: `module:app:script name`."""
    del body
    module, app, script = path.split(":")
    yield "| command | what it does |"
    yield "|---|---|"
    for name, words in walk_commands(typer.main.get_command(getattr(importlib.import_module(module), app)), script):
        yield f"| `{name}` | {words} |"


def build_centre(folder: str) -> Any:
    """The centre's application on an empty database, without a broker."""
    url = f"sqlite:///{folder}/central.db"
    engine = open_engine(url)
    upgrade_schema(engine)
    engine.dispose()
    return build_app(CentralSettings.model_validate({"mqtt": {"enabled": False}, "database": {"url": url}}))


def routes_table(prefix: str, body: str) -> Iterator[str]:
    """One row a route of the centre below a path: what it needs and what it does."""
    del body
    with tempfile.TemporaryDirectory() as folder:
        app = build_centre(folder)
        rows = set()
        for route in iter_route_contexts(app.routes):
            action, path = find_need(route.endpoint), route.path or ""
            if action is None or path in DOCS_PATHS or path.startswith("/api/") != (prefix == "/api/"):
                continue
            words = (route.endpoint.__doc__ or "").strip().split("\n")[0]
            rows |= {(path, method, action.value, words) for method in (route.methods or set()) - {"HEAD"}}
        app.state.tx.engine.dispose()
    yield "| route | needs | what it does |"
    yield "|---|---|---|"
    for path, method, need, words in sorted(rows):
        yield f"| `{method} {path}` | {need} | {words} |"


def refusals_table(module: str, body: str) -> Iterator[str]:
    """One row a refusal: judged on a bank, or on a press; its sentence in both languages, its label in the metric."""
    del body
    folder = module.rpartition(".")[0]
    judged = importlib.import_module(module).REFUSALS
    pressed = importlib.import_module(f"{folder}.press_refusals").PRESS_REFUSALS
    messages = importlib.import_module(f"{folder}.messages").MESSAGES
    yield "| row | condition | what makes it go away | where | a request | 中文 | English | metric label |"
    yield "|---|---|---|---|---|---|---|---|"
    for row in (*judged, *pressed):
        message = messages[row.key]
        waits = "waits" if getattr(row, "waits", False) else "is refused"
        words = (
            f"`{row.key}`",
            row.condition,
            row.gone_when,
            row.where,
            waits,
            message.zh,
            message.en,
            f"`{row.metric}`",
        )
        yield f"| {' | '.join(words)} |"


def alerts_sections(path: str, body: str) -> Iterator[str]:
    """One section an alert, from its annotations: what happened and what to do, in both languages."""
    del body
    for group in yaml.safe_load((ROOT / path).read_text(encoding="utf-8"))["groups"]:
        for rule in group["rules"]:
            words = {key: LABEL.sub(r"{\g<label>}", text) for key, text in rule["annotations"].items()}
            yield f"## {rule['alert']}"
            yield ""
            yield f"{rule['labels']['severity']}, after {rule['for']}: `{rule['expr']}`"
            yield ""
            yield f"**{words['summary']}** {words['action']}"
            yield ""
            yield f"**{words['summary_en']}** {words['action_en']}"
            yield ""


def device_routes_table(_rest: str, body: str) -> Iterator[str]:
    """One row a route of a gateway's device page: who may, the most it may do, and what it is for."""
    del body
    yield "| route | needs | at most | what it is for |"
    yield "|---|---|---|---|"
    for route in ROUTES:
        yield f"| `{route.method} {route.path}` | {route.need} | {route.effect} | {route.words} |"


def kiosk_routes_table(_rest: str, body: str) -> Iterator[str]:
    """One row a route of the kiosk: pages by their endpoints' words, presses by their table."""
    del body
    effects = {f"/{prefix}{press.name}": press for press in PRESSES for prefix in ("", "api/")}
    rows = set()
    for route in iter_route_contexts(KioskHouse(None).site.routes):
        path, press = route.path or "", effects.get(route.path or "")
        if not route.methods:
            continue  # folders of files
        words = press.words if press else (route.endpoint.__doc__ or "").strip().split("\n")[0]
        effect = press.effect if press else "reads" if "GET" in route.methods else "none"
        rows |= {(path.removeprefix("/api") if press else path, path, method, effect, words)
                 for method in route.methods - {"HEAD"}}  # fmt: skip
    yield "| route | at most | what it is for |"
    yield "|---|---|---|"
    for _, path, method, effect, words in sorted(rows):
        yield f"| `{method} {path}` | {effect} | {words} |"


KINDS: dict[str, Callable[[str, str], Iterator[str]]] = {
    "settings": settings_table,
    "metrics": metrics_table,
    "commands": commands_table,
    "routes": routes_table,
    "device-routes": device_routes_table,
    "kiosk-routes": kiosk_routes_table,
    "alerts": alerts_sections,
    "refusals": refusals_table,
}


def write_table(match: re.Match[str]) -> str:
    """The block as it should be now."""
    kind, _, rest = match["key"].partition("=")
    lines = KINDS[kind](rest, match["body"])
    return f"<!-- table: {match['key']} -->\n" + "".join(f"{line}\n" for line in lines) + "<!-- end -->"


def renew(text: str) -> str:
    """The text with every table in it written anew."""
    return BLOCK.sub(write_table, text)


def documents() -> list[Path]:
    """Documents that hold such tables."""
    return [path for path in sorted((ROOT / "docs").rglob("*.md")) if BLOCK.search(path.read_text(encoding="utf-8"))]


def main(arguments: list[Any]) -> None:
    """Write every table anew."""
    del arguments
    for path in documents():
        path.write_text(renew(path.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
