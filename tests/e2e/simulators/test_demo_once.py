"""The main job in one command, on real processes: what a newcomer sees first must never be broken."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.wait import wait_for

STEPS = (
    "picture decoded",
    "prompt",
    "columns move",
    "aisle open",
    "indicator",
    "the centre knows who has it",
    "history",
    "the gate is closed",
    "one goes back",
    "the gate is open",
    "the signed callback was heard",
    "the case went on",
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


@pytest.mark.broker
@pytest.mark.timeout(200)
def test_ctrl_c_ends_everything_at_any_time(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "simulators", "demo", "--port", "0", "--dir", str(tmp_path)]
    demo = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        wait_for((tmp_path / "room" / "room.json").exists, 120, "the simulated room")
        demo.send_signal(signal.SIGINT)
        told, complaints = demo.communicate(timeout=60)
    finally:
        demo.kill()
    assert demo.returncode == 0, complaints
    assert "Traceback" not in complaints
    assert "logs" in told
    assert not processes_of(str(tmp_path))
    assert not (tmp_path / "room" / "shelf-bus").exists()


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
