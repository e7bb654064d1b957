"""The locked requirements: in step with pyproject, hashed, and naming no host."""

from __future__ import annotations

import re
import tomllib

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.arch.source_tree import ROOT

PIN = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)==(?P<version>[^ ;]+)(?P<rest>.*)$", re.MULTILINE)
EXTRAS = {"run": ("edge", "central", "sim", "build"), "dev": ("edge", "central", "sim", "build", "dev")}


def pins(kind: str) -> dict[str, str]:
    """Package -> pinned version of requirements/{kind}.txt."""
    text = (ROOT / "requirements" / f"{kind}.txt").read_text()
    return {canonicalize_name(match["name"]): match["version"] for match in PIN.finditer(text)}


def asked(kind: str) -> list[Requirement]:
    """What pyproject asks for in the extras that requirements/{kind}.txt serves."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    lines = [*project["dependencies"], *(line for e in EXTRAS[kind] for line in project["optional-dependencies"][e])]
    return [Requirement(line) for line in lines]


@pytest.mark.parametrize("kind", EXTRAS)
def test_every_requirement_is_pinned_within_its_bounds(kind: str) -> None:
    pinned = pins(kind)
    wrong = [str(r) for r in asked(kind) if not r.specifier.contains(pinned.get(canonicalize_name(r.name), "0.dev0"))]
    assert not wrong


@pytest.mark.parametrize("kind", EXTRAS)
def test_every_pin_is_hashed_and_no_host_is_named(kind: str) -> None:
    text = (ROOT / "requirements" / f"{kind}.txt").read_text()
    blocks = re.split(r"\n(?=[A-Za-z0-9])", text.strip())
    assert [block.split()[0] for block in blocks if "--hash=sha256:" not in block] == []
    assert "://" not in text
    assert "index" not in re.sub(r"^.*==.*$", "", text, flags=re.MULTILINE)


def test_both_files_agree() -> None:
    run, dev = pins("run"), pins("dev")
    assert {name: version for name, version in run.items() if dev.get(name) != version} == {}
