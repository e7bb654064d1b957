"""What is wrong with a settings file, one line a key."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from edge.bus_settings import BUS_KINDS


class SettingsError(Exception):
    """The settings can't be used; each line of `problems` names one key and what is wrong with it."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


def describe_problem(path: Path, problem: Mapping[str, Any] | Any) -> str:
    """One line: file, key, what is wrong."""
    key = ""
    for part in problem["loc"]:
        if part in BUS_KINDS and key.startswith("bus["):
            continue  # pydantic's name for the kind of table, no key of the file
        key += f"[{part}]" if isinstance(part, int) else f".{part}" if key else str(part)
    if problem["type"] == "extra_forbidden":
        return f"{path}: unknown key {key!r}"
    if problem["type"] in {"union_tag_invalid", "union_tag_not_found"}:
        return f"{path}: {key}.kind: must be one of {', '.join(BUS_KINDS)}"
    if problem["type"] == "missing":
        return f"{path}: {key!r} is missing"
    message = problem["msg"].removeprefix("Value error, ")
    return f"{path}: {key}: {message}" if key else f"{path}: {message}"
