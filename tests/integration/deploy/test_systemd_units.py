from __future__ import annotations

import configparser
import shlex
import shutil
import subprocess
import sys
import tomllib
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from tests.arch.source_tree import ROOT

UNITS = sorted((ROOT / "deploy" / "systemd").glob("*.service"))
TIMERS = sorted((ROOT / "deploy" / "systemd").glob("*.timer"))
VENV = "/opt/openaisle/.venv"
EXAMPLES = {
    f"/etc/openaisle/{name}.toml": str(ROOT / "deploy" / f"{name}.example.toml") for name in ("central", "gateway")
}
HARDENING = ("NoNewPrivileges", "ProtectSystem", "ProtectHome", "PrivateTmp", "RestrictNamespaces")


def read_unit(path: Path) -> dict[str, dict[str, list[str]]]:
    """Section -> key -> values; a key may stand several times in a unit."""
    parsed: dict[str, dict[str, list[str]]] = {}
    section = ""
    for line in path.read_text().splitlines():
        if line.startswith("["):
            section = line.strip("[]")
        elif line and not line.startswith("#"):
            key, _, value = line.partition("=")
            parsed.setdefault(section, {}).setdefault(key, []).append(value)
    return parsed


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.stem)
def test_unit_parses_and_is_confined(path: Path) -> None:
    configparser.ConfigParser(strict=False, interpolation=None).read_string(path.read_text())
    service = read_unit(path)["Service"]
    assert service.get("Restart") == (None if service["Type"] == ["oneshot"] else ["always"])
    assert [key for key in HARDENING if key not in service] == []
    assert service["User"] != ["root"]


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.stem)
def test_unit_starts_commands_that_exist(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]
    service = read_unit(path)["Service"]
    for line in [*service["ExecStart"], *service.get("ExecStartPre", [])]:
        program, *arguments = shlex.split(line)
        assert Path(program).parent == Path(f"{VENV}/bin")
        assert Path(program).name in scripts
        (script,) = entry_points(group="console_scripts", name=Path(program).name)
        monkeypatch.setattr(sys, "argv", [program, *(EXAMPLES.get(part, part) for part in arguments), "--help"])
        with pytest.raises(SystemExit) as left:
            script.load()()
        assert left.value.code == 0


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.stem)
def test_systemd_accepts_the_unit_where_systemd_is(path: Path, tmp_path: Path) -> None:
    analyze = shutil.which("systemd-analyze")
    local = tmp_path / path.name
    local.write_text(path.read_text().replace(VENV, sys.prefix).replace("file:///opt/openaisle", ROOT.as_uri()))
    if analyze:
        told = subprocess.run([analyze, "verify", "--man=no", local], check=False, capture_output=True, text=True)
        assert told.returncode == 0, told.stderr
        assert path.name not in told.stderr
    else:
        timed = path.with_suffix(".timer").exists()
        assert set(read_unit(local)) == {"Unit", "Service"} | (set() if timed else {"Install"})


@pytest.mark.parametrize("path", TIMERS, ids=lambda path: path.stem)
def test_a_timer_starts_a_unit_of_ours_and_makes_up_for_a_missed_night(path: Path) -> None:
    assert path.with_suffix(".service") in UNITS
    timer = read_unit(path)["Timer"]
    assert timer["Persistent"] == ["yes"]
    analyze = shutil.which("systemd-analyze")
    if analyze:
        subprocess.run([analyze, "calendar", timer["OnCalendar"][0]], check=True, stdout=subprocess.DEVNULL)
