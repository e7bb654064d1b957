"""What an installer signed reaches the core unchanged, and the sheet printed at commissioning says how far steel runs."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from edge.__main__ import cli
from edge.installation import commissioning_sheet, describe_room
from edge.scan_alone import read_scan_alone
from edge.settings import GatewaySettings, read_settings

DEPLOY = Path(__file__).parents[3] / "deploy"
EXAMPLE = DEPLOY / "gateway.example.toml"


def read_changed(tmp_path: Path, *changes: tuple[str, str]) -> GatewaySettings:
    text = EXAMPLE.read_text(encoding="utf-8")
    for before, after in changes:
        assert before in text
        text = text.replace(before, after, 1)
    path = tmp_path / "gateway.toml"
    path.write_text(text, encoding="utf-8")
    return read_settings(path, {})


def copy_scan_alone(tmp_path: Path) -> Path:
    path = tmp_path / "scan-alone.toml"
    path.write_text((DEPLOY / "scan-alone.example.toml").read_text(encoding="utf-8"), encoding="utf-8")
    path.chmod(0o640)
    return path


def test_core_learns_sight_and_proof_of_each_sensor(tmp_path: Path) -> None:
    (sensor,) = describe_room(read_changed(tmp_path)).banks[0].sensors
    assert (sensor.kind, sensor.aisles, sensor.sees_up_to_tier) == ("foot_beam", tuple(range(1, 12)), 4)
    # midnight in Shanghai
    assert sensor.test_due_at == datetime(2027, 5, 1, 16, tzinfo=UTC)


def test_core_learns_the_bands_in_its_own_units(tmp_path: Path) -> None:
    climate = describe_room(read_changed(tmp_path, ("temperature_min_c = 14", "temperature_min_c = 13.5"))).climate
    assert (climate.temperature_min_dc, climate.temperature_max_dc) == (135, 240)
    assert (climate.humidity_min_permille, climate.humidity_max_permille) == (450, 600)


def test_no_bank_opens_by_scan_alone_without_the_owners_file(tmp_path: Path) -> None:
    assert describe_room(read_changed(tmp_path)).banks[0].scan_alone is None
    entries = read_scan_alone(copy_scan_alone(tmp_path), ["A"])
    decided = describe_room(read_changed(tmp_path), entries).banks[0].scan_alone
    assert decided is not None
    assert (decided.names, decided.document) == (("张伟", "王建国"), "风险评估 RA-2026-014")
    assert decided.expires_at == datetime(2027, 5, 1, 16, tzinfo=UTC)


@pytest.mark.parametrize(
    ("baud", "moving", "by_stop_mm", "by_silence_mm"),
    [(9600, 2, 24.8, 79.0), (19200, 3, 22.1, 79.0), (115200, 11, 19.5, 79.0)],  # by hand from SPEC 6.7 and 6.11,
)
def test_sheet_says_how_many_banks_move_and_how_far_steel_runs(
    tmp_path: Path, baud: int, moving: int, by_stop_mm: float, by_silence_mm: float
) -> None:
    (sheet,) = commissioning_sheet(read_changed(tmp_path, ("baud = 19200", f"baud = {baud}")))
    distances = (sheet["stop_distance_by_stop_mm"], sheet["stop_distance_by_silence_mm"])
    assert (sheet["max_moving_banks"], *distances) == (moving, by_stop_mm, by_silence_mm)


def test_stop_distance_behind_a_broker_rests_on_its_measured_turn(tmp_path: Path) -> None:
    text = EXAMPLE.read_text(encoding="utf-8")
    bus = text[text.index("[[bus]]") : text.index("[[scanner]]")]
    table = '[[bus]]\nid = "bus1"\nkind = "mqtt"\nhost = "127.0.0.1"\nturn_ms = 60\n\n'
    (sheet,) = commissioning_sheet(read_changed(tmp_path, (bus, table), ("unit = 1\n", "")))
    # 80 mm/s x (60 + 50) ms + 15 mm, and 80 mm/s x (500 + 500 + 50) ms + 15 mm
    assert (sheet["stop_distance_by_stop_mm"], sheet["stop_distance_by_silence_mm"]) == (23.8, 99.0)
    assert sheet["max_moving_banks"] == 1


def test_installer_gets_it_printed_with_points_sensors_and_the_owners_decision(tmp_path: Path) -> None:
    copy_scan_alone(tmp_path)
    changed = ('# [scan_alone]\n# file = "/etc/openaisle/scan-alone.toml"', '[scan_alone]\nfile = "scan-alone.toml"')
    read_changed(tmp_path, changed)
    printed = CliRunner().invoke(cli, ["--config", str(tmp_path / "gateway.toml"), "commissioning"])
    assert printed.exit_code == 0
    for words in (
        "banks that may move at once on this bus: 3",
        "stop distance by STOP: 22.1 mm",
        "stop distance by silence: 79.0 mm",
        "foot-a (foot_beam) 脚踏光幕: 看到 4 层",
        "A: 扫码即开 opens by scan alone: 张伟、王建国, 2026-11-02, 风险评估 RA-2026-014",
    ):
        assert words in printed.output


def test_doubtful_scan_alone_file_keeps_the_gateway_from_starting(tmp_path: Path) -> None:
    copy_scan_alone(tmp_path).chmod(0o666)
    changed = ('# [scan_alone]\n# file = "/etc/openaisle/scan-alone.toml"', '[scan_alone]\nfile = "scan-alone.toml"')
    read_changed(tmp_path, changed)
    for command in ("run", "check-config"):
        ended = CliRunner().invoke(cli, ["--config", str(tmp_path / "gateway.toml"), command])
        assert ended.exit_code == 2
        assert "may be written by others" in ended.output
