"""`./dev bench NAME [--scale S]`: runs one benchmark and prints its result as one JSON object."""

from __future__ import annotations

import importlib
import importlib.metadata
import json
import platform
import sys
from pathlib import Path
from typing import Annotated, Any

import structlog
import typer

HERE = Path(__file__).parent
#: Benchmarks whose name can't be a module's.
MODULES = {"import": "import_customers"}
KEYS = ("name", "value", "limit_or_peer", "ratio", "goal", "ok", "n", "versions")


def list_names() -> list[str]:
    """The benchmarks that exist, by name of their module or the shorter one they have."""
    short = {module: name for name, module in MODULES.items()}
    return sorted(
        short.get(path.stem, path.stem)
        for path in HERE.glob("*.py")
        if not path.stem.startswith("_") and "def run(" in path.read_text()
    )


def describe_versions(extra: dict[str, str]) -> dict[str, str]:
    """What the figures were taken with; a benchmark adds its peers."""
    return {"python": platform.python_version(), "openaisle": importlib.metadata.version("openaisle"), **extra}


def run_bench(name: str, scale: float) -> dict[str, Any]:
    """Run one benchmark; the keys of every result come first and in one order."""
    found: dict[str, Any] = importlib.import_module(f"bench.{MODULES.get(name, name)}").run(scale)
    found["name"] = name
    found["versions"] = describe_versions(found.get("versions", {}))
    missing = [key for key in KEYS if key not in found]
    if missing:
        raise KeyError(f"the result of bench {name} lacks {missing}")
    return {key: found[key] for key in KEYS} | {key: value for key, value in found.items() if key not in KEYS}


def bench(
    name: Annotated[str, typer.Argument(help="codec, poll, motion, uplink, round, world, sweep, import or gate")],
    scale: Annotated[float, typer.Option(min=0.01, help="1 ends within 60 s; more gives steadier figures")] = 1.0,
) -> None:
    """Run one benchmark and print one JSON object: value, limit or peer, ratio, goal, and whether it was met."""
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))  # the one object alone on stdout
    names = list_names()
    if name not in names:
        typer.echo(f"no bench {name!r}; there are: {', '.join(names)}", err=True)
        raise typer.Exit(2)
    result = run_bench(name, scale)
    sys.stdout.write(json.dumps(result, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    typer.run(bench)
