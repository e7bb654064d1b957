"""The main job in one command, on real processes: what a newcomer sees first must never be broken."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

STEPS = (
    "picture decoded",
    "prompt",
    "columns move",
    "aisle open",
    "indicator",
    "the centre knows who has it",
    "history",
)


@pytest.mark.slow
@pytest.mark.broker
@pytest.mark.timeout(400)
def test_the_demo_does_the_main_job_and_proves_it(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "simulators", "demo", "--once", "--port", "0", "--dir", str(tmp_path)]
    told = subprocess.run(command, capture_output=True, text=True, timeout=380, check=False)
    assert told.returncode == 0, f"{told.stdout[-6000:]}\n{told.stderr[-6000:]}"
    hops = re.findall(r"^\s+([\d.]+) ms  (.+)$", told.stdout, re.MULTILINE)
    for step in STEPS:
        assert any(step in name for _, name in hops), step
    assert all(float(taken) >= 0 for taken, _ in hops)
    stage = json.loads((tmp_path / "stage.json").read_text())
    assert not processes_of(stage["folder"])


def processes_of(folder: str) -> list[str]:
    """Command lines of processes that still work in this folder."""
    found = []
    for each in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = each.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if folder in words and "pytest" not in words:
            found.append(words)
    return found
