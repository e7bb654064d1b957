"""The tree as the architecture tests see it: which files count, their syntax trees, who imports whom."""

from __future__ import annotations

import ast
import functools
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("firmware_protocol", "edge", "central", "simulators", "ui", "bench")
SKIPPED_FOLDERS = {"var", "dist", "node_modules", "__pycache__"}
TEXT_ENDINGS = {".py", ".js", ".css", ".html", ".md", ".toml", ".yml", ".yaml", ".json", ".sh", ".po", ".pot", ".ini"}
TEXT_ENDINGS |= {".conf", ".service", ".txt", ".c", ".h", ".mako", ".sql", ".in", ""}


@dataclass(frozen=True)
class Source:
    """One Python file: its path from the root, dotted name, text and syntax tree."""

    path: str
    module: str
    text: str
    tree: ast.Module

    @property
    def is_package(self) -> bool:
        return self.path.endswith("__init__.py")


def kept_files() -> list[Path]:
    """Every file that a clone would hold: no caches, no environments, no run-time data."""
    found = []
    for path in sorted(ROOT.rglob("*")):
        parts = path.relative_to(ROOT).parts
        hidden = any(part.startswith(".") for part in parts) and parts[0] not in {".ci", ".gitignore"}
        if path.is_file() and not hidden and not SKIPPED_FOLDERS.intersection(parts):
            found.append(path)
    return found


def text_files() -> list[tuple[str, str]]:
    """Path and text of every file a person may read."""
    return [
        (path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8"))
        for path in kept_files()
        if path.suffix in TEXT_ENDINGS
    ]


def _source(path: Path) -> Source:
    relative = path.relative_to(ROOT)
    parts = list(relative.with_suffix("").parts)
    if parts[-1] == "__init__":
        parts.pop()
    text = path.read_text(encoding="utf-8")
    return Source(relative.as_posix(), ".".join(parts), text, ast.parse(text, relative.as_posix()))


@functools.cache
def sources(*folders: str) -> tuple[Source, ...]:
    """Python files below the named folders; all packages when none is named."""
    chosen = folders or PACKAGES
    wanted = [ROOT / folder for folder in chosen]
    return tuple(
        _source(path)
        for path in kept_files()
        if path.suffix == ".py" and any(path.is_relative_to(folder) or path == folder for folder in wanted)
    )


def imported_names(source: Source) -> list[tuple[int, str]]:
    """Line and dotted name of everything `source` imports, at any depth and for type checking too."""
    names: list[tuple[int, str]] = []
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Import):
            names.extend((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = _absolute(source, node)
            names.extend((node.lineno, f"{base}.{alias.name}") for alias in node.names)
    return names


def _absolute(source: Source, node: ast.ImportFrom) -> str:
    if not node.level:
        return node.module or ""
    parts = source.module.split(".")
    keep = len(parts) - node.level + (1 if source.is_package else 0)
    return ".".join([*parts[:keep], *([node.module] if node.module else [])])


@functools.cache
def import_graph() -> dict[str, frozenset[str]]:
    """Module -> modules of ours it imports, lazy and type-checking imports counted."""
    known = {source.module for source in sources()}
    graph = {}
    for source in sources():
        targets = set()
        for _, name in imported_names(source):
            if name in known:
                targets.add(name)
            elif name.rpartition(".")[0] in known:
                targets.add(name.rpartition(".")[0])
        graph[source.module] = frozenset(targets - {source.module})
    return graph
